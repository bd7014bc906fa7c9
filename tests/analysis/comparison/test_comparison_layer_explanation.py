"""What explains a difference: the layers that differ for certain, and the groups."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from ovtui.analysis.comparison.attribution import Sides, of_recorded, paired
from ovtui.analysis.comparison.inverted import turned_layers
from ovtui.analysis.comparison.layer_explanation import By, beyond, explanation, group_deltas, largest_first
from ovtui.analysis.comparison.layer_matching import matched
from ovtui.analysis.comparison.unpaired import Scatter
from ovtui.analysis.layers import total_us
from ovtui.records import LayerDifference, LayerDifferences, Profile, Verdict
from tests.analysis.profiles import NO_COUNTERS, a_layer, a_profile, profiles


def with_times(*times: float | None, **other: object) -> Profile:
    return a_profile(*(a_layer(f"l{n}", time_us=time) for n, time in enumerate(times)), **other)


A = with_times(100.0, 100.0, 50.0, 30.0)
B = with_times(60.0, 55.0, 55.0, 20.0)  # −40, −45, +5, −10: −90 altogether


def holding(*places: int, a: Profile = A, b: Profile = B, rest: tuple[float, float] = (-8.0, -2.0)) -> LayerDifferences:
    """Of two profiles with the same layers: the differences, of which those at `places` hold."""
    rows = [
        LayerDifference(n, n, (mine.time_us or 0.0) - (other.time_us or 0.0), (-1.0, 1.0), n in places)
        for n, (other, mine) in enumerate(zip(a.layers, b.layers, strict=True))
    ]
    return LayerDifferences(rows=tuple(rows), instances=6, rest_ci95=rest)


def test_what_differs_most_comes_first_and_only_what_holds_is_marked() -> None:
    found = explanation(A, B, "faster", holding(0, 1))
    assert found.rows is not None
    assert [row.delta for row in found.rows] == [-45.0, -40.0, -10.0, 5.0]
    assert [found.mark(place) for place in range(4)] == ["*", "*", "", ""]
    assert found.rest_us == -5.0
    assert found.text == (
        "These 2 layers account for 94 % of the gain of 90.00 µs. Not attributable: −5.00 µs (−8.00 µs to −2.00 µs)."
    )
    assert found.legend == "They are marked *."
    assert "94 % of the loss of 90.00 µs" in explanation(B, A, "slower", turned_layers(holding(0, 1))).text


def test_where_nothing_holds_nothing_is_marked() -> None:
    found = explanation(A, B, "faster", holding(rest=(-200.0, 20.0)))
    assert (found.marked, found.legend) == (frozenset(), "")
    assert found.text == "No layer's difference is certain. Not attributable: −90.00 µs (−200.0 µs to +20.00 µs)."


def test_a_layer_against_the_verdict_is_told_as_such() -> None:
    text = explanation(A, B, "faster", holding(0, 1, 2)).text
    assert "1 of them differs the other way, by +5.00 µs: against the verdict." in text
    assert "It differs the other way, by +5.00 µs: against the verdict." in explanation(A, B, "faster", holding(2)).text
    assert "against" not in explanation(A, B, "faster", holding(0, 1)).text
    undecided = explanation(A, B, "undecided", holding(0, 2)).text
    assert "1 of them differs the other way, by +5.00 µs." in undecided
    assert "verdict" not in undecided


def test_one_layer_may_be_all_of_it_and_more() -> None:
    a, b = with_times(100.0, 10.0), with_times(50.0, 20.0)
    found = explanation(a, b, "faster", holding(0, a=a, b=b))
    assert found.text.startswith("This layer accounts for 125 % of the gain of 40.00 µs. Not attributable: +10.00 µs")


def test_a_difference_that_is_spread_is_not_blamed_on_a_few() -> None:
    a, b = with_times(*[10.0] * 100), with_times(*[9.0] * 100)
    found = explanation(a, b, "faster", holding(*range(70), a=a, b=b))
    assert found.text.startswith("No few layers explain it: 70 layers account for 70 % of the gain of 100.0 µs.")


def test_sums_that_are_alike_may_hide_layers_that_differ() -> None:
    a, b = with_times(100.0, 100.0), with_times(120.0, 80.5)
    alike = explanation(a, b, "same", holding(a=a, b=b)).text
    assert alike.startswith("The layers take the same altogether: 200.0 µs and 200.5 µs, less than 1 % apart. Not")
    one = explanation(a, b, "same", holding(0, a=a, b=b)).text
    assert one.startswith("1 layer differs for certain, by +20.00 µs; all layers by +0.5 µs. Not attributable: −19.50")
    both = explanation(a, b, "same", holding(0, 1, a=a, b=b)).text
    assert both.startswith("2 layers differ for certain, by +0.5 µs together; all layers by +0.5 µs.")


def test_a_layer_of_one_side_can_be_the_reason() -> None:
    a, b = with_times(100.0), with_times(100.0, 30.0)
    known = paired(
        [(0, 0), (None, 1)],
        [Sides([100.0, 101.0, 99.0], [100.5, 99.5, 100.0]), Sides(None, [30.0, 30.5, 29.5])],
    )
    found = explanation(a, b, "slower", known)
    assert found.rows is not None
    assert (found.rows[0].place_a, found.rows[0].place_b) == (None, 1)
    assert found.text.startswith("This layer accounts for 100 % of the loss of 30.00 µs.")


@given(profiles(), profiles())
def test_marked_layers_and_the_rest_add_up_to_the_whole_difference(a: Profile, b: Profile) -> None:
    found = explanation(a, b)
    if found.rest_us is None:
        return
    assert found.rows is not None
    marked = sum(found.rows[place].delta or 0.0 for place in found.marked)
    whole = (total_us(b) or 0.0) - (total_us(a) or 0.0)
    assert marked + found.rest_us == pytest.approx(whole, abs=1e-5)
    assert found.rest_ci95 is not None
    assert found.rest_ci95[0] - 1e-6 <= found.rest_us <= found.rest_ci95[1] + 1e-6


def test_two_passes_at_different_times_mark_only_what_scatter_does_not_explain() -> None:
    a, b = with_times(100.0, 1000.0, 50.0), with_times(112.0, 1050.0, 20.0)
    found = explanation(a, b)
    assert found.rows is not None
    assert [found.rows[place].time_a for place in found.marked] == [50.0]
    wild = with_times(100.0, 1000.0, 50.0)
    wild = with_times(*(layer.time_us for layer in wild.layers))
    layers = tuple(a_layer(f"l{n}", time_us=layer.time_us, spread_us=20.0) for n, layer in enumerate(wild.layers))
    assert not explanation(a_profile(*layers), b).marked  # a spread within its pass explains it
    doubtful = of_recorded(a, b, Scatter(deviation=0.5, runs=5, freedom=4))
    assert not explanation(a, b, None, doubtful).marked


def test_exchanging_the_sides_turns_the_differences_round() -> None:
    there = of_recorded(A, B)
    back = of_recorded(B, A)
    assert there is not None
    assert back is not None
    turned = turned_layers(there)
    mine = {(row.place_a, row.place_b): row for row in turned.rows}
    for row in back.rows:
        same = mine[row.place_a, row.place_b]
        assert (same.marked, same.delta_us) == (row.marked, row.delta_us)
        assert same.ci95 == pytest.approx(row.ci95)
    assert turned.rest_ci95 == pytest.approx(back.rest_ci95)
    assert explanation(A, A).text.endswith("Not attributable: 0 µs (−" + explanation(A, A).text.partition("(−")[2])


def test_a_verdict_changes_only_whose_side_a_layer_is_on() -> None:
    verdicts: tuple[Verdict, ...] = ("same", "undecided", "faster", "slower")
    assert len({explanation(A, B, verdict, holding(0, 1)).marked for verdict in verdicts}) == 1
    assert explanation(A, None, "undecided").text == explanation(A, None).text
    assert math.isclose(explanation(A, B, "same", holding(0)).rest_us or 0.0, -50.0)


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
    assert not found.marked
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
