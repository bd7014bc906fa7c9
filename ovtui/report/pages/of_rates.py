"""The arrival rates of an exploration: latency and misses at each, and the highest that keeps the limit."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting
from ovtui.analysis.exploration import max_rate, selection
from ovtui.records import Exploration, Latency, Limits, Percentile, RatePoint
from ovtui.report.pages.best import best_load, limits_text, milliseconds
from ovtui.report.pages.charts import Axis, Line, Lines, Rule
from ovtui.report.pages.common import columns, weak_note
from ovtui.report.pages.document import (
    Column,
    Section,
    Table,
    section,
)

_SHARE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Of the arrivals, that may miss a limit on a percentile."""


def rate_sections(exploration: Exploration) -> list[Section | None]:
    """None for what is not known."""
    loads = sorted(exploration.loads, key=lambda load: load.rate)
    return [
        section("Latency at each rate", _rates(loads, exploration.limits)),
        section("Arrivals above the limit", _misses(loads, exploration.limits)),
        section("All rates", _loads(exploration, loads), weak_note(*(each.latency_ms for each in loads))),
    ]


def _share(value: float | None) -> str:
    """To a millionth of all: below that, a share that is nothing has only the traces of arithmetic."""
    return formatting.NOTHING if value is None else f"{round(100 * value, 4):.3g} %"


def _limited(latency: Latency | None, percentile: Percentile) -> str:
    if latency is None:
        return formatting.NOTHING
    return f"{percentile} {selection.limited_in_words(latency, percentile)}"


def _rates(loads: Sequence[RatePoint], limits: Limits) -> Lines | None:
    known = [load for load in loads if load.latency_ms is not None]
    if not known:
        return None
    names: dict[str, None] = dict.fromkeys(("p50", limits.percentile, "p99"))
    lines = []
    for name in names:
        values = tuple(getattr(load.latency_ms, name) for load in known)
        bounds = [load.latency_ms.interval(name) if load.latency_ms else None for load in known]
        low, high = (tuple(None if each is None else each[side] for each in bounds) for side in (0, 1))
        if any(value is not None for value in values):
            lines.append(Line(name, values, low, high))
    figures = [value for line in lines for value in line.values if value]
    wide = bool(figures) and max(figures) > 20 * min(figures)
    rules: tuple[Rule, ...] = ()
    if limits.latency_ms is not None:
        rules = (Rule(f"limit of {limits.percentile}, {limits.latency_ms:.10g} ms", limits.latency_ms),)
    axes = Axis("arrivals", "per second"), Axis("latency", "ms", zero=not wide, log=wide)
    title = "Latency from the scheduled arrival, with 95 % CI"
    return Lines(title, *axes, tuple(load.rate for load in known), tuple(lines), rules) if lines else None


def _misses(loads: Sequence[RatePoint], limits: Limits) -> Lines | None:
    known = [load for load in loads if load.missed is not None]
    if not known:
        return None
    values = tuple(None if load.missed is None else 100 * load.missed for load in known)
    bounds = [load.missed_ci95 for load in known]
    low, high = (tuple(None if each is None else 100 * each[side] for each in bounds) for side in (0, 1))
    allowed = 100 * _SHARE[limits.percentile]
    rules = () if limits.latency_ms is None else (Rule(f"allowed for {limits.percentile}, {allowed:g} %", allowed),)
    axes = Axis("arrivals", "per second"), Axis("above the limit", "%", zero=True)
    rates = tuple(load.rate for load in known)
    return Lines("Arrivals above the limit, with 95 % CI", *axes, rates, (Line("missed", values, low, high),), rules)


def _loads(exploration: Exploration, loads: Sequence[RatePoint]) -> Table:
    best = best_load(exploration)
    rows: list[tuple[str, ...]] = []
    marked: set[int] = set()
    for load in loads:
        if load is best:
            marked.add(len(rows))
        latency, ci = load.latency_ms, load.missed_ci95
        rows.append(
            (
                formatting.number(load.rate), milliseconds(latency, "p50"), milliseconds(latency, "p99"),
                _share(load.missed), formatting.NOTHING if ci is None else f"{_share(ci[0])} – {_share(ci[1])}",
                _share(load.expected), max_rate.verdict(load) or formatting.NOTHING, load.run or formatting.NOTHING,
                "failed" if load.state == "failed" else "",
            )
        )  # fmt: skip
    heads = columns("rate, per second", "p50, ms", "p99, ms", "missed", "95 % CI", "expected")
    return Table((*heads, Column("limit"), Column("run", "code"), Column("")), tuple(rows), "", frozenset(marked))


def highest(exploration: Exploration) -> str:
    """The answer, in a sentence."""
    limit = limits_text(exploration.limits) or "no limit"
    load = best_load(exploration)
    if load is not None:
        missed = f"; {_share(load.missed)} of the arrivals missed it" if load.missed is not None else ""
        capacity = exploration.capacity
        of = f", {_share(load.rate / capacity)} of capacity" if capacity else ""
        return f"Up to {formatting.number(load.rate)} arrivals per second keep {limit}{of}{missed}."
    measured = [each for each in exploration.loads if each.latency_ms is not None]
    if not measured:
        return "No rate could be measured."
    lowest = min(measured, key=lambda each: each.rate)
    reached = _limited(lowest.latency_ms, exploration.limits.percentile)
    none = max_rate.none_keeps(exploration.loads, limit)
    return f"{none}; the lowest, {formatting.number(lowest.rate)} per second, has {reached}."
