"""Counting in turn: a model compiled with counters, which infers when it is told to and says in the end how long each
layer took.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.engine.device.counting import Counted, Counting, Rounds, arrangement
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import LayerTimes, Say, Stopped
from ovtui.engine.tasks import LayerTimesTask, decode_turn
from ovtui.errors import OvtuiError

_WARM_SECONDS = 0.3


def layer_turns(task: LayerTimesTask, say: Say, turns: Iterable[bytes]) -> None:
    """`Stopped` when it stands ready and after each turn, `LayerTimes` when it is asked for them."""
    device = Counting()
    effective = prepare(device, task.model, task.spec, say)
    arranged = arrangement(task.spec, effective)
    rounds = Rounds(device, arranged.requests, on_cpu=arranged.on_cpu, gathered=arranged.gathered)
    try:
        rounds.warm(_WARM_SECONDS)
        rounds.look()
        say(Stopped())
        for turn in map(decode_turn, turns):
            seconds = turn.seconds
            if seconds is None:
                if arranged.on_cpu:
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
