"""Which settings a search probes, what it costs, and what it misses."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from surfaces import EXHAUSTIVE_S, GRID, SHAPES, Device, a_cell, explore, trial

from ovtui.analysis.exploration.grid import settings
from ovtui.analysis.exploration.search import first_probes, next_probe
from ovtui.errors import InputError
from ovtui.records import Cell, Grid, Limits, Setting

ALL = settings(GRID)


def climb(
    fps: Callable[[int, int], float], grid: Grid = GRID, hint: int | None = 4, limits: Limits | None = None
) -> list[Cell]:
    """The cells in the order of their probes, without noise; 0 FPS is a failure."""
    cells: list[Cell] = []
    while (point := next_probe(grid, cells, hint, limits or Limits())) is not None:
        assert point in settings(grid)
        assert point not in [cell.setting for cell in cells]
        rate = fps(point.batch, point.streams)
        made = a_cell(point.batch, point.streams, rate) if rate else a_cell(point.batch, point.streams, state="failed")
        cells.append(Cell(**{name: getattr(made, name) for name in made.__struct_fields__} | {"setting": point}))
    return cells


def places(cells: list[Cell]) -> list[tuple[int, int]]:
    return [(cell.setting.batch, cell.setting.streams) for cell in cells]


# Where it begins


def test_it_begins_at_the_hint_the_corner_and_two_spread_points() -> None:
    assert [(s.batch, s.streams) for s in first_probes(ALL, 4)] == [(1, 4), (1, 1), (32, 4), (4, 1)]
    assert [(s.batch, s.streams) for s in first_probes(ALL, 1)] == [(1, 1), (32, 1), (4, 8)]


def test_a_hint_beside_the_grid_is_the_nearest_and_none_is_the_largest() -> None:
    assert first_probes(ALL, 3)[0].streams == first_probes(ALL, 5)[0].streams == 4
    assert first_probes(ALL, 500)[0].streams == first_probes(ALL, None)[0].streams == 8


def test_it_begins_with_what_the_device_chooses_for_itself() -> None:
    grid = Grid(batches=(1, 2), streams=(1, 2), threads=(None, 1, 2))
    assert first_probes(settings(grid), 2)[0] == Setting(batch=1, streams=2)
    by_hand = Grid(batches=(1, 2), streams=(1, 2), threads=(1, 2))
    assert first_probes(settings(by_hand), 2)[0] == Setting(batch=1, streams=2, threads=2)


def test_the_corner_of_low_latency_is_always_known() -> None:
    for limits in (Limits(), Limits(latency_ms=1e-3), Limits(memory_mb=1)):
        assert (1, 1) in places(climb(lambda b, s: 100 * b**0.5 * s, limits=limits))


def test_a_single_setting_is_probed_and_an_empty_grid_refused() -> None:
    assert places(climb(lambda b, s: 10, Grid(batches=(3,), streams=(2,)))) == [(3, 2)]
    with pytest.raises(InputError):
        next_probe(Grid(batches=(), streams=()), [], 1, Limits())


# Where it goes


def test_it_climbs_to_a_peak_and_stops_around_it() -> None:
    cells = climb(lambda b, s: 100 * math.exp(-0.05 * (math.log2(b) - 3) ** 2 - 0.1 * (math.log2(s) - 1) ** 2))
    assert (8, 2) in places(cells)
    assert len(cells) <= 14


def test_it_follows_a_slope_to_the_end_of_the_grid() -> None:
    cells = climb(lambda b, s: 10 * b**0.5 * s**0.5)
    assert (128, 8) in places(cells)
    assert len(cells) <= 11


def test_a_direction_that_got_worse_beyond_doubt_ends() -> None:
    cells = climb(lambda b, s: 100 / b * s)
    assert max(batch for batch, _ in places(cells)[4:]) <= 2


def test_the_same_knowledge_gives_the_same_probe_in_any_order() -> None:
    cells = climb(lambda b, s: 10 * b**0.5 * s**0.5)[:6]
    assert next_probe(GRID, cells, 4, Limits()) == next_probe(GRID, cells[::-1], 4, Limits())


def test_what_is_being_measured_is_not_probed_again() -> None:
    busy = a_cell(1, 4, state="measuring")
    assert next_probe(GRID, [busy], 4, Limits()) == Setting(batch=1, streams=1)


def test_reused_cells_save_probes() -> None:
    def fps(b: int, s: int) -> float:
        return 100 * math.exp(-0.05 * (math.log2(b) - 3) ** 2 - 0.1 * (math.log2(s) - 1) ** 2)

    row = [a_cell(b, s, fps(b, s), state="reused") for b in (1, 2, 4, 8, 16) for s in (1, 2, 4)]
    left, known = 0, list(row)
    while (point := next_probe(GRID, known, 4, Limits())) is not None:
        known.append(a_cell(point.batch, point.streams, fps(point.batch, point.streams)))
        left += 1
    assert left <= 3


def test_failed_cells_are_walls() -> None:
    probed = places(climb(lambda b, s: 0 if b in (8, 32) else 10.0 * b))
    assert 8 in [batch for batch, _ in probed]
    assert not {batch for batch, _ in probed} & {16, 64, 128}


def test_a_model_that_takes_one_batch_only_is_found() -> None:
    cells: list[Cell] = []
    while (point := next_probe(GRID, cells, 4, Limits())) is not None:
        if point.batch == 8:
            cells.append(a_cell(8, point.streams, 100.0 * point.streams))
        else:  # as the caller does for a bad input
            cells += [a_cell(point.batch, s, state="failed") for s in GRID.streams]
    assert (8, 8) in places([cell for cell in cells if cell.throughput_fps is not None])


def test_when_everything_fails_it_ends_with_everything_tried() -> None:
    assert len(climb(lambda b, s: 0)) == len(ALL)


def test_chosen_settings_are_searched_though_they_lie_apart() -> None:
    some = tuple(Setting(batch=b, streams=s) for b, s in ((1, 1), (2, 4), (16, 2), (64, 8)))
    cells = climb(lambda b, s: 100.0 * b**0.5, Grid(batches=(), streams=(), chosen=some))
    assert (64, 8) in places(cells)


def test_threads_and_requests_are_axes_too() -> None:
    grid = Grid(batches=(1, 2, 4), streams=(1, 2), threads=(None, 1, 2, 4), requests=(None, 1, 2))
    cells: list[Cell] = []
    while (point := next_probe(grid, cells, 2, Limits())) is not None:
        made = a_cell(point.batch, point.streams, 100.0 * (point.threads or 2) ** 0.7, setting=point)
        cells.append(made)
    assert 4 in [cell.setting.threads for cell in cells]
    assert len(cells) < 25


# Limits


def test_with_a_latency_limit_it_finds_the_best_within() -> None:
    """Latency is batch × streams / throughput: 20 ms at (1, 1), limit 60 ms."""
    cells = climb(lambda b, s: 50 * b**0.6 * s**0.8, limits=Limits(latency_ms=60))
    able = [cell for cell in cells if cell.latency_ms is not None and (cell.latency_ms.p50 or 0) <= 60]
    best = max(able, key=lambda cell: cell.throughput_fps.mean if cell.throughput_fps else 0)
    highest = max(50 * p.batch**0.6 * p.streams**0.8 for p in ALL if 1e3 * p.batch**0.4 * p.streams**0.2 / 50 <= 60)
    assert best.throughput_fps is not None and best.throughput_fps.mean == pytest.approx(highest)


def test_while_nothing_keeps_the_limit_it_walks_to_lower_latency() -> None:
    """It begins with all threads, but two of them are quickest here."""
    grid = Grid(batches=(1, 2, 4), streams=(1, 2), threads=(1, 2, 4, 8))
    cells: list[Cell] = []
    while (point := next_probe(grid, cells, 1, Limits(latency_ms=5))) is not None:
        ms = 10 * (1 + 0.3 * abs(math.log2(point.threads or 1) - 1)) * (point.batch * point.streams) ** 0.9
        cells.append(a_cell(point.batch, point.streams, 1e3 * point.batch * point.streams / ms, setting=point))
    assert Setting(batch=1, streams=1, threads=2) in [cell.setting for cell in cells]
    assert len(cells) <= 10


def test_with_a_memory_limit_it_stays_below() -> None:
    """Memory is 200 MB and one for each input in flight."""
    cells = climb(lambda b, s: 10 * b**0.5 * s**0.5, limits=Limits(memory_mb=217))
    assert {(8, 2), (4, 4), (2, 8)} & set(places(cells))
    assert len(cells) <= 16


# What it costs, with noise, together with the race

BUDGET_S = 0.3 * 32 * EXHAUSTIVE_S


def test_200_surfaces_take_less_than_a_third_and_lose_little() -> None:
    found = [trial(seed) for seed in range(200)]
    seconds = sorted(each.seconds for each in found)
    regrets = sorted(each.regret for each in found)
    assert sum(seconds) / len(found) <= 0.3 * 32 * 5
    assert seconds[189] <= BUDGET_S
    assert sum(each.probes for each in found) / len(found) <= 12
    assert sum(regrets) / len(found) <= 0.01
    assert regrets[195] <= 0.03
    assert regrets[-1] <= 0.06


@pytest.mark.parametrize("shape", range(len(SHAPES)), ids=[shape.__name__ for shape in SHAPES])
def test_each_kind_of_surface_is_searched_well(shape: int) -> None:
    found = [trial(seed) for seed in range(1000 + shape, 1200, len(SHAPES))]
    assert sum(each.regret for each in found) / len(found) <= 0.015
    assert sum(each.seconds for each in found) / len(found) <= BUDGET_S


def test_a_region_that_fails_costs_little() -> None:
    found = [trial(seed, memory=64) for seed in range(100)]
    assert sum(each.regret for each in found) / len(found) <= 0.01
    assert sum(each.seconds for each in found) / len(found) <= 0.3 * 32 * 5


@pytest.mark.parametrize("times", [1.7, 3.3, 12])
def test_limits_are_searched_well(times: float) -> None:
    """Limits that no setting keeps or misses by less than 6 %, which the noise could decide."""
    found = [each for seed in range(150) if (each := trial(seed, times=times)) is not None and not each.close]
    assert len(found) >= 50
    assert all(each.kept for each in found)
    assert sum(each.regret for each in found) / len(found) <= 0.01
    assert sorted(each.regret for each in found)[int(0.97 * len(found))] <= 0.04
    assert sum(each.seconds for each in found) / len(found) <= 0.3 * 32 * 5


def test_a_limit_that_nothing_keeps_costs_next_to_nothing() -> None:
    for seed in range(20):
        device = Device(seed)
        found = explore(device, Limits(latency_ms=0.5 * min(map(device.latency_ms, device.true))))
        assert found.best is None
        assert found.probes <= 8
        assert found.rounds == 0
