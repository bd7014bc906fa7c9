"""A line to type in. Its cursor does not blink: over a slow line, blinking costs more than all the rest."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.widgets import Input

from ovtui.sanitize import is_safe


class Field(Input):
    """Textual's, at rest while nobody types; what comes from files is shown and not obeyed."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, **options)
        self.cursor_blink = False

    @property
    def _value(self) -> Text:
        # One for one, so that the cursor is where it seems; the value itself stays as it is.
        shown = "".join(c if is_safe(c) else "\ufffd" for c in self.value)
        return Text(shown, no_wrap=True, overflow="ignore", end="")
