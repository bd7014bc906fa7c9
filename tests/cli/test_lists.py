"""What is listed and exported: models, history with its filters, files; and the commands that need no model."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from pathlib import Path

import msgspec
import pytest

from ovtui import sentences, specs
from ovtui.analysis.worth import of_worth
from ovtui.cli.commands.demo import calm
from ovtui.cli.commands.history import moment
from ovtui.errors import InputError
from ovtui.records import Estimate, Spec, Stop
from tests import nets
from tests.conftest import Ovtui, PastOf
from tests.store.samples import a_result, a_run


@pytest.fixture
def measured(ovtui: Ovtui, mlp: Path, net_folder: Path, past_of: PastOf) -> list[str]:
    """Two runs of one model and one of another, oldest first."""
    other = nets.mlp(net_folder / "other.xml", width=8, layers=1)
    runs = [("run", mlp, "-n", "5"), ("run", mlp, "-n", "5", "--mode", "throughput"), ("run", other, "-n", "5")]
    return past_of("three runs", lambda: [ovtui(*run, "--json").json["run"]["id"] for run in runs])


def test_an_import_shows_what_is_in_a_model(ovtui: Ovtui, cnn: Path) -> None:
    outcome = ovtui("import", cnn)
    assert outcome.code == 0
    for text in ("image  f32 [1,3,32,32]  layout NCHW", "4 Convolution", "sha256", "FLOPs"):
        assert text in outcome.out


def test_an_import_is_the_documented_document(ovtui: Ovtui, cnn: Path) -> None:
    model = ovtui("import", cnn, "--json").json["model"]
    assert model["format"] == "ir"
    assert re.fullmatch(r"[0-9a-f]{64}", model["sha256"])
    assert [file["path"] for file in model["files"]] == [str(cnn), str(cnn.with_suffix(".bin"))]
    assert model["inputs"] == [
        {
            "name": "image",
            "type": "f32",
            "shape": [1, 3, 32, 32],
            "layout": "NCHW",
            "index_limit": None,
            "stated": None,
            "symbols": [],
            "fitting": None,
            "orders_state": False,
        }
    ]
    convolutions = 2 * 32 * 32 * 9 * (3 * 16 + 3 * 16 * 16)
    assert model["flops"] == pytest.approx(convolutions, rel=0.02)
    assert model["parameters"] == 9 * (3 * 16 + 3 * 16 * 16)
    assert model["weight_precisions"] == {"f32": model["parameters"]}


def test_importing_twice_gives_the_same_model(ovtui: Ovtui, cnn: Path) -> None:
    first, second = (ovtui("import", cnn, "--json").json["model"] for _ in range(2))
    assert first == second
    assert len(ovtui("models", "--json").json["models"]) == 1


def test_a_name_given_later_is_taken(ovtui: Ovtui, cnn: Path) -> None:
    ovtui("import", cnn)
    assert ovtui("import", cnn, "--name", "renamed", "--json").json["model"]["name"] == "renamed"
    assert ovtui("import", cnn, "--shape", "[1,3,48,48]", "--json").json["model"]["name"] == "renamed"


def test_history_of_a_name_covers_every_content_it_had(ovtui: Ovtui, tmp_path: Path) -> None:
    path = nets.mlp(tmp_path / "net.xml", width=16, layers=1)
    first = ovtui("run", path, "-n", "5", "--json").json["run"]["id"]
    nets.mlp(path, width=16, layers=2)
    second = ovtui("run", path, "-n", "5", "--json").json["run"]["id"]
    assert [run["id"] for run in ovtui("history", "--model", "net", "--json").json["runs"]] == [second, first]


def test_models_are_listed(ovtui: Ovtui, cnn: Path, mlp: Path) -> None:
    assert ovtui("models", "--json").json["models"] == []
    ovtui("import", cnn)
    ovtui("import", mlp)
    assert [model["name"] for model in ovtui("models", "--json").json["models"]] == ["mlp", "cnn"]
    assert ovtui("models").out.splitlines()[1].split()[1] == "mlp"


def test_history_is_newest_first_and_filtered(ovtui: Ovtui, measured: list[str]) -> None:
    def ids(*filters: str) -> list[str]:
        return [run["id"] for run in ovtui("history", "--json", *filters).json["runs"]]

    assert ids() == measured[::-1]
    assert ids("--limit", "1") == measured[2:]
    assert ids("--model", "mlp") == [measured[1], measured[0]]
    assert ids("--mode", "throughput") == [measured[1]]
    assert ids("--device", "GPU") == []
    assert ids("--status", "done") == measured[::-1]
    assert ids("--status", "failed") == []
    assert ids("--since", "1h") == measured[::-1]
    assert ids("--since", "2999-01-01") == []


def test_history_as_text_has_a_line_for_each_run(ovtui: Ovtui, measured: list[str]) -> None:
    lines = ovtui("history").out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", *measured[::-1]]


def test_filters_that_leave_nothing_are_named(ovtui: Ovtui, measured: list[str]) -> None:
    outcome = ovtui("history", "--status", "queued", "--since", "2099-01-01")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "No run fits --status queued --since 2099-01-01; without that there are 3.\n"


def test_an_empty_history_says_how_to_begin(ovtui: Ovtui) -> None:
    outcome = ovtui("history")
    assert (outcome.code, outcome.out) == (0, "")
    assert "ovtui run MODEL" in outcome.err


@pytest.mark.parametrize("text", ["yesterday", "5y", "", "2026-13-45", "99999999999d"])
def test_a_time_that_is_none_is_explained(text: str) -> None:
    with pytest.raises(InputError, match="--since takes"):
        moment(text)


def test_a_run_is_exported_whole_as_json(ovtui: Ovtui, measured: list[str], tmp_path: Path) -> None:
    assert ovtui("export", measured[0], "-o", tmp_path / "x.json").code == 0
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["schema"] == 1
    assert content["run"]["id"] == measured[0]
    assert sum(content["run"]["histogram"]["counts"]) == content["run"]["result"]["inferences"] == 5
    assert len({len(column) for column in content["run"]["series"].values()}) == 1


def test_several_runs_are_exported_as_one_table(ovtui: Ovtui, measured: list[str], tmp_path: Path) -> None:
    assert ovtui("export", *measured, "-o", tmp_path / "x.csv").code == 0
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert list(dict.fromkeys(row["run"] for row in rows)) == measured
    assert float(rows[0]["mean_throughput_fps"]) > 0


def test_a_spreadsheet_gets_no_formula_from_a_name(ovtui: Ovtui, mlp: Path, tmp_path: Path) -> None:
    ovtui("run", mlp, "-n", "5", "--label", "=HYPERLINK(1)")
    ovtui("export", "last", "-o", tmp_path / "x.csv")
    row = next(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert row["label"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(("name", "says"), [("x.doc", "format"), ("no/such/x.csv", "Cannot write")])
def test_an_export_that_cannot_be_written_is_explained(ovtui: Ovtui, mlp: Path, name: str, says: str) -> None:
    ovtui("run", mlp, "-n", "5")
    outcome = ovtui("export", "last", "-o", name)
    assert outcome.code == 2
    assert says in outcome.err


def test_the_demo_measures_both_ways_and_says_what_next(ovtui: Ovtui) -> None:
    outcome = ovtui("demo", "-t", "1")
    assert outcome.code == 0, outcome.err
    for text in ("latency mode", "throughput mode", "FPS", "ovtui run demo", "ovtui history"):
        assert text in outcome.out
    content = ovtui("demo", "-t", "0.5", "--json").json
    assert [run["spec"]["mode"] for run in content["runs"]] == ["latency", "throughput"]
    assert content["model"]["name"] == "demo"


def test_the_demo_stops_at_three_percent_and_takes_twenty_seconds_at_most() -> None:
    first = specs.demo("m", "latency").stop
    assert (first.kind, first.ci) == ("ci", 0.03)
    for spent in (2.0, first.seconds, first.seconds + 4, 19.5):  # which a slow warm-up may lengthen
        second = specs.demo("m", "throughput", spent_s=spent).stop
        assert second.seconds <= max(20 - spent, second.min_seconds)
        assert second.min_seconds <= second.seconds
    assert [specs.demo("m", mode).profile for mode in specs.DEMO_MODES] == [True, False]
    assert specs.demo("m", "latency", seconds=4).stop == Stop(kind="seconds", seconds=4, ci=0.03)


@pytest.mark.parametrize(
    ("half", "converged", "said"),
    [(0.02, False, []), (0.03, True, []), (0.05, False, ["±5.0 % (target ±3 %)"]), (None, False, ["too short"])],
)
def test_a_first_result_is_no_bad_news_by_itself(half: float | None, converged: bool, said: list[str]) -> None:
    ci95 = None if half is None else (100 * (1 - half), 100 * (1 + half))
    estimate = Estimate(mean=100.0, ci95=ci95, converged=converged)
    result = msgspec.structs.replace(a_result(), throughput_fps=estimate)
    spec = specs.demo("m", "latency")
    warnings = (*of_worth(msgspec.structs.replace(result, warmup_s=0.5), spec, noisy=False), "Other processes used 1.")
    assert not any("quiet" in said for said in sentences.remarks(warnings))
    told = calm(a_run(spec=spec, result=result, warnings=warnings))
    assert told[-1] == "Other processes used 1."  # what was seen is said
    assert len(told) == len(said) + 1
    assert all(text in line and "NOT CONVERGED" not in line for text, line in zip(said, told, strict=False))


def test_a_quiet_machine_is_asked_for_only_where_noise_was_seen() -> None:
    estimate = Estimate(mean=100.0, ci95=(90.0, 110.0), converged=False)
    result = msgspec.structs.replace(a_result(), throughput_fps=estimate)
    for noisy in (False, True):
        (verdict,) = sentences.remarks(of_worth(result, Spec(model="m"), noisy=noisy))
        assert ("quiet the machine" in verdict) == noisy


def test_the_doctor_tells_of_the_machine(ovtui: Ovtui, home: Path) -> None:
    content = ovtui("doctor", "--json").json
    assert "CPU" in content["devices"]
    assert content["devices"]["CPU"]["FULL_DEVICE_NAME"]
    assert content["environment"]["cores"] >= 1
    assert content["data_folder"]["path"] == str(home)
    assert content["extras"]["images"]["install"] == "pip install 'ovtui[images]'"
    text = ovtui("doctor")
    assert text.code == 0
    assert "Optional parts" in text.out
    assert "pip install 'ovtui[quantize]'" in str(content["extras"])
    assert "stdout is no terminal" in text.out
    assert not home.exists()  # looking changes nothing


def test_the_doctor_tells_of_a_database_that_was_damaged(ovtui: Ovtui, home: Path) -> None:
    for arguments in ((), ("--json",)):
        home.mkdir(exist_ok=True)
        (home / "ovtui.db").write_bytes(b"rubbish" * 2000)
        assert "was damaged. It is kept as" in " ".join(ovtui("doctor", *arguments).out.split())


def test_the_doctor_says_what_every_other_command_would_say_of_the_folder(ovtui: Ovtui, home: Path) -> None:
    home.write_text("a file")
    for command in (["history"], ["models"], ["doctor"], ["run", "net"]):
        outcome = ovtui(*command)
        assert outcome.code == 1
        assert "is not a folder" in outcome.out + outcome.err
    home.unlink()
    home.mkdir()
    with sqlite3.connect(home / "ovtui.db") as database:
        database.execute("CREATE TABLE other (x)")
    outcome = ovtui("doctor")
    assert outcome.code == 1
    assert "another program's database" in outcome.out


def test_version_and_help_are_there(ovtui: Ovtui) -> None:
    assert re.fullmatch(r"ovtui, version \d+\.\d+\.\d+\n", ovtui("--version").out)
    for command in ("demo", "import", "models", "run", "attach", "cancel", "history", "export", "doctor"):
        assert ovtui(command, "--help").code == 0


def test_an_unknown_command_is_bad_usage(ovtui: Ovtui) -> None:
    assert ovtui("frobnicate").code == 2
