"""Boxes: lines that are followed, character by character, lead from each box to those that read from it."""

from __future__ import annotations

import random

import pytest
from graph_samples import Net, chain, densenet, inception, of_edges, transformer, unet
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ovtui.analysis.graph import rows
from ovtui.analysis.graph.blocks import Blocks
from ovtui.analysis.graph.boxes import MOST, Picture, neighbourhood, picture, whole
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.rows import View
from tests.hostile import NAMES

UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
ARMS = {
    "│": {UP, DOWN}, "─": {LEFT, RIGHT}, "╯": {UP, LEFT}, "╰": {UP, RIGHT}, "╮": {DOWN, LEFT}, "╭": {DOWN, RIGHT},
    "┤": {UP, DOWN, LEFT}, "├": {UP, DOWN, RIGHT}, "┴": {UP, LEFT, RIGHT}, "┬": {DOWN, LEFT, RIGHT},
    "┼": {UP, DOWN, LEFT, RIGHT},
}  # fmt: skip


def view(graph: Graph, *, unfolded: bool = True) -> View:
    blocks = Blocks(graph)
    return View(blocks, rows.unfolded(blocks) if unfolded else rows.first(blocks, 24))


def reached(drawn: Picture, row: int) -> set[int]:
    """The boxes that the lines from a box lead to."""
    tops = {(place.y, x): box for box, place in drawn.places.items() for x in range(place.x, place.x + place.width)}
    x, y, width, height = drawn.places[row]
    bottom = y + height - 1
    found: set[int] = set()
    pending = [((bottom, column), DOWN) for column in range(x + 1, x + width - 1) if drawn.lines[bottom][column] == "┬"]
    assert len(pending) <= 1
    seen = set(pending)
    while pending:
        (at_y, at_x), (down, right) = pending.pop()
        to = at_y + down, at_x + right
        character = drawn.lines[to[0]][to[1]]
        if to in tops and down == 1:
            assert character == "┴"
            found.add(tops[to])
            continue
        arms = ARMS[character]
        if right and character == "│":  # crossed
            onward = {(down, right)}
        else:
            assert (-down, -right) in arms
            onward = arms - {(-down, -right)}
        for arm in onward:
            if (to, arm) not in seen:
                seen.add((to, arm))
                pending.append((to, arm))
    return found


def check(shown: View, chosen: list[int], **look: bool) -> Picture:
    drawn = picture(shown, chosen, lambda *_: "x", **look)
    wanted: dict[int, set[int]] = {row: set() for row in chosen}
    for net in shown.nets:
        if net.row in wanted:
            wanted[net.row].update(set(net.consumers) & set(chosen))
    assert {row: reached(drawn, row) for row in chosen} == wanted
    return drawn


@pytest.mark.parametrize("net", [inception(2), unet(3), transformer(2), densenet(6), chain(30)])
def test_lines_lead_where_the_tensors_of_known_nets_do(net: Net) -> None:
    shown = view(net.graph(), unfolded=False)
    chosen = whole(shown)
    assert chosen is not None
    check(shown, chosen)


@given(
    st.integers(1, 25).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.sets(
                st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda edge: edge[0] < edge[1])
            ),
        )
    )
)
def test_lines_lead_where_the_tensors_of_any_graph_do(dag: tuple[int, set[tuple[int, int]]]) -> None:
    shown = view(of_edges(*dag))
    check(shown, list(range(len(shown))))


@given(st.integers(0, 100_000))
def test_lines_of_crossed_graphs_lead_right(seed: int) -> None:
    pick = random.Random(seed)
    side = pick.randint(2, 9)
    pairs = {(pick.randrange(side), side + pick.randrange(side)) for _ in range(3 * side)}
    shown = view(of_edges(2 * side, pairs))
    check(shown, list(range(2 * side)))


def test_how_it_looks() -> None:
    shown = view(of_edges(5, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]))
    assert [line.rstrip() for line in check(shown, [0, 1, 2, 3, 4]).lines] == [
        "    ┌───┐",
        "    │ x │",
        "    └─┬─┘",
        "  ╭───┴──╮",
        "┌─┴─┐  ┌─┴─┐",
        "│ x │  │ x │",
        "└─┬─┘  └─┬─┘",
        "  ╰──╮ ╭─╯",
        "   ┌─┴─┴─┐",
        "   │  x  │",
        "   └──┬──┘",
        "      │",
        "    ┌─┴─┐",
        "    │ x │",
        "    └───┘",
    ]


def test_a_chain_is_straight() -> None:
    drawn = check(view(chain(6).graph()), list(range(6)))
    assert {place.x for place in drawn.places.values()} == {0}


def test_boxes_do_not_overlap() -> None:
    shown = view(transformer(1).graph())
    drawn = picture(shown, whole(shown) or [])
    cells = [
        (y, x)
        for place in drawn.places.values()
        for y in range(place.y, place.y + place.height)
        for x in range(place.x, place.x + place.width)
    ]
    assert len(cells) == len(set(cells))


def test_a_neighbourhood_is_what_is_nearest() -> None:
    shown = view(chain(30).graph())
    at = shown.row_of(15)
    assert neighbourhood(shown, at, 5) == [shown.row_of(node) for node in (13, 14, 15, 16, 17)]


def test_a_neighbourhood_ends_where_the_graph_does() -> None:
    shown = view(of_edges(5, [(0, 1), (2, 3), (3, 4)]))
    assert neighbourhood(shown, 0) == [0, 1]


def test_the_neighbourhood_of_an_open_block_is_what_it_holds() -> None:
    shown = view(inception(2).graph())
    head = next(row for row in range(len(shown)) if shown.is_head(row))
    inside = {shown.row_of(node) for node in range(1, 10)}
    assert set(neighbourhood(shown, head, 9)) == inside
    assert set(neighbourhood(shown, head, 10)) > inside


def test_a_picture_is_bounded() -> None:
    shown = view(of_edges(200, [(0, node) for node in range(1, 200)]))
    assert whole(shown) is None
    assert len(neighbourhood(shown, shown.row_of(0), 500)) == MOST
    assert len(picture(shown, range(len(shown))).places) == MOST


def test_the_densest_picture_is_bounded_too() -> None:
    shown = view(of_edges(60, [(a, b) for b in range(60) for a in range(b)]))
    drawn = picture(shown, [row for row in range(len(shown)) if not shown.is_head(row)])
    assert len(drawn.lines) * len(drawn.lines[0]) < 2_000_000


@pytest.mark.parametrize("text", [*NAMES, ""], ids=ascii)
def test_hostile_names_neither_command_nor_move_the_terminal(text: str) -> None:
    shown = view(of_edges(3, [(0, 1), (1, 2)]))
    drawn = picture(shown, [0, 1, 2], lambda *_: text)
    assert {cell_len(line) for line in drawn.lines} == {drawn.places[0].width}
    assert "\x1b" not in "".join(drawn.lines)
    assert "\u202e" not in "".join(drawn.lines)


def test_ascii_is_ascii() -> None:
    shown = view(inception(2).graph(), unfolded=False)
    drawn = picture(shown, whole(shown) or [], lambda *_: "a name that is too long to be shown whole", ascii_only=True)
    assert "".join(drawn.lines).isascii()


def test_nothing_is_an_empty_picture() -> None:
    assert picture(view(of_edges(0, [])), []) == Picture((), {})
