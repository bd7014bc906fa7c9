"""One of a few: all shown on a line, the arrows choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """`options` are pairs of a value and the words for it."""

    DEFAULT_CSS = """
    Choice { height: 1; width: auto; }
    Choice:focus { text-style: bold; }
    """
    COMPONENT_CLASSES = {"choice--chosen", "choice--focused"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "choose(1)", "Next", show=False),
        Binding("left,h", "choose(-1)", "Before", show=False),
    ]

    class Changed(Message):
        """Another one was chosen."""

        def __init__(self, choice: Choice, value: str) -> None:
            super().__init__()
            self.choice, self.value = choice, value

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, options: Sequence[tuple[str, str]], value: str, *, id: str) -> None:
        super().__init__(id=id)
        self._options = list(options)
        self.value = value

    @property
    def values(self) -> list[str]:
        return [value for value, _ in self._options]

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Other options than before."""
        self._options = list(options)
        self.refresh(layout=True)

    def set(self, value: str) -> None:
        """Choose without telling."""
        if value != self.value:
            self.value = value
            self.refresh(layout=True)

    def action_choose(self, by: int) -> None:
        values = self.values
        place = values.index(self.value) if self.value in values else 0
        self.choose(values[(place + by) % len(values)])

    def choose(self, value: str) -> None:
        if value != self.value:
            self.set(value)
            self.post_message(self.Changed(self, value))

    def render(self) -> RenderResult:
        text = Text(no_wrap=True)
        for value, words in self._options:
            chosen = value == self.value
            style = self.get_component_rich_style(
                ("choice--focused" if self.has_focus else "choice--chosen"), partial=True
            )
            # The marks tell it where there is no colour.
            text.append(f"▸{words}◂" if chosen else f" {words} ", style=style if chosen else "")
            text.append(" ")
        return text

    def on_click(self, event: events.Click) -> None:
        x = 0
        for value, words in self._options:
            if x <= event.x < x + len(words) + 2:
                self.choose(value)
            x += len(words) + 3
