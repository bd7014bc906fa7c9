"""The pass with counters: requests that infer side by side, what the counters say of it, and what counting costs."""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import psutil

from ovtui.analysis.alternating import FEWEST as FEWEST_PAIRS
from ovtui.analysis.alternating import Cost, cost
from ovtui.analysis.counters import Reading, Times, from_each, from_running_means, within
from ovtui.engine import memory
from ovtui.engine.device.operations import graph
from ovtui.engine.device.properties import gathered_requests
from ovtui.engine.device.queue import Queue
from ovtui.engine.device.reason import FAILURES
from ovtui.errors import OvtuiError
from ovtui.records import Effective, LayerStatus, Operation, Spec
from ovtui.sanitize import plain

_SECONDS = 2.4  # counted and uncounted together
_MOST_SECONDS = 20.0  # for models that need longer for the fewest
_WARM_SECONDS = 0.2
_WARM_COUNTED_SECONDS = 0.05  # of it: what was counted before the first reading widens the bounds of each layer
_STRETCHES, _FEWEST = 8, 3
_TRIES = 20
_PAIRED_SECONDS = 10.0  # the longest that the fewest pairs may take, counted and uncounted
_BLOCK_SECONDS = 0.012
_BLOCK_FEWEST = 2  # the first of a block meets the caches of the other way, and is not compared
_EMPTY_SECONDS = 0.05
_LONG_COMPILE_S = 10.0

_PART = re.compile(r"subgraph(?P<part>\d+): (?P<name>.*)", re.DOTALL)
_STATUS: dict[str, LayerStatus] = {"EXECUTED": "executed", "OPTIMIZED_OUT": "optimized_out"}


class Counter(Protocol):
    """What the pass asks of a device."""

    def together(self, count: int) -> list[float]: ...
    def uncounted(self, count: int) -> list[float]: ...
    def open_uncounted(self, count: int) -> bool: ...
    def counters(self, request: int) -> list[Any]: ...


class Counting(Queue):
    """Compiled with counters, and for comparison without; requests that are started and waited for one by one."""

    def compile(self, device: str, properties: dict[str, str]) -> None:
        self._device, self._properties = device, properties
        before, begin = _rss(), time.monotonic()
        super().compile(device, properties | {"PERF_COUNT": "YES"})
        self._compile_s = time.monotonic() - begin
        self._before_bytes = before

    def create(self, requests: int, *, reset: bool) -> None:
        self._queue = [self._compiled.create_infer_request() for _ in range(requests)]
        self._reset = reset

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
        """Let as many requests infer at the same time; the latency of each in µs, as OpenVINO takes it."""
        return _together(self._queue[:count], reset=self._reset)

    def open_uncounted(self, count: int) -> bool:
        """Compile it again without counters; False where that takes too long, or memory that is not there.

        Two compiled models do not share their weights where the device keeps them in a layout of its own.
        """
        taken = _rss() - self._before_bytes
        free = memory.available()
        if self._compile_s > _LONG_COMPILE_S or _rss() + 1.2 * taken > 0.8 * (free + _rss()):
            return False
        try:
            compiled = self._core.compile_model(self._model, self._device, self._properties | {"PERF_COUNT": "NO"})
            self._plain = [compiled.create_infer_request() for _ in range(count)]
            for plain, counted in zip(self._plain, self._queue, strict=False):
                for index in range(len(compiled.inputs)):
                    plain.set_input_tensor(index, counted.get_input_tensor(index))
            self.uncounted(count)
        except FAILURES:
            return False
        return True

    def uncounted(self, count: int) -> list[float]:
        """The same as `together`, without counters."""
        return _together(self._plain[:count], reset=self._reset)

    def empty_us(self, count: int) -> float | None:
        """The median latency of a model of a single element, asked in the same way; None where the device refuses."""
        op = self._ov.opset13
        x = op.parameter([1], np.float32)
        settings = {key: value for key, value in self._properties.items() if key != "CACHE_DIR"}
        try:
            compiled = self._core.compile_model(self._ov.Model([op.relu(x)], [x]), self._device, settings)
            requests = [compiled.create_infer_request() for _ in range(count)]
            _warm(lambda: _together(requests), _EMPTY_SECONDS / 2)
            return statistics.median(_warm(lambda: _together(requests), _EMPTY_SECONDS))
        except FAILURES:
            return None

    def counters(self, request: int) -> list[Any]:
        """What is told of the stream that a request ran on last."""
        found: list[Any] = self._queue[request].profiling_info
        return found


def _rss() -> int:
    return int(psutil.Process().memory_info().rss)


def _together(requests: list[Any], *, reset: bool = False) -> list[float]:
    """One alone infers in this thread, as no hand-over to another one is then in its latency."""
    for request in requests if reset else ():
        request.reset_state()
    if len(requests) == 1:
        requests[0].infer(share_outputs=True)
    else:
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()
    return [request.latency * 1000 for request in requests]


def _warm(infer: Callable[[], list[float]], seconds: float) -> list[float]:
    """Infer for so long, and at least once; the latencies."""
    latencies = infer()
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        latencies += infer()
    return latencies


class Counted(NamedTuple):
    """What the counters said of the pass."""

    latencies: list[float]  # µs
    names: list[str]
    statuses: list[LayerStatus]
    times: Times
    parts: list[int]  # of each name: which of the models one after the other, that HETERO made of one
    cost: Cost | None = None  # of counting; None: not compared
    on_cpu: bool = True


class Arrangement(NamedTuple):
    """How a device counts the layers of a spec."""

    streams: int  # that infer side by side
    requests: int  # started at the same time
    on_cpu: bool
    gathered: bool  # the device makes one inference of several requests, which then have the same counters


def arrangement(spec: Spec, effective: Effective) -> Arrangement:
    """OvtuiError where a device that gathers requests had too few of them."""
    # No more than run side by side: a request that waits for its stream would count the waiting as its own.
    streams = max(1, min(effective.streams or 1, effective.requests))
    gathered = gathered_requests(spec.device)
    if gathered is not None and effective.requests < gathered:
        raise OvtuiError(
            f"The layers were not timed: {plain(spec.device)} runs {gathered} requests as one inference, and only "
            f"{effective.requests} were in flight."
        )
    return Arrangement(
        streams=streams,
        requests=streams if gathered is None else effective.requests,
        on_cpu=all(name.strip("()").startswith("CPU") for name in effective.execution_devices),
        gathered=gathered is not None,
    )


def count(device: Counter, streams: int, *, on_cpu: bool, gathered: bool = False) -> Counted:
    """Warm up, then infer for some stretches, and read the counters after each; on others than the CPU, always.

    Within a stretch, blocks of counted and uncounted inferences take turns, unless one takes so long that too few
    blocks would fit. `gathered`: the device makes one inference of several requests, which then have the same counters.
    """
    counted = Rounds(device, streams, on_cpu=on_cpu, gathered=gathered)
    round_s = counted.warm(_WARM_COUNTED_SECONDS)
    most = _PAIRED_SECONDS / (2 * _BLOCK_FEWEST * FEWEST_PAIRS)
    paired = round_s <= most and device.open_uncounted(streams)
    if paired:
        _warm(lambda: device.uncounted(streams), _WARM_SECONDS)
    elif round_s < _WARM_SECONDS:
        counted.warm(_WARM_SECONDS)
    counted.look()
    block = max(_BLOCK_FEWEST, round(_BLOCK_SECONDS / max(round_s, 1e-6))) if paired else 1
    chance = random.Random(0)
    pairs: list[tuple[float, float]] = []
    begin = time.monotonic()
    for stretch in range(1, _STRETCHES + 1):
        until = begin + stretch * _SECONDS / _STRETCHES
        while True:
            if paired:
                pairs.append(_pair(counted, block, counted_first=chance.random() < 0.5))
            else:
                counted.round()
            if time.monotonic() >= until and (stretch < _STRETCHES or len(pairs) >= FEWEST_PAIRS or not paired):
                break
        if on_cpu:
            counted.look()
        spent = time.monotonic() - begin
        if spent > _MOST_SECONDS and (stretch >= _FEWEST or spent > _FEWEST * _MOST_SECONDS):
            break
    return counted.result(cost(pairs))


def _pair(counted: Rounds, block: int, *, counted_first: bool) -> tuple[float, float]:
    """A block of each next to each other: median latencies in µs, uncounted and counted."""
    times = [0.0, 0.0]
    for which in (1, 0) if counted_first else (0, 1):
        infer = counted.round if which else counted.uncounted
        infer()
        times[which] = statistics.median([latency for _ in range(block - 1) for latency in infer()])
    return times[0], times[1]


def in_parts(names: list[str]) -> tuple[list[int], list[str]]:
    """HETERO names the counters of its models `subgraph0: …`: their numbers, and the names as the graph has them.

    Where a single one has no such beginning, they are names.
    """
    found = [_PART.fullmatch(name) for name in names]
    whole = [each for each in found if each is not None]
    if len(whole) < len(names):
        return [0] * len(names), names
    return [int(each["part"]) for each in whole], [each["name"] for each in whole]


class Rounds:
    """The inferences of a pass and the readings between them."""

    def __init__(self, device: Counter, streams: int, *, on_cpu: bool, gathered: bool = False) -> None:
        self._device, self._streams, self._on_cpu = device, streams, on_cpu
        self._distinct = on_cpu and not gathered  # the counters of two requests that ran on two streams
        self._done = 1.0 / streams  # one of the streams has inferred once, to try it
        self._readings: list[Reading] = []
        self._latencies: list[float] = []
        self._infos: list[Any] = []

    def warm(self, seconds: float) -> float:
        """Seconds of a round, once it is warm."""
        begin = time.monotonic()
        while True:
            before = time.monotonic()
            self.round()
            now = time.monotonic()
            if now - begin >= seconds and self._done >= 2:
                break
        self._latencies.clear()
        self._readings.clear()
        return now - before

    def round(self) -> list[float]:
        """Each stream infers once; the latencies."""
        latencies = self._device.together(self._streams)
        self._latencies += latencies
        self._done += 1
        if not self._on_cpu:
            self.look()
        return latencies

    def uncounted(self) -> list[float]:
        return self._device.uncounted(self._streams)

    def look(self) -> None:
        """Read the counters of all streams and keep their mean.

        Each stream counts for itself. Two requests with the same counters ran on the same stream, one after the
        other: on a CPU, whose counters are kept for each stream, they run once more.
        """
        begin = time.monotonic()
        for _ in range(_TRIES):
            infos = [self._device.counters(request) for request in range(self._streams)]
            rows = np.array([[info.real_time.total_seconds() for info in each] for each in infos]) * 1e6
            if not self._distinct or len({row.tobytes() for row in rows}) == self._streams:
                break
            if time.monotonic() - begin > _MOST_SECONDS:  # of a slow model one more would cost minutes
                break
            self._latencies += self._device.together(self._streams)
            self._done += 1
        self._readings.append(Reading(self._done, rows.mean(axis=0)))
        self._infos = infos[0]

    def result(self, counting: Cost | None) -> Counted:
        if self._on_cpu:
            times = within(from_running_means(self._readings), float(np.mean(self._latencies)))
        else:
            times = from_each(self._readings)
        parts, names = in_parts([str(info.node_name) for info in self._infos])
        return Counted(
            latencies=self._latencies,
            names=names,
            parts=parts,
            statuses=[_STATUS.get(info.status.name, "not_run") for info in self._infos],
            times=times,
            cost=counting,
            on_cpu=self._on_cpu,
        )
