"""Counting in turn: a model compiled with counters, which infers when it is told to and says in the end how long each
layer took.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from ovtui.analysis.counters import Reading, from_each, from_running_means
from ovtui.engine.device.counting import Counting
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import LayerTimes, Say, Stopped, Turn
from ovtui.errors import OvtuiError
from ovtui.records import Model, Spec

_WARM_SECONDS = 0.3
_TRIES = 20


def layer_turns(model: Model, spec: Spec, say: Say, orders: Iterable[bytes]) -> None:
    """The whole task: `Stopped` when it stands ready and after each turn, `LayerTimes` when it is asked for them."""
    device = Counting()
    effective = prepare(device, model, spec, say)
    # No more than run side by side: a request that waits for its stream would count the waiting as its own.
    streams = max(1, min(effective.streams or 1, effective.requests))
    on_cpu = all(name.startswith("CPU") for name in effective.execution_devices)
    turns = _Turns(device, streams, on_cpu=on_cpu)
    try:
        turns.infer(_WARM_SECONDS, least=2)
        turns.begin()
        say(Stopped())
        for line in orders:
            seconds = msgspec.json.decode(line, type=Turn).seconds
            if seconds is None:
                say(turns.times())
            else:
                turns.infer(seconds)
                say(Stopped())
    except FAILURES as error:
        raise OvtuiError(f"The layers could not be counted: {reason(error)}") from error


class _Turns:
    """Inferences in turns, and the readings of the counters before and after all of them.

    Other devices than the CPU tell of the last inference only: there, each is read.
    """

    def __init__(self, device: Counting, streams: int, *, on_cpu: bool) -> None:
        self._device, self._streams, self._on_cpu = device, streams, on_cpu
        self._done = 1.0 / streams  # one of the streams has inferred once, to try it
        self._readings: list[Reading] = []
        self._latencies: list[float] = []
        self._infos: list[Any] = []

    def infer(self, seconds: float, least: int = 1) -> None:
        """For so long, and so many times at least."""
        until, rounds = time.monotonic() + seconds, 0
        while rounds < least or time.monotonic() < until:
            self._round()
            rounds += 1

    def begin(self) -> None:
        """What was inferred so far was for warming up."""
        self._readings.clear()
        if self._on_cpu:
            self._read()
        self._latencies.clear()

    def times(self) -> LayerTimes:
        """Of all turns since."""
        if self._on_cpu:
            self._read()
            times = from_running_means([self._readings[0], self._readings[-1]])
        else:
            times = from_each(self._readings)
        return LayerTimes(
            names=tuple(str(info.node_name) for info in self._infos),
            times_us=tuple(round(float(each), 3) for each in times.mean_us),
            inferences=len(self._latencies),
            latency_us=float(np.mean(self._latencies)),
            median_us=float(np.median(self._latencies)),
        )

    def _round(self) -> None:
        """Each stream infers once."""
        self._latencies += self._device.together(self._streams)
        self._done += 1
        if not self._on_cpu:
            self._read()

    def _read(self) -> None:
        """The mean of all streams' counters.

        A CPU counts for each stream. Two requests with the same counters ran on the same stream, one after the other:
        then they run once more.
        """
        for _ in range(_TRIES):
            infos = [self._device.counters(request) for request in range(self._streams)]
            rows = np.array([[info.real_time.total_seconds() for info in each] for each in infos]) * 1e6
            if not self._on_cpu or len({row.tobytes() for row in rows}) == self._streams:
                break
            self._latencies += self._device.together(self._streams)
            self._done += 1
        self._readings.append(Reading(self._done, rows.mean(axis=0)))
        self._infos = infos[0]
