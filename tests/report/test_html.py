"""An HTML report shows the record's figures, needs nothing else, and takes no name for markup."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree

import msgspec
import pytest

from ovtui.report.pages import html
from ovtui.report.pages.document import Document
from ovtui.report.pages.of_comparison import comparison_report
from ovtui.report.pages.of_exploration import exploration_report
from ovtui.report.pages.of_run import run_report, runs_report
from tests.report.samples import (
    HOSTILE,
    a_cell,
    a_comparison,
    a_hostile_model,
    a_hostile_run,
    a_server_search,
    an_exploration,
    an_exported,
    two_sides,
)

_VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Its elements with their attributes, and its texts; fails where elements are not closed in turn."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: dict[str, list[str]] = {}
        self.texts: list[str] = []
        self._open: list[str] = []
        self.source = html.render(document).decode()
        self.feed(self.source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def hostile_documents(name: str) -> list[Document]:
    run, other = a_hostile_run(name), a_hostile_run(name, "run0000002")
    study = an_exploration(
        model=a_hostile_model(name), label=name, warnings=(name,), error=name,
        cells=(a_cell(1, 1, 50.0, run=name), a_cell(1, 2, state="failed", reason=name)), best=name, pareto=(name,),
    )  # fmt: skip
    loads = a_server_search(model=a_hostile_model(name), label=name, warnings=(name,))
    sides = tuple(
        msgspec.structs.replace(side, model=a_hostile_model(name), spec=run.run.spec) for side in a_comparison().sides
    )
    comparison = a_comparison(sides=sides, label=name, warnings=(name,), error=name)
    return [
        run_report(run),
        runs_report([run, other]),
        exploration_report(study, [run]),
        exploration_report(loads, []),
        comparison_report(comparison, [run, other]),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_adds_no_element_and_no_attribute(name: str) -> None:
    for harmless, hostile in zip(hostile_documents("name"), hostile_documents(name), strict=True):
        found, expected = Counter(Page(hostile).elements), Counter(Page(harmless).elements)
        # An empty name may leave its own field out.
        assert found == expected if name else not found - expected


def test_nothing_is_loaded_and_nothing_runs() -> None:
    for document in hostile_documents('"><script src="http://example.com/x.js"></script>'):
        page = Page(document)
        tags = {tag for tag, _ in page.elements}
        assert not tags & {"script", "img", "iframe", "object", "embed", "link", "a", "form", "base", "foreignobject"}
        assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "href", "style")}
        assert "url(" not in page.source and "@import" not in page.source


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    page = html.render(run_report(an_exported())).decode()
    sheets = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    assert len(sheets) == 1
    digest = base64.b64encode(hashlib.sha256(sheets[0].encode()).digest()).decode()
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].replace("&#x27;", "'").startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert page.index("<meta charset") < page.index("<title>")


def test_pictures_within_are_well_formed() -> None:
    page = html.render(run_report(an_exported())).decode()
    figures = re.findall("<figure>.*?(<svg.*?</svg>)</figure>", page, re.DOTALL)
    assert len(figures) == 3
    for each in figures:
        assert ElementTree.fromstring(each).get("viewBox")


def test_a_run_shows_the_figures_of_its_record() -> None:
    text = Page(run_report(an_exported(warnings=("It was loud.",), label="nightly"))).text
    for figure in (
        "190.0 FPS",
        "188.1 – 191.9",
        "±1.0 %",
        "9.90 ms",
        "14.00 ms",
        "needs 9,000 more inferences",
        "1,000",
    ):
        assert figure in text
    assert text.index("It was loud.") < text.index("95 % CI")
    assert "stem/Conv2D" in text
    assert "ovtui run /models/mixnet0001.onnx --label nightly" in text
    assert "2026-09-21 14:13 UTC" in text


def test_a_run_without_anything_beside_it_says_what_there_is() -> None:
    bare = an_exported(status="failed", result=None, error="The file is damaged.", environment=None, effective=None)
    text = Page(run_report(bare._replace(series=None, histogram=None, profile=None))).text
    assert "The file is damaged." in text
    assert "Over time" not in text and "Where time goes" not in text


def test_shares_are_drawn_as_long_as_they_are() -> None:
    page = html.render(run_report(an_exported())).decode()
    row = re.search(r"<tr><td[^>]*>CumSum</td>.*?</tr>", page, re.DOTALL)
    assert row is not None
    width, told = re.search(r'width="([\d.]+)" height="10"', row[0]), re.search(r"([\d.]+) %</td>", row[0])
    assert width is not None and told is not None
    assert float(width[1]) == pytest.approx(float(told[1]), abs=0.1)


def test_several_runs_begin_with_a_table_of_all() -> None:
    page = Page(runs_report(two_sides()))
    assert page.text.count("run0000002") >= 1
    assert [tag for tag, _ in page.elements].count("h2") == 2


def test_an_exploration_begins_with_the_best_and_how_to_measure_it() -> None:
    text = Page(exploration_report(an_exploration())).text
    assert (
        "Best: batch 4, 2 streams with 171.2 FPS ±2.0 %, p50 28.25 ms, p99 42.38 ms, the most within p50 ≤ 30 ms."
        in text
    )
    assert text.index("ovtui run /models/mixnet0001.onnx --mode manual -b 4 --streams 2") < text.index("The matrix")
    assert "failed: Out of memory." in text
    assert "ovtui explore /models/mixnet0001.onnx" in text
    assert "above the limit, from an earlier run" in text


def test_the_best_is_measured_with_the_spec_of_its_run_where_that_is_kept() -> None:
    run = an_exported("cell004x02")
    changed = msgspec.structs.replace(run.run, spec=msgspec.structs.replace(run.run.spec, batch=4, streams=2, seed=7))
    assert "--seed 7" in Page(exploration_report(an_exploration(), [run._replace(run=changed)])).text


def test_an_exploration_that_nothing_keeps_tells_the_nearest_miss() -> None:
    nothing = an_exploration(best=None, limits=msgspec.structs.replace(an_exploration().limits, latency_ms=5.0))
    assert "the nearest is batch 1, 1 stream with 11 ms" in Page(exploration_report(nothing)).text


def test_a_server_search_shows_the_highest_rate_and_what_missed() -> None:
    text = Page(exploration_report(a_server_search())).text
    assert "Up to 95.00 arrivals per second keep p99 ≤ 20 ms; 0.75 % of the arrivals missed it." in text
    assert "--mode server --rate 95" in text
    assert "1.68 % – 2.52 %" in text


def test_an_exploration_that_goes_on_says_so() -> None:
    text = Page(exploration_report(a_server_search(status="running", best=None, loads=()))).text
    assert "It is running; the best is not known yet." in text


def test_a_share_that_is_nothing_has_no_traces_of_arithmetic() -> None:
    loads = tuple(msgspec.structs.replace(load, missed_ci95=(1.69e-21, 2.06e-5)) for load in a_server_search().loads)
    assert "0 % – 0.0021 %" in Page(exploration_report(a_server_search(loads=loads))).text


def test_a_search_that_no_rate_keeps_says_so() -> None:
    loads = tuple(msgspec.structs.replace(load, kept=False) for load in a_server_search().loads)
    text = Page(exploration_report(a_server_search(loads=loads, best=None))).text
    assert "No rate that was tried keeps p99 ≤ 20 ms; the lowest, 90.00 per second, has p99 12 ms." in text


def test_a_comparison_begins_with_its_verdict() -> None:
    text = Page(comparison_report(a_comparison(), two_sides())).text
    assert text.index("B is 1.25 × faster (1.21–1.29).") < text.index("By criteria")
    assert "instance 4" in text and "1.290" in text
    assert "This layer accounts for 100 % of the gain of 210.0 µs." in text
    assert "-210.0" in text
    assert "ovtui compare --interleave run0000001 run0000002 --criterion throughput" in text


def test_different_circumstances_come_before_the_figures() -> None:
    a, b = two_sides()
    assert b.run.environment is not None
    elsewhere = msgspec.structs.replace(b.run.environment, openvino="2027.0")
    text = Page(
        comparison_report(a_comparison(), [a, b._replace(run=msgspec.structs.replace(b.run, environment=elsewhere))])
    ).text
    assert text.index("Different OpenVINO: 2026.4.0 and 2027.0.") < text.index("What was compared")


def test_a_comparison_of_three_has_a_verdict_for_each() -> None:
    pair = a_comparison()
    three = msgspec.structs.replace(
        pair,
        sides=(*pair.sides, pair.sides[1]),
        duels=(*pair.duels, msgspec.structs.replace(pair.duels[0], verdict="same")),
    )
    text = Page(comparison_report(three, [*two_sides(), two_sides()[1]])).text
    assert "B is 1.25 × faster" in text and "No difference: within ±2 %." in text and "C against A" in text


def test_a_comparison_of_which_a_side_was_never_measured_is_told() -> None:
    unfinished = a_comparison(status="failed", duels=(), error="It ran out of memory.")
    text = Page(comparison_report(unfinished, [two_sides()[0], None])).text
    assert "Nothing was decided." in text and "It ran out of memory." in text
