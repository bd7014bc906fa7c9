"""Printing: text for people, one JSON document for scripts, errors as one sentence."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ovtui.sanitize import is_safe, plain

if TYPE_CHECKING:
    from ovtui.errors import OvtuiError
    from ovtui.store import Store


def json_option(command: click.decorators.FC) -> click.decorators.FC:
    """`--json`, for every command that tells something; errors then are a document too."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, progress on stderr.")(
        command
    )


def document(content: dict[str, object]) -> None:
    """The one JSON document on stdout."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode({"schema": 1, **content}), indent=2).decode()
    # JSON lets DEL, 8-bit control characters and bidi marks stand as they are; a terminal would obey them.
    if not (text.isascii() and "\x7f" not in text):
        text = "".join(c if c == "\n" or is_safe(c) else json.dumps(c)[1:-1].replace("\x7f", "\\u007f") for c in text)
    click.echo(text)


def fail(error: OvtuiError) -> None:
    """The sentence on stderr, and under `--json` the document on stdout that a script waits for."""
    click.echo(f"ovtui: {plain(error)}", err=True)
    document_of_error(str(error))


def document_of_error(text: str) -> None:
    """Under `--json`, wherever on the line that stood: what could not be parsed cannot be asked."""
    if "--json" in sys.argv:
        document({"error": text})


def notices(store: Store) -> None:
    """What the store has to say: a damaged database that was kept aside."""
    for notice in store.notices:
        click.echo(f"ovtui: {notice}", err=True)


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """In at most `width` columns; what is too long loses its middle, since names differ at their ends."""
    if cells(text) <= width:
        return text
    head = tail = 0
    while cells(text[: head + 1]) <= width // 2:
        head += 1
    left = width - 1 - cells(text[:head])
    while tail < len(text) and cells(text[len(text) - tail - 1 :]) <= left:
        tail += 1
    return f"{text[:head]}…{text[len(text) - tail :]}"


def columns() -> int | None:
    """How wide the terminal is; None where output goes elsewhere and may be as long as it likes."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def strong(text: str) -> str:
    """What a line is about."""
    return _styled(text, bold=True)


def faint(text: str) -> str:
    """What stands beside it: titles, units."""
    return _styled(text, dim=True)


def _styled(text: str, **style: bool) -> str:
    return text if os.environ.get("TERM") == "dumb" else click.style(text, **style)


def field(title: str, text: str, *, indent: int = 2, width: int = 11) -> None:
    """A title and its text, which is wrapped under itself on a terminal. `text` is safe already."""
    gap = " " * max(1, width - cells(title))
    room = columns()
    if room is None:
        lines = [text.replace("\u00a0", " ")]
    else:
        # A number and its unit stay on one line.
        tied = re.sub(r"(?<=\d) (?=%|ms\b|s\b|MB\b|FPS\b)", "\u00a0", text)
        lines = [line.replace("\u00a0", " ") for line in textwrap.wrap(tied, max(20, room - indent - width))] or [""]
    click.echo(f"{' ' * indent}{strong(title) if title == '!' else faint(title)}{gap}{lines[0]}")
    for line in lines[1:]:
        click.echo(" " * (indent + width) + line)


def eta(seconds: float | None) -> str:
    """How long it still takes; nothing where that is not known."""
    return f"ETA {seconds:.0f} s" if seconds else ""


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: frozenset[str] = frozenset(),
    spare: Sequence[str] = (),
) -> None:
    """Columns as wide as they need, those named in `right` aligned to the right.

    On a terminal that is too narrow, the columns in `spare` are left out, one after the other, and what is still too
    long is cut in its middle in the last column.
    """
    safe = [[plain(cell) for cell in row] for row in rows]
    shown = list(range(len(head)))
    widths = [max([cells(title), *(cells(row[i]) for row in safe)]) for i, title in enumerate(head)]
    room = columns()
    if room is not None:
        for title in spare:
            if _width(shown, widths) <= room:
                break
            shown.remove(head.index(title))
        over = _width(shown, widths) - room
        if over > 0:
            last = shown[-1]
            widths[last] = max(8, widths[last] - over)
            safe = [[*row[:last], cut(row[last], widths[last]), *row[last + 1 :]] for row in safe]
    for number, line in enumerate([list(head), *safe]):
        parts = []
        for i in shown:
            gap = " " * (widths[i] - cells(line[i]))
            parts.append(gap + line[i] if head[i] in right else line[i] + gap)
        text = "  ".join(parts).rstrip()
        click.echo(text if number else faint(text))


def _width(shown: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + 2 * (len(shown) - 1)
