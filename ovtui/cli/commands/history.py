"""`ovtui history`: what was measured."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import click
import msgspec

from ovtui import words
from ovtui.cli.output import document, json_option, notices, table
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Run, RunFilter, RunSummary
from ovtui.store import Store, open_store
from ovtui.text import plain

AnyRun = TypeVar("AnyRun", Run, RunSummary)
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.command()
@click.option("--model", help="Only runs of this model: name, id, path or hash.")
@click.option("-d", "--device", help="Only on this device.")
@click.option("--mode", type=click.Choice(["latency", "throughput", "manual", "server"]))
@click.option("--status", type=click.Choice(["queued", "running", "done", "failed", "cancelled", "interrupted"]))
@click.option("--since", help="Only since then: 30m, 12h, 7d, 2w, or a date like 2026-11-24.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most that many.")
@json_option
def command(
    model: str | None,
    device: str | None,
    mode: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, newest first. A `!` marks a mean that was not known well enough when the run ended."""
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
            document({"runs": [run_document(run) for run in whole]})
            return
        runs = _newest((run for one in each for run in store.runs.page(one, limit)), limit)
        more = sum(store.runs.count(one) for one in each) - len(runs)
    if not runs:
        click.echo("No such runs. `ovtui run MODEL` makes one; `ovtui demo` shows how it goes.", err=True)
        return
    table(
        ("RUN", "WHEN", "MODEL", "DEVICE", "MODE", "BATCH", "STREAMS", "FPS", "", "P50 MS", "STATUS", "LABEL"),
        [_row(run) for run in runs],
        right=frozenset({"BATCH", "STREAMS", "FPS", "P50 MS"}),
        spare=("LABEL", "DEVICE", "STREAMS", "BATCH", "WHEN"),
    )
    if more > 0:
        click.echo(f"… and {more:,} older; --limit shows more.", err=True)


def _row(run: RunSummary) -> tuple[str, ...]:
    estimate = run.throughput_fps
    return (
        run.id,
        words.when(run.created),
        plain(run.model_name, 30),
        plain(run.device, 16),
        run.mode,
        str(run.batch or ""),
        str(run.streams or ""),
        words.number(estimate.mean) if estimate else words.NOTHING,
        (words.doubt(estimate) + ("" if estimate.converged else " !")) if estimate else "",
        words.number(run.p50_ms),
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
