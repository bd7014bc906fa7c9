"""Runs and models as the cells of a table: the one place where they become text."""

from __future__ import annotations

from ovtui import words
from ovtui.engine.watching import Watched
from ovtui.records import Model, RunSummary
from ovtui.store import TrackRecord
from ovtui.text import plain
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
        narrow = words.doubt(estimate).replace(" ", "")
        doubt = Cell(narrow, "dim") if estimate.converged else Cell(f"{narrow}!", "warning")
    return {
        "created": Cell(words.short_when(run.created), "dim"),
        "model": Cell(plain(run.model_name, 120)),
        "device": Cell(plain(run.device, 40)),
        "mode": Cell(run.mode),
        "batch": Cell(str(run.batch or ""), "dim"),
        "streams": Cell(str(run.streams or ""), "dim"),
        "throughput_fps": Cell(words.number(estimate.mean) if estimate else words.NOTHING),
        "doubt": doubt,
        "p50_ms": Cell(words.number(run.p50_ms)),
        "status": Cell(run.status, STATUS_LOOK[run.status]),
        "label": Cell(plain(run.label or "", 120), "dim"),
        "id": Cell(run.id, "dim"),
    }


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
        "bytes": Cell(words.size(model.bytes), "dim"),
        "parameters": Cell(words.count(model.parameters).rstrip(), "dim"),
        "last_fps": Cell(words.number(fps[-1] if fps else None)),
        "best_fps": Cell(words.number(record.best_throughput_fps), "dim"),
        "fps": Cell(words.sparkline(fps, _TREND), "bar"),
        "last_p50": Cell(words.number(p50[-1] if p50 else None)),
        "best_p50": Cell(words.number(record.best_p50_ms), "dim"),
        "p50": Cell(words.sparkline(p50, _TREND), "bar"),
    }


def doing(watched: Watched) -> str:
    """What a job does now."""
    if watched.ended is not None:
        return watched.ended.status
    return "queued" if watched.behind is not None else words.doing(watched.phase)


LIVE_COLUMNS = (
    Column("what", "", 24, grows=True),
    Column("doing", "", 16),
    Column("rate", "", 18, right=True),
    Column("left", "", 9, right=True),
)


def live_cells(watched: Watched) -> dict[str, Cell]:
    """A job that goes on, in a line."""
    run = watched.run
    what = f"{run.model.name}  {run.spec.mode}" if run else watched.kind
    window = watched.window
    rate = ""
    if window is not None:
        estimate = window.estimate
        rate = f"{words.number(estimate.mean if estimate else window.throughput_fps)} FPS"
        rate += f" {words.doubt(estimate)}" if estimate else ""
    left = f"{window.eta_s:.0f} s left" if window is not None and window.eta_s is not None else ""
    return {
        "what": Cell(f"▶ {plain(what, 120)}"),
        "doing": Cell(plain(doing(watched), 80), "dim"),
        "rate": Cell(rate, "good"),
        "left": Cell(left, "dim"),
    }
