"""What is typed to find layers, and sorting them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.layer_filter import COLUMNS, TEXTS, LayerColumns, terms
from ovtui.records import Profile
from tests.analysis.profiles import CEILINGS, EMPTY, NO_COUNTERS, a_layer, a_profile, profiles

NET = a_profile(
    a_layer("layer1/conv1", "Convolution", 1500.0, precision="i8", kernel="jit_avx2_i8", flops=2_000_000, bytes=4_000),
    a_layer("layer1/Relu", "Eltwise", 40.0, original=("layer1/Relu", "dropout"), shape=(1, 64, 7, 7)),
    a_layer("layer2/conv2", "Convolution", 60.0, kernel="ref_any_f32", layout="acdb"),
    a_layer("layer2/view", "Reshape", None, status="optimized_out", kernel=None, precision=None),
    a_layer("layer2/conv3", "Convolution", 400.0, precision="f32"),
    line=True,
    ceilings=CEILINGS,
)  # fmt: skip


def found(typed: str, profile: Profile = NET) -> list[int]:
    return LayerColumns(profile).matching(terms(typed))


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("time>50us", [0, 2, 4]),
        ("time>50", [0, 2, 4]),
        ("time>.5ms", [0]),
        ("time<1e3", [0, 1, 2, 3, 4]),  # not a number that is read
        ("time=60", [2]),
        ("type:Convolution", [0, 2, 4]),
        ("type=conv", []),
        ("precision:i8", [0]),
        ("share>5%", [0, 4]),
        ("share>5", [0, 4]),
        ("share<2.5%", [1]),
        ("kernel:ref", [2]),
        ("name:CONV1", [0]),
        ("block:layer1", [0, 1]),
        ("status:optimized", [3]),
        ("shape:64,7", [1]),
        ("layout:acdb", [2]),
        ("original:dropout", [1]),
        ("fused:dropout", [1]),
        ("order=3", [3]),
        ("flops>1M", [0]),
        ("gflops>1", [0]),
        ("efficiency<1%", [0]),
        ("recoverable>1ms", [0]),
        ("conv", [0, 2, 4]),
        ("ref", [2]),
        ("reshape", [3]),
        ("dropout", []),
        ("time>50us type:Convolution precision:i8", [0]),
        ("conv layer2", [2, 4]),
        ("nothing-like-it", []),
    ],
)
def test_a_filter_finds_what_it_says(typed: str, left: list[int]) -> None:
    assert found(typed) == left


@pytest.mark.parametrize("half", ["time>", "time>5x", "type:", "share>", "time=%", "precision="])
def test_half_a_term_holds_for_everything(half: str) -> None:
    assert found(half) == [0, 1, 2, 3, 4]
    assert found(f"{half} type:Reshape") == [3]


@given(
    profiles(), st.text(max_size=12), st.sampled_from(["time>10", "type:re", "x", "share<50%", "block:layer1", "time>"])
)
def test_another_term_never_adds_layers(profile: Profile, typed: str, more: str) -> None:
    assert set(found(f"{typed} {more}", profile)) <= set(found(typed, profile))


@given(profiles(), st.sampled_from(COLUMNS), st.booleans())
def test_any_column_sorts_with_the_unknown_last(profile: Profile, column: str, descending: bool) -> None:
    columns = LayerColumns(profile)
    places = columns.ordered(columns.order, column, descending=descending)
    values = columns.text(column) if column in TEXTS else columns.number(column)
    sorted_values = [values[place] for place in places]
    known = [value for value in sorted_values if value not in (None, "")]
    assert sorted_values[: len(known)] == known
    assert known == sorted(known, reverse=descending)  # type: ignore[type-var]
    assert sorted(places) == list(range(len(profile.layers)))


def test_equals_stay_in_the_order_of_execution() -> None:
    columns = LayerColumns(NET)
    for descending in (True, False):
        places = columns.ordered(columns.order, "type", descending=descending)
        assert [place for place in places if NET.layers[place].type == "Convolution"] == [0, 2, 4]


@pytest.mark.parametrize("profile", [EMPTY, NO_COUNTERS])
def test_little_is_enough(profile: Profile) -> None:
    columns = LayerColumns(profile)
    assert columns.matching(terms("time>0 share>0")) == []
    assert columns.ordered(columns.order, "time", descending=True) == columns.order
    assert len(columns) == len(profile.layers)
