"""An optimization as documents and files: the contract, and names from files that are data."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from ovtui.cli.commands.optimize import command
from ovtui.records import Drift, Optimization
from ovtui.report.documents import optimization_document
from ovtui.report.files import write_optimization
from ovtui.report.optimized import gathered
from ovtui.store import Store, open_store
from tests.hostile import NAMES
from tests.tui.conftest import INT8, RESNET
from tests.tui.optimizations import ACCURACY, keep, optimization


@pytest.fixture
def kept(home: Path):
    with open_store(home / "ovtui.db") as store:
        yield store


def written(store: Store, study: Optimization, path: Path) -> str:
    write_optimization(path, *gathered(store, study))
    return path.read_text()


def test_the_document_is_the_contracts(kept: Store) -> None:
    study = keep(kept, optimization())
    told = json.loads(msgspec.json.encode(optimization_document(*gathered(kept, study))))
    assert told["version"]["id"] == INT8.id
    assert told["parent"]["id"] == RESNET.id
    assert told["recipe"]["method"] == "int8"
    assert told["size_ratio"] == pytest.approx(0.25)
    assert told["speedup"]["ratio"] == 1.93
    assert told["speedup"]["latency"] == {"verdict": "faster", "ratio": 1.66, "ci95": [1.66 * 0.98, 1.66 * 1.02]}
    assert told["accuracy"]["labelled"]["drop"] == 0.006
    assert told["comparisons"] == {"latency": "compare001", "throughput": "compare002"}
    assert "loses 0.6 points" in told["verdict"]


def test_one_without_a_version_says_so(kept: Store) -> None:
    study = keep(
        kept,
        optimization(status="failed", version=None, accuracy=None, latency=None, throughput=None, error="No room."),
    )
    told = optimization_document(*gathered(kept, study))
    assert (told["version"], told["size_ratio"], told["speedup"]["ratio"]) == (None, None, None)
    assert "No version was made" in told["verdict"]


@pytest.mark.parametrize("ending", ["md", "html"])
def test_a_report_begins_with_its_verdict_and_names_what_hurts(kept: Store, tmp_path: Path, ending: str) -> None:
    text = written(kept, keep(kept, optimization()), tmp_path / f"out.{ending}")
    assert "1.93 × faster" in text
    assert "stage5/conv" in text
    assert "takes bytes [1,224,224,3]" in text.replace("\\", "")
    assert text.index("1.93 × faster") < text.index("stage5/conv")


@pytest.mark.parametrize("name", NAMES)
def test_names_from_files_are_data_in_every_format(kept: Store, tmp_path: Path, name: str) -> None:
    drift = (Drift(name=name, type="Add", sqnr_db=9.0, cosine=0.9, max_abs=1.0, loss_db=4.0),)
    study = keep(kept, optimization(accuracy=msgspec.structs.replace(ACCURACY, drift=drift)))
    assert "<script" not in written(kept, study, tmp_path / "o.html").lower()
    rows = list(csv.reader(io.StringIO(written(kept, study, tmp_path / "o.csv"))))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith(("=", "@", "+", "\t", "\r")) for row in rows for cell in row)
    json.loads(written(kept, study, tmp_path / "o.json"))


def test_the_command_line_lists_them_and_sets_the_ways_side_by_side(kept: Store) -> None:
    keep(kept, optimization())
    listed = CliRunner().invoke(command, [])
    assert "optimize00" in listed.output
    assert "1.93 ×" in listed.output
    assert "top-1 75.5 %" in listed.output
    side_by_side = CliRunner().invoke(command, ["resnet-50", "--versions"])
    assert "int8 mixed, 300 samples" in side_by_side.output
    assert "the parent" in side_by_side.output
    documents = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert documents["optimizations"][0]["id"] == "optimize00"


def test_the_text_of_one_has_the_verdict_and_what_to_try(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    from ovtui.cli.finish import finish

    keep(kept, optimization())
    finish(Optimization, "optimize00", None, as_json=False)
    told = capsys.readouterr().out
    for text in ("INT8 is 1.66 × faster", "top-1", "0.6 points less", "19 samples of 1,000", "stage3/conv", "--bundle"):
        assert text in told
