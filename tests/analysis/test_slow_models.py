"""Models of seconds an inference: what a run may say of them, and that it always says something."""

import numpy as np
import pytest

from ovtui.analysis.measurement import ENOUGH, Measurement
from ovtui.records import Result, Stop
from tests.analysis.scripted_device import closed_loop, noisy, play

INFERENCES_S = (3.0, 5.0, 8.0, 15.0, 40.0, 60.0)
JITTER = (0.0, 0.01, 0.05)


def ended(latency_s: float, jitter: float, seed: int, requests: int = 1, **stop: object) -> Result:
    """A run that ends by itself, or in the last of its script's inferences; it has a result."""
    job = Measurement(Stop(**stop), batch=1, open_loop=False)  # type: ignore[arg-type]
    play(job, closed_loop(noisy(1000 * latency_s, jitter, seed), seconds=80 + 4 * latency_s, requests=requests))
    assert job.phase == "done"
    result = job.result()
    assert result is not None
    return result


@pytest.mark.parametrize("jitter", JITTER)
@pytest.mark.parametrize("latency_s", INFERENCES_S)
@pytest.mark.parametrize("requests", [1, 4])
def test_no_run_ends_without_a_result_or_sure_of_too_few(latency_s: float, jitter: float, requests: int) -> None:
    for seed, stop in enumerate(({}, {"kind": "seconds", "seconds": 10.0}, {"kind": "iterations", "iterations": 1})):
        result = ended(latency_s, jitter, seed, requests, **stop)
        assert result.inferences >= 1
        assert result.throughput_fps.mean == pytest.approx(requests / latency_s, rel=0.15)
        assert result.effective_samples is None or result.effective_samples <= result.inferences
        if result.inferences < 2 * ENOUGH:
            assert not result.throughput_fps.converged
        if result.inferences < 8:
            assert result.throughput_fps.ci95 is None


@pytest.mark.parametrize("latency_s", [0.3, 0.7, 1.0, 2.0])
def test_between_fast_and_slow_there_are_never_more_independent_values_than_inferences(latency_s: float) -> None:
    for seed in range(3):
        result = ended(latency_s, 0.01, seed)
        assert result.effective_samples is None or result.effective_samples <= result.inferences
        assert result.inferences >= 2 * ENOUGH or not result.throughput_fps.converged


def test_a_time_that_no_inference_fits_into_waits_for_one() -> None:
    result = ended(40.0, 0.01, 1, kind="seconds", seconds=2.0)
    assert result.inferences == 1
    assert 39 < result.measured_s < 41


def test_the_default_rule_does_not_measure_a_slow_model_for_ever() -> None:
    assert ended(40.0, 0.01, 1).measured_s <= 60 + 40


def test_cancelled_in_the_second_of_two_inferences_the_first_one_stays() -> None:
    job = Measurement(Stop(), batch=1, open_loop=False)
    play(job, closed_loop(noisy(40_000, 0.01, 1), seconds=200), until_s=85)
    result = job.result()
    assert job.phase == "measuring"
    assert result is not None
    assert result.inferences == 1
    assert result.throughput_fps.mean == pytest.approx(1 / 40, rel=0.05)


def test_progress_and_the_time_left_of_a_slow_model_make_sense() -> None:
    job = Measurement(Stop(), batch=1, open_loop=False)
    windows = [w for w in play(job, closed_loop(noisy(5000, 0.01, 1), seconds=200)) if not w.warming]
    assert [w.progress for w in windows] == sorted(w.progress for w in windows)
    assert windows[-1].progress == 1
    assert all(w.eta_s is not None and w.eta_s == pytest.approx(max(60 - w.t_s + 5, 0), abs=6) for w in windows)


def test_a_constant_device_has_no_interval_and_never_converges() -> None:
    result = ended(0.01, 0.0, 1, seconds=8.0)
    assert result.throughput_fps.ci95 is None
    assert not result.throughput_fps.converged
    assert np.isfinite(result.throughput_fps.mean)
