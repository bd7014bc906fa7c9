"""Which columns a table shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.table import Table


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """The keys of those that are hidden; None when nothing was chosen."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("enter,v", "take", "Take", priority=True),
        Binding("space", "tick", "Tick"),
    ]

    def __init__(self, columns: Sequence[Column], hidden: Sequence[str]) -> None:
        super().__init__()
        self._offered = [column for column in columns if column.title]
        self._hidden = hidden

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Columns"
            yield Table((Column("title", "", 20, grows=True),), head=False, marks=True, one_click=True)
            yield Static("Space ticks, Enter takes it, Esc leaves it. A narrow terminal shows fewer.", classes="hint")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.marked = dict.fromkeys(column.key for column in self._offered if column.key not in self._hidden)
        table.show(ListedRows([(column.key, {"title": Cell(column.title)}) for column in self._offered]))

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        self.action_tick()  # with the mouse, as Enter takes them all

    def action_tick(self) -> None:
        self.query_one(Table).toggle_mark()

    def action_take(self) -> None:
        chosen = self.query_one(Table).marked
        if not chosen:
            return  # a table of nothing helps nobody
        self.dismiss(tuple(column.key for column in self._offered if column.key not in chosen))

    def action_leave(self) -> None:
        self.dismiss(None)
