"""What disturbed a measurement."""

import numpy as np
import pytest

from ovtui import sentences
from ovtui.analysis.arrays import Floats
from ovtui.analysis.noise import Sample, disturbed, drift, quota_stops, remarks, stopped
from ovtui.records import QuotaStops


def samples(n: int = 60, **constant: float) -> list[Sample]:
    return [Sample(wall_s=1.0, **constant) for _ in range(n)]


def said(taken: list[Sample], cores: int) -> tuple[str, ...]:
    """What a reader is told."""
    return tuple(sentences.remarks(remarks(taken, cores)))


def with_speeds(speeds: np.ndarray, **constant: float) -> list[Sample]:
    return [Sample(wall_s=1.0, speed=float(speed), **constant) for speed in speeds]


def test_a_machine_that_says_nothing_is_not_accused() -> None:
    assert said(samples(), 2) == ()
    assert said([], 2) == ()
    assert disturbed(Sample(wall_s=1), None, 2) is None


def test_a_quiet_machine_draws_no_warning() -> None:
    quiet = samples(machine_cpu=1.95, own_cpu=1.9, steal_share=0.002, throttle_count=7, speed=1.0)
    assert said(quiet, 2) == ()
    assert disturbed(quiet[1], quiet[0], 2) is None


def test_others_are_named_with_the_evidence() -> None:
    busy = samples(machine_cpu=1.9, own_cpu=1.5, pressure_share=0.123, involuntary_switches=2)
    assert said(busy, 2) == (
        "Other processes used 0.4 of 2 cores while this was measured: the machine had 1.9 cores busy, this measurement "
        "1.5, work waited for a core 12.3 % of the time, this one was interrupted 120 times.",
    )
    assert disturbed(busy[0], None, 2) == "other processes used 0.4 of 2 cores"


def test_a_longer_stretch_weighs_more() -> None:
    uneven = [Sample(wall_s=9, machine_cpu=1, own_cpu=1), Sample(wall_s=1, machine_cpu=1.5, own_cpu=1)]
    assert said(uneven, 1) == ()


def test_steal_is_named() -> None:
    assert said(samples(steal_share=0.031), 2) == ("The hypervisor took 3.1 % of the time (steal).",)
    assert disturbed(Sample(wall_s=1, steal_share=0.031), None, 2) == "the hypervisor took 3.1 % of the time"


def test_a_throttle_counter_that_moves_is_named() -> None:
    hot = [Sample(wall_s=1, throttle_count=count) for count in (5, 5, 9, 17)]
    assert said(hot, 2) == ("Thermal throttling was counted 12 times while measuring.",)
    reasons = [disturbed(sample, before, 2) for before, sample in zip([None, *hot], hot, strict=False)]
    assert reasons == [None, None, "thermal throttling was counted 4 times", "thermal throttling was counted 8 times"]


def test_a_machine_that_slows_is_named_with_what_is_known_of_it() -> None:
    speeds = np.linspace(1.02, 0.96, 60)
    clocks = np.linspace(3500, 3100, 60)
    falling = [
        Sample(wall_s=1, speed=s, frequency_mhz=c, temperature_c=80) for s, c in zip(speeds, clocks, strict=True)
    ]
    assert said(falling, 2) == (
        "The machine slowed by 4.0 % while measuring (fixed work, last third against the first; "
        "clock 3436 → 3164 MHz; 80 → 80 °C); it may be throttling.",
    )


def test_a_machine_that_speeds_up_is_named_too() -> None:
    (sped,) = said(with_speeds(np.linspace(0.99, 1.08, 60)), 2)
    assert sped.startswith("The machine sped up by 6.1 % while measuring")


def test_a_drift_of_less_than_two_percent_is_nothing() -> None:
    assert drift(np.repeat([1.0, 1.01, 1.019], 20)) is None


def test_a_real_drift_is_found_through_the_noise() -> None:
    rng = np.random.default_rng(5)
    runs = [np.linspace(1, 0.88, 60) * (1 + rng.uniform(-0.05, 0.05, 60)) for _ in range(100)]
    assert np.mean([drift(run) is not None for run in runs]) > 0.9


@pytest.mark.parametrize("n", [15, 30, 60, 300])
def test_constant_noise_is_seldom_called_drift(n: int) -> None:
    rng = np.random.default_rng(6)
    alarms = [drift(1 + rng.uniform(-0.05, 0.05, n)) is not None for _ in range(200)]
    assert np.mean(alarms) < 0.05


def test_a_few_spins_prove_nothing() -> None:
    assert drift(np.linspace(1, 0.5, 14)) is None


def two_levels(random: np.random.Generator, seconds: int, dwell_s: float, apart: float, scatter: float) -> Floats:
    """A clock that jumps between two levels, at each for `dwell_s` on average."""
    speeds, slow, left = np.ones(seconds), random.random() < 0.5, random.exponential(dwell_s)
    for second in range(seconds):
        speeds[second] -= apart * slow
        left -= 1
        while left <= 0:
            slow, left = not slow, left + random.exponential(dwell_s)
    return speeds + scatter * random.normal(size=seconds)


@pytest.mark.parametrize("n", [30, 60, 120])
@pytest.mark.parametrize(("apart", "scatter"), [(0.05, 0.005), (0.05, 0.01), (0.05, 0.02), (0.1, 0.01)])
def test_a_clock_of_two_levels_is_no_drift(n: int, apart: float, scatter: float) -> None:
    random = np.random.default_rng(7)
    alarms = [
        drift(two_levels(random, n, float(random.uniform(2, 20)), apart, scatter)) is not None for _ in range(200)
    ]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize("n", [60, 120])
def test_five_percent_over_a_run_are_found(n: int) -> None:
    random = np.random.default_rng(8)
    slowed = [drift(np.linspace(1, 0.95, n) + 0.01 * random.normal(size=n)) is not None for _ in range(200)]
    assert np.mean(slowed) >= 0.9


@pytest.mark.parametrize("n", [30, 60, 120])
def test_speeds_that_wander_are_seldom_called_drift(n: int) -> None:
    random = np.random.default_rng(9)
    alarms = 0
    for _ in range(200):
        speeds = 0.02 * random.normal(size=n)
        for now in range(1, n):
            speeds[now] = 0.8 * speeds[now - 1] + speeds[now] * (1 - 0.8**2) ** 0.5
        alarms += drift(1 + speeds) is not None
    assert alarms <= 0.05 * 200


def test_stops_by_a_quota_are_named_with_their_number_and_are_nobody_elses_fault() -> None:
    held = [
        Sample(wall_s=1, machine_cpu=0.52, own_cpu=0.5, quota=QuotaStops(cores=0.5, periods=10, stopped=n, seconds=1.2))
        for n in (9, 10, 8)
    ]
    assert quota_stops(held) == QuotaStops(cores=0.5, periods=30, stopped=27, seconds=pytest.approx(3.6))
    assert said(held, 2) == (
        "The CPU quota of 0.5 cores stopped this in 27 of 30 periods, for 3.6 s over all cores: use fewer threads, or "
        "raise the quota.",
    )
    assert [stopped(sample) for sample in held][:1] == ["the CPU quota stopped it in 9 of 10 periods"]
    assert disturbed(held[1], held[0], 2) is None  # no stretch is quieter than another: that is how it runs here


@pytest.mark.parametrize("stops", [0, 2])
def test_a_quota_that_hardly_stops_anything_is_no_warning(stops: int) -> None:
    stretch = Sample(wall_s=60, quota=QuotaStops(cores=4, periods=600, stopped=stops, seconds=0.1))
    held = [*samples(), stretch]
    assert quota_stops(held) is None
    assert said(held, 8) == ()
    assert (stopped(held[-1]) is None) == (stops == 0)
