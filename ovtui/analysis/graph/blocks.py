"""The hierarchy of a graph: blocks in blocks, each one run of rows, with what it costs and which others are like it.

The folded graph leads down only, whichever blocks are folded: see `nesting` and `structure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from ovtui.analysis.graph import drafts
from ovtui.analysis.graph.drafts import Draft, Item
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.nesting import nested
from ovtui.analysis.graph.scopes import paths
from ovtui.analysis.graph.stretches import Column
from ovtui.analysis.graph.structure import structured

WHOLE = 0
"""The number of the block that is the graph itself."""
SLOW = 1.5
"""So many times the median of its twins makes a block an outlier."""
_TWINS_TO_JUDGE = 3
_WORTH_SHOWING = 1e-3  # of the whole time, lost by an outlier

_Amount = TypeVar("_Amount", int, float)


class Block(NamedTuple):
    """Nodes that can be folded into one row. `children`, from top to bottom: a node's number, or ~number of a block."""

    number: int
    name: str | None  # as the file has it; None for a block that was found by structure
    label: str  # the end of its name, or the types it goes from and to; raw
    parent: int  # −1 for the whole
    depth: int  # 0 for the outermost that is a row
    start: int  # its run of places
    stop: int
    children: tuple[int, ...]
    part: tuple[int, int] | None  # (1, 3): the first of three pieces of a scope that a path leaves and enters again
    copies: int  # equal blocks one after another, if it holds nothing else; else 0
    time_us: float | None  # sum of its nodes; None when no time is known
    flops: int | None
    twins: int = 1  # blocks of the same structure and shapes, itself included
    slower: float | None = None  # over the median of its twins, if that is worth showing

    @property
    def nodes(self) -> int:
        """How many are in it."""
        return self.stop - self.start


class Blocks:
    """A graph's nodes from top to bottom, and its blocks: `blocks[WHOLE]`, then each before those in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        items = nested(graph, paths(graph))
        self.column = Column(graph, [*drafts.nodes(items)])
        self.order = self.column.order  # the node at each place
        self.place = self.column.place  # the place of each node
        self.blocks: list[Block] = []
        self.block_of: list[int] = [WHOLE] * len(graph)  # the innermost block of each node
        self._twins: dict[int, list[int]] = {}  # by signature
        self._number(structured(graph, items, self.column))
        self._compare()

    def twins(self, block: int) -> Sequence[int]:
        """The blocks of the same structure and shapes, itself included, from top to bottom."""
        found = self.blocks[block]
        return self._twins[self.column.signature(found.start, found.stop)]

    def around(self, node: int) -> list[int]:
        """The blocks that a node is in, outermost first, without the whole."""
        found = []
        block = self.block_of[node]
        while block != WHOLE:
            found.append(block)
            block = self.blocks[block].parent
        return found[::-1]

    def _number(self, items: list[Item]) -> None:
        """Give every draft its number, its parent and its run, and make the blocks."""
        found: list[_Numbered] = []
        stack = [(Draft(None, "", items, len(self.graph)), -1, -1, 0)]
        while stack:
            draft, parent, depth, start = stack.pop()
            number = len(found)
            if parent >= 0:
                found[parent].blocks.append(~number)
            found.append(_Numbered(draft, parent, depth, start, []))
            inside = []
            for item in draft.items:
                if isinstance(item, Draft):
                    inside.append((item, number, depth + 1, start))
                    start += item.size
                else:
                    self.block_of[item] = number
                    start += 1
            stack += reversed(inside)
        nodes = [self.graph.nodes[node] for node in self.order]
        times, flops = [node.time_us for node in nodes], [node.flops for node in nodes]
        for number, (draft, parent, depth, start, inner) in enumerate(found):
            stop, blocks = start + draft.size, iter(inner)
            self.blocks.append(
                Block(
                    number,
                    draft.name,
                    draft.label,
                    parent,
                    depth,
                    start,
                    stop,
                    tuple([next(blocks) if isinstance(item, Draft) else item for item in draft.items]),
                    draft.part,
                    draft.copies,
                    _sum(times[start:stop]),
                    _sum(flops[start:stop]),
                )
            )

    def _compare(self) -> None:
        """Find each block's twins, and those that are slower than theirs."""
        for block in self.blocks:
            self._twins.setdefault(self.column.signature(block.start, block.stop), []).append(block.number)
        lost = _WORTH_SHOWING * (self.graph.total_us or 0.0)
        for twins in self._twins.values():
            times = [time for twin in twins if (time := self.blocks[twin].time_us) is not None]
            usual = _median(times) if len(times) >= _TWINS_TO_JUDGE else 0.0
            for twin in twins:
                time = self.blocks[twin].time_us or 0.0
                slow = usual and time > SLOW * usual and time - usual >= lost
                self.blocks[twin] = self.blocks[twin]._replace(twins=len(twins), slower=time / usual if slow else None)


class _Numbered(NamedTuple):
    draft: Draft
    parent: int
    depth: int
    start: int
    blocks: list[int]  # those directly in it, from top to bottom, as ~number


def _sum(values: Sequence[_Amount | None]) -> _Amount | None:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
