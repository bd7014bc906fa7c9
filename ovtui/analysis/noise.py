"""What disturbed a measurement: other processes, the hypervisor, heat; with the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.autoregression import slope_height
from ovtui.records import CpuQuota, OtherProcesses, QuotaStops, Record, SpeedChange, Steal, Throttling
from ovtui.sentences import cores as of_cores
from ovtui.sentences import percent, times

Disturbance: TypeAlias = CpuQuota | OtherProcesses | Steal | Throttling | SpeedChange

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
        return f"the hypervisor took {percent(sample.steal_share)} of the time"
    others = _others(sample)
    if others is not None and others > OTHERS_CORES:
        return f"other processes used {others:.1f} of {of_cores(cores)}"
    counts = (previous.throttle_count if previous else None, sample.throttle_count)
    if counts[0] is not None and counts[1] is not None and counts[1] > counts[0]:
        return f"thermal throttling was counted {times(counts[1] - counts[0])}"
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


def remarks(samples: Sequence[Sample], cores: int) -> tuple[Disturbance, ...]:
    """What a reader of the result must know about the machine while it was measured, with the evidence."""
    found = (
        _of_quota(samples),
        _of_others(samples, cores),
        _of_steal(samples),
        _of_throttling(samples),
        _of_drift(samples),
    )
    return tuple(remark for remark in found if remark is not None)


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


def _of_quota(samples: Sequence[Sample]) -> CpuQuota | None:
    stops = quota_stops(samples)
    return None if stops is None else CpuQuota(stops=stops)


def _of_others(samples: Sequence[Sample], cores: int) -> OtherProcesses | None:
    others = _mean(samples, _others)
    if others is None or others <= OTHERS_CORES:
        return None
    pressure = _mean(samples, lambda s: s.pressure_share)
    return OtherProcesses(
        used=others,
        cores=cores,
        machine=_mean(samples, lambda s: s.machine_cpu) or 0.0,
        own=_mean(samples, lambda s: s.own_cpu) or 0.0,
        waited=pressure if pressure is not None and pressure > PRESSURE_SHARE else None,
        interruptions=sum(s.involuntary_switches or 0 for s in samples),
    )


def _of_steal(samples: Sequence[Sample]) -> Steal | None:
    steal = _mean(samples, lambda s: s.steal_share)
    return Steal(share=steal) if steal and steal > STEAL_SHARE else None


def _of_throttling(samples: Sequence[Sample]) -> Throttling | None:
    counts = [s.throttle_count for s in samples if s.throttle_count is not None]
    moved = counts[-1] - counts[0] if counts else 0
    return Throttling(count=moved) if moved > 0 else None


def _of_drift(samples: Sequence[Sample]) -> SpeedChange | None:
    change = drift(np.asarray([s.speed for s in samples if s.speed is not None], np.float64))
    if change is None:
        return None
    third = len(samples) // 3
    parts = samples[:third], samples[-third:]
    clocks = [_mean(part, lambda s: s.frequency_mhz) for part in parts]
    heats = [_mean(part, lambda s: s.temperature_c) for part in parts]
    return SpeedChange(change=change, clock_mhz=_both(*clocks), temperature_c=_both(*heats))


def _both(early: float | None, late: float | None) -> tuple[float, float] | None:
    return None if early is None or late is None else (early, late)


def _others(sample: Sample) -> float | None:
    if sample.machine_cpu is None or sample.own_cpu is None:
        return None
    return sample.machine_cpu - sample.own_cpu


def _mean(samples: Iterable[Sample], of: Callable[[Sample], float | None]) -> float | None:
    """Mean over time of what the samples know."""
    known = [(value, s.wall_s) for s in samples if (value := of(s)) is not None]
    seconds = sum(wall for _, wall in known)
    return sum(value * wall for value, wall in known) / seconds if seconds else None
