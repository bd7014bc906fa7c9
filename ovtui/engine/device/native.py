"""The model behind OpenVINO's C API: `--api threads` (a blocking call per thread) and `async` (start, then wait)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from ctypes import c_void_p
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ovtui.engine.device import capi, loops
from ovtui.engine.ring import Lane
from ovtui.records import StaticShape


class Native:
    """Read, reshape, compile, fill, infer; raises `capi.DeviceError` with OpenVINO's reason."""

    def __init__(self) -> None:
        self._core = capi.Core()
        self.requests: list[capi.Request] = []

    def version(self) -> str:
        return capi.version()

    def devices(self) -> list[str]:
        return self._core.devices()

    def device_property(self, device: str, key: str) -> str:
        return self._core.property(device, key)

    def read(self, path: str, extensions: tuple[str, ...]) -> None:
        for extension in extensions:
            self._core.extend(extension)
        self._source = path, extensions
        self._model = self._core.read(path)

    def reshape(self, shapes: dict[int, StaticShape]) -> None:
        if all(shapes.values()):
            capi.reshape(self._model, shapes)
        else:
            self._model = self._with_scalars(shapes)

    def _with_scalars(self, shapes: dict[int, StaticShape]) -> c_void_p:
        """The model reshaped by the Python package: the C API cannot make an input whose rank is open a scalar."""
        from ovtui.engine.device.queue import Queue

        by_python = Queue()
        by_python.read(*self._source)
        by_python.reshape(shapes)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.xml")
            by_python.save(path)
            return self._core.read(str(path))

    def compile(self, device: str, properties: dict[str, str]) -> None:
        self._compiled = self._core.compile(self._model, device, properties)

    def property(self, key: str) -> str:
        return self._compiled.property(key)

    def create(self, requests: int, *, reset: bool) -> None:
        self.requests += [self._compiled.request() for _ in range(requests)]
        self._resets = [request.reset() for request in self.requests] if reset else None

    def resize(self, request: int, index: int, shape: StaticShape) -> None:
        if shape:  # a scalar has nothing that is open
            self.requests[request].resize_input(index, shape)

    def fill(self, request: int, index: int, values: npt.NDArray[np.generic]) -> None:
        if values.dtype.kind == "U":
            self.requests[request].set_strings(index, [text.encode() for text in values.reshape(-1).tolist()])
            return
        memory = self.requests[request].input_bytes(index)
        memory[:] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)

    def infer(self, request: int) -> None:
        self.requests[request].infer()

    def closed(self, api: str, lanes: list[Lane], stop: memoryview) -> str | None:
        """Every request over and over until `stop`; the reason if OpenVINO failed."""
        bodies: list[Callable[[], bool]] = []
        for number, (request, lane) in enumerate(zip(self.requests, lanes, strict=True)):
            if self._resets is not None:
                bodies.append(
                    partial(loops.closed_from_reset, self._resets[number], _serving(api, request), lane, stop)
                )
            elif api == "threads":
                bodies.append(partial(loops.closed, capi.infer, request.handle, lane, stop))
            else:
                bodies.append(partial(loops.closed_async, capi.start_async, capi.wait, request.handle, lane, stop))
        return loops.together(bodies, capi.last_error, stop)

    def open_loop(self, api: str, line: loops.Line, lanes: list[Lane], stop: memoryview) -> str | None:
        """Serve the arrivals of `line` until `stop`."""
        bodies: list[Callable[[], bool]] = []
        for number, (request, lane) in enumerate(zip(self.requests, lanes, strict=True)):
            own = line if self._resets is None else loops.FromReset(line, self._resets[number])
            bodies.append(partial(loops.open_loop, _serving(api, request), own, lane, stop))
        return loops.together(bodies, capi.last_error, stop)


def _serving(api: str, request: capi.Request) -> Callable[[], bool]:
    return partial(_infer if api == "threads" else _start_and_wait, request.handle)


def _infer(handle: object) -> bool:
    return not capi.infer(handle)


def _start_and_wait(handle: object) -> bool:
    return not (capi.start_async(handle) or capi.wait(handle))
