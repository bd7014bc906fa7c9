"""Titles and texts in two columns, wrapped under themselves."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as Grid
from rich.text import Text


def fields_text(fields: Sequence[tuple[str, str]], *, width: int = 11) -> Grid:
    """As the command line prints them; warnings stand out."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(ratio=1)
    for title, text in fields:
        warning = title == "!"
        grid.add_row(
            Text(title, style="bold yellow" if warning else "dim"), Text(text, style="yellow" if warning else "")
        )
    return grid
