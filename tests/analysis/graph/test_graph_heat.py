"""Heat by share of the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph.heat import levels


def test_levels_are_shares_of_the_whole_time() -> None:
    assert levels([5.0, 15.0, 30.0, 50.0]) == [1, 2, 3, 4]


def test_the_one_that_crosses_a_bound_belongs_to_it() -> None:
    assert levels([60.0, 30.0, 10.0]) == [4, 3, 2]


def test_what_has_no_time_is_cold() -> None:
    assert levels([None, 0.0, 3.0]) == [0, 0, 4]
    assert levels([None, None]) == [0, 0]
    assert levels([]) == []


@pytest.mark.parametrize(("count", "level"), [(1, 4), (2, 3), (5, 2), (100, 1)])
def test_among_equals_none_stands_out(count: int, level: int) -> None:
    assert levels([7.0] * count) == [level] * count


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=60))
def test_the_longer_the_hotter(times: list[float | None]) -> None:
    found = levels(times)
    pairs = sorted((time, level) for time, level in zip(times, found, strict=True) if time)
    assert [level for _, level in pairs] == sorted(level for _, level in pairs)
    assert all((level == 0) == (not time) for time, level in zip(times, found, strict=True))


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=60))
def test_the_hottest_make_up_no_more_than_they_need(times: list[float]) -> None:
    found = levels(times)
    hot = [time for time, level in zip(times, found, strict=True) if level == 4]
    assert not hot or sum(hot) - min(hot) <= 0.5 * sum(times)
