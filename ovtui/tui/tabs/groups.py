"""Precision and Kernels: layers put together, what they share, and what is slow for no good reason."""

from __future__ import annotations

from typing import ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from ovtui import formatting
from ovtui.analysis import kernels, transitions
from ovtui.analysis.layer_groups import Group, groups
from ovtui.sanitize import plain
from ovtui.tui.profile_view import ProfileView
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.tabs.layers import group_cells
from ovtui.tui.widgets.cells import Cell, Column, ListedRows, fitted
from ovtui.tui.widgets.table import Table

_COLUMNS = (
    Column("time", "TIME µs", 10, right=True),
    Column("share", "SHARE", 6, right=True),
    Column("bar", "", 12, spare=1),
    Column("layers", "LAYERS", 7, right=True),
    Column("gflops", "GFLOP/S", 8, right=True, spare=2),
)


_TABLE_LINES = 7  # of the precisions
_CAUSE, _NAME = 18, 80  # cells


class Grouped(Message):
    """Enter on a group: show its layers."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.group = group


class _Groups(Vertical):
    """A table of groups, and something below it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy", show=False)]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._found: list[Group] = []

    def explain(self, why: str) -> None:
        """Say why there are none."""
        self.query_one(Table).display = False
        self.query_one(Static).update(Text(why))

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        self.post_message(Grouped(self._found[int(event.key)]))

    def on_table_moved(self, event: Table.Moved) -> None:
        event.stop()

    def action_copy(self) -> None:
        lines = [
            "\t".join(cell.text for key, cell in group_cells(group, 1.0).items() if key != "bar")
            for group in self._found
        ]
        cast(OvtuiScreen, self.screen).ovtui.copy("\n".join(lines), "the table")

    def back(self) -> bool:
        """There is nothing to leave."""
        return False


class PrecisionTab(_Groups):
    """What is computed in which precision, where it changes, and what the changes cost."""

    DEFAULT_CSS = """
    PrecisionTab { height: 1fr; }
    PrecisionTab > Table { height: auto; max-height: 7; max-width: 100; }
    PrecisionTab > #transitions { height: 1fr; padding: 1 1 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    _seen: ProfileView | None = None

    def compose(self) -> ComposeResult:
        yield Table((Column("name", "PRECISION", 12, grows=True), *_COLUMNS), id="precision-table")
        yield Static(id="transitions")

    def show(self, seen: ProfileView) -> None:
        """Show these layers from now on."""
        self._found = groups(seen.profile, "precision")
        most = max((group.share or 0.0 for group in self._found), default=0.0)
        rows = [(str(i), group_cells(group, most)) for i, group in enumerate(self._found)]
        self.query_one(Table).show(ListedRows(rows))
        self._seen = seen
        self._tell()

    def on_resize(self) -> None:
        self._tell()

    def _tell(self) -> None:
        if self._seen is not None:
            lines = self.size.height - min(_TABLE_LINES, len(self._found) + 1) - 1
            self.query_one("#transitions", Static).update(_transitions(self._seen, self.size.width - 2, lines))


def _transitions(seen: ProfileView, width: int, lines: int) -> Text:
    """The matrix, the conversions by their causes, and as many of them one by one as there are lines for."""
    matrix = transitions.transitions(seen.profile)
    text = Text()
    if matrix.precisions:
        text.append("Edges from a precision (row) to another (column), along the executed graph\n", style="bold")
        titles = {name: plain(name, 20) for name in matrix.precisions}
        room = max(5, *map(len, titles.values())) + 2
        text.append(" " * room + "".join(f"{title:>{room}}" for title in titles.values()) + "\n", style="dim")
        for row in matrix.precisions:
            text.append(f"{titles[row]:<{room}}", style="dim")
            for column in matrix.precisions:
                cell = matrix.cells.get((row, column))
                style = "bold" if cell and row != column else ""
                text.append(f"{cell.edges if cell else '·':>{room}}", style=style)
            text.append("\n")
    found = transitions.conversions(seen.profile)
    causes = transitions.causes(found)
    if not causes:
        text.append("\nNo layer converts its values." if matrix.precisions else "No layer converts its values.")
        return text
    total = sum(cause.time_us or 0.0 for cause in causes)
    text.append(f"\nConversions: {formatting.number(total)} µs\n", style="bold")
    for cause in causes[:8]:
        figures = f"  {formatting.plural(cause.layers, 'layer'):>12}  {formatting.number(cause.time_us):>8} µs  "
        text.append(fitted(plain(cause.cause), _CAUSE, right=False)).append(figures, style="dim")
        text.append(f"{formatting.percent(cause.share):>6}\n")
    islands = transitions.islands(seen.profile)
    for island in islands[:3]:
        names = ", ".join(seen.called(place, 40) for place in island.places[:3])
        text.append(f"In floating point between quantized layers: {names}", style="bold")
        text.append(f"  {formatting.number(island.time_us)} µs with its conversions\n", style="dim")
    left = lines - str(text).count("\n") - 2
    if left > 0:
        text.append("\nOne by one\n", style="bold")
    for each in found[:left] if left > 0 else ():
        figures = f"  {'fused' if each.fused else '':<5}  {formatting.number(each.time_us):>8} µs  "
        share = f"{formatting.percent(each.share):>6}  "
        name = max(10, min(_NAME, width - _CAUSE - len(figures) - len(share)))
        text.append(fitted(plain(each.cause), _CAUSE, right=False)).append(figures, style="dim").append(share)
        text.append(fitted(seen.called(each.place, 400), name, right=False).rstrip() + "\n")
    return text


class KernelsTab(_Groups):
    """Which of the device's kernels the time goes to."""

    DEFAULT_CSS = """
    KernelsTab { height: 1fr; }
    KernelsTab > Table { height: 1fr; max-width: 100; }
    KernelsTab > #kernel-words { height: auto; max-height: 3; padding: 0 1; color: $dim; }
    KernelsTab > #kernel-words.slow { color: $warning; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="kernel-words")
        yield Table((Column("name", "KERNEL", 16, grows=True), *_COLUMNS), id="kernel-table")

    def show(self, seen: ProfileView) -> None:
        """Show these layers from now on."""
        self._found = groups(seen.profile, "kernel")
        most = max((group.share or 0.0 for group in self._found), default=0.0)
        rows = []
        slow = frozenset(kernels.slow_paths(seen.profile.layers, seen.columns.roofs))
        share = sum(seen.row_at[place].share or 0.0 for place in slow)
        for index, group in enumerate(self._found):
            cells = group_cells(group, most)
            if not slow.isdisjoint(group.places):
                cells["name"] = Cell(f"! {plain(group.name, 200)}", "warning")
            rows.append((str(index), cells))
        self.query_one(Table).show(ListedRows(rows))
        text = "No reference kernel loses time."
        if slow:
            text = f"Reference kernels (!), right rather than quick, take {formatting.percent(share)} of the time."
        line = self.query_one("#kernel-words", Static)
        line.set_class(bool(slow), "slow")
        line.update(Text(text))
