"""Comparisons and explorations: they grow, are found, keep their runs to themselves, and go with them."""

from __future__ import annotations

import pytest

from ovtui.errors import InputError
from ovtui.records import (
    Comparison,
    Exploration,
    Optimization,
    PairedResult,
    RunFilter,
)
from ovtui.store import Store

from .samples import NOW, a_comparison, a_model, a_result, a_run, a_series, an_exploration, its_job, its_study_job


@pytest.fixture
def kept(store: Store) -> Store:
    """A store that holds a comparison with two runs, and a run that is part of nothing."""
    store.models.save(a_model())
    study = a_comparison()
    store.studies.create(study, its_study_job(study))
    for name in ("r1", "r2"):
        run = a_run(f"{name}run00000", status="done", result=a_result(), part_of=study.id)
        store.runs.put(run, its_job(run), series=a_series())
    alone = a_run("r3run00000", status="done", result=a_result())
    store.runs.put(alone, its_job(alone))
    return store


def test_it_grows_and_ends_with_its_job(kept: Store) -> None:
    duel = PairedResult(verdict="faster", ratio=1.5, ci95=(1.4, 1.6), ratios=(1.5, 1.5))
    kept.studies.save(a_comparison(duels=(duel,)))
    assert kept.studies.of(Comparison).get("s0study000") == a_comparison(duels=(duel,))
    ended = a_comparison(duels=(duel,), status="done", finished=NOW + 5)
    kept.studies.save(ended)
    job = kept.jobs.get("s0study000")
    assert job is not None
    assert (job.status, job.finished) == ("done", NOW + 5)
    kept.studies.save(a_comparison())  # what has ended is not taken up again
    assert kept.studies.of(Comparison).get("s0study000") == ended


def test_its_runs_stand_in_no_history_but_are_found(kept: Store) -> None:
    assert [run.id for run in kept.runs.page()] == ["r3run00000"]
    assert kept.runs.count() == 1
    assert kept.runs.find("last").id == "r3run00000"
    assert {run.id for run in kept.runs.whole(RunFilter(part_of="s0study000"))} == {"r1run00000", "r2run00000"}
    assert kept.runs.find("r1run").part_of == "s0study000"


def test_it_goes_with_its_runs_and_with_nothing_else(kept: Store) -> None:
    with pytest.raises(InputError, match="Cancel it first"):
        kept.studies.delete("s0study000")
    kept.studies.save(a_comparison(status="done", finished=NOW))
    kept.studies.delete("s0study000")
    assert kept.studies.of(Comparison).get("s0study000") is None
    assert kept.runs.get("r1run00000") is None
    assert kept.runs.series("r1run00000") is None
    assert kept.runs.get("r3run00000") is not None


def test_a_run_is_put_in_the_place_of_what_was_known_of_it(kept: Store) -> None:
    better = a_run("r1run00000", status="done", result=a_result(200.0), part_of="s0study000")
    kept.runs.put(better, its_job(better))
    assert kept.runs.get("r1run00000") == better
    assert kept.runs.series("r1run00000") is None


def test_whatever_has_an_id_or_a_label_is_found_by_it(kept: Store) -> None:
    exploration = an_exploration()
    kept.studies.create(exploration, its_study_job(exploration))
    kept.studies.set_label("s0study000", "nightly")
    assert isinstance(kept.find("s0st"), Comparison)
    assert kept.find("nightly") == a_comparison(label="nightly")
    assert kept.find("e0explore0") == exploration
    assert kept.find("r3run00000").id == "r3run00000"
    assert kept.studies.of(Exploration).find("last") == exploration
    assert kept.studies.of(Exploration).newest(a_model().id) == [exploration]
    assert kept.studies.of(Exploration).newest("another") == []
    with pytest.raises(InputError, match="no run, comparison, exploration or optimization"):
        kept.find("nothing")
    kept.runs.set_label("r3run00000", "nightly")
    with pytest.raises(InputError, match="could be any of 2"):
        kept.find("nightly")


def test_none_yet_says_how_to_make_one(store: Store) -> None:
    made_by = (
        (store.studies.of(Comparison), "ovtui compare --interleave A B"),
        (store.studies.of(Exploration), "ovtui explore MODEL"),
        (store.studies.of(Optimization), "ovtui optimize MODEL --data PATH"),
    )
    for studies, command in made_by:
        with pytest.raises(InputError, match=f"`{command}`"):
            studies.find("last")
