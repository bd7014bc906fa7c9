"""The race of the best: rounds of a second in turn, until it is clear which is quickest, or that it does not matter.

A round measures every contestant once, in random order, so that the machine's weather is the same for all of them and
only differences within a round count.
"""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from ovtui.analysis.exploration import selection
from ovtui.records import Cell, Limits, Setting

CONTESTANTS = 6
FEWEST_ROUNDS = 3
MOST_ROUNDS = 10
_CLOSE = 0.06  # behind the best by more than a probe can be wrong: no contestant
_OUTDONE = 0.015  # by how much one that also costs less must have been quicker
_CLEARLY = 2.6  # standard errors of a difference
_HARDLY = 1.28  # standard errors: one chance in ten
_WELL_KNOWN = 0.0125  # standard error of a difference that is called none
_LEAST_SPREAD = 0.005  # of differences: three rounds may agree by luck

Key = TypeVar("Key", bound=Hashable)


def contestants(cells: Sequence[Cell], limits: Limits) -> list[Setting]:
    """The settings that a probe cannot tell from the best that keeps the limits, at most six, the best first.

    None, when nothing keeps the limits or nothing comes close to the best: there is no race.
    """
    able = sorted(selection.able(cells, limits), key=_fps, reverse=True)
    close = [cell for cell in able if _fps(cell) >= (1 - _CLOSE) * _fps(able[0])]
    worth = [cell.setting for cell in close if not any(_outdone(cell, other) for other in close)]
    return worth[:CONTESTANTS] if len(worth) > 1 else []


def turns(racers: Sequence[Key], seed: int, number: int) -> list[Key]:
    """The order in which round `number` measures them: any order is as likely, and the same seed gives the same ones.

    In a fixed order, whoever comes after a demanding contestant would always find the machine hotter and its caches
    colder than the others do.
    """
    return random.Random(f"{seed}:{number}").sample(racers, len(racers))


def _outdone(cell: Cell, other: Cell) -> bool:
    """Whether another costs less and was quicker as well, by more than little."""
    return selection.thrift(other) < selection.thrift(cell) and _fps(other) >= (1 + _OUTDONE) * _fps(cell)


def drop(rounds: Mapping[Key, Sequence[float]], thrift: Mapping[Key, tuple[float, float]]) -> list[Key]:
    """Who leaves the race after a round: all but one when it is decided.

    `rounds` holds the rates (inputs/s, > 0) of those still in it, by round; one that is a round behind is compared on
    the rounds that all have. `thrift` (`choosing.thrift`: latency, memory) decides between equals, the lower stays.

    From the third round on the quickest leads. Level with it is who is less than 1 % behind, by a difference that is
    known to about that. Out is who
    - is 2.6 standard errors of the paired difference behind, and not level;
    - costs more than another that leads or is level, and is level too, or unlikely to be 1 % ahead in truth;
    - costs less, but is likely more than 1 % behind in truth.
    When only the leader and the thriftiest level with it are left, the latter wins. After ten rounds means decide.
    """
    count = min(map(len, rounds.values()), default=0)
    if len(rounds) < 2 or count < FEWEST_ROUNDS:
        return []
    logs = {key: [math.log(rate) for rate in rates[:count]] for key, rates in rounds.items()}
    leader = max(logs, key=lambda key: sum(logs[key]))
    behind = {key: _behind(logs[leader], rates) for key, rates in logs.items()}
    over = count >= MOST_ROUNDS
    level = [key for key, (gap, error) in behind.items()
             if key == leader or (gap <= selection.TIED and (over or error <= _WELL_KNOWN))]  # fmt: skip
    thriftiest = min(level, key=lambda key: thrift[key])
    gone = []
    for key, (gap, error) in behind.items():
        if key in (leader, thriftiest):
            continue
        if thrift[key] >= thrift[thriftiest]:
            out = key in level or gap + selection.TIED >= _HARDLY * error
        else:
            out = gap - selection.TIED >= error
        if out or over or gap > _CLEARLY * error:
            gone.append(key)
    if set(rounds) - set(gone) == {leader, thriftiest} and leader != thriftiest:
        gone.append(leader)
    return gone


def _behind(leader: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """By how much the logarithms of `other` are lower in the same rounds, and the standard error of that."""
    gaps = [a - b for a, b in zip(leader, other, strict=True)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1))
    return mean, max(spread, _LEAST_SPREAD) / math.sqrt(len(gaps))


def _fps(cell: Cell) -> float:
    return cell.throughput_fps.mean if cell.throughput_fps is not None else 0.0
