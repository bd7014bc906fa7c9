"""A line to type in, whose cursor does not blink: over a slow line, blinking costs more than all the rest."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class Field(Input):
    """Textual's, at rest while nobody types."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, **options)
        self.cursor_blink = False
