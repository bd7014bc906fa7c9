"""Lanes: a drawing that is traced back into edges shows the graph's edges, and no others."""

from __future__ import annotations

import random

import pytest
from graph_samples import Net, chain, densenet, inception, of_edges, transformer, unet
from hypothesis import given
from hypothesis import strategies as st
from lane_tracing import check, drawn, edges, labelled, traced

from ovtui.analysis.graph import drawing, rows
from ovtui.analysis.graph.blocks import Blocks
from ovtui.analysis.graph.drawing import ASCII, BLANK, BOX, LABEL, NODE, draw, width
from ovtui.analysis.graph.lanes import MOST, Lanes
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.rows import View

NETS = {
    "inception": inception(3),
    "densenet": densenet(40),
    "unet": unet(4),
    "transformer": transformer(12),
    "transformer without names": transformer(12, named=False),
    "chain": chain(200),
}


def view(graph: Graph) -> View:
    """Everything open."""
    blocks = Blocks(graph)
    return View(blocks, rows.unfolded(blocks))


def picture(graph: Graph) -> list[str]:
    return [line.rstrip() for line in drawn(Lanes(view(graph)))]


# The proof


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("seed", range(4))
def test_the_drawing_of_a_known_net_shows_its_edges(name: str, seed: int) -> None:
    blocks = Blocks(NETS[name].graph())
    spread = random.Random(seed)
    some = frozenset(block for block in range(1, len(blocks.blocks)) if spread.random() < 0.6)
    for folding in (rows.folded(), rows.first(blocks, 24), some, rows.unfolded(blocks)):
        check(View(blocks, folding))


def test_the_drawing_of_a_chain_of_5000_nodes_shows_its_edges() -> None:
    blocks = Blocks(chain(5000).graph())
    for folding in (rows.folded(), rows.first(blocks, 24), rows.unfolded(blocks)):
        check(View(blocks, folding))


_DAGS = st.integers(1, 40).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda edge: edge[0] < edge[1])),
        st.lists(st.sampled_from(["", "a/", "a/b/", "a/c/", "d.", "d.0.", "d.1."]), min_size=count, max_size=count),
        st.sets(st.integers(1, 20)),
    )
)


@given(_DAGS, st.sampled_from([1, 3, 24]), st.sampled_from([1, 2, 3, MOST]))
def test_the_drawing_of_any_graph_shows_its_edges(
    dag: tuple[int, set[tuple[int, int]], list[str], set[int]], reach: int, most: int
) -> None:
    count, pairs, scopes, opened = dag
    names = [f"{scope}n{number}" for number, scope in enumerate(scopes)]
    shown = View(Blocks(of_edges(count, pairs, names=names)), frozenset(opened))
    check(shown, Lanes(shown, reach, most))


@given(st.integers(20, 150), st.integers(1, 9), st.integers(0, 10_000))
def test_the_drawing_of_a_large_random_graph_shows_its_edges(count: int, spread: int, seed: int) -> None:
    pick = random.Random(seed)
    pairs = {(max(0, node - 1 - int(pick.expovariate(1 / spread))), node) for node in range(1, count) for _ in (1, 2)}
    check(view(of_edges(count, pairs)))


@given(st.integers(5, 40), st.integers(1, 3), st.integers(1, 4), st.integers(0, 10_000))
def test_the_drawing_of_buses_with_too_few_columns_shows_the_edges(count: int, step: int, most: int, seed: int) -> None:
    pick = random.Random(seed)
    dense = range(pick.randrange(count), count, step)
    pairs = {(a, b) for a in dense for b in dense if a < b}
    pairs |= {(node - 1 - pick.randrange(min(node, 4)), node) for node in range(1, count)}
    shown = view(of_edges(count, pairs))
    check(shown, Lanes(shown, reach=100, most=most))


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2), st.integers(0, 11)), max_size=30))
def test_nodes_of_several_outputs_are_drawn_right(triples: list[tuple[int, int, int]]) -> None:
    net = Net()
    for node in range(12):
        net.add("Split", *[(source, port) for source, port, target in triples if target == node > source])
    check(view(net.graph()))


def test_an_output_beside_one_that_joins_a_bus_has_its_own_lane() -> None:
    net = Net()
    x = net.add("Input")
    split = net.add("Split", net.add("Relu", x))
    first = net.add("Add", x, (split, 0))
    net.add("Add", x, (split, 0), first)
    net.add("Relu", (split, 1))
    check(view(net.graph()))
    assert picture(net.graph()) == [
        "○───╮",
        "●   │",
        "●─┬▸║",
        "○─│─╢",
        "●─│─╜",
        "○─╯",
    ]  # fmt: skip


# How it looks


def test_a_chain_is_one_straight_line() -> None:
    assert picture(chain(4).graph()) == ["○", "●", "●", "●"]


def test_a_residual_connection_runs_beside_the_main_chain() -> None:
    assert picture(of_edges(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3)])) == [
        "○─╮",
        "● │",
        "● │",
        "●─╯",
        "●",
    ]  # fmt: skip


def test_a_tensor_is_one_lane_however_many_read_it() -> None:
    assert picture(of_edges(6, [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (2, 5), (3, 5), (4, 5)])) == [
        "○─────╮",
        "●     │",
        "│   ○─┤",
        "│ ○─│─┤",
        "│ │ │ ●",
        "●─┴─┴─╯",
    ]  # fmt: skip


def test_a_lane_is_crossed_unbroken() -> None:
    lines = picture(of_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 3), (1, 4)]))
    assert any("─│─" in line for line in lines)


def test_a_dense_block_has_one_bus() -> None:
    lanes = Lanes(view(densenet(40).graph()))
    assert lanes.columns == 2
    assert not lanes.labelled


def test_a_tensor_that_joins_a_bus_is_marked_by_an_arrow() -> None:
    lines = picture(densenet(3).graph())
    assert "●▸║" in lines
    assert "○─╢" in lines


def test_a_mask_that_feeds_every_layer_has_labels() -> None:
    shown = view(transformer(12).graph())
    lanes = Lanes(shown)
    mask = next(node.number for node in shown.blocks.graph.nodes if node.name.startswith("Multiply_7"))
    readers = {row for row in range(len(shown)) if shown.row_of(mask) in lanes.row(row).sources}
    assert len(readers) == len(lanes.row(shown.row_of(mask)).targets) == 12


def test_what_is_far_away_has_a_label() -> None:
    far = of_edges(40, [(node, node + 1) for node in range(39)] + [(0, 39), (0, 5)])
    lanes = Lanes(View(Blocks(far), rows.folded()))
    assert labelled(lanes) == {(0, 39)}
    assert (0, 5) in traced(drawn(lanes), lanes.columns)


@pytest.mark.parametrize("many", [30, 300])
def test_the_width_is_bounded(many: int) -> None:
    wide = of_edges(2 * many, [(node, many + (node * 7) % many) for node in range(many)])
    lanes = Lanes(view(wide), reach=1000)
    assert lanes.columns <= MOST + 1
    assert width(lanes) <= 2 * MOST + 4
    assert lanes.labelled
    check(view(wide), lanes)


def test_every_line_is_equally_wide() -> None:
    for net in NETS.values():
        lanes = Lanes(view(net.graph()))
        assert {len(line) for line in drawn(lanes)} == {width(lanes)}


def test_heads_of_open_blocks_are_passed_by() -> None:
    shown = view(inception(1).graph())
    lanes = Lanes(shown)
    head = next(row for row in range(len(shown)) if shown.is_head(row))
    assert lanes.row(head).seat == -1
    assert set(drawn(lanes)[head]) <= set("│║ ")


def test_ascii_is_ascii() -> None:
    for net in NETS.values():
        assert "".join(drawn(Lanes(view(net.graph())), ASCII)).isascii()


# What each character belongs to


def test_each_character_tells_its_lane() -> None:
    lanes = Lanes(view(of_edges(4, [(0, 1), (1, 2), (2, 3), (0, 3)])))
    line = draw(lanes.row(0), width(lanes))
    assert line.text == "○─╮"
    assert line.lanes[0] == NODE
    assert line.lanes[1] == line.lanes[2]
    assert lanes.nets[line.lanes[2]].row == 0
    assert lanes.nets[draw(lanes.row(1), width(lanes)).lanes[2]].consumers == (1, 3)


def test_blanks_and_labels_belong_to_no_lane() -> None:
    lanes = Lanes(view(of_edges(40, [(node, node + 1) for node in range(39)] + [(0, 39)])))
    line = draw(lanes.row(0), width(lanes))
    assert line.text == "○  ↓"
    assert line.lanes == (NODE, BLANK, BLANK, LABEL)


def test_an_empty_graph_has_no_lanes() -> None:
    lanes = Lanes(view(of_edges(0, [])))
    assert (lanes.rows, lanes.columns, width(lanes)) == (0, 0, 0)


def test_both_sets_of_glyphs_say_the_same() -> None:
    lanes = Lanes(view(unet(3).graph()))
    assert traced(drawn(lanes, ASCII), lanes.columns, ASCII) == traced(drawn(lanes), lanes.columns)


def test_the_tracer_finds_what_is_missing() -> None:
    shown = view(of_edges(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3)]))
    lines = drawn(Lanes(shown))
    assert traced(lines, 2) == edges(shown)
    assert traced([*lines[:3], "●─╯", "○  "], 2) != edges(shown)
    with pytest.raises(AssertionError):
        traced([lines[0], "●  ", *lines[2:]], 2)


def test_box_and_ascii_have_a_glyph_for_everything() -> None:
    assert [len(part) for part in drawing.BOX] == [len(part) for part in drawing.ASCII]
    assert BOX is drawing.BOX
