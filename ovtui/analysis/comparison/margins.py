"""How much counts: from when on two are called different, and until when they are called the same."""

from __future__ import annotations

import math

from ovtui.records import Verdict

DIFFERENT = math.log(1.01)
"""ln of the speed ratio: a difference of less than 1 % is of no interest, even when it is certain."""
SAME = math.log(1.02)
"""ln of the speed ratio: what certainly differs by less than 2 % is the same to those who ask."""


def judge(ln_ratio: float, different: float, same: float) -> Verdict:
    """From the ln of B's speed over A's and the half-widths of two confidence intervals around it.

    Faster or slower when the first one lies wholly beyond ±1 %; else the same when the second one lies within ±2 %, an
    equivalence test (D. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987); else undecided.
    """
    if abs(ln_ratio) - different > DIFFERENT:
        return "faster" if ln_ratio > 0 else "slower"
    return "same" if abs(ln_ratio) + same < SAME else "undecided"


def around(ln_ratio: float, half_width: float) -> tuple[float, float]:
    """The interval, as ratios."""
    return _exp(ln_ratio - half_width), _exp(ln_ratio + half_width)


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))
