"""A run as a document: its verdict and warnings first, then figures, curves, layers, and how to repeat it."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting, sentences
from ovtui.analysis import distribution, layers
from ovtui.analysis.layer_filter import LayerColumns
from ovtui.analysis.layer_groups import By, groups
from ovtui.analysis.roofline import ABOVE
from ovtui.analysis.verdict import verdict
from ovtui.formatting import NOTHING, between, half_width, number, percent, percentile, plural
from ovtui.records import Histogram, Profile, Result, Run, RunSummary, Series
from ovtui.report import summary
from ovtui.report.advising import command_of, what_next
from ovtui.report.exported import Exported
from ovtui.report.pages.charts import Axis, Bars, Line, Lines, Rule, Span
from ovtui.report.pages.common import (
    columns,
    environment_section,
    moment,
    register,
    repeat,
    setting_fields,
    subtitle,
    throughput,
    weak_note,
)
from ovtui.report.pages.document import (
    Advice,
    Column,
    Document,
    Paragraph,
    Section,
    Table,
    Verdict,
    document,
    fields,
    section,
    table,
    warnings,
)

_TOP_LAYERS = 25
_TOP_GROUPS = 12
_WINDOWS = 400  # of a curve: more cannot be seen
_BARS = 60
_PERCENTILES = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99_9", "p99.9"))


def run_report(exported: Exported, *, called: str | None = None, history: Sequence[RunSummary] = ()) -> Document:
    """The whole of a run. `called`: the model on a command line, its path if not given."""
    run = exported.run
    return document(
        f"{run.model.name}: {run.spec.mode} on {run.spec.device}",
        subtitle(run.label, f"run {run.id}", moment(run.started or run.created)),
        *run_sections(exported, called=called or run.model.path, history=history),
    )


def run_sections(exported: Exported, *, called: str, history: Sequence[RunSummary] = ()) -> list[Section | None]:
    """Its sections, None for those of which nothing is known."""
    run, profile = exported.run, exported.profile
    found = verdict(run)
    next_ones = [Advice(each.short, each.why, command_of(each, called)) for each in what_next(run, profile, history)]
    return [
        section("", Verdict(found.level, found.text), warnings(sentences.remarks(run.warnings)), _error(run)),
        section("Figures", _figures(run.result), weak_note(run.result.latency_ms if run.result else None)),
        section("Over time", *_curves(run, exported.series)),
        section("Latencies", *_distribution(run, exported.histogram)),
        *_layers(profile),
        section("What next", *next_ones),
        section("Settings", fields(*_settings(run))),
        section("Model", fields(*summary.model_fields(run.model))),
        environment_section(run.environment),
        section("Measure it again", register(run.model), repeat(run.spec, called, run.label)),
    ]


def runs_report(found: Sequence[Exported]) -> Document:
    """Several runs: a table of all, then each; the whole of one if it is only one."""
    if len(found) == 1:
        return run_report(found[0])
    runs = [each.run for each in found]
    note = weak_note(*(run.result.latency_ms for run in runs if run.result is not None))
    sections: list[Section | None] = [section("", runs_table(runs), note)]
    for each in found:
        run = each.run
        parts = [part for part in run_sections(each, called=run.model.path) if part is not None]
        title = subtitle(f"{run.model.name}: {run.spec.mode} on {run.spec.device}", run.label, f"run {run.id}")
        sections.append(Section(title, parts[0].blocks))
        sections += [part._replace(deeper=True) for part in parts[1:]]
    return document(plural(len(found), "run"), "", *sections)


def runs_table(runs: Sequence[Run], title: str = "") -> Table | None:
    """A row for each run, in their order."""
    rows = tuple(
        (
            run.label or run.id,
            run.model.name,
            summary.settings(run),
            throughput(run.result.throughput_fps if run.result else None),
            percentile(run.result.latency_ms if run.result else None, "p50"),
            percentile(run.result.latency_ms if run.result else None, "p99"),
            run.status,
        )
        for run in runs
    )
    heads = columns("run", "model", "settings", "FPS", "p50, ms", "p99, ms", "status", text=3)
    return table((*heads[:-1], Column("status")), rows, title)


def _error(run: Run) -> Paragraph | None:
    return Paragraph(f"Error: {run.error}") if run.error and run.result is not None else None


def _figures(result: Result | None) -> Table | None:
    if result is None:
        return None
    estimate, latency = result.throughput_fps, result.latency_ms
    rows = [
        (
            "throughput",
            f"{number(estimate.mean)} FPS",
            between(estimate.ci95),
            half_width(estimate),
        ),
        ("inferences per second", number(result.inferences_per_s), "", ""),
    ]
    if result.quiet is not None and result.quiet.share < 1:
        quiet = f"in the {result.quiet.share:.0%} of the time that were quiet"
        rows.append(("throughput, quiet", f"{number(result.quiet.throughput_fps)} FPS", "", quiet))
    rows.append(("latency, mean", f"{number(latency.mean)} ms", "", ""))
    for key, title in _PERCENTILES:
        needs = latency.needs.get(key)
        note = f"needs {needs:,} more inferences" if needs else ""
        text = percentile(latency, key) + (" ms" if getattr(latency, key) is not None else "")
        rows.append((f"latency, {title}", text, between(latency.ci95.get(key)), note))
    rows += [
        ("latency, least", f"{number(latency.min)} ms", "", ""),
        ("latency, most", f"{number(latency.max)} ms", "", ""),
        ("inferences", f"{result.inferences:,}", "", ""),
        ("measured", f"{result.measured_s:.1f} s", "", ""),
        ("warm-up", f"{result.warmup_s:.1f} s", "", "" if result.warmup_steady else "never became steady"),
    ]
    if result.refused:
        rows.append(("refused arrivals", f"{result.refused:,}", "", "found the queue full"))
    if result.waiting:
        rows.append(("waiting arrivals", f"{result.waiting:,}", "", "when measuring ended"))
    for title, amount, unit in (
        ("read the model", result.read_ms, "ms"),
        ("compile", result.compile_ms, "ms"),
        ("first inference", result.first_inference_ms, "ms"),
        ("peak memory", result.peak_rss_mb, "MB"),
        ("CPU, of one core", result.cpu_percent, "%"),
    ):
        if amount is not None:
            rows.append((title, f"{number(amount)} {unit}", "", ""))
    heads = columns("", "value", "95 % CI", text=1)
    return Table((*heads, Column("")), tuple(rows))


def _curves(run: Run, series: Series | None) -> list[Lines]:
    if series is None or len(series.t_s) < 2:
        return []
    at = _thin(series.t_s)
    begins = [max(0.0, 2 * series.t_s[0] - series.t_s[1]), *series.t_s[:-1]]
    spans = (
        *_spans("warming up", series.warming, begins, series),
        *_spans("disturbed", series.disturbed, begins, series),
    )
    rules: tuple[Rule, ...] = ()
    if run.result is not None:
        estimate = run.result.throughput_fps
        rules = (Rule("mean with its 95 % CI" if estimate.ci95 else "mean", estimate.mean, estimate.ci95),)
    time = Axis("time", "s")
    speed = (Line("throughput", _thin(series.throughput_fps)),)
    found = [Lines("Throughput over time", time, Axis("throughput", "FPS", zero=True), at, speed, rules, spans)]
    latencies = tuple(
        Line(name, _thin(values))
        for name, values in (("p50", series.p50_ms), ("p99", series.p99_ms))
        if any(value is not None for value in values)
    )
    if latencies:
        known = [value for line in latencies for value in line.values if value]
        wide = bool(known) and max(known) > 20 * min(known)
        axis = Axis("latency", "ms", zero=not wide, log=wide)
        found.append(Lines("Latency over time", time, axis, at, latencies, (), spans))
    return found


def _thin(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(distribution.averaged(values, _WINDOWS))  # type: ignore[arg-type]


def _spans(name: str, flags: Sequence[bool], begins: Sequence[float], series: Series) -> list[Span]:
    """The stretches in which the flag is up."""
    found: list[Span] = []
    for flag, begin, end in zip(flags, begins, series.t_s, strict=True):
        if flag and found and found[-1].end == begin:
            found[-1] = found[-1]._replace(end=end)
        elif flag:
            found.append(Span(name, begin, end))
    return found


def _distribution(run: Run, histogram: Histogram | None) -> list[Bars | Paragraph]:
    bars = None if histogram is None else distribution.bars(histogram, _BARS)
    if bars is None:
        return []
    latency = run.result.latency_ms if run.result else None
    marks = tuple(
        (title, value)
        for key, title in _PERCENTILES
        if key in ("p50", "p90", "p99") and (value := getattr(latency, key, None)) is not None
    )
    axes = Axis("latency", "ms"), Axis("inferences")
    chart = Bars("How long inferences took", *axes, tuple(bars.edges_ms), tuple(bars.counts), marks)
    if not bars.beyond:
        return [chart]
    longest = f", up to {number(latency.max)} ms" if latency is not None else ""
    few = f"{plural(bars.beyond, 'inference')} took longer than {number(bars.edges_ms[-1])} ms{longest}."
    return [chart, Paragraph(few)]


def _layers(profile: Profile | None) -> list[Section | None]:
    if profile is None:
        return []
    told = [layers.balance(profile).text, layers.concentration(profile), *layers.notes(profile)]
    costs = layers.counting_cost(profile)
    if costs is not None:
        told.append(f"Counting costs {costs}.")
    if profile.ceilings is not None:
        told.append(f"This device was measured to do at most: {summary.ceilings(profile.ceilings)}.")
    kinds: tuple[tuple[By, str], ...] = (("type", "type"), ("precision", "precision"), ("kernel", "kernel"))
    return [
        section("Where time goes", Paragraph(" ".join(text for text in told if text)), _slowest(profile)),
        *(section(f"By {title}", _grouped(profile, by, title), deeper=True) for by, title in kinds),
    ]


def _slowest(profile: Profile) -> Table | None:
    found = LayerColumns(profile)
    timed = sorted((row for row in found.rows if row.time_us), key=lambda row: -(row.time_us or 0.0))[:_TOP_LAYERS]
    rows = []
    for row in timed:
        layer, roof = profile.layers[row.place], found.roofs[row.place]
        bound = f" ({ABOVE if roof.above else roof.bound})" if roof.efficiency is not None and roof.bound else ""
        rows.append(
            (
                layer.name, layer.type, layer.kernel or NOTHING, layer.precision or NOTHING,
                layers.time_text(layer), row.share, percent(roof.efficiency) + bound,
            )
        )  # fmt: skip
    heads = (
        Column("layer", "code"), Column("type"), Column("kernel", "code"), Column("precision"),
        Column("time, µs", "number"), Column("share", "share"), Column("of what it could", "number"),
    )  # fmt: skip
    count = sum(1 for row in found.rows if row.time_us)
    title = "" if count <= _TOP_LAYERS else f"The {_TOP_LAYERS} slowest of {plural(count, 'layer')}"
    return table(heads, tuple(rows), title)


def _grouped(profile: Profile, by: By, title: str) -> Table | None:
    found = groups(profile, by)
    rows = tuple(
        (
            group.name,
            f"{group.layers:,}",
            number(group.time_us),
            group.share,
            number(group.gflops),
        )
        for group in found[:_TOP_GROUPS]
    )
    heads = (
        Column(title, "code"), Column("layers", "number"), Column("time, µs", "number"), Column("share", "share"),
        Column("GFLOP/s", "number"),
    )  # fmt: skip
    more = "" if len(found) <= _TOP_GROUPS else f"The {_TOP_GROUPS} slowest of {len(found):,}"
    return table(heads, rows, more)


def _settings(run: Run) -> list[tuple[str, str | None]]:
    spec, effective = run.spec, run.effective
    found: list[tuple[str, str | None]] = [("device", spec.device), ("mode", spec.mode)]
    if effective is not None:
        found.append(("measured on", effective.device_name))
    for name in ("batch", "streams", "threads", "requests", "precision"):
        asked, measured = getattr(spec, name), getattr(effective, name, None)
        chosen = " (chosen by the device)" if asked is None and measured is not None and name != "batch" else ""
        value = asked if measured is None else measured
        found.append((name, None if value is None else f"{value}{chosen}"))
    found += setting_fields(spec)
    if effective is not None:
        for name, source in effective.inputs.items():
            shape = formatting.shape(effective.shapes.get(name))
            found.append(("input", f"{name}{shape} {effective.layouts.get(name, '')}: {source}"))
        if effective.state is not None:
            found.append(("state", summary.STATE[effective.state]))
        found.append(("properties", ", ".join(f"{key}={value}" for key, value in effective.properties.items())))
    return found
