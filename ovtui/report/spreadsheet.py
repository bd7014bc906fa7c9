"""Values as the cells of a CSV file that a spreadsheet may open."""

from __future__ import annotations

from ovtui.sanitize import plain


def cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    safe = plain(value)
    return f"'{safe}" if safe[:1] in ("=", "+", "-", "@") else safe
