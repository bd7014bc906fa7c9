"""Charts as tables, for formats that cannot draw."""

from __future__ import annotations

from itertools import pairwise

from ovtui import formatting
from ovtui.analysis.distribution import averaged
from ovtui.report.pages.charts import Bars, Chart, Heat, Intervals, Lines, Scatter
from ovtui.report.pages.document import Cell, Column, Table

_MOST = 24
"""Rows for a curve: more are put together."""


def table_of(chart: Chart) -> Table:
    """The same figures; of long curves, means of neighbours."""
    if isinstance(chart, Lines):
        return _lines(chart)
    if isinstance(chart, Bars):
        return _bars(chart)
    if isinstance(chart, Intervals):
        return _intervals(chart)
    if isinstance(chart, Scatter):
        return _scatter(chart)
    return _heat(chart)


def _numbers(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, "number") for title in titles)


def _lines(chart: Lines) -> Table:
    count = len(chart.at)
    parts = min(count, _MOST)
    ends = [chart.at[(part + 1) * count // parts - 1] for part in range(parts)]
    columns = [averaged(line.values, _MOST) for line in chart.lines]
    spans = dict.fromkeys(span.name for span in chart.spans)
    rows = []
    for place, end in enumerate(ends):
        begin = ends[place - 1] if place else float("-inf")
        found = [
            name
            for name in spans
            if any(span.name == name and span.begin < end and span.end > begin for span in chart.spans)
        ]
        rows.append(
            (formatting.number(end), *(formatting.number(column[place]) for column in columns), ", ".join(found))
        )
    names = [f"{line.name}, {chart.y.unit}" if chart.y.unit else line.name for line in chart.lines]
    if spans:
        return Table((*_numbers(chart.x.text, *names), Column("")), tuple(rows), chart.title)
    return Table(_numbers(chart.x.text, *names), tuple(row[:-1] for row in rows), chart.title)


def _bars(chart: Bars) -> Table:
    count = len(chart.counts)
    total = sum(chart.counts) or 1.0
    places = [*range(0, count, max(1, -(-count // _MOST))), count]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{formatting.number(chart.edges[begin])} – {formatting.number(chart.edges[end])}",
            f"{sum(chart.counts[begin:end]):,.0f}",
            sum(chart.counts[begin:end]) / total,
        )
        for begin, end in pairwise(places)
    )
    return Table((*_numbers(chart.x.text, chart.y.text), Column("share", "share")), rows, chart.title)


def _interval(ci: tuple[float, float] | None) -> str:
    return formatting.NOTHING if ci is None else f"{formatting.number(ci[0])} – {formatting.number(ci[1])}"


def _intervals(chart: Intervals) -> Table:
    rows = tuple((row.name, f"{row.value:.3f}", _ratio_interval(row.ci)) for row in chart.rows)
    return Table((Column(""), *_numbers(chart.x.text, "95 % CI")), rows, chart.title)


def _ratio_interval(ci: tuple[float, float] | None) -> str:
    return formatting.NOTHING if ci is None else f"{ci[0]:.3f} – {ci[1]:.3f}"


def _scatter(chart: Scatter) -> Table:
    marks = {"plain": "", "front": "front", "best": "best"}
    rows = tuple(
        (point.name, formatting.number(point.x), formatting.number(point.y), _interval(point.y_ci), marks[point.mark])
        for point in sorted(chart.points, key=lambda point: (point.x, point.y))
    )
    columns = (Column(""), *_numbers(chart.x.text, chart.y.text, "95 % CI"), Column(""))
    return Table(columns, rows, chart.title)


def _heat(chart: Heat) -> Table:
    columns = (Column(f"{chart.row_title} \\ {chart.column_title}"), *_numbers(*chart.columns))
    rows = tuple(
        (name, *("" if tile is None else f"{tile.text} (best)" if tile.best else tile.text for tile in tiles))
        for name, tiles in zip(chart.rows, chart.tiles, strict=True)
    )
    return Table(columns, rows, chart.title)
