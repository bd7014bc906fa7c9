"""Models and results as text: every number with its doubt, and what to do next."""

from __future__ import annotations

from pathlib import Path

import click

from ovtui import formatting
from ovtui.analysis import layers as analysis
from ovtui.analysis.layer_groups import groups
from ovtui.cli.output import faint, field, strong, table
from ovtui.records import Model, Profile, Run, RunFilter
from ovtui.report import summary
from ovtui.report.advising import command_of, what_next
from ovtui.report.exported import Exported
from ovtui.report.files import write
from ovtui.sanitize import plain
from ovtui.store import Store

KEPT = "what it measured"
_HISTORY = 200  # runs of the model that advice looks at


def model(record: Model) -> None:
    """What was read from a file."""
    click.echo(f"{strong(plain(record.name))}  {faint(record.id)}")
    for title, text in summary.model_fields(record):
        field(title, text)


def as_document(store: Store, record: Run) -> dict[str, object]:
    """For scripts."""
    from ovtui.report.documents import run_document

    return {"run": run_document(record)}


def show(store: Store, record: Run) -> None:
    """A run and its result, and what to do next; nothing where there is only an error."""
    if record.result is None and record.error is not None:
        return
    profile = store.runs.profile(record.id)
    click.echo(f"{strong(plain(record.model.name))}  {summary.settings(record)}")
    for title, text in summary.fields(record):
        field(title, text)
    layers(record, profile)
    if record.result is not None:
        history = store.runs.page(RunFilter(model=record.model.id), limit=_HISTORY)
        for each in what_next(record, profile, history)[:2]:
            line = command_of(each, store.models.called(record.model))
            field("next", each.why)
            if line:
                field("", strong(plain(line)))


def is_kept(record: Run) -> bool:
    return record.result is not None


def export(store: Store, record: Run, output: Path) -> None:
    """Into a file of its own."""
    write(output, [exported(store, record)])


def exported(store: Store, run: Run) -> Exported:
    """With what belongs to it."""
    return Exported(run, *store.runs.beside(run.id))


def layers(record: Run, profile: Profile | None) -> None:
    """Where the time goes, in two lines."""
    if profile is None:
        return
    told = analysis.concentration(profile)
    field("layers", f"{told or analysis.balance(profile).text} `ovtui layers {record.id}` shows them.".strip())
    kinds = [group for group in groups(profile, "type") if group.share] if told else []
    if kinds:
        field("", ", ".join(f"{plain(group.name, 30)} {formatting.percent(group.share)}" for group in kinds[:4]))


def side_by_side(titles: list[str], runs: list[Run]) -> None:
    """The results of several runs as columns."""

    def cell(run: Run, get: str) -> str:
        result = run.result
        if result is None:
            return formatting.NOTHING
        if get == "fps":
            return f"{formatting.number(result.throughput_fps.mean)} {formatting.half_width(result.throughput_fps)}"
        if get == "compile":
            return formatting.number(result.compile_ms)
        if get == "memory":
            return formatting.number(result.peak_rss_mb)
        return formatting.percentile(result.latency_ms, get)

    def setting(run: Run) -> str:
        effective = run.effective
        if effective is None:
            return formatting.NOTHING
        return (
            f"{formatting.plural(effective.streams or 1, 'stream')}, {formatting.plural(effective.requests, 'request')}"
        )

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
    weak = formatting.weak_means(*(run.result.latency_ms for run in runs if run.result is not None))
    if weak:
        click.echo(faint(weak))
