"""`ovtui export last --bundle`: the newest that can be taken along, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ovtui.cli.commands.export import _last
from ovtui.errors import InputError
from ovtui.records import Exploration, Grid, Job, Limits, Spec
from ovtui.store import Store, open_store
from tests.report.optimization_samples import a_failed_one, an_optimization, put, whole
from tests.store.samples import NOW, a_model, a_run, an_effective, its_job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "ovtui.db") as opened:
        yield opened


def ran(store: Store, run_id: str, created: float, *, ready: bool = True) -> None:
    run = a_run(run_id, a_model(), created=created)
    store.models.save(a_model())
    store.runs.create(run, its_job(run))
    if ready:
        store.runs.set_effective(run_id, an_effective())


def explored(store: Store, study_id: str, created: float, best: str | None) -> None:
    model = a_model()
    store.models.save(model)
    study = Exploration(
        id=study_id, status="done", label=None, model=model, spec=Spec(model=model.id), limits=Limits(),
        grid=Grid(batches=(1,), streams=(1,)), created=created, best=best,
    )  # fmt: skip
    job = Job(id=study_id, kind="exploration", status="done", folder="", created=created, model=model.id)
    store.studies.create(study, job)


def test_the_newest_of_all_is_taken(store: Store) -> None:
    put(store, whole(msgspec.structs.replace(an_optimization(), id="optimize01", created=NOW)))
    assert _last(store).id == "optimize01"
    explored(store, "explore001", NOW + 1, "run0000001")
    assert _last(store).id == "explore001"
    ran(store, "run0000001", NOW + 2)
    assert _last(store).id == "run0000001"


def test_what_has_nothing_to_take_along_is_passed_over(store: Store) -> None:
    with pytest.raises(InputError, match="nothing to take along"):
        _last(store)
    ran(store, "run0000001", NOW)
    ran(store, "run0000002", NOW + 1, ready=False)
    explored(store, "explore001", NOW + 2, None)
    put(store, whole(a_failed_one(id="optimize01", created=NOW + 3)))
    assert _last(store).id == "run0000001"
