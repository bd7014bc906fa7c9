"""Measured in turn: one ratio for an instance, one verdict for all of them, and what is still needed."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.comparison.paired import decided, duel, instance_ratio, sentence
from ovtui.analysis.t_quantile import t_quantile
from ovtui.records import PairedResult

SPEEDS = st.floats(1e-3, 1e6)
RATIOS = st.lists(st.floats(0.2, 5.0), min_size=0, max_size=20)
OTHER_WAY = {"faster": "slower", "slower": "faster", "same": "same", "undecided": "undecided"}


def scattered(ratio: float, scatter: float, count: int, seed: int = 0) -> list[float]:
    values = random.Random(seed)
    return [ratio * math.exp(values.gauss(0.0, scatter)) for _ in range(count)]


def test_an_instance_is_the_mean_of_its_blocks_without_the_extremes() -> None:
    pairs = [(100.0, 200.0)] * 8 + [(100.0, 1.0), (1.0, 100.0)]
    assert instance_ratio(pairs) == pytest.approx(2.0)
    assert instance_ratio([(10.0, 20.0), (10.0, 5.0)]) == pytest.approx(1.0)  # too few to leave any out


def test_a_machine_that_drifts_changes_nothing() -> None:
    drifting = [(100.0 / n, 103.0 / n) for n in range(1, 20)]
    assert instance_ratio(drifting) == pytest.approx(1.03)


@pytest.mark.parametrize("pairs", [[], [(0.0, 1.0)], [(1.0, -1.0)], [(1.0, math.nan)], [(math.inf, 1.0)]])
def test_speeds_that_are_none_are_refused(pairs: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        instance_ratio(pairs)


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf])
def test_ratios_that_are_none_are_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        duel([1.0, ratio], seconds_per_instance=1.0)


def test_intervals_are_those_of_student() -> None:
    logs = [0.0, 0.02, 0.04, 0.06]
    found = duel([math.exp(value) for value in logs], seconds_per_instance=2.0)
    assert found.ratio == pytest.approx(math.exp(0.03))
    error = math.sqrt(5) * 0.02 / math.sqrt(3) / 2  # of the mean of four
    for bounds, level in ((found.ci95, 0.975), (found.ci90, 0.95)):
        assert bounds is not None
        assert bounds[1] == pytest.approx(math.exp(0.03 + t_quantile(level, 3) * error))
        assert bounds[0] == pytest.approx(math.exp(0.03 - t_quantile(level, 3) * error))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_instances_tell_nothing(count: int) -> None:
    found = duel([2.0] * count, seconds_per_instance=2.0)
    assert (found.verdict, found.ci95, found.seconds_more) == ("undecided", None, None)
    assert (found.ratio is None) == (count == 0)


def test_three_that_agree_wait_for_the_fourth() -> None:
    waiting = duel([2.0, 2.01, 1.99], seconds_per_instance=2.0)
    assert (waiting.verdict, waiting.seconds_more) == ("undecided", 2.0)
    done = duel([2.0, 2.01, 1.99, 2.0], seconds_per_instance=2.0)
    assert (done.verdict, done.seconds_more) == ("faster", None)
    assert decided(done, 4)
    assert not decided(done, 3)
    assert not decided(waiting, 4)


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(1.03, "faster"), (0.97, "slower"), (1.0, "same"), (1.005, "same"), (1.015, "faster")]
)
def test_verdicts_have_margins(ratio: float, verdict: str) -> None:
    assert duel(scattered(ratio, 0.001, 12), seconds_per_instance=2.0).verdict == verdict


def test_a_certain_difference_below_one_per_cent_is_none() -> None:
    found = duel(scattered(1.008, 0.0005, 12), seconds_per_instance=2.0)
    assert found.ci95 is not None
    assert found.ci95[0] > 1.0
    assert found.verdict == "same"


def test_what_is_still_needed_is_about_what_it_takes() -> None:
    """Told after six instances; then the scatter goes on as it was."""
    logs = [0.0, 0.06] * 3
    early = duel([math.exp(value) for value in logs], seconds_per_instance=2.0)
    assert early.verdict == "undecided"
    assert early.seconds_more is not None
    more = round(early.seconds_more / 2.0)
    values = [math.exp(value) for value in (logs + [0.0, 0.06] * more)[: 6 + more]]
    assert duel(values, seconds_per_instance=2.0).verdict == "faster"
    assert duel(values[: 3 + more], seconds_per_instance=2.0).verdict == "undecided"


def test_what_would_take_more_than_an_hour_is_not_promised() -> None:
    wild = [math.exp(value) for value in (-0.5, 0.53, -0.5, 0.53)]
    assert duel(wild, seconds_per_instance=2.0).seconds_more is None
    assert duel(wild, seconds_per_instance=0.02).seconds_more is not None
    assert duel([1.0, 1.02, 1.04, 1.06], seconds_per_instance=5000.0).seconds_more is None


@given(st.lists(st.tuples(SPEEDS, SPEEDS), min_size=1, max_size=30))
def test_swapping_a_and_b_inverts_an_instance(pairs: list[tuple[float, float]]) -> None:
    assert instance_ratio([(b, a) for a, b in pairs]) == pytest.approx(1 / instance_ratio(pairs))


@given(RATIOS)
def test_swapping_a_and_b_inverts_a_duel(ratios: list[float]) -> None:
    there = duel(ratios, seconds_per_instance=2.0)
    back = duel([1 / ratio for ratio in ratios], seconds_per_instance=2.0)
    assert back.verdict == OTHER_WAY[there.verdict]
    if there.ratio is not None and back.ratio is not None:
        assert back.ratio == pytest.approx(1 / there.ratio)
    if there.ci95 is not None and there.ci95[1] < 1e100:
        assert back.ci95 == pytest.approx((1 / there.ci95[1], 1 / there.ci95[0]))


@given(RATIOS)
def test_a_verdict_agrees_with_its_interval(ratios: list[float]) -> None:
    found = duel(ratios, seconds_per_instance=2.0)
    if found.verdict == "undecided":
        return
    assert found.ci95 is not None
    assert found.ci90 is not None
    low, high = found.ci95
    assert low <= found.ci90[0] <= (found.ratio or 0.0) <= found.ci90[1] <= high
    expected = {"faster": low > 1.01, "slower": high < 1 / 1.01, "same": 1 / 1.02 < low <= high < 1.02}
    assert expected[found.verdict]
    assert found.seconds_more is None


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (PairedResult(verdict="faster", ratio=1.83, ci95=(1.79, 1.87)), "B is 1.83 × faster (1.79–1.87)"),
        (PairedResult(verdict="slower", ratio=1 / 1.83, ci95=(1 / 1.87, 1 / 1.79)), "B is 1.83 × slower (1.79–1.87)"),
        (PairedResult(verdict="slower", ratio=0.969, ci95=(0.963, 0.975)), "B is 3.1 % slower (2.5–3.7 %)"),
        (PairedResult(verdict="faster", ratio=1.199, ci95=(1.15, 1.25)), "B is 19.9 % faster (15.0–25.0 %)"),
        (PairedResult(verdict="faster", ratio=1.2, ci95=(1.15, 1.25)), "B is 1.20 × faster (1.15–1.25)"),
        (PairedResult(verdict="faster", ratio=1234.5, ci95=(1000.0, 2000.0)), "B is 1,234 × faster (1,000–2,000)"),
        (PairedResult(verdict="same", ratio=1.001, ci95=(0.99, 1.01)), "No difference: within ±2 %"),
        (PairedResult(verdict="undecided", seconds_more=41.0, ratio=1.01, ci95=(0.9, 1.1), ratios=(1.0,)),
         "Undecided: about 40 s more would decide"),
        (PairedResult(verdict="undecided", seconds_more=0.4, ratio=1.01, ci95=(0.9, 1.1), ratios=(1.0,)),
         "Undecided: about 1 s more would decide"),
        (PairedResult(verdict="undecided", seconds_more=646.0, ratio=1.01, ci95=(0.9, 1.1), ratios=(1.0,)),
         "Undecided: about 11 min more would decide"),
        (PairedResult(verdict="undecided", ratio=1.0, ci95=(0.5, 2.0), ratios=(1.0, 1.0, 1.0)),
         "Undecided: B has between 0.5 and 2.00 × the speed of A, and an hour more would not decide"),
        (PairedResult(verdict="undecided", ratio=1.0, ci95=(0.92, 1.09)),
         "Undecided: B has between 0.92 and 1.09 × the speed of A; measuring them in turn would tell more"),
        (
            PairedResult(verdict="undecided", ratio=1.0, ratios=(1.0,)),
            "Undecided: too little was measured to know the doubt",
        ),
        (PairedResult(verdict="undecided"), "Undecided: there are no results to compare"),
    ],
)  # fmt: skip
def test_a_verdict_is_a_sentence(found: PairedResult, text: str) -> None:
    assert sentence(found) == text


def test_names_are_made_safe() -> None:
    said = sentence(PairedResult(verdict="faster", ratio=1.05, ci95=(1.04, 1.06)), b="\x1b[2J100%" + "x" * 4000)
    assert "\x1b" not in said
    assert "100%" in said
    assert len(said) < 90
