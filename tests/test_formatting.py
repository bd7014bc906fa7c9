"""Numbers with their marks."""

import pytest

from ovtui import formatting
from tests.weak import WEAK


@pytest.mark.parametrize(("name", "text"), [("p50", "10.00"), ("p95", "≈13.00"), ("p99", "≈15.00"), ("p99_9", "–")])
def test_a_weak_percentile_is_marked_and_one_that_was_not_measured_is_a_dash(name: str, text: str) -> None:
    assert formatting.percentile(WEAK, name) == text


def test_without_a_latency_there_is_a_dash() -> None:
    assert formatting.percentile(None, "p50") == "–"


@pytest.mark.parametrize(
    ("interval", "text"),
    [((9.5, 10.5), "9.50 – 10.50"), ((12.5, None), "≥ 12.50"), ((0.0, None), "–"), (None, "–")],
)
def test_an_interval_may_have_no_upper_end(interval: tuple[float, float | None] | None, text: str) -> None:
    assert formatting.between(interval) == text


def test_the_mark_is_explained_only_where_it_stands() -> None:
    assert formatting.weak_means(None, WEAK) == "≈ rough value: too few independent inferences beyond it"
    assert formatting.weak_means(None) == ""
