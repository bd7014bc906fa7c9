"""The best cell, the Pareto front, and the nearest miss."""

from __future__ import annotations

import msgspec
import pytest
from surfaces import a_cell

from ovtui import formatting
from ovtui.analysis.exploration import selection
from ovtui.records import Cell, Estimate, Latency, Limits, Setting


def cell(
    batch: int,
    fps: float,
    ms: float,
    *,
    streams: int = 1,
    mb: float | None = 100.0,
    half: float | None = None,
    **other: object,
) -> Cell:
    latency = Latency(mean=ms, min=ms, p50=ms, p90=ms, p95=ms, p99=2 * ms, p99_9=None, max=3 * ms)
    interval = None if half is None else (fps - half, fps + half)
    values = {
        "throughput_fps": Estimate(mean=fps, ci95=interval, converged=False),
        "latency_ms": latency,
        "peak_rss_mb": mb,
    }
    return a_cell(batch, streams, fps, **(values | other))


def batches(cells: list[Cell]) -> list[int]:
    return [each.setting.batch for each in cells]


# The best


def test_the_highest_throughput_wins() -> None:
    found = selection.best([cell(1, 100, 10), cell(2, 110, 20), cell(4, 105, 40)], Limits())
    assert found is not None and found.setting.batch == 2


def test_equals_are_decided_by_latency_and_then_by_memory() -> None:
    cells = [cell(8, 100.9, 80), cell(4, 100, 40, mb=300), cell(2, 100, 40, mb=200), cell(1, 99, 10)]
    found = selection.best(cells, Limits())
    assert found is not None and found.setting.batch == 2


@pytest.mark.parametrize(
    ("limits", "batch"),
    [
        (Limits(latency_ms=25), 2),
        (Limits(latency_ms=25, percentile="p99"), 1),
        (Limits(memory_mb=150), 1),
        (Limits(latency_ms=100, memory_mb=500), 4),
    ],
)
def test_limits_are_kept(limits: Limits, batch: int) -> None:
    found = selection.best([cell(1, 100, 10), cell(2, 110, 20, mb=200), cell(4, 120, 40, mb=300)], limits)
    assert found is not None and found.setting.batch == batch


def test_the_sweet_spot_follows_the_limit() -> None:
    cells = [cell(1, 100, 10), cell(2, 150, 20), cell(4, 200, 40)]
    spots = [selection.sweet_spot(cells, ms) for ms in (5, 10, 39, 40, None)]
    assert [spot and spot.setting.batch for spot in spots] == [None, 1, 2, 4, 4]


def test_an_unknown_percentile_is_judged_by_the_slowest() -> None:
    few = a_cell(1, 1, 100)  # 10 ms, the slowest 12 ms, too few for a p99
    assert few.latency_ms is not None and few.latency_ms.p99 is None
    assert selection.keeps(few, Limits(latency_ms=12.1, percentile="p99"))
    assert not selection.keeps(few, Limits(latency_ms=11.9, percentile="p99"))


def weak(batch: int, fps: float, ms: float, low: float, high: float | None) -> Cell:
    """With a p99 of `ms` that is weak."""
    latency = Latency(mean=ms / 2, min=ms / 4, p50=ms / 2, p90=ms, p95=ms, p99=ms, p99_9=None, max=2 * ms,
                      ci95={"p99": (low, high)}, needs={"p99": 900}, weak={"p99": True})  # fmt: skip
    return cell(batch, fps, ms, latency_ms=latency)


P99 = Limits(latency_ms=20, percentile="p99")


def test_a_weak_percentile_rules_out_only_what_its_interval_rules_out() -> None:
    low, around, high = weak(1, 100, 10, 8, 15), weak(1, 100, 18, 12, None), weak(1, 100, 24, 21, 40)
    assert [selection.keeps(each, P99) for each in (low, around, high)] == [True, True, False]
    assert [selection.is_doubtful(each, P99) for each in (low, around, high)] == [False, True, False]


def test_the_best_may_be_weak_and_says_so() -> None:
    known, open_ended = cell(1, 100, 10), weak(2, 150, 18, 12, None)
    found = selection.best([known, open_ended], P99)
    assert found == open_ended
    assert selection.uncertainty(found, P99) == "p99 may miss the limit (95 % CI ≥ 12.00 ms), measure it longer"
    assert selection.uncertainty(known, P99) == ""
    assert selection.limited_in_words(open_ended.latency_ms, "p99") == "≈18 ms (≥ 12.00)"


def test_what_is_above_the_limit_and_weak_is_the_best_only_where_nothing_is_below() -> None:
    above, below = weak(2, 150, 22, 18, 30), cell(1, 100, 10)
    assert selection.best([above, below], P99) == below
    assert selection.best([above], P99) == above


def test_a_weak_p99_beats_another_only_where_intervals_lie_apart() -> None:
    low, high, unbounded = weak(1, 100, 10, 8, 12), weak(2, 100, 20, 15, None), weak(4, 100, 14, 9, None)
    assert batches(selection.pareto([low, high])) == [1]
    assert batches(selection.pareto([low, high, unbounded])) == [1, 4]


def test_what_is_not_known_keeps_no_limit() -> None:
    assert not selection.keeps(cell(1, 100, 10, mb=None), Limits(memory_mb=1e6))
    assert not selection.keeps(cell(1, 100, 10, latency_ms=None), Limits(latency_ms=1e6))
    assert not selection.keeps(cell(1, 100, 10), Limits(latency_ms=0))
    assert not selection.keeps(a_cell(1, 1), Limits())
    assert selection.keeps(cell(1, 100, 10, mb=None, latency_ms=None), Limits())


def test_a_probe_does_not_beat_the_winner_of_the_race_by_luck() -> None:
    winner, early = cell(1, 100, 10, rounds=8), cell(4, 101.5, 40, rounds=3)
    lucky, clear = cell(2, 102, 5), cell(2, 104.5, 20)
    assert selection.best([winner, early, lucky], Limits()) == winner
    assert selection.best([winner, early, clear], Limits()) == clear


def test_nothing_measured_has_no_best() -> None:
    assert selection.best([a_cell(1, 1), a_cell(2, 1, state="failed", reason="no memory")], Limits()) is None
    assert selection.pareto([a_cell(1, 1)]) == []


# The front


def test_the_front_holds_what_nothing_beats() -> None:
    cells = [cell(4, 200, 40), cell(1, 100, 10), cell(2, 90, 20), cell(8, 150, 80)]
    assert batches(selection.pareto(cells)) == [1, 4]


def test_of_a_row_of_equals_the_thriftiest_is_left() -> None:
    row = [cell(b, 100 + 0.1 * b, 10 * b) for b in (1, 2, 4, 8)]
    assert batches(selection.pareto(row)) == [1]


def test_overlapping_intervals_beat_nobody() -> None:
    sure, unsure = (cell(2, 104, 10, half=half) for half in (1, 5))
    other = cell(1, 100, 10, half=1)
    assert batches(selection.pareto([sure, other])) == [2]
    assert batches(selection.pareto([unsure, other])) == [1, 2]


def test_latencies_with_overlapping_intervals_are_equal() -> None:
    quick, slow = cell(1, 100, 10), cell(2, 100, 11)
    assert batches(selection.pareto([quick, slow])) == [1]
    doubtful = [
        msgspec.structs.replace(each, latency_ms=msgspec.structs.replace(each.latency_ms, ci95={"p99": (15.0, 25.0)}))
        for each in (quick, slow)
    ]
    assert batches(selection.pareto(doubtful)) == [1, 2]


def test_little_memory_is_a_reason_to_be_on_the_front() -> None:
    cells = [cell(1, 100, 10, mb=500), cell(2, 90, 20, mb=100)]
    assert batches(selection.pareto(cells)) == [1, 2]
    unknown = [cell(1, 100, 10, mb=500), cell(2, 90, 20, mb=None)]
    assert batches(selection.pareto(unknown)) == [1]


def test_without_p99_the_front_is_that_of_the_median() -> None:
    quick_median = Latency(mean=5, min=1, p50=5, p90=9, p95=9, p99=None, p99_9=None, max=99)
    cells = [cell(1, 100, 10), cell(2, 100, 20, latency_ms=quick_median)]
    assert batches(selection.pareto(cells)) == [2]


def test_a_circle_of_small_advantages_leaves_the_best_one() -> None:
    a, b, c = cell(1, 102, 10.1, mb=100), cell(2, 100, 10, mb=99), cell(4, 101, 10.25, mb=97.5)
    assert batches(selection.pareto([a, b, c])) == [1]


# The nearest miss


def test_the_nearest_miss_is_said() -> None:
    cells = [cell(1, 100, 1.55), cell(2, 110, 20), a_cell(4, 1, state="failed")]
    said = selection.nearest_miss(cells, Limits(latency_ms=2, percentile="p99"))
    assert said == "Nothing keeps p99 ≤ 2 ms; the nearest is batch 1, 1 stream with 3.1 ms."


def test_the_nearest_miss_of_two_limits_is_that_of_the_worse_one() -> None:
    cells = [cell(1, 100, 30, mb=100), cell(2, 110, 24, mb=140, streams=2)]
    said = selection.nearest_miss(cells, Limits(latency_ms=20, memory_mb=120))
    assert (
        said
        == "Nothing keeps p50 ≤ 20 ms and memory ≤ 120 MB; the nearest is batch 2, 2 streams with 24 ms and 140 MB."
    )


def test_without_any_measurement_there_is_no_nearest() -> None:
    said = selection.nearest_miss([a_cell(1, 1)], Limits(memory_mb=1200))
    assert said == "Nothing keeps memory ≤ 1,200 MB: nothing could be measured."


def test_a_setting_is_called_by_what_was_given() -> None:
    assert formatting.setting(Setting(batch=8, streams=2, threads=4, requests=1)) == (
        "batch 8, 2 streams, 4 threads, 1 request"
    )
