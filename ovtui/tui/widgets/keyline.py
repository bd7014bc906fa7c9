"""The last line of a screen: the keys that work now, the most useful first, as many as fit."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

_NAMES = {
    "enter": "⏎", "escape": "Esc", "space": "Space", "question_mark": "?", "slash": "/", "tab": "Tab",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "ctrl+p": "^p", "ctrl+s": "^s", "left_square_bracket": "[",
    "right_square_bracket": "]", "delete": "Del",
}  # fmt: skip


def key_name(key: str) -> str:
    """How a key is written: its own character, or a short name."""
    return _NAMES.get(key, key.replace("ctrl+", "^"))


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
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in found:
                found[binding.action] = key, binding.key_display or key_name(key), binding.description
        # `?` and `q` first: whoever is lost looks there.
        order = sorted(found.values(), key=lambda item: ("?q".find(item[1]) == -1, "?q".find(item[1])))
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
