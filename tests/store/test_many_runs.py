"""With 100,000 runs, history is still read through indexes: nothing is scanned, nothing is sorted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ovtui.errors import InputError
from ovtui.records import RunFilter
from ovtui.store import Store, open_store

from .samples import NOW, fill

COUNT = 100_000
MODEL = "m3filling00"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("full") / "ovtui.db"
    with open_store(path) as store:
        store.database.connection.execute("PRAGMA synchronous = OFF")
        fill(store, COUNT)
        yield store


def plans(store: Store, act: Callable[[], object]) -> list[str]:
    """How SQLite goes about each step of each query that `act` makes."""
    queries: list[str] = []
    store.database.connection.set_trace_callback(queries.append)
    act()
    store.database.connection.set_trace_callback(None)
    assert queries
    return [row["detail"] for query in queries for row in store.database.rows(f"EXPLAIN QUERY PLAN {query}")]


CURSOR = (NOW + COUNT * 30, "zz")

FILTERS = [
    RunFilter(),
    RunFilter(model=MODEL),
    RunFilter(family="m0filling00"),
    RunFilter(device="GPU"),
    RunFilter(mode="manual"),
    RunFilter(status="failed"),
    RunFilter(since=NOW + COUNT * 30),
    RunFilter(model=MODEL, device="GPU", mode="latency", status="done", since=NOW + COUNT * 30),
]


@pytest.mark.parametrize("before", [None, CURSOR])
@pytest.mark.parametrize("filters", FILTERS)
def test_a_page_is_read_in_order_through_an_index(
    full: Store, filters: RunFilter, before: tuple[float, str] | None
) -> None:
    for read in (full.runs.page, full.runs.whole):
        for step in plans(full, lambda read=read: read(filters, 50, before)):
            assert "TEMP B-TREE" not in step
            assert not step.startswith("SCAN") or "USING INDEX runs_by_age" in step


def test_a_page_of_a_model_goes_through_its_own_index(full: Store) -> None:
    assert "SEARCH runs USING INDEX runs_by_model (model=?)" in plans(
        full, lambda: full.runs.page(RunFilter(model=MODEL))
    )


@pytest.mark.parametrize("filters", FILTERS)
def test_counting_does_not_read_the_runs_themselves(full: Store, filters: RunFilter) -> None:
    for step in plans(full, lambda: full.runs.count(filters)):
        assert "INDEX runs_by" in step or "AUTOINDEX" in step.upper()


@pytest.mark.parametrize(
    ("text", "index"), [("last", "runs_by_age"), ("0001", "autoindex_runs"), ("x", "runs_by_label")]
)
def test_finding_goes_through_indexes(full: Store, text: str, index: str) -> None:
    def find() -> None:
        with contextlib.suppress(InputError):
            full.runs.find(text)

    steps = [step for step in plans(full, find) if "runs" in step]
    assert any(index in step for step in steps)
    assert all("INDEX" in step for step in steps)
    assert all(step.startswith("SEARCH") for step in steps if "runs_by_age" not in step)  # "last": its first entry


def test_jobs_that_are_going_on_have_an_index_of_their_own(full: Store) -> None:
    assert plans(full, full.jobs.live) == ["SCAN jobs USING INDEX jobs_alive"]


def test_every_page_is_reached_and_no_run_is_missed_or_repeated(full: Store) -> None:
    seen, before = [], None
    while page := full.runs.page(RunFilter(model=MODEL), 500, before):
        seen += [run.id for run in page]
        before = page[-1].created, page[-1].id
    assert len(seen) == len(set(seen)) == full.runs.count(RunFilter(model=MODEL)) == COUNT // 10
