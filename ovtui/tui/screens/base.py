"""What all screens share: a line that says where one is, news once a second, escape to go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

if TYPE_CHECKING:
    from ovtui.tui.app import OvtuiApp


class OvtuiScreen(Screen[None]):
    """A screen of ours."""

    HELP: ClassVar[str] = ""
    """What one does here, in a few sentences; `?` shows it above the keys."""
    OFFERS_WATCH: ClassVar[bool] = True
    """Whether `w` leads from here to what goes on."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]

    @property
    def ovtui(self) -> OvtuiApp:
        """The app, as what it is."""
        return cast("OvtuiApp", self.app)

    def news(self) -> None:
        """The store or a job has something new: show it."""

    async def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
