"""`ovtui history --changes`: where a model became slower, in sentences and as a document."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ovtui.store import open_store
from tests.cli.conftest import Past, add, assert_safe
from tests.conftest import Ovtui
from tests.store.samples import NOW, a_model, an_environment

NET = a_model("net0000001", name="net")


def test_each_series_of_a_model_tells_its_changes_or_that_there_are_none(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 10, 80, 10)
    past(NET, 100, 12, mode="manual")
    past(NET, 100, 2, mode="server")
    out = ovtui("history", "--changes", "--model", "net").out
    lines = out.splitlines()
    assert lines[0] == "net  throughput on CPU, batch 4, machine edge"
    assert lines[1].split() == ["runs", "20", "▇████▇████▁▁▁▁▁▁▁▁▁▁"]
    assert lines[2].startswith("  slower     since 20")
    for text in ("run net0th0010: 20 % slower (", "FPS. Different OpenVINO: 2026.4.0 and 2026.5.0."):
        assert text in lines[2]
    assert "no change in 12 runs." in out
    assert "2 runs: a large change shows from 4 on" in out


def test_all_changes_of_a_series_are_told_the_last_one_first(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 10, 80, 10, 100, 10)
    lines = ovtui("history", "--changes", "--model", "net").out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["faster", "slower"]


def test_of_a_long_series_the_last_runs_are_drawn(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 30, 80, 20)
    assert ovtui("history", "--changes").out.splitlines()[1].startswith("  runs       50, the last 40  ▇")


def test_without_a_model_those_that_changed_are_shown_and_the_others_counted(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 10, 80, 10)
    past(a_model("other00001", name="calm"), 100, 12)
    past(a_model("third00001", name="new"), 100, 1)
    out = ovtui("history", "--changes").out
    assert "net  throughput on CPU" in out
    assert "calm" not in out
    assert "2 series without a change, 1 of them too short to tell; --model MODEL shows them." in out


def test_the_document_has_the_changes_beside_the_runs(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 10, 80, 10, 100, 10)
    content = ovtui("history", "--changes", "--json", "--limit", "3").json
    assert len(content["runs"]) == 3
    newest, oldest = content["changes"]
    assert (newest["verdict"], newest["run_id"]) == ("faster", "net0th0020")
    assert oldest["run_id"] == "net0th0010"
    assert oldest["since"] == NOW + 36_000
    assert oldest["model"] == {"id": NET.id, "name": "net", "path": NET.path}
    assert (oldest["verdict"], oldest["figure"]) == ("slower", "throughput_fps")
    assert oldest["ratio"] == pytest.approx(0.8, abs=0.005)
    assert oldest["ci95"][0] < 0.8 < oldest["ci95"][1]
    assert oldest["before"] == pytest.approx(100, rel=0.01)
    assert oldest["after"] == pytest.approx(80, rel=0.01)
    assert (oldest["runs_before"], oldest["runs_after"]) == (10, 10)
    assert oldest["circumstances"] == ["Different OpenVINO: 2026.4.0 and 2026.5.0."]
    assert "changes" not in ovtui("history", "--json").json


def test_what_became_slower_gradually_is_a_drift_and_no_step(ovtui: Ovtui, past: Past) -> None:
    past(NET, *(part for n in range(20) for part in (100 - n, 1)))
    out = ovtui("history", "--changes").out
    (told,) = (line for line in out.splitlines() if line.startswith("  drift"))
    assert "% slower, gradually over 20 runs (" in told
    assert "FPS." in told
    content = ovtui("history", "--changes", "--json").json
    assert content["changes"] == []
    (drift,) = content["drifts"]
    assert (drift["kind"], drift["verdict"], drift["runs"]) == ("drift", "slower", 20)
    assert (drift["run_id"], drift["last_run_id"]) == ("net0th0000", "net0th0019")
    assert drift["ci95"][0] < 0.81 < drift["ci95"][1]


def test_since_leaves_out_what_was_before(ovtui: Ovtui, past: Past) -> None:
    past(NET, 100, 10, 80, 10)
    assert ovtui("history", "--changes", "--json", "--since", "2999-01-01").json == {
        "schema": 1,
        "runs": [],
        "changes": [],
        "drifts": [],
    }


def test_a_file_with_several_contents_is_one_series(ovtui: Ovtui, past: Past, home: Path) -> None:
    past(NET, 100, 10)
    with open_store(home / "ovtui.db") as store:
        later = msgspec.structs.replace(NET, id="net0000002", sha256="e" * 64, created=NET.created + 1)
        store.models.save(later)
        for n in range(10, 20):
            add(store, later, n, 80.0 + n % 3 * 0.3, "throughput", an_environment())
    (change,) = ovtui("history", "--changes", "--model", "net", "--json").json["changes"]
    assert change["circumstances"] == [
        f"Different content of the model's file: SHA-256 {NET.sha256[:8]} and eeeeeeee."
    ]  # fmt: skip


def test_unfinished_runs_cannot_be_asked_for(ovtui: Ovtui) -> None:
    outcome = ovtui("history", "--changes", "--status", "failed")
    assert outcome.code == 2
    assert "leave --status out" in outcome.err


def test_nothing_measured_says_how_to_begin(ovtui: Ovtui) -> None:
    outcome = ovtui("history", "--changes")
    assert (outcome.code, outcome.out) == (0, "")
    assert "ovtui run MODEL" in outcome.err


def test_a_hostile_name_commands_no_terminal(ovtui: Ovtui, past: Past) -> None:
    past(a_model("evil000001", name="\x1b[31m\u202e" + "x" * 4000), 100, 10, 80, 10)
    assert_safe(ovtui("history", "--changes").out)
    assert_safe(ovtui("history", "--changes", "--json").out)
