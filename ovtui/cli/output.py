"""Printing: text for people, one JSON document for scripts, errors as one sentence."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from ovtui.text import plain

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
    click.echo(msgspec.json.format(msgspec.json.encode({"schema": 1, **content}), indent=2))


def fail(error: OvtuiError) -> None:
    """The sentence on stderr, and under `--json` the document on stdout that a script waits for."""
    click.echo(f"ovtui: {error}", err=True)
    if "--json" in sys.argv:
        document({"error": str(error)})


def notices(store: Store) -> None:
    """What the store has to say: a damaged database that was kept aside."""
    for notice in store.notices:
        click.echo(f"ovtui: {notice}", err=True)


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[str] = frozenset()) -> None:
    """Columns as wide as they need; those named in `right` are aligned to the right."""
    safe = [[plain(cell) for cell in row] for row in rows]
    widths = [max(cells(title), *(cells(row[i]) for row in safe)) for i, title in enumerate(head)]
    for line in [list(head), *safe]:
        parts = []
        for title, text, width in zip(head, line, widths, strict=True):
            gap = " " * (width - cells(text))
            parts.append(gap + text if title in right else text + gap)
        click.echo("  ".join(parts).rstrip())
