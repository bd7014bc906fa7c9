"""From what a device's counters say to the time of each layer.

OpenVINO's CPU plugin tells for each layer the mean of all its executions since the model was compiled, in whole
microseconds, although its interface speaks of the last inference. The first executions, which are slow, would stay in
it for ever: so the mean is taken *between* two readings, from how much it moved.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ovtui.records import Layer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_LOST_US = 1.0
"""Each execution is cut to whole microseconds, and their mean again: half of one on average, each time."""


class Reading(NamedTuple):
    """What the counters said after so many inferences: µs for each layer."""

    inferences: float
    times_us: npt.NDArray[np.float64]


class Times(NamedTuple):
    """µs for each layer: the mean, and how far the means of stretches of the pass were from each other (sd)."""

    mean_us: npt.NDArray[np.float64]
    spread_us: npt.NDArray[np.float64]


def from_running_means(readings: Sequence[Reading]) -> Times:
    """At least two readings, the first one after warming up; between them lie the stretches.

    The resolution of the mean is about a microsecond; what rounding adds to the spread is taken out of it.
    """
    import numpy as np

    first, last = readings[0], readings[-1]
    mean = _between(first, last)
    if len(readings) < 3:
        return Times(mean, np.zeros_like(mean))
    rounding = np.mean([
        (a.inferences**2 + b.inferences**2) / (b.inferences - a.inferences) ** 2 / 12
        for a, b in itertools.pairwise(readings)
    ])  # fmt: skip
    variance = stretches(readings).var(axis=0, ddof=1) - rounding
    return Times(mean, np.sqrt(np.maximum(0.0, variance)))


def stretches(readings: Sequence[Reading]) -> npt.NDArray[np.float64]:
    """Running means: the mean of each stretch between two readings (rows), µs for each layer (columns)."""
    import numpy as np

    return np.array([_between(a, b) for a, b in itertools.pairwise(readings)])


def from_each(readings: Sequence[Reading], parts: int = 8) -> Times:
    """Of a device that tells of the last inference, one reading for each."""
    import numpy as np

    times = np.array([reading.times_us for reading in readings])
    means = [part.mean(axis=0) for part in np.array_split(times, min(parts, len(times)))]
    spread = np.std(means, axis=0, ddof=1) if len(means) > 1 else np.zeros(times.shape[1])
    return Times(times.mean(axis=0), spread)


def columns(layers: Sequence[Layer], names: Sequence[str]) -> list[int | None]:
    """For each of the layers, the place of its counter among those of such names; None: it has none.

    Names need not be unique: the first layer of a name takes the first counter of that name.
    """
    waiting: dict[str, list[int]] = {}
    for place in range(len(names) - 1, -1, -1):
        waiting.setdefault(names[place], []).append(place)
    return [mine.pop() if (mine := waiting.get(layer.name)) else None for layer in layers]


def _between(a: Reading, b: Reading) -> npt.NDArray[np.float64]:
    import numpy as np

    moved = (b.inferences * b.times_us - a.inferences * a.times_us) / (b.inferences - a.inferences)
    # A layer that always took less than a microsecond stays at nothing: there is no telling how much it took.
    return np.where(b.times_us > 0, np.maximum(0.0, moved + _LOST_US), 0.0)
