"""Help: what one does on a screen, and every key that works there."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.keyline import key_name


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


def _keys(screen: OvtuiScreen) -> Text:
    """One line an action, its keys together."""
    found: dict[str, tuple[list[str], str]] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if active.enabled and binding.description and not binding.system and not key.startswith("super+"):
            names, _ = found.setdefault(binding.action, ([], binding.description))
            names.append(binding.key_display or key_name(key))
    lines = Text()
    for names, words in found.values():
        lines.append(f"{' '.join(dict.fromkeys(names)):>14}", style="bold")
        lines.append(f"  {words}\n")
    return lines
