"""Which columns a table shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static

from ovtui.tui.widgets.cells import Column


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """The keys of those that are hidden; None when nothing was chosen."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("enter,v", "take", "Take", priority=True),
    ]

    def __init__(self, columns: Sequence[Column], hidden: Sequence[str]) -> None:
        super().__init__()
        self._offered = [column for column in columns if column.title]
        self._hidden = hidden

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Columns"
            yield SelectionList[str](
                *((Text(column.title), column.key, column.key not in self._hidden) for column in self._offered)
            )
            yield Static("Space ticks, Enter takes it, Esc leaves it. A narrow terminal shows fewer.", classes="hint")

    def action_take(self) -> None:
        chosen = set(self.query_one(SelectionList).selected)
        if not chosen:
            return  # a table of nothing helps nobody
        self.dismiss(tuple(column.key for column in self._offered if column.key not in chosen))

    def action_leave(self) -> None:
        self.dismiss(None)
