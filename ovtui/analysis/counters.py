"""From what a device's counters say to the time of each layer, and between which bounds it lies.

OpenVINO's CPU plugin keeps two integers for each layer (src/plugins/intel_cpu/src/perf_count.h): the sum of all its
executions since the model was compiled, each cut to whole microseconds, and how many there were. It tells their
quotient, cut to whole microseconds again, although its interface speaks of the last inference. So a quotient q after n
executions says that the sum S of the cut times lies in [n·q, n·q + n − 1], and never more than that, however long one
counts. The first executions, which are slow, would stay in the mean for ever: it is taken *between* two readings.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ovtui.records import Layer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CUT_US = 1.0
"""Each execution is cut to whole microseconds: it took up to one more than it is told, always the same or not."""


class Reading(NamedTuple):
    """What the counters said after so many inferences: µs for each layer."""

    inferences: float
    times_us: npt.NDArray[np.float64]


class Times(NamedTuple):
    """µs for each layer: the mean, how far the means of stretches of the pass were from each other (sd), and the
    bounds between which the counters' resolution leaves the mean. A mean of 0 is one that the device does not tell.
    """

    mean_us: npt.NDArray[np.float64]
    spread_us: npt.NDArray[np.float64]
    low_us: npt.NDArray[np.float64]
    high_us: npt.NDArray[np.float64]


def from_running_means(readings: Sequence[Reading]) -> Times:
    """At least two readings, the first one after warming up; between them lie the stretches.

    What rounding adds to the spread is taken out of it. The mean is the middle of the bounds, which are about two
    microseconds apart: one by which each execution is cut, one by which their mean is.
    """
    import numpy as np

    low, high = _bounds(readings)
    mean = np.where(readings[-1].times_us > 0, (low + high) / 2, 0.0)
    if len(readings) < 3:
        return Times(mean, np.zeros_like(mean), low, high)
    rounding = np.mean([
        (a.inferences**2 + b.inferences**2) / (b.inferences - a.inferences) ** 2 / 12
        for a, b in itertools.pairwise(readings)
    ])  # fmt: skip
    variance = _stretches(readings).var(axis=0, ddof=1) - rounding
    return Times(mean, np.sqrt(np.maximum(0.0, variance)), low, high)


def within(times: Times, latency_us: float) -> Times:
    """The same, if layers run one after the other in inferences that take `latency_us` on average.

    They cannot take longer than the inference: where the middles of the bounds do, all means move down alike, as a
    share of what their bounds leave. The bounds stay.
    """
    import numpy as np

    told = times.mean_us > 0
    least, most = times.low_us[told].sum(), times.high_us[told].sum()
    if most <= least or times.mean_us.sum() <= latency_us:
        return times
    part = max(0.0, (latency_us - least) / (most - least))
    moved = times.low_us + min(part, 0.5) * (times.high_us - times.low_us)
    return times._replace(mean_us=np.where(told, np.minimum(times.mean_us, moved), times.mean_us))


def from_each(readings: Sequence[Reading], parts: int = 8) -> Times:
    """Of a device that tells of the last inference, one reading for each."""
    import numpy as np

    times = np.array([reading.times_us for reading in readings])
    means = [part.mean(axis=0) for part in np.array_split(times, min(parts, len(times)))]
    spread = np.std(means, axis=0, ddof=1) if len(means) > 1 else np.zeros(times.shape[1])
    mean = times.mean(axis=0)
    return Times(mean, spread, mean, mean)


def columns(layers: Sequence[Layer], names: Sequence[str]) -> list[int | None]:
    """For each of the layers, the place of its counter among those of such names; None: it has none.

    Names need not be unique: the first layer of a name takes the first counter of that name.
    """
    waiting: dict[str, list[int]] = {}
    for place in range(len(names) - 1, -1, -1):
        waiting.setdefault(names[place], []).append(place)
    return [mine.pop() if (mine := waiting.get(layer.name)) else None for layer in layers]


def _bounds(readings: Sequence[Reading]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The least and the most that the mean between the first and the last reading can be.

    A sum never falls: what an earlier reading says of it at the least holds later on, and the reverse.
    """
    import numpy as np

    counts = np.array([reading.inferences for reading in readings])[:, None]
    quotients = np.array([reading.times_us for reading in readings])
    least = np.maximum.accumulate(counts * quotients, axis=0)
    most = counts * quotients + np.maximum(0.0, counts - 1)
    most = np.minimum.accumulate(most[::-1], axis=0)[::-1]
    between = counts[-1] - counts[0]
    low = np.maximum(0.0, (least[-1] - most[0]) / between)
    high = (most[-1] - least[0]) / between
    # Of a layer that is told to take nothing, also what was before is known: its first executions were not its
    # quickest, so that the later ones are below a microsecond on average as all of them are.
    high = np.where(quotients[-1] == 0, np.minimum(high, most[-1] / counts[-1]), high)
    return low, high + _CUT_US


def _stretches(readings: Sequence[Reading]) -> npt.NDArray[np.float64]:
    """The mean of each stretch between two readings (rows), µs for each layer (columns), as far as it is told."""
    import numpy as np

    return np.array([
        (b.inferences * b.times_us - a.inferences * a.times_us) / (b.inferences - a.inferences)
        for a, b in itertools.pairwise(readings)
    ])  # fmt: skip
