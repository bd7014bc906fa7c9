"""A line of a form: its name, where one types, and a word on what may be typed."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from ovtui.tui.widgets.field import Field


class FormLine(Horizontal):
    """`placeholder` is the default, shown while nothing is typed."""

    DEFAULT_CSS = """
    FormLine { height: 1; }
    FormLine > .name { width: 14; }
    FormLine > Input { width: 24; }
    FormLine.wide > Input { width: 1fr; }
    FormLine > .hint { width: 1fr; padding: 0 0 0 2; color: $dim;
                       text-wrap: nowrap; text-overflow: ellipsis; }
    FormLine.wide > .hint { display: none; }
    FormLine.wrong > .name { color: $error; text-style: bold; }
    """

    def __init__(self, name: str, placeholder: str, hint: str = "", *, id: str, wide: bool = False) -> None:
        super().__init__(id=id, classes="wide" if wide else None)
        self._caption, self._hint = name, hint
        self._input = Field(placeholder=placeholder, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield Static(Text(self._caption), classes="name")
        yield self._input
        yield Static(Text(self._hint), classes="hint")

    @property
    def value(self) -> str:
        return self._input.value.strip()

    @value.setter
    def value(self, text: str) -> None:
        self._input.value = text

    def placeholder(self, text: str) -> None:
        if self._input.placeholder != text:
            self._input.placeholder = text

    def focus_input(self) -> None:
        self._input.focus()
