"""Runs and studies as files: all in JSON, tables in CSV, reports in Markdown and HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ovtui.errors import InputError
from ovtui.records import (
    Accuracy,
    Cell,
    Comparison,
    Exploration,
    Latency,
    Optimization,
    Proportion,
    RatePoint,
    Run,
    Series,
)
from ovtui.report.atomic_write import put
from ovtui.report.documents import (
    comparison_document,
    duel_document,
    exploration_document,
    optimization_document,
    profiles,
    run_document,
)
from ovtui.report.exported import Exported
from ovtui.report.layers import profile_document
from ovtui.report.spreadsheet import cell
from ovtui.sanitize import plain

if TYPE_CHECKING:
    from ovtui.report.pages.document import Document

__all__ = ["ENDINGS", "Exported", "write", "write_comparison", "write_exploration", "write_optimization"]

ENDINGS = (".csv", ".json", ".md", ".html")


def write(path: Path, runs: list[Exported]) -> None:
    """Write `runs` to `path` in the format its ending names; InputError for another ending or a place that refuses."""
    from ovtui.report.pages.of_run import runs_report

    _write(path, json=lambda: as_json(runs), csv=lambda: as_csv(runs), report=lambda: runs_report(runs))


def write_comparison(
    path: Path, comparison: Comparison, sides: Sequence[Exported | None], said: str | None = None
) -> None:
    """The same of a comparison; `sides`: what each was measured as, in their order.

    `said`: what is said of two runs as they were recorded.
    """
    from ovtui.report.pages.of_comparison import comparison_report

    _write(
        path,
        json=lambda: _json(
            comparison_document(comparison, sides, said)
            | {"measured": [each and _whole(each) for each in sides]}
        ),
        csv=lambda: comparison_csv(comparison, sides),
        report=lambda: comparison_report(comparison, sides, said),
    )  # fmt: skip


def write_exploration(path: Path, exploration: Exploration, runs: Sequence[Exported]) -> None:
    """The same of an exploration; `runs`: of its settings or rates, those that are kept."""
    from ovtui.report.pages.of_exploration import exploration_report

    _write(
        path,
        json=lambda: _json(
            exploration_document(exploration, [each.run for each in runs]) | {"runs": [_whole(each) for each in runs]}
        ),
        csv=lambda: exploration_csv(exploration),
        report=lambda: exploration_report(exploration, runs),
    )


def write_optimization(
    path: Path,
    optimization: Optimization,
    latency: Comparison | None,
    throughput: Comparison | None,
    runs: Mapping[str, Exported],
) -> None:
    """The same of an optimization; `runs`: of its comparisons, by id."""
    from ovtui.report.pages.of_optimization import optimization_report

    found = optimization, latency, throughput, runs
    _write(
        path,
        json=lambda: _json(optimization_document(*found) | {"measured": [_whole(each) for each in runs.values()]}),
        csv=lambda: optimization_csv(*found),
        report=lambda: optimization_report(*found),
    )


def _write(
    path: Path, *, json: Callable[[], bytes], csv: Callable[[], bytes], report: Callable[[], Document]
) -> None:  # fmt: skip
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"Cannot tell the format of {plain(path)}: end its name with {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."
        )
    if ending == ".json":
        put(path, json())
    elif ending == ".csv":
        put(path, csv())
    else:
        from ovtui.report.pages import html, markdown

        put(path, (html if ending == ".html" else markdown).render(report()))


def as_json(runs: list[Exported]) -> bytes:
    """`{"schema": 1, "run": …}` for one run, `"runs"` for several; each with its series and histogram."""
    documents = [_whole(each) for each in runs]
    return _json({"run": documents[0]} if len(documents) == 1 else {"runs": documents})


def _json(content: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode({"schema": 1, **content}), indent=2) + b"\n"


def _whole(each: Exported) -> dict[str, Any]:
    """A run with everything that is kept beside it."""
    return run_document(each.run) | {
        "series": msgspec.to_builtins(each.series),
        "histogram": msgspec.to_builtins(each.histogram),
        "profile": None if each.profile is None else profile_document(each.run, each.profile),
    }


_RUN_COLUMNS = (
    "run", "status", "label", "model", "device", "mode", "batch", "streams", "threads", "requests",
    "mean_throughput_fps", "ci95_low_fps", "ci95_high_fps", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "inferences",
    "weak_percentiles",
)  # fmt: skip
_SERIES_COLUMNS = tuple(f"window_{name}" for name in Series.__struct_fields__)


def as_csv(runs: list[Exported]) -> bytes:
    """A row for each window of each run, the run's own figures repeated; a run without a series has one row."""
    rows: list[Iterable[object]] = []
    for run, series, *_ in runs:
        own = tuple(_run_cells(run))
        windows = list(zip(*msgspec.structs.astuple(series), strict=True)) if series else []
        rows += [(*own, *window) for window in windows or [(None,) * len(_SERIES_COLUMNS)]]
    return _table((*_RUN_COLUMNS, *_SERIES_COLUMNS), rows)


def _table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """The one place where CSV is made."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(map(cell, row) for row in rows)
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
        *_percentiles(latency),
        result.inferences if result else None, _weak(latency),
    )  # fmt: skip


def _percentiles(latency: Latency | None) -> tuple[float | None, ...]:
    if latency is None:
        return (None,) * 4
    return latency.p50, latency.p90, latency.p95, latency.p99


def _weak(latency: Latency | None) -> str | None:
    """Those of a row that have too few independent inferences beyond them: `p95 p99`; None for none."""
    return " ".join(name for name in ("p50", "p90", "p95", "p99") if latency and name in latency.weak) or None


_COMPARISON_COLUMNS = (
    "comparison", "side", "part", "name", "a", "b", "unit", "delta", "ratio", "ci95_low", "ci95_high",
    "share_of_difference", "type_a", "type_b", "precision_a", "precision_b", "kernel_a", "kernel_b", "delta_low",
    "delta_high", "significant", "weak",
)  # fmt: skip


def comparison_csv(comparison: Comparison, sides: Sequence[Exported | None]) -> bytes:
    """Of each side against the first one: its verdict, a row for each criterion, a row for each layer."""
    rows: list[Iterable[object]] = []
    for place, duel in enumerate(comparison.duels[: len(sides) - 1], 1):
        found = duel_document(duel, sides[0], sides[place], comparison.layers_of(place))
        own = comparison.id, chr(ord("A") + place)
        low, high = found["ci95"] or (None, None)
        rows.append(_padded(*own, "verdict", found["verdict"], None, None, None, None, found["ratio"], low, high))
        rows += [
            _marked(_padded(*own, "criterion", line["title"], line["a"], line["b"], None, None, line["ratio"]), line)
            for line in found["criteria"]
        ]
        rows += [
            (
                *own, "layer", row["name"], row["time_a_us"], row["time_b_us"], "us", row["delta_us"], row["ratio"],
                None, None, row["share_of_difference"], row["type_a"], row["type_b"], row["precision_a"],
                row["precision_b"], row["kernel_a"], row["kernel_b"], *(row["ci95"] or (None, None)),
                row["significant"], None,
            )
            for row in found["layers"]
        ]  # fmt: skip
    return _table(_COMPARISON_COLUMNS, rows)


def _padded(*cells: object) -> tuple[object, ...]:
    return (*cells, *(None,) * (len(_COMPARISON_COLUMNS) - len(cells)))


def _marked(cells: tuple[object, ...], line: Mapping[str, object]) -> tuple[object, ...]:
    """With the sides whose figure has too few independent inferences beyond it: `a`, `b`, `a b`."""
    return (*cells[:-1], " ".join(side for side in ("a", "b") if line[f"weak_{side}"]) or None)


_OPTIMIZATION_COLUMNS = (
    "optimization", "part", "name", "type", "parent", "version", "change", "ratio", "ci95_low", "ci95_high",
    "time_parent_us", "time_version_us", "share", "sqnr_db", "cosine", "max_abs", "loss_db", "int8", "why",
)  # fmt: skip


def optimization_csv(
    optimization: Optimization,
    latency: Comparison | None,
    throughput: Comparison | None,
    runs: Mapping[str, Exported],
) -> bytes:
    """A row for each figure as it is shown; speed and accuracy as numbers; outputs, drift, and the version's layers."""
    from ovtui.analysis.optimization.layer_outcomes import fates
    from ovtui.analysis.optimization.outcome import outcome

    found = outcome(optimization, latency, throughput, {run_id: each.run for run_id, each in runs.items()})
    rows: list[dict[str, object]] = [
        {"part": "figure", "name": each.title, "parent": each.parent, "version": each.version, "change": each.change}
        for each in found.figures
    ]
    rows += [
        {"part": "speed", "name": name, "change": duel.verdict, "ratio": duel.ratio, **_interval(duel.ci95)}
        for name, duel in (("throughput", found.throughput), ("latency", found.latency))
        if duel is not None
    ]
    rows += _accuracy_rows(optimization.accuracy)
    parent, version = profiles(latency, throughput, runs)
    if parent is not None and version is not None:
        rows += [
            {
                "part": "layer", "name": each.name, "type": each.type, "parent": each.precision_before,
                "version": each.precision_after, "time_parent_us": each.time_before,
                "time_version_us": each.time_after, "share": each.share, "int8": each.int8, "why": each.why,
            }
            for each in fates(parent, version, optimization.recipe)
        ]  # fmt: skip
    whole = ({"optimization": optimization.id} | row for row in rows)
    return _table(_OPTIMIZATION_COLUMNS, ([row.get(column) for column in _OPTIMIZATION_COLUMNS] for row in whole))


def _accuracy_rows(accuracy: Accuracy | None) -> list[dict[str, object]]:
    """Shares of the samples; what was measured on noise has no accuracy, only how near the outputs are."""
    if accuracy is None:
        return []
    rows: list[dict[str, object]] = []
    labelled = accuracy.labelled
    if labelled is not None and not accuracy.meaningless:
        shares = (
            ("top-1", labelled.parent_top1, labelled.version_top1),
            ("top-5", labelled.parent_top5, labelled.version_top5),
        )
        rows += [
            {"part": "accuracy", "name": name, "parent": _share(parent), "version": _share(version),
             **_interval(version.ci95)}
            for name, parent, version in shares
            if parent is not None and version is not None
        ]  # fmt: skip
        rows.append(
            {"part": "accuracy", "name": "top-1 drop", "version": labelled.drop, **_interval(labelled.drop_ci95)}
        )
    for each in accuracy.outputs:
        same = each.top1
        agreed = {} if same is None else {"version": _share(same), **_interval(same.ci95)}
        rows.append(
            {"part": "output", "name": each.output, "sqnr_db": each.sqnr_db, "cosine": each.cosine,
             "max_abs": each.max_abs, **agreed}
        )  # fmt: skip
    rows += [
        {"part": "drift", "name": each.name, "type": each.type, "sqnr_db": each.sqnr_db, "cosine": each.cosine,
         "max_abs": each.max_abs, "loss_db": each.loss_db}
        for each in accuracy.drift
    ]  # fmt: skip
    return rows


def _share(found: Proportion) -> float | None:
    return found.hits / found.of if found.of else None


def _interval(ci95: tuple[float, float] | None) -> dict[str, object]:
    low, high = ci95 or (None, None)
    return {"ci95_low": low, "ci95_high": high}


_CELL_COLUMNS = (
    "exploration", "batch", "streams", "threads", "requests", "state", "run", "mean_throughput_fps", "ci95_low_fps",
    "ci95_high_fps", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "peak_rss_mb", "rounds", "keeps_limits", "front", "best",
    "reason", "weak_percentiles",
)  # fmt: skip
_LOAD_COLUMNS = (
    "exploration", "rate_per_s", "state", "run", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "missed", "missed_ci95_low",
    "missed_ci95_high", "kept", "best", "weak_percentiles", "expected", "waiting", "ground",
)  # fmt: skip


def exploration_csv(exploration: Exploration) -> bytes:
    """A row for each setting, or for each arrival rate."""
    from ovtui.report.pages.best import is_server

    if is_server(exploration):
        return _table(_LOAD_COLUMNS, (_load_cells(exploration, load) for load in exploration.loads))
    return _table(_CELL_COLUMNS, (_cell_cells(exploration, each) for each in exploration.cells))


def _cell_cells(exploration: Exploration, each: Cell) -> Iterable[object]:
    from ovtui.analysis.exploration.selection import keeps

    setting, estimate = each.setting, each.throughput_fps
    low, high = (estimate.ci95 if estimate else None) or (None, None)
    return (
        exploration.id, setting.batch, setting.streams, setting.threads, setting.requests, each.state, each.run,
        estimate.mean if estimate else None, low, high, *_percentiles(each.latency_ms), each.peak_rss_mb, each.rounds,
        keeps(each, exploration.limits) if estimate else None, each.run is not None and each.run in exploration.pareto,
        each.run is not None and each.run == exploration.best, each.reason,
        _weak(each.latency_ms),
    )  # fmt: skip


def _load_cells(exploration: Exploration, load: RatePoint) -> Iterable[object]:
    low, high = load.missed_ci95 or (None, None)
    return (
        exploration.id, load.rate, load.state, load.run, *_percentiles(load.latency_ms), load.missed, low, high,
        load.kept, load.run is not None and load.run == exploration.best, _weak(load.latency_ms),
        load.expected, load.waiting, load.ground,
    )  # fmt: skip
