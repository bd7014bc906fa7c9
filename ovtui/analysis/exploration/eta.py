"""How long an exploration will still take, learnt from what ran."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ovtui.analysis.exploration.race import CONTESTANTS, FEWEST_ROUNDS
from ovtui.records import Setting

_EXTRAPOLATED = 4.0  # no setting is predicted to cost more than this times the dearest one so far
_STIFFNESS = 0.3  # how firmly a cost is held to be the same everywhere until shown otherwise, in observations
_STARTS = 4  # probes that a search begins with
_TYPICAL_ROUNDS = FEWEST_ROUNDS + 2


def predicted(costs: Mapping[Setting, float], asked: Sequence[Setting]) -> list[float]:
    """Seconds for each setting asked, after what others cost (s, > 0); empty when nothing is known.

    The logarithm is linear in those of batch and streams, by least squares with a penalty on the slopes (ridge), since
    the first few settings say little about them; never beyond four times what was seen.
    """
    if not costs:
        return []
    places = _places(list(costs))
    logs = np.log(np.maximum(list(costs.values()), 1e-3))
    middle, level = places.mean(axis=0), logs.mean()
    centred = places - middle
    slopes = np.linalg.solve(centred.T @ centred + _STIFFNESS * np.eye(2), centred.T @ (logs - level))
    found = level + (_places(asked) - middle) @ slopes
    bounds = logs.min() - math.log(_EXTRAPOLATED), logs.max() + math.log(_EXTRAPOLATED)
    return [float(value) for value in np.exp(np.clip(found, *bounds))]


def cells_left(open_settings: Sequence[Setting], costs: Mapping[Setting, float]) -> float | None:
    """Seconds to measure each of the open settings; None while nothing ran."""
    if not open_settings:
        return 0.0
    return sum(predicted(costs, open_settings)) if costs else None


def search_left(
    open_settings: Sequence[Setting],
    costs: Mapping[Setting, float],
    *,
    turn_s: float,
    racing: Sequence[int] | None = None,
) -> float | None:
    """Seconds that a search still takes: the probes that it usually needs, then a race of turns of `turn_s`.

    `racing`: the rounds of each that is still in the race; None before it. None while nothing ran.
    """
    if racing is not None:
        return race_left(racing, turn_s)
    if not costs:
        return None
    probed, points = len(costs), len(costs) + len(open_settings)
    more = min(max(typical_probes(points) - probed, 1), len(open_settings))
    each = sum(predicted(costs, open_settings)) / len(open_settings) if open_settings else 0.0
    return more * each + race_left([0] * min(CONTESTANTS // 2, points), turn_s)


def typical_probes(points: int) -> int:
    """Probes that a search of so many settings takes: 10 of 32, as simulated."""
    return min(points, round(_STARTS + 1.2 * math.log2(max(points, 1))))


def race_left(rounds: Sequence[int], turn_s: float) -> float:
    """Seconds for those in the race: five rounds in all, and always one more while it is not decided."""
    if len(rounds) < 2:
        return 0.0
    return turn_s * sum(max(_TYPICAL_ROUNDS - done, 1) for done in rounds)


def _places(points: Sequence[Setting]) -> np.ndarray:
    return np.array([[math.log2(point.batch), math.log2(point.streams)] for point in points], np.float64).reshape(-1, 2)
