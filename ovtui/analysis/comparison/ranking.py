"""More than two recorded runs: ranked by speed, with the runs that cannot be told apart from the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ovtui import formatting
from ovtui.analysis.comparison.margins import DIFFERENT, around
from ovtui.analysis.comparison.unpaired import Basis, Scatter, figure, half_width, speed, wanted
from ovtui.records import Criterion, Run

ALIKE = "≈"


class Place(NamedTuple):
    """A run in the table. A run without the figure has no rank and comes last."""

    place: int  # in the runs as they were given
    rank: int | None
    figure: float | None  # FPS, or ms where it is by median latency
    ci95: tuple[float, float] | None  # of the figure
    ratio: float | None  # its speed over the best's: 1 or less
    ratio_ci95: tuple[float, float] | None  # None for the best one too
    alike: bool  # it cannot be told apart from the best; the best itself included

    @property
    def mark(self) -> str:
        """`1`, `2 ≈`, `3`; a dash without a rank."""
        if self.rank is None:
            return formatting.NOTHING
        return f"{self.rank} {ALIKE}" if self.alike and self.rank > 1 else str(self.rank)


class Ranking(NamedTuple):
    """The table, best first. `by` is None where the runs have nothing in common to be judged by."""

    by: Basis | None
    places: tuple[Place, ...]


def ranking(runs: Sequence[Run], scatter: Scatter | None = None, criterion: Criterion | None = None) -> Ranking:
    """Any number of runs; `scatter` between runs of one spec as history knows it.

    Set apart from the best are runs that are surely more than 1 % slower, each at a level of 1 − 5 %/(n−1): of so many
    comparisons one would otherwise err (Bonferroni). The intervals that are shown are at 95 %.
    """
    by = wanted(runs, criterion)
    speeds = [speed(run, by) if by is not None else None for run in runs]
    known = [(place, found) for place, found in enumerate(speeds) if found is not None]
    known.sort(key=lambda each: (-each[1].ln, math.inf if each[1].error is None else each[1].error))
    level = 1 - 0.05 / max(1, len(known) - 1)
    places = []
    for rank, (place, own) in enumerate(known, 1):
        best = known[0][1]
        shown, apart = (half_width(best, own, scatter, at) for at in (0.95, level))
        ln_ratio = own.ln - best.ln
        places.append(
            Place(
                place=place,
                rank=rank,
                figure=None if by is None else figure(runs[place], by),
                ci95=_interval(runs[place], by),
                ratio=math.exp(ln_ratio),
                ratio_ci95=None if rank == 1 or shown is None else around(ln_ratio, shown),
                alike=rank == 1 or apart is None or -ln_ratio - apart <= DIFFERENT,
            )
        )
    rest = [Place(place, None, None, None, None, None, False) for place, found in enumerate(speeds) if found is None]
    return Ranking(by, (*places, *rest))


def sentence(found: Ranking) -> str:
    """How many share the first place."""
    ranked = [each for each in found.places if each.rank is not None]
    alike = sum(each.alike for each in ranked) - 1
    if found.by is None and found.places:
        return "Servers at different rates have no speed that could be ranked: compare their latencies."
    if len(ranked) < 2:
        return "There are too few results to rank."
    if not alike:
        return f"The best is faster than all {len(ranked) - 1:,} others." if len(ranked) > 2 else "The best is faster."
    others = "one other" if alike == 1 else f"{alike:,} others"
    return f"The best cannot be told apart from {others} ({ALIKE})."


def _interval(run: Run, by: Basis | None) -> tuple[float, float] | None:
    if run.result is None:
        return None
    return run.result.latency_ms.interval("p50") if by == "p50" else run.result.throughput_fps.ci95
