"""How it looks: a dark, a light, a high-contrast theme, and one of the terminal's own sixteen colours."""

from __future__ import annotations

import os

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="ovtui-dark",
    primary="#5aa9e6",
    secondary="#7fc8a9",
    accent="#ffb454",
    foreground="#d8dee9",
    background="#11161d",
    surface="#161c25",
    panel="#1e2733",
    success="#7fc97f",
    warning="#f2b84b",
    error="#f07178",
    dark=True,
    variables={"dim": "#8b96a5"},
)
LIGHT = Theme(
    name="ovtui-light",
    primary="#0b62a8",
    secondary="#1b7a53",
    accent="#a34700",
    foreground="#1c232b",
    background="#fbfbf8",
    surface="#f2f2ee",
    panel="#e4e5e0",
    success="#1d7a2f",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={"dim": "#5f6b76"},
)
CONTRAST = Theme(
    name="ovtui-high-contrast",
    primary="#00e5ff",
    secondary="#00ff9c",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    success="#00ff5f",
    warning="#ffd700",
    error="#ff8a80",
    dark=True,
    text_alpha=1.0,
    variables={"dim": "#c8c8c8"},
)
TERMINAL = BUILTIN_THEMES["ansi-dark"]
OURS = (DARK, LIGHT, CONTRAST)
OFFERED = (DARK.name, LIGHT.name, CONTRAST.name, "ansi-dark", "ansi-light")


_OF_TERMINAL = frozenset({"ansi-dark", "ansi-light"})


def offered(*, no_color: bool) -> tuple[str, ...]:
    """Without colour, greys are made of a theme's own; of the terminal's nothing is known, and all would be black."""
    return tuple(name for name in OFFERED if not (no_color and name in _OF_TERMINAL))


def fitting(*, no_color: bool) -> str:
    """The theme for this terminal: its own palette where it has sixteen colours, of which few are greys."""
    term = os.environ.get("TERM", "")
    many = "256" in term or os.environ.get("COLORTERM") in ("truecolor", "24bit") or "direct" in term
    return DARK.name if many else CONTRAST.name if no_color else TERMINAL.name
