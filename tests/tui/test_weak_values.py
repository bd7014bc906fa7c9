"""Weak percentiles on screens: marked, with their interval, and why once."""

from __future__ import annotations

from typing import Any

import msgspec
from textual.widgets import Static

from ovtui.records import Limits, Setting
from ovtui.store import Store
from ovtui.tui import exploration_text, rows
from tests.store.samples import NOW, a_result, a_run, its_job
from tests.tui.conftest import RESNET, Opened, painted, shows
from tests.tui.explorations import exploration, load, measured
from tests.weak import WEAK

WEAK_RESULT = msgspec.structs.replace(
    a_result(), latency_ms=msgspec.structs.replace(WEAK, weak={"p50": True} | WEAK.weak)
)


async def test_a_run_shows_each_percentile_with_its_interval_and_what_it_needs(open_app: Opened, store: Store) -> None:
    run = a_run("weakrun000", RESNET, status="done", created=NOW)
    store.models.save(RESNET)
    store.runs.create(run, its_job(run))
    store.runs.finish(run.id, "done", finished=NOW + 1, result=msgspec.structs.replace(a_result(), latency_ms=WEAK))
    async with open_app((80, 24)) as pilot:
        app: Any = pilot.app
        app.open_run(run.id)
        await painted(pilot)
        await shows(pilot, "p50 10.00")
        text = str(pilot.app.screen.query_one("#percentiles", Static).content)
        assert text.splitlines() == [
            "   p50  10.00 ms  (95 % CI 9.50 – 10.50)",
            "   p90  12.00 ms  (95 % CI 11.00 – 13.50)",
            "   p95  ≈13.00 ms  (95 % CI 11.50 – 16.00, needs 200 more)",
            "   p99  ≈15.00 ms  (95 % CI ≥ 12.50, needs 1,900 more)",
            " p99.9  needs 19,900 more inferences",
            "≈ rough value: too few independent inferences beyond it",
        ]


def test_a_line_of_history_marks_a_weak_median(store: Store) -> None:
    run = a_run("weakrun000", RESNET, status="done", created=NOW)
    store.models.save(RESNET)
    store.runs.create(run, its_job(run))
    store.runs.finish(run.id, "done", finished=NOW + 1, result=WEAK_RESULT)
    (line,) = store.runs.page()
    assert rows.run_cells(line)["p50_ms"].text == "≈10.00"
    model = rows.model_cells(RESNET, "", store.runs.record_of(RESNET.id))
    assert (model["last_p50"].text, model["best_p50"].text) == ("≈10.00", "≈10.00")


def test_the_best_of_an_exploration_says_that_it_may_miss_the_limit() -> None:
    cell = measured(Setting(batch=1, streams=1), latency_ms=WEAK)
    limits = Limits(latency_ms=14.0, percentile="p95")
    said = exploration_text.sentence(exploration((cell,), limits=limits), limits)
    assert "p95 ≈13.00 ms; p95 may miss the limit (95 % CI 11.50 – 16.00 ms), measure it longer" in said
    assert exploration_text.figures(cell).count("≈") == 1  # p99; the median is well known


def test_an_arrival_rate_marks_its_weak_percentile() -> None:
    tried = msgspec.structs.replace(load(100.0, 10.0, 0.004), latency_ms=WEAK)
    assert exploration_text.load_cells(tried, "p99")[1:3] == ["10.00", "≈15.00"]
