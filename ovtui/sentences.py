"""Codes in words: what is said of a result where it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from ovtui.formatting import duration
from ovtui.records import (
    AnyRemark,
    BacklogGrew,
    BeyondCapacity,
    CpuQuota,
    Lost,
    NotConverged,
    OtherProcesses,
    Refused,
    SpeedChange,
    Steal,
    StillWaiting,
    Throttling,
    Unsteady,
)


def remarks(found: Iterable[AnyRemark]) -> list[str]:
    """A sentence for each."""
    return [remark(each) for each in found]


def remark(found: AnyRemark) -> str:
    """In one sentence, with its evidence. Text of files may be in it."""
    match found:
        case str():
            return found
        case NotConverged():
            return _not_converged(found)
        case Unsteady():
            return "The machine had not become steady when measuring began; the numbers may still hold warm-up."
        case Lost():
            return f"{found.count} inferences were not counted: the machine was too busy to take them down."
        case CpuQuota(stops=stops):
            return (
                f"The CPU quota of {_amount(stops.cores)} stopped this in {stops.stopped:,} of {stops.periods:,} "
                f"periods, for {duration(stops.seconds)} over all cores: use fewer threads, or raise the quota."
            )
        case OtherProcesses():
            return _other_processes(found)
        case Steal():
            return f"The hypervisor took {percent(found.share)} of the time (steal)."
        case Throttling():
            return f"Thermal throttling was counted {times(found.count)} while measuring."
        case SpeedChange():
            return _speed_change(found)
        case BeyondCapacity():
            return (
                f"Only {found.served:,.1f} of {found.rate:,.10g} arrivals a second were served: "
                "the rate is beyond capacity, and latencies grow until the queue is full."
            )
        case BacklogGrew():
            return (
                "Latencies grew while it measured: the rate is beyond capacity or near it; "
                "lower --rate or measure longer."
            )
        case Refused():
            return f"{found.count:,} arrivals found the queue full and were refused."
        case StillWaiting():
            return (
                f"{found.count:,} arrivals still waited at the end; percentiles count them with the time "
                "that serving them would have taken."
            )


def _not_converged(found: NotConverged) -> str:
    half = "±∞" if found.half_width is None else f"±{_two_digits(found.half_width)}"
    no_interval = "for a confidence interval"
    quieter = ", or quiet the machine" if found.noisy else ""
    do = ", or leave out --keep-state" if found.state_kept else quieter
    why = {
        "no-interval-few-inferences": f"only {found.found:g} of the {found.needed} inferences needed {no_interval}",
        "no-interval-short-inferences": f"too few inferences {no_interval}",
        "no-interval-short-time": f"too short a time {no_interval}",
        "wide": f"{half} (target ±{_two_digits(found.target)})",
        "few-inferences": f"{half}, but from {found.found:g} of the {found.needed} inferences needed",
        "few-independent-values": f"{half}, but from {found.found:g} of the {found.needed} independent values needed",
        "slow-noise": f"{half}, but slow noise cannot be excluded in {found.found:.0f} s",
        "late": f"{half} was reached only at the end",
        "random-arrivals": f"the mean latency is not known to ±{_two_digits(found.target)}, as arrivals come at random",
    }
    return f"NOT CONVERGED: {why[found.reason]}; measure longer with -t{do}."


def _other_processes(found: OtherProcesses) -> str:
    evidence = [f"the machine had {found.machine:.1f} cores busy, this measurement {found.own:.1f}"]
    if found.waited is not None:
        evidence.append(f"work waited for a core {percent(found.waited)} of the time")
    if found.interruptions:
        evidence.append(f"this one was interrupted {times(found.interruptions)}")
    return f"Other processes used {found.used:.1f} of {cores(found.cores)} while this was measured: " + (
        f"{', '.join(evidence)}."
    )


def _speed_change(found: SpeedChange) -> str:
    evidence = ["fixed work, last third against the first"]
    if found.clock_mhz is not None:
        evidence.append(f"clock {found.clock_mhz[0]:.0f} → {found.clock_mhz[1]:.0f} MHz")
    if found.temperature_c is not None:
        evidence.append(f"{found.temperature_c[0]:.0f} → {found.temperature_c[1]:.0f} °C")
    reasons = "; ".join(evidence)
    if found.change > 0:
        faster = percent(found.change)
        return f"The machine sped up by {faster} while measuring ({reasons}); a second run may be faster."
    return f"The machine slowed by {percent(-found.change)} while measuring ({reasons}); it may be throttling."


def percent(share: float) -> str:
    """`3.1 %`."""
    return f"{100 * share:.1f} %"


def cores(count: int) -> str:
    """`1 core`, `8 cores`."""
    return "1 core" if count == 1 else f"{count} cores"


def times(count: int) -> str:
    """`once`, `4 times`."""
    return "once" if count == 1 else f"{count} times"


def _amount(count: float) -> str:
    return "1 core" if count == 1 else f"{count:.3g} cores"


def _two_digits(share: float) -> str:
    """11 %, 1 %, 0.63 %."""
    return f"{share * 100:.2g} %" if share < 0.995 else f"{share * 100:.0f} %"
