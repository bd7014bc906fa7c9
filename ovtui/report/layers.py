"""A profile as documents: the JSON that scripts depend on, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ovtui.analysis import fusion, transitions
from ovtui.analysis import layers as analysis
from ovtui.analysis.advice import Advice
from ovtui.analysis.layer_filter import LayerColumns
from ovtui.analysis.layer_groups import By, groups
from ovtui.errors import InputError
from ovtui.records import Profile, Run
from ovtui.report.advising import command_of
from ovtui.report.atomic_write import put
from ovtui.report.spreadsheet import cell
from ovtui.sanitize import plain

LAYER_KEYS = (
    "order", "name", "type", "kernel", "precision", "time_us", "spread_us", "share", "status", "shape", "layout",
    "flops", "bytes", "gflops", "gbytes_per_s", "efficiency", "bound", "recoverable_us", "original_names",
    "above_ceiling",
    "time_range_us",
)  # fmt: skip
"""What a row tells of a layer, and the columns of the CSV."""


def layer_rows(columns: LayerColumns, profile: Profile, places: Sequence[int]) -> list[dict[str, Any]]:
    """The contract's rows, in the order of `places`."""
    by_place = {row.place: row for row in columns.rows}
    rows = []
    for place in places:
        layer, row, roof = profile.layers[place], by_place[place], columns.roofs[place]
        first = layer.outputs[0] if layer.outputs else None
        rows.append(
            {
                "order": layer.order,
                "name": layer.name,
                "type": layer.type,
                "kernel": layer.kernel,
                "precision": layer.precision,
                "time_us": layer.time_us,
                "spread_us": layer.spread_us,
                "share": row.share,
                "status": layer.status,
                "shape": list(first.shape) if first and first.shape is not None else None,
                "layout": first.layout if first else None,
                "flops": layer.flops,
                "bytes": layer.bytes,
                "gflops": roof.gflops,
                "gbytes_per_s": roof.gbytes,
                "efficiency": roof.efficiency,
                "bound": roof.bound,
                "recoverable_us": roof.recoverable_us,
                "original_names": list(layer.original),
                "above_ceiling": roof.above,
                "time_range_us": None if layer.low_us is None else [layer.low_us, layer.high_us],
            }
        )
    return rows


def layers_document(
    run: Run,
    profile: Profile,
    columns: LayerColumns,
    places: Sequence[int],
    *,
    by: By | None = None,
    found: Sequence[Advice] = (),
    name: str,
) -> dict[str, Any]:
    """Everything that is known of where a run's time goes. `name`: what the model is called in commands."""
    balance = analysis.balance(profile)
    matrix = transitions.transitions(profile)
    fates = fusion.origins(profile)
    document: dict[str, Any] = {
        "run_id": run.id,
        "rows": layer_rows(columns, profile, places),
        "total_us": balance.layers_us,
        "latency_us": balance.latency_us,
        "median_us": profile.median_us,
        "rest_us": balance.rest_us,
        "balance": balance.text,
        "total_range_us": balance.range_us,
        "overhead": profile.overhead,
        "overhead_ci95": profile.overhead_ci95,
        "empty_us": profile.empty_us,
        "inferences": profile.inferences,
        "streams": profile.streams,
        "ceilings": msgspec.to_builtins(profile.ceilings),
        "precisions": [group_row(group) for group in groups(profile, "precision")],
        "transitions": [
            {"from": row, "to": column, "edges": cell.edges, "bytes": cell.bytes}
            for (row, column), cell in matrix.cells.items()
        ],
        "conversions": [
            {"name": profile.layers[each.place].name, "cause": each.cause, "fused": each.fused, "time_us": each.time_us,
             "share": each.share, "bytes": each.bytes}
            for each in transitions.conversions(profile)
        ],
        "operations": [
            {"name": operation.name, "type": operation.type, "fate": fate.fate,
             "layers": [profile.layers[place].name for place in fate.layers]}
            for operation, fate in zip(profile.operations, fates.operations, strict=True)
        ],
        "advice": [advice_row(each, name) for each in found],
        "notes": list(profile.notes),
    }  # fmt: skip
    if by is not None:
        document["groups"] = [group_row(group) for group in groups(profile, by)]
    return document


def profile_document(run: Run, profile: Profile) -> dict[str, Any]:
    """The same of all layers, for a file that holds everything of a run."""
    columns = LayerColumns(profile)
    return layers_document(run, profile, columns, columns.order, name=run.model.id)


def group_row(group: Any) -> dict[str, Any]:
    """A group of layers."""
    return {
        "name": group.name, "layers": group.layers, "executed": group.executed, "time_us": group.time_us,
        "share": group.share, "flops": group.flops, "gflops": group.gflops,
    }  # fmt: skip


def advice_row(each: Advice, name: str) -> dict[str, Any]:
    """With the line that tries it, if there is one."""
    return {
        "key": each.key,
        "title": each.title,
        "evidence": each.evidence,
        "gain": each.gain,
        "command": command_of(each, name),
    }


def layers_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """A row for each layer; lists are joined by blanks or `x`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(LAYER_KEYS)
    for row in rows:
        flat = row | {
            "shape": "x".join(map(str, row["shape"])) if row["shape"] is not None else None,
            "original_names": " ".join(row["original_names"]),
            "time_range_us": "–".join(map(str, row["time_range_us"])) if row["time_range_us"] is not None else None,
        }
        writer.writerow([cell(flat[key]) for key in LAYER_KEYS])
    return text.getvalue().encode()


def write_layers(
    path: Path,
    run: Run,
    profile: Profile,
    columns: LayerColumns,
    places: Sequence[int],
    *,
    by: By | None = None,
    found: Sequence[Advice] = (),
    name: str,
) -> None:
    """These layers, in the format that the ending names; InputError for another ending or a place that refuses."""
    ending = path.suffix.lower()
    if ending not in (".csv", ".json"):
        raise InputError(f"Cannot tell the format of {plain(path)}: end its name with .csv or .json.")
    if ending == ".csv":
        put(path, layers_csv(layer_rows(columns, profile, places)))
        return
    whole = layers_document(run, profile, columns, places, by=by, found=found, name=name)
    put(path, msgspec.json.format(msgspec.json.encode({"schema": 1, **whole}), indent=2) + b"\n")
