"""What an exploration has found so far, in words: for its screen, and for whoever copies it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ovtui import formatting
from ovtui.analysis.exploration import max_rate, selection
from ovtui.analysis.exploration.matrix import Metric, matrix
from ovtui.engine.job_monitor import JobView
from ovtui.records import LIVE, Cell, Exploration, Latency, Limits, Percentile, RatePoint
from ovtui.report.pages.best import is_server, limits_text
from ovtui.report.pages.of_exploration import outcome
from ovtui.sanitize import plain

METRICS: dict[Metric, str] = {"throughput": "Throughput, FPS", "p50": "Latency p50, ms", "p99": "Latency p99, ms"}
_BAR = 14
_STEPS = (1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0,
          3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6, 6.2, 6.8, 7.5, 8.2, 9.1)  # fmt: skip
"""The E24 series (IEC 60063): steps of ten percent."""


def headline(study: Exploration) -> str:
    """What is explored, on what, within which limits."""
    what = "arrival rates" if is_server(study) else "chosen settings" if study.grid.chosen else "settings"
    limits = limits_text(study.limits)
    parts = [f"{what} on {plain(study.spec.device, 30)}", *([limits] if limits else [])]
    parts += [study.spec.precision] if study.spec.precision else []
    return ", ".join(parts) + (f"  {plain(study.label, 30)}" if study.label else "")


def sentence(study: Exploration, limits: Limits) -> str:
    """The best within `limits`, or what comes nearest; of a server search, its answer."""
    live = study.status in LIVE
    if is_server(study):
        known = any(load.latency_ms is not None for load in study.loads)
        return outcome(study) if known or not live else "No rate has been measured yet."
    spot = selection.best(study.cells, limits)
    if spot is not None and spot.throughput_fps is not None:
        name = limits.percentile if limits.latency_ms is not None else "p50"
        latency = "" if spot.latency_ms is None else f", {_latency(spot.latency_ms, name)}"
        estimate = spot.throughput_fps
        rate = f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}"
        doubt = selection.uncertainty(spot, limits)
        told = f"{_within(limits, live=live)}: {formatting.setting(spot.setting)}, {rate}{latency}"
        return f"{told}; {doubt}" if doubt else told
    if any(cell.throughput_fps is not None for cell in study.cells):
        return selection.nearest_miss(study.cells, limits)
    return "Nothing has been measured yet." if live else study.error or "Nothing was measured."


def _latency(latency: Latency, percentile: Percentile) -> str:
    """What a limit is compared with: `p99 9.12 ms`, or how slow it was at most where that is not known."""
    if getattr(latency, percentile) is None:
        return selection.limited_in_words(latency, percentile)
    return f"{percentile} {formatting.percentile(latency, percentile)} ms"


def _within(limits: Limits, *, live: bool) -> str:
    parts = [] if limits.latency_ms is None else [f"{limits.latency_ms:.10g} ms {limits.percentile}"]
    parts += [] if limits.memory_mb is None else [f"{limits.memory_mb:.10g} MB"]
    if not parts:
        return "Best so far" if live else "Best"
    return f"Within {' and '.join(parts)}" + (", so far" if live else "")


def figures(cell: Cell) -> str:
    """`510.0 FPS ±0.8 %, p50 7.84 ms, p99 9.12 ms, 412 MB`."""
    estimate, latency = cell.throughput_fps, cell.latency_ms
    parts = [] if estimate is None else [f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}"]
    if latency is not None:
        known = [name for name in ("p50", "p99") if getattr(latency, name) is not None]
        parts += [f"{name} {formatting.percentile(latency, name)} ms" for name in known]
    parts += [] if cell.peak_rss_mb is None else [f"{formatting.number(cell.peak_rss_mb)} MB"]
    return ", ".join(parts)


def choice(study: Exploration) -> tuple[str, str, str]:
    """An exploration to pick from a list: its id, its model, and what came of it."""
    label = f"  {plain(study.label, 40)}" if study.label else ""
    told = "" if study.status == "done" else f"{study.status}: "
    found = plain(sentence(study, study.limits), 120)
    return study.id, plain(study.model.name, 60), f"{told}{found}  {formatting.short_when(study.created)}{label}"


def progress(study: Exploration, watched: JobView | None) -> str:
    """How far it is, or how it ended."""
    if study.status in LIVE:
        if watched is not None and watched.behind:
            return f"queued behind {plain(watched.behind, 60)} …"
        doing = formatting.doing(watched.phase) if watched is not None else study.status
        took = f"{formatting.duration(study.elapsed_s)}  " if study.elapsed_s else ""
        if study.eta_s is None:
            return f"{took}{'░' * _BAR}  {plain(doing, 60)} …"
        share = study.elapsed_s / max(study.elapsed_s + study.eta_s, 1e-9)
        done = round(share * _BAR)
        left = f"about {formatting.duration(max(1.0, study.eta_s))} left"
        return f"{took}{'█' * done}{'░' * (_BAR - done)} {share:4.0%}  {left}  {plain(doing, 60)}"
    took = formatting.duration(study.elapsed_s)
    counted = counts(study)
    if study.status == "done":
        return f"Done in {took}: {counted}."
    return f"{study.status.upper()} after {took}: {counted}. r goes on."


def counts(study: Exploration) -> str:
    """`24 settings, 11 measured, 2 from earlier runs, 1 failed`."""
    if is_server(study):
        measured = sum(load.latency_ms is not None for load in study.loads)
        return formatting.plural(measured, "arrival rate")
    states = Counter(cell.state for cell in study.cells)
    told = [f"{states['measured']} of {formatting.plural(len(study.cells), 'setting')} measured"]
    told += [f"{states['reused']} known from earlier"] * bool(states["reused"])
    told += [f"{states['failed']} failed"] * bool(states["failed"])
    return ", ".join(told)


def state(cell: Cell, *, in_front: bool, live: bool, since: str = "") -> str:
    """Where a cell's figures come from, or why there are none; `since`: which earlier run, and from when."""
    match cell.state:
        case "failed":
            return f"failed: {plain(cell.reason or 'no reason is known', 400)}"
        case "measuring":
            return "being measured"
        case "open":
            return "not measured yet" if live else "not measured"
        case "reused":
            told = f"known from an earlier run{since}"
        case _:
            told = (
                "measured" if not cell.rounds else f"measured in {formatting.plural(cell.rounds, 'round')} of the race"
            )
    return f"{told}; nothing is both quicker and faster" if in_front else told


def stepped(limit_ms: float | None, by: int, known_ms: Sequence[float]) -> float | None:
    """The next limit up or down, in steps of ten percent, around the latencies that are known (not empty).

    None, no limit: above the highest of them. It stays where the lowest does not keep it any more.
    """
    lowest, highest = min(known_ms), max(known_ms)
    places = range(math.floor(math.log10(lowest)) - 1, math.ceil(math.log10(highest)) + 1)
    values = [float(f"{step}e{place}") for place in places for step in _STEPS]
    if by > 0:
        if limit_ms is None:
            return None
        return next((value for value in values if limit_ms * 1.001 < value < highest), None)
    below = [value for value in values if value < (highest if limit_ms is None else limit_ms * 0.999)]
    if limit_ms is not None and limit_ms < lowest:
        return limit_ms
    return below[-1] if below else limit_ms


def as_table(study: Exploration, limits: Limits, metric: Metric) -> str:
    """The matrix with its title, tab-separated; of a server search, its rates."""
    if is_server(study):
        name = tail_of(limits)
        head = ["arrivals/s", "p50 ms", f"{name} ms", "missed", "95 % CI", "expected", "kept"]
        return "\n".join("\t".join(line) for line in [head, *(load_cells(load, name) for load in by_rate(study))])
    spot = selection.best(study.cells, limits)
    shown = matrix(study.cells, metric, spot.setting if spot else None)
    lines = [["batch", *(formatting.plural(streams, "stream") for streams in shown.streams)]]
    for batch, row in zip(shown.batches, shown.rows, strict=True):
        lines.append(
            [str(batch), *("" if square is None else f"{square.text} {square.mark}".rstrip() for square in row)]
        )
    return "\n".join([METRICS[metric], *("\t".join(line) for line in lines)])


def by_rate(study: Exploration) -> list[RatePoint]:
    """The loads, the lowest rate first."""
    return sorted(study.loads, key=lambda load: load.rate)


def tail_of(limits: Limits) -> Percentile:
    """The percentile that stands beside the median: the limited one, or p99."""
    return "p99" if limits.percentile == "p50" else limits.percentile


def load_cells(load: RatePoint, tail: Percentile) -> list[str]:
    """Rate, p50, the other percentile, missed, its interval, what was expected, and whether the limit was kept."""
    latency, interval = load.latency_ms, load.missed_ci95
    return [
        formatting.number(load.rate), formatting.percentile(latency, "p50"), formatting.percentile(latency, tail),
        formatting.percent(load.missed),
        "" if interval is None else " – ".join(formatting.percent(end) for end in interval),
        formatting.percent(load.expected), "failed" if load.state == "failed" else max_rate.verdict(load),
    ]  # fmt: skip
