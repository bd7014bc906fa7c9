"""What a run says in one sentence, and what to measure next."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import msgspec

from ovtui import formatting
from ovtui.records import Run, Spec, Stop

Level = Literal["good", "warning", "bad"]


class Verdict(NamedTuple):
    """How far the numbers can be trusted."""

    level: Level
    text: str


class Suggestion(NamedTuple):
    """A measurement worth making, and why; `short` fits beside a key."""

    short: str
    why: str
    spec: Spec


def verdict(run: Run) -> Verdict:
    """One sentence: the figure that was asked for, its doubt, and whether to believe it."""
    if run.status in ("queued", "running"):
        return Verdict("warning", f"It is {run.status}.")
    if run.result is None:
        return Verdict("bad", run.error or f"It was {run.status} before anything was measured.")
    figures = _figures(run)
    if run.status != "done":
        return Verdict("bad", f"{run.status.capitalize()} after {run.result.measured_s:.1f} s; until then {figures}.")
    if not run.result.throughput_fps.converged:
        return Verdict("warning", f"{figures}: not known well enough yet, measure longer.")
    if run.warnings:
        return Verdict("warning", f"{figures}: known well enough, but read the {_several(len(run.warnings))} below.")
    return Verdict("good", f"{figures}: known well enough, and nothing disturbed it.")


def _figures(run: Run) -> str:
    assert run.result is not None
    latency, estimate = run.result.latency_ms, run.result.throughput_fps
    p50 = f"mean {formatting.number(latency.mean)} ms"
    if latency.p50 is not None:
        p50 = f"p50 {formatting.percentile(latency, 'p50')} ms"
    if run.spec.mode == "server":
        p99 = f", p99 {formatting.percentile(latency, 'p99')} ms" if latency.p99 is not None else ""
        return f"{p50}{p99} at {formatting.number(estimate.mean)} FPS"
    rate = f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}"
    return f"{p50}, {rate}" if run.spec.mode == "latency" else f"{rate}, {p50}"


def _several(count: int) -> str:
    return "warning" if count == 1 else f"{count} warnings"


def suggestions(run: Run) -> list[Suggestion]:
    """At most three, the most useful first."""
    spec, result, found = run.spec, run.result, []
    if result is not None and run.status == "done" and not result.throughput_fps.converged:
        longer = min(86_400.0, max(60.0, 4 * result.measured_s))
        if longer > 1.5 * result.measured_s:
            known = result.throughput_fps.half_width is not None and result.measured_s > 0
            gain = _narrower(longer / result.measured_s) if known else "so little tells nothing of the doubt"
            stop = Stop(kind="seconds", seconds=longer)
            why = f"Measure for {formatting.duration(longer)}: {gain}."
            found.append(Suggestion("longer", why, msgspec.structs.replace(spec, stop=stop)))
    if run.status in ("cancelled", "interrupted"):
        found.append(Suggestion("again", "Measure the same again.", spec))
    elif run.status == "failed":
        found.append(Suggestion("again", "Measure the same again, if what it failed for is gone.", spec))
    found += _other_modes(run)
    return found[:3]


def _narrower(times: float) -> str:
    """What measuring so many times as long does: the doubt shrinks with the square root."""
    if times < 3.5:
        return f"{times:.1f} times as long narrows the doubt to {1 / math.sqrt(times):.0%} of it"
    if times < 4.5:
        return "four times as long halves the doubt"
    return f"{round(times):,} times as long narrows the doubt to 1/{round(math.sqrt(times))}"


def _other_modes(run: Run) -> list[Suggestion]:
    spec = run.spec
    fresh = msgspec.structs.replace(spec, streams=None, threads=None, requests=None, rate=None)
    throughput = msgspec.structs.replace(fresh, mode="throughput")
    found = []
    if spec.mode == "latency":
        found.append(Suggestion("throughput", "How much can it do at once? All the device takes.", throughput))
    else:
        latency = msgspec.structs.replace(fresh, mode="latency", batch=None)
        found.append(Suggestion("latency", "How long does one answer take? One request at a time.", latency))
    result = run.result
    if spec.mode in ("throughput", "manual") and result is not None and run.effective is not None:
        batch = run.effective.batch
        if batch < 4 and "N" in "".join(run.effective.layouts.values()) and not spec.shapes:
            found.append(
                Suggestion("batch 4", "Do larger batches raise the throughput?",
                           msgspec.structs.replace(spec, batch=4))
            )  # fmt: skip
        rate = float(f"{0.7 * result.throughput_fps.mean / batch:.2g}")
        if rate >= 1:
            server = msgspec.structs.replace(throughput, mode="server", rate=rate)
            found.append(
                Suggestion(
                    f"server {rate:g}/s", "What latency do users see at 70 % of that? Arrivals at random.", server
                )
            )
    return found
