"""What the terminal can show."""

from __future__ import annotations

import os

_CONSOLES = frozenset({"linux", "vt100", "vt220"})


def has_few_glyphs() -> bool:
    """Whether this is a console whose font has neither Braille, nor round corners, nor triangles."""
    return os.environ.get("TERM") in _CONSOLES
