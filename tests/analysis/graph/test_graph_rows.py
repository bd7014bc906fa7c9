"""Foldings: which rows there are, what opens first, how to get to a node."""

from __future__ import annotations

import pytest
from graph_samples import Net, chain, inception, of_edges, transformer
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph import rows
from ovtui.analysis.graph.blocks import Blocks
from ovtui.analysis.graph.rows import Net as Tensors
from ovtui.analysis.graph.rows import View

INCEPTION = Blocks(inception(3).graph())
TRANSFORMER = Blocks(transformer(12).graph())


def block(blocks: Blocks, label: str) -> int:
    return next(block.number for block in blocks.blocks if block.label == label)


def node(blocks: Blocks, name: str) -> int:
    return next(node.number for node in blocks.graph.nodes if node.name == name)


def text(view: View) -> list[str]:
    found = []
    for number in range(len(view)):
        row = view.row(number)
        if row.node is not None:
            said = view.blocks.graph.nodes[row.node].name.rsplit("/", 1)[-1]
        else:
            assert row.block is not None
            said = ("▾ " if row.open else "▸ ") + view.blocks.blocks[row.block].label
        found.append("  " * row.depth + said)
    return found


# Rows


def test_folded_a_block_is_one_row() -> None:
    assert text(View(INCEPTION, rows.folded())) == ["input", "▸ Mixed_0", "▸ Mixed_1", "▸ Mixed_2", "output"]


def test_open_it_has_a_head_and_its_rows_below() -> None:
    opened = rows.turned(rows.folded(), block(INCEPTION, "Mixed_1"))
    assert text(View(INCEPTION, opened)) == [
        "input",
        "▸ Mixed_0",
        "▾ Mixed_1",
        "  Conv2d",
        "  Convolution_11",
        "  Convolution_12",
        "  ▸ Branch_2",
        "  MaxPool_16",
        "  Convolution_17",
        "  concat",
        "▸ Mixed_2",
        "output",
    ]


def test_turning_twice_changes_nothing() -> None:
    opened = rows.first(INCEPTION, 24)
    assert rows.turned(rows.turned(opened, 1), 1) == opened


def test_unfolded_every_node_has_its_row() -> None:
    view = View(INCEPTION, rows.unfolded(INCEPTION))
    assert len(view) == len(INCEPTION.graph) + len(INCEPTION.blocks) - 1
    assert [view.row(view.row_of(node)).node for node in range(len(INCEPTION.graph))] == list(
        range(len(INCEPTION.graph))
    )


def test_what_is_open_in_a_folded_block_is_seen_when_that_is_opened() -> None:
    opened = rows.unfolded(INCEPTION)
    outer = block(INCEPTION, "Mixed_0")
    folded = rows.turned(opened, outer)
    assert "▸ Mixed_0" in text(View(INCEPTION, folded))
    assert text(View(INCEPTION, rows.turned(folded, outer))) == text(View(INCEPTION, opened))


def test_a_node_in_a_folded_block_is_shown_by_its_row() -> None:
    view = View(INCEPTION, rows.folded())
    assert view.row_of(node(INCEPTION, "Inception/Mixed_1/concat")) == 2
    assert view.row_of_block(block(INCEPTION, "Mixed_1")) == 2
    assert view.row_of_block(block(INCEPTION, "Branch_2")) is None


def test_a_node_is_revealed_by_opening_all_around_it() -> None:
    hidden = node(INCEPTION, "Inception/Mixed_1/Branch_2/Convolution_13")
    view = View(INCEPTION, rows.revealed(INCEPTION, rows.folded(), hidden))
    assert view.row(view.row_of(hidden)).node == hidden
    assert [line for line in text(view) if "▾" in line] == ["▾ Mixed_1", "  ▾ Branch_2"]


def test_the_rows_in_an_open_block_are_found() -> None:
    opened = rows.turned(rows.folded(), block(INCEPTION, "Mixed_0"))
    view = View(INCEPTION, opened)
    assert view.rows_in(1) == [2, 3, 4, 5, 6, 7, 8]
    assert view.rows_in(2) == [2]


def test_an_empty_graph_has_no_rows() -> None:
    empty = Blocks(of_edges(0, []))
    assert len(View(empty, rows.first(empty, 20))) == 0


# Tensors


def test_tensors_inside_of_a_folded_block_are_not_seen() -> None:
    assert View(INCEPTION, rows.folded()).nets == [Tensors(row, (row + 1,), 1) for row in range(4)]


def test_tensors_with_the_same_ends_are_told_together() -> None:
    net = Net()
    split = net.add("Split", net.add("Input"))
    net.add("Add", (split, 0), (split, 1), (split, 2))
    assert View(Blocks(net.graph()), rows.folded()).nets == [Tensors(0, (1,), 1), Tensors(1, (2,), 3)]


def test_a_tensor_tells_each_row_that_reads_it_once() -> None:
    net = Net()
    x = net.add("Input")
    net.add("Concat", net.add("Relu", x, x), x)
    assert View(Blocks(net.graph()), rows.folded()).nets == [Tensors(0, (1, 2), 1), Tensors(1, (2,), 1)]


@given(st.sets(st.integers(1, 60)))
def test_tensors_lead_down_whatever_is_folded(opened: set[int]) -> None:
    for blocks in (INCEPTION, TRANSFORMER):
        view = View(blocks, frozenset(opened))
        assert all(net.row < net.consumers[0] and list(net.consumers) == sorted(net.consumers) for net in view.nets)
        heads = {row for row in range(len(view)) if view.is_head(row)}
        assert not any({net.row, *net.consumers} & heads for net in view.nets)
        assert [net.row for net in view.nets] == sorted(net.row for net in view.nets)


# The first screen


@pytest.mark.parametrize("height", [1, 10, 24, 50, 1000])
def test_the_first_screen_is_filled_and_not_overfilled(height: int) -> None:
    for blocks in (INCEPTION, TRANSFORMER):
        shown = len(View(blocks, rows.first(blocks, height)))
        least = len(View(blocks, rows.folded()))
        assert shown <= max(height, least) or 2 * least < height
        assert shown >= min(height, len(View(blocks, rows.unfolded(blocks)))) / 2


def test_the_hottest_block_opens_first() -> None:
    net = inception(3)
    net.times = [9.0 if "Mixed_1" in name else 1.0 for name in net.names]
    blocks = Blocks(net.graph())
    assert [blocks.blocks[block].label for block in rows.first(blocks, 12)] == ["Mixed_1"]


def test_without_times_arithmetic_decides() -> None:
    net = inception(3)
    net.times = [None] * len(net.times)
    assert len(rows.first(Blocks(net.graph()), 20)) == 2


def test_a_block_that_would_not_fit_stays_folded() -> None:
    blocks = Blocks(chain(5000).graph())
    assert len(View(blocks, rows.first(blocks, 3))) == len(View(blocks, rows.folded()))


def test_a_screen_that_would_be_mostly_empty_is_filled_all_the_same() -> None:
    net, node = Net(), 0
    for width in range(1000):
        node = net.add("Relu", *([node] if width else []), shape=(1, width + 1))
    blocks = Blocks(net.graph())
    assert len(View(blocks, rows.first(blocks, 24))) > 24


def test_what_only_repeats_itself_stays_folded_where_it_does_not_fit() -> None:
    net = Net()
    node = net.add("Input")
    for layer in range(248):
        node = net.chain(node, "FullyConnected", "Add", "Relu", scope=f"layers.{layer}.")
    net.add("Output", node)
    blocks = Blocks(net.graph())
    view = View(blocks, rows.first(blocks, 40))
    assert len(view) == 3
    assert blocks.blocks[view.row(1).block or 0].copies == 248
    assert len(View(blocks, rows.first(blocks, 300))) > 250  # where it fits, it is opened
