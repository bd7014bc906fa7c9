"""Where time goes: shares, the balance with the latency, groups, neighbours."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from ovtui.analysis import kernels, precisions
from ovtui.analysis.layer_groups import By, blocks, groups, scope, useful_depth
from ovtui.analysis.layers import (
    balance,
    concentration,
    counting_cost,
    hottest,
    neighbours,
    notes,
    rows,
    time_text,
    too_short,
    took,
    total_range,
    total_us,
)
from ovtui.records import Layer, Profile
from tests.analysis.profiles import EMPTY, NO_COUNTERS, a_layer, a_profile, profiles

THREE = a_profile(
    a_layer("a", time_us=50.0),
    a_layer("b", "Pooling", time_us=30.0),
    a_layer("c", time_us=20.0),
    a_layer("r", "Reshape", time_us=None, status="optimized_out"),
    line=True,
    latency_us=110.0,
)


def test_shares_are_of_the_sum_and_add_up_from_the_slowest() -> None:
    found = rows(THREE)
    assert [row.share for row in found] == [0.5, 0.3, 0.2, None]
    assert [row.cumulative for row in found] == [0.5, 0.8, 1.0, None]
    assert total_us(THREE) == 100.0


def test_rows_are_in_the_order_of_execution_as_numbers() -> None:
    layers = tuple(
        msgspec.structs.replace(a_layer(f"l{order}"), order=order) for order in (10, 9, 2, 100)
    )  # as text: 10, 100, 2, 9
    profile = msgspec.structs.replace(THREE, layers=layers)
    assert [profile.layers[row.place].order for row in rows(profile)] == [2, 9, 10, 100]


def test_a_few_layers_take_most_of_the_time() -> None:
    assert [row.place for row in hottest(rows(THREE), 0.8)] == [0, 1]
    assert concentration(THREE) == "2 of 3 layers take 80 % of the time."
    assert concentration(THREE, 0.5) == "1 of 3 layers takes 50 % of the time."
    assert concentration(NO_COUNTERS) is None


def test_the_rest_of_the_latency_is_explained() -> None:
    found = balance(THREE)
    assert (found.ratio, found.rest_us) == (pytest.approx(100 / 110), pytest.approx(10.0))
    assert "scheduling, input and output copies." in found.text
    assert "10.00 µs (9.1 %)" in found.text
    busy = msgspec.structs.replace(THREE, requests=4, latency_us=400.0)
    assert "waiting for a stream" in balance(busy).text


def test_what_an_empty_inference_takes_is_no_scheduling_of_the_model() -> None:
    profile = msgspec.structs.replace(THREE, latency_us=120.0, empty_us=7.0)
    assert "20.00 µs (16.7 %) is overhead outside layers, of which about 7.00 µs is what" in balance(profile).text
    own = msgspec.structs.replace(THREE, latency_us=105.0, empty_us=7.0)
    assert "no more than a model of one element takes in this pass (7.00 µs)" in balance(own).text
    long = msgspec.structs.replace(THREE, latency_us=1000.0, empty_us=7.0)
    assert "scheduling, input and output copies." in balance(long).text


def bounded(time_us: float | None, low: float, high: float, name: str = "a") -> Layer:
    layer = a_layer(name, "Eltwise", time_us, status="executed" if time_us else "not_run")
    return msgspec.structs.replace(layer, low_us=low, high_us=high)


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (bounded(None, 0.0, 1.99), "< 2"),
        (bounded(1.5, 0.98, 3.02), "1–3"),
        (bounded(3.0, 2.0, 4.0), "2–4"),
        (bounded(8.0, 7.0, 9.0), "7–9"),
        (bounded(51.0, 50.0, 52.0), "51"),
        (a_layer(time_us=1.05), "1.05"),
        (a_layer(time_us=None, status="not_run"), None),
    ],
)
def test_a_time_that_the_counters_leave_open_is_a_range(layer: Layer, shown: str | None) -> None:
    assert time_text(layer) == shown


def test_a_sum_carries_what_the_counters_leave_open_of_each_layer() -> None:
    """Of five layers four take 1 to 3 µs each, and one of which nothing is told less than 2."""
    layers = [bounded(2.0, 1.0, 3.0, f"a{n}") for n in range(4)]
    profile = a_profile(*layers, bounded(None, 0.0, 2.0, "b"), line=True, latency_us=15.0)
    assert total_range(profile) == (4.0, 14.0)
    found = balance(profile)
    assert found.range_us == (4.0, 14.0)
    assert "8.00 µs (4.00 µs to 14.00 µs)" in found.text
    # An inference in which they may well be all there is, is no sign of scheduling; nor one that is a bit shorter.
    for latency in (14.0, 7.0):
        text = balance(msgspec.structs.replace(profile, latency_us=latency)).text
        assert "which may be all of the mean latency" in text
    assert "ran side by side" in balance(msgspec.structs.replace(profile, latency_us=3.0)).text
    assert total_range(THREE) is None


def test_what_counting_costs_is_said_only_where_it_is_known() -> None:
    known = msgspec.structs.replace(THREE, overhead=0.12, overhead_ci95=(0.081, 0.159))
    assert counting_cost(known) == "+12.0 % latency (8.1–15.9 %)"
    for ci95 in (None, (-0.02, 0.26), (0.0, 0.2)):
        assert counting_cost(msgspec.structs.replace(known, overhead_ci95=ci95)) is None


def test_layers_that_add_up_to_more_are_shares() -> None:
    found = balance(msgspec.structs.replace(THREE, latency_us=50.0))
    assert found.ratio == 2.0
    assert "read the times as shares" in found.text
    assert "all of the mean latency" in balance(msgspec.structs.replace(THREE, latency_us=100.5)).text


def test_layers_below_the_microsecond_that_counters_tell_are_not_without_counters() -> None:
    layer = a_layer("add", "Eltwise", None, status="not_run")
    short = a_profile(layer, latency_us=20.0, counters=True)
    assert too_short(short)
    assert balance(short).text == (
        "All layers take less than 2 µs, which the device's counters, in whole µs, do not tell."
    )
    assert not too_short(msgspec.structs.replace(short, counters=False))
    assert "no times" in balance(msgspec.structs.replace(short, counters=False)).text


def test_a_note_that_the_balance_repeats_is_said_once() -> None:
    said = msgspec.structs.replace(NO_COUNTERS, notes=("This device gives no times of layers.", "Another note."))
    assert notes(said) == ["Another note."]


@pytest.mark.parametrize("profile", [NO_COUNTERS, EMPTY])
def test_without_counters_nothing_is_made_up(profile: Profile) -> None:
    assert total_us(profile) is None
    assert all(row[1:] == (None, None, None) for row in rows(profile))
    assert balance(profile).ratio is None
    assert "no times" in balance(profile).text
    assert all(group.time_us is None and group.share is None for group in groups(profile, "type"))


@pytest.mark.parametrize("latency", [None, 0.0])
def test_an_unknown_latency_is_said(latency: float | None) -> None:
    assert "not known" in balance(msgspec.structs.replace(THREE, latency_us=latency)).text


def test_times_that_are_all_zero_have_no_shares() -> None:
    profile = a_profile(a_layer(time_us=0.0), a_layer(time_us=0.0))
    assert [row.share for row in rows(profile)] == [None, None]
    assert groups(profile, "type")[0].gflops is None


def test_neighbours_are_those_of_the_edges() -> None:
    layers = a_profile(a_layer("a"), a_layer("b", after=(0, 0)), a_layer("c", after=(0, 1, 99, -3))).layers
    assert neighbours(layers, 0) == ((), (1, 2))
    assert neighbours(layers, 2) == ((0, 1), ())


def test_groups_say_what_they_cost_and_achieve() -> None:
    profile = a_profile(
        a_layer("a", time_us=50.0, flops=100_000, precision="f32"),
        a_layer("b", time_us=30.0, flops=None, precision="FP32"),
        a_layer("c", time_us=20.0, flops=300_000, precision="i8"),
        a_layer("d", time_us=None, precision="undefined", status="optimized_out"),
    )
    first, second, third = groups(profile, "precision")
    assert (first.name, first.places, first.layers, first.executed) == ("f32", (0, 1), 2, 2)
    assert (first.time_us, first.share, first.flops) == (80.0, 0.8, 100_000)
    assert first.gflops == pytest.approx(2.0)  # the layer that cannot be counted does not lower it
    assert (second.name, second.gflops) == ("i8", pytest.approx(15.0))
    assert (third.name, third.executed, third.time_us) == ("–", 0, None)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("conv1", ()),
        ("layer1/conv", ("layer1",)),
        ("encoder.layer.7/Add", ("encoder", "encoder.layer", "encoder.layer.7")),
        ("/layer1/layer1.0/conv1/Conv", ("layer1", "layer1/layer1.0", "layer1/layer1.0/conv1")),
        ("/net/net.1/net.1.2/Conv", ("net", "net/net.1", "net/net.1/net.1.2")),
        ("", ()),
        ("///", ()),
        ("..a..b", ("..a",)),
    ],
)  # fmt: skip
def test_names_tell_their_blocks(name: str, inside: tuple[str, ...]) -> None:
    assert scope(name) == inside


def test_a_name_of_4000_characters_has_few_blocks() -> None:
    assert len(scope("a/" * 2000)) == 16


def test_blocks_begin_where_names_differ() -> None:
    names = ["net/net/stem/a", "net/net/mixed1/b", "net/net/mixed1/c", "net/net/mixed2/d", "net/logits/e"]
    profile = a_profile(*(a_layer(name) for name in names), line=True)
    assert useful_depth(profile) == 3
    assert blocks(profile) == ["net/net/stem", "net/net/mixed1", "net/net/mixed1", "net/net/mixed2", "net/logits"]
    assert set(blocks(profile, 1)) == {"net"}
    assert useful_depth(a_profile(a_layer("conv1"), a_layer("relu"))) == 1


def test_a_layer_that_the_device_put_in_is_in_its_consumers_block() -> None:
    profile = a_profile(
        a_layer("a/x"),
        a_layer("a/x_abcd_acdb_b/y", "Reorder", original=()),
        a_layer("b/y"),
        a_layer("out_reorder", "Reorder", original=()),
        line=True,
    )
    assert blocks(profile, 1) == ["a", "b", "b", "b"]


@given(profiles())
def test_shares_sum_to_one(profile: Profile) -> None:
    shares = [row.share for row in rows(profile) if row.share is not None]
    if total_us(profile):
        assert sum(shares) == pytest.approx(1.0)
        assert max(row.cumulative or 0.0 for row in rows(profile)) == pytest.approx(1.0)
    else:
        assert not shares


@pytest.mark.parametrize("by", ["type", "precision", "kernel", "block"])
@given(profile=profiles())
def test_groups_share_out_all_layers(by: By, profile: Profile) -> None:
    found = groups(profile, by)
    assert sorted(index for group in found for index in group.places) == list(range(len(profile.layers)))
    assert sum(group.time_us or 0.0 for group in found) == pytest.approx(total_us(profile) or 0.0)
    times = [-1.0 if group.time_us is None else group.time_us for group in found]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("kernel", "slow"),
    [
        ("ref", True),
        ("ref_any_f32", True),
        ("gemm:ref", True),
        ("softmax_gpu_ref__f16", True),
        ("jit_avx2_f32", False),
        ("prefetch_f32", False),
        ("", False),
        (None, False),
    ],
)
def test_reference_kernels_are_known_by_name(kernel: str | None, slow: bool) -> None:
    assert kernels.is_reference(kernel) is slow


@pytest.mark.parametrize(
    ("name", "same"),
    [("FP32", "f32"), ("f32", "f32"), ("BF16", "bf16"), ("I64", "i64"), ("U8", "u8"), ("undefined", None), ("", None)],
)
def test_precisions_are_named_alike(name: str, same: str | None) -> None:
    assert precisions.normal(name) == same


def test_precisions_go_from_wide_to_narrow() -> None:
    assert precisions.in_order(["u8", "q7", "bf16", "f32", "i8", "i32"]) == ["f32", "bf16", "i32", "i8", "u8", "q7"]


def test_times_are_read_in_the_unit_that_fits() -> None:
    assert [took(45.2), took(1234.0), took(0.5)] == ["45.20 µs", "1.23 ms", "0.5 µs"]


def test_layers_below_a_microsecond_are_not_read_as_shares() -> None:
    """A CPU's counters tell whole microseconds: such layers have none, and the few others are not "all of it"."""
    short = [a_layer(f"fc{n}", "FullyConnected", None, status="not_run") for n in range(9)]
    told = a_layer("first", "Reorder", 2.0)
    blurred = a_profile(told, *short, line=True, latency_us=70.0)
    assert too_short(blurred)
    assert "Read no shares from that" in balance(blurred).text
    assert not too_short(a_profile(told, *short[:1], line=True, latency_us=3.0))
