"""Layers counted in turn: device processes with counters that stand ready, infer in blocks, and are started afresh."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal, NamedTuple

import msgspec

from ovtui.analysis.comparison.attribution import FEWEST, Sides, enough, paired
from ovtui.analysis.comparison.layer_matching import matched
from ovtui.analysis.counters import columns
from ovtui.engine import messages, tasks
from ovtui.engine.device_process import Answer, DeviceProcess, TimedOut, run_memory_limit
from ovtui.engine.jobs.cancel import Cancel
from ovtui.errors import OvtuiError
from ovtui.records import Layer, LayerDifferences, Model, Phase, Profile, Spec
from ovtui.sanitize import plain

_MOST = 12
_BLOCKS = (2, 8)
_BLOCK_S, _SIDE_S = 0.075, 0.6  # of each side in an instance
_READY_S, _BLOCK_LIMIT_S = 600.0, 600.0
_TOO_LONG_S = 60.0

What = Literal["times_us", "low_us", "high_us"]


class Counted(NamedTuple):
    """A side: what is counted, and the profile that its times belong to."""

    model: Model
    spec: Spec
    profile: Profile
    latency_s: float


def is_slow(latencies_s: Sequence[float]) -> bool:
    """Whether the fewest instances take too long, by an inference of each side in seconds.

    In each, a side infers to be tried, to warm up and in each of its blocks.
    """
    return FEWEST * (2 + _BLOCKS[0]) * sum(latencies_s) > _TOO_LONG_S


class Counting:
    """Instances of all sides, counted in turn until the doubt is small."""

    def __init__(
        self, sides: Sequence[Counted], *, log: Path, cancel: Cancel, tell_phase: Callable[[Phase], None]
    ) -> None:
        self._sides, self._log, self._cancel, self._tell_phase = sides, log, cancel, tell_phase
        self._random = random.Random(0)
        self._told: list[list[messages.LayerTimes]] = [[] for _ in sides]
        self._rows = [matched(sides[0].profile, other.profile) for other in sides[1:]]

    def run(self, longest_s: float) -> None:
        """FEWEST instances at least, then until it is enough or the time is over. Raises OvtuiError or Cancelled."""
        begin = time.monotonic()
        for number in range(1, _MOST + 1):
            self._tell_phase(Phase(name="layer-times", instance=number))
            for told, found in zip(self._told, self._instance(), strict=True):
                told.append(found)
            over = time.monotonic() - begin > longest_s
            if number >= FEWEST and (over or all(enough(pair) for pair in self._pairs())):
                break

    def differences(self) -> list[LayerDifferences]:
        """Of each side but the first against it."""
        return [
            paired([(row.place_a, row.place_b) for row in rows], layers)
            for rows, layers in zip(self._rows, self._pairs(), strict=True)
        ]

    def profiles(self) -> list[Profile]:
        """The profiles with the times that were counted in turn; the spread is that between instances."""
        found = []
        for side, told in zip(self._sides, self._told, strict=True):
            bounds = self._of_layers(side, told, "low_us"), self._of_layers(side, told, "high_us")
            layers = tuple(
                layer if each is None else _timed(layer, each, low, high)
                for layer, each, low, high in zip(
                    side.profile.layers, self._of_layers(side, told, "times_us"), *bounds, strict=True
                )
            )
            found.append(
                msgspec.structs.replace(
                    side.profile,
                    layers=layers,
                    inferences=sum(each.inferences for each in told),
                    latency_us=round(fmean(each.latency_us for each in told), 2),
                    median_us=round(fmean(each.median_us for each in told), 2),
                )
            )
        return found

    def _pairs(self) -> list[list[Sides]]:
        """The times of the layers of A and of each other side, as they are matched."""
        times = [self._of_layers(side, told, "times_us") for side, told in zip(self._sides, self._told, strict=True)]
        return [
            [
                Sides(
                    None if row.place_a is None else times[0][row.place_a],
                    None if row.place_b is None else mine[row.place_b],
                )
                for row in rows
            ]
            for rows, mine in zip(self._rows, times[1:], strict=True)
        ]

    def _of_layers(self, side: Counted, told: Sequence[messages.LayerTimes], what: What) -> list[list[float] | None]:
        """Of each layer of the profile, in each instance; None where the profile has no time of it."""
        places = [columns(side.profile.layers, each.names) for each in told]
        found: list[list[float] | None] = []
        for number, layer in enumerate(side.profile.layers):
            if layer.time_us is None:
                found.append(None)
                continue
            mine = [place[number] for place in places]
            if None in mine:
                raise OvtuiError("a side was compiled to other layers than before")
            found.append(
                [getattr(each, what)[place] for each, place in zip(told, mine, strict=True) if place is not None]
            )
        return found

    def _instance(self) -> list[messages.LayerTimes]:
        loaded: dict[int, _Side] = {}
        try:
            # Which one is loaded first may decide where it comes to lie.
            for place in self._random.sample(range(len(self._sides)), len(self._sides)):
                side = self._sides[place]
                loaded[place] = _Side(side.model, side.spec, log=self._log, cancel=self._cancel)
            for side_process in loaded.values():
                side_process.stand_ready()
            slowest = max(_BLOCK_S, *(side.latency_s for side in self._sides))
            for _ in range(min(max(round(_SIDE_S / slowest), _BLOCKS[0]), _BLOCKS[1])):
                for place in self._random.sample(range(len(self._sides)), len(self._sides)):
                    loaded[place].block(_BLOCK_S)
            return [loaded[place].tell() for place in range(len(self._sides))]
        finally:
            for side_process in loaded.values():
                side_process.close()


def _timed(layer: Layer, times: list[float], low: list[float] | None, high: list[float] | None) -> Layer:
    """The layer with the mean of its times, how far instances lie apart, and the mean of the bounds, which bound it."""
    bounded = layer.low_us is not None and low is not None and high is not None
    return msgspec.structs.replace(
        layer,
        time_us=round(fmean(times), 2),
        spread_us=round(stdev(times), 2),
        low_us=round(fmean(low or ()), 2) if bounded else None,
        high_us=round(fmean(high or ()), 2) if bounded else None,
    )


class _Side:
    """A device process with counters. Every step raises OvtuiError or Cancelled."""

    def __init__(self, model: Model, spec: Spec, *, log: Path, cancel: Cancel) -> None:
        self._name, self._cancel = plain(model.name, 60), cancel
        task = tasks.LayerTimesTask(model=model, spec=spec)
        self._device = DeviceProcess(task, log, memory_limit=run_memory_limit())

    def stand_ready(self) -> None:
        self._wait(messages.Stopped, _READY_S)

    def block(self, seconds: float) -> None:
        """Infer for so long, once at least."""
        self._device.go(tasks.Turn(seconds=seconds))
        self._wait(messages.Stopped, _BLOCK_LIMIT_S)

    def tell(self) -> messages.LayerTimes:
        self._device.go(tasks.Turn())
        return self._wait(messages.LayerTimes, _READY_S)

    def close(self) -> None:
        self._device.end()

    def _wait(self, answer: type[Answer], limit_s: float) -> Answer:
        try:
            return self._device.answer(answer, cancelled=self._cancel.is_asked, limit_s=limit_s)
        except TimedOut as error:
            raise OvtuiError(f"{self._name} did not end its turn within {limit_s:.0f} s.") from error
