"""The job that imports: check the file, hash it, let a device process read it, keep what was read."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import msgspec

from ovtui import paths
from ovtui.engine import events, formats, messages, tasks
from ovtui.engine.device_process import Answer, DeviceProcess, TimedOut, import_memory_limit
from ovtui.engine.job_specs import ImportJobSpec, new_id
from ovtui.engine.jobs.context import JobContext
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import File, Job, Model, Phase, Port, StaticShape, Status
from ovtui.sanitize import plain


class ImportJob:
    """One import."""

    status: Status = "done"

    def __init__(self, spec: ImportJobSpec, context: JobContext) -> None:
        self._spec, self._context = spec, context
        self.model: str | None = None

    def register(self, job: Job) -> None:
        """Imports wait for nothing."""
        self._context.store.jobs.create(msgspec.structs.replace(job, status="running"))

    def run(self) -> None:
        """Import; `model` is the model's id then."""
        self._context.writer.write(events.Started(pid=os.getpid()))
        self.model = import_model(self._spec, self._context)


def import_model(spec: ImportJobSpec, context: JobContext, parent: Model | None = None) -> str:
    """Import `spec.path`, as a version of `parent` if that is given; the model's id.

    A file that is known already is not read again.
    """
    writer, store = context.writer, context.store
    path = Path(spec.path)
    if spec.demo and not (path.exists() and path.with_suffix(".bin").exists()):
        _answer(tasks.DemoTask(path=str(path)), messages.Built, spec, context, 0)
    with context.cancel.breaks_wait():
        writer.write(events.PhaseBegan(phase=Phase(name="checking")))
        checked = formats.check(path)
        writer.write(events.PhaseBegan(phase=Phase(name="hashing")))
        sha256, files = formats.digest(checked.files)
        _, extensions = formats.digest([Path(each) for each in spec.extensions]) if spec.extensions else ("", ())
    known = store.models.with_content(str(path), sha256)
    if known is not None and not _says_more(spec, known) and store.models.graph(known.id) is not None:
        if spec.name not in (None, known.name):
            store.models.save(msgspec.structs.replace(known, name=spec.name))
        return known.id
    size = sum(file.bytes for file in files)
    # What was stated before holds until it is stated anew.
    ports = known.inputs if known is not None else ()
    before = known or parent
    extensions = extensions or (before.extensions if before is not None else ())
    task = tasks.InspectTask(
        path=str(path),
        shapes={port.name: port.stated for port in ports if port.stated is not None} | spec.shapes,
        layouts={port.name: port.layout for port in ports if port.layout is not None} | spec.layouts,
        extensions=extensions,
    )
    target = paths.converted(_digest(sha256, task.shapes))
    task = msgspec.structs.replace(task, target=str(target))
    inspected = _answer(task, messages.Inspected, spec, context, size)
    model = _model(inspected.facts, spec, path, checked.format, sha256, files)
    if inspected.converted:
        model = msgspec.structs.replace(model, converted=formats.digest((target, target.with_suffix(".bin")))[1])
    model = msgspec.structs.replace(model, extensions=extensions)
    if known is not None:
        model = msgspec.structs.replace(
            model,
            id=known.id,
            name=spec.name or known.name,
            family=known.family,
            parent=known.parent,
            created=known.created,
        )
    elif parent is not None:
        model = msgspec.structs.replace(
            model, family=parent.family, parent=parent.id, inputs=_inherited(model.inputs, parent.inputs)
        )
    writer.write(events.PhaseBegan(phase=Phase(name="saving")))
    store.models.save(model, inspected.graph)
    return model.id


def _digest(sha256: str, shapes: dict[str, StaticShape]) -> str:
    """Of a file's content and the shapes that it is read with."""
    return hashlib.sha256(sha256.encode() + msgspec.json.encode(shapes, order="sorted")).hexdigest()[:32]


def _says_more(spec: ImportJobSpec, known: Model) -> bool:
    """Whether a model that is known is to be read again: something new is said, or was not read the last time."""
    more = spec.shapes or spec.layouts or spec.extensions
    lost = known.converted and not Path(known.readable).exists()
    return bool(more or lost) or (known.states is None and known.stateful)


def _model(
    facts: dict[str, object], spec: ImportJobSpec, path: Path, format_: str, sha256: str, files: tuple[File, ...]
) -> Model:
    model_id = new_id()
    return msgspec.convert(
        facts
        | {
            "id": model_id,
            "name": spec.name or name_of(path),
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


def _too_slow(phase: Phase, path: str, limit_s: float) -> str:
    if phase.name == "starting":
        return f"OpenVINO itself was not ready after {limit_s:g} s and was stopped: --timeout allows more."
    return (
        f"OpenVINO was still {phase.name} {plain(path)} after {limit_s:g} s and was stopped: "
        "the file is damaged or made to be slow (--timeout allows more)."
    )


def _answer(
    task: tasks.DemoTask | tasks.InspectTask,
    kind: type[Answer],
    spec: ImportJobSpec,
    context: JobContext,
    size: int,
) -> Answer:
    """Let a device process do `task` within its time and memory."""
    limit = spec.limit_s or time_limit_s(size)

    def tell(message: messages.AnyMessage) -> None:
        if isinstance(message, messages.At):
            context.writer.write(events.PhaseBegan(phase=message.phase))

    with DeviceProcess(task, context.folder.log, memory_limit=import_memory_limit(size)) as device:
        try:
            return device.answer(kind, cancelled=context.cancel.is_asked, limit_s=limit, each=tell)
        except TimedOut as error:
            raise OvtuiError(_too_slow(device.phase, task.path, limit)) from error
        except Cancelled as error:
            raise Cancelled("The import was cancelled.") from error
