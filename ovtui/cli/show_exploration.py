"""Explorations as text: the matrix, the best setting and how to measure it, what is worth considering beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from ovtui import formatting, sentences
from ovtui.analysis.exploration import selection
from ovtui.analysis.exploration.matrix import BEST, FAILED, REUSED, matrix
from ovtui.analysis.exploration.max_rate import highest_kept, none_keeps, verdict
from ovtui.analysis.exploration.selection import nearest_miss
from ovtui.cli.output import eta, faint, field, strong, table
from ovtui.cli.show_run import exported
from ovtui.records import Cell, Exploration, Limits, RatePoint, Run
from ovtui.report.command import run_command
from ovtui.report.files import write_exploration
from ovtui.sanitize import plain
from ovtui.store import Store

KEPT = "what it measured"
_FRONT = 8


def show(store: Store, study: Exploration) -> None:
    """What was found, and how to measure it."""
    exploration(study, {run.id: run for run in runs(store, study)}, store.models.called(study.model))


def progress(study: Exploration) -> str:
    """How many settings are done and the best so far, or the highest rate."""
    left = eta(study.eta_s)
    if study.loads:
        answer = highest_kept(study.loads)
        return "  ".join(filter(None, (f"{formatting.number(answer.rate)}/s" if answer else "", left)))
    best = next((cell for cell in study.cells if cell.run is not None and cell.run == study.best), None)
    throughput = None if best is None else best.throughput_fps
    rate = "" if throughput is None else f"best {formatting.number(throughput.mean)} FPS"
    done = sum(cell.state in ("measured", "reused", "failed") for cell in study.cells)
    return "  ".join(filter(None, (f"{done} of {len(study.cells)}" if study.cells else "", rate, left)))


def is_kept(study: Exploration) -> bool:
    return any(each.state == "measured" for each in study.cells) or any(each.run for each in study.loads)


def export(store: Store, study: Exploration, output: Path) -> None:
    write_exploration(output, study, [exported(store, run) for run in runs(store, study)])


def runs(store: Store, study: Exploration) -> list[Run]:
    """All that an exploration measured or took from earlier."""
    ids = [*(cell.run for cell in study.cells), *(load.run for load in study.loads)]
    return [run for run_id in ids if run_id and (run := store.runs.get(run_id)) is not None]


def as_document(store: Store, study: Exploration) -> dict[str, object]:
    from ovtui.report.documents import exploration_document

    return exploration_document(study, runs(store, study))


def exploration(study: Exploration, whole: dict[str, Run], name: str) -> None:
    """What was found, and how to measure it."""
    status = "" if study.status == "done" else f"  {study.status.upper()}"
    click.echo(f"{strong(plain(study.model.name))}  {plain(study.spec.device)}  {faint(study.id)}{status}")
    best = whole.get(study.best or "")
    if study.spec.mode == "server":
        _loads(study, best)
    else:
        _cells(study)
    if best is not None:
        measured_well = msgspec.structs.replace(best.spec, profile=True)
        field("next", strong(plain(run_command(name, measured_well))))
    for warning in sentences.remarks(study.warnings):
        field("!", plain(warning))


def row(study: Exploration) -> tuple[str, ...]:
    """A line of the list."""
    known = sum(cell.state in ("measured", "reused") for cell in study.cells) or len(study.loads)
    return (
        study.id, formatting.when(study.created), plain(study.model.name, 30), plain(study.spec.device, 16),
        str(known), _best(study), study.status, plain(study.label or "", 24),
    )  # fmt: skip


def _best(study: Exploration) -> str:
    for cell in study.cells:
        if cell.run is not None and cell.run == study.best and cell.throughput_fps is not None:
            return f"{formatting.setting(cell.setting)}: {formatting.number(cell.throughput_fps.mean)} FPS"
    for load in study.loads:
        if load.run is not None and load.run == study.best:
            return f"{formatting.number(load.rate)} arrivals/s"
    return formatting.NOTHING


def _cells(study: Exploration) -> None:
    states = [cell.state for cell in study.cells]
    told = [f"{states.count('measured')} measured", f"{states.count('reused')} known from earlier"]
    told += [f"{states.count('failed')} failed"] if "failed" in states else []
    field("settings", f"{len(states)}: {', '.join(told)}, in {formatting.duration(study.elapsed_s)}")
    best = next((cell for cell in study.cells if cell.run is not None and cell.run == study.best), None)
    if best is not None:
        earlier = ", known from earlier" if best.state == "reused" else ""
        field("best", f"{formatting.setting(best.setting)}: {_figures(best, study.limits)}{earlier}")
        if study.limits.latency_ms is not None or study.limits.memory_mb is not None:
            field("", f"the highest throughput with {_limits(study)}")
            doubt = selection.uncertainty(best, study.limits)
            if doubt:
                field("!", doubt)
    elif any(cell.throughput_fps for cell in study.cells):
        field("best", nearest_miss(study.cells, study.limits))
    shown = matrix(study.cells, "throughput", best.setting if best else None)
    if shown.batches:
        click.echo()
        head = ["batch", *(formatting.plural(streams, "stream") for streams in shown.streams)]
        lines = [
            [str(batch), *("" if square is None else f"{square.text} {square.mark or ' '}" for square in line)]
            for batch, line in zip(shown.batches, shown.rows, strict=True)
        ]
        table(head, lines, right=frozenset(head))
        click.echo(faint(f"FPS; {BEST} the best, {REUSED} known from earlier, {FAILED} failed, – not tried"))
    front = [cell for run_id in study.pareto for cell in study.cells if cell.run == run_id][:_FRONT]
    if len(front) > 1:
        click.echo()
        table(
            ("LATENCY P50 MS", "P99 MS", "FPS", "", "MEMORY MB", "NOTHING IS BOTH QUICKER AND FASTER THAN"),
            [
                (
                    formatting.percentile(cell.latency_ms, "p50"),
                    formatting.percentile(cell.latency_ms, "p99"),
                    formatting.number(cell.throughput_fps.mean if cell.throughput_fps else None),
                    formatting.half_width(cell.throughput_fps) if cell.throughput_fps else "",
                    formatting.number(cell.peak_rss_mb),
                    formatting.setting(cell.setting),
                )
                for cell in front
            ],
            right=frozenset({"LATENCY P50 MS", "P99 MS", "FPS", "MEMORY MB"}),
        )
    _explain_weak([*front, *([best] if best is not None else [])])
    reasons: dict[str, list[Cell]] = {}
    for cell in study.cells:
        if cell.state == "failed":
            reasons.setdefault(cell.reason or "no reason told", []).append(cell)
    for reason, cells in reasons.items():
        field("failed", f"{'; '.join(formatting.setting(cell.setting) for cell in cells[:4])}: {plain(reason, 300)}")


def _explain_weak(shown: Sequence[Cell | RatePoint]) -> None:
    """What the mark before a weak percentile means, once."""
    told = formatting.weak_means(*(each.latency_ms for each in shown))
    if told:
        click.echo(faint(told))


def _figures(cell: Cell, limits: Limits) -> str:
    """Throughput, the median, the percentile that is limited, and p99, as far as they are known."""
    estimate, latency = cell.throughput_fps, cell.latency_ms
    told = [] if estimate is None else [f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}"]
    if latency is not None:
        told += [
            f"{name} {formatting.percentile(latency, name)} ms"
            for name in dict.fromkeys(("p50", limits.percentile, "p99"))
            if getattr(latency, name) is not None
        ] or [f"mean {formatting.number(latency.mean)} ms"]
    return ", ".join(told)


def _limits(study: Exploration) -> str:
    limits = study.limits
    told = [f"{limits.percentile} ≤ {limits.latency_ms:g} ms"] if limits.latency_ms is not None else []
    told += [f"peak memory ≤ {limits.memory_mb:g} MB"] if limits.memory_mb is not None else []
    return " and ".join(told)


def _loads(study: Exploration, best: Run | None) -> None:
    field("limit", f"{_limits(study)}, arrivals at random, latency from the moment of arrival")
    answer = next((load for load in study.loads if best is not None and load.run == best.id), None)
    if answer is not None:
        missed = formatting.percent(answer.missed)
        if answer.missed_ci95 is not None:
            missed += f" ({' – '.join(formatting.percent(end) for end in answer.missed_ci95)})"
        field("highest", f"{formatting.number(answer.rate)} arrivals/s, of which {missed} miss it")
        if study.capacity:
            share = formatting.percent(answer.rate / study.capacity)
            field("capacity", f"{formatting.number(study.capacity)} arrivals/s; the answer is {share} of it")
        field("measured", f"in {formatting.duration(study.elapsed_s)}")
    elif study.loads:
        field("highest", none_keeps(study.loads, "it").lower())
    if not study.loads:
        return
    click.echo()
    table(
        ("ARRIVALS/S", "P50 MS", "P99 MS", "MISSED", "95 % CI", "EXPECTED", ""),
        [
            (
                formatting.number(load.rate),
                formatting.percentile(load.latency_ms, "p50"),
                formatting.percentile(load.latency_ms, "p99"),
                formatting.percent(load.missed),
                "" if load.missed_ci95 is None else " – ".join(formatting.percent(end) for end in load.missed_ci95),
                formatting.percent(load.expected),
                verdict(load),
            )
            for load in study.loads
        ],
        right=frozenset({"ARRIVALS/S", "P50 MS", "P99 MS", "MISSED", "EXPECTED"}),
    )
    _explain_weak(study.loads)
