"""Measure: load a model as a spec says, try it once, then infer until told to stop."""

from __future__ import annotations

import contextlib
import gc
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ovtui.analysis.shape_search import fitted
from ovtui.analysis.shapes import Resolved, chosen_sizes, no_sizes, resolve
from ovtui.engine.device import inputs as feed
from ovtui.engine.device import loops
from ovtui.engine.device.capi import DeviceError
from ovtui.engine.device.extensions import trusted
from ovtui.engine.device.properties import bare, check_device, gathered_requests, properties, unknown_property, within
from ovtui.engine.messages import At, Ready, Said, Say, Stopped
from ovtui.engine.ring import MAX_REQUESTS, Lane, Ring
from ovtui.engine.streams import check_streams, most_streams
from ovtui.engine.tasks import MeasureTask, Turn, decode_turn
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Effective, Images, Model, Phase, Spec, StaticShape
from ovtui.sanitize import plain


class Session(Protocol):
    """A way to OpenVINO: `native.Native` or `queue.Queue`. Every step raises DeviceError with the reason."""

    def version(self) -> str: ...
    def devices(self) -> list[str]: ...
    def device_property(self, device: str, key: str) -> str: ...
    def read(self, path: str, extensions: tuple[str, ...]) -> None: ...
    def reshape(self, shapes: dict[int, StaticShape]) -> None: ...  # -1: a size that stays open
    def compile(self, device: str, properties: dict[str, str]) -> None: ...
    def property(self, key: str) -> str: ...
    def create(self, requests: int, *, reset: bool) -> None: ...  # the state, between inferences
    def fill(self, request: int, index: int, values: npt.NDArray[np.generic]) -> None: ...
    def resize(self, request: int, index: int, shape: StaticShape) -> None: ...  # of an input whose sizes are open
    def infer(self, request: int) -> None: ...
    def closed(self, api: str, lanes: list[Lane], stop: memoryview) -> str | None: ...
    def open_loop(self, api: str, line: loops.Line, lanes: list[Lane], stop: memoryview) -> str | None: ...


def session(api: str) -> Session:
    """The way that `--api` names; the Python package is only imported when it is what is measured."""
    if api == "python":
        from ovtui.engine.device.queue import Queue

        return Queue()
    from ovtui.engine.device.native import Native

    return Native()


def measure(task: MeasureTask, say: Say, turns: Iterable[bytes] | None = None) -> None:
    """A turn ends when the ring's stop word is set. Without `turns`, there is one, which begins now."""
    spec = task.spec
    ring = Ring(task.ring_fd)
    stop = ring.stop_word
    device = session(spec.api)
    lanes = ring.open_lanes(prepare(device, task.model, spec, say).requests)
    gc.collect()
    gc.freeze()
    gc.disable()
    alone = Turn(rate=spec.rate if spec.mode == "server" else None, seed=spec.seed)
    told = [alone] if turns is None else map(decode_turn, turns)
    for turn in told:
        unserved: list[int] = []
        if turn.rate:
            begin = time.perf_counter_ns() + 20_000_000  # the threads need a moment to stand ready
            line = loops.Line(loops.arrivals(turn.rate, turn.seed, begin), spec.queue, ring)
            error = device.open_loop(spec.api, line, lanes, stop)
            unserved = line.unserved()
        else:
            error = device.closed(spec.api, lanes, stop)
        if error is not None:
            raise OvtuiError(f"Inference failed while measuring: {error}")
        say(Stopped(unserved_ns=tuple(unserved)))


def prepare(device: Session, model: Model, spec: Spec, say: Say) -> Effective:
    """Read, reshape, compile, fill, infer once, and say what came of it."""
    check_device(spec.device, device.devices())
    with contextlib.suppress(DeviceError):
        most = most_streams(device.device_property(spec.device, "RANGE_FOR_STREAMS"))
        check_streams(spec.streams, spec.device, most)

    say(At(phase=Phase(name="reading")))
    sources = feed.open_data(spec.data, model.inputs, spec.images)
    resolved = resolve(
        model.inputs,
        shapes=spec.shapes,
        batch=spec.batch,
        layouts=spec.layouts,
        data_shapes=sources.shapes(model.inputs, spec.layouts),
    )
    if spec.images != Images() and sources.arrays and not sources.images:
        source = plain(", ".join(sorted(set(sources.paths.values()))))
        stated = "what is stated of channels, mean and scale is for folders of images."
        say(Said(text=f"The values of {source} are taken as they are: {stated}"))
    with timed() as read_ms, failing(f"Cannot read {plain(model.path)}", bad_input=True):
        device.read(model.readable, trusted(model.extensions))
        if resolved.changed and _changed(model, resolved.shapes):
            resolved = _reshape(device, model, spec, resolved)

    say(At(phase=Phase(name="compiling")))
    chosen = properties(spec)
    with timed() as compile_ms:
        _compile(device, spec, chosen)

    requests = _requests(device, spec)
    gathered = gathered_requests(spec.device)
    if gathered is not None and requests < gathered:
        say(Said(text=f"{plain(spec.device)} waits for {gathered} requests or for AUTO_BATCH_TIMEOUT, and only "
                      f"{requests} can be in flight: use --mode throughput."))  # fmt: skip
    say(At(phase=Phase(name="filling")))
    device.create(requests, reset=model.stateful and not spec.keep_state)
    if model.stateful and spec.keep_state:
        say(Said(text="The state is kept from one inference to the next: each depends on how many came before it."))
    words = _fill(device, model, spec, resolved, sources, requests, say)
    with timed() as first_ms:
        _try_once(device, model, sources, words)
    # Said now that they are known to be taken: nobody is told to give a shape that the model refuses.
    for note in (*resolved.notes, *chosen_sizes(model.inputs, resolved)):
        say(Said(text=note))

    effective = _effective(device, model, spec, resolved, requests, chosen, words)
    if spec.threads is not None and effective.threads not in (None, spec.threads):
        say(Said(text=f"{spec.threads} threads were asked for; the device uses {effective.threads}."))
    say(
        Ready(
            effective=effective,
            openvino=device.version(),
            read_ms=read_ms(),
            compile_ms=compile_ms(),
            first_inference_ms=first_ms(),
        )
    )
    return effective


def _reshape(device: Session, model: Model, spec: Spec, resolved: Resolved) -> Resolved:
    """Give the model its shapes; where it refuses sizes that nobody asked for, others that it takes."""
    try:
        device.reshape(_changed(model, resolved.shapes))
    except DeviceError as error:
        found = fitted(model.inputs, resolved, lambda tried: _takes(device, _changed(model, tried)), batch=spec.batch)
        if found is not None:
            return found
        asked = ", ".join(f"{plain(n, 60)}{list(s)}" for n, s in resolved.shapes.items())
        what = f"batch {spec.batch}" if spec.batch is not None else "these shapes"
        hint = f" {no_sizes(model.inputs, resolved)}" if resolved.choices else ""
        raise InputError(f"{plain(model.name, 60)} cannot take {what} ({asked}): {error}{hint}") from error
    return resolved


def _changed(model: Model, shapes: Mapping[str, StaticShape]) -> dict[int, StaticShape]:
    """Input → shape, of those that are another one than the file has.

    What an extension says of its operations' shapes need not hold: its models keep the sizes open that the file has so.
    """
    found: dict[int, StaticShape] = {}
    for place, port in enumerate(model.inputs):
        wanted, own = shapes[port.name], port.shape
        if model.extensions and own is not None:
            own = tuple(dim if isinstance(dim, int) else -1 for dim in own)
            wanted = tuple(-1 if dim == -1 else size for dim, size in zip(own, wanted, strict=True))
        if wanted != own:
            found[place] = wanted
    return found


def _takes(device: Session, shapes: dict[int, StaticShape]) -> bool:
    try:
        device.reshape(shapes)
    except DeviceError:
        return False
    return True


def _compile(device: Session, spec: Spec, chosen: dict[str, str]) -> None:
    try:
        device.compile(spec.device, chosen)
    except DeviceError as error:
        supported = ""
        with contextlib.suppress(DeviceError):
            supported = device.device_property(spec.device, "SUPPORTED_PROPERTIES")
        unknown = unknown_property(spec, supported) or bare(spec.device, device.devices())
        if unknown is not None:
            raise unknown from error
        if re.search(r"propert|Could not read|Wrong value", str(error)) and chosen:
            raise InputError(f"{plain(spec.device)} does not take these settings: {error}") from error
        raise OvtuiError(f"Compiling for {plain(spec.device)} failed: {error}") from error


def _requests(device: Session, spec: Spec) -> int:
    if spec.requests is not None:
        return min(spec.requests, MAX_REQUESTS)
    if spec.mode == "latency":
        return 1
    optimal = _number(_maybe(device, "OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
    return max(1, min(optimal or 1, MAX_REQUESTS))


def _fill(
    device: Session, model: Model, spec: Spec, resolved: Resolved, sources: feed.Inputs, requests: int, say: Say
) -> dict[str, str]:
    words: dict[str, str] = {}
    for index, port in enumerate(model.inputs):
        shape, layout = resolved.shapes[port.name], resolved.layouts.get(port.name)
        filling = feed.filling(sources, port, shape, layout, spec, index, requests)
        words[port.name] = filling.words
        for note in filling.notes:
            say(Said(text=note))
        try:
            for request in range(requests):
                if model.extensions:
                    device.resize(request, index, shape)
                device.fill(request, index, filling.values(request))
        except MemoryError as error:
            raise InputError(
                f"Not enough memory for input '{plain(port.name, 60)}' {list(shape)} × {requests} requests."
            ) from error
    return words


def _try_once(device: Session, model: Model, sources: feed.Inputs, words: dict[str, str]) -> None:
    """The first inference; random integers may be no index, length or axis that the model can take."""
    try:
        device.infer(0)
    except DeviceError as error:
        suspects = [port.name for port in model.inputs if port.type[0] in "iu" and port.name not in sources.paths]
        if not suspects:
            raise OvtuiError(f"The first inference failed: {error}") from error
        listed = " and ".join(f"'{plain(name, 60)}' ({words[name]})" for name in suspects)
        raise InputError(
            f"The first inference failed: {error} Generated values of {listed} may not fit the model: "
            f"give real ones with --data {plain(suspects[0], 60)}=FILE.npy"
        ) from error


def _effective(
    device: Session,
    model: Model,
    spec: Spec,
    resolved: Resolved,
    requests: int,
    chosen: dict[str, str],
    words: dict[str, str],
) -> Effective:
    devices = _maybe(device, "EXECUTION_DEVICES") or spec.device
    full_name = None
    with contextlib.suppress(DeviceError):
        full_name = " ".join(device.device_property(devices.split()[0].strip("()"), "FULL_DEVICE_NAME").split())
    return Effective(
        batch=resolved.batch,
        requests=requests,
        streams=_number(_inner(device, "NUM_STREAMS")),
        threads=_number(_inner(device, "INFERENCE_NUM_THREADS")),
        precision=_precision(_inner(device, "INFERENCE_PRECISION_HINT")),
        shapes=resolved.shapes,
        layouts=resolved.layouts,
        inputs=words,
        execution_devices=tuple(devices.split()),
        device_name=full_name,
        properties=chosen,
        state=("kept" if spec.keep_state else "reset") if model.stateful else None,
    )


def _maybe(device: Session, key: str) -> str | None:
    """A property of the compiled model; many devices lack many of them."""
    try:
        return device.property(key)
    except DeviceError:
        return None


def _inner(device: Session, key: str) -> str | None:
    """The same, and where a virtual device does not say it, that of the only device behind it."""
    told = _maybe(device, key)
    return told if told is not None else within(_maybe(device, "DEVICE_PROPERTIES") or "", key)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d+", text) else None


def _precision(text: str | None) -> str | None:
    """OpenVINO writes a type as `f32` in C and as `<Type: 'float32'>` in Python."""
    if text is None:
        return None
    name = re.sub(r"^<Type: '(\w+)'>$", r"\1", text)
    return {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}.get(name, name)


@contextlib.contextmanager
def timed() -> Iterator[Callable[[], float]]:
    """How long the block takes; the function given tells it in milliseconds afterwards."""
    begin = time.perf_counter()
    end = [begin]
    try:
        yield lambda: (end[0] - begin) * 1e3
    finally:
        end[0] = time.perf_counter()


@contextlib.contextmanager
def failing(what: str, *, bad_input: bool) -> Iterator[None]:
    """Say what failed before OpenVINO's own reason."""
    try:
        yield
    except DeviceError as error:
        raise (InputError if bad_input else OvtuiError)(f"{what}: {error}") from error
