"""Lines between two layers: led to where they belong, none of them on another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph.channels import DOWN, LEFT, RIGHT, UP, routed

Lines = list[tuple[int, list[int]]]
_STEPS = {UP: (-1, 0), DOWN: (1, 0), LEFT: (0, -1), RIGHT: (0, 1)}
_BACK = {UP: DOWN, DOWN: UP, LEFT: RIGHT, RIGHT: LEFT}


def ends(lines: Lines) -> dict[int, set[int]]:
    """For each column above the columns below that its line leads to, followed step by step."""
    found, rows = routed(lines)
    cells: dict[tuple[int, int], list[int]] = {}
    for line in found:
        for row, column, arms in line.arms(rows):
            assert 0 <= row < rows
            cells.setdefault((row, column), []).append(arms)
    for arms in cells.values():
        assert len(arms) == 1 or sorted(arms) == [UP | DOWN, LEFT | RIGHT]  # crossed
    reached: dict[int, set[int]] = {}
    for top, _ in lines:
        pending = [((0, top), UP)]
        seen = set(pending)
        while pending:
            at, entered = pending.pop()
            if at[0] == rows:
                reached.setdefault(top, set()).add(at[1])
                continue
            arms = next(arms for arms in cells[at] if arms & entered)
            for arm, (down, right) in _STEPS.items():
                step = (at[0] + down, at[1] + right), _BACK[arm]
                if arms & arm and arm != entered and step not in seen:
                    seen.add(step)
                    pending.append(step)
    return reached


def test_a_line_straight_down_takes_one_row() -> None:
    _, rows = routed([(3, [3])])
    assert rows == 1
    assert ends([(3, [3])]) == {3: {3}}


def test_lines_that_do_not_meet_share_a_row() -> None:
    assert routed([(0, [2]), (5, [8])])[1] == 1


def test_a_line_that_comes_in_where_another_leaves_lies_above_it() -> None:
    assert routed([(0, [4]), (4, [8])])[1] == 2
    assert ends([(0, [4]), (4, [8])]) == {0: {4}, 4: {8}}


def test_two_lines_that_change_places_go_around() -> None:
    assert routed([(0, [4]), (4, [0])])[1] == 3
    assert ends([(0, [4]), (4, [0])]) == {0: {4}, 4: {0}}


def test_a_line_parts_to_all_its_ends() -> None:
    assert ends([(4, [0, 4, 9])]) == {4: {0, 4, 9}}


def test_nothing_takes_a_row_too() -> None:
    assert routed([(3, [])]) == ([], 1)


@given(
    st.lists(st.integers(0, 14), min_size=1, max_size=10, unique=True),
    st.lists(st.integers(0, 14), min_size=1, max_size=12, unique=True),
    st.lists(st.integers(0, 9), min_size=12, max_size=12),
)
def test_lines_lead_where_they_should(tops: list[int], bottoms: list[int], owners: list[int]) -> None:
    wanted: dict[int, set[int]] = {}
    for bottom, owner in zip(bottoms, owners, strict=False):
        wanted.setdefault(tops[owner % len(tops)], set()).add(bottom)
    lines = [(top, sorted(found)) for top, found in wanted.items()]
    assert ends(lines) == wanted


@given(st.permutations(range(8)))
def test_any_change_of_places_can_be_drawn(columns: list[int]) -> None:
    assert ends([(top, [bottom]) for top, bottom in enumerate(columns)]) == {
        top: {bottom} for top, bottom in enumerate(columns)
    }
