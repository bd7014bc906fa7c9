"""Weak percentiles in what leaves: marked where people read, numbers with a column of their own in CSV and JSON."""

from __future__ import annotations

import csv
import io

import msgspec

from ovtui.records import Limits
from ovtui.report import summary
from ovtui.report.documents import duel_document, run_document
from ovtui.report.exported import Exported
from ovtui.report.files import as_csv, comparison_csv, exploration_csv
from ovtui.report.pages import html, markdown
from ovtui.report.pages.of_comparison import comparison_report
from ovtui.report.pages.of_exploration import exploration_report
from ovtui.report.pages.of_run import run_report, runs_report
from tests.report.samples import a_cell, a_comparison, a_load, a_server_search, an_exploration, an_exported, two_sides
from tests.weak import WEAK

MEANS = "≈ rough value: too few independent inferences beyond it"
WITHIN = Limits(latency_ms=14.0, percentile="p95")


def weak(exported: Exported) -> Exported:
    run = exported.run
    assert run.result is not None
    return exported._replace(
        run=msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, latency_ms=WEAK))
    )


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_run_in_words_has_the_marks_the_reason_once_and_what_is_needed() -> None:
    run = weak(an_exported()).run
    text = "\n".join(text for _, text in summary.fields(run)).replace("\u00a0", " ")
    assert "p50 10.00  p90 12.00  p95 ≈13.00  p99 ≈15.00 ms" in text
    assert text.count(MEANS) == 1
    assert "p95 11.50 – 16.00 (needs 200 more)  p99 ≥ 12.50 (needs 1,900 more)" in text


def test_a_report_of_a_run_has_the_marks_and_the_reason_once() -> None:
    made = run_report(weak(an_exported()))
    for text in (markdown.render(made).decode(), html.render(made).decode()):
        assert text.count(MEANS) == 1
        assert "≈15.00 ms" in text
        assert "≥ 12.50" in text
        assert "needs 1,900 more inferences" in text
    assert MEANS not in markdown.render(run_report(an_exported())).decode()
    assert "≈15.00" in markdown.render(runs_report([an_exported(), weak(an_exported())])).decode()


def test_a_comparison_has_the_marks_and_the_reason() -> None:
    a, b = two_sides()
    text = markdown.render(comparison_report(a_comparison(), (a, weak(b)))).decode()
    assert "≈13.00 ±17.3 %" in text
    assert MEANS in text


def test_an_exploration_whose_best_is_weak_says_what_is_open() -> None:
    cells = (a_cell(1, 1, 90.0, 5.0), a_cell(4, 1, 130.0, 10.0, latency_ms=WEAK))
    study = an_exploration(cells=cells, limits=WITHIN, best="cell004x01", pareto=())
    text = markdown.render(exploration_report(study)).decode()
    assert "p95 may miss the limit (95 % CI 11.50 – 16.00 ms), measure it longer" in text
    assert "may miss the limit" in text.partition("All settings")[2]
    assert MEANS in text


def test_arrival_rates_have_the_marks() -> None:
    load = msgspec.structs.replace(a_load(95.0, 10.5, 0.0075), latency_ms=WEAK)
    text = markdown.render(exploration_report(a_server_search(loads=(load,)))).decode()
    assert "≈15.00" in text
    assert MEANS in text


def test_csv_keeps_numbers_and_names_the_weak_ones() -> None:
    (row, *_) = rows(as_csv([weak(an_exported())]))
    assert (row["p50_ms"], row["p95_ms"], row["p99_ms"], row["weak_percentiles"]) == ("10.0", "13.0", "15.0", "p95 p99")
    (plain, *_) = rows(as_csv([an_exported()]))
    assert plain["weak_percentiles"] == ""
    (cell,) = rows(exploration_csv(an_exploration(cells=(a_cell(4, 1, 130.0, 10.0, latency_ms=WEAK),), limits=WITHIN)))
    assert (cell["p95_ms"], cell["weak_percentiles"], cell["keeps_limits"]) == ("13.0", "p95 p99", "True")
    load = msgspec.structs.replace(a_load(95.0, 10.5, 0.0075), latency_ms=WEAK)
    (rate,) = rows(exploration_csv(a_server_search(loads=(load,))))
    assert rate["weak_percentiles"] == "p95 p99"
    a, b = two_sides()
    criteria = {row["name"]: row["weak"] for row in rows(comparison_csv(a_comparison(), (a, weak(b))))}
    assert (criteria["latency p95, ms"], criteria["latency p50, ms"]) == ("b", "")


def test_json_has_the_value_its_interval_that_it_is_weak_and_what_it_needs() -> None:
    latency = run_document(weak(an_exported()).run)["result"]["latency_ms"]
    assert latency["p99"] == 15
    assert latency["ci95"]["p95"] == (11.5, 16)
    assert latency["ci95"]["p99"] == (12.5, None)
    assert latency["weak"] == {"p95": True, "p99": True}
    assert latency["needs"] == {"p95": 200, "p99": 1900, "p99_9": 19_900}
    a, b = two_sides()
    lines = {line["title"]: line for line in duel_document(a_comparison().duels[0], a, weak(b))["criteria"]}
    assert (lines["latency p95, ms"]["weak_a"], lines["latency p95, ms"]["weak_b"]) == (False, True)
