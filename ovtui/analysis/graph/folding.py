"""What a graph looks like folded one way: its rows and lanes, and each row as text, made when it is seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from heapq import nlargest
from typing import NamedTuple

from ovtui import formatting
from ovtui.analysis import precisions
from ovtui.analysis.graph import boxes, drawing
from ovtui.analysis.graph.blocks import Block, Blocks
from ovtui.analysis.graph.critical import Critical, critical
from ovtui.analysis.graph.heat import levels
from ovtui.analysis.graph.lanes import Lanes
from ovtui.analysis.graph.model import Graph
from ovtui.analysis.graph.rows import Folding, View, first
from ovtui.sanitize import plain


class Kinds(NamedTuple):
    """What is told of a node beside its name, safe to show; all of it is empty for a block."""

    type: str = ""
    shape: str = ""
    precision: str = ""
    kernel: str = ""


class Shown:
    """A graph with its blocks and what they cost; the folding changes, this does not."""

    def __init__(self, graph: Graph, names: list[str], rows: int) -> None:
        self.graph, self.names = graph, names
        self.blocks = Blocks(graph)
        self.timed = graph.total_us is not None
        costs = [node.time_us if self.timed else node.flops for node in graph.nodes]
        self.costs: list[float] = [float(cost or 0.0) for cost in costs]
        self.total = sum(self.costs)
        self.heat = levels(costs)
        blocks = self.blocks.blocks
        self.block_heat = levels([self.cost_of(block) for block in blocks])
        self.folding: Folding = first(self.blocks, rows)

    def cost_of(self, block: Block) -> float:
        """µs, or FLOPs where there are no times."""
        return float((block.time_us if self.timed else block.flops) or 0.0)

    def hottest(self, block: Block, count: int) -> list[int]:
        """The nodes of a block that cost most; none that cost nothing."""
        inside = self.blocks.order[block.start : block.stop]
        return [node for node in nlargest(count, inside, key=self.costs.__getitem__) if self.costs[node]]

    @cached_property
    def critical(self) -> Critical:
        return critical(self.graph)

    @cached_property
    def on_path(self) -> frozenset[int]:
        return frozenset(self.critical.path)

    def cost_text(self, cost: float) -> str:
        """A time, or an amount of arithmetic; nothing for nothing."""
        if not cost:
            return ""
        return formatting.number(cost) if self.timed else formatting.count(cost).replace(" ", "")


class Drawing:
    """One folding. `ascii_only`: for terminals that show no more."""

    def __init__(self, shown: Shown, *, ascii_only: bool = False) -> None:
        self.shown, self._ascii_only = shown, ascii_only
        self.view = View(shown.blocks, shown.folding)
        self.lanes = Lanes(self.view)
        self.width = drawing.width(self.lanes)
        self.glyphs = drawing.ASCII if ascii_only else drawing.BOX

    def __len__(self) -> int:
        return len(self.view)

    def lane(self, row: int) -> drawing.Drawn:
        """What stands left of a row."""
        return drawing.draw(self.lanes.row(row), self.width, self.glyphs)

    def block(self, row: int) -> Block | None:
        """The block whose row it is."""
        number = self.view.row(row).block
        return None if number is None else self.shown.blocks.blocks[number]

    def node(self, row: int) -> int | None:
        return self.view.row(row).node

    def depth(self, row: int) -> int:
        return self.view.row(row).depth

    def cost(self, row: int) -> float:
        block = self.block(row)
        return self.shown.cost_of(block) if block else self.shown.costs[self.node(row) or 0]

    def heat(self, row: int) -> int:
        """0 to 4. An open block's head is not hot itself: what is in it is seen."""
        block = self.block(row)
        if block is None:
            return self.shown.heat[self.node(row) or 0]
        return 0 if self.view.is_head(row) else self.shown.block_heat[block.number]

    def label(self, row: int) -> str:
        """What a row is called, safe to show."""
        block, node = self.block(row), self.node(row)
        if block is not None:
            return f"{self._fold_mark(open_=self.view.is_head(row))} {_block_label(block)}"
        assert node is not None
        name = self.shown.names[node] or formatting.NOTHING
        around = self.shown.blocks.blocks[self.shown.blocks.block_of[node]].name
        if around and name.startswith(around) and len(name) > len(around):
            name = name[len(around) :].lstrip("/.:") or name
        return plain(name, 400)

    def _fold_mark(self, *, open_: bool) -> str:
        if self._ascii_only:
            return "-" if open_ else "+"
        return "▾" if open_ else "▸"

    @cached_property
    def most(self) -> float:
        """What the costliest row takes: the whole of a bar. What is in an open block has rows of its own."""
        shown, open_ = self.shown, self.view.folding
        return max(
            (
                shown.costs[item] if item >= 0 else shown.cost_of(shown.blocks.blocks[~item])
                for item in self.view.items
                if item >= 0 or ~item not in open_
            ),
            default=0.0,
        )

    def bar(self, row: int, width: int) -> str:
        """How much of the costliest row's cost it has; nothing for the head of an open block."""
        if self.view.is_head(row) or not self.most:
            return ""
        return formatting.bar(self.cost(row) / self.most, width, coarse=self._ascii_only)

    @cached_property
    def row_heat(self) -> list[int]:
        """Of all rows: for the map beside them."""
        return [self.heat(row) for row in range(len(self))]

    def boxes(self, row: int, told: Callable[[int], str]) -> boxes.Picture:
        """The whole graph if it is small, else what is around a row. `told`: a word more on a row, or nothing."""
        rows = boxes.whole(self.view)
        if rows is None or len(rows) > _WHOLE:
            rows = boxes.neighbourhood(self.view, row, _AROUND)
        return boxes.picture(self.view, rows, lambda _, at: self._told(at, told(at)), ascii_only=self._ascii_only)

    def _told(self, row: int, word: str) -> str:
        rest = [text for text in (word, self.shown.cost_text(self.cost(row))) if text]
        label = self.label(row)
        if word:  # a name loses its middle rather than the word
            label = plain(label, max(_SHORTEST, boxes.WIDEST - sum(len(text) + 2 for text in rest)))
        return "  ".join((label, *rest))

    def kinds(self, row: int) -> Kinds:
        node = self.node(row)
        if node is None:
            return Kinds()
        found = self.shown.graph.nodes[node]
        return Kinds(
            plain(found.type, 40),
            formatting.shape(found.shape) if found.outputs else "",
            plain(precisions.normal(found.precision) or "", 20),
            plain(found.kernel or "", 40),
        )


_WHOLE, _AROUND = 30, 14
_SHORTEST = 8  # characters of a name in a box


def _block_label(block: Block) -> str:
    """`Mixed_3b  8`, `layer  ×12  96`; safe to show."""
    text = plain(block.label, 200)
    if block.part:
        text += f" ({block.part[0]}/{block.part[1]})"
    if block.copies:
        text += f"  ×{block.copies}"
    text += f"  {block.nodes:,}"
    if block.twins > 1:
        text += f"  1 of {block.twins} alike"
    if block.slower:
        text += f"  ! {block.slower:.1f}× its like"
    return text
