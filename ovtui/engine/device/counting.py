"""The pass with counters: requests that infer side by side, and what the counters say of it."""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple

import numpy as np

from ovtui.analysis.counters import Reading, Times, from_each, from_running_means
from ovtui.engine.device.operations import graph
from ovtui.engine.device.queue import Queue
from ovtui.records import LayerStatus, Operation

_SECONDS = 2.0
_MOST_SECONDS = 20.0  # for models that need longer for the fewest
_WARM_SECONDS = 0.3
_STRETCHES, _FEWEST = 8, 3
_TRIES = 20

_PART = re.compile(r"subgraph(?P<part>\d+): (?P<name>.*)", re.DOTALL)
_STATUS: dict[str, LayerStatus] = {"EXECUTED": "executed", "OPTIMIZED_OUT": "optimized_out"}


class Counting(Queue):
    """Compiled with counters; requests that are started and waited for one by one."""

    def compile(self, device: str, properties: dict[str, str]) -> None:
        super().compile(device, properties | {"PERF_COUNT": "YES"})

    def create(self, requests: int) -> None:
        self._queue = [self._compiled.create_infer_request() for _ in range(requests)]

    def executed(self) -> list[Any]:
        """The nodes of the executed graph, in topological order."""
        found: list[Any] = self._compiled.get_runtime_model().get_ordered_ops()
        return found

    def original(self, *, gathered: bool = False) -> tuple[Operation, ...]:
        """The model's own graph; `gathered`: at the shapes that the device made of several requests."""
        if not gathered:
            return graph(self._model)
        executed = {
            str(port.get_node().get_friendly_name()): port.get_partial_shape()
            for port in self._compiled.get_runtime_model().inputs
        }
        model = self._model.clone()
        model.reshape(
            {
                index: executed.get(port.get_node().get_friendly_name(), port.get_partial_shape())
                for index, port in enumerate(model.inputs)
            }
        )
        return graph(model)

    def together(self, count: int) -> list[float]:
        """Let as many requests infer at the same time; the latency of each in µs."""
        requests = self._queue[:count]
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()
        return [request.latency * 1000 for request in requests]

    def counters(self, request: int) -> list[Any]:
        """What is told of the stream that a request ran on last."""
        found: list[Any] = self._queue[request].profiling_info
        return found


class Counted(NamedTuple):
    """What the counters said of the pass."""

    latencies: list[float]  # µs
    names: list[str]
    statuses: list[LayerStatus]
    times: Times
    parts: list[int]  # of each name: which of the models one after the other, that HETERO made of one


def count(device: Counting, streams: int, *, on_cpu: bool, gathered: bool = False) -> Counted:
    """Warm up, then infer for some stretches, and read the counters after each; on others than the CPU, always.

    `gathered`: the device makes one inference of several requests, which then have the same counters.
    """
    done = 1.0 / streams  # one of the streams has inferred once, to try it
    begin = time.monotonic()
    while time.monotonic() - begin < _WARM_SECONDS or done < 2:
        device.together(streams)
        done += 1
    readings: list[Reading] = []
    latencies: list[float] = []
    done, infos = _look(device, streams, done, readings, latencies, distinct=on_cpu and not gathered)
    begin = time.monotonic()
    for stretch in range(1, _STRETCHES + 1):
        until = begin + stretch * _SECONDS / _STRETCHES
        while True:
            latencies += device.together(streams)
            done += 1
            if not on_cpu:
                done, infos = _look(device, streams, done, readings, latencies, distinct=False)
            if time.monotonic() >= until:
                break
        if on_cpu:
            done, infos = _look(device, streams, done, readings, latencies, distinct=not gathered)
        if time.monotonic() - begin > _MOST_SECONDS and stretch >= _FEWEST:
            break
    times = from_running_means(readings) if on_cpu else from_each(readings[1:])
    parts, names = in_parts([str(info.node_name) for info in infos])
    return Counted(
        latencies=latencies,
        names=names,
        statuses=[_STATUS.get(info.status.name, "not_run") for info in infos],
        times=times,
        parts=parts,
    )


def in_parts(names: list[str]) -> tuple[list[int], list[str]]:
    """HETERO names the counters of its models `subgraph0: …`: their numbers, and the names as the graph has them.

    Where a single one has no such beginning, they are names.
    """
    found = [_PART.fullmatch(name) for name in names]
    whole = [each for each in found if each is not None]
    if len(whole) < len(names):
        return [0] * len(names), names
    return [int(each["part"]) for each in whole], [each["name"] for each in whole]


def _look(
    device: Counting, streams: int, done: float, readings: list[Reading], latencies: list[float], *, distinct: bool
) -> tuple[float, list[Any]]:
    """Read the counters of all streams and keep their mean; the inferences done, and the counters of one.

    Each stream counts for itself. Two requests with the same counters ran on the same stream, one after the other:
    then (`distinct`) they run once more.
    """
    for _ in range(_TRIES):
        infos = [device.counters(request) for request in range(streams)]
        rows = np.array([[info.real_time.total_seconds() for info in each] for each in infos]) * 1e6
        if not distinct or len({row.tobytes() for row in rows}) == streams:
            break
        latencies += device.together(streams)
        done += 1
    readings.append(Reading(done, rows.mean(axis=0)))
    return done, infos[0]
