"""A part of a form that folds: closed, its title says what is in it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static


class _Head(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "unfold(True)", "Unfold"),
        Binding("space", "unfold(False)", "Fold"),
        Binding("right,l", "unfold(True)", "Open", show=False),
        Binding("left,h", "unfold(False)", "Close", show=False),
    ]

    @property
    def _section(self) -> Section:
        section = self.parent
        assert isinstance(section, Section)
        return section

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "unfold" or parameters == (self._section.folded,)

    def action_unfold(self, wanted: bool) -> None:
        self._section.fold(not wanted)

    def on_click(self, event: events.Click) -> None:
        self._section.fold(not self._section.folded)


class Section(Vertical):
    """`title` and, behind it, the summary that `say` gives it."""

    DEFAULT_CSS = """
    Section { height: auto; }
    Section > _Head { height: 1; }
    Section > _Head:focus { background: $primary; color: $background; text-style: bold; }
    Section > Vertical { height: auto; padding: 0 0 0 2; }
    """

    def __init__(self, title: str, *children: object, id: str) -> None:
        super().__init__(id=id)
        self._title, self._inside = title, children
        self._summary = ""
        self.folded = True

    def compose(self) -> ComposeResult:
        yield _Head()
        inside = Vertical(*self._inside)  # type: ignore[arg-type]
        inside.display = False
        yield inside

    def on_mount(self) -> None:
        self._show()

    def say(self, summary: str) -> None:
        if summary != self._summary:
            self._summary = summary
            self._show()

    def fold(self, folded: bool) -> None:
        self.folded = folded
        self.query_one(Vertical).display = not folded
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        text = Text("▸ " if self.folded else "▾ ").append(f"{self._title:<12}", style="bold").append(self._summary)
        self.query_one(_Head).update(text)
