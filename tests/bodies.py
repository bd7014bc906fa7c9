"""Models with models in them: conditions and loops, as ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH, TRIPS = 64, 512, 10


def _float(name: str, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _weights(*shape: int) -> onnx.TensorProto:
    values = np.random.default_rng(0).standard_normal(shape) / np.sqrt(shape[0])
    return numpy_helper.from_array(values.astype(np.float32), "W")


def _save(nodes: Sequence[onnx.NodeProto], inputs: list, outputs: list, constants: list, path: Path) -> Path:
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def _branch(name: str, products: int) -> onnx.GraphProto:
    nodes = [helper.make_node("Relu", ["x"], [f"{name}0"])]
    nodes += [helper.make_node("MatMul", [f"{name}{i}", "W"], [f"{name}{i + 1}"]) for i in range(products)]
    return helper.make_graph(nodes, name, [], [_float(f"{name}{products}", ROWS, WIDTH)])


def choice(path: Path, *, then: int = 8, otherwise: int = 0, condition: bool | None = None) -> Path:
    """An If with so many products in its branches; without a `condition`, an input decides."""
    inputs = [_float("x", ROWS, WIDTH)]
    constants = [_weights(WIDTH, WIDTH)]
    if condition is None:
        inputs.append(helper.make_tensor_value_info("cond", TensorProto.BOOL, []))
    else:
        constants.append(numpy_helper.from_array(np.array(condition), "cond"))
    branches = {"then_branch": _branch("t", then), "else_branch": _branch("e", otherwise)}
    nodes = [helper.make_node("If", ["cond"], ["r"], **branches), helper.make_node("Relu", ["r"], ["y"])]
    return _save(nodes, inputs, [_float("y", ROWS, WIDTH)], constants, path)


def _round(end: str = "", *, nested: bool) -> onnx.GraphProto:
    """A product and its tanh; or a loop over that. `end`: of its names, which ONNX wants to be unique."""
    scalars = [
        helper.make_tensor_value_info(f"i{end}", TensorProto.INT64, []),
        helper.make_tensor_value_info(f"c_in{end}", TensorProto.BOOL, []),
    ]
    before, after = f"h_in{end}", f"h_out{end}"
    work = [helper.make_node("MatMul", [before, "W"], [f"hm{end}"]), helper.make_node("Tanh", [f"hm{end}"], [after])]
    if nested:
        work = [helper.make_node("Loop", ["trips", "go", before], [after], body=_round("_inner", nested=False))]
    work.append(helper.make_node("Identity", [f"c_in{end}"], [f"c_out{end}"]))
    ends = [helper.make_tensor_value_info(f"c_out{end}", TensorProto.BOOL, []), _float(after, ROWS, WIDTH)]
    return helper.make_graph(work, f"round{end}", [*scalars, _float(before, ROWS, WIDTH)], ends)


def loop(path: Path, *, known: bool = True, nested: bool = False) -> Path:
    """A Loop of ten trips, each a product; `known`: or of as many as an input says; `nested`: of ten each."""
    inputs, constants = [_float("x", ROWS, WIDTH)], [_weights(WIDTH, WIDTH)]
    constants.append(numpy_helper.from_array(np.array(True), "go"))
    if known:
        constants.append(numpy_helper.from_array(np.array(TRIPS, np.int64), "trips"))
    else:
        inputs.append(helper.make_tensor_value_info("trips", TensorProto.INT64, []))
    node = helper.make_node("Loop", ["trips", "go", "x"], ["y"], body=_round(nested=nested), name="outer")
    return _save([node], inputs, [_float("y", ROWS, WIDTH)], constants, path)


def scan(path: Path) -> Path:
    """A recurrence over 100 steps, which OpenVINO reads as a TensorIterator."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["s_in", "W"], ["m"]),
            helper.make_node("Add", ["m", "x_in"], ["a"]),
            helper.make_node("Tanh", ["a"], ["s_out"]),
            helper.make_node("Identity", ["s_out"], ["y_out"]),
        ],
        "step",
        [_float("s_in", 1, 256), _float("x_in", 1, 256)],
        [_float("s_out", 1, 256), _float("y_out", 1, 256)],
    )
    start = numpy_helper.from_array(np.zeros((1, 256), np.float32), "s0")
    node = helper.make_node("Scan", ["s0", "x"], ["s_last", "y"], body=body, num_scan_inputs=1)
    return _save([node], [_float("x", 100, 1, 256)], [_float("y", 100, 1, 256)], [start, _weights(256, 256)], path)


def lookup(path: Path, *, rows: int = 40) -> Path:
    """An If whose branch looks an input's values up in a table."""
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 4])
    cond = helper.make_tensor_value_info("cond", TensorProto.BOOL, [])
    out = _float("found", 1, 4, 8)
    table = numpy_helper.from_array(np.ones((rows, 8), np.float32), "table")
    branches = {
        part: helper.make_graph([helper.make_node("Gather", ["table", "ids"], ["found"], name=part)], part, [], [out])
        for part in ("then_branch", "else_branch")
    }
    node = helper.make_node("If", ["cond"], ["y"], **branches)
    return _save([node], [ids, cond], [_float("y", 1, 4, 8)], [table], path)
