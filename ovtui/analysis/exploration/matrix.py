"""The matrix of an exploration: batches down, streams across; each square as text, mark and intensity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from ovtui import formatting
from ovtui.records import Cell, Setting

Metric: TypeAlias = Literal["throughput", "p50", "p99"]

BEST, REUSED, FAILED, MEASURING = "★", "·", "×", "…"


class Square(NamedTuple):
    """What the matrix shows of a setting; where several share a square, of the best of them."""

    setting: Setting
    text: str  # the number, or a dash
    mark: str  # BEST, REUSED, FAILED, MEASURING, or nothing: what is seen without colour
    intensity: float | None  # 1 for the best square, 0.5 for one half as good; None: nothing to show
    words: str  # for a tooltip; holds the reason of a failure as it was given


class Matrix(NamedTuple):
    """`rows[i][j]` is the square of batch i and streams j; None where the grid has no such setting."""

    batches: tuple[int, ...]
    streams: tuple[int, ...]
    rows: tuple[tuple[Square | None, ...], ...]


def matrix(cells: Sequence[Cell], metric: Metric, best: Setting | None = None) -> Matrix:
    """The squares of an exploration's cells."""
    batches = tuple(sorted({cell.setting.batch for cell in cells}))
    streams = tuple(sorted({cell.setting.streams for cell in cells}))
    grouped: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        grouped.setdefault((cell.setting.batch, cell.setting.streams), []).append(cell)
    shown = {place: min(group, key=lambda cell: _rank(cell, metric, best)) for place, group in grouped.items()}
    values = [value for cell in shown.values() if (value := figure(cell, metric)) is not None]
    top = (max(values) if metric == "throughput" else min(values)) if values else None
    rows = tuple(
        tuple(
            _square(shown[batch, stream], metric, top, best) if (batch, stream) in shown else None for stream in streams
        )
        for batch in batches
    )
    return Matrix(batches, streams, rows)


def figure(cell: Cell, metric: Metric) -> float | None:
    """Inputs per second, or ms; None if it is not known."""
    if metric == "throughput":
        return cell.throughput_fps.mean if cell.throughput_fps is not None else None
    return getattr(cell.latency_ms, metric, None)


def _rank(cell: Cell, metric: Metric, best: Setting | None) -> tuple[bool, bool, bool, float]:
    """Sorts first what a shared square shows: the best, what is being measured, then by value."""
    value = figure(cell, metric)
    worth = 0.0 if value is None else -value if metric == "throughput" else value
    return cell.setting != best, cell.state != "measuring", value is None, worth


def _square(cell: Cell, metric: Metric, top: float | None, best: Setting | None) -> Square:
    value = figure(cell, metric)
    intensity = None
    if value is not None and top is not None:
        better, worse = (top, value) if metric == "throughput" else (value, top)
        intensity = min(worse / better, 1.0) if better > 0 else 1.0
    marks = {"reused": REUSED, "failed": FAILED, "measuring": MEASURING}
    mark = BEST if best is not None and cell.setting == best else marks.get(cell.state, "")
    return Square(cell.setting, _text(cell, metric), mark, intensity, _words(cell, best))


def _text(cell: Cell, metric: Metric) -> str:
    return (
        formatting.number(figure(cell, metric))
        if metric == "throughput"
        else formatting.percentile(cell.latency_ms, metric)
    )


def _words(cell: Cell, best: Setting | None) -> str:
    said = {"open": "not measured", "measuring": "being measured", "measured": "measured",
            "reused": "from an earlier run", "failed": f"failed: {cell.reason or 'no reason is known'}"}  # fmt: skip
    return f"{formatting.setting(cell.setting)}: {'the best, ' if cell.setting == best else ''}{said[cell.state]}"
