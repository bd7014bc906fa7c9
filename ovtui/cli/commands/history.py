"""`ovtui history`: what was measured."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from ovtui import formatting, terminal
from ovtui.cli.output import document, field, json_option, notices, strong, table
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Run, RunFilter, RunSummary
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

if TYPE_CHECKING:
    from ovtui.analysis.changes import RunSeries

AnyRun = TypeVar("AnyRun", Run, RunSummary)
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_MOST_COMPARED = 10_000
_TREND = 40


@click.command()
@click.option("--model", help="Only runs of this model: name, id, path or hash.")
@click.option("-d", "--device", help="Only on this device.")
@click.option("--mode", type=click.Choice(["latency", "throughput", "manual", "server"]))
@click.option("--status", type=click.Choice(["queued", "running", "done", "failed", "cancelled", "interrupted"]))
@click.option("--since", help="Only since then: 30m, 12h, 7d, 2w, or a date like 2026-11-24.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most that many.")
@click.option("--changes", is_flag=True, help="Where runs of one spec became slower or faster, and what changed there.")
@json_option
def command(
    model: str | None,
    device: str | None,
    mode: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    changes: bool,
    as_json: bool,
) -> None:
    """List runs, newest first. A `!` marks a mean that was not known well enough when the run ended.

    With --changes, the series of runs of one spec on one machine: of --model all of them, else those that changed.
    """
    if changes and status not in (None, "done"):
        raise InputError("--changes compares runs that are done: leave --status out.")
    with open_store() as store:
        reconcile(store)
        notices(store)
        filters = RunFilter(
            device=device,
            mode=mode,  # type: ignore[arg-type]  # click checked it
            status=status,  # type: ignore[arg-type]
            since=None if since is None else moment(since),
        )
        # One file imported with several contents is several models of one name.
        ids = [None] if model is None else _model_ids(store, model)
        each = [msgspec.structs.replace(filters, model=model_id) for model_id in ids]
        if as_json:
            from ovtui.report.documents import run_document

            whole = _newest((run for one in each for run in store.runs.whole(one, limit)), limit)
            content: dict[str, object] = {"runs": [run_document(run) for run in whole]}
            if changes:
                series = _series(store, each)
                content["changes"] = _documents(series)
                content["drifts"] = _drift_documents(series)
            document(content)
            return
        if changes:
            _tell(_series(store, each), all_of_them=model is not None)
            return
        runs = _newest((run for one in each for run in store.runs.page(one, limit)), limit)
        more = sum(store.runs.count(one) for one in each) - len(runs)
        total = store.runs.count()
    if not runs and total:
        given = {"--model": model, "--device": device, "--mode": mode, "--status": status, "--since": since}
        narrowed = " ".join(f"{name} {plain(value, 60)}" for name, value in given.items() if value is not None)
        click.echo(f"No run fits {narrowed}; without that there are {total:,}.", err=True)
        return
    if not runs:
        click.echo("No such runs. `ovtui run MODEL` makes one; `ovtui demo` shows how it goes.", err=True)
        return
    table(
        ("RUN", "WHEN", "MODEL", "DEVICE", "MODE", "BATCH", "STREAMS", "FPS", "", "P50 MS", "STATUS", "LABEL"),
        [_row(run) for run in runs],
        right=frozenset({"BATCH", "STREAMS", "FPS", "P50 MS"}),
        spare=("LABEL", "DEVICE", "STREAMS", "BATCH", "WHEN"),
    )
    if any(run.p50_weak for run in runs):
        click.echo(formatting.WEAK_MEANS, err=True)
    if more > 0:
        click.echo(f"… and {more:,} older; --limit shows more.", err=True)


def _series(store: Store, filters: Iterable[RunFilter]) -> list[RunSeries]:
    """Of all runs that the filters leave, whatever --limit says of their list."""
    from ovtui.analysis.changes import series_of

    done = [msgspec.structs.replace(one, status="done") for one in filters]
    return series_of(run for one in done for run in store.runs.whole(one, _MOST_COMPARED))


def _tell(series: list[RunSeries], *, all_of_them: bool) -> None:
    from ovtui.analysis.changes import drift_sentence, no_change, sentences, title

    if not series:
        click.echo("No such runs that are done. `ovtui run MODEL` makes one.", err=True)
        return
    shown = [one for one in series if all_of_them or one.changes or one.drifts]
    for one in shown:
        click.echo(f"{strong(plain(one.runs[-1].model.name, 60))}  {title(one)}")
        newest = f", the last {_TREND}" if len(one.runs) > _TREND else ""
        field("runs", f"{len(one.runs):,}{newest}  {terminal.sparkline(one.values, _TREND)}")
        for change in reversed(one.changes):
            field("slower" if change.slower else "faster", sentences(change, one.figure))
        for drift in reversed(one.drifts):
            field("drift", drift_sentence(drift, one.figure))
        if not one.changes and not one.drifts:
            field("", no_change(one))
    still = len(series) - len(shown)
    if still:
        few = sum(1 for one in series if one.missing)
        click.echo(f"{still:,} series without a change, {few:,} of them too short to tell; --model MODEL shows them.")


def _documents(series: list[RunSeries]) -> list[dict[str, object]]:
    """Newest first."""
    from ovtui.analysis.changes import title

    found = [(one, change) for one in series for change in one.changes]
    found.sort(key=lambda each: (each[1].run.created, each[1].run.id), reverse=True)
    return [
        {
            "run_id": change.run.id,
            "since": change.run.created,
            "model": {"id": change.run.model.id, "name": change.run.model.name, "path": change.run.model.path},
            "series": title(one),
            "kind": "step",
            "verdict": "slower" if change.slower else "faster",
            "figure": one.figure,
            "before": change.before,
            "after": change.after,
            "ratio": change.ratio,
            "ci95": change.ci95,
            "runs_before": change.runs_before,
            "runs_after": change.runs_after,
            "circumstances": change.circumstances,
        }
        for one, change in found
    ]


def _drift_documents(series: list[RunSeries]) -> list[dict[str, object]]:
    """Newest first."""
    from ovtui.analysis.changes import title

    found = [(one, drift) for one in series for drift in one.drifts]
    found.sort(key=lambda each: (each[1].last.created, each[1].last.id), reverse=True)
    return [
        {
            "run_id": drift.run.id,
            "since": drift.run.created,
            "last_run_id": drift.last.id,
            "until": drift.last.created,
            "model": {"id": drift.run.model.id, "name": drift.run.model.name, "path": drift.run.model.path},
            "series": title(one),
            "kind": "drift",
            "verdict": "slower" if drift.slower else "faster",
            "figure": one.figure,
            "before": drift.before,
            "after": drift.after,
            "ratio": drift.ratio,
            "ci95": drift.ci95,
            "runs": drift.runs,
        }
        for one, drift in found
    ]


def _row(run: RunSummary) -> tuple[str, ...]:
    estimate = run.throughput_fps
    return (
        run.id,
        formatting.when(run.created),
        plain(run.model_name, 30),
        plain(run.device, 16),
        run.mode,
        str(run.batch or ""),
        str(run.streams or ""),
        formatting.number(estimate.mean) if estimate else formatting.NOTHING,
        (formatting.half_width(estimate) + ("" if estimate.converged else " !")) if estimate else "",
        formatting.rough(run.p50_ms, weak=run.p50_weak),
        run.status,
        plain(run.label or "", 24),
    )


def _newest(runs: Iterable[AnyRun], limit: int) -> list[AnyRun]:
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)[:limit]


def _model_ids(store: Store, text: str) -> list[str]:
    found = store.models.find(text)
    if not found:
        raise InputError(f"There is no registered model '{plain(text, 200)}'; `ovtui models` lists them.")
    return [model.id for model in found]


def moment(text: str) -> float:
    """Seconds since 1970 of `12h` ago or of a date; InputError for anything else."""
    found = re.fullmatch(r"(\d{1,9})([mhdw])", text.strip())
    if found:
        return time.time() - int(found[1]) * _UNITS[found[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"--since takes 30m, 12h, 7d, 2w or a date like 2026-11-24, not '{plain(text, 60)}'."
        ) from error
