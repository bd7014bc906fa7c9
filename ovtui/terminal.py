"""What the terminal can show."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ovtui import formatting

_CONSOLES = frozenset({"linux", "vt100", "vt220"})


def has_few_glyphs() -> bool:
    """Whether this is a console whose font has neither Braille, nor round corners, nor triangles, nor eighths."""
    return os.environ.get("TERM") in _CONSOLES


def bar(share: float, width: int) -> str:
    """A bar of up to `width` cells, as this terminal can show it."""
    return formatting.bar(share, width, coarse=has_few_glyphs())


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The last `width` values, as this terminal can show them."""
    return formatting.sparkline(values, width, coarse=has_few_glyphs())
