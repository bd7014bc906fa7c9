"""What a Loop, a TensorIterator or an If executes is part of the model: weights, operations, FLOPs, graph, layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovtui.analysis.fusion import origins
from ovtui.engine.device import read
from ovtui.records import OwnGraph
from tests import bodies
from tests.bodies import ROWS, TRIPS, WIDTH
from tests.conftest import Ovtui
from tests.engine.test_profile import profile_of

PRODUCT = 2 * ROWS * WIDTH * WIDTH
EACH = ROWS * WIDTH  # of a pointwise operation


def by_name(graph: OwnGraph) -> dict[str, int | None]:
    return {operation.name: operation.flops for operation in graph.operations}


def of_flops(facts: read.Facts) -> list[str]:
    """What is said of how they were counted."""
    return [note for note in facts["notes"] if note.startswith("FLOPs")]


def test_the_branch_with_more_arithmetic_counts(tmp_path: Path) -> None:
    facts, graph = read.inspected(bodies.choice(tmp_path / "choice.onnx"))
    assert facts["parameters"] == WIDTH * WIDTH
    assert facts["flops"] == 8 * PRODUCT + 2 * EACH
    assert facts["operation_types"] == {"MatMul": 8, "Relu": 3, "If": 1}
    assert of_flops(facts) == ["FLOPs count the branch with more arithmetic of each If: r/then."]
    assert sum(operation.flops or 0 for operation in graph.operations) == facts["flops"]


def test_a_weight_that_both_branches_use_is_one(tmp_path: Path) -> None:
    facts, graph = read.inspected(bodies.choice(tmp_path / "choice.onnx", then=1, otherwise=3))
    assert facts["parameters"] == WIDTH * WIDTH
    assert facts["flops"] == 3 * PRODUCT + 2 * EACH
    assert {operation.within.name for operation in graph.operations if operation.within and operation.within.trips} == {
        "r/else"
    }
    assert [tensor.shape for each in graph.operations if each.within and each.within.trips
            for tensor in each.within.constants] == [(WIDTH, WIDTH)]  # fmt: skip


def test_a_loop_counts_its_trips(tmp_path: Path) -> None:
    facts, _ = read.inspected(bodies.loop(tmp_path / "loop.onnx"))
    assert facts["parameters"] == WIDTH * WIDTH
    assert facts["flops"] == TRIPS * (PRODUCT + EACH)
    assert of_flops(facts) == []


def test_loops_in_loops_multiply(tmp_path: Path) -> None:
    facts, graph = read.inspected(bodies.loop(tmp_path / "loop.onnx", nested=True))
    assert facts["parameters"] == WIDTH * WIDTH
    assert facts["flops"] == TRIPS * TRIPS * (PRODUCT + EACH)
    product = next(operation for operation in graph.operations if operation.type == "MatMul")
    assert product.name.count("/body/") == 2


def test_of_trips_that_only_an_input_tells_one_is_counted_and_that_is_said(tmp_path: Path) -> None:
    facts, _ = read.inspected(bodies.loop(tmp_path / "loop.onnx", known=False))
    assert facts["flops"] == PRODUCT + EACH
    (note,) = of_flops(facts)
    assert note.startswith("FLOPs count one trip of each loop whose number of trips is not known: ")


def test_a_scan_counts_its_steps(tmp_path: Path) -> None:
    facts, _ = read.inspected(bodies.scan(tmp_path / "scan.onnx"))
    assert facts["parameters"] == 256 * 256 + 256
    assert facts["flops"] == 100 * (2 * 256 * 256 + 2 * 256)


def test_an_input_that_a_branch_looks_up_keeps_its_limit(tmp_path: Path) -> None:
    facts, _ = read.inspected(bodies.lookup(tmp_path / "lookup.onnx", rows=40))
    assert {port.name: port.index_limit for port in facts["inputs"]} == {"ids": 40, "cond": None}


@pytest.mark.parametrize("name", ["choice", "loop", "scan"])
def test_edges_lead_through_the_body(tmp_path: Path, name: str) -> None:
    """From the input into the body, and from its results to the owner, always down."""
    _, graph = read.inspected(getattr(bodies, name)(tmp_path / f"{name}.onnx"))
    operations = graph.operations
    assert all(edge.source < place for place, each in enumerate(operations) for edge in each.inputs)
    owner = next(place for place, each in enumerate(operations) if each.type in ("If", "Loop", "TensorIterator"))
    reached = {place for place, each in enumerate(operations) if each.type == "Parameter" and each.within is None}
    for place, each in enumerate(operations):
        if any(edge.source in reached for edge in each.inputs):
            reached.add(place)
    inside = [place for place, each in enumerate(operations) if each.within is not None]
    assert inside and all(operations[place].within.owner == owner for place in inside)  # type: ignore[union-attr]
    assert {operations[edge.source].type for edge in operations[owner].inputs} <= {"Result", "Parameter"}
    assert reached >= {place for place in inside if operations[place].type == "MatMul"} | {owner} or name == "scan"
    names = [operations[place].name for place in inside]
    assert all(each.startswith(f"{operations[owner].name}/") for each in names) and len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "type_"), [("choice", "If"), ("loop", "TensorIterator"), ("scan", "TensorIterator")])
def test_the_layer_that_executes_a_body_has_its_roofline(ovtui: Ovtui, tmp_path: Path, name: str, type_: str) -> None:
    _, profile = profile_of(ovtui, getattr(bodies, name)(tmp_path / f"{name}.onnx"), "--precision", "f32")
    (layer,) = (layer for layer in profile.layers if layer.type == type_)
    inside = [operation for operation in profile.operations if operation.within is not None]
    assert layer.flops == sum(operation.flops or 0 for operation in inside)
    weights = 4 * (256 * 256 if name == "scan" else WIDTH * WIDTH)
    assert layer.bytes is not None and weights < layer.bytes < 2 * weights
    assert layer.precision == "f32"
    (row,) = (row for row in ovtui("layers", "--json").json["rows"] if row["type"] == type_)
    assert row["bound"] in ("compute", "memory")
    assert row["efficiency"] > 0
    fates = {
        origin.fate
        for operation, origin in zip(profile.operations, origins(profile).operations, strict=True)
        if operation.within is not None
    }
    assert fates == {"fused"}


def test_the_graph_opens_and_folds_a_body(ovtui: Ovtui, tmp_path: Path) -> None:
    path = bodies.choice(tmp_path / "choice.onnx")
    ovtui("import", path)
    opened = ovtui("graph", "choice", "--ir", "--fold", "none").out
    assert "▾ then  11" in opened and "▾ else  3" in opened
    assert opened.count("MatMul") == 8
    folded = ovtui("graph", "choice", "--ir", "--fold", "all").out
    assert "▸ r  14" in folded and "MatMul" not in folded
    document = ovtui("graph", "choice", "--ir", "--json").json
    assert {node["body"] for node in document["nodes"]} == {None, "r/then", "r/else"}
