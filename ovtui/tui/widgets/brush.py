"""What a row of a graph looks like: its colour, and what makes its name stand out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rich.style import Style

from ovtui.analysis import precisions
from ovtui.analysis.graph.folding import Drawing
from ovtui.tui.widgets.cells import fitted

Colours = Literal["heat", "precision", "type"]
WAYS: tuple[Colours, ...] = ("heat", "precision", "type")

_OF_TYPES = ("lane0", "heat2", "lane1", "heat3", "heat1", "lane2")


@dataclass
class Brush:
    """`look` gives a component class of the view as a style to lay over another one."""

    look: Callable[[str], Style]
    colours: Colours = "heat"
    with_path: bool = False  # mark the critical path
    found: frozenset[int] = frozenset()  # nodes, by a search
    linked: frozenset[int] = frozenset()  # nodes, of what was selected in another graph
    _types: dict[str, int] = field(default_factory=dict)

    def turn(self) -> None:
        """Colour by the next of what there is."""
        self.colours = WAYS[(WAYS.index(self.colours) + 1) % len(WAYS)]

    def colour(self, drawn: Drawing, row: int) -> Style:
        """By heat, precision or type; a block's is always its heat."""
        node = drawn.node(row)
        if self.colours == "heat" or node is None:
            return self.look(f"heat{drawn.heat(row)}")
        seen = drawn.shown.graph.nodes[node]
        if self.colours == "precision":
            name = precisions.normal(seen.precision)
            look = "lane1" if name in precisions.NARROW else "heat2" if name == "f32" else "lane0"
            return self.look(look if name else "dim")
        return self.look(_OF_TYPES[self._types.setdefault(seen.type, len(self._types)) % len(_OF_TYPES)])

    def told(self, drawn: Drawing, row: int) -> str:
        """What the colour of a node says, in a word; nothing of heat, beside which figures stand.

        Safe to show, in at most `told_width` cells.
        """
        kinds = drawn.kinds(row)
        word = {"heat": "", "precision": kinds.precision, "type": kinds.type}[self.colours]
        return fitted(word, self.told_width, right=False).rstrip()

    @property
    def told_width(self) -> int:
        """Cells that such a word takes at the most."""
        return {"heat": 0, "precision": 5, "type": 12}[self.colours]

    def marks(self, drawn: Drawing, row: int) -> Style:
        """What makes a node's name stand out."""
        node, style = drawn.node(row), Style.null()
        if node is None:
            return style
        if node in self.linked:
            style += self.look("linked")
        if self.with_path and node in drawn.shown.on_path:
            style += self.look("path")
        if node in self.found:
            style += self.look("found")
        return style

    def cursor(self, *, focused: bool) -> Style:
        """Of the row of the cursor."""
        return self.look("cursor" if focused else "resting")
