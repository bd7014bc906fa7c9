"""Models and results as text: every number with its doubt, and what to do next."""

from __future__ import annotations

import shlex

import click

from ovtui.cli import words
from ovtui.cli.output import faint, field, strong, table
from ovtui.records import Effective, Latency, Model, Port, Run
from ovtui.text import plain

_PERCENTILES = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99_9", "p99.9"))


def model(record: Model) -> None:
    """What was read from a file."""
    click.echo(f"{strong(plain(record.name))}  {faint(record.id)}")
    field("file", f"{plain(record.path)}  ({record.format}, {words.size(record.bytes)})")
    if len(record.files) > 1:
        field("", f"{words.plural(len(record.files), 'file')}")
    field("sha256", record.sha256)
    for title, ports in (("inputs", record.inputs), ("outputs", record.outputs)):
        for i, port in enumerate(ports):
            field(title if i == 0 else "", _port(port))
    kinds = sorted(record.operation_types.items(), key=lambda item: -item[1])
    most = ", ".join(f"{number} {plain(kind, 40)}" for kind, number in kinds[:4])
    field("operations", f"{record.operations:,}  ({most}{', …' if len(kinds) > 4 else ''})")
    field("parameters", f"{words.count(record.parameters)}".rstrip())
    if record.flops is not None:
        at = ", ".join(f"{plain(n, 40)}{words.shape(s)}" for n, s in record.flops_shapes.items())
        field("FLOPs", f"{words.count(record.flops).rstrip()}  at {at} (a multiply-add is two)")
    total = sum(record.weight_precisions.values())
    if total:
        shares = sorted(record.weight_precisions.items(), key=lambda item: -item[1])
        field("weights", ", ".join(f"{kind} {count / total:.0%}" for kind, count in shares[:4]))
    for note in record.notes:
        field("note", plain(note))


def _port(port: Port) -> str:
    layout = f"  layout {plain(port.layout)}" if port.layout else ""
    return f"{plain(port.name, 80)}  {plain(port.type)} {words.shape(port.shape)}{layout}"


def run(record: Run, *, what_next: bool = True) -> None:
    """A run and its result."""
    what = f"{plain(record.spec.device)}  {record.spec.mode}{_settings(record.effective)}"
    click.echo(f"{strong(plain(record.model.name))}  {what}")
    status = record.status if record.status == "done" else record.status.upper()
    field("run", f"{record.id}  {status}{f'  {plain(record.label)!r}' if record.label else ''}")
    result = record.result
    if result is not None:
        estimate = result.throughput_fps
        interval = ""
        if estimate.ci95 is not None:
            low, high = estimate.ci95
            interval = f"{words.doubt(estimate)}  (95 % CI {words.number(low)} – {words.number(high)})"
        field("throughput", f"{words.number(estimate.mean)} FPS  {interval}".rstrip())
        if result.quiet is not None and result.quiet.share < 1:
            field(
                "", f"{words.number(result.quiet.throughput_fps)} FPS in the {result.quiet.share:.0%} that were quiet"
            )
        field("latency", _latency(result.latency_ms))
        extremes = (("mean", result.latency_ms.mean), ("min", result.latency_ms.min), ("max", result.latency_ms.max))
        field("", ", ".join(f"{title} {words.number(value)}" for title, value in extremes) + " ms")
        field(
            "measured",
            f"{result.measured_s:.1f} s after {result.warmup_s:.1f} s of warm-up, "
            f"{words.plural(result.inferences, 'inference')}",
        )
        field(
            "start",
            f"read {words.number(result.read_ms)}, compile {words.number(result.compile_ms)}, "
            f"first inference {words.number(result.first_inference_ms)} ms",
        )
        usage = [] if result.peak_rss_mb is None else [f"peak memory {words.number(result.peak_rss_mb)} MB"]
        usage += [] if result.cpu_percent is None else [f"CPU {result.cpu_percent:.0f} % of a core"]
        if usage:
            field("usage", ", ".join(usage))
    if record.effective:
        for name, source in record.effective.inputs.items():
            field("input", f"{plain(name, 60)}{words.shape(record.effective.shapes.get(name))}  {plain(source)}")
    for warning in record.warnings:
        field("!", plain(warning))
    if record.error:
        field("error", plain(record.error))
    if what_next and result is not None:
        field("next", _next(record))


def _settings(effective: Effective | None) -> str:
    if effective is None:
        return ""
    parts = [f"batch {effective.batch}"]
    for noun, amount in (("stream", effective.streams), ("thread", effective.threads), ("request", effective.requests)):
        if amount is not None:
            parts.append(words.plural(amount, noun))
    if effective.precision:
        parts.append(effective.precision)
    return "  " + ", ".join(parts)


def _latency(latency: Latency) -> str:
    shown = []
    for key, title in _PERCENTILES:
        value = getattr(latency, key)
        if value is not None:
            shown.append(f"{title} {words.number(value)}")
        elif key in latency.needs and key != "p99_9":
            shown.append(f"{title} {words.NOTHING} (needs {latency.needs[key]:,} more)")
    return "  ".join(item.replace(" ", "\u00a0") for item in shown) + "\u00a0ms"


def _next(record: Run) -> str:
    name = shlex.quote(plain(record.model.name))
    if record.spec.mode == "latency":
        return f"ovtui run {name} --mode throughput"
    return f"ovtui run {name} --mode latency"


def side_by_side(titles: list[str], runs: list[Run]) -> None:
    """The results of several runs as columns."""

    def cell(run: Run, get: str) -> str:
        result = run.result
        if result is None:
            return words.NOTHING
        if get == "fps":
            return f"{words.number(result.throughput_fps.mean)} {words.doubt(result.throughput_fps)}"
        if get == "compile":
            return words.number(result.compile_ms)
        if get == "memory":
            return words.number(result.peak_rss_mb)
        return words.number(getattr(result.latency_ms, get))

    def setting(run: Run) -> str:
        effective = run.effective
        if effective is None:
            return words.NOTHING
        return f"{words.plural(effective.streams or 1, 'stream')}, {words.plural(effective.requests, 'request')}"

    rows = [["settings", *map(setting, runs)]]
    for title, get in (
        ("throughput, FPS", "fps"),
        ("latency p50, ms", "p50"),
        ("latency p99, ms", "p99"),
        ("compile, ms", "compile"),
        ("peak memory, MB", "memory"),
    ):
        rows.append([title, *(cell(run, get) for run in runs)])
    rows.append(["run", *(run.id for run in runs)])
    table(["", *titles], rows, right=frozenset(titles))
