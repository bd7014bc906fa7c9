"""What is read from real models, and that what OpenVINO says about bad ones becomes one line."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ovtui.engine import formats
from ovtui.engine.device import demo, read
from ovtui.engine.device.index_limits import index_limit
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.rank_conversion import with_ranks
from ovtui.engine.device.reason import reason
from ovtui.errors import InputError
from ovtui.records import Port
from tests import hostile
from tests.hostile import field

ops = openvino().opset15
TABLE = np.zeros((1000, 4), np.float32)
LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))


def _onnx(path: Path, nodes: list, inputs: dict[str, tuple], weights: dict[str, np.ndarray]) -> Path:
    ports = [helper.make_tensor_value_info(name, type_, shape) for name, (type_, shape) in inputs.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "g", ports, [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_each_real_topology_is_read_with_its_input_and_its_flops(path: Path) -> None:
    assert formats.check(path) == formats.Checked("onnx", (path,))
    facts = read.inspected(path)[0]
    (image,) = facts["inputs"]
    assert (image.type, image.shape) == ("f32", (1, 3, 224, 224))
    assert facts["flops_shapes"] == {image.name: (1, 3, 224, 224)}
    assert facts["flops"] is not None and facts["flops"] > 1e8
    assert facts["operations"] == sum(facts["operation_types"].values()) > 0
    assert facts["notes"] == ()


def test_weights_that_are_written_as_a_value_and_a_shape_count_as_weights() -> None:
    resnet = next(path for path in LIGHT if "resnet50" in path.name)
    facts = read.inspected(resnet)[0]
    # 25,557,032 trained parameters, and mean and variance of 26,560 channels; less where a layer has no bias.
    assert facts["parameters"] == pytest.approx(25_557_032 + 2 * 26_560, rel=1e-4)
    assert facts["operation_types"]["Convolution"] == 53
    assert "Broadcast" not in facts["operation_types"]


def test_a_dynamic_model_is_measured_at_a_shape_that_is_told(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    path = _onnx(
        tmp_path / "conv.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, ["n", 3, "h", "w"])},
        {"w": np.zeros((8, 3, 3, 3), np.float32)},
    )
    facts = read.inspected(path)[0]
    assert facts["inputs"] == (Port(name="x", type="f32", shape=("?", 3, "?", "?"), symbols=("n", None, "h", "w")),)
    assert facts["flops_shapes"] == {"x": (1, 3, 224, 224)}
    assert facts["flops"] == 2 * 8 * 222 * 222 * 27
    assert "--shape 'x[1,3,224,224]'" in facts["notes"][0]
    assert read.inspected(path, shapes={"": (2, 3, 10, 10)})[0]["flops"] == 2 * 2 * 8 * 8 * 8 * 27


def test_what_the_default_shape_breaks_has_no_flops_and_says_why(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Reshape", ["m", "s"], ["y"])]
    weights = {"w": np.zeros((16, 5), np.float32), "s": np.array([7, 5], np.int64)}
    path = _onnx(tmp_path / "seven.onnx", nodes, {"x": (TensorProto.FLOAT, ["n", 16])}, weights)
    facts = read.inspected(path)[0]
    assert facts["flops"] is None
    assert "FLOPs are unknown" in facts["notes"][-1]


def test_an_input_that_indexes_a_table_knows_the_length_of_the_shortest(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["ids"], ["cast"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["cast", "axis"], ["wide"]),
        helper.make_node("Gather", ["long", "wide"], ["a"]),
        helper.make_node("Gather", ["short", "wide"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    weights = {
        "long": np.zeros((1000, 4), np.float32),
        "short": np.zeros((50, 4), np.float32),
        "axis": np.array([0], np.int64),
    }
    path = _onnx(tmp_path / "gather.onnx", nodes, {"ids": (TensorProto.INT32, ["n", "s"])}, weights)
    facts = read.inspected(path)[0]
    (ids,) = facts["inputs"]
    assert ids.index_limit == 50
    assert facts["flops_shapes"] == {"ids": (1, 128)}
    assert facts["parameters"] == 4200


@pytest.mark.parametrize(
    ("way", "limit"),
    [
        (lambda x: ops.split(x, np.int64(1), 2).output(0), 1000),
        (lambda x: ops.variadic_split(x, np.int64(1), np.array([2, 6])).output(1), 1000),
        (lambda x: ops.slice(x, np.array([0]), np.array([4]), np.array([1]), np.array([1])), 1000),
        (lambda x: ops.strided_slice(x, np.array([0, 0]), np.array([1, 4]), np.array([1, 1]), [0, 0], [0, 0]), 1000),
        (lambda x: ops.convert(x, "i32"), 1000),
        (lambda x: ops.transpose(ops.tile(x, np.array([2, 1])), np.array([1, 0])), 1000),
        (lambda x: ops.select(ops.greater(x, np.int64(5)), x, ops.constant(np.int64(0))), 1000),
        (lambda x: ops.add(x, ops.convert(ops.constant(np.array([7, 100], np.int32)), "i64").output(0)), 900),
        (lambda x: ops.subtract(x, np.array([1])), 1001),
        (lambda x: ops.multiply(x, np.array([2])), 500),
        (lambda x: ops.add(ops.multiply(x, np.array([2])), np.array([100])), 450),
        (lambda x: ops.add(x, ops.relu(x)), 500),
        (lambda x: ops.concat([x, ops.constant(np.zeros((1, 1), np.int64))], 1), 1000),
        (lambda x: ops.subtract(np.array([1]), x), None),
        (lambda x: ops.floor_mod(x, np.array([5000])), 1000),
        (lambda x: ops.mod(x, np.array([300])), 1000),
        (lambda x: ops.divide(x, np.array([4])), 3997),
        (lambda x: ops.maximum(np.array([0]), x), 1000),
        (lambda x: ops.minimum(np.array([999]), ops.abs(x)), 1000),
        (lambda x: ops.bitwise_and(np.array([511]), x), 1000),
        (lambda x: ops.add(ops.divide(x, np.array([2])), np.array([100])), 1799),
        (lambda x: ops.divide(np.array([1]), x), None),
    ],
)
def test_ids_stay_inside_the_table_on_whatever_way_they_come_to_it(way: Callable, limit: int | None) -> None:
    ids = ops.parameter([1, 8 if limit != 900 else 2], np.int64, name="ids")
    rows = ops.gather(np.zeros((1000, 4), np.float32), way(ids), np.int64(0))
    model = openvino().Model([rows], [ids])
    assert index_limit(model.inputs[0]) == limit


@pytest.mark.parametrize(
    ("indexed", "shape", "limit"),
    [
        (lambda ids: ops.gather_elements(TABLE, ids, 1), (1000, 3), 4),
        (lambda ids: ops.gather_nd(TABLE, ids), (3, 1), 1000),
        (lambda ids: ops.gather_nd(TABLE, ids), (3, 2), 4),
        (lambda ids: ops.scatter_update(TABLE, ids, np.zeros((8, 4), np.float32), np.int64(0)), (8,), 1000),
        (lambda ids: ops.embedding_bag_packed(TABLE, ids), (2, 8), 1000),
        (lambda begins: ops.embedding_bag_offsets(TABLE, np.arange(9), begins), (3,), 1),
        (lambda bags: ops.embedding_segments_sum(TABLE, np.arange(9), bags, np.int64(3)), (9,), 1),
    ],
)
def test_each_kind_of_index_has_its_limit(indexed: Callable, shape: tuple[int, ...], limit: int) -> None:
    ids = ops.parameter(shape, np.int64, name="ids")
    model = openvino().Model([indexed(ids)], [ids])
    assert index_limit(model.inputs[0]) == limit


def test_ids_are_followed_into_a_loop(tmp_path: Path) -> None:
    ids, inner = ops.parameter([5, 1], np.int64, name="ids"), ops.parameter([1, 1], np.int64, name="inner")
    rows = ops.gather(ops.constant(TABLE), inner, np.int64(0))
    loop = ops.tensor_iterator()
    loop.set_body(openvino().Model([rows], [inner]))
    loop.set_sliced_input(inner, ids.output(0), 0, 1, 1, 4, 0)
    out = loop.get_concatenated_slices(rows.output(0), 0, 1, 1, 4, 0)
    model = openvino().Model([out], [ids])
    assert index_limit(model.inputs[0]) == 1000


def test_numbers_that_are_cast_to_ids_have_a_limit_too() -> None:
    ids = ops.parameter([1, 8], np.float32, name="ids")
    rows = ops.gather(TABLE, ops.convert(ids, "i64"), np.int64(0))
    model = openvino().Model([rows], [ids])
    assert index_limit(model.inputs[0]) == 1000


def test_what_the_file_calls_its_dimensions_links_the_inputs(tmp_path: Path) -> None:
    nodes = [helper.make_node("Unsqueeze", ["pad", "two"], ["wide"]), helper.make_node("Mul", ["feat", "wide"], ["y"])]
    inputs = {"feat": (TensorProto.FLOAT, ["b", "t", 80]), "pad": (TensorProto.FLOAT, ["b", "t"])}
    path = _onnx(tmp_path / "pad.onnx", nodes, inputs, {"two": np.array([2], np.int64)})
    facts = read.inspected(path)[0]
    assert facts["flops_shapes"] == {"feat": (1, 128, 80), "pad": (1, 128)}
    assert [port.symbols for port in facts["inputs"]] == [("b", "t", None), ("b", "t")]


def test_sizes_that_the_model_refuses_are_searched_for_and_never_recommended(tmp_path: Path) -> None:
    path = _onnx(
        tmp_path / "all.onnx",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": (TensorProto.FLOAT, ["b", "k"])},
        {"w": np.zeros((37, 8), np.float32)},
    )
    facts = read.inspected(path)[0]
    assert facts["flops_shapes"] == {"x": (1, 37)}
    assert facts["inputs"][0].fitting == (1, 37)
    assert facts["notes"] == ("Input 'x' is dynamic [?,?]; measured as [1,37]: fix it with --shape 'x[1,37]'.",)
    refused = _onnx(
        tmp_path / "refused.onnx",
        [
            helper.make_node("MatMul", ["x", "w"], ["a"]),
            helper.make_node("MatMul", ["x", "v"], ["b"]),
            helper.make_node("Add", ["a", "b"], ["y"]),
        ],
        {"x": (TensorProto.FLOAT, ["b", "k"])},
        {"w": np.zeros((37, 8), np.float32), "v": np.zeros((38, 8), np.float32)},
    )
    (note,) = read.inspected(refused)[0]["notes"]
    assert "No usual size fits" in note and "'x' [?,?]" in note and "[1," not in note


def test_a_file_that_is_readable_only_with_shapes_is_read_with_them(tmp_path: Path) -> None:
    kernel = np.ones((8, 3, 3, 3), np.float32)
    path = _onnx(
        tmp_path / "conv.onnx",
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        {"x": (TensorProto.FLOAT, None)},
        {"w": kernel},
    )
    with pytest.raises(InputError, match=r"conv.onnx --shape 'x\[1,3,224,224\]'"):
        read.inspected(path)
    target = tmp_path / "made" / "model.xml"
    assert with_ranks(path, {"": (1, 3, 10, 10)}, target, ())
    facts = read.inspected(target, shapes={"x": (1, 3, 10, 10)})[0]
    assert facts["inputs"][0].shape == ("?", "?", "?", "?")
    assert facts["flops"] == 2 * 8 * 8 * 8 * 27


def test_operations_on_constants_alone_are_not_part_of_an_inference(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["w"], ["full"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "full"], ["y"]),
    ]
    path = _onnx(
        tmp_path / "half.onnx", nodes, {"x": (TensorProto.FLOAT, [1, 4, 8])}, {"w": np.zeros((4, 8), np.float16)}
    )
    facts = read.inspected(path)[0]
    assert facts["operation_types"] == {"Multiply": 1}
    assert facts["weight_precisions"] == {"f16": 32}


def test_bounded_dimensions_and_layouts_are_read_from_an_ir(tmp_path: Path) -> None:
    ov = openvino()
    x = ov.opset13.parameter(ov.PartialShape([ov.Dimension(1, 8), 16, ov.Dimension(2, -1), -1]), np.float32, name="x")
    x.set_layout(ov.Layout("NHWC"))
    free = ov.opset13.parameter(ov.PartialShape.dynamic(), np.float32, name="free")
    outputs = [ov.opset13.relu(x), ov.opset13.relu(free)]
    path = tmp_path / "m.xml"
    ov.serialize(ov.Model(outputs, [x, free], "m"), str(path), str(path.with_suffix(".bin")))
    facts = read.inspected(path)[0]
    bounded, free = facts["inputs"]
    assert (bounded.shape, bounded.layout) == (("1..8", 16, "2..", "?"), "NHWC")
    assert free.shape is None
    assert facts["flops"] is None
    assert "how many dimensions input 'free' has" in facts["notes"][0]


def test_absurd_shapes_are_read_and_not_computed_with(tmp_path: Path) -> None:
    facts = read.inspected(hostile.absurd_shapes(tmp_path))[0]
    assert facts["inputs"][0].shape == (2**62, 2**62, 3)
    assert facts["flops"] is None


@pytest.mark.parametrize("index", range(len(hostile.NAMES)))
def test_hostile_names_are_kept_as_they_are_and_shown_as_plain_text(index: int, tmp_path: Path) -> None:
    path = hostile.hostile_name(tmp_path, index)
    facts = read.inspected(path)[0]
    assert facts["inputs"][0].name == hostile.NAMES[index]
    with pytest.raises(InputError) as refused:
        read.inspected(path, shapes={"": (7, 7, 7)})[0]
    assert str(refused.value).isprintable()


def test_names_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(hostile.onnx(name="xx").replace(b"xx", b"\xff\xfe"))
    with pytest.raises(InputError):
        read.inspected(path)[0]


@pytest.mark.parametrize("build", hostile.CRASHES, ids=lambda build: build.__name__)
def test_models_that_crash_a_compiler_can_still_be_read(build, tmp_path: Path) -> None:
    path = build(tmp_path)
    assert formats.check(path).format == "ir"
    assert read.inspected(path)[0]["operations"] == 1  # the rest is computed from constants, when it compiles


def test_the_demo_is_the_same_every_time_and_takes_other_batches(tmp_path: Path) -> None:
    one, two = tmp_path / "a" / "demo.xml", tmp_path / "b" / "demo.xml"
    for path in (one, two):
        demo.build(path)
    checked = formats.check(one)
    assert formats.digest(checked.files)[0] == formats.digest(formats.check(two).files)[0]
    assert sorted(path.name for path in one.parent.iterdir()) == ["demo.bin", "demo.xml"]
    facts = read.inspected(one)[0]
    assert facts["inputs"] == (Port(name="image", type="f32", shape=(1, 3, 224, 224), layout="NCHW"),)
    assert facts["outputs"] == (Port(name="probabilities", type="f32", shape=(1, 1000)),)
    assert 2e6 < facts["parameters"] < 4e6
    eight = read.inspected(one, shapes={"image": (8, 3, 224, 224)})[0]
    assert facts["flops"] is not None and eight["flops"] == 8 * facts["flops"]


# Other formats, written by hand


def _attribute(name: str, value: bytes) -> bytes:
    return field(5, field(1, name) + field(2, value))


def _graph_def() -> bytes:
    """Placeholder x [?, 3] → Relu y."""
    shape = field(2, field(1, -1)) + field(2, field(1, 3))
    placeholder = field(1, "x") + field(2, "Placeholder") + _attribute("dtype", field(6, 1))
    relu = field(1, "y") + field(2, "Relu") + field(3, "x") + _attribute("T", field(6, 1))
    return field(1, placeholder + _attribute("shape", field(7, shape))) + field(1, relu)


def test_a_frozen_tensorflow_graph(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pb"
    path.write_bytes(_graph_def())
    assert formats.check(path).format == "tf_frozen"
    facts = read.inspected(path)[0]
    assert facts["inputs"][0].shape == ("?", 3)
    assert facts["operation_types"] == {"Relu": 1}


def test_a_tensorflow_graph_as_text(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pbtxt"
    path.write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }'
        ' attr { key: "shape" value { shape { dim { size: 2 } dim { size: 3 } } } } }\n'
        'node { name: "y" op: "Relu" input: "x" attr { key: "T" value { type: DT_FLOAT } } }\n'
    )
    assert formats.check(path).format == "tf_frozen"
    assert read.inspected(path)[0]["inputs"][0].shape == (2, 3)


def test_a_tensorflow_saved_model_is_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    info = field(2, 1) + field(3, field(2, field(1, -1)) + field(2, field(1, 3)))
    signature = field(1, field(1, "in") + field(2, field(1, "x:0") + info))
    signature += field(2, field(1, "out") + field(2, field(1, "y:0") + info)) + field(3, "tensorflow/serving/predict")
    meta = field(1, field(4, "serve")) + field(2, _graph_def())
    meta += field(5, field(1, "serving_default") + field(2, signature))
    (folder / "saved_model.pb").write_bytes(field(1, 1) + field(2, meta))
    checked = formats.check(folder)
    assert checked == formats.Checked("tf_saved_model", (folder / "saved_model.pb",))
    assert read.inspected(folder)[0]["inputs"][0].shape == ("?", 3)


def test_a_paddle_program(tmp_path: Path) -> None:
    def variable(name: str, kind: bytes) -> bytes:
        return field(3, field(1, name) + field(2, kind))

    def operation(type_: str, source: str, target: str, attributes: bytes = b"") -> bytes:
        arguments = field(1, field(1, "X") + field(2, source)) + field(2, field(1, "Out") + field(2, target))
        return field(4, arguments + field(3, type_) + attributes)

    tensor = field(1, 7) + field(3, field(1, field(1, 5) + field(2, -1) + field(2, 3)))
    column = field(4, field(1, "col") + field(2, 0) + field(3, 0))
    block = field(1, 0) + field(2, -1)
    block += variable("feed", field(1, 9)) + variable("fetch", field(1, 10))
    block += variable("x", tensor) + variable("y", tensor)
    block += (
        operation("feed", "feed", "x", column) + operation("relu", "x", "y") + operation("fetch", "y", "fetch", column)
    )
    path = tmp_path / "inference.pdmodel"
    path.write_bytes(field(1, block) + field(4, field(1, 0)))
    assert formats.check(path).format == "paddle"
    facts = read.inspected(path)[0]
    assert (facts["inputs"][0].name, facts["inputs"][0].shape) == ("x", ("?", 3))


def _flatbuffer(root: object, identifier: bytes) -> bytes:
    """Tables as {slot: value}; values: int (32 bits), bytes (a vector of bytes), str, or lists of tables or of ints."""
    out = bytearray(struct.pack("<I", 0) + identifier)

    def pad() -> None:
        out.extend(b"\0" * (-len(out) % 4))

    def write(value: object) -> int:
        pad()
        if isinstance(value, dict):
            slots = max(value, default=-1) + 1
            table = 4 + 2 * slots + (2 * slots) % 4
            offsets = {slot: 4 + 4 * i for i, slot in enumerate(sorted(value))}
            vtable = struct.pack(
                f"<HH{slots}H", 4 + 2 * slots, 4 + 4 * len(value), *(offsets.get(s, 0) for s in range(slots))
            )
            start = len(out) + table
            out.extend(vtable.ljust(table, b"\0") + struct.pack("<i", table) + b"\0" * 4 * len(value))
            for slot in sorted(value):
                fill(start + offsets[slot], value[slot])
            return start
        start = len(out)
        if isinstance(value, str | bytes):
            content = value.encode() + b"\0" if isinstance(value, str) else value
            out.extend(struct.pack("<I", len(value)) + content)
        else:
            assert isinstance(value, list)
            out.extend(struct.pack("<I", len(value)) + b"\0" * 4 * len(value))
            for i, item in enumerate(value):
                fill(start + 4 + 4 * i, item)
        return start

    def fill(at: int, value: object) -> None:
        number = value if isinstance(value, int) else write(value) - at
        struct.pack_into("<i", out, at, number)

    fill(0, root)
    return bytes(out)


def test_a_tensorflow_lite_model(tmp_path: Path) -> None:
    relu, shape = 19, [1, 3]
    tensors = [{0: shape, 2: 0, 3: "x"}, {0: shape, 2: 0, 3: "y"}]
    graph = {0: tensors, 1: [0], 2: [1], 3: [{0: 0, 1: [0], 2: [1]}], 4: "main"}
    model = {0: 3, 1: [{0: relu, 2: 1, 3: relu}], 2: [graph], 3: "by hand", 4: [{}]}
    path = tmp_path / "relu.tflite"
    path.write_bytes(_flatbuffer(model, b"TFL3"))
    assert formats.check(path).format == "tflite"
    facts = read.inspected(path)[0]
    assert facts["inputs"][0].shape == (1, 3)
    assert facts["operation_types"] == {"Relu": 1}


# OpenVINO's reasons


def test_a_reason_is_the_message_and_the_node_without_sources_and_checks(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["c\x1b[31m"]), helper.make_node("Relu", ["c\x1b[31m"], ["y"])]
    path = _onnx(
        tmp_path / "bad.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, [1, 3, 8, 8])},
        {"w": np.zeros((4, 5, 3, 3), np.float32)},
    )
    with pytest.raises(InputError) as refused:
        read.inspected(path)[0]
    said = str(refused.value)
    assert "Data batch channel count (3) does not match filter input channel count (5)" in said
    assert "Conv" in said
    assert ".cpp" not in said and "Check" not in said and said.isprintable()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            "Exception from src/inference/src/cpp/core.cpp:84:\nCheck 'res.status == pugi::status_ok' failed at "
            "src/frontends/ir/src/input_model.cpp:219:\nStart-end tags mismatch at offset 854\n\n",
            "Start-end tags mismatch at offset 854.",
        ),
        (
            "Exception from src/inference/src/cpp/core.cpp:117:\nException from src/inference/src/dev/plugin.cpp:54:\n"
            "Exception from src/plugins/cpu/config.cpp:505:\nNotFound: Unsupported property FOO by CPU plugin.",
            "NotFound: Unsupported property FOO by CPU plugin.",
        ),
        (
            "Exception from src/inference/src/cpp/core.cpp:84:\nCheck 'false' failed at src/frontends/common/src/"
            "frontend.cpp:53:\nConverting input model\nstoll\n",
            "A value in it is out of range (stoll).",
        ),
        (
            "Check 'input_shapes.size() == 2' failed at src/core/unsqueeze.hpp:26:\n"
            "While validating node 'opset1::Unsqueeze Unsqueeze_54 () -> ()' with friendly_name 'u'\n",
            "it fails OpenVINO's check input_shapes.size() == 2 (node 'u').",
        ),
        ("", "OpenVINO gives no reason."),
    ],
)
def test_reasons(error: str, expected: str) -> None:
    assert reason(error) == expected
    assert reason(RuntimeError(error)) == expected


def test_a_reason_is_short_whatever_the_error() -> None:
    assert len(reason("x\x1b" * 100_000)) <= 300
    assert reason(MemoryError()) == "There is not enough memory for it."


# An IR of another OpenVINO


def edited(tmp_path: Path, mlp: Path, before: str, after: str, written: str | None = None) -> Path:
    """The IR of a perceptron with one thing changed, as OpenVINO `written` would have written it."""
    text = mlp.read_text()
    assert before in text
    text = text.replace(before, after)
    if written is not None:
        text = text.replace("</net>", f'<rt_info><Runtime_version value="{written}" /></rt_info></net>')
    path = tmp_path / "other.xml"
    path.write_text(text)
    path.with_suffix(".bin").write_bytes(mlp.with_suffix(".bin").read_bytes())
    return path


NEWER = "2031.2.0-99999-abcdef-releases/2031/2"
RELU, RELU_NEWER = 'type="ReLU" version="opset1"', 'type="ReLU" version="opset99"'


@pytest.mark.parametrize(
    ("before", "after", "written", "said"),
    [
        ('version="11"', 'version="12"', NEWER, ["IR version 12", "up to 11", "by OpenVINO 2031.2.0", ">=2031.2'"]),
        ('version="11"', 'version="12"', None, ["IR version 12", "pip install -U openvino"]),
        (RELU, RELU_NEWER, NEWER, ["ReLU is of opset99", "up to opset", "by OpenVINO 2031.2.0", ">=2031.2'"]),
        (RELU, RELU_NEWER, "2020.1.0-1-x", ["ReLU is of opset99", "pip install -U openvino"]),
        (RELU, 'type="Mine" version="extension"', NEWER, ["Mine is an operation of an extension", "--extension FILE"]),
        (RELU, 'type="Mine" version="other_set"', None, ["Mine is an operation of an extension"]),
    ],
)
def test_an_ir_that_needs_more_says_what(
    tmp_path: Path, mlp: Path, before: str, after: str, written: str | None, said: list[str]
) -> None:
    path = edited(tmp_path, mlp, before, after, written)
    assert formats.check(path).format == "ir"  # it is OpenVINO that decides whether it can be read
    with pytest.raises(InputError) as refused:
        read.inspected(path)
    sentence = str(refused.value)
    assert [part for part in said if part not in sentence] == [], sentence
    assert "\n" not in sentence


def test_an_ir_that_was_written_by_a_newer_openvino_and_can_be_read_is_read(tmp_path: Path, mlp: Path) -> None:
    path = edited(tmp_path, mlp, 'version="11"', 'version="11"', NEWER)
    assert read.inspected(path)[0]["operations"] == read.inspected(mlp)[0]["operations"]


def test_a_damaged_ir_is_told_in_openvinos_words(tmp_path: Path, mlp: Path) -> None:
    path = edited(tmp_path, mlp, RELU, 'type="ReLU9" version="opset1"', NEWER)
    with pytest.raises(InputError, match=r"ReLU9.*written by OpenVINO 2031\.2\.0"):
        read.inspected(path)
    path = edited(tmp_path, mlp, RELU, 'type="ReLU9" version="opset1"')
    with pytest.raises(InputError, match=r"ReLU9\.$"):
        read.inspected(path)
