"""More than two runs: a table, and those that cannot be told apart from the best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.comparison.ranking import ranking, sentence
from ovtui.analysis.comparison.unpaired import Scatter, recorded
from ovtui.records import Run
from tests.analysis.comparison.test_comparison_unpaired import RUNS, a_done_run
from tests.store.samples import a_run

QUIET = Scatter(deviation=0.002, runs=60, freedom=50)


def test_the_fastest_is_first_and_its_equals_are_marked() -> None:
    found = ranking([a_done_run(80.0), a_done_run(100.0), a_done_run(99.0), a_run(status="failed")], QUIET)
    assert found.by == "throughput"
    assert [(each.place, each.mark) for each in found.places] == [(1, "1"), (2, "2 ≈"), (0, "3"), (3, "–")]
    best, equal, slow, failed = found.places
    assert (best.ratio, best.ratio_ci95, best.alike, best.figure) == (1.0, None, True, 100.0)
    assert (equal.alike, slow.alike, failed.alike) == (True, False, False)
    assert slow.ratio == pytest.approx(0.8)
    assert slow.ci95 == pytest.approx((79.2, 80.8))
    assert sentence(found) == "The best cannot be told apart from one other (≈)."


def test_the_interval_of_a_ratio_is_that_of_two_runs() -> None:
    a, b = a_done_run(100.0), a_done_run(70.0)
    assert ranking([a, b], QUIET).places[1].ratio_ci95 == pytest.approx(recorded(a, b, QUIET).ci95)


def test_latency_runs_are_ranked_by_their_median() -> None:
    runs = [a_done_run(100.0, p50=p50, mode="latency") for p50 in (10.0, 5.0, 20.0)]
    found = ranking(runs, QUIET)
    assert found.by == "p50"
    assert [each.figure for each in found.places] == [5.0, 10.0, 20.0]
    assert [each.ratio for each in found.places] == pytest.approx([1.0, 0.5, 0.25])
    assert sentence(found) == "The best is faster than all 2 others."


def test_many_comparisons_do_not_set_one_apart_by_chance() -> None:
    """A run that two runs would tell apart just so is not among twenty."""
    best, other = a_done_run(100.0, half=1e-6), a_done_run(98.2, half=1e-6)
    assert recorded(best, other, QUIET).verdict == "slower"
    assert not ranking([best, other], QUIET).places[1].alike
    assert all(each.alike for each in ranking([best, *[other] * 19], QUIET).places)


def test_a_run_that_does_not_know_its_doubt_cannot_be_told_apart() -> None:
    second = ranking([a_done_run(100.0), a_done_run(10.0, half=None)], QUIET).places[1]
    assert (second.alike, second.ratio_ci95) == (True, None)


def test_servers_at_different_rates_are_not_ranked() -> None:
    found = ranking([a_done_run(rate, p50=10.0, mode="server", rate=rate) for rate in (50.0, 60.0)])
    assert found.by is None
    assert [each.rank for each in found.places] == [None, None]
    assert "compare their latencies" in sentence(found)


@pytest.mark.parametrize("runs", [[], [a_done_run()], [a_run(), a_run()]])
def test_too_few_results_are_said(runs: list[Run]) -> None:
    assert sentence(ranking(runs)) == "There are too few results to rank."


def test_two_are_told_in_a_sentence() -> None:
    assert sentence(ranking([a_done_run(), a_done_run(50.0)])) == "The best is faster."
    assert sentence(ranking([a_done_run()] * 4)) == "The best cannot be told apart from 3 others (≈)."


@given(st.lists(RUNS, max_size=8))
def test_a_ranking_is_an_order_of_all_runs(runs: list[Run]) -> None:
    found = ranking(runs)
    assert sorted(each.place for each in found.places) == list(range(len(runs)))
    assert [each.rank for each in found.places] == list(range(1, len(runs) + 1))
    ratios = [each.ratio or 0.0 for each in found.places]
    assert ratios == sorted(ratios, reverse=True)
    assert all(ratio <= 1.0 for ratio in ratios)
    if found.places:
        assert found.places[0].alike


@given(st.lists(RUNS, min_size=2, max_size=8), st.data())
def test_the_order_in_which_they_are_given_does_not_matter(runs: list[Run], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(range(len(runs))))
    there, back = ranking(runs), ranking([runs[place] for place in shuffled])
    assert [each.figure for each in there.places] == [each.figure for each in back.places]
    assert [each.alike for each in there.places] == [each.alike for each in back.places]
