"""The answer of a search for the highest arrival rate, from the rates that were tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ovtui.records import Limits, RatePoint

_VERDICTS = {
    None: "missed",
    "misses": "missed",
    "backlog": "backlog grew",
    "capacity": "near capacity",
    "service times": "too close",
}


def highest_kept(loads: Sequence[RatePoint]) -> RatePoint | None:
    """The load of the highest rate that kept the limit, below each that missed it: the answer.

    What keeps a limit that a lower rate missed was lucky with its moment.
    """
    below = _lowest_missed(loads)
    return max((load for load in loads if load.kept and load.rate < below), key=lambda load: load.rate, default=None)


def lucky(loads: Sequence[RatePoint]) -> list[RatePoint]:
    """Those that kept a limit which a lower rate missed, lowest first."""
    above = _lowest_missed(loads)
    return sorted((load for load in loads if load.kept and load.rate > above), key=lambda load: load.rate)


def none_keeps(loads: Sequence[RatePoint], limit: str) -> str:
    """That there is no answer, in words, without a full stop; the same wherever it is said."""
    return f"No rate that was tried keeps {limit}{' without a lower one that misses it' if lucky(loads) else ''}"


def verdict(load: RatePoint) -> str:
    """Whether a rate keeps the limit, in a word or two; empty while that is not known."""
    return "" if load.kept is None else "kept" if load.kept else _VERDICTS[load.ground]


def remarks(
    loads: Sequence[RatePoint],
    limits: Limits,
    *,
    bound: Literal["services", "turns"] | None,
    capacity: float,
    seconds: float,
) -> list[str]:
    """What a reader must know of the answer: why there is none, what holds it down, how sure it is.

    `bound`: what keeps it below what service times suggest; `capacity`: arrivals per second; `seconds`: of the search.
    """
    found = highest_kept(loads)
    longer = f"search longer with -t {math.ceil(4 * seconds):g}"
    if found is None:
        lowest = min(loads, key=lambda load: load.rate)
        text = f"{none_keeps(loads, 'the limit')}; the lowest, {lowest.rate:.4g}/s, misses it with "
        return [f"{text}{(lowest.missed or 0) * 100:.2g} % of its arrivals."]
    told = []
    if bound == "services":
        told.append(f"Service times vary too much for a higher answer in {seconds:g} s: {longer}.")
    elif bound == "turns":
        told.append(
            f"Rates nearer to the capacity of {capacity:.4g}/s take longer turns than {seconds:g} s allow: {longer}."
        )
    high = 1.0 if found.missed_ci95 is None else found.missed_ci95[1]
    allowed = 1 - float(limits.percentile[1:]) / 100
    if high > 3 * allowed and allowed < 0.2:
        told.append(
            f"{found.rate:.4g}/s rests on service times: its turns alone allow misses of up to {high * 100:.2g} %; "
            f"{longer}, or measure it with --mode server --rate {found.rate:.4g}."
        )
    return told


def _lowest_missed(loads: Sequence[RatePoint]) -> float:
    return min((load.rate for load in loads if load.kept is False), default=math.inf)
