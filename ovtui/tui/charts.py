"""Explorations as pictures: throughput against latency, and latency against the arrival rate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ovtui import formatting
from ovtui.records import Cell, Limits, Percentile, RatePoint
from ovtui.terminal import has_few_glyphs
from ovtui.tui.widgets.plot import Curve, Picture

_WIDE = 8  # the highest latency over the lowest, from which on equal ratios are equal distances
_BEYOND = 2  # a limit that is further outside than that would leave no room for the points


class Marks(NamedTuple):
    """What points are drawn as."""

    plain: str
    front: str
    best: str
    missed: str


def marks() -> Marks:
    """As this terminal can show them."""
    return Marks(".", "o", "*", "x") if has_few_glyphs() else Marks("○", "●", "★", "×")


class _Point(NamedTuple):
    ms: float
    fps: float
    cell: Cell


def unknown(cells: Sequence[Cell], percentile: Percentile) -> int:
    """How many of what was measured have too few inferences for the percentile."""
    known = [cell.latency_ms for cell in cells if cell.throughput_fps is not None and cell.latency_ms is not None]
    return sum(getattr(latency, percentile) is None for latency in known)


def trade(
    cells: Sequence[Cell],
    front: Collection[str],
    spot: Cell | None,
    limit_ms: float | None,
    percentile: Percentile,
) -> Picture | None:
    """Throughput by the latency that a limit is held against; the line is the most that each latency allows.

    `front`: runs that nothing beats; `spot`: the best within the limit. These have their intervals. What has too few
    inferences for the percentile has no place. None while nothing has one.
    """
    points = sorted(
        (
            _Point(ms, cell.throughput_fps.mean, cell)
            for cell in cells
            if cell.throughput_fps is not None
            and cell.latency_ms is not None
            and (ms := getattr(cell.latency_ms, percentile)) is not None
            and ms > 0
        ),
        key=lambda point: point[:2],
    )
    if not points:
        return None
    shown, first, last, beaten_by_none = marks(), points[0].ms, points[-1].ms, frozenset(front)
    top = max(point.fps for point in points)
    curves = [_envelope(points)]
    for look, name, chosen in (
        ("faint", shown.plain, [point for point in points if point.cell.run not in beaten_by_none]),
        ("first", shown.front, [point for point in points if point.cell.run in beaten_by_none]),
        ("second", shown.best, [point for point in points if spot is not None and point.cell.setting == spot.setting]),
    ):
        if chosen:
            curves += [] if look == "faint" else [_doubt(point, look) for point in chosen]
            curves.append(Curve([point.ms for point in chosen], [point.fps for point in chosen], look, marker=name))
    ends = [first, last]
    if limit_ms is not None and first / _BEYOND <= limit_ms <= last * _BEYOND:
        curves.insert(0, Curve((limit_ms, limit_ms), (0.0, top), "second"))
        ends.append(limit_ms)
    wide = max(ends) > _WIDE * min(ends)
    margin = (max(ends) - min(ends)) * 0.05 or max(ends) * 0.1
    limits = (min(ends) / 1.15, max(ends) * 1.15) if wide else (max(0.0, min(ends) - margin), max(ends) + margin)
    best = "" if spot is None else f" The best within the limit: {formatting.setting(spot.setting)}."
    few = unknown(cells, percentile)
    missing = f" {formatting.plural(few, 'setting')} with too few inferences for {percentile}." if few else ""
    text = (
        f"Throughput against {percentile}: {len(points)} settings from {formatting.number(first)} to "
        f"{formatting.number(last)} ms and up to {formatting.number(top)} FPS.{missing}{best}"
    )
    return Picture(tuple(curves), text=text, x_limits=limits, log_x=wide)


def _doubt(point: _Point, look: str) -> Curve:
    """The interval of a throughput, upright."""
    ci95 = point.cell.throughput_fps.ci95 if point.cell.throughput_fps is not None else None
    low, high = ci95 or (point.fps, point.fps)
    return Curve((point.ms, point.ms), (max(0.0, low), high), look)


def _envelope(points: Sequence[_Point]) -> Curve:
    """The highest throughput up to each latency, as steps."""
    x, y, top = [points[0].ms], [0.0], 0.0
    for point in points:
        if point.fps > top:
            x += [point.ms, point.ms]
            y += [top, point.fps]
            top = point.fps
    return Curve([*x, points[-1].ms], [*y, top])


def rates(loads: Sequence[RatePoint], limits: Limits) -> Picture | None:
    """p50 and the limited percentile by arrival rate; points say which keep the limit, a level line where it is."""
    known = sorted(
        ((load.rate, load.latency_ms, load) for load in loads if load.latency_ms is not None), key=lambda each: each[0]
    )
    if not known:
        return None
    shown = marks()
    at = [rate for rate, _, _ in known]
    medians = [latency.p50 for _, latency, _ in known]
    limited: list[float | None] = [getattr(latency, limits.percentile) for _, latency, _ in known]
    curves = [Curve(at, limited, "second")]
    if limits.percentile != "p50":
        curves.insert(0, Curve(at, medians, "first"))
    for name, kept in ((shown.front, True), (shown.missed, False)):
        # Where there are too few arrivals for the percentile, the mark stands on the median.
        chosen = [
            (rate, latency.p50 if ms is None else ms)
            for (rate, latency, load), ms in zip(known, limited, strict=True)
            if load.kept is kept
        ]
        if chosen:
            curves.append(Curve([x for x, _ in chosen], [y for _, y in chosen], "second", marker=name))
    margin = (at[-1] - at[0]) * 0.05 or at[0] * 0.1
    ends = (max(0.0, at[0] - margin), at[-1] + margin)
    if limits.latency_ms is not None:
        curves.insert(0, Curve(ends, (limits.latency_ms, limits.latency_ms), "faint"))
    text = "\n".join(
        f"{formatting.number(rate)} arrivals/s: p50 {formatting.percentile(latency, 'p50')} ms, "
        f"{limits.percentile} {formatting.percentile(latency, limits.percentile)} ms"
        for rate, latency, _ in known
    )
    return Picture(tuple(curves), text=text, x_limits=ends)
