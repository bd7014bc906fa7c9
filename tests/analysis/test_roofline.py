"""Achieved and attainable: by arithmetic, by memory, by what is known."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.roofline import Limits, Roof, beaten, roofline
from ovtui.records import Layer, Profile
from tests.analysis.profiles import CEILINGS, EMPTY, NO_COUNTERS, a_layer, a_profile, profiles

MEGA = 1_000_000


def roof(layer: Layer, **other: object) -> Roof:
    return roofline(a_profile(layer, **({"ceilings": CEILINGS} | other)))[0]


def test_arithmetic_binds() -> None:
    """10 MFLOP at 100 GFLOP/s are 100 µs; 0.4 MB at 40 GB/s only 10."""
    found = roof(a_layer(time_us=200.0, flops=10 * MEGA, bytes=400_000))
    assert (found.gflops, found.gbytes) == (pytest.approx(50.0), pytest.approx(2.0))
    assert (found.attainable_us, found.bound) == (pytest.approx(100.0), "compute")
    assert (found.efficiency, found.recoverable_us) == (pytest.approx(0.5), pytest.approx(100.0))


def test_memory_binds() -> None:
    found = roof(a_layer(time_us=50.0, flops=100_000, bytes=MEGA))
    assert (found.attainable_us, found.bound) == (pytest.approx(25.0), "memory")


def test_what_only_moves_needs_no_peak() -> None:
    found = roof(a_layer("r", "Reorder", 50.0, precision="i32", flops=0, bytes=MEGA))
    assert (found.bound, found.gflops) == ("memory", 0.0)


def test_streams_have_a_part_each() -> None:
    layer = a_layer(time_us=200.0, flops=10 * MEGA, bytes=400_000)
    assert roof(layer, streams=2, requests=2).attainable_us == pytest.approx(200.0)
    assert roof(layer, streams=2, requests=1).attainable_us == pytest.approx(100.0)  # nothing runs beside it


def test_a_kernel_that_saves_arithmetic_recovers_nothing() -> None:
    found = roof(a_layer(time_us=80.0, flops=10 * MEGA, bytes=4))
    assert found.efficiency == pytest.approx(1.25)
    assert found.recoverable_us == 0.0


@pytest.mark.parametrize(
    "layer",
    [
        a_layer(flops=None, bytes=4),
        a_layer(flops=MEGA, bytes=None),
        a_layer(flops=0, bytes=0),
        a_layer(flops=MEGA, bytes=4, status="optimized_out"),
    ],
)
def test_what_is_not_known_is_left_open(layer: Layer) -> None:
    found = roof(layer)
    assert (found.attainable_us, found.bound, found.efficiency, found.recoverable_us) == (None, None, None, None)


@pytest.mark.parametrize(
    ("kernel", "precision", "rate"),
    [
        ("jit_avx2", "bf16", 100.0),  # not measured: no lane is wider than that of a float
        ("ref_i64", "i64", 100.0),
        ("ref_boolean", "boolean", 100.0),
        (None, "undefined", 300.0),  # not told: no layer is quicker than the highest peak
        (None, None, 300.0),
        ("unknown_I8", "f32", 100.0),  # no kernel is told
        ("brgemm_avx512_f32", "u8", 100.0),  # compressed weights, expanded before the product
        ("brgemm_avx512_f32", "u4", 100.0),
        ("brgconv_avx512_I8", "u8", 300.0),
        ("brgconv_avx512_i8", "i4", 300.0),
    ],
)
def test_every_precision_has_a_peak(kernel: str | None, precision: str | None, rate: float) -> None:
    found = roof(a_layer(time_us=1000.0, flops=10 * MEGA, bytes=4, precision=precision, kernel=kernel))
    assert (found.attainable_us, found.bound) == (pytest.approx(10e6 / rate / 1e3), "compute")


@pytest.mark.parametrize(("time_us", "above"), [(90.0, True), (91.0, False), (100.0, False)])
def test_a_layer_above_the_ceiling_says_so(time_us: float, above: bool) -> None:
    """100 µs are attainable; a tenth more than that is noise."""
    assert roof(a_layer(time_us=time_us, flops=10 * MEGA, bytes=4)).above is above


def test_a_short_layer_proves_nothing() -> None:
    """Counters are of whole microseconds."""
    assert roof(a_layer(time_us=19.0, flops=10 * MEGA, bytes=4)).above is False


@pytest.mark.parametrize("time_us", [None, 0.0])
def test_without_a_time_only_the_attainable_is_known(time_us: float | None) -> None:
    found = roof(a_layer(time_us=time_us, flops=10 * MEGA, bytes=4))
    assert found.attainable_us == pytest.approx(100.0)
    assert (found.gflops, found.gbytes, found.efficiency, found.recoverable_us) == (None, None, None, None)


def test_without_ceilings_what_is_achieved_is_known() -> None:
    found = roof(a_layer(time_us=100.0, flops=MEGA, bytes=MEGA), ceilings=None)
    assert (found.gflops, found.gbytes) == (pytest.approx(10.0), pytest.approx(10.0))
    assert found.attainable_us is None


def test_u8_has_the_peak_of_i8() -> None:
    limits = Limits(CEILINGS)
    assert limits.peak("u8") == limits.peak("I8") == 300.0
    assert limits.peak("f32") == 100.0


def test_bandwidth_is_between_that_of_the_measured_sizes() -> None:
    limits = Limits(CEILINGS)
    assert [limits.bandwidth(size) for size in (0, 1, MEGA)] == [pytest.approx(40.0)] * 3
    assert limits.bandwidth(10 * MEGA) == pytest.approx(25.0)  # halfway, by the logarithm
    assert limits.bandwidth(100 * MEGA) == limits.bandwidth(10**12) == pytest.approx(10.0)
    assert Limits(CEILINGS, 2).bandwidth(5 * MEGA) == pytest.approx(12.5)  # two of them fill 10 MB


def test_ceilings_of_nothing_are_none() -> None:
    broken = msgspec.structs.replace(CEILINGS, gflops={"f32": 0.0}, gbytes=((0, 5.0), (10, 0.0)))
    assert Limits(broken).peak("f32") is None
    assert Limits(broken).bandwidth(10) is None


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_larger_working_set_is_never_quicker_where_larger_sizes_are_slower(one: int, other: int) -> None:
    limits = Limits(CEILINGS)
    small, large = limits.bandwidth(min(one, other)), limits.bandwidth(max(one, other))
    assert small is not None and large is not None
    assert small >= large - 1e-9


@pytest.mark.parametrize("profile", [EMPTY, NO_COUNTERS])
def test_little_is_enough(profile: Profile) -> None:
    assert roofline(profile) == [Roof()] * len(profile.layers)


@given(profiles())
def test_recoverable_time_is_a_part_of_the_time(profile: Profile) -> None:
    for layer, found in zip(profile.layers, roofline(profile), strict=True):
        if found.recoverable_us is not None:
            assert layer.time_us is not None
            assert 0.0 <= found.recoverable_us <= layer.time_us


def test_a_branch_that_was_perhaps_not_taken_proves_nothing() -> None:
    quick = a_layer("choice", "If", 100.0, flops=20 * MEGA, bytes=4)
    assert roof(quick).above
    assert not beaten(a_profile(quick, ceilings=CEILINGS))


def test_a_layer_that_beats_a_ceiling_proves_it_wrong() -> None:
    fast = a_layer(time_us=100.0, flops=int(200.0 * 100.0 * 1e3), bytes=1000)
    usual = a_layer(time_us=100.0, flops=int(90.0 * 100.0 * 1e3), bytes=1000)
    short = a_layer(time_us=10.0, flops=int(200.0 * 10.0 * 1e3), bytes=1000)
    for layer, expected in ((fast, True), (usual, False), (short, False)):
        assert beaten(a_profile(layer, ceilings=CEILINGS)) is expected


READING = msgspec.structs.replace(CEILINGS, reads=((MEGA, 80.0), (100 * MEGA, 20.0)))
"""Copies at 40 and 10 GB/s; reading alone twice as fast."""


def test_what_only_reads_has_the_bandwidth_of_reading_and_what_copies_that_of_copies() -> None:
    limits = Limits(READING)
    assert limits.bandwidth(MEGA, 0) == pytest.approx(80.0)
    assert limits.bandwidth(MEGA, MEGA // 2) == limits.bandwidth(MEGA) == pytest.approx(40.0)
    assert limits.bandwidth(MEGA, MEGA) == pytest.approx(40.0)
    # A quarter written: .75 MB / 80 + .25 MB / 26.7, as a byte that is written takes 2/40 − 1/80.
    assert limits.bandwidth(MEGA, MEGA // 4) == pytest.approx(1 / (0.75 / 80 + 0.25 * (2 / 40 - 1 / 80)))
    assert Limits(READING, 2).bandwidth(50 * MEGA, 0) == pytest.approx(10.0)


def test_where_copies_are_quicker_than_reading_reading_is_as_quick() -> None:
    cached = msgspec.structs.replace(CEILINGS, reads=((MEGA, 30.0),))
    assert Limits(cached).bandwidth(MEGA, 0) == pytest.approx(40.0)


def test_ceilings_without_reading_are_those_of_copies() -> None:
    assert Limits(CEILINGS).bandwidth(MEGA, 0) == pytest.approx(40.0)


def test_a_layer_that_reads_weights_is_held_against_reading() -> None:
    """1 MB of which 0.1 % is written, at 80 GB/s, against the same at 40 where half of it is written."""
    weights = a_layer("fc", "FullyConnected", 50.0, flops=0, bytes=MEGA, shape=(1, 250))
    copies = a_layer("copy", "Reorder", 50.0, flops=0, bytes=MEGA, shape=(1, 125_000))
    assert roof(weights, ceilings=READING).attainable_us == pytest.approx(12.5, rel=0.01)
    assert roof(copies, ceilings=READING).attainable_us == pytest.approx(25.0)
