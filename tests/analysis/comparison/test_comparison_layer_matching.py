"""Which layer is which: by what was fused into it, by name and shape, by type and name; each once."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given

from ovtui.analysis.comparison.layer_matching import Row, matched
from ovtui.analysis.layers import total_us
from ovtui.records import Profile
from tests.analysis.profiles import EMPTY, a_large_profile, a_layer, a_profile, an_operation, profiles


def pairs(a: Profile, b: Profile) -> list[tuple[int | None, int | None]]:
    return [(row.place_a, row.place_b) for row in matched(a, b)]


def test_the_same_operations_make_the_same_layer_whatever_it_is_called() -> None:
    a = a_profile(a_layer("x", original=("conv", "relu")), a_layer("y", original=("fc",)))
    b = a_profile(a_layer("p", "Subgraph", original=("fc",)), a_layer("q", original=("relu", "conv")))
    assert pairs(a, b) == [(0, 1), (1, 0)]


def test_of_the_same_operations_the_type_decides_then_the_order() -> None:
    a = a_profile(*(a_layer(f"a{n}", kind, original=("op",)) for n, kind in enumerate(("Reorder", "Convolution"))))
    b = a_profile(
        *(a_layer(f"b{n}", kind, original=("op",)) for n, kind in enumerate(("Convolution", "Reorder", "Reorder")))
    )
    assert pairs(a, b) == [(0, 1), (None, 2), (1, 0)]


def test_operations_that_only_a_version_has_do_not_part_layers() -> None:
    a = a_profile(a_layer("c1", original=("conv1", "relu1")), a_layer("c2", original=("conv2",)))
    b = a_profile(
        a_layer("n1", original=("conv1", "relu1", "conv1/fq")), a_layer("n2", original=("conv2", "conv2/fq")),
        a_layer("only", "FakeQuantize", original=("input/fq",)),
    )  # fmt: skip
    assert pairs(a, b) == [(0, 0), (1, 1), (None, 2)]


def test_what_the_device_put_in_is_matched_by_name_and_shape_then_by_type() -> None:
    a = a_profile(
        a_layer("r", "Reorder", original=(), shape=(1, 2)), a_layer("r", "Reorder", original=(), shape=(1, 3)),
        a_layer("s", "Reorder", original=(), shape=(1, 4)),
    )  # fmt: skip
    b = a_profile(
        a_layer("s", "Reorder", original=(), shape=(8, 4)), a_layer("r", "Convert", original=(), shape=(1, 3)),
        a_layer("t", "Reorder", original=(), shape=(1, 2)),
    )  # fmt: skip
    assert pairs(a, b) == [(0, None), (1, 1), (None, 2), (2, 0)]


def test_a_layer_that_was_split_keeps_its_name_and_the_rest_is_of_one_side() -> None:
    a = a_profile(a_layer("conv", original=("conv", "relu")), a_layer("next"))
    b = a_profile(a_layer("conv", original=("conv",)), a_layer("relu", "Eltwise", original=("relu",)), a_layer("next"))
    assert pairs(a, b) == [(0, 0), (None, 1), (1, 2)]


def test_a_layer_is_called_as_the_model_calls_it() -> None:
    a = a_profile(a_layer("node_1", original=("conv",)), operations=(an_operation("conv"),))
    b = a_profile(a_layer("node_9", original=("conv",)), a_layer("extra"), operations=(an_operation("conv"),))
    assert [row.name for row in matched(a, b)] == ["conv", "extra"]


def test_a_row_tells_of_both_sides() -> None:
    a = a_profile(a_layer("c", time_us=100.0, kernel="ref_any", precision="FP32"))
    b = a_profile(a_layer("c", time_us=25.0, kernel="brgconv", precision="i8"), a_layer("d", "Reorder", time_us=5.0))
    both, alone = matched(a, b)
    assert both == Row(
        0, 0, "c", ("Convolution", "Convolution"), ("f32", "i8"), ("ref_any", "brgconv"), 100.0, 25.0, -75.0, 0.25,
        pytest.approx(75 / 70),
    )  # fmt: skip
    assert (alone.types, alone.time_a, alone.time_b, alone.delta, alone.ratio) == (
        (None, "Reorder"), None, 5.0, 5.0, None,
    )  # fmt: skip
    assert alone.share_of_difference == pytest.approx(-5 / 70)


def test_times_that_nobody_tells_make_no_delta() -> None:
    silent = a_profile(a_layer(time_us=None))
    (row,) = matched(silent, silent)
    assert (row.delta, row.ratio, row.share_of_difference) == (None, None, None)
    (row,) = matched(a_profile(a_layer(time_us=4.0)), silent)
    assert (row.delta, row.ratio) == (-4.0, None)


def test_equal_profiles_differ_in_nothing() -> None:
    profile = a_profile(a_layer("a", time_us=0.1), a_layer("b", time_us=0.2))
    assert all(row.delta == 0 and row.share_of_difference is None for row in matched(profile, profile))
    assert matched(EMPTY, EMPTY) == []


@given(profiles(), profiles())
def test_every_layer_is_in_exactly_one_row(a: Profile, b: Profile) -> None:
    rows = matched(a, b)
    assert [row.place_a for row in rows if row.place_a is not None] == list(range(len(a.layers)))
    assert sorted(row.place_b for row in rows if row.place_b is not None) == list(range(len(b.layers)))
    assert all(row.place_a is not None or row.place_b is not None for row in rows)


@given(profiles(), profiles())
def test_swapping_the_sides_turns_every_row_around(a: Profile, b: Profile) -> None:
    there = {(row.place_a, row.place_b): row for row in matched(a, b)}
    back = {(row.place_b, row.place_a): row for row in matched(b, a)}
    assert there.keys() == back.keys()
    for key, row in there.items():
        assert back[key].delta == (None if row.delta is None else -row.delta)
        assert back[key].types == row.types[::-1]


@given(profiles(), profiles())
def test_deltas_and_shares_add_up(a: Profile, b: Profile) -> None:
    rows = matched(a, b)
    whole = (total_us(b) or 0.0) - (total_us(a) or 0.0)
    assert sum(row.delta or 0.0 for row in rows) == pytest.approx(whole, abs=1e-6)
    shares = [row.share_of_difference for row in rows if row.share_of_difference is not None]
    if shares:
        assert sum(shares) == pytest.approx(1.0, abs=1e-4)


@given(profiles())
def test_a_profile_matches_itself(profile: Profile) -> None:
    assert all(row.place_a == row.place_b for row in matched(profile, profile))


def test_five_thousand_layers_are_matched_at_once() -> None:
    a = a_large_profile()
    b = msgspec.structs.replace(
        a,
        layers=tuple(
            msgspec.structs.replace(layer, original=(*layer.original, f"fq{n}")) if n % 3 == 0 else layer
            for n, layer in enumerate(a.layers)
        ),
    )
    times = []
    for _ in range(5):
        start = time.process_time()
        rows = matched(a, b)
        times.append(time.process_time() - start)
    assert all(row.place_a == row.place_b for row in rows)
    assert min(times) < 0.3  # 0.08 s where it was measured
