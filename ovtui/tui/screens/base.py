"""What all screens share: a line that says where one is, news once a second, escape to go back."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from ovtui.tui.error_handling import said
from ovtui.tui.protocol import Ovtui


class OvtuiScreen(Screen[None]):
    """A screen of ours."""

    HELP: ClassVar[str] = ""
    """What one does here, in a few sentences; `?` shows it above the keys."""
    OFFERS_WATCH: ClassVar[bool] = True
    """Whether `w` leads from here to what goes on."""
    AUTO_FOCUS = ""
    """Each screen says itself where one begins: the first that could have the focus may be a field not yet asked for,
    and swallow the keys that were pressed meanwhile."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]

    @property
    def ovtui(self) -> Ovtui:
        """The app, as what it is."""
        return cast("Ovtui", self.app)

    def news(self) -> None:
        """The store or a job has something new: show it."""

    @said
    def on_screen_resume(self) -> None:
        """What happened meanwhile was news for the screen above."""
        if self.is_mounted:
            self.ovtui.watching.stale = True
            self.news()

    def has(self, *names: str) -> bool:
        """Whether these are there: not before they are mounted, and not while the screen is being left."""
        return all(self.query(name) for name in names)

    def leave(self) -> None:
        """Go back by itself, if this is what is seen. Not awaited: a screen cannot wait for its own end."""
        if self.is_current and len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    async def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
