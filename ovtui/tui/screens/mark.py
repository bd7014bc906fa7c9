"""Some of a list, filtered as one types; Space marks them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.table import Table


class _Filter(Field):
    """Takes all but the space."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class MarkScreen(ModalScreen[tuple[str, ...] | None]):
    """`choices`: key, name and a word on it, safe to show. The keys that are marked in their order, or None."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("space", "mark", "Mark", priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str, str]], marked: Iterable[str]) -> None:
        super().__init__()
        self._title, self._choices, self._begin = title, list(choices), tuple(marked)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = self._title
            yield _Filter(placeholder="type to filter", compact=True)
            yield Static(id="told", classes="hint")
            columns = (Column("name", "", 24, grows=True), Column("words", "", 34, sentence=True))
            yield Table(columns, head=False, marks=True)

    def on_mount(self) -> None:
        self.query_one(Table).marked = dict.fromkeys(self._begin)
        self._filter("")
        self._tell()

    def _filter(self, text: str) -> None:
        found = [c for c in self._choices if all(word in f"{c[1]} {c[2]}".lower() for word in text.lower().split())]
        self.query_one(Table).show(
            ListedRows([(key, {"name": Cell(name), "words": Cell(about, "dim")}) for key, name, about in found])
        )

    def _tell(self) -> None:
        many = len(self.query_one(Table).marked)
        self.query_one("#told", Static).update(
            f"{many:,} marked. Space marks, Enter takes them, Esc leaves it as it was."
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        self._take()

    def _take(self) -> None:
        self.dismiss(tuple(self.query_one(Table).marked))

    def action_mark(self) -> None:
        self.query_one(Table).toggle_mark()
        self._tell()

    def action_move(self, by: int) -> None:
        self.query_one(Table).action_move(by)

    def action_page(self, by: int) -> None:
        self.query_one(Table).action_page(by)

    def action_leave(self) -> None:
        self.dismiss(None)
