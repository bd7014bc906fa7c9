"""What a device can do at most: the highest of what was measured, raised by layers that prove more."""

from __future__ import annotations

import msgspec
import pytest

from ovtui.analysis.ceilings import METHOD, merged, raised, usable, worth_measuring
from ovtui.records import Ceilings, Layer
from tests.analysis.profiles import a_layer, a_profile

HOUR = 3600.0
MEASURED = Ceilings(
    device="CPU",
    machine="here",
    gflops={"f32": 100.0, "i8": 300.0},
    operations_gflops={"f32": 100.0, "i8": 300.0},
    gbytes=((1_000_000, 40.0), (100_000_000, 10.0)),
    reads=((1_000_000, 60.0), (100_000_000, 15.0)),
    measured=1000.0,
    method=METHOD,
)


def reaching(gflops: float, time_us: float = 100.0, **other: object) -> Layer:
    return a_layer(time_us=time_us, flops=int(gflops * time_us * 1e3), bytes=1000, **other)  # type: ignore[arg-type]


def test_a_busy_moment_lowers_nothing_for_ever() -> None:
    disturbed = msgspec.structs.replace(
        MEASURED, gflops={"f32": 60.0}, operations_gflops={"f32": 60.0}, gbytes=((1_000_000, 35.0), (100_000_000, 4.0))
    )
    for one, other in ((disturbed, MEASURED), (MEASURED, disturbed)):
        found = merged(one, other)
        assert found.gflops == found.operations_gflops == {"f32": 100.0, "i8": 300.0}
        assert (found.gbytes, found.reads) == (MEASURED.gbytes, MEASURED.reads)
        assert (found.times, found.again) == (2, True)
    assert merged(None, MEASURED) == MEASURED


@pytest.mark.parametrize("other", [{"machine": "there"}, {"method": 0}])
def test_what_was_measured_elsewhere_or_in_an_older_way_does_not_count(other: dict[str, object]) -> None:
    assert usable(MEASURED, "here") == MEASURED
    assert usable(msgspec.structs.replace(MEASURED, **other), "here") is None
    assert usable(None, "here") is None


def test_ceilings_that_were_kept_before_decode_and_are_measured_anew() -> None:
    kept = b'{"device":"CPU","machine":"here","gflops":{"f32":90.0},"gbytes":[[1,2.0]],"measured":1.0,"again":false}'
    assert usable(msgspec.json.decode(kept, type=Ceilings), "here") is None


def test_it_is_measured_three_times_at_different_times_and_then_only_where_a_layer_is_above() -> None:
    usual, above = a_profile(reaching(90.0)), a_profile(reaching(200.0))
    assert worth_measuring(None, usual, now=1000.0)
    assert not worth_measuring(MEASURED, usual, now=1000.0 + 60)
    assert worth_measuring(MEASURED, usual, now=1000.0 + HOUR)
    thrice = msgspec.structs.replace(MEASURED, times=3)
    assert not worth_measuring(thrice, usual, now=1000.0 + HOUR)
    assert worth_measuring(thrice, above, now=1000.0 + 60)
    # A kernel that saves arithmetic stays above: that is no reason to measure for ever.
    assert not worth_measuring(msgspec.structs.replace(MEASURED, times=8), above, now=1000.0 + HOUR)


def test_a_layer_that_reached_more_raises_its_precision() -> None:
    found = raised(MEASURED, a_profile(reaching(110.0), reaching(80.0)))
    assert found.gflops == {"f32": pytest.approx(110.0), "i8": 300.0}
    assert found.operations_gflops == MEASURED.operations_gflops
    assert found.gbytes == MEASURED.gbytes
    # Each of two streams side by side had half of the machine.
    assert raised(MEASURED, a_profile(reaching(55.0), streams=2, requests=2)).gflops["f32"] == pytest.approx(110.0)
    assert raised(MEASURED, a_profile(reaching(330.0, precision="u8", kernel="jit_I8"))).gflops["i8"] == pytest.approx(
        330.0
    )


@pytest.mark.parametrize(
    "layer",
    [
        reaching(110.0, time_us=19.0),
        reaching(110.0, kernel="jit_avx512_winograd"),
        reaching(110.0, status="optimized_out"),
        reaching(160.0),  # two thirds more: it computes less than it tells, or in another precision
        reaching(110.0, precision="f64", kernel="jit_avx2_f64"),
        reaching(330.0, precision="u8"),  # compressed weights: the kernel computes in f32
        msgspec.structs.replace(reaching(110.0), high_us=120.0),  # the counters leave open whether it did
        msgspec.structs.replace(reaching(110.0), spread_us=40.0),
        a_layer(time_us=100.0, flops=None),
        a_layer(time_us=None, flops=1_000_000),
    ],
)
def test_what_proves_nothing_raises_nothing(layer: Layer) -> None:
    assert raised(MEASURED, a_profile(layer)).gflops == MEASURED.gflops


def test_layers_cannot_raise_a_ceiling_step_by_step() -> None:
    once = raised(MEASURED, a_profile(reaching(120.0)))
    assert raised(once, a_profile(reaching(140.0))).gflops["f32"] == pytest.approx(120.0)
