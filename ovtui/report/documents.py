"""Records as the JSON documents that scripts depend on: units in the names, null for what is not known."""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.records import Model, Run


def model_document(model: Model) -> dict[str, Any]:
    """A model, whole."""
    document: dict[str, Any] = msgspec.to_builtins(model)
    return document


def run_document(run: Run) -> dict[str, Any]:
    """A run: the spec with the values it was measured with, `auto` naming those that the device chose."""
    model = run.model
    spec: dict[str, Any] = msgspec.to_builtins(run.spec)
    del spec["model"]
    spec["auto"] = [key for key in ("batch", "streams", "threads", "requests", "precision") if spec[key] is None]
    spec["requested_properties"] = spec.pop("properties")
    spec["properties"] = spec["requested_properties"]
    if run.effective is not None:
        spec |= msgspec.to_builtins(run.effective)
    return {
        "id": run.id,
        "status": run.status,
        "label": run.label,
        "created": run.created,
        "started": run.started,
        "finished": run.finished,
        "model": {
            "id": model.id,
            "name": model.name,
            "path": model.path,
            "sha256": model.sha256,
            "format": model.format,
        },
        "spec": spec,
        "result": msgspec.to_builtins(run.result),
        "environment": msgspec.to_builtins(run.environment),
        "warnings": list(run.warnings),
        "error": run.error,
    }
