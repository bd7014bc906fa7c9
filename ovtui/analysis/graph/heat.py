"""How hot something is: by the share of the time that it and all hotter ones take together.

Classes of equal width would put four fifths of a real network's nodes into the lowest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

HOTTEST = 4
_BOUNDS = ((0.50, 4), (0.80, 3), (0.95, 2))


def levels(times: Sequence[float | None]) -> list[int]:
    """4 for what makes up the first 50 % of the time, 3 up to 80 %, 2 up to 95 %, 1 for the rest; 0 without time.

    Equal times are equally hot: none of them is in a level that does not have room for all, so that in a row of equals
    nothing stands out.
    """
    found = [0] * len(times)
    timed = [(time, index) for index, time in enumerate(times) if time is not None and time > 0]
    timed.sort(reverse=True)
    total = sum(time for time, _ in timed)
    before = 0.0
    for time, equals in groupby(timed, key=lambda each: each[0]):
        indices = [index for _, index in equals]
        last = before + time * (len(indices) - 1)
        level = next((level for bound, level in _BOUNDS if last < bound * total * (1 - 1e-9)), 1)
        for index in indices:
            found[index] = level
        before = last + time
    return found
