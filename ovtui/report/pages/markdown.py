"""A document as Markdown (CommonMark with GitHub's tables); charts become tables.

Every text goes through `_safe`: whatever Markdown or HTML would take for markup is escaped, so that a name is only ever
text in the paragraph or the cell in which it stands.
"""

from __future__ import annotations

import re

from ovtui import formatting
from ovtui.report.pages.document import (
    Advice,
    Block,
    Cell,
    Column,
    Command,
    Document,
    Fields,
    Paragraph,
    Section,
    Table,
    Verdict,
    Warnings,
)
from ovtui.report.pages.tables import table_of
from ovtui.sanitize import plain

_LONGEST = 400  # characters of a name; the middle of a longer one is left out
_BAR = 10  # cells of a share's bar
_SPECIAL = re.compile(r"[\\`*{\[\]~$#]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word is only that
_BEGINNING = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:[-\s]|$)|=))")  # of a list, a rule, an underline
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_HARMLESS = re.compile(r"[\w./:+-]+")  # as code, without escapes


def render(document: Document) -> bytes:
    """The file, in UTF-8."""
    lines = [f"# {_safe(document.title)}", ""]
    if document.subtitle:
        lines += [_safe(document.subtitle), ""]
    for section in document.sections:
        lines += _section(section)
    return "\n".join([*lines, "Measured with ovtui.", ""]).encode()


def _safe(text: str, limit: int | None = _LONGEST) -> str:
    """`text` in one line that holds no markup, nor begins a list, a heading or a rule."""
    escaped = _SPECIAL.sub(r"\\\g<0>", " ".join(plain(text, limit).split()))
    safe = "".join(_ENTITIES.get(character, character) for character in escaped)
    # An address would become a link.
    safe = re.sub("://", "&#58;//", safe)
    safe = re.sub("(?i)www[.]", lambda found: found[0].replace(".", "&#46;"), safe)
    return _BEGINNING.sub(r"\1\\", safe)


def _is_code(text: str) -> bool:
    return len(text) <= _LONGEST and plain(text) == text and _HARMLESS.fullmatch(text) is not None


def _section(section: Section) -> list[str]:
    heading = [f"{'###' if section.deeper else '##'} {_safe(section.title)}", ""] if section.title else []
    return [*heading, *(line for block in section.blocks for line in (*_block(block), ""))]


def _block(block: Block) -> list[str]:
    if isinstance(block, Verdict):
        return [f"**{_safe(block.text)}**"]
    if isinstance(block, Paragraph):
        return [_safe(block.text, None)]
    if isinstance(block, Warnings):
        return [f"{_safe(block.title)}:", "", *(f"- {_safe(text)}" for text in block.texts)]
    if isinstance(block, Fields):
        columns = (Column(""), Column(""))
        return _table(Table(columns, block.rows))
    if isinstance(block, Command):
        return [*([_safe(block.says), ""] if block.says else []), *_code(block.line)]
    if isinstance(block, Advice):
        command = ["", *_code(block.command)] if block.command else []
        return [f"**{_safe(block.title)}** {_safe(block.text)}", *command]
    if isinstance(block, Table):
        return _table(block)
    return _table(table_of(block))


def _code(line: str) -> list[str]:
    """A line as it is to be typed: its fence is longer than any in it."""
    shown = plain(line)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}sh", shown, fence]


def _table(table: Table) -> list[str]:
    rule = ["---:" if column.kind in ("number", "share") else "---" for column in table.columns]
    rows = [
        [_cell(column, cell, place in table.marked) for column, cell in zip(table.columns, cells, strict=True)]
        for place, cells in enumerate(table.rows)
    ]
    title = [f"{_safe(table.title)}:", ""] if table.title else []
    head = [_safe(column.title) for column in table.columns]
    return [*title, *(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))]


def _cell(column: Column, cell: Cell, marked: bool) -> str:
    if isinstance(cell, str):
        text = f"`{cell}`" if column.kind == "code" and _is_code(cell) else _safe(cell)
    elif cell is None:
        text = formatting.NOTHING
    elif column.kind == "share":
        text = f"{formatting.bar(cell, _BAR)} {formatting.percent(cell)}"
    else:
        text = formatting.number(cell)
    return f"**{text}**" if marked and text else text
