"""Models and runs as titles and texts, safe to show: what the command line prints, the app shows, and a copy holds."""

from __future__ import annotations

from typing import TypeAlias

from ovtui import formatting, sentences
from ovtui.records import Ceilings, Environment, Latency, Model, Port, Run
from ovtui.sanitize import plain

Fields: TypeAlias = list[tuple[str, str]]
"""Titles and texts; an empty title goes on with the one before, `!` is a warning."""

STATE = {
    "reset": "reset before each inference (the latency leaves that out, the throughput does not)",
    "kept": "kept from one inference to the next",
}
_PERCENTILES = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99_9", "p99.9"))


def model_fields(record: Model) -> Fields:
    """What was read from a file."""
    found = [("file", f"{plain(record.path)}  ({record.format}, {formatting.size(record.bytes)})")]
    if len(record.files) > 1:
        found.append(("", f"{formatting.plural(len(record.files), 'file')}"))
    found.append(("sha256", record.sha256))
    for title, ports in (("inputs", record.inputs), ("outputs", record.outputs)):
        found += [(title if i == 0 else "", _port(port)) for i, port in enumerate(ports)]
    kinds = sorted(record.operation_types.items(), key=lambda item: -item[1])
    most = ", ".join(f"{number} {plain(kind, 40)}" for kind, number in kinds[:4])
    found.append(("operations", f"{record.operations:,}  ({most}{', …' if len(kinds) > 4 else ''})"))
    found.append(("parameters", f"{formatting.count(record.parameters)}".rstrip()))
    if record.flops is not None:
        at = ", ".join(f"{plain(n, 40)}{formatting.shape(s)}" for n, s in record.flops_shapes.items())
        found.append(("FLOPs", f"{formatting.count(record.flops).rstrip()}  at {at} (a multiply-add is two)"))
    total = sum(record.weight_precisions.values())
    if total:
        shares = sorted(record.weight_precisions.items(), key=lambda item: -item[1])
        found.append(("weights", ", ".join(f"{kind} {count / total:.0%}" for kind, count in shares[:4])))
    if record.states:
        found.append(("state", f"{formatting.plural(record.states, 'variable')} that it keeps between inferences"))
    for extension in record.extensions:
        found.append(("extension", f"{plain(extension.path)}  {extension.sha256[:16]}…  (its code runs)"))
    return found + [("note", plain(note)) for note in record.notes]


def _port(port: Port) -> str:
    layout = f"  layout {plain(port.layout)}" if port.layout else ""
    stated = f"  measured at {formatting.shape(port.stated)}" if port.stated is not None else ""
    return f"{plain(port.name, 80)}  {plain(port.type)} {formatting.shape(port.shape)}{layout}{stated}"


def settings(record: Run) -> str:
    """Device, mode, and what they came to: `CPU  throughput  batch 1, 2 streams, 2 requests, bf16`."""
    return f"{plain(record.spec.device)}  {record.spec.mode}{_effective(record)}"


def _effective(record: Run) -> str:
    effective = record.effective
    if effective is None:
        return ""
    parts = [f"batch {effective.batch}"]
    for noun, amount in (("stream", effective.streams), ("thread", effective.threads), ("request", effective.requests)):
        if amount is not None:
            parts.append(formatting.plural(amount, noun))
    if effective.precision:
        parts.append(effective.precision)
    return "  " + ", ".join(parts)


def fields(record: Run) -> Fields:
    """A run and its result, its warnings last."""
    status = record.status if record.status == "done" else record.status.upper()
    found = [("run", f"{record.id}  {status}{f'  {plain(record.label)!r}' if record.label else ''}")]
    if record.result is not None:
        found += _result_fields(record)
    if record.effective:
        for name, source in record.effective.inputs.items():
            shape = formatting.shape(record.effective.shapes.get(name))
            found.append(("input", f"{plain(name, 60)}{shape}  {plain(source)}"))
        if record.effective.state is not None:
            found.append(("state", STATE[record.effective.state]))
    found += [("!", plain(warning)) for warning in sentences.remarks(record.warnings)]
    if record.error:
        found.append(("error", plain(record.error)))
    return found


def _result_fields(record: Run) -> Fields:
    result = record.result
    assert result is not None
    estimate = result.throughput_fps
    interval = ""
    if estimate.ci95 is not None:
        low, high = estimate.ci95
        interval = f"{formatting.half_width(estimate)}  (95 % CI {formatting.number(low)} – {formatting.number(high)})"
    found = [("throughput", f"{formatting.number(estimate.mean)} FPS  {interval}".rstrip())]
    if result.quiet is not None and result.quiet.share < 1:
        quiet = formatting.number(result.quiet.throughput_fps)
        found.append(("", f"{quiet} FPS in the {result.quiet.share:.0%} that were quiet"))
    found.append(("latency", _latency(result.latency_ms)))
    if result.latency_ms.weak:
        found.append(("", f"{formatting.WEAK_MEANS}; 95 % CI:"))
        found.append(("", _weak(result.latency_ms)))
    extremes = (("mean", result.latency_ms.mean), ("min", result.latency_ms.min), ("max", result.latency_ms.max))
    found.append(("", ", ".join(f"{title} {formatting.number(value)}" for title, value in extremes) + " ms"))
    found.append(
        (
            "measured",
            f"{result.measured_s:.1f} s after {result.warmup_s:.1f} s of warm-up, "
            f"{formatting.plural(result.inferences, 'inference')}",
        )
    )
    found.append(
        (
            "start",
            f"read {formatting.number(result.read_ms)}, compile {formatting.number(result.compile_ms)}, "
            f"first inference {formatting.number(result.first_inference_ms)} ms",
        )
    )
    usage = [] if result.peak_rss_mb is None else [f"peak memory {formatting.number(result.peak_rss_mb)} MB"]
    usage += [] if result.cpu_percent is None else [f"CPU {result.cpu_percent:.0f} % of a core"]
    return [*found, ("usage", ", ".join(usage))] if usage else found


def _latency(latency: Latency) -> str:
    shown = []
    for key, title in _PERCENTILES:
        if getattr(latency, key) is not None:
            shown.append(f"{title} {formatting.percentile(latency, key)}")
        elif key in latency.needs and key != "p99_9":
            shown.append(f"{title} {formatting.NOTHING} (needs {latency.needs[key]:,} more)")
    return "  ".join(item.replace(" ", "\u00a0") for item in shown) + "\u00a0ms"


def _weak(latency: Latency) -> str:
    """Between what weak values lie, and how many more inferences would do."""
    shown = []
    for key, title in _PERCENTILES:
        if key in latency.weak:
            between = formatting.between(latency.ci95.get(key))
            known = "not known" if between == formatting.NOTHING else between
            shown.append(f"{title} {known} (needs {latency.needs[key]:,} more)".replace(" ", "\u00a0"))
    return "  ".join(shown)


def environment_fields(machine: Environment) -> Fields:
    """The machine and the software of a run."""
    unknown = "not told"
    physical = "" if machine.physical_cores is None else f", {machine.physical_cores} physical"
    quota = "" if machine.cpu_quota is None else " (CPU quota of the container)"
    memory = formatting.size(machine.memory_mb * 2**20)
    if machine.memory_limit_mb is not None:
        memory = (
            f"{formatting.size(machine.memory_limit_mb * 2**20)} (limit of the container), the machine has {memory}"
        )
    return [
        ("host", plain(machine.host)),
        ("processor", plain(machine.cpu)),
        ("cores", f"{machine.usable_cores:.3g} usable{quota}{physical}"),
        ("memory", memory),
        ("system", f"{plain(machine.os)}, kernel {plain(machine.kernel)}"),
        ("virtual", plain(machine.virtual or "no sign of it")),
        ("governor", plain(machine.governor or unknown)),
        ("frequency", unknown if machine.frequency_mhz is None else f"{machine.frequency_mhz:.0f} MHz"),
        ("temperature", "no sensor" if machine.temperature_c is None else f"{machine.temperature_c:.0f} °C"),
        ("load", unknown if machine.load_1m is None else f"{machine.load_1m:.2f} in the minute before"),
        ("OpenVINO", plain(machine.openvino)),
        ("Python", plain(machine.python)),
        ("ovtui", plain(machine.ovtui)),
    ]


def ceilings(found: Ceilings) -> str:
    """`f32 231, bf16 457 GFLOP/s; copy 29.9 GB/s (80.7 from caches); read 35 GB/s`: what a device can do at most."""
    rates = ", ".join(f"{name} {formatting.number(rate)}" for name, rate in found.gflops.items())
    told = [f"{rates} GFLOP/s"] if rates else []
    for what, known in (("copy" if found.reads else "memory", found.gbytes), ("read", found.reads)):
        if known:
            largest, best = known[-1][1], max(rate for _, rate in known)
            cached = f" ({formatting.number(best)} from caches)" if best > 1.2 * largest else ""
            told.append(f"{what} {formatting.number(largest)} GB/s{cached}")
    return "; ".join(told) or "could not be measured"
