"""Runs and models as the cells of a table: the one place where they become text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ovtui import formatting, terminal
from ovtui.analysis.comparison.confounders import spec_differences
from ovtui.analysis.comparison.paired import sentence
from ovtui.engine.job_monitor import JobView
from ovtui.records import LIVE, Comparison, Exploration, Model, Optimization, RunSummary
from ovtui.sanitize import plain
from ovtui.store import TrackRecord
from ovtui.tui import kinds
from ovtui.tui.widgets.cells import Cell, Column

STATUS_LOOK = {
    "done": "",
    "failed": "bad",
    "cancelled": "dim",
    "interrupted": "bad",
    "running": "good",
    "queued": "dim",
}

RUN_COLUMNS = (
    Column("created", "WHEN", 11, spare=2, sortable=True),
    Column("model", "MODEL", 8, grows=True, comfort=16, sortable=True),
    Column("device", "DEVICE", 8, spare=6, sortable=True),
    Column("mode", "MODE", 10, sortable=True),
    Column("batch", "BATCH", 6, right=True, spare=5, sortable=True),
    Column("streams", "STREAMS", 8, right=True, spare=4, sortable=True),
    Column("throughput_fps", "FPS", 8, right=True, sortable=True),
    Column("doubt", "", 7),
    Column("p50_ms", "P50 MS", 7, right=True, sortable=True),
    Column("status", "STATUS", 11, spare=1, sortable=True),
    Column("label", "LABEL", 14, spare=7, sortable=True),
    Column("id", "RUN", 10, spare=8, sortable=True),
)


def run_cells(run: RunSummary) -> dict[str, Cell]:
    """A line of history."""
    estimate = run.throughput_fps
    doubt = Cell("")
    if estimate is not None:
        narrow = formatting.half_width(estimate).replace(" ", "")
        narrow = narrow if len(narrow) <= 6 else "±>999%"
        doubt = Cell(narrow, "dim") if estimate.converged else Cell(f"{narrow}!", "warning")
    return {
        "created": Cell(formatting.short_when(run.created), "dim"),
        "model": Cell(plain(run.model_name, 120)),
        "device": Cell(plain(run.device, 40)),
        "mode": Cell(run.mode),
        "batch": Cell(str(run.batch or ""), "dim"),
        "streams": Cell(str(run.streams or ""), "dim"),
        "throughput_fps": Cell(formatting.number(estimate.mean) if estimate else formatting.NOTHING),
        "doubt": doubt,
        "p50_ms": Cell(formatting.rough(run.p50_ms, weak=run.p50_weak)),
        "status": Cell(run.status, STATUS_LOOK[run.status]),
        "label": Cell(plain(run.label or "", 120), "dim"),
        "id": Cell(run.id, "dim"),
    }


# In a list to pick from, what tells runs from each other comes before what they came to.
_IN_CHOICE: dict[str, dict[str, Any]] = {
    "created": {"spare": 2}, "model": {"comfort": 0}, "batch": {"width": 5, "spare": 1},
    "streams": {"width": 7, "spare": 1}, "doubt": {"spare": 3}, "label": {"width": 12, "spare": 1},
}  # fmt: skip
CHOICE_COLUMNS = tuple(
    replace(column, **_IN_CHOICE.get(column.key, {}))
    for column in RUN_COLUMNS
    if column.key not in ("p50_ms", "status")
)


def choice(run: RunSummary) -> tuple[str, ...]:
    """A run to pick from a list: its id, and what tells it from others."""
    cells = run_cells(run)
    return run.id, *(cells[column.key].text for column in CHOICE_COLUMNS)


MODEL_COLUMNS = (
    Column("name", "MODEL", 16, grows=True, comfort=20),
    Column("format", "FORMAT", 14, spare=5),
    Column("bytes", "SIZE", 9, right=True, spare=4),
    Column("parameters", "PARAMS", 9, right=True, spare=6),
    Column("last_fps", "LAST FPS", 8, right=True),
    Column("best_fps", "BEST", 7, right=True, spare=1),
    Column("fps", "", 8, spare=2),
    Column("last_p50", "LAST P50", 8, right=True),
    Column("best_p50", "BEST", 7, right=True, spare=1),
    Column("p50", "", 8, spare=2),
)
_TREND = 8


def model_cells(model: Model, branch: str, record: TrackRecord) -> dict[str, Cell]:
    """A model and how fast it was; `branch` draws its place in its family."""
    fps, p50 = record.throughput_fps, record.p50_ms
    return {
        "name": Cell(branch + plain(model.name, 120)),
        "format": Cell(model.format, "dim"),
        "bytes": Cell(formatting.size(model.bytes), "dim"),
        "parameters": Cell(formatting.count(model.parameters).rstrip(), "dim"),
        "last_fps": Cell(formatting.number(fps[-1] if fps else None)),
        "best_fps": Cell(formatting.number(record.best_throughput_fps), "dim"),
        "fps": Cell(terminal.sparkline(fps, _TREND), "bar"),
        "last_p50": Cell(formatting.rough(p50[-1] if p50 else None, weak=record.last_p50_weak)),
        "best_p50": Cell(formatting.rough(record.best_p50_ms, weak=record.best_p50_weak), "dim"),
        "p50": Cell(terminal.sparkline(p50, _TREND), "bar"),
    }


def doing(watched: JobView, *, brief: bool = False) -> str:
    """What a job does now."""
    if watched.ended is not None:
        return watched.ended.status
    if watched.behind is not None:
        return "queued"
    return formatting.doing_briefly(watched.phase) if brief else formatting.doing(watched.phase)


LIVE_COLUMNS = (
    Column("what", "", 24, grows=True),
    Column("doing", "", 16),
    Column("rate", "", 18, right=True),
    Column("left", "", 9, right=True),
)


def live_names(live: Sequence[JobView], limit: int = 120, *, brief: bool = False) -> dict[str, str]:
    """What each run is called: its model and mode; where several have the same, with its label, else its id.

    `brief`: there, only that.
    """
    names = {
        each.id: f"{plain(each.run.model.name, limit)}  {each.run.spec.mode}" if each.run else each.kind
        for each in live
    }
    often = Counter(names.values())
    own = {each.id: plain(each.run.label or each.id, 20) for each in live if each.run}
    alike = {
        one: own[one] if brief else f"{name}  {own[one]}"
        for one, name in names.items()
        if one in own and often[name] > 1
    }
    return {**names, **alike}


def live_cells(watched: JobView, name: str) -> dict[str, Cell]:
    """A job that goes on, in a line; a run is called `name`."""
    if watched.study is not None:
        return kinds.live_cells(watched, watched.study)
    window = watched.window
    rate = ""
    if window is not None:
        estimate = window.estimate
        rate = f"{formatting.number(estimate.mean if estimate else window.throughput_fps)} FPS"
        rate += f" {formatting.half_width(estimate)}" if estimate else ""
    left = f"{window.eta_s:.0f} s left" if window is not None and window.eta_s is not None else ""
    return {
        "what": Cell(f"▶ {name}"),
        "doing": Cell(plain(doing(watched), 80), "dim"),
        "rate": Cell(rate, "good"),
        "left": Cell(left, "dim"),
    }


def live_comparison(watched: JobView, study: Comparison) -> dict[str, Cell]:
    """Its sides, and the ratio of the first two."""
    duel = study.duels[0] if study.duels else None
    rate = "" if duel is None or duel.ratio is None else f"{duel.ratio:.3f} ×"
    if duel is not None and duel.ratio and duel.ci95 is not None:
        rate += f" ±{formatting.percent((duel.ci95[1] - duel.ci95[0]) / 2 / duel.ratio)}"
    return {
        "what": Cell(f"▶ {sides(study)}"),
        "doing": Cell(plain(doing(watched, brief=True), 80), "dim"),
        "rate": Cell(rate, "good"),
        "left": Cell("" if study.eta_s is None else f"{study.eta_s:.0f} s left", "dim"),
    }


def live_exploration(watched: JobView, study: Exploration) -> dict[str, Cell]:
    """Its model, and the best so far: throughput, or the rate of arrivals."""
    cell = next((each for each in study.cells if each.run is not None and each.run == study.best), None)
    answer = next((each for each in study.loads if each.run is not None and each.run == study.best), None)
    rate = "" if answer is None else f"{formatting.number(answer.rate)} arrivals/s"
    if cell is not None and cell.throughput_fps is not None:
        rate = f"{formatting.number(cell.throughput_fps.mean)} FPS {formatting.half_width(cell.throughput_fps)}"
    return {
        "what": Cell(f"▶ {plain(study.model.name, 120)}  explore"),
        "doing": Cell(plain(doing(watched), 80), "dim"),
        "rate": Cell(rate, "good"),
        "left": Cell("" if study.eta_s is None else f"{study.eta_s:.0f} s left", "dim"),
    }


def live_optimization(watched: JobView, study: Optimization) -> dict[str, Cell]:
    """Its model and method, and how far the phase is."""
    return {
        "what": Cell(f"▶ {plain(study.parent.name, 120)}  {study.recipe.method}"),
        "doing": Cell(plain(doing(watched, brief=True), 80), "dim"),
        "rate": Cell("" if study.progress is None else formatting.percent(study.progress), "good"),
        "left": Cell("" if study.eta_s is None else f"{study.eta_s:.0f} s left", "dim"),
    }


def comparison_choice(study: Comparison) -> tuple[str, str, str]:
    """A comparison to pick from a list: its id, its sides, and what came of it."""
    verdict = sentence(study.duels[0]) if study.duels else "nothing was measured"
    told = study.status if study.status in LIVE else verdict if study.status == "done" else f"{study.status}: {verdict}"
    label = f"  {plain(study.label, 40)}" if study.label else ""
    return study.id, sides(study), f"{told}  {formatting.short_when(study.created)}{label}"


def sides(study: Comparison) -> str:
    """What is compared: `resnet-50 / resnet-50-int8`; with what is set differently, where it is one model."""
    names = [plain(side.model.name, 60) for side in study.sides]
    if len(set(names)) == 1 and len(study.sides) == 2:
        different = spec_differences(study.sides[0].spec, study.sides[1].spec)
        return f"{names[0]}  {' '.join(different)}".rstrip()
    return " / ".join(names)
