"""A verdict seen from the other side."""

from __future__ import annotations

import pytest

from ovtui.analysis.comparison.inverted import turned
from ovtui.analysis.comparison.paired import duel, sentence
from ovtui.records import PairedResult

RATIOS = (1.81, 1.85, 1.84, 1.82)


def test_it_is_what_comes_out_when_the_sides_are_measured_the_other_way_round() -> None:
    found = turned(duel(RATIOS, seconds_per_instance=1.0))
    expected = duel([1 / ratio for ratio in RATIOS], seconds_per_instance=1.0)
    assert found.verdict == expected.verdict == "slower"
    assert found.ratio == pytest.approx(expected.ratio)
    assert found.ci95 == pytest.approx(expected.ci95)
    assert found.ci90 == pytest.approx(expected.ci90)
    assert found.ratios == pytest.approx(expected.ratios)
    assert sentence(found) == sentence(expected)


def test_twice_turned_is_as_it_was() -> None:
    found = duel(RATIOS, seconds_per_instance=1.0)
    again = turned(turned(found))
    assert again.verdict == found.verdict
    assert again.ratios == pytest.approx(found.ratios)


def test_what_is_not_known_stays_unknown() -> None:
    assert turned(PairedResult(verdict="undecided", seconds_more=12.0)) == PairedResult(
        verdict="undecided", seconds_more=12.0
    )
