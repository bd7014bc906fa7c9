"""The job that imports: check the file, hash it, let a device process read it, keep what was read."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from ovtui import paths
from ovtui.engine import events, formats, messages
from ovtui.engine.device_process import DeviceProcess, import_memory_limit
from ovtui.engine.folder import EventWriter, JobFolder, JobSpec, new_id
from ovtui.engine.jobs.cancel import Cancel
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import File, Model, Port, StaticShape
from ovtui.sanitize import plain
from ovtui.store import Store


def run(
    order: JobSpec, folder: JobFolder, writer: EventWriter, store: Store, cancel: Cancel, parent: Model | None = None
) -> str:
    """Import `order.path`, as a version of `parent` if that is given; the model's id.

    A file that is known already is not read again.
    """
    path = Path(order.path or "")
    if order.demo and not (path.exists() and path.with_suffix(".bin").exists()):
        _attend(messages.Task(kind="build", path=str(path)), order, folder, writer, cancel, 0)
    with cancel.breaks_wait():
        writer.write(events.Phase(name="checking"))
        checked = formats.check(path)
        writer.write(events.Phase(name="hashing"))
        sha256, files = formats.digest(checked.files)
        _, extensions = formats.digest([Path(each) for each in order.extensions]) if order.extensions else ("", ())
    known = store.models.with_content(str(path), sha256)
    if known is not None and not _says_more(order, known) and store.models.graph(known.id) is not None:
        if order.name not in (None, known.name):
            store.models.save(msgspec.structs.replace(known, name=order.name))
        return known.id
    size = sum(file.bytes for file in files)
    # What was stated before holds until it is stated anew.
    ports = known.inputs if known is not None else ()
    before = known or parent
    extensions = extensions or (before.extensions if before is not None else ())
    task = messages.Task(
        kind="inspect",
        path=str(path),
        shapes={port.name: port.stated for port in ports if port.stated is not None} | order.shapes,
        layouts={port.name: port.layout for port in ports if port.layout is not None} | order.layouts,
        extensions=extensions,
    )
    target = paths.converted(_digest(sha256, task.shapes))
    task = msgspec.structs.replace(task, target=str(target))
    inspected = _attend(task, order, folder, writer, cancel, size)
    if inspected is None:
        raise OvtuiError(f"The process that read {plain(path)} left without a word; the log is {plain(folder.log)}.")
    model = _model(inspected.facts, order, path, checked.format, sha256, files)
    if inspected.converted:
        model = msgspec.structs.replace(model, converted=formats.digest((target, target.with_suffix(".bin")))[1])
    model = msgspec.structs.replace(model, extensions=extensions)
    if known is not None:
        model = msgspec.structs.replace(
            model,
            id=known.id,
            name=order.name or known.name,
            family=known.family,
            parent=known.parent,
            created=known.created,
        )
    elif parent is not None:
        model = msgspec.structs.replace(
            model, family=parent.family, parent=parent.id, inputs=_inherited(model.inputs, parent.inputs)
        )
    writer.write(events.Phase(name="saving"))
    store.models.save(model, inspected.graph)
    return model.id


def _digest(sha256: str, shapes: dict[str, StaticShape]) -> str:
    """Of a file's content and the shapes that it is read with."""
    return hashlib.sha256(sha256.encode() + msgspec.json.encode(shapes, order="sorted")).hexdigest()[:32]


def _says_more(order: JobSpec, known: Model) -> bool:
    """Whether a model that is known is to be read again: something new is said, or was not read the last time."""
    more = order.shapes or order.layouts or order.extensions
    lost = known.converted and not Path(known.readable).exists()
    return bool(more or lost) or (known.states is None and known.stateful)


def _model(
    facts: dict[str, object], order: JobSpec, path: Path, format_: str, sha256: str, files: tuple[File, ...]
) -> Model:
    model_id = new_id()
    return msgspec.convert(
        facts
        | {
            "id": model_id,
            "name": order.name or name_of(path),
            "path": str(path),
            "format": format_,
            "sha256": sha256,
            "bytes": sum(file.bytes for file in files),
            "files": msgspec.to_builtins(files),
            "created": time.time(),
            "family": model_id,
            "parent": None,
        },
        type=Model,
    )


def _inherited(inputs: tuple[Port, ...], of: tuple[Port, ...]) -> tuple[Port, ...]:
    """With the shapes that were stated of a parent's inputs, where they are still the same: both are measured alike."""
    stated = {(port.name, port.shape): port.stated for port in of}
    return tuple(msgspec.structs.replace(port, stated=stated.get((port.name, port.shape))) for port in inputs)


def name_of(path: Path) -> str:
    """What a model is called if nobody names it: the file's name; for names that say nothing, the folder's."""
    stem = path.stem if path.is_file() else path.name
    if stem.lower() in ("model", "saved_model", "frozen_inference_graph", "openvino_model", "inference"):
        return path.parent.name or stem
    return stem


def time_limit_s(size: int) -> float:
    """How long reading may take: a minute, and a second for every 10 MB."""
    return 60 + size / 10e6


def _too_slow(phase: str, path: str, limit_s: float) -> str:
    if phase == "starting":
        return f"OpenVINO itself was not ready after {limit_s:g} s and was stopped: --timeout allows more."
    return (
        f"OpenVINO was still {phase} {plain(path)} after {limit_s:g} s and was stopped: "
        "the file is damaged or made to be slow (--timeout allows more)."
    )


def _attend(
    task: messages.Task, order: JobSpec, folder: JobFolder, writer: EventWriter, cancel: Cancel, size: int
) -> messages.Inspected | None:
    """Let a device process do `task` within its time and memory; what it read, if that was asked."""
    limit = order.limit_s or time_limit_s(size)
    deadline = time.monotonic() + limit
    device = DeviceProcess(task, folder.log, memory_limit=import_memory_limit(size))
    inspected: messages.Inspected | None = None
    try:
        while True:
            ended = device.ended
            for message in device.hear(0.05):
                if isinstance(message, messages.At):
                    writer.write(events.Phase(name=message.phase))
                elif isinstance(message, messages.Inspected):
                    inspected = message
            if ended or inspected:
                break
            if cancel.asked:
                raise Cancelled("The import was cancelled.")
            if time.monotonic() > deadline:
                raise OvtuiError(_too_slow(device.phase, task.path, limit))
    finally:
        device.end()
    return inspected
