"""How a job ended is told even where its store could not take it down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ovtui.cli.finish import _as_it_ended, finish
from ovtui.engine.events import Ended
from ovtui.records import Optimization
from ovtui.store import open_store
from tests.analysis.optimization.versions import PARENT, an_optimization
from tests.store.samples import a_run
from tests.tui.optimizations import its_job_of

FULL = Ended(status="failed", error="The disk is full.")


def test_what_the_store_has_is_not_overruled() -> None:
    done = a_run(status="done")
    assert _as_it_ended(done, FULL) is done
    assert _as_it_ended(a_run(status="running"), None).status == "running"


def test_an_optimization_whose_end_found_no_room_is_not_called_running(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = an_optimization(status="running", version=None)
    with open_store(home / "ovtui.db") as store:
        store.models.save(PARENT)
        store.studies.create(study, msgspec.structs.replace(its_job_of(study), pid=None))
    told = finish(Optimization, study.id, FULL, as_json=False)
    printed = capsys.readouterr()
    assert told.status == "failed"
    assert "RUNNING" not in printed.out
    assert "ovtui: The disk is full." in printed.err
