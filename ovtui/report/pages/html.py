"""A document as one HTML file that needs nothing else: no script, no network, its charts inside.

Every text goes through `_safe`, in an element's content and in attributes alike. A policy in the file forbids whatever
is not this file's own style, by the digest of that.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from ovtui import formatting
from ovtui.report.pages import svg
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
from ovtui.report.pages.style import style
from ovtui.sanitize import plain

_LONGEST = 400  # characters of a name; the middle of a longer one is left out
_CLASSES = {"number": "n", "code": "c", "share": "s", "text": ""}


def render(document: Document) -> bytes:
    """The file, in UTF-8."""
    sheet = style()
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = _safe(document.title)
    subtitle = f'<p class="sub">{_safe(document.subtitle)}</p>' if document.subtitle else ""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_safe(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{sheet}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1>{subtitle}</header>\n<main>\n"
        + "".join(map(_section, document.sections))
        + '</main>\n<p class="foot">Measured with ovtui.</p>\n</body>\n</html>\n'
    )
    return page.encode()


def _safe(text: str, limit: int | None = _LONGEST) -> str:
    return escape(plain(text, limit), quote=True)


def _section(section: Section) -> str:
    level = "h3" if section.deeper else "h2"
    heading = f"<{level}>{_safe(section.title)}</{level}>\n" if section.title else ""
    return f"<section>\n{heading}{''.join(map(_block, section.blocks))}</section>\n"


def _block(block: Block) -> str:
    if isinstance(block, Verdict):
        return f'<p class="verdict {block.level}">{_safe(block.text)}</p>\n'
    if isinstance(block, Paragraph):
        return f"<p>{_safe(block.text, None)}</p>\n"
    if isinstance(block, Warnings):
        items = "".join(f"<li>{_safe(text)}</li>" for text in block.texts)
        return f'<div class="warnings"><strong>{_safe(block.title)}</strong><ul>{items}</ul></div>\n'
    if isinstance(block, Fields):
        rows = "".join(f"<dt>{_safe(title)}</dt><dd>{_safe(text)}</dd>" for title, text in block.rows)
        return f"<dl>{rows}</dl>\n"
    if isinstance(block, Command):
        says = f"<p>{_safe(block.says)}</p>" if block.says else ""
        return f"{says}{_command(block.line)}\n"
    if isinstance(block, Advice):
        command = _command(block.command) if block.command else ""
        return f"<p><strong>{_safe(block.title)}</strong> {_safe(block.text)}</p>{command}\n"
    if isinstance(block, Table):
        return _table(block)
    return f"<figure><figcaption>{_safe(block.title)}</figcaption>{svg.render(block)}</figure>\n"


def _command(line: str) -> str:
    return f"<pre><code>{_safe(line, None)}</code></pre>"


def _table(table: Table) -> str:
    caption = f"<caption>{_safe(table.title)}</caption>" if table.title else ""
    head = "".join(f'<th scope="col"{_class(column)}>{_safe(column.title)}</th>' for column in table.columns)
    rows = []
    for place, cells in enumerate(table.rows):
        marked = ' class="marked"' if place in table.marked else ""
        content = "".join(
            f"<td{_class(column)}>{_cell(column, cell)}</td>" for column, cell in zip(table.columns, cells, strict=True)
        )
        rows.append(f"<tr{marked}>{content}</tr>\n")
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>"
    return f'<div class="scroll"><table>{caption}{body}</table></div>\n'


def _class(column: Column) -> str:
    name = _CLASSES[column.kind]
    return f' class="{name}"' if name else ""


def _cell(column: Column, cell: Cell) -> str:
    if isinstance(cell, str):
        return _safe(cell)
    if cell is None:
        return formatting.NOTHING
    if column.kind != "share":
        return formatting.number(cell)
    width = f"{100 * min(1.0, max(0.0, cell)):.1f}"
    bar = f'<rect class="fill" width="{width}" height="10"/>'
    return (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>{formatting.percent(cell)}'
    )
