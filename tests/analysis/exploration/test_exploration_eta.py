"""The time that is left."""

from __future__ import annotations

import pytest

from ovtui.analysis.exploration import eta
from ovtui.records import Setting


def at(batch: int, streams: int = 1) -> Setting:
    return Setting(batch=batch, streams=streams)


def test_one_cost_stands_for_all() -> None:
    assert eta.predicted({at(4): 3.0}, [at(1), at(64, 8)]) == pytest.approx([3, 3])


def test_costs_that_grow_are_expected_to_go_on() -> None:
    costs = {at(b, s): 0.5 * b**0.5 * s**0.25 for b in (1, 4, 16) for s in (1, 4)}
    found = eta.predicted(costs, [at(2, 2), at(32, 4)])
    assert found[0] == pytest.approx(0.5 * 2**0.75, rel=0.05)
    assert found[1] == pytest.approx(0.5 * 32**0.5 * 4**0.25, rel=0.1)


def test_two_costs_are_not_carried_far_beyond_what_was_seen() -> None:
    (far,) = eta.predicted({at(1): 1.0, at(2): 8.0}, [at(65_536)])
    assert far == pytest.approx(32)


def test_the_cells_left_are_summed() -> None:
    assert eta.cells_left([at(1), at(2)], {at(4): 3.0}) == pytest.approx(6)
    assert eta.cells_left([], {}) == 0
    assert eta.cells_left([at(1)], {}) is None


def test_a_search_is_expected_to_probe_some_and_to_race() -> None:
    points = [at(b, s) for b in (1, 2, 4, 8, 16, 32, 64, 128) for s in (1, 2, 4, 8)]
    left = [eta.search_left(points[n:], dict.fromkeys(points[:n], 2.0), turn_s=1.1) for n in (1, 5, 9, 20, 31, 32)]
    assert left == pytest.approx([9 * 2 + 16.5, 5 * 2 + 16.5, 2 + 16.5, 2 + 16.5, 2 + 16.5, 16.5])
    assert eta.search_left(points, {}, turn_s=1.1) is None


def test_a_race_takes_its_turns() -> None:
    costs = {at(1): 2.0}
    assert eta.search_left([at(2)], costs, turn_s=2.0, racing=[0, 0, 0]) == 30
    assert eta.search_left([at(2)], costs, turn_s=2.0, racing=[8, 8]) == 4
    assert eta.search_left([at(2)], costs, turn_s=2.0, racing=[8]) == 0


def test_a_small_grid_is_probed_whole() -> None:
    assert [eta.typical_probes(n) for n in (1, 2, 4, 32, 1024)] == [1, 2, 4, 10, 16]
