"""A Markdown report has the record's figures in tables, and takes no name for markup: read by a CommonMark parser."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ovtui.report.pages import markdown
from ovtui.report.pages.document import (
    Advice,
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
from ovtui.report.pages.of_exploration import exploration_report
from ovtui.report.pages.of_run import run_report
from ovtui.sanitize import plain
from tests.report.samples import HOSTILE, a_server_search, an_exploration, an_exported
from tests.report.test_html import hostile_documents

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_INLINE = {"text", "text_special", "softbreak", "strong_open", "strong_close", "code_inline"}


def tokens(text: str) -> list[Token]:
    return _READER.parse(text)


def everywhere(name: str) -> Document:
    """A document that has the name wherever a text can stand."""
    table = Table(
        (Column(name), Column(name, "code"), Column("share", "share")), ((name, name, 0.5), (name, name, None)), name
    )
    blocks = (
        Verdict("good", name or "-"), Paragraph(name), Warnings((name, name), name), Fields(((name, name),)),
        Command(name, name), Advice(name or "-", name, name), table,
    )  # fmt: skip
    return Document(name, name, (Section("", blocks), Section(name, (Paragraph("end"),), deeper=True)))


def structure(document: Document) -> Counter[str]:
    return Counter(each.type for each in tokens(markdown.render(document).decode()))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_ever_text(name: str) -> None:
    for document in (everywhere(name), *hostile_documents(name)):
        for token in tokens(markdown.render(document).decode()):
            assert {child.type for child in token.children or ()} <= _INLINE


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_name_makes_no_block_no_row_and_no_cell(name: str) -> None:
    assert structure(everywhere(name)) == structure(everywhere("name"))
    for harmless, hostile in zip(hostile_documents("name"), hostile_documents(name), strict=True):
        assert structure(hostile) == structure(harmless)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab1 \\`*_{}[]()<>#+-.!|~&=:;\"'$^\n\t/@"), min_size=1, max_size=14).filter(str.strip))
def test_no_text_at_all_makes_any(name: str) -> None:
    document = everywhere(name)
    assert structure(document) == structure(everywhere("name"))
    for token in tokens(markdown.render(document).decode()):
        assert {child.type for child in token.children or ()} <= _INLINE


@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_a_cell_is_read_as_what_was_written(name: str) -> None:
    document = Document("t", "", (Section("", (Table((Column("a"), Column("b", "code")), ((name, name),)),)),))
    cells = [each.children or [] for each in tokens(markdown.render(document).decode()) if each.type == "inline"][3:5]
    assert ["".join(child.content for child in cell) for cell in cells] == [" ".join(plain(name).split())] * 2


def test_a_command_is_read_as_it_is_typed() -> None:
    line = "ovtui run 'a ``` b' --label '~~~ `x`'"
    fences = [each for each in tokens(markdown.render(everywhere(line)).decode()) if each.type == "fence"]
    assert [each.content for each in fences] == [f"{line}\n"] * 2


def test_no_tag_stands_outside_of_commands() -> None:
    for document in hostile_documents("<script>alert(1)</script>"):
        assert "<" not in "".join(markdown.render(document).decode().split("```")[::2])


def test_a_run_has_its_figures_its_curve_and_its_layers_as_tables() -> None:
    text = markdown.render(run_report(an_exported())).decode()
    assert "| throughput | 190.0 FPS | 188.1 – 191.9 | ±1.0 % |" in text
    assert "| time, s | throughput, FPS |" in text
    assert "warming up" in text
    assert "| `head/CumSum` | CumSum | `ref_any_f32` | f32 | 236.0 |" in text


def test_an_exploration_has_its_matrix_as_a_table() -> None:
    text = markdown.render(exploration_report(an_exploration())).decode()
    assert "| 4 | 130.0 | 171.2 (best) | 165.0 |" in text
    assert "| 16 | 140.0 | – | failed |" in text


def test_a_long_curve_is_put_together() -> None:
    text = markdown.render(exploration_report(a_server_search())).decode()
    assert "| 95.00 | 10.50 | 15.75 |" in text
    curve = markdown.render(run_report(an_exported())).decode().split("Throughput over time:")[1].split("\n\n")[1]
    assert len(curve.splitlines()) == 2 + 24
