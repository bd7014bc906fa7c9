"""A document before it has a format: sections of paragraphs, fields, tables and charts. All text in it is raw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from ovtui.report.pages.charts import Chart

Level = Literal["good", "warning", "bad", "neutral"]
ColumnKind = Literal["text", "code", "number", "share"]


class Verdict(NamedTuple):
    """What it comes to, in a sentence."""

    level: Level
    text: str


class Paragraph(NamedTuple):
    """Running text."""

    text: str


class Warnings(NamedTuple):
    """What to know before believing the figures."""

    texts: tuple[str, ...]
    title: str = "Warnings"


class Fields(NamedTuple):
    """Titles and texts."""

    rows: tuple[tuple[str, str], ...]


class Command(NamedTuple):
    """A line to type."""

    line: str
    says: str = ""


class Advice(NamedTuple):
    """What to try, and why."""

    title: str
    text: str
    command: str | None = None


class Column(NamedTuple):
    """Of a table. In one of kind "share", cells are 0 … 1 or None; in all others, they are text."""

    title: str
    kind: ColumnKind = "text"


Cell: TypeAlias = str | float | None


class Table(NamedTuple):
    """Rows of as many cells as there are columns; those in `marked` stand out."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    marked: frozenset[int] = frozenset()


Block: TypeAlias = Verdict | Paragraph | Warnings | Fields | Command | Advice | Table | Chart


class Section(NamedTuple):
    """A part of a document. The first one has no title; a `deeper` one belongs to the one before."""

    title: str
    blocks: tuple[Block, ...]
    deeper: bool = False


class Document(NamedTuple):
    """The whole of it."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def section(title: str, *blocks: Block | None, deeper: bool = False) -> Section | None:
    """A section of the blocks that there are; None if there are none."""
    found = tuple(block for block in blocks if block is not None)
    return Section(title, found, deeper) if found else None


def document(title: str, subtitle: str, *sections: Section | None) -> Document:
    """A document of the sections that there are."""
    return Document(title, subtitle, tuple(each for each in sections if each is not None))


def fields(*rows: tuple[str, str | None]) -> Fields | None:
    """The rows that have a text; None if there are none."""
    known = tuple((title, text) for title, text in rows if text)
    return Fields(known) if known else None


def warnings(texts: Sequence[str], title: str = "Warnings") -> Warnings | None:
    """None if there is nothing to warn of."""
    return Warnings(tuple(texts), title) if texts else None


def table(columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...], title: str = "") -> Table | None:
    """None without rows."""
    return Table(columns, rows, title) if rows else None
