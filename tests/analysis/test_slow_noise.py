"""How well a mean is known under noise of known law."""

import time

import numpy as np
import pytest

from ovtui.analysis.measurement import LONG_S, Measurement
from ovtui.analysis.slow_noise import Precision, precision
from ovtui.records import Stop
from tests.analysis.noise_laws import LAWS, device

BIN_S = 0.1


def known(name: str, seed: int, bins: int, **how: object) -> Precision:
    found = precision(LAWS[name](np.random.default_rng(seed), bins), BIN_S, **how)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("name", [name for name in LAWS if "5 s" not in name and "stall" not in name])
def test_the_interval_of_a_minute_covers_the_long_run_mean(name: str) -> None:
    found = [known(name, seed, 600) for seed in range(200)]
    assert np.mean([abs(each.mean - 1) <= each.half_width for each in found]) >= 0.88


def test_half_of_the_runs_with_white_noise_are_settled_after_five_seconds_and_few_with_a_slow_part() -> None:
    def settled(name: str) -> float:
        return float(np.mean([known(name, seed, 100, counted=50).excludes_slow_noise(5.0) for seed in range(300)]))

    assert settled("white 2 %") >= 0.5
    assert settled("white 2 % + AR(.98) 1 %") <= 0.35
    assert settled("white 1 % + neighbour 5 %, 2 s") <= 0.08


def test_a_slow_part_as_large_as_the_noise_is_always_found_in_a_minute() -> None:
    for name in ("AR(.9) 2 %", "white 1 % + neighbour 5 %, 2 s", "white 3 % + AR(.98) 2 %"):
        assert not any(known(name, seed, 600).excludes_slow_noise(60.0) for seed in range(30))


def test_a_level_that_was_left_now_and_then_is_no_quiet_one_and_single_stalls_are() -> None:
    """Bins of which most are at one of two levels look like white noise with a short memory."""
    random = np.random.default_rng(5)
    passed = 0
    for _ in range(200):
        level = np.full(200, 0.025)
        for begin in random.integers(0, 190, 6):
            level[begin : begin + random.integers(3, 9)] = -0.025
        found = precision(1 + level + 0.01 * random.standard_normal(200), BIN_S, counted=150)
        assert found is not None
        passed += found.excludes_slow_noise(15.0)
    assert passed <= 10
    stalls = [known("white 1 % + a stall of 50 ms in 10 s", seed, 200, counted=150) for seed in range(200)]
    assert np.mean([found.lopsided < 2.5 for found in stalls]) >= 0.9


def test_more_noise_needs_more_evidence_and_a_wider_target_less() -> None:
    found = [known("white 3 %", seed, 150, counted=100) for seed in range(100)]
    calm = [each.excludes_slow_noise(10.0, 0.03) for each in found]
    assert np.mean([each.excludes_slow_noise(10.0) for each in found]) < np.mean(calm) - 0.2


def test_white_noise_is_known_nearly_as_well_as_independent_values_are() -> None:
    for seed in range(20):
        found = known("white 2 %", seed, 300)
        if found.excludes_slow_noise(30.0):
            assert found.half_width < 1.5 * 1.96 * 0.02 / np.sqrt(300)


def test_there_are_never_more_independent_values_than_inferences_behind_them() -> None:
    assert known("white 2 %", 1, 100, values=9).n_eff <= 9
    assert known("white 2 %", 1, 100, values=9).half_width > known("white 2 %", 1, 100).half_width


@pytest.mark.parametrize(("bins", "values"), [(7, 100), (100, 7), (0, 0)])
def test_too_few_say_nothing(bins: int, values: int) -> None:
    assert precision(LAWS["white 2 %"](np.random.default_rng(1), bins), BIN_S, values=values) is None


@pytest.mark.parametrize("rounding", [0.0, 1e-9, 3e-8])
def test_what_is_constant_but_for_rounding_says_nothing(rounding: float) -> None:
    x = 123.0 * (1 + rounding * np.random.default_rng(1).uniform(-1, 1, 100))
    assert precision(x, BIN_S) is None


def test_the_unit_of_the_values_and_the_length_of_bins_do_not_matter() -> None:
    x = LAWS["AR(.9) 2 %"](np.random.default_rng(3), 600)
    one = precision(x, BIN_S)
    thousand = precision(1000 * x, BIN_S)
    assert one is not None and thousand is not None
    assert thousand.half_width == pytest.approx(1000 * one.half_width, rel=1e-3)
    pairs = precision(x.reshape(-1, 2).mean(axis=1), 2 * BIN_S)
    assert pairs is not None
    assert pairs.half_width == pytest.approx(one.half_width, rel=0.2)


def test_an_hour_takes_no_longer_to_judge_than_a_minute() -> None:
    x = LAWS["white 2 % + AR(.98) 1 %"](np.random.default_rng(4), 8192)
    begin = time.process_time()
    found = precision(x, 0.4)
    assert found is not None
    assert time.process_time() - begin < 1.0
    assert abs(found.mean - 1) <= found.half_width < 0.005


# The whole rule; heavier in tests/benchmarks/coverage.py


def endings(name: str, runs: int, per_bin: float = 3.0) -> list[tuple[bool, float, bool]]:
    """Whether each converged, the seconds that it measured, whether its interval holds the truth."""
    found = []
    for seed in range(runs):
        script = device(LAWS[name](np.random.default_rng(seed), 760), per_bin)
        job = Measurement(Stop(), batch=1, open_loop=False)
        job.add(script.starts, script.ends, horizon_ns=int(script.ends[-1]))
        result = job.result()
        assert result is not None
        estimate = result.throughput_fps
        assert estimate.ci95 is not None
        covers = estimate.ci95[0] <= 10 * per_bin <= estimate.ci95[1]
        if estimate.converged:
            assert estimate.half_width is not None and estimate.half_width <= 0.0101
        found.append((estimate.converged, result.measured_s, covers))
    return found


def test_white_noise_of_two_per_cent_converges_in_five_seconds() -> None:
    found = endings("white 2 %", 30)
    assert all(converged for converged, _, _ in found)
    assert np.median([seconds for _, seconds, _ in found]) <= 7.5
    assert min(seconds for _, seconds, _ in found) == pytest.approx(5.0)
    assert np.mean([covers for *_, covers in found]) >= 0.95


@pytest.mark.parametrize("name", ["AR(.9) 2 %", "white 2 % + AR(.98) 1 %", "white 1 % + neighbour 5 %, 2 s"])
def test_under_slow_noise_few_runs_claim_what_is_not_so(name: str) -> None:
    found = endings(name, 12)
    assert np.mean([converged and not covers for converged, _, covers in found]) <= 0.25
    assert any(seconds >= LONG_S for converged, seconds, _ in found if converged)


def test_a_mean_that_a_minute_cannot_tell_is_mostly_called_not_converged() -> None:
    """Whatever the rule, 60 s of this noise know the mean to ±1.5 %."""
    found = endings("white 3 % + AR(.98) 2 %", 12)
    assert np.mean([converged for converged, *_ in found]) <= 0.4
