"""What disturbed a measurement: other processes, the hypervisor, heat; said with the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ovtui import formatting
from ovtui.analysis.arrays import Floats
from ovtui.analysis.autoregression import slope_height
from ovtui.records import QuotaStops, Record

OTHERS_CORES = 0.1
STEAL_SHARE = 0.01
PRESSURE_SHARE = 0.01
QUOTA_SHARE = 0.01  # of the quota's periods
DRIFT_SHARE = 0.02
DRIFT_ERRORS = 3
DRIFT_BETWEEN = 0.15
DRIFT_HEIGHT = 8.0  # square of a normal value
FEWEST_SPEEDS = 15
_TOGETHER = 3  # seconds


class Sample(Record, frozen=True):
    """The machine over a stretch of time, seen beside the measuring loop. None: the machine does not say."""

    wall_s: float  # how long the stretch was
    machine_cpu: float | None = None  # cores busy, all processes together
    own_cpu: float | None = None  # cores that the measuring process kept busy
    steal_share: float | None = None  # 0 … 1, time that the hypervisor gave to others
    pressure_share: float | None = None  # 0 … 1, time in which some task waited for a core (PSI cpu some)
    frequency_mhz: float | None = None
    temperature_c: float | None = None
    throttle_count: int | None = None  # thermal throttling events since the machine started
    involuntary_switches: int | None = None  # of the measuring process, in this stretch
    speed: float | None = None  # of a fixed piece of work: 1 is the run's first, more is faster
    quota: QuotaStops | None = None  # None: there is no CPU quota


def disturbed(sample: Sample, previous: Sample | None, cores: int) -> str | None:
    """Why this stretch is not quiet, in words; None if it is. `previous`: the stretch before it, for the counters."""
    if sample.steal_share is not None and sample.steal_share > STEAL_SHARE:
        return f"the hypervisor took {_percent(sample.steal_share)} of the time"
    others = _others(sample)
    if others is not None and others > OTHERS_CORES:
        return f"other processes used {others:.1f} of {_cores(cores)}"
    counts = (previous.throttle_count if previous else None, sample.throttle_count)
    if counts[0] is not None and counts[1] is not None and counts[1] > counts[0]:
        return f"thermal throttling was counted {_times(counts[1] - counts[0])}"
    return None


def stopped(sample: Sample) -> str | None:
    """That a container's CPU quota held this stretch up, in words. It does so all the time: no quiet is to be had."""
    quota = sample.quota
    if quota is None or not quota.stopped:
        return None
    return f"the CPU quota stopped it in {quota.stopped} of {quota.periods} periods"


def quota_stops(samples: Sequence[Sample]) -> QuotaStops | None:
    """All stops by a CPU quota together; None where there were hardly any."""
    told = [sample.quota for sample in samples if sample.quota is not None]
    periods, stops = sum(quota.periods for quota in told), sum(quota.stopped for quota in told)
    if not stops or stops < QUOTA_SHARE * periods:
        return None
    seconds = sum(quota.seconds for quota in told)
    return QuotaStops(cores=told[-1].cores, periods=periods, stopped=stops, seconds=seconds)


def warnings(samples: Sequence[Sample], cores: int) -> tuple[str, ...]:
    """What a reader of the result must know about the machine while it was measured: sentences with their evidence."""
    said = (
        _of_quota(samples),
        _of_others(samples, cores),
        _of_steal(samples),
        _of_throttling(samples),
        _of_drift(samples),
    )
    return tuple(sentence for sentence in said if sentence)


def drift(speeds: Floats) -> float | None:
    """How much faster the last third of a run is than its first: −0.042 is 4.2 % slower. speeds of shape (n,), in time.

    None unless it is real: more than 2 %, and more than 3 robust standard errors of a difference of medians
    (1.2533·1.4826·MAD/√n each, P. Rousseeuw & C. Croux, JASA 88, 1993), as single spins scatter by ±5 %. The scatter
    is that around each third's own median, so that the drift itself does not hide in it. None below 15 values.

    A clock that jumps between two levels is no drift, though its thirds differ: a drift passes through what lies
    between, so the middle third does (DRIFT_BETWEEN), and it has a slope beside what the second before explains, of
    single spins (DRIFT_HEIGHT) and of a few together, since white noise hides how much they resemble each other: there,
    the more of them, the higher it must be.
    """
    n = len(speeds)
    if n < FEWEST_SPEEDS:
        return None
    thirds = np.array_split(speeds, 3)
    medians = [float(np.median(third)) for third in thirds]
    residuals = np.concatenate([third - median for third, median in zip(thirds, medians, strict=True)])
    # Three medians were fitted to n values: without the factor short runs look calmer than they are.
    scatter = 1.4826 * float(np.median(np.abs(residuals))) * n / (n - 6)
    error = 1.2533 * scatter * math.sqrt(1 / len(thirds[0]) + 1 / len(thirds[2]))
    change = medians[2] - medians[0]
    if abs(change) <= max(DRIFT_SHARE * medians[0], DRIFT_ERRORS * error):
        return None
    if not DRIFT_BETWEEN <= (medians[1] - medians[0]) / change <= 1 - DRIFT_BETWEEN:
        return None
    together = max(1, min(_TOGETHER, n // FEWEST_SPEEDS))
    few = np.array([part.mean() for part in np.array_split(speeds, n // together)])
    if slope_height(speeds) <= DRIFT_HEIGHT or slope_height(few) <= min(len(few) / 4, DRIFT_HEIGHT):
        return None
    return change / medians[0]


def _of_quota(samples: Sequence[Sample]) -> str | None:
    quota = quota_stops(samples)
    if quota is None:
        return None
    return (
        f"The CPU quota of {_amount(quota.cores)} stopped this in {quota.stopped:,} of {quota.periods:,} periods, for "
        f"{formatting.duration(quota.seconds)} over all cores: use fewer threads, or raise the quota."
    )


def _of_others(samples: Sequence[Sample], cores: int) -> str | None:
    others = _mean(samples, _others)
    if others is None or others <= OTHERS_CORES:
        return None
    evidence = [f"the machine had {_mean(samples, lambda s: s.machine_cpu):.1f} cores busy, this measurement "]
    evidence[0] += f"{_mean(samples, lambda s: s.own_cpu):.1f}"
    pressure = _mean(samples, lambda s: s.pressure_share)
    if pressure is not None and pressure > PRESSURE_SHARE:
        evidence.append(f"work waited for a core {_percent(pressure)} of the time")
    switches = sum(s.involuntary_switches or 0 for s in samples)
    if switches:
        evidence.append(f"this one was interrupted {_times(switches)}")
    return f"Other processes used {others:.1f} of {_cores(cores)} while this was measured: {', '.join(evidence)}."


def _of_steal(samples: Sequence[Sample]) -> str | None:
    steal = _mean(samples, lambda s: s.steal_share)
    return f"The hypervisor took {_percent(steal)} of the time (steal)." if steal and steal > STEAL_SHARE else None


def _of_throttling(samples: Sequence[Sample]) -> str | None:
    counts = [s.throttle_count for s in samples if s.throttle_count is not None]
    moved = counts[-1] - counts[0] if counts else 0
    return f"Thermal throttling was counted {_times(moved)} while measuring." if moved > 0 else None


def _of_drift(samples: Sequence[Sample]) -> str | None:
    change = drift(np.asarray([s.speed for s in samples if s.speed is not None], np.float64))
    if change is None:
        return None
    third = len(samples) // 3
    early, late = samples[:third], samples[-third:]
    evidence = ["fixed work, last third against the first"]
    clocks = [_mean(part, lambda s: s.frequency_mhz) for part in (early, late)]
    if clocks[0] is not None and clocks[1] is not None:
        evidence.append(f"clock {clocks[0]:.0f} → {clocks[1]:.0f} MHz")
    heats = [_mean(part, lambda s: s.temperature_c) for part in (early, late)]
    if heats[0] is not None and heats[1] is not None:
        evidence.append(f"{heats[0]:.0f} → {heats[1]:.0f} °C")
    reasons = "; ".join(evidence)
    if change > 0:
        return f"The machine sped up by {_percent(change)} while measuring ({reasons}); a second run may be faster."
    return f"The machine slowed by {_percent(-change)} while measuring ({reasons}); it may be throttling."


def _others(sample: Sample) -> float | None:
    if sample.machine_cpu is None or sample.own_cpu is None:
        return None
    return sample.machine_cpu - sample.own_cpu


def _mean(samples: Iterable[Sample], of: Callable[[Sample], float | None]) -> float | None:
    """Mean over time of what the samples know."""
    known = [(value, s.wall_s) for s in samples if (value := of(s)) is not None]
    seconds = sum(wall for _, wall in known)
    return sum(value * wall for value, wall in known) / seconds if seconds else None


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _cores(cores: int) -> str:
    return "1 core" if cores == 1 else f"{cores} cores"


def _amount(cores: float) -> str:
    return "1 core" if cores == 1 else f"{cores:.3g} cores"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
