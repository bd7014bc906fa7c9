"""Files: the ending says the format, JSON keeps the contract, and no cell of a CSV is a formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ovtui.errors import InputError
from ovtui.report.documents import comparison_document, exploration_document
from ovtui.report.files import (
    ENDINGS,
    as_csv,
    comparison_csv,
    exploration_csv,
    write,
    write_comparison,
    write_exploration,
)
from tests.report.samples import (
    HOSTILE,
    a_cell,
    a_comparison,
    a_hostile_model,
    a_hostile_run,
    a_server_search,
    an_exploration,
    an_exported,
    two_sides,
)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_says_the_format(ending: str, tmp_path: Path) -> None:
    marks = {".csv": "run0000001", ".json": '"schema": 1', ".md": "# mixnet", ".html": "<!DOCTYPE html>"}
    path = tmp_path / f"x{ending.upper()}"
    write(path, [an_exported()])
    assert marks[ending] in path.read_text()
    write_comparison(path, a_comparison(), two_sides())
    assert "mixnet-int8" in path.read_text()
    write_exploration(path, an_exploration(), [an_exported("cell004x02")])
    assert "cell004x02" in path.read_text()


def test_another_ending_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end its name with \.csv, \.json, \.md or \.html\."):
        write(tmp_path / "x.doc", [an_exported()])
    assert not list(tmp_path.iterdir())


def test_a_search_for_a_rate_has_the_same_columns_before_it_tried_any() -> None:
    none = exploration_csv(a_server_search(loads=(), best=None))
    assert none == exploration_csv(a_server_search()).partition(b"\r\n")[0] + b"\r\n"


def test_the_seconds_of_each_setting_are_explored_again(tmp_path: Path) -> None:
    write_exploration(tmp_path / "x.md", an_exploration(seconds=7.0), [])
    assert " -t 7 " in (tmp_path / "x.md").read_text()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_and_no_name_makes_a_row(name: str) -> None:
    run, other = a_hostile_run(name), a_hostile_run(name, "run0000002")
    sides = tuple(msgspec.structs.replace(side, model=a_hostile_model(name)) for side in a_comparison().sides)
    study = an_exploration(cells=(a_cell(1, 1, 50.0), a_cell(1, 2, state="failed", reason=name)))
    for content, expected in (
        (as_csv([run]), 40),
        (comparison_csv(a_comparison(sides=sides), [run, other]), 1 + 21 + 2),
        (exploration_csv(study), 2),
    ):
        assert len(rows(content)) == expected
        for line in csv.reader(io.StringIO(content.decode(), newline="")):
            for cell in line:
                assert cell[:1] not in "=+@\t\r" or not cell
                assert not cell.startswith("-") or float(cell) < 0


def test_a_comparison_as_csv_has_its_verdict_criteria_and_layers() -> None:
    found = rows(comparison_csv(a_comparison(), two_sides()))
    verdict, stem = found[0], next(row for row in found if row["name"] == "stem/Conv2D")
    assert (verdict["name"], verdict["ratio"], verdict["ci95_low"]) == ("faster", "1.25", "1.21")
    assert (stem["a"], stem["b"], stem["unit"], stem["delta"]) == ("420.0", "210.0", "us", "-210.0")
    throughput = next(row for row in found if row["name"] == "throughput, FPS")
    assert (throughput["a"], throughput["b"], throughput["ratio"]) == ("190.0", "237.5", "1.25")


def test_an_exploration_as_csv_has_a_row_for_each_cell() -> None:
    found = rows(exploration_csv(an_exploration()))
    assert len(found) == 9
    best = [row for row in found if row["best"] == "True"]
    assert [(row["batch"], row["streams"], row["mean_throughput_fps"]) for row in best] == [("4", "2", "171.25")]
    assert found[-1]["reason"] == "Out of memory."


def test_a_server_search_as_csv_has_a_row_for_each_rate() -> None:
    found = rows(exploration_csv(a_server_search()))
    assert [(row["rate_per_s"], row["kept"]) for row in found] == [
        ("100.0", "False"),
        ("90.0", "True"),
        ("95.0", "True"),
    ]


def through_json(content: dict[str, Any]) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(msgspec.json.encode(content))
    return decoded


def test_a_comparison_as_json_keeps_the_contract() -> None:
    found = through_json(comparison_document(a_comparison(), two_sides()))
    assert (found["a"]["id"], found["b"]["id"]) == ("run0000001", "run0000002")
    assert (found["verdict"], found["ratio"], found["ci95"]) == ("faster", 1.25, [1.21, 1.29])
    assert found["layers"][0] | {"kernel_a": 0, "kernel_b": 0} == {
        "name": "stem/Conv2D", "type_a": "Convolution", "type_b": "Convolution", "precision_a": "f32",
        "precision_b": "f32", "kernel_a": 0, "kernel_b": 0, "time_a_us": 420.0, "time_b_us": 210.0, "delta_us": -210.0,
        "ratio": 0.5, "share_of_difference": 1.0, "decisive": True, "ci95": found["layers"][0]["ci95"],
        "significant": True,
    }  # fmt: skip
    assert {line["title"]: line["b"] for line in found["criteria"]}["compile, ms"] is None
    assert found["sentence"].startswith("B is 1.25 × faster")


def test_a_comparison_of_three_has_all_sides_and_duels() -> None:
    pair = a_comparison()
    three = msgspec.structs.replace(pair, sides=(*pair.sides, pair.sides[1]), duels=pair.duels * 2)
    found = through_json(comparison_document(three, [*two_sides(), None]))
    assert [side["id"] for side in found["sides"]] == ["run0000001", "run0000002", "run0000002"]
    assert [len(duel["layers"]) > 0 for duel in found["duels"]] == [True, False]


def test_a_comparison_that_decided_nothing_has_a_document() -> None:
    found = through_json(comparison_document(a_comparison(duels=(), status="failed"), [None, None]))
    assert (found["verdict"], found["ratio"], found["layers"], found["duels"]) == ("undecided", None, [], [])
    assert found["a"]["model"]["name"] == "mixnet"


def test_an_exploration_as_json_keeps_the_contract() -> None:
    runs = [an_exported("cell004x02", 171.25).run, an_exported("cell001x01").run]
    found = through_json(exploration_document(an_exploration(), runs))
    assert found["best"]["result"]["throughput_fps"]["mean"] == 171.25
    assert found["best"]["spec"]["device"] == "CPU"
    assert [run["id"] for run in found["runs"]] == ["cell004x02", "cell001x01"]
    assert (found["pareto"], found["elapsed_s"]) == (["cell001x01", "cell001x02", "cell004x02"], 61.0)
    assert len(found["cells"]) == 9


def test_a_file_of_a_comparison_or_an_exploration_holds_what_was_measured(tmp_path: Path) -> None:
    write_comparison(tmp_path / "x.json", a_comparison(), two_sides())
    found = json.loads((tmp_path / "x.json").read_text())
    assert (found["schema"], len(found["measured"][1]["series"]["t_s"])) == (1, 40)
    write_exploration(tmp_path / "x.json", an_exploration(), [an_exported("cell004x02")])
    found = json.loads((tmp_path / "x.json").read_text())
    assert (found["schema"], sum(found["runs"][0]["histogram"]["counts"])) == (1, 1_000)
