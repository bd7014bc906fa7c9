"""Counting in turn: a model compiled with counters, which infers when it is told to and says in the end how long each
layer took.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.engine.device.counting import Counted, Counting, Rounds
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import LayerTimes, Say, Stopped, Turn
from ovtui.errors import OvtuiError
from ovtui.records import Model, Spec

_WARM_SECONDS = 0.3


def layer_turns(model: Model, spec: Spec, say: Say, orders: Iterable[bytes]) -> None:
    """The whole task: `Stopped` when it stands ready and after each turn, `LayerTimes` when it is asked for them."""
    device = Counting()
    effective = prepare(device, model, spec, say)
    # No more than run side by side: a request that waits for its stream would count the waiting as its own.
    streams = max(1, min(effective.streams or 1, effective.requests))
    on_cpu = all(name.startswith("CPU") for name in effective.execution_devices)
    rounds = Rounds(device, streams, on_cpu=on_cpu)
    try:
        rounds.warm(_WARM_SECONDS)
        rounds.look()
        say(Stopped())
        for line in orders:
            seconds = msgspec.json.decode(line, type=Turn).seconds
            if seconds is None:
                if on_cpu:
                    rounds.look()
                say(_told(rounds.result(None)))
                continue
            until = time.monotonic() + seconds
            rounds.round()
            while time.monotonic() < until:
                rounds.round()
            say(Stopped())
    except FAILURES as error:
        raise OvtuiError(f"The layers could not be counted: {reason(error)}") from error


def _told(counted: Counted) -> LayerTimes:
    return LayerTimes(
        names=tuple(counted.names),
        times_us=_rounded(counted.times.mean_us),
        low_us=_rounded(counted.times.low_us),
        high_us=_rounded(counted.times.high_us),
        inferences=len(counted.latencies),
        latency_us=float(np.mean(counted.latencies)),
        median_us=float(np.median(counted.latencies)),
    )


def _rounded(times: Floats) -> tuple[float, ...]:
    return tuple(round(float(each), 3) for each in times)
