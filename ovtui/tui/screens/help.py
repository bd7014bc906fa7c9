"""Help: what one does on a screen, and every key that works there."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Static

from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.keyline import key_name, working


class HelpScreen(ModalScreen[None]):
    """Of the screen below it."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, screen: OvtuiScreen) -> None:
        super().__init__()
        self._text = Text(f"{screen.HELP}\n\n") + _keys(screen) + Text("\nEsc closes this.", style="dim")

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box wide") as box:
            box.border_title = "Help"
            yield Static(self._text)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


_TEXTUAL = {"app.focus_next": "Next part", "app.focus_previous": "Part before", "command_palette": "Any command"}
_SCROLLING = {
    "scroll_home": "To the top", "scroll_end": "To the end", "page_up": "Page up", "page_down": "Page down"
}  # fmt: skip


def _is_ours(node: DOMNode, binding: Binding) -> bool:
    """Whether a class of ovtui has it; the framework's own speak of widgets."""
    classes = [each for each in type(node).__mro__ if each.__module__.startswith("ovtui.")]
    own = [each for one in classes for each in one.__dict__.get("BINDINGS", ())]
    return any((each.action, each.description) == (binding.action, binding.description) for each in own)


def _words(node: DOMNode, binding: Binding) -> str:
    """Of a key that the framework binds: nothing, if it is of no use here."""
    scrolls = isinstance(node, ScrollableContainer) and node.allow_vertical_scroll
    return _TEXTUAL.get(binding.action) or (_SCROLLING.get(binding.action, "") if scrolls else "")


def _keys(screen: OvtuiScreen) -> Text:
    """One line an action, its keys together."""
    found: dict[str, tuple[list[str], str]] = {}
    for key, node, binding in working(screen):
        words = binding.description if _is_ours(node, binding) else _words(node, binding)
        if words and not key.startswith("super+"):
            names, _ = found.setdefault(binding.action, ([], words))
            names.append(binding.key_display or key_name(key))
    lines = Text()
    for names, words in found.values():
        lines.append(f"{' '.join(dict.fromkeys(names)):>14}", style="bold")
        lines.append(f"  {words}\n")
    return lines
