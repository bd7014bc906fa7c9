"""What explains a difference: the layers with the largest deltas, and the groups."""

from __future__ import annotations

import pytest
from hypothesis import given

from ovtui.analysis.comparing.explaining import By, beyond, decisive, explanation, group_deltas, largest_first
from ovtui.analysis.comparing.matching import matched
from ovtui.analysis.layers import total_us
from ovtui.records import Profile
from tests.analysis.profiles import NO_COUNTERS, a_layer, a_profile, profiles


def with_times(*times: float | None, **other: object) -> Profile:
    return a_profile(*(a_layer(f"l{n}", time_us=time) for n, time in enumerate(times)), **other)


A = with_times(100.0, 100.0, 50.0, 30.0)
B = with_times(60.0, 55.0, 55.0, 20.0)  # −40, −45, +5, −10: −90 altogether


def test_what_explains_most_comes_first() -> None:
    found = explanation(A, B)
    assert found.rows is not None
    assert [row.delta for row in found.rows] == [-45.0, -40.0, -10.0, 5.0]
    assert found.decisive == {0, 1}
    assert found.text == "These 2 layers account for 94 % of the gain of 90.00 µs."
    assert explanation(B, A).text == "These 2 layers account for 94 % of the loss of 90.00 µs."


def test_those_that_explain_it_are_marked_whatever_lies_between_them() -> None:
    found = explanation(with_times(100.0, 50.0, 90.0, 80.0), with_times(50.0, 95.0, 50.0, 40.0))
    assert found.rows is not None
    assert [(row.delta, found.mark(place)) for place, row in enumerate(found.rows)] == [
        (-50.0, "*"), (45.0, ""), (-40.0, "*"), (-40.0, ""),
    ]  # fmt: skip
    assert explanation(A, B).legend == "They are marked *."
    assert explanation(A, A).legend == ""


def test_without_a_certain_difference_layers_may_explain_a_chance() -> None:
    doubt = " As no difference is certain, that may be chance."
    for verdict in ("same", "undecided"):
        assert explanation(A, B, verdict).text == explanation(A, B).text + doubt
    for verdict in ("faster", "slower"):
        assert explanation(A, B, verdict) == explanation(A, B)
    assert explanation(A, None, "undecided").text == explanation(A, None).text


def test_one_layer_may_be_all_of_it_and_more() -> None:
    found = explanation(with_times(100.0, 10.0), with_times(50.0, 20.0))
    assert found.text == "This layer accounts for 125 % of the gain of 40.00 µs; others take part of it back."


def test_a_difference_that_is_spread_is_not_blamed_on_a_few() -> None:
    found = explanation(with_times(*[10.0] * 100), with_times(*[9.0] * 100))
    assert found.decisive == frozenset(range(70))
    assert found.text == "No few layers explain it: 70 layers account for 70 % of the gain of 100.0 µs."


def test_nothing_is_made_of_sums_that_are_alike() -> None:
    found = explanation(with_times(100.0, 100.0), with_times(120.0, 80.5))
    assert not found.decisive
    assert found.text == "The layers take the same altogether: 200.0 µs and 200.5 µs, less than 1 % apart."


def test_a_layer_of_one_side_can_be_the_reason() -> None:
    found = explanation(with_times(100.0), with_times(100.0, 30.0))
    assert found.rows is not None
    assert (found.rows[0].place_a, found.rows[0].place_b) == (None, 1)
    assert found.text == "This layer accounts for 100 % of the loss of 30.00 µs."


@pytest.mark.parametrize(
    ("a", "b", "who"),
    [(None, B, "A has no profile"), (A, None, "B has no profile"), (None, None, "Neither side has a profile")],
)
def test_a_side_without_a_profile_is_told_how_to_get_one(a: Profile | None, b: Profile | None, who: str) -> None:
    found = explanation(a, b)
    assert found.rows is None
    assert found.text.startswith(who)
    assert "`ovtui run`" in found.text


def test_a_device_that_tells_no_times_is_named() -> None:
    short = a_profile(a_layer("add", "Eltwise", None, status="not_run"), counters=True)
    assert explanation(B, short).text.startswith("All layers of B take less than a microsecond")
    assert explanation(NO_COUNTERS, B).text == "There are no times to compare: A's device gives none of layers."
    assert "B's device" in explanation(A, NO_COUNTERS).text
    assert explanation(A, NO_COUNTERS).rows is not None


def test_layers_too_short_for_the_counters_explain_nothing() -> None:
    short = [a_layer(f"fc{n}", "FullyConnected", None, status="not_run") for n in range(9)]
    blurred = a_profile(a_layer("first", "Reorder", 2.0), *short, latency_us=70.0)
    found = explanation(A, blurred)
    assert not found.decisive
    assert found.text.startswith("Most layers of B take less than a microsecond")
    assert "layers of A" in explanation(blurred, A).text


def test_small_deltas_can_be_left_out() -> None:
    rows = largest_first(matched(A, with_times(60.0, 55.0, 50.0, None)))
    assert [row.delta for row in beyond(rows, 40.0)] == [-45.0, -40.0]
    assert len(beyond(rows, 0.0)) == 4
    silent = matched(NO_COUNTERS, NO_COUNTERS)
    assert beyond(silent, 0.0) == []


def test_groups_are_compared_by_what_their_layers_are_on_each_side() -> None:
    a = a_profile(
        a_layer("a", time_us=80.0, precision="f32"), a_layer("b", time_us=40.0, precision="FP32"),
        a_layer("c", "Reshape", None, precision=None),
    )  # fmt: skip
    b = a_profile(
        a_layer("a", time_us=20.0, precision="i8"), a_layer("b", time_us=40.0, precision="f32"),
        a_layer("c", "Reshape", None, precision=None),
    )  # fmt: skip
    f32, i8, none = group_deltas(a, b, "precision")
    assert (f32.name, f32.layers_a, f32.layers_b, f32.time_a, f32.time_b, f32.delta) == (
        "f32",
        2,
        1,
        120.0,
        40.0,
        -80.0,
    )
    assert (i8.name, i8.layers_a, i8.time_a, i8.delta) == ("i8", 0, None, 20.0)
    assert (f32.share_of_difference, i8.share_of_difference) == (pytest.approx(80 / 60), pytest.approx(-20 / 60))
    assert (none.name, none.delta, none.share_of_difference) == ("–", None, None)


@given(profiles(), profiles())
def test_the_decisive_rows_are_the_fewest(a: Profile, b: Profile) -> None:
    rows = largest_first(matched(a, b))
    whole = (total_us(b) or 0.0) - (total_us(a) or 0.0)
    chosen = [rows[place] for place in decisive(rows, whole)]
    explained = sum(abs(row.delta or 0.0) for row in chosen)
    assert all((row.delta or 0.0) * whole > 0 for row in chosen)
    assert explained >= 0.7 * abs(whole) * (1 - 1e-9)
    if chosen:
        assert explained - abs(chosen[-1].delta or 0.0) < 0.7 * abs(whole)


@pytest.mark.parametrize("by", ["type", "precision", "kernel"])
@given(a=profiles(), b=profiles())
def test_groups_share_out_the_difference(by: By, a: Profile, b: Profile) -> None:
    found = group_deltas(a, b, by)
    assert sum(group.layers_a for group in found) == len(a.layers)
    assert sum(group.layers_b for group in found) == len(b.layers)
    whole = (total_us(b) or 0.0) - (total_us(a) or 0.0)
    assert sum(group.delta or 0.0 for group in found) == pytest.approx(whole, abs=1e-6)
    shares = [group.share_of_difference for group in found if group.share_of_difference is not None]
    if shares:
        assert sum(shares) == pytest.approx(1.0, abs=1e-4)


@given(profiles(), profiles())
def test_any_two_profiles_have_an_explanation(a: Profile, b: Profile) -> None:
    found = explanation(a, b)
    assert found.rows is not None
    assert found.text.endswith(".")
    sizes = [abs(row.delta) for row in found.rows if row.delta is not None]
    assert sizes == sorted(sizes, reverse=True)
