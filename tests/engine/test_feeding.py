"""What reaches a model through each way of making requests: of every element type, rank and size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ovtui.engine.device.capi import DeviceError
from ovtui.engine.device.element_types import FLOATS, encode, holder, span
from ovtui.engine.device.inputs import Inputs, filling
from ovtui.engine.device.measure import Session, session
from ovtui.engine.device.native import Native
from ovtui.engine.device.queue import Queue
from ovtui.records import Port, Spec
from tests import nets
from tests.conftest import Ovtui

ov, op = nets.ov, nets.op
APIS = ["threads", "async", "python"]
TYPES = ["f32", "f64", "f16", "bf16", "f8e4m3", "f8e5m2", "f8e8m0", "f4e2m1", "nf4", "i4", "i8", "i16", "i32", "i64",
         "u2", "u4", "u8", "u16", "u32", "u64", "boolean"]  # fmt: skip
"""Those that the CPU infers on."""


def output(device: Session, dtype: str = "float32") -> np.ndarray:
    if isinstance(device, Native):
        return device.requests[0].output(0, dtype)
    assert isinstance(device, Queue)
    return np.array(device._queue[0].get_output_tensor(0).data)


def inferred(
    api: str,
    path: Path,
    values: list[np.ndarray],
    shapes: dict[int, tuple[int, ...]] | None = None,
    extensions: tuple[str, ...] = (),
) -> Session:
    device = session(api)
    device.read(str(path), extensions)
    if shapes:
        device.reshape(shapes)
    device.compile("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    device.create(1, reset=False)
    for place, each in enumerate(values):
        device.fill(0, place, each)
    device.infer(0)
    return device


def converting(path: Path, kind: str, shape: list[int]) -> Path:
    x = op.parameter(shape, getattr(ov.Type, kind), name="x")
    x.output(0).set_names({"x"})
    ov.save_model(ov.Model([op.convert(x, "f32")], [x], "converting"), path, False)
    return path


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", TYPES)
def test_each_type_arrives_as_it_was_meant(tmp_path: Path, api: str, kind: str) -> None:
    path = converting(tmp_path / "net.xml", kind, [2, 3])
    if kind in FLOATS:
        values = np.array([[1, 0.5, 2], [4, 1, 0.25]] if kind == "f8e8m0" else [[0, 1, -1], [0, 1, 1]])
    else:
        least, most = (0, 1) if kind == "boolean" else span(kind)
        values = np.array([[least, 1, 0], [1, min(most, 100), 0]])
    values = values.astype(holder(kind))
    assert output(inferred(api, path, [encode(values, kind)])).tolist() == values.astype(np.float32).tolist()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", ["f32", "i64", "boolean", "u4"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (0,), (0, 4), (2, 0)], ids=str)
def test_scalars_lists_and_empty_inputs_arrive(tmp_path: Path, api: str, kind: str, shape: tuple[int, ...]) -> None:
    path = converting(tmp_path / "net.xml", kind, list(shape))
    values = np.ones(shape, dtype=holder(kind))
    got = output(inferred(api, path, [encode(values, kind)]))
    assert got.shape == shape
    assert got.tolist() == values.astype(np.float32).tolist()


@pytest.mark.parametrize("api", APIS)
def test_a_scalar_stays_one_beside_a_shape_that_is_set(tmp_path: Path, api: str) -> None:
    x = op.parameter([-1, 4], np.float32, name="x")
    scale, flag = op.parameter([], np.float32, name="scale"), op.parameter([], bool, name="flag")
    y = op.multiply(op.multiply(x, scale), op.convert(flag, "f32"))
    ov.save_model(ov.Model([y], [scale, x, flag], "scaled"), tmp_path / "net.xml", False)
    values = [np.float32(3).reshape(()), np.ones((2, 4), np.float32), np.array(True)]
    got = output(inferred(api, tmp_path / "net.xml", values, {1: (2, 4)}))
    assert got.tolist() == [[3.0] * 4] * 2


@pytest.mark.parametrize("api", APIS)
def test_an_input_of_any_rank_can_become_a_scalar(tmp_path: Path, api: str) -> None:
    scale, x = op.parameter(ov.PartialShape.dynamic(), np.float32), op.parameter([-1, 2], np.float32)
    ov.save_model(ov.Model([op.multiply(x, scale)], [scale, x], "any"), tmp_path / "net.xml", False)
    values = [np.float32(3).reshape(()), np.ones((2, 2), np.float32)]
    got = output(inferred(api, tmp_path / "net.xml", values, {0: (), 1: (2, 2)}))
    assert got.tolist() == [[3.0] * 2] * 2


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_chooses_the_branch(tmp_path: Path, api: str, flag: bool) -> None:
    path = branching(tmp_path / "if.xml")
    got = output(inferred(api, path, [np.full((2, 3), 5, np.float32), np.array(flag)], {0: (2, 3)}))
    assert got.tolist() == [[10.0 if flag else 4.0] * 3] * 2


def branching(path: Path) -> Path:
    """Twice the input, or one less."""

    def body(make: Callable):
        inner = op.parameter([-1, 3], np.float32)
        return ov.Model([op.result(make(inner))], [inner]), inner

    x, flag = op.parameter([-1, 3], np.float32, name="x"), op.parameter([], bool, name="flag")
    chosen = op.if_op(flag)
    (yes, a), (no, b) = body(lambda v: op.add(v, v)), body(lambda v: op.subtract(v, op.constant(np.float32(1))))
    chosen.set_then_body(yes)
    chosen.set_else_body(no)
    chosen.set_input(x.output(0), a, b)
    out = chosen.set_output(yes.get_results()[0], no.get_results()[0])
    ov.save_model(ov.Model([op.result(out)], [x, flag], "if"), path, False)
    return path


@pytest.mark.parametrize("api", APIS)
def test_an_output_whose_shape_the_values_decide_is_read(tmp_path: Path, api: str) -> None:
    x = op.parameter([5], np.float32, name="x")
    ov.save_model(ov.Model([op.non_zero(x, "i64")], [x], "found"), tmp_path / "net.xml", False)
    got = output(inferred(api, tmp_path / "net.xml", [np.array([0, 1, 0, 2, 3], np.float32)]), "int64")
    assert got.tolist() == [[1, 3, 4]]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("shape", [(), (2,), (1, 3), (0,)], ids=str)
def test_texts_arrive(tmp_path: Path, api: str, shape: tuple[int, ...]) -> None:
    x = op.parameter(list(shape), ov.Type.string, name="x")
    begins, ends, symbols = ov.opset15.string_tensor_unpack(x).outputs()
    ov.save_model(ov.Model([symbols, begins, ends], [x], "texts"), tmp_path / "net.xml", False)
    texts = np.array(["überall", "", "a b"][: int(np.prod(shape))], dtype=str).reshape(shape)
    got = output(inferred(api, tmp_path / "net.xml", [texts]), "uint8")
    assert bytes(got) == "".join(texts.reshape(-1).tolist()).encode()


def test_generated_texts_are_those_of_the_seed() -> None:
    port = Port(name="text", type="string", shape=(2,))
    made = filling(Inputs(), port, (2,), None, Spec(model="m"), 0, 1)
    assert made.values(0).dtype.kind == "U"
    assert made.values(0).tolist() == made.values(0).tolist() != made.values(1).tolist()
    assert all(len(text.split()) == 8 for text in made.values(0).tolist())


@pytest.mark.parametrize("kind", ["u4", "f8e4m3"])
def test_a_rare_type_is_measured(ovtui: Ovtui, tmp_path: Path, kind: str) -> None:
    path = converting(tmp_path / f"{kind}.xml", kind, [1, 33])
    np.save(tmp_path / "x.npy", np.ones((1, 33), dtype=holder(kind)))
    run = ovtui("run", path, "-n", 50, "--data", tmp_path / "x.npy", "--json").json["run"]
    assert run["result"]["inferences"] >= 50


def test_numbers_beyond_a_type_are_refused(ovtui: Ovtui, tmp_path: Path) -> None:
    path = converting(tmp_path / "net.xml", "u4", [1, 4])
    np.save(tmp_path / "x.npy", np.full((1, 4), 16, dtype=np.uint8))
    refused = ovtui("run", path, "-n", 50, "--data", tmp_path / "x.npy")
    assert refused.code == 2
    assert "beyond input 'x' of type u4" in refused.err


def test_a_type_that_the_device_does_not_take_is_one_sentence(ovtui: Ovtui, tmp_path: Path) -> None:
    path = converting(tmp_path / "net.xml", "u1", [1, 8])
    refused = ovtui("run", path, "-n", 50)
    assert refused.code == 1
    assert "u1 is not supported" in refused.err.splitlines()[-1]


def joined(path: Path) -> Path:
    """Two lists of open lengths one after the other, and a third that is as long as both."""
    a, b, both = (op.parameter([-1, 4], np.float32, name=name) for name in ("a", "b", "both"))
    for each, name in ((a, "a"), (b, "b"), (both, "both")):
        each.output(0).set_names({name})
    ov.save_model(ov.Model([op.add(op.concat([a, b], 0), both)], [a, b, both], "joined"), path, False)
    return path


@pytest.mark.parametrize("api", APIS)
def test_sizes_stay_open_in_a_reshape(api: str, tmp_path: Path) -> None:
    device = session(api)
    device.read(str(joined(tmp_path / "joined.xml")), ())
    device.reshape({0: (-1, 4), 1: (-1, 4), 2: (9, 4)})
    device.reshape({0: (2, 4), 1: (-1, 4), 2: (9, 4)})
    with pytest.raises(DeviceError):
        device.reshape({0: (2, 4), 1: (6, 4), 2: (9, 4)})
    device.reshape({0: (2, 4), 1: (7, 4), 2: (9, 4)})


def test_what_is_told_of_one_input_changes_what_was_found_for_the_others(ovtui: Ovtui, tmp_path: Path) -> None:
    path = joined(tmp_path / "joined.xml")
    run = ovtui("run", path, "--shape", "both[99,4]", "-n", "3", "--no-profile", "--json").json["run"]
    shapes = run["spec"]["shapes"]
    assert shapes["both"] == [99, 4]
    assert shapes["a"][0] + shapes["b"][0] == 99
