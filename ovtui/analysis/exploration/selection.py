"""Which of the measured settings is the best one, which are worth a look, and what just missed a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ovtui import formatting
from ovtui.analysis.exploration.grid import order
from ovtui.analysis.latency_limit import Standing, limited_ms, standing
from ovtui.records import Cell, Latency, Limits, Percentile

TIED = 0.01
"""Throughputs that differ by less are equal: something else decides."""
_PROBED = 0.03  # what was measured for less long than another must lead by more than this, or it was luck
_CLEAR = {"latency": 0.02, "memory": 0.02}


def limited_in_words(latency: Latency, percentile: Percentile) -> str:
    """`4.72 ms`, `≈4.72 ms (4.1 – 9.2)` where it is weak; of a sample with nothing beyond it, the slowest."""
    text = f"{_short(limited_ms(latency, percentile))} ms"
    if getattr(latency, percentile) is None:
        return f"{text} at most (too few inferences for {percentile})"
    if percentile not in latency.weak:
        return text
    return f"{formatting.WEAK}{text} ({formatting.between(latency.ci95.get(percentile))})"


def keeps(cell: Cell, limits: Limits) -> bool:
    """Whether a measured cell keeps the limits, or a weak percentile leaves it open; what is not known keeps none."""
    if cell.throughput_fps is None or not _has_room(cell, limits):
        return False
    return limits.latency_ms is None or _standing(cell, limits) != "broken"


def is_doubtful(cell: Cell, limits: Limits) -> bool:
    """Whether a weak percentile leaves open if a measured cell keeps the latency limit."""
    return limits.latency_ms is not None and keeps(cell, limits) and _standing(cell, limits) == "doubtful"


def uncertainty(cell: Cell, limits: Limits) -> str:
    """What is open about the latency of a cell that keeps the limits, in words; nothing where nothing is."""
    if cell.latency_ms is None or not is_doubtful(cell, limits):
        return ""
    between = formatting.between(cell.latency_ms.ci95.get(limits.percentile))
    return f"{limits.percentile} may miss the limit (95 % CI {between} ms), measure it longer"


def able(cells: Iterable[Cell], limits: Limits) -> list[Cell]:
    """Those that keep the limits; those whose weak percentile is above the limit only where there are no others."""
    found = [cell for cell in cells if keeps(cell, limits)]
    return [cell for cell in found if excess(cell, limits) <= 1] or found


def excess(cell: Cell, limits: Limits) -> float:
    """The cell's latency or memory over its limit, the worse of them; 0 without limits, infinite if not known."""
    ratios = [0.0]
    if limits.latency_ms is not None:
        latency = None if cell.latency_ms is None else limited_ms(cell.latency_ms, limits.percentile)
        ratios.append(_over(latency, limits.latency_ms))
    if limits.memory_mb is not None:
        ratios.append(_over(cell.peak_rss_mb, limits.memory_mb))
    return max(ratios)


def best(cells: Iterable[Cell], limits: Limits) -> Cell | None:
    """The highest throughput within the limits; of those within 1 % of it the lowest latency, then the least memory.

    What took part in fewer rounds of the race than others is taken at 97 % of its throughput: it was measured for less
    long, at a time of its own, and the highest of many short measurements is high by luck. None: nothing keeps them.
    """
    within = able(cells, limits)
    if not within:
        return None
    rounds = max(cell.rounds for cell in within)
    worth = [_fps(cell) * (1 if cell.rounds == rounds else 1 - _PROBED) for cell in within]
    top = max(worth)
    tied = [cell for cell, value in zip(within, worth, strict=True) if value >= top * (1 - TIED)]
    return min(tied, key=lambda cell: (*thrift(cell), order(cell.setting)))


def thrift(cell: Cell) -> tuple[float, float]:
    """What decides between equals, lower first: median latency (the mean if that is not known), then memory."""
    latency = cell.latency_ms
    typical = math.inf if latency is None else latency.mean if latency.p50 is None else latency.p50
    return typical, math.inf if cell.peak_rss_mb is None else cell.peak_rss_mb


def sweet_spot(
    cells: Iterable[Cell], limit_ms: float | None, percentile: Percentile = "p50", memory_mb: float | None = None
) -> Cell | None:
    """The best cell whose latency is at most `limit_ms`, and whose memory at most `memory_mb`."""
    return best(cells, Limits(latency_ms=limit_ms, percentile=percentile, memory_mb=memory_mb))


def pareto(cells: Iterable[Cell]) -> list[Cell]:
    """Those that no other clearly beats on throughput, latency and memory; by latency, the lowest first.

    Latency is p99 where all have it, else p50, else the mean. Memory counts where both have it. A cell is beaten by
    one that is clearly better in something and clearly worse in nothing; clearly: by more than 1 % of throughput or
    2 % of the others, and not with overlapping confidence intervals. So of a row of equals the thriftiest is left.
    """
    known = [cell for cell in cells if cell.throughput_fps is not None and cell.latency_ms is not None]
    name = next(
        (name for name in ("p99", "p50") if all(getattr(c.latency_ms, name) is not None for c in known)), "mean"
    )
    front = [cell for cell in known if not any(_beats(other, cell, name) for other in known)]
    if known and not front:  # with three criteria and doubt, each may be beaten by another
        front = [cell for cell in (best(known, Limits()),) if cell is not None]
    return sorted(front, key=lambda cell: (_latency(cell, name), order(cell.setting)))


def nearest_miss(cells: Sequence[Cell], limits: Limits) -> str:
    """One sentence for when nothing keeps the limits: which ones, and what comes nearest."""
    wanted = []
    if limits.latency_ms is not None:
        wanted.append(f"{limits.percentile} ≤ {_short(limits.latency_ms)} ms")
    if limits.memory_mb is not None:
        wanted.append(f"memory ≤ {_short(limits.memory_mb)} MB")
    nothing = f"Nothing keeps {' and '.join(wanted)}"
    near = min(
        (cell for cell in cells if cell.throughput_fps is not None and excess(cell, limits) < math.inf),
        key=lambda cell: (excess(cell, limits), order(cell.setting)),
        default=None,
    )
    if near is None:
        return f"{nothing}: nothing could be measured."
    reached = []
    if limits.latency_ms is not None and near.latency_ms is not None:
        reached.append(limited_in_words(near.latency_ms, limits.percentile))
    if limits.memory_mb is not None and near.peak_rss_mb is not None:
        reached.append(f"{_short(near.peak_rss_mb)} MB")
    return f"{nothing}; the nearest is {formatting.setting(near.setting)} with {' and '.join(reached)}."


def _beats(a: Cell, b: Cell, latency: str) -> bool:
    verdicts = [_higher(a, b) - _higher(b, a), _quicker(a, b, latency) - _quicker(b, a, latency)]
    if a.peak_rss_mb is not None and b.peak_rss_mb is not None:
        margin = 1 + _CLEAR["memory"]
        verdicts.append((b.peak_rss_mb > margin * a.peak_rss_mb) - (a.peak_rss_mb > margin * b.peak_rss_mb))
    return min(verdicts) >= 0 and max(verdicts) > 0


def _higher(a: Cell, b: Cell) -> bool:
    """Clearly more throughput."""
    assert a.throughput_fps is not None and b.throughput_fps is not None
    low = (a.throughput_fps.ci95 or (a.throughput_fps.mean,))[0]
    high = (b.throughput_fps.ci95 or (b.throughput_fps.mean,))[-1]
    return low > high and _fps(a) > (1 + TIED) * _fps(b)


def _quicker(a: Cell, b: Cell, name: str) -> bool:
    """Clearly less latency."""
    assert a.latency_ms is not None and b.latency_ms is not None
    high = a.latency_ms.ci95.get(name, (_latency(a, name),))[-1]
    low = b.latency_ms.ci95.get(name, (_latency(b, name),))[0]
    return high is not None and high < low and (1 + _CLEAR["latency"]) * _latency(a, name) < _latency(b, name)


def _standing(cell: Cell, limits: Limits) -> Standing:
    if cell.latency_ms is None or limits.latency_ms is None or limits.latency_ms <= 0:
        return "broken"
    return standing(cell.latency_ms, limits.percentile, limits.latency_ms)


def _has_room(cell: Cell, limits: Limits) -> bool:
    return limits.memory_mb is None or _over(cell.peak_rss_mb, limits.memory_mb) <= 1


def _over(value: float | None, limit: float) -> float:
    return math.inf if value is None or limit <= 0 else value / limit


def _latency(cell: Cell, name: str) -> float:
    value: float = getattr(cell.latency_ms, name)
    return value


def _fps(cell: Cell) -> float:
    return cell.throughput_fps.mean if cell.throughput_fps is not None else 0.0


def _short(value: float) -> str:
    """`2`, `3.1`, `12.34`: as `words.number`, without zeros at the end."""
    text = formatting.number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
