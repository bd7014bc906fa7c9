"""The names of what a screen can show, in a line; the one that is shown stands out.

Textual's tabs take two lines and three frames to change; these take one of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class TabBar(Widget):
    """Tabs are numbered, since their numbers are keys. A click picks one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab", "active"}
    DEFAULT_CSS = """
    TabBar { height: 1; background: $surface; }
    TabBar > .tab { color: $dim; background: $surface; }
    TabBar > .active { color: $background; background: $primary; text-style: bold; }
    TabBar:ansi > .active { text-style: bold reverse; color: ansi_default; background: ansi_default; }
    """

    class Picked(Message):
        """Somebody clicked on a tab."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._tabs = list(tabs)
        self.active = self._tabs[0][0]

    @property
    def names(self) -> list[str]:
        """The tabs by their ids."""
        return [name for name, _ in self._tabs]

    def pick(self, name: str) -> None:
        """Make another one stand out."""
        if name != self.active:
            self.active = name
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        tab, active = self.get_component_rich_style("tab"), self.get_component_rich_style("active")
        segments, before = [], tab
        for number, (name, title) in enumerate(self._tabs, start=1):
            style = active if name == self.active else tab
            # The blank between two tabs belongs to the one that stands out.
            segments += [Segment(" ", before if style is tab else style), Segment(f"{number} {title}", style)]
            before = style
        segments.append(Segment(" ", before))
        return Strip(segments).adjust_cell_length(self.size.width, tab)

    def on_click(self, event: events.Click) -> None:
        x = 0
        for number, (name, title) in enumerate(self._tabs, start=1):
            width = cell_len(f" {number} {title}")
            if x <= event.x < x + width:
                self.post_message(self.Picked(name))
            x += width
