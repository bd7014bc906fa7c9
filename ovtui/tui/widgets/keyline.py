"""The last line of a screen: the keys that work now, the most useful first, as many as fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

_NAMES = {
    "enter": "⏎", "escape": "Esc", "space": "Space", "question_mark": "?", "slash": "/", "tab": "Tab",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "ctrl+p": "^p", "ctrl+s": "^s", "left_square_bracket": "[",
    "right_square_bracket": "]", "delete": "Del", "f1": "F1", "shift+tab": "⇧Tab", "home": "Home", "end": "End",
    "pageup": "PgUp", "pagedown": "PgDn",
}  # fmt: skip
_CHARACTERS = {"slash": "/", "plus": "+", "minus": "-"}  # whose names Unicode does not know


def key_name(key: str) -> str:
    """How a key is written: its own character, or a short name."""
    return _NAMES.get(key, key.replace("ctrl+", "^"))


def working(screen: Screen[Any]) -> Iterator[tuple[str, DOMNode, Binding]]:
    """The keys that do something now, and whose they are: not those that a field types instead."""
    focused = screen.focused
    for key, active in screen.active_bindings.items():
        binding, node = active.binding, active.node
        character = _CHARACTERS.get(key) or key_to_character(key)
        typed = focused is not None and focused.check_consume_key(key, character)
        if not active.enabled or (typed and not binding.priority):
            continue
        if binding.action == "submit" and not binding.show:
            # A field hands Enter on: what it does then, the screen says.
            for own in screen._bindings.key_to_bindings.get(key, ()):
                if screen.check_action(own.action, ()):
                    yield key, screen, own
        else:
            yield key, node, binding


class KeyLine(Widget):
    """Follows the focus. A click on a key does what the key does."""

    COMPONENT_CLASSES = {"key", "word"}
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; background: $panel; color: $foreground; }
    KeyLine > .key { color: $accent; text-style: bold; background: $panel; }
    KeyLine > .word { color: $dim; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[str, str, str]] = []  # key, name, words
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(None)

    def _changed(self, _: object) -> None:
        found: dict[str, tuple[str, str, str]] = {}
        for key, _, binding in working(self.screen):
            if binding.show and binding.action not in found:
                found[binding.action] = key, binding.key_display or key_name(key), binding.description
        # Help and the way out first: whoever is lost looks there.
        first = [found.pop(action) for action in ("help", "quit") if action in found]
        order = [*first, *found.values()]
        if order != self._shown:
            self._shown = order
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        key_style, word_style = self.get_component_rich_style("key"), self.get_component_rich_style("word")
        segments, x, self._places = [Segment(" ", word_style)], 1, []
        for key, name, words in self._shown:
            width = cell_len(name) + 1 + cell_len(words)
            if x + width > self.size.width:
                break
            segments += [Segment(name, key_style), Segment(f" {words}  ", word_style)]
            self._places.append((x, x + width, key))
            x += width + 2
        return Strip(segments).adjust_cell_length(self.size.width, word_style)

    def on_click(self, event: events.Click) -> None:
        for begin, end, key in self._places:
            if begin <= event.x < end:
                self.app.simulate_key(key)
