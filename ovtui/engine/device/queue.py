"""The model behind OpenVINO's Python API: `--api python`, what an application gets from `AsyncInferQueue`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ovtui.engine.device import loops
from ovtui.engine.device.capi import DeviceError
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import reason
from ovtui.engine.ring import Lane
from ovtui.records import StaticShape


class Queue:
    """The same steps as `Native`, through the Python package."""

    def __init__(self) -> None:
        self._ov = openvino()
        self._core = self._ov.Core()

    def version(self) -> str:
        return str(self._ov.get_version())

    def devices(self) -> list[str]:
        return list(self._core.available_devices)

    def device_property(self, device: str, key: str) -> str:
        return _text(_said(self._core.get_property, device, key))

    def read(self, path: str, extensions: tuple[str, ...]) -> None:
        for extension in extensions:
            _said(self._core.add_extension, extension)
        self._model = _said(self._core.read_model, path)

    def reshape(self, shapes: dict[int, StaticShape]) -> None:
        _said(self._model.reshape, {place: self._ov.PartialShape(list(shape)) for place, shape in shapes.items()})

    def save(self, path: Path) -> None:
        """The model as it stands, as IR."""
        _said(self._ov.serialize, self._model, path, path.with_suffix(".bin"))

    def compile(self, device: str, properties: dict[str, str]) -> None:
        self._compiled = _said(self._core.compile_model, self._model, device, properties)

    def property(self, key: str) -> str:
        return _text(_said(self._compiled.get_property, key))

    def create(self, requests: int, *, reset: bool) -> None:
        self._queue = self._ov.AsyncInferQueue(self._compiled, requests)
        self._reset = reset

    def resize(self, request: int, index: int, shape: StaticShape) -> None:
        if shape:  # a scalar has nothing that is open
            self._queue[request].get_input_tensor(index).shape = list(shape)

    def fill(self, request: int, index: int, values: npt.NDArray[np.generic]) -> None:
        tensor = self._queue[request].get_input_tensor(index)
        if values.dtype.kind == "U":
            tensor.str_data = values
            return
        # As bytes, since numpy has no bfloat16.
        memory = tensor.data
        memory.reshape(-1).view(np.uint8)[:] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)

    def infer(self, request: int) -> None:
        _said(self._queue[request].infer)

    def closed(self, api: str, lanes: list[Lane], stop: memoryview) -> str | None:
        """Keep every request busy until `stop`; the reason if OpenVINO failed."""
        queue = self._queue

        def when_idle() -> tuple[int, int]:
            which = queue.get_idle_request_id()
            return which, time.perf_counter_ns()

        return self._serve(lanes, stop, when_idle)

    def open_loop(self, api: str, line: loops.Line, lanes: list[Lane], stop: memoryview) -> str | None:
        """Start the arrivals of `line` on their schedule until `stop`."""

        queue = self._queue

        def on_schedule() -> tuple[int, int] | None:
            scheduled = line.take()
            if not loops.sleep_until(scheduled, stop):
                line.give_back(scheduled)
                return None
            return queue.get_idle_request_id(), scheduled

        loops.fine_timers()
        return self._serve(lanes, stop, on_schedule)

    def _serve(self, lanes: list[Lane], stop: memoryview, take: Callable[[], tuple[int, int] | None]) -> str | None:
        """Start what `take` gives, (request, begin), until it gives nothing; a callback notes the ends."""
        queue, clock = self._queue, time.perf_counter_ns
        filled = [lane.position[0] for lane in lanes]  # of turns before this one

        def done(request: Any, started: tuple[int, int]) -> None:
            end = clock()
            which, begun = started
            lane, i = lanes[which], filled[which]
            lane.slots[i & lane.mask] = begun
            lane.slots[(i + 1) & lane.mask] = end
            filled[which] = lane.position[0] = i + 2

        def done_and_reset(request: Any, started: tuple[int, int]) -> None:
            done(request, started)
            request.reset_state()

        queue.set_callback(done_and_reset if self._reset else done)
        try:
            if self._reset:
                for request in queue:
                    request.reset_state()
            while not stop[0] and (started := take()) is not None:
                queue.start_async(userdata=started)
            queue.wait_all()
        except RuntimeError as error:
            return reason(str(error))
        return None


def _said(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except RuntimeError as error:
        raise DeviceError(reason(str(error))) from error


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, set)):
        return " ".join(map(str, value))
    return str(value)
