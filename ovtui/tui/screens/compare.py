"""Two recorded runs beside each other."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ovtui.analysis.side_by_side import CAUTION, differences, lines
from ovtui.text import plain
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.table import Table


class CompareScreen(OvtuiScreen):
    """Run A and run B: what was different, then figure by figure."""

    HELP = "Two runs as they were recorded, B over A on the right. Enter opens the run that was marked second."
    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy"), Binding("x", "swap", "Swap A and B")]

    def __init__(self, a: str, b: str) -> None:
        super().__init__()
        self._ids = a, b

    def compose(self) -> ComposeResult:
        yield Static(Text("Two runs", style="bold"), id="top")
        yield Static(id="differences", classes="problem")
        columns = (Column("title", "", 20), Column("a", "A", 18, grows=True), Column("b", "B", 18, grows=True),
                   Column("ratio", "B / A", 8, right=True))  # fmt: skip
        yield Table(columns)
        yield Static(CAUTION, classes="note")
        yield KeyLine()

    def on_mount(self) -> None:
        self._fill()
        self.query_one(Table).focus()

    def _fill(self) -> None:
        runs = [self.ovtui.store.runs.get(run_id) for run_id in self._ids]
        a, b = runs
        if a is None or b is None:
            self.ovtui.tell("One of the runs has been deleted.", "warning")
            self.call_later(self.leave)
            return
        said = self.query_one("#differences", Static)
        said.update(Text("\n".join(plain(sentence) for sentence in differences(a, b))))
        said.display = bool(differences(a, b))
        self._lines = lines(a, b)
        self.query_one(Table).show(
            ListedRows(
                [
                    (line.title, {
                        "title": Cell(line.title, "dim"), "a": Cell(plain(line.a)), "b": Cell(plain(line.b)),
                        "ratio": Cell("" if line.ratio is None else f"{line.ratio:.3f}"),
                    })
                    for line in self._lines
                ]
            )
        )  # fmt: skip

    def action_swap(self) -> None:
        self._ids = self._ids[1], self._ids[0]
        self._fill()

    def action_copy(self) -> None:
        rows = [f"{line.title}\t{plain(line.a)}\t{plain(line.b)}\t{line.ratio or ''}" for line in self._lines]
        self.ovtui.copy("\n".join(["\tA\tB\tB / A", *rows]), "the comparison")

    def on_table_opened(self, event: Table.Opened) -> None:
        self.ovtui.open_run(self._ids[1])
