"""Settings that leave something on the table: mode, streams, batch, threads, the way of asking, the cache."""

from __future__ import annotations

import shlex

from ovtui.analysis.advice.case import Advice, Case, Rule
from ovtui.analysis.layers import took
from ovtui.analysis.roofline import roofline
from ovtui.formatting import duration, number, percent, plural
from ovtui.records import RunSummary

_BUSY_ENOUGH = 0.75  # of the usable cores
_BETTER = 1.05  # what was tried and gave less is not worth advice
_SMALL_US = 20.0
_MANY_SMALL = 10
_SMALL_SHARE = 0.5
_LARGEST_BATCH = 64
_HOST_SHARE, _HOST_US = 0.2, 50.0
_API_SHARE = 0.05
_LONG_COMPILE_MS = 2000.0


def idle_cores(case: Case) -> Advice | None:
    """More inferences side by side, when one does not keep the cores busy."""
    result, effective, environment = case.result, case.effective, case.run.environment
    if result is None or effective is None or environment is None or not result.cpu_percent or not case.on_cpu():
        return None
    cores, usable = environment.cores, environment.usable_cores
    used = result.cpu_percent / (100 * usable)
    if used >= _BUSY_ENOUGH or case.spec.mode == "server" or (case.spec.threads or cores) < cores:
        return None
    evidence = f"On average {result.cpu_percent / 100:.1f} of {_amount(usable)} were busy."
    ratio = min(float(cores), 1 / used)
    gain = f"Up to {ratio:.1f} × the throughput, if all cores become busy; a single answer takes longer."
    if case.spec.mode == "latency":
        known = case.tried(lambda run: run.mode == "throughput" and run.batch == effective.batch)
        if known is not None:
            measured = _against(case, known)
            if measured is None:
                return None
            ratio, gain = measured
        fresh = case.other(mode="throughput", streams=None, threads=None, requests=None)
        return Advice("throughput", "throughput mode", evidence, gain, fresh, weight=1 - 1 / ratio)
    streams = effective.streams
    if streams is None or streams >= cores:
        return None
    more = min(2 * streams, cores)
    spec = case.other(mode="manual", streams=more, requests=max(more, effective.requests))
    return Advice("streams", plural(more, "stream"), evidence, gain, spec, weight=1 - 1 / ratio)


def batch(case: Case) -> Advice | None:
    """Kernels so short that calling them costs as much as what they do."""
    size = case.batchable()
    if case.profile is None or case.total_us is None or size is None or size >= _LARGEST_BATCH:
        return None
    small = [time for _, time in case.timed if time < _SMALL_US]
    share = sum(small) / case.total_us
    if len(small) < _MANY_SMALL or share < _SMALL_SHARE:
        return None
    evidence = (
        f"{len(small):,} of {plural(len(case.timed), 'layer')} take less than {_SMALL_US:.0f} µs each, together "
        f"{percent(share)} of the time: much of that is calling a kernel, whatever it computes."
    )
    recoverable = sum(
        roof.recoverable_us or 0.0
        for layer, roof in zip(case.profile.layers, roofline(case.profile), strict=True)
        if layer.time_us and layer.time_us < _SMALL_US
    )
    saved, gain = 0.1, None
    if recoverable:
        saved = recoverable / case.total_us
        gain = f"Up to {percent(saved)} less time in the layers for each input; an answer waits for its whole batch."
    larger = min(4 * size, _LARGEST_BATCH)
    known = case.tried(lambda run: run.mode == case.spec.mode and (run.batch or 0) > size)
    if known is not None:
        measured = _against(case, known)
        if measured is None:
            return None
        saved, gain = 1 - 1 / measured[0], measured[1]
        larger = known.batch or larger
    return Advice("batch", f"batch {larger}", evidence, gain, case.other(batch=larger), weight=saved)


def way_of_asking(case: Case) -> Advice | None:
    """Handing over asynchronously, or through Python's queue, when that is a good part of an inference."""
    rest = case.rest
    if case.spec.api == "threads" or rest is None or rest.least <= _API_SHARE:
        return None
    way = "asynchronously" if case.spec.api == "async" else "through Python's AsyncInferQueue"
    return Advice(
        key="api",
        title="blocking calls in threads",
        evidence=f"Asked {way}, an inference takes {took(rest.inference_us)}, of which its layers are "
        f"{took(rest.layers_us)}: {percent(rest.share)} is spent around them.",
        gain=f"Up to {1 / (1 - rest.share):.2f} × the throughput, if nothing but asking costs that.",
        spec=case.other(api="threads"),
        weight=rest.share,
    )


def host(case: Case) -> Advice | None:
    """Time outside the layers that is not due to the way of asking."""
    rest = case.rest
    if case.spec.api != "threads" or rest is None or rest.least <= _HOST_SHARE or rest.us <= _HOST_US:
        return None
    size = case.batchable()
    more = case.other(batch=min(4 * size, _LARGEST_BATCH)) if size is not None and size < _LARGEST_BATCH else None
    return Advice(
        key="host",
        title="overhead outside layers",
        evidence=f"An inference takes {took(rest.inference_us)}, its layers {took(rest.layers_us)}: the other "
        f"{took(rest.us)} ({percent(rest.share)}) is scheduling, input and output copies, and waiting for cores.",
        gain=f"Up to {percent(rest.share)} less time; a larger batch shares what does not grow with it." if more else
        f"Up to {percent(rest.share)} less time.",
        spec=more,
        weight=rest.share,
    )  # fmt: skip


def threads(case: Case) -> Advice | None:
    """More threads than there are cores to run them, asked for by hand or by a device that does not see the limit."""
    environment, effective = case.run.environment, case.effective
    if environment is None or not case.on_cpu():
        return None
    cores, physical = environment.cores, min(environment.physical_cores or environment.cores, environment.cores)
    asked = case.spec.threads
    used = (effective.threads if effective else None) or asked  # a device may take fewer than it was asked for
    limit = physical if asked else cores  # a device's own choice to use both threads of a core is no mistake
    if used is None or used <= limit or (case.result and case.result.quota and limit == cores):
        return None  # what stops by a quota call for is said with them
    kind = "physical" if asked and limit == environment.physical_cores else "usable"
    evidence = (
        f"{plural(used, 'thread')} work on {plural(limit, f'{kind} core')}: those on one "
        "core share its arithmetic units, or wait for each other."
    )
    if environment.cpu_quota is not None and limit == cores:
        evidence = (
            f"{plural(used, 'thread')} share the CPU quota of {_amount(environment.cpu_quota)}: together they "
            "use it up early in each period, and all wait for the next one."
        )
    return Advice(
        key="threads",
        title=plural(limit, "thread"),
        evidence=evidence,
        spec=case.other(threads=limit),
        weight=0.08 if used <= cores else 0.3,
    )


def _amount(cores: float) -> str:
    return "1 core" if cores == 1 else f"{cores:.3g} cores"


def cache(case: Case) -> Advice | None:
    """A compilation that every start pays for again."""
    compiling = case.result.compile_ms if case.result else None
    if compiling is None or compiling <= _LONG_COMPILE_MS:
        return None
    if any("CACHE_DIR" in told for told in (case.spec.properties, case.effective.properties if case.effective else {})):
        return None
    device = "" if case.spec.device == "CPU" else f" -d {shlex.quote(case.spec.device)}"
    mode = "" if case.spec.mode in ("latency", "server") else f" --mode {case.spec.mode}"
    return Advice(
        key="cache",
        title="keep the compiled model",
        evidence=f"Compiling took {duration(compiling / 1000)}, and does so at each start.",
        gain="From the second start on, often half of that; inferences stay as fast as they are.",
        command=f'run {case.run.model.id}{device}{mode} --property CACHE_DIR="$HOME/.cache/openvino"',
        weight=0.05,
    )


def _against(case: Case, known: RunSummary) -> tuple[float, str] | None:
    """How many times this run's throughput a recorded run had, and that in a sentence; None if it is not more."""
    if case.result is None or known.throughput_fps is None or not case.result.throughput_fps.mean:
        return None
    ratio = known.throughput_fps.mean / case.result.throughput_fps.mean
    if ratio < _BETTER:
        return None
    return ratio, (
        f"Run {known.id} had {number(known.throughput_fps.mean)} FPS that way, {ratio:.2f} × as many as this one."
    )


RULES: tuple[Rule, ...] = (idle_cores, batch, way_of_asking, host, threads, cache)
