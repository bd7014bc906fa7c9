"""One line of text: what it has no room for goes at the end of a word, and a mark says so."""

from __future__ import annotations

from rich.text import Text
from textual.app import RenderResult
from textual.widgets import Static

from ovtui.tui.widgets.cells import at_a_word


class Line(Static):
    """As wide as there is room; it does not wrap."""

    def render(self) -> RenderResult:
        text = self.content
        if not isinstance(text, Text):
            return super().render()
        kept = at_a_word(text.plain, self.content_size.width)
        if kept == text.plain:
            return text
        return text[: len(kept) - 1].append("…")
