"""Counting in turn: a model compiled with counters, which infers when it is told to and says in the end how long each
layer took.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import numpy as np

from ovtui.analysis.counters import Reading, from_each, from_running_means
from ovtui.engine.device.counting import WARM_SECONDS, Counting, look
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import LayerTimes, Say, Stopped, Turn
from ovtui.errors import OvtuiError
from ovtui.records import Model, Spec


def layer_turns(model: Model, spec: Spec, say: Say, orders: Iterable[bytes]) -> None:
    """The whole task: `Stopped` when it stands ready and after each turn, `LayerTimes` when it is asked for them."""
    device = Counting()
    effective = prepare(device, model, spec, say)
    streams = max(1, min(effective.streams or 1, effective.requests))
    on_cpu = all(name.startswith("CPU") for name in effective.execution_devices)
    readings: list[Reading] = []
    latencies: list[float] = []
    try:
        done = 1.0 / streams  # one of the streams has inferred once, to try it
        begin = time.monotonic()
        while time.monotonic() - begin < WARM_SECONDS or done < 2:
            device.together(streams)
            done += 1
        done, infos = look(device, streams, done, readings, [], distinct=on_cpu)
        say(Stopped())
        for line in orders:
            seconds = msgspec.json.decode(line, type=Turn).seconds
            if seconds is None:
                if on_cpu:
                    done, infos = look(device, streams, done, readings, latencies, distinct=True)
                times = from_running_means([readings[0], readings[-1]]) if on_cpu else from_each(readings[1:])
                say(
                    LayerTimes(
                        names=tuple(str(info.node_name) for info in infos),
                        times_us=tuple(round(float(each), 3) for each in times.mean_us),
                        inferences=len(latencies),
                        latency_us=float(np.mean(latencies)),
                        median_us=float(np.median(latencies)),
                    )
                )
                continue
            until = time.monotonic() + seconds
            while True:
                latencies += device.together(streams)
                done += 1
                if not on_cpu:
                    done, infos = look(device, streams, done, readings, latencies, distinct=False)
                if time.monotonic() >= until:
                    break
            say(Stopped())
    except FAILURES as error:
        raise OvtuiError(f"The layers could not be counted: {reason(error)}") from error
