"""The course of a measurement, in virtual time."""

import numpy as np
import pytest

from ovtui.analysis.measurement import Measurement
from ovtui.records import Result, Stop
from tests.analysis.scripted_device import Script, closed_loop, noisy, open_loop, play, waves


def measurement(batch: int = 1, open_loop: bool = False, **stop: object) -> Measurement:
    return Measurement(Stop(**stop), batch=batch, open_loop=open_loop)  # type: ignore[arg-type]


def measured(device: Script, batch: int = 1, open_loop: bool = False, **stop: object) -> Result:
    job = measurement(batch, open_loop, **stop)
    play(job, device)
    result = job.result()
    assert result is not None
    return result


# Warming


def test_a_constant_load_converges_soon_after_the_shortest_time() -> None:
    result = measured(closed_loop(noisy(10, 0.05, 1), seconds=60, requests=4), batch=8)
    assert result.warmup_steady
    assert result.warmup_s <= 6
    assert 5 <= result.measured_s <= 12
    assert result.throughput_fps.converged
    assert result.throughput_fps.mean == pytest.approx(8 * 400, rel=0.01)
    assert result.inferences_per_s == pytest.approx(400, rel=0.01)
    assert result.throughput_fps.ci95 is not None
    low, high = result.throughput_fps.ci95
    assert low <= result.throughput_fps.mean <= high <= 1.02 * low
    assert result.effective_samples is not None and result.effective_samples >= 30


def test_a_warm_up_ramp_is_cut_off() -> None:
    noise = noisy(1, 0.05, 2)
    result = measured(closed_loop(lambda t: (20 - 10 * min(t / 1.5, 1)) * noise(t), seconds=60, requests=2))
    assert result.warmup_steady
    assert 1 <= result.warmup_s <= 8
    assert result.throughput_fps.mean == pytest.approx(200, rel=0.01)


def test_a_load_that_never_settles_is_measured_after_ten_seconds_and_called_so() -> None:
    result = measured(closed_loop(lambda t: 10 + t, seconds=100), seconds=10)
    assert not result.warmup_steady
    assert result.warmup_s == pytest.approx(10, abs=0.2)
    assert not result.throughput_fps.converged


@pytest.mark.parametrize(("seconds", "cap"), [(0.4, 0.5), (4.0, 2.0), (60.0, 10.0)])
def test_the_warm_up_before_a_time_is_at_most_half_of_it(seconds: float, cap: float) -> None:
    ramp = closed_loop(lambda t: 10 + t, seconds=120)
    result = measured(ramp, kind="seconds", seconds=seconds)
    assert result.warmup_s == pytest.approx(cap, abs=0.2)
    assert result.measured_s == pytest.approx(seconds, abs=0.2)


def test_the_first_inference_of_every_request_is_never_measured() -> None:
    cold = iter([700.0])
    result = measured(closed_loop(lambda _t: next(cold, 10.0), seconds=30), kind="seconds", seconds=3)
    assert result.warmup_s >= 0.7
    assert result.latency_ms.max == pytest.approx(10)


def test_cancelled_while_warming_there_is_no_result() -> None:
    job = measurement()
    windows = play(job, closed_loop(noisy(10, 0.05, 1), seconds=60), until_s=1)
    assert job.phase == "warming"
    assert job.result() is None
    assert job.quiet([]) is None
    assert all(w.warming and w.estimate is None and w.eta_s is None and w.progress == 0 for w in windows)


def test_nothing_ran_nothing_is_known() -> None:
    job = measurement()
    none = np.empty(0, np.int64)
    job.add(none, none, horizon_ns=0)
    assert job.window() is None
    assert job.result() is None


# Ending


def test_a_wide_confidence_ends_at_the_shortest_time() -> None:
    rough = closed_loop(noisy(10, 0.6, 11), seconds=80)
    wide, narrow = (measured(rough, ci=ci) for ci in (0.6, 0.01))
    assert wide.throughput_fps.converged
    assert 5 <= wide.measured_s < 6 < narrow.measured_s


def test_a_load_under_slow_weather_is_called_not_converged() -> None:
    result = measured(closed_loop(waves(10, 0.15, 0.95, 3), seconds=80), seconds=20)
    assert not result.throughput_fps.converged
    assert result.measured_s == 20
    assert result.throughput_fps.ci95 is not None
    assert result.throughput_fps.ci95[1] > 1.02 * result.throughput_fps.ci95[0]


def test_a_measurement_by_time_takes_that_time_and_says_whether_it_is_sure() -> None:
    steady = closed_loop(noisy(10, 0.05, 4), seconds=30, requests=2)
    sure, unsure = (measured(steady, kind="seconds", seconds=10, ci=ci) for ci in (0.01, 0.0001))
    assert sure.measured_s == unsure.measured_s == 10
    assert sure.throughput_fps.converged
    assert not unsure.throughput_fps.converged


@pytest.mark.parametrize("iterations", [1, 7, 100, 5000])
def test_a_measurement_by_iterations_holds_exactly_the_first_ones(iterations: int) -> None:
    device = closed_loop(noisy(2, 0.1, 5), seconds=30, requests=3)
    result = measured(device, kind="iterations", iterations=iterations)
    after = device.ends > result.warmup_s * 1e9
    latencies = (device.ends - device.starts)[after][:iterations] / 1e6
    assert result.inferences == iterations
    assert result.latency_ms.mean == pytest.approx(latencies.mean(), rel=1e-12)
    assert (result.latency_ms.min, result.latency_ms.max) == (latencies.min(), latencies.max())
    assert result.measured_s == pytest.approx(device.ends[after][iterations - 1] / 1e9 - result.warmup_s)
    assert result.throughput_fps.mean == pytest.approx(1500, rel=0.05)


def test_a_few_iterations_have_no_interval() -> None:
    result = measured(closed_loop(noisy(2, 0.1, 5), seconds=30), kind="iterations", iterations=20)
    assert result.throughput_fps.ci95 is None
    assert not result.throughput_fps.converged


def test_cancelled_while_warming_up_what_was_steady_is_the_result() -> None:
    job = measurement()
    play(job, closed_loop(noisy(10, 0.05, 1), seconds=60), until_s=4)
    assert job.phase == "warming" and job.result() is None
    job.cut_off()
    result = job.result()
    assert result is not None and not result.throughput_fps.converged
    assert result.measured_s >= 3


def test_cancelled_early_the_result_is_what_there_is() -> None:
    job = measurement()
    play(job, closed_loop(noisy(10, 0.05, 1), seconds=60), until_s=8)
    result = job.result(refused=3)
    assert job.phase == "measuring"
    assert result is not None
    assert not result.throughput_fps.converged
    assert result.throughput_fps.mean == pytest.approx(100, rel=0.02)
    assert result.measured_s == pytest.approx(8 - result.warmup_s, abs=0.2)
    assert result.refused == 3


def test_what_comes_after_the_end_does_not_count() -> None:
    device = closed_loop(noisy(10, 0.05, 1), seconds=60)
    job = measurement(kind="seconds", seconds=2)
    play(job, device)
    before = job.result()
    job.add(device.starts[-500:], device.ends[-500:], horizon_ns=60_000_000_000)
    assert job.result() == before


@pytest.mark.parametrize("stop", [{}, {"kind": "seconds", "seconds": 7.0}, {"kind": "iterations", "iterations": 999}])
def test_the_result_does_not_depend_on_how_the_inferences_are_cut(stop: dict[str, object]) -> None:
    device = closed_loop(noisy(10, 0.2, 6), seconds=70, requests=3)
    results = []
    for every_s in (0.05, 0.25, 7.0, 80.0):
        job = measurement(**stop)
        play(job, device, every_s=every_s)
        results.append((job.result(), job.histogram()))
    first, histogram = results[0]
    for other, buckets in results[1:]:
        assert buckets == histogram
        assert other.measured_s == first.measured_s
        assert other.latency_ms == first.latency_ms
        assert other.throughput_fps.mean == pytest.approx(first.throughput_fps.mean, rel=1e-9)


# Slow and fast models


def test_a_model_of_three_seconds_has_a_result_after_ten() -> None:
    job = measurement(kind="seconds", seconds=10)
    windows = play(job, closed_loop(noisy(3000, 0.02, 7), seconds=60))
    result = job.result()
    assert job.phase == "done"
    assert result is not None
    assert result.measured_s == 10
    assert result.inferences == 3
    assert result.throughput_fps.mean == pytest.approx(1 / 3, rel=0.05)
    assert not result.throughput_fps.converged
    assert result.latency_ms.p50 == pytest.approx(3000, rel=0.05)
    assert result.latency_ms.weak == {"p50": True}
    assert result.latency_ms.needs["p50"] == 37
    assert len(windows) <= 6  # nothing is known between two ends


def test_a_measurement_shorter_than_an_inference_waits_for_one() -> None:
    result = measured(closed_loop(lambda _t: 3000, seconds=60, requests=2), kind="seconds", seconds=1)
    assert result.inferences >= 1
    assert result.throughput_fps.mean == pytest.approx(2 / 3, rel=0.01)


def test_one_iteration_of_a_slow_model_has_the_right_throughput() -> None:
    result = measured(closed_loop(lambda _t: 730, seconds=60), kind="iterations", iterations=1)
    assert result.inferences == 1
    assert result.throughput_fps.mean == pytest.approx(1 / 0.73, rel=0.01)


def test_a_stall_of_one_request_holds_the_horizon_back_and_loses_nothing() -> None:
    device = closed_loop(lambda t: 2500 if 6 < t < 6.011 else 10, seconds=60, requests=4)
    result = measured(device, kind="seconds", seconds=20)
    assert result.latency_ms.max == pytest.approx(2500)
    after = (device.ends > result.warmup_s * 1e9) & (device.ends <= (result.warmup_s + 20) * 1e9)
    assert result.inferences == after.sum()


def test_a_request_that_began_first_may_finish_its_first_inference_last() -> None:
    job = measurement(kind="seconds", seconds=1)
    job.add(np.array([0]), np.array([5_000_000]), horizon_ns=0)
    job.add(np.array([-2_000_000]), np.array([9_000_000]), horizon_ns=5_000_000)
    assert job.phase == "warming"


# Open loop


def test_an_open_loop_is_judged_by_its_latency() -> None:
    """Random arrivals make the completions of a bin scatter; the latency of a lightly loaded server does not."""
    result = measured(open_loop(1.0, 200, seconds=80, seed=8), open_loop=True, ci=0.02)
    assert result.throughput_fps.converged
    assert result.throughput_fps.mean == pytest.approx(200, rel=0.05)
    assert result.throughput_fps.ci95 is not None
    assert result.throughput_fps.ci95[1] > 1.02 * result.throughput_fps.ci95[0]


def test_a_queue_near_its_limit_does_not_converge() -> None:
    result = measured(open_loop(1.0, 950, seconds=60, seed=9), open_loop=True, seconds=20)
    assert not result.throughput_fps.converged
    assert result.latency_ms.mean > 3


# Windows, percentiles, quiet


def test_windows_tell_the_course() -> None:
    job = measurement(batch=2, kind="seconds", seconds=8)
    windows = play(job, closed_loop(noisy(10, 0.05, 10), seconds=60))
    assert [w.warming for w in windows] == sorted((w.warming for w in windows), reverse=True)
    assert [w.t_s for w in windows] == sorted(w.t_s for w in windows)
    assert all(w.throughput_fps == pytest.approx(200, rel=0.1) for w in windows[1:])
    assert all(w.p50_ms is not None and w.p50_ms == pytest.approx(10, rel=0.05) for w in windows)
    progress = [w.progress for w in windows]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    last = windows[-1]
    assert last.eta_s == 0
    assert last.estimate is not None and last.estimate.mean == pytest.approx(200, rel=0.01)
    assert last.median_ms == pytest.approx(10, rel=0.02)
    assert last.n_eff is not None
    assert sum(w.inferences for w in windows) == pytest.approx(100 * last.t_s, rel=0.02)


@pytest.mark.parametrize("stop", [{"kind": "seconds", "seconds": 8.0}, {"kind": "iterations", "iterations": 800}])
def test_the_time_still_needed_is_right_for_time_and_iterations(stop: dict[str, object]) -> None:
    job = measurement(**stop)
    windows = [w for w in play(job, closed_loop(noisy(10, 0.05, 11), seconds=60)) if not w.warming]
    end = windows[-1].t_s
    assert all(w.eta_s == pytest.approx(end - w.t_s, abs=0.4) for w in windows if w.eta_s)


def test_the_time_still_needed_for_a_confidence_is_bounded_by_the_longest() -> None:
    job = measurement(ci=1e-6, seconds=20)
    windows = [w for w in play(job, closed_loop(noisy(10, 0.05, 12), seconds=60)) if not w.warming]
    assert windows[-1].eta_s == 0
    assert all(w.eta_s is not None and w.eta_s <= 20 for w in windows)


def test_percentiles_with_few_inferences_beyond_them_are_weak_and_without_any_left_out() -> None:
    result = measured(closed_loop(noisy(10, 0.05, 13), seconds=60), kind="seconds", seconds=5)
    latency = result.latency_ms
    assert latency.p50 == pytest.approx(10, rel=0.02)
    assert "p50" not in latency.weak
    assert latency.p99 == pytest.approx(11.2, rel=0.03)
    assert latency.weak["p99"]
    assert latency.needs["p99"] >= 2000 - result.inferences
    assert latency.p99_9 is None
    assert set(latency.ci95) == {"p50", "p90", "p95", "p99"}


def test_the_histogram_holds_the_measured_inferences_only() -> None:
    job = measurement(kind="seconds", seconds=5)
    play(job, closed_loop(noisy(10, 0.05, 14), seconds=60))
    result, histogram = job.result(), job.histogram()
    assert result is not None
    assert sum(histogram.counts) == result.inferences == pytest.approx(500, abs=10)


def test_quiet_stretches_are_told_apart() -> None:
    """Between 8 and 10 s a neighbour halves the speed."""
    job = measurement(batch=4, kind="seconds", seconds=10)
    play(job, closed_loop(lambda t: 20 if 8 <= t < 10 else 10, seconds=60))
    result = job.result()
    assert result is not None
    all_quiet, quiet = job.quiet([]), job.quiet([(7.95, 10.05)])
    assert all_quiet is not None and quiet is not None
    assert (all_quiet.share, all_quiet.throughput_fps) == (1, pytest.approx(result.throughput_fps.mean))
    assert quiet.share == pytest.approx(0.78, abs=0.02)
    assert quiet.throughput_fps == pytest.approx(400, rel=0.001)
    assert job.quiet([(0, 100)]) is None


def test_a_quiet_moment_in_which_no_arrival_was_served_tells_no_throughput() -> None:
    """A server of 5 s an inference: of the second that was quiet, nothing is known but that none ended in it."""
    job = measurement(open_loop=True, kind="iterations", iterations=2)
    play(job, closed_loop(lambda _t: 5000, seconds=60))
    assert job.result() is not None
    assert job.quiet([]) is not None
    assert job.quiet([(0, 11), (12, 100)]) is None


def test_after_a_quarter_of_an_hour_bins_are_longer_and_nothing_breaks() -> None:
    ends = np.arange(1, 100_001) * 10_000_000
    device = Script(ends - 10_000_000, ends, np.zeros(len(ends), np.int64))
    job = measurement(kind="seconds", seconds=900)
    windows = play(job, device, every_s=5)
    result = job.result()
    assert result is not None
    assert result.measured_s == 900
    assert result.throughput_fps.mean == pytest.approx(100)
    assert all(w.throughput_fps == pytest.approx(100) for w in windows)


# An open loop beyond capacity, and its end


def ended(device: Script, **stop: object) -> Result:
    """As the job does it: what was waiting when measuring ended is told afterwards."""
    job = measurement(1, True, **stop)
    windows = play(job, device)
    now = -(-round(windows[-1].t_s * 1e9) // 250_000_000) * 250_000_000  # until when `play` has fed it
    late = (device.ends > now) & (device.starts <= now)
    job.end(device.starts[:0], device.ends[:0], device.starts[late], stopped_ns=now)
    result = job.result()
    assert result is not None
    return result


@pytest.mark.parametrize("rate", [105, 120, 200])
@pytest.mark.parametrize("ci", [0.01, 0.3])
def test_a_rate_beyond_capacity_never_converges_and_its_backlog_is_told(rate: float, ci: float) -> None:
    """Services of 10 ms: a hundred a second are served."""
    device = open_loop(10.0, rate, seconds=70, seed=3)
    result = ended(device, kind="ci", ci=ci, seconds=30)
    assert result.backlog_grew
    assert not result.throughput_fps.converged
    end = (result.warmup_s + result.measured_s) * 1e9
    assert result.waiting == int(((device.starts <= end) & (device.ends > end)).sum()) > 50
    assert result.inferences == pytest.approx(100 * result.measured_s, rel=0.02)


@pytest.mark.parametrize(("rate", "seed"), [(50, 1), (50, 2), (80, 3), (80, 4), (90, 5)])
def test_a_queue_that_has_settled_has_no_growing_backlog(rate: float, seed: int) -> None:
    result = ended(open_loop(10.0, rate, seconds=70, seed=seed), kind="seconds", seconds=40)
    assert not result.backlog_grew
    assert result.waiting <= 30


def test_who_still_waits_at_the_end_makes_percentiles_no_better() -> None:
    device = open_loop(10.0, 150, seconds=40, seed=6)
    cut, whole = measurement(1, True, kind="seconds", seconds=20), ended(device, kind="seconds", seconds=20)
    play(cut, device)
    without = cut.result()
    assert without is not None
    assert whole.waiting > 500
    assert whole.inferences == without.inferences
    # What the same arrivals had in the end, to which the device was not left the time.
    end = (whole.warmup_s + whole.measured_s) * 1e9
    true = (device.ends - device.starts)[(device.starts <= end) & (device.ends > whole.warmup_s * 1e9)] / 1e6
    assert whole.latency_ms.mean == pytest.approx(float(true.mean()), rel=0.03)
    assert whole.latency_ms.max == pytest.approx(float(true.max()), rel=0.03)
    assert without.latency_ms.mean < 0.8 * whole.latency_ms.mean


def test_what_ends_after_measuring_counts_with_the_latency_that_it_had() -> None:
    """An inference that began before the end and took two seconds."""
    job = measurement(1, True, kind="seconds", seconds=2)
    starts = np.arange(0, 3_600_000_000, 10_000_000)
    play(job, Script(starts, starts + 5_000_000, np.empty(0, np.int64)))
    before = job.result()
    assert before is not None
    end = round((before.warmup_s + before.measured_s) * 1e9)
    slow = np.asarray([end - 5_000_000])
    job.end(slow, slow + 2_000_000_000, np.empty(0, np.int64), stopped_ns=end)
    after = job.result()
    assert after is not None
    assert after.waiting >= 1
    assert after.inferences == before.inferences
    assert after.latency_ms.max == pytest.approx(2000)
