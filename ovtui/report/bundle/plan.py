"""What a bundle says: which model, how it is to be run, what was measured that way."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from ovtui.analysis.shapes import resolve
from ovtui.errors import InputError
from ovtui.records import File, Model, Optimization, Record, Run, StaticShape
from ovtui.sanitize import is_safe, plain


class Plan(NamedTuple):
    """How a model is to be run. Names of files and inputs are raw, but safe as names of files."""

    name: str  # of the bundle's folder
    model: Model
    files: tuple[tuple[File, str], ...]  # each with its place below `model/`
    start: str  # the place of what is read
    device: str
    mode: str
    properties: dict[str, str]
    requests: int
    batch: int
    shapes: tuple[tuple[str, StaticShape], ...]  # of the inputs, in their order; empty: as they stand in the file
    run: Run | None  # that measured it so
    made: Optimization | None  # that made this version
    extensions: tuple[tuple[File, str], ...] = ()  # each with its name below `extensions/`
    reset: bool = False  # the model's state, before each inference

    @property
    def one_at_a_time(self) -> bool:
        """Whether each inference is waited for, as where latency was measured."""
        return self.mode == "latency" and self.requests == 1


def plan(
    model: Model, run: Run | None, made: Optimization | None, mode: Literal["latency", "throughput"] = "throughput"
) -> Plan:
    """Of a run; without one, of what the device chooses for `mode`. InputError for names of files that cannot be."""
    base = Path(model.readable).parent
    files = tuple((file, _place(Path(file.path), base)) for file in model.converted or model.files)
    if len({place for _, place in files}) < len(files):
        raise InputError(f"Two files of {plain(model.name, 60)} have one name: import it from one folder.")
    extensions = tuple((file, _place(Path(file.path), Path(file.path).parent)) for file in model.extensions)
    if len({name for _, name in extensions}) < len(extensions):
        raise InputError(f"Two extensions of {plain(model.name, 60)} have one name: rename one of them.")
    effective = run.effective if run is not None else None
    known = effective.shapes if effective is not None else _sensible(model)
    shapes = tuple((port.name, known[port.name]) for port in model.inputs if port.name in known)
    return Plan(
        name=_folder(model.name),
        model=model,
        files=files,
        start=_place(Path(model.readable), base),
        device=run.spec.device if run is not None else "CPU",
        mode=run.spec.mode if run is not None else mode,
        properties=dict(effective.properties) if effective is not None else {"PERFORMANCE_HINT": mode.upper()},
        requests=effective.requests if effective is not None else int(mode == "latency"),
        batch=effective.batch if effective is not None else 1,
        shapes=shapes if len(shapes) == len(model.inputs) else (),
        run=run,
        made=made,
        extensions=extensions,
        reset=model.stateful and not (run is not None and run.spec.keep_state),
    )


def as_document(told: Plan) -> dict[str, Any]:
    """`spec.json`: what this machine alone knows (its name, where data lies) stays on it."""
    run, result = told.run, told.run.result if told.run is not None else None
    environment = run.environment if run is not None else None
    effective = run.effective if run is not None else None
    return {
        "schema": 1,
        "model": {
            "name": told.model.name,
            "file": f"model/{told.start}",
            "format": told.model.format,
            "sha256": told.model.sha256,
            "inputs": msgspec.to_builtins(told.model.inputs),
            "outputs": msgspec.to_builtins(told.model.outputs),
        },
        "extensions": [f"extensions/{name}" for _, name in told.extensions],
        "reset_state": told.reset,
        "device": told.device,
        "mode": told.mode,
        "properties": told.properties,
        "requests": told.requests or None,
        "batch": told.batch,
        "streams": None if effective is None else effective.streams,
        "threads": None if effective is None else effective.threads,
        "precision": None if effective is None else effective.precision,
        "layouts": {} if effective is None else effective.layouts,
        "shapes": {name: list(shape) for name, shape in told.shapes},
        "spec": None if run is None else _without(run.spec, "model", "data"),
        "measured": None
        if run is None or result is None
        else {
            "run": run.id,
            "throughput_fps": msgspec.to_builtins(result.throughput_fps),
            "latency_ms": msgspec.to_builtins(result.latency_ms),
            "peak_rss_mb": result.peak_rss_mb,
        },
        "openvino": None if environment is None else environment.openvino,
        "environment": None if environment is None else _without(environment, "host"),
        "parent": None if told.made is None else told.made.parent.name,
        "recipe": None if told.made is None else _without(told.made.recipe, "data", "labels"),
        "preprocessing": None if told.made is None else msgspec.to_builtins(told.made.preprocessing),
    }


def _without(record: Record, *fields: str) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(record)
    return {key: value for key, value in document.items() if key not in fields}


def _sensible(model: Model) -> dict[str, StaticShape]:
    """Of a model that was never measured, as a run would choose them; empty where it stays as it is."""
    try:
        found = resolve(model.inputs, shapes={}, batch=None, layouts={}, data_shapes={})
    except InputError:
        return {}
    return found.shapes if found.changed else {}


def _place(path: Path, base: Path) -> str:
    """Below the model's folder, as it lies beside the others; what lies elsewhere by its name alone."""
    relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
    parts = [part for part in relative.parts if part not in ("", ".", "..")]
    if not all(is_safe(c) for part in parts for c in part):
        raise InputError(f"The name {plain(path)} holds control characters: rename the file and import it again.")
    return "/".join(parts)


def _folder(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:80].strip(".")
    return kept or "model"
