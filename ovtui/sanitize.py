"""The one place that makes text from files safe to show: control characters, bidi marks, width."""

from __future__ import annotations

import unicodedata

# Category C is "other": control, format (bidi marks, zero-width), surrogate, private use, unassigned.
# None of them is a glyph, and several of them command a terminal. Zl and Zp break lines.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(value: object, limit: int | None = None) -> str:
    """`value` as one line without control characters; those are written as `\\x1b` or `\\u202e`.

    With `limit`, at most that many characters, the middle replaced by `…` (names differ at their ends).
    """
    text = str(value)
    if not (text.isascii() and text.isprintable()):
        text = "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)
    if limit is not None and len(text) > limit:
        head = (limit - 1 + 1) // 2
        text = text[:head] + "…" + text[len(text) - (limit - 1 - head) :]
    return text


def is_safe(character: str) -> bool:
    """Whether a terminal shows it rather than obeys it."""
    return unicodedata.category(character) not in _UNSAFE


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
