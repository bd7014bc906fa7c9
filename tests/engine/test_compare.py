"""Comparing: recorded runs with their doubt, models measured in turn until it is decided, and what is refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests import nets
from tests.conftest import Ovtui
from tests.engine.test_jobs import events, processes, until, whole


@pytest.fixture(scope="module")
def deep(net_folder: Path) -> Path:
    """Half as fast as `shallow`, layer by layer the same."""
    return nets.cnn(net_folder / "deep.xml", channels=16, size=32, layers=8)


@pytest.fixture(scope="module")
def shallow(net_folder: Path) -> Path:
    return nets.cnn(net_folder / "shallow.xml", channels=16, size=32, layers=4)


def test_a_model_that_is_twice_as_fast_is_found_out_and_the_layers_say_why(
    ovtui: Ovtui, deep: Path, shallow: Path
) -> None:
    told = ovtui("compare", "--interleave", deep, shallow, "-t", "40", "--json", timeout=300).json
    assert told["verdict"] == "faster"
    low, high = told["ci95"]
    assert 1 < low <= told["ratio"] <= high < 4
    assert told["criterion"] == "latency"
    assert len(told["duels"][0]["ratios"]) >= 4
    for side in ("a", "b"):
        assert told[side]["result"]["inferences"] > 20
        assert told[side]["result"]["latency_ms"]["p50"] is not None
    layers = {layer["name"]: layer for layer in told["layers"]}
    gone = [layer for layer in layers.values() if layer["time_b_us"] is None and layer["time_a_us"]]
    assert len(gone) >= 4
    assert sum(layer["delta_us"] for layer in layers.values() if layer["delta_us"]) < 0
    assert told["layers_interleaved"] >= 3
    timed = [layer for layer in layers.values() if layer["delta_us"] is not None]
    assert all(layer["ci95"][0] <= layer["delta_us"] <= layer["ci95"][1] for layer in timed)
    marked = sum(layer["delta_us"] for layer in timed if layer["significant"])
    whole = sum(layer["delta_us"] for layer in timed)
    assert marked + told["not_attributable"]["delta_us"] == pytest.approx(whole, abs=0.1)
    again = ovtui("compare", told["id"])
    assert "Not attributable: " in again.out
    assert "B is" in again.out
    assert "faster" in again.out
    assert [each["id"] for each in ovtui("compare", "--json").json["comparisons"]] == [told["id"]]


def test_the_runs_of_a_comparison_are_found_by_id_and_stand_in_no_history(ovtui: Ovtui, mlp: Path) -> None:
    told = ovtui("compare", "--interleave", mlp, mlp, "-t", "2", "--no-profile", "--json").json
    assert ovtui("history", "--json").json["runs"] == []
    run = told["a"]["id"]
    assert ovtui("attach", run, "--json").json["run"]["result"]["inferences"] > 0
    assert ovtui("delete", told["id"], "--yes", "--json").json["deleted"] == [told["id"]]
    assert ovtui("attach", run).code == 2


def test_two_real_runs_are_compared_and_it_says_how_to_be_surer(ovtui: Ovtui, mlp: Path) -> None:
    a, b = (ovtui("run", mlp, "-n", "3", "--json").json["run"]["id"] for _ in range(2))
    told = ovtui("compare", a, b, "--json").json
    assert (told["a"]["id"], told["b"]["id"]) == (a, b)
    assert told["verdict"] == "undecided"  # too few inferences for an interval
    shown = ovtui("compare", a, b).out
    assert f"ovtui compare --interleave {a} {b}" in shown
    assert "profile" in shown  # neither side has one, and it says what to do


def test_runs_bring_their_settings_to_be_measured_in_turn(ovtui: Ovtui, cnn: Path) -> None:
    one, two = (
        ovtui("run", cnn, "-t", "1", "--mode", "manual", "--streams", "1", "-b", batch, "--json").json["run"]["id"]
        for batch in ("1", "4")
    )
    told = ovtui("compare", "--interleave", one, two, "-t", "3", "--no-profile", "--json").json
    assert [side["spec"]["batch"] for side in told["sides"]] == [1, 4]
    assert [side["spec"]["streams"] for side in told["sides"]] == [1, 1]
    assert told["criterion"] == "throughput"


def test_three_models_are_measured_in_turn(ovtui: Ovtui, cnn: Path, mlp: Path) -> None:
    told = ovtui("compare", "--interleave", cnn, mlp, cnn, "-t", "6", "--no-profile", "--json").json
    assert told["duels"][0]["verdict"] == "faster"
    assert len(told["duels"]) == 2
    assert len(told["sides"]) == 3


def test_what_cannot_be_compared_is_refused_in_a_sentence(ovtui: Ovtui, mlp: Path) -> None:
    ovtui("run", mlp, "-n", "5")
    for arguments, said in (
        (["last", "last"], "compared with itself"),
        (["--interleave", "last"], "takes two sides"),
        (["last", "nothing-of-the-kind"], "no run 'nothing-of-the-kind'"),
        (["last"], "There is no comparison yet"),
        (["last", "last", "--mode", "latency"], "add --interleave"),
        (["last", "last", "-t", "5"], "add --interleave"),
    ):
        refused = ovtui("compare", *arguments)
        assert refused.code == 2
        assert said in refused.err


def test_models_without_interleave_are_told_how(ovtui: Ovtui, mlp: Path) -> None:
    name = ovtui("import", mlp, "--json").json["model"]["name"]
    refused = ovtui("compare", name, name)
    assert refused.code == 2
    assert "--interleave" in refused.err


def test_a_side_that_cannot_be_measured_ends_the_comparison_with_its_reason(
    ovtui: Ovtui, net_folder: Path, cnn: Path
) -> None:
    scalar = nets.no_batch(net_folder / "scalar.xml")
    refused = ovtui("compare", "--interleave", cnn, scalar, "-b", "7", "-t", "2", "--json")
    assert refused.code == 2
    assert refused.json["status"] == "failed"
    assert "batch" in refused.json["error"]


def test_cancelled_it_keeps_what_was_measured(ovtui: Ovtui, cnn: Path, home: Path) -> None:
    started = ovtui("compare", "--interleave", cnn, cnn, "-t", "600", "--detach", "--json").json["id"]
    until(lambda: any(e["event"] == "study" and e["study"]["duels"] for e in events(home, started)), 60)
    told = ovtui("cancel", started, "--json").json
    assert told == {"schema": 1, "id": started, "status": "cancelled"}
    kept = ovtui("compare", started, "--json").json
    assert kept["status"] == "cancelled"
    assert kept["a"]["result"]["inferences"] > 0
    assert not processes(started)
    whole(home)


def test_killed_it_is_found_and_marked_with_what_it_had_told(ovtui: Ovtui, cnn: Path, home: Path) -> None:
    started = ovtui("compare", "--interleave", cnn, cnn, "-t", "600", "--detach", "--json").json["id"]
    until(lambda: any(e["event"] == "study" and e["study"]["duels"] for e in events(home, started)), 60)
    family = processes(started)
    os.kill(family[0].pid, signal.SIGKILL)
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
    kept = ovtui("compare", started, "--json").json
    assert kept["status"] == "interrupted"
    assert kept["duels"][0]["ratios"]
    whole(home)
