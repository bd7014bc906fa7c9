"""The settings of an exploration: the matrix, throughput against latency, and every cell."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting
from ovtui.analysis.exploration import selection
from ovtui.analysis.exploration.matrix import BEST, FAILED, Metric, matrix
from ovtui.records import Cell, Exploration, Percentile
from ovtui.report.pages.best import best_cell, milliseconds
from ovtui.report.pages.charts import Axis, Heat, Mark, Point, Rule, Scatter, Tile
from ovtui.report.pages.common import columns, throughput, weak_note
from ovtui.report.pages.document import (
    Column,
    Section,
    Table,
    section,
)


def cell_sections(exploration: Exploration) -> list[Section | None]:
    """None for what is not known."""
    return [
        section("The matrix", *(_heat(exploration, *each) for each in _HEATS)),
        section("Throughput against latency", _scatter(exploration)),
        section("All settings", _cells(exploration), weak_note(*(each.latency_ms for each in exploration.cells))),
    ]


_HEATS: tuple[tuple[Metric, str], ...] = (
    ("throughput", "Throughput, FPS"),
    ("p50", "Latency p50, ms"),
    ("p99", "Latency p99, ms"),
)


def _heat(exploration: Exploration, metric: Metric, title: str) -> Heat | None:
    cell = best_cell(exploration)
    found = matrix(exploration.cells, metric, None if cell is None else cell.setting)
    squares = [square for row in found.rows for square in row if square is not None]
    if all(square.intensity is None for square in squares):
        return None
    tiles = tuple(
        tuple(
            None
            if square is None
            else Tile(
                square.intensity,
                "failed" if square.mark == FAILED else square.text,
                square.words,
                square.mark == BEST,
            )
            for square in row
        )
        for row in found.rows
    )
    legend = "The stronger the colour, the better; the best setting has a frame."
    if len(exploration.cells) > len(squares):
        legend += " Each square shows its best cell."
    return Heat(
        title, "batch", "streams", tuple(map(str, found.batches)), tuple(map(str, found.streams)), tiles,
        legend,
    )  # fmt: skip


def _latency(cells: Sequence[Cell], wanted: Percentile) -> str:
    """The percentile that is limited if all have it, else p50, else the mean."""
    known = [cell.latency_ms for cell in cells if cell.latency_ms is not None]
    return next((name for name in (wanted, "p50") if all(getattr(each, name) is not None for each in known)), "mean")


def _scatter(exploration: Exploration) -> Scatter | None:
    cells = [cell for cell in exploration.cells if cell.throughput_fps is not None and cell.latency_ms is not None]
    if not cells:
        return None
    limits = exploration.limits
    name = _latency(cells, limits.percentile)
    points = []
    for cell in cells:
        assert cell.throughput_fps is not None and cell.latency_ms is not None
        mark: Mark = "plain"
        if cell.run is not None and cell.run in exploration.pareto:
            mark = "front"
        if cell.run is not None and cell.run == exploration.best:
            mark = "best"
        value = getattr(cell.latency_ms, name)
        points.append(
            Point(
                formatting.setting(cell.setting), value, cell.throughput_fps.mean, cell.latency_ms.interval(name),
                cell.throughput_fps.ci95, mark,
            )
        )  # fmt: skip
    known = [point.x for point in points if point.x > 0]
    wide = bool(known) and max(known) > 8 * min(known)
    limit = None
    if limits.latency_ms is not None and limits.percentile == name:
        limit = Rule(f"limit {limits.latency_ms:.10g} ms", limits.latency_ms)
    axes = Axis(f"latency {name}", "ms", zero=not wide, log=wide), Axis("throughput", "FPS", zero=True)
    return Scatter("Throughput against latency, with 95 % CI", *axes, tuple(points), limit)


def _cells(exploration: Exploration) -> Table:
    rows: list[tuple[str, ...]] = []
    marked: set[int] = set()
    for cell in sorted(exploration.cells, key=_by_worth):
        if cell.run is not None and cell.run == exploration.best:
            marked.add(len(rows))
        latency, setting = cell.latency_ms, cell.setting
        rows.append(
            (
                str(setting.batch), str(setting.streams), or_auto(setting.threads), or_auto(setting.requests),
                throughput(cell.throughput_fps), milliseconds(latency, "p50"),
                milliseconds(latency, "p99"), formatting.number(cell.peak_rss_mb), cell.run or formatting.NOTHING,
                _remark(exploration, cell),
            )
        )  # fmt: skip
    heads = columns("batch", "streams", "threads", "requests", "FPS", "p50, ms", "p99, ms", "memory, MB")
    return Table((*heads, Column("run", "code"), Column("")), tuple(rows), "", frozenset(marked))


def _by_worth(cell: Cell) -> tuple[float, int, int]:
    mean = -1.0 if cell.throughput_fps is None else cell.throughput_fps.mean
    return -mean, cell.setting.batch, cell.setting.streams


def or_auto(value: int | None) -> str:
    """`auto` is what the device chooses."""
    return "auto" if value is None else str(value)


def _remark(exploration: Exploration, cell: Cell) -> str:
    parts = []
    if cell.run is not None and cell.run == exploration.best:
        parts.append("best")
    if cell.run is not None and cell.run in exploration.pareto:
        parts.append("front")
    if cell.throughput_fps is not None and not selection.keeps(cell, exploration.limits):
        parts.append("above the limit")
    elif selection.is_doubtful(cell, exploration.limits):
        parts.append("may miss the limit")
    if cell.state == "reused":
        parts.append("from an earlier run")
    elif cell.state == "failed":
        parts.append(f"failed: {cell.reason or 'no reason is known'}")
    elif cell.state == "open":
        parts.append("not measured")
    elif cell.state == "measuring":
        parts.append("being measured")
    return ", ".join(parts)
