"""One of a list, filtered as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ovtui.tui.error_handling import said
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.table import Table


class PickScreen(ModalScreen[str | None]):
    """`choices`: a key and a text for each of `columns`, safe to show. The key that was picked, or None.

    Without `columns` the texts are a name and a word on it.
    """

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("ctrl+x", "remove", "Remove", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, ...]],
        *,
        columns: Sequence[Column] = (),
        remove: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._choices, self._remove = title, list(choices), remove
        longest = max((len(choice[1]) for choice in self._choices), default=10)
        named = Column("name", "", min(longest, 40)), Column("words", "", 20, grows=True, sentence=True)
        self._columns = tuple(columns) or named
        self._headed = bool(columns)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box widest" if self._headed else "box wide") as box:
            box.border_title = self._title
            yield Field(placeholder="type to filter", compact=True)
            if self._remove:
                yield Static("Enter takes it, ^x removes it.", classes="hint")
            yield Table(self._columns, head=self._headed)

    def on_mount(self) -> None:
        self._filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        found = [c for c in self._choices if all(word in " ".join(c[1:]).lower() for word in wanted)]
        self.query_one(Table).show(ListedRows([(key, self._cells(texts)) for key, *texts in found]))

    def _cells(self, texts: Sequence[str]) -> dict[str, Cell]:
        named = zip(self._columns, texts, strict=True)
        return {column.key: Cell(text, "dim" if column.key == "words" else "") for column, text in named}

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
