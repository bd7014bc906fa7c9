"""History in columns gives back what was put in, filters and sorts it."""

from __future__ import annotations

import random

import msgspec
import pytest

from ovtui.analysis.filtering import Term, parse
from ovtui.analysis.history import NUMBERS, TEXTS, RunColumns
from ovtui.records import Estimate, RunSummary


def a_summary(n: int, **other: object) -> RunSummary:
    rate = None if n % 7 == 3 else 100.0 + n * 37 % 50
    summary = RunSummary(
        id=f"run{n:04}",
        status="done" if n % 5 else "failed",
        label=f"Label {n}" if n % 2 else None,
        model=f"m{n % 3}",
        model_name=["ResNet", "demo", "bert"][n % 3],
        device="CPU" if n % 4 else "GPU",
        mode="latency" if n % 2 else "throughput",
        batch=n % 3 + 1,
        streams=None if n % 2 else 2,
        throughput_fps=None if rate is None else Estimate(mean=rate, ci95=(rate - 1, rate + 1), converged=n % 2 == 0),
        p50_ms=None if rate is None else 1000 / rate,
        created=1000.0 + n,
        started=None,
        finished=None,
        error=None,
        warnings=n % 2,
    )
    return msgspec.structs.replace(summary, **other)


NEWEST_FIRST = [a_summary(n) for n in range(99, -1, -1)]


@pytest.fixture
def columns() -> RunColumns:
    filled = RunColumns()
    filled.append(NEWEST_FIRST[:30])
    filled.append(NEWEST_FIRST[30:])
    return filled


def found(columns: RunColumns, typed: str) -> list[str]:
    terms = parse(typed, {name: name for name in TEXTS}, {"fps": "throughput_fps", "batch": "batch"})
    return [columns.ids[place] for place in columns.matching(terms)]


def test_a_run_comes_back_as_it_was(columns: RunColumns) -> None:
    assert [columns.summary(place) for place in range(len(columns))] == NEWEST_FIRST


@pytest.mark.parametrize(
    ("typed", "holds"),
    [
        ("", lambda run: True),
        ("resnet", lambda run: run.model_name == "ResNet"),
        ("RESNET gpu", lambda run: run.model_name == "ResNet" and run.device == "GPU"),
        ("label:9", lambda run: "9" in (run.label or "")),
        ("status:failed mode:lat", lambda run: run.status == "failed" and run.mode == "latency"),
        ("fps>130", lambda run: run.throughput_fps is not None and run.throughput_fps.mean > 130),
        ("batch=2", lambda run: run.batch == 2),
        ("run0042", lambda run: run.id == "run0042"),
        ("nothing-like-it", lambda run: False),
    ],
)
def test_a_filter_finds_what_it_says(columns: RunColumns, typed: str, holds: object) -> None:
    assert callable(holds)
    assert found(columns, typed) == [run.id for run in NEWEST_FIRST if holds(run)]


@pytest.mark.parametrize("column", [*TEXTS, *NUMBERS, "id"])
@pytest.mark.parametrize("descending", [True, False])
def test_any_column_sorts_with_the_unknown_last(columns: RunColumns, column: str, descending: bool) -> None:
    places = columns.ordered(columns.matching([]), column, descending=descending)
    names = {"model": "model_name"}

    def value(place: int) -> object:
        run = columns.summary(place)
        got = getattr(run, names.get(column, column))
        return got.mean if isinstance(got, Estimate) else got.lower() if isinstance(got, str) else got

    values = [value(place) for place in places.tolist()]
    known = [each for each in values if each is not None]
    assert values[: len(known)] == known
    assert known == sorted(known, reverse=descending)
    assert sorted(places.tolist()) == list(range(100))


def test_what_is_new_comes_first_and_what_changed_is_changed(columns: RunColumns) -> None:
    fresh = [a_summary(101), a_summary(100), msgspec.structs.replace(NEWEST_FIRST[0], status="cancelled")]
    assert columns.renew(fresh)
    assert columns.ids[:3] == ["run0101", "run0100", "run0099"]
    assert columns.summary(2).status == "cancelled"
    assert len(columns) == 102
    assert not columns.renew(fresh)


def test_an_older_run_can_be_changed_too(columns: RunColumns) -> None:
    columns.update([msgspec.structs.replace(NEWEST_FIRST[50], label="found again"), a_summary(777)])
    assert found(columns, "again") == [NEWEST_FIRST[50].id]
    assert len(columns) == 100


def test_a_models_throughput_over_time_is_oldest_first(columns: RunColumns) -> None:
    like = NEWEST_FIRST[2]
    when, rates = columns.over_time(like)
    alike = [
        run
        for run in reversed(NEWEST_FIRST)
        if (run.model, run.mode, run.device) == (like.model, like.mode, like.device)
    ]
    mine = [run for run in alike if run.throughput_fps]
    assert len(mine) > 5
    assert when == [run.created for run in mine]
    assert rates == [run.throughput_fps.mean for run in mine if run.throughput_fps]
    assert columns.over_time(msgspec.structs.replace(like, model="nobody")) == ([], [])


def test_an_empty_history_has_no_places() -> None:
    empty = RunColumns()
    assert empty.matching([Term(None, ":", "x"), Term("model", ":", "x"), Term("batch", ">", "1", 1.0)]).tolist() == []


def test_many_filters_agree_with_reading_each_run(columns: RunColumns) -> None:
    words = random.Random(4)
    for _ in range(50):
        typed = words.choice(["demo", "a", "label:1", "fps<120", "mode:through"])
        more = words.choice(["", "gpu", "status:done", "batch=3"])
        both = set(found(columns, f"{typed} {more}"))
        assert both == set(found(columns, typed)) & set(found(columns, more))
