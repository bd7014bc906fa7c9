"""Runs as files: everything in JSON, the time series in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from ovtui.errors import InputError
from ovtui.records import Histogram, Profile, Run, Series
from ovtui.report.documents import run_document
from ovtui.report.layers import profile_document
from ovtui.report.put import put
from ovtui.report.spreadsheet import cell
from ovtui.text import plain


class Exported(NamedTuple):
    """A run with what is kept beside it."""

    run: Run
    series: Series | None
    histogram: Histogram | None
    profile: Profile | None


def write(path: Path, runs: list[Exported]) -> None:
    """Write `runs` to `path` in the format its ending names; InputError for another ending or a place that refuses."""
    makers = {".json": as_json, ".csv": as_csv}
    make = makers.get(path.suffix.lower())
    if make is None:
        raise InputError(f"Cannot tell the format of {plain(path)}: end its name with {' or '.join(makers)}.")
    put(path, make(runs))


def as_json(runs: list[Exported]) -> bytes:
    """`{"schema": 1, "run": …}` for one run, `"runs"` for several; each with its series and histogram."""
    documents = [
        run_document(each.run)
        | {
            "series": msgspec.to_builtins(each.series),
            "histogram": msgspec.to_builtins(each.histogram),
            "profile": None if each.profile is None else profile_document(each.run, each.profile),
        }
        for each in runs
    ]
    content = {"schema": 1, "run": documents[0]} if len(documents) == 1 else {"schema": 1, "runs": documents}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


_RUN_COLUMNS = (
    "run", "status", "label", "model", "device", "mode", "batch", "streams", "threads", "requests",
    "mean_throughput_fps", "ci95_low_fps", "ci95_high_fps", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "inferences",
)  # fmt: skip
_SERIES_COLUMNS = tuple(f"window_{name}" for name in Series.__struct_fields__)


def as_csv(runs: list[Exported]) -> bytes:
    """A row for each window of each run, the run's own figures repeated; a run without a series has one row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*_RUN_COLUMNS, *_SERIES_COLUMNS))
    for run, series, *_ in runs:
        own = _run_cells(run)
        windows = list(zip(*msgspec.structs.astuple(series), strict=True)) if series else []
        for window in windows or [(None,) * len(_SERIES_COLUMNS)]:
            writer.writerow(map(cell, (*own, *window)))
    return text.getvalue().encode()


def _run_cells(run: Run) -> Iterable[object]:
    spec, effective, result = run.spec, run.effective, run.result
    estimate = result.throughput_fps if result else None
    low, high = (estimate.ci95 if estimate else None) or (None, None)
    latency = result.latency_ms if result else None
    return (
        run.id, run.status, run.label, run.model.name, spec.device, spec.mode,
        effective.batch if effective else spec.batch, effective.streams if effective else spec.streams,
        effective.threads if effective else spec.threads, effective.requests if effective else spec.requests,
        estimate.mean if estimate else None, low, high,
        latency and latency.p50, latency and latency.p90, latency and latency.p95, latency and latency.p99,
        result.inferences if result else None,
    )  # fmt: skip
