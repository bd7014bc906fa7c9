"""What one sees of a graph: the rows of its open blocks, and the tensors between them.

A folding is the set of the blocks that are open. The lanes change only when the rows do, so both are made once for each
folding and kept by whoever shows them.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ovtui.analysis.graph.blocks import WHOLE, Block, Blocks

_TOO_LONG = 100  # rows that nobody looks over
Folding = frozenset[int]
"""The open blocks. One that lies in a folded block is open when that is opened."""


class Row(NamedTuple):
    """A node, a folded block, or the head of an open one, under which its rows follow."""

    node: int | None
    block: int | None
    depth: int  # blocks around it
    open: bool


class Net(NamedTuple):
    """What leads from one row to the same others: usually one tensor, from a folded block often several."""

    row: int
    consumers: tuple[int, ...]  # rows below, from top to bottom
    tensors: int


class View:
    """The rows of a folding, from top to bottom."""

    def __init__(self, blocks: Blocks, folding: Folding) -> None:
        self.blocks, self.folding = blocks, folding
        self.items: list[int] = []  # of each row: a node, or ~number of a block
        self._row_at = [0] * len(blocks.order)  # of each place
        self._row_of_block: dict[int, int] = {}
        self._lay()
        self.nets = self._nets()

    def __len__(self) -> int:
        return len(self.items)

    def row(self, row: int) -> Row:
        """What there is to see of a row."""
        item = self.items[row]
        if item < 0:
            block = self.blocks.blocks[~item]
            return Row(None, ~item, block.depth, ~item in self.folding)
        return Row(item, None, self.blocks.blocks[self.blocks.block_of[item]].depth + 1, False)

    def row_of(self, node: int) -> int:
        """The row that shows a node: its own, or that of the folded block around it."""
        return self._row_at[self.blocks.place[node]]

    def row_of_block(self, block: int) -> int | None:
        """The row of a block, folded or open; None when it lies in a folded one."""
        return self._row_of_block.get(block)

    def rows_in(self, row: int) -> list[int]:
        """The rows of an open block below its head, without heads in it; any other row alone."""
        if not self.is_head(row):
            return [row]
        block = self.blocks.blocks[~self.items[row]]
        return sorted(set(self._row_at[block.start : block.stop]))

    def is_head(self, row: int) -> bool:
        """Whether the row is the head of an open block, which no tensor leads to."""
        item = self.items[row]
        return item < 0 and ~item in self.folding

    def _lay(self) -> None:
        blocks, place, items, row_at = self.blocks.blocks, self.blocks.place, self.items, self._row_at
        stack = [iter(blocks[WHOLE].children)]
        while stack:
            for item in stack[-1]:
                if item >= 0:
                    row_at[place[item]] = len(items)
                    items.append(item)
                    continue
                block = blocks[~item]
                self._row_of_block[~item] = len(items)
                items.append(item)
                if ~item in self.folding:
                    stack.append(iter(block.children))
                    break
                row_at[block.start : block.stop] = [len(items) - 1] * (block.stop - block.start)
            else:
                stack.pop()

    def _nets(self) -> list[Net]:
        row_at = self._row_at
        found: dict[tuple[int, tuple[int, ...]], int] = {}
        key: tuple[int, tuple[int, ...]]
        for place, tensors in enumerate(self.blocks.column.tensors):
            row = row_at[place]
            for readers in tensors:
                if len(readers) == 1:
                    consumer = row_at[readers[0]]
                    if consumer == row:
                        continue
                    key = (row, (consumer,))
                else:
                    consumers = {row_at[reader] for reader in readers}
                    consumers.discard(row)
                    if not consumers:
                        continue
                    key = (row, tuple(sorted(consumers)))
                found[key] = found.get(key, 0) + 1
        return [Net(row, consumers, tensors) for (row, consumers), tensors in found.items()]


def folded() -> Folding:
    """Nothing open but the graph itself."""
    return frozenset()


def unfolded(blocks: Blocks) -> Folding:
    """Everything open."""
    return frozenset(range(len(blocks.blocks))) - {WHOLE}


def turned(folding: Folding, block: int) -> Folding:
    """With `block` open if it was folded, folded if it was open."""
    return folding ^ {block}


def revealed(blocks: Blocks, folding: Folding, node: int) -> Folding:
    """With all blocks around a node open."""
    return folding.union(blocks.around(node))


def first(blocks: Blocks, rows: int) -> Folding:
    """What to see first: the hottest blocks are opened, one after another, until about `rows` are filled.

    A block that would not fit stays folded, unless more than half of the rows were left empty: even then one that
    repeats the same thing, which its label says in a row, and one that is too long to be looked over.
    """
    shown = len(blocks.blocks[WHOLE].children)
    opened = set()
    closed = [(*_coolness(block), ~child) for child in blocks.blocks[WHOLE].children if child < 0
              for block in (blocks.blocks[~child],)]  # fmt: skip
    heapify(closed)
    while closed:
        block = blocks.blocks[heappop(closed)[-1]]
        fits = shown + len(block.children) <= rows
        if not fits and (2 * shown >= rows or block.copies or len(block.children) > _TOO_LONG):
            continue
        opened.add(block.number)
        shown += len(block.children)
        for child in block.children:
            if child < 0:
                heappush(closed, (*_coolness(blocks.blocks[~child]), ~child))
    return frozenset(opened)


def _coolness(block: Block) -> tuple[float, int, int]:
    """Sorts the hottest block first: by time, else by arithmetic, else by size."""
    return -(block.time_us or 0.0), -(block.flops or 0), -block.nodes
