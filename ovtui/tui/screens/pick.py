"""One of a list, filtered as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ovtui.tui.said import said
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.table import Table


class PickScreen(ModalScreen[str | None]):
    """`choices`: key, name and a word on it, safe to show. The key that was picked, or None."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("ctrl+x", "remove", "Remove", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
    ]

    def __init__(
        self, title: str, choices: Sequence[tuple[str, str, str]], *, remove: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self._title, self._choices, self._remove = title, list(choices), remove

    def compose(self) -> ComposeResult:
        longest = max((len(name) for _, name, _ in self._choices), default=10)
        with Vertical(classes="box wide") as box:
            box.border_title = self._title
            yield Field(placeholder="type to filter", compact=True)
            if self._remove:
                yield Static("Enter takes it, ^x removes it.", classes="hint")
            yield Table((Column("name", "", min(longest, 40)), Column("words", "", 20, grows=True)), head=False)

    def on_mount(self) -> None:
        self._filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    def _filter(self, text: str) -> None:
        found = [c for c in self._choices if all(word in f"{c[1]} {c[2]}".lower() for word in text.lower().split())]
        self.query_one(Table).show(
            ListedRows([(key, {"name": Cell(name), "words": Cell(about, "dim")}) for key, name, about in found])
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(Table).action_open()

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        self.dismiss(event.key)

    def action_move(self, by: int) -> None:
        self.query_one(Table).action_move(by)

    @said
    def action_remove(self) -> None:
        key = self.query_one(Table).cursor_key
        if self._remove is not None and key is not None:
            self._remove(key)
            self._choices = [choice for choice in self._choices if choice[0] != key]
            self._filter(self.query_one(Field).value)

    def action_leave(self) -> None:
        self.dismiss(None)
