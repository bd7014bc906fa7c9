"""Before anything else: whether the numbers can be believed."""

from __future__ import annotations

import math

from ovtui import formatting, sentences
from ovtui.analysis.advice.case import Advice, Case, Rule
from ovtui.analysis.layers import counting_cost
from ovtui.formatting import percent
from ovtui.records import AnyRemark, Lost, OtherProcesses, Quiet, SpeedChange, Steal, Throttling, Unsteady

_QUIET_ENOUGH = 0.9
_OVERHEAD = 0.15


def throttled(case: Case) -> Advice | None:
    """Heat, or a clock that went down."""
    said = [sentences.remark(each) for each in case.run.warnings if _is_heat(each)]
    if not said:
        return None
    return Advice(
        key="throttled",
        title="let it cool down",
        evidence=" ".join(said),
        gain="Steadier numbers; faster ones as long as it stays cool. For what it does hot, measure for minutes (-t).",
        spec=case.spec,
        weight=4.0,
    )


def _is_heat(found: AnyRemark) -> bool:
    return isinstance(found, Throttling) or (isinstance(found, SpeedChange) and found.change < 0)


def noisy(case: Case) -> Advice | None:
    """Others who used the machine at the same time."""
    noise = OtherProcesses | Steal | Unsteady | Lost | SpeedChange
    said = [sentences.remark(each) for each in case.run.warnings if isinstance(each, noise) and not _is_heat(each)]
    quiet = case.result.quiet if case.result else None
    restless = quiet is not None and quiet.share < _QUIET_ENOUGH
    if not said and not restless:
        return None
    if quiet is not None and restless:
        said.append(f"Only {percent(quiet.share)} of the time was quiet.")
    return Advice(
        key="noisy",
        title="measure when it is quiet",
        evidence=" ".join(said),
        gain=_in_quiet(case, quiet),
        spec=case.spec,
        weight=3.0,
    )


def quota(case: Case) -> Advice | None:
    """A container's CPU quota that stops the inference again and again."""
    stops = case.result.quota if case.result else None
    environment, effective = case.run.environment, case.effective
    if stops is None or environment is None or not case.on_cpu():
        return None
    threads = (effective.threads if effective else None) or case.spec.threads
    fewer = max(1, math.floor(stops.cores))
    fits = threads is not None and threads <= fewer
    return Advice(
        key="quota",
        title="raise the CPU quota" if fits else formatting.plural(fewer, "thread"),
        evidence=f"The CPU quota of {stops.cores:.3g} cores stopped it in {stops.stopped:,} of {stops.periods:,} "
        "periods: an inference that meets a stop waits for the next period.",
        gain="More throughput and shorter tails: the quota is the limit here, not the processor." if fits else
        "Steadier latencies; the quota bounds the throughput.",
        spec=None if fits else case.other(threads=fewer),
        weight=3.5,
    )  # fmt: skip


def counters(case: Case) -> Advice | None:
    """Layers so short that counting them is a good part of them."""
    overhead = case.profile.overhead if case.profile else None
    costs = counting_cost(case.profile) if case.profile else None
    if overhead is None or costs is None or overhead <= _OVERHEAD or case.total_us is None or case.blurred:
        return None
    return Advice(
        key="counters",
        title="layer timing overhead is high",
        evidence=f"Timing the layers costs {costs}: read their times as shares.",
        weight=2.0,
    )


def _in_quiet(case: Case, quiet: Quiet | None) -> str | None:
    if quiet is None or case.result is None or not case.result.throughput_fps.mean:
        return None
    better = quiet.throughput_fps / case.result.throughput_fps.mean - 1
    if better < 0.01:
        return None
    return f"The quiet stretches gave {formatting.number(quiet.throughput_fps)} FPS, {percent(better)} more."


RULES: tuple[Rule, ...] = (throttled, quota, noisy, counters)
