"""FLOPs per operation against counts by hand, and of whole networks against tables of their layers."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import onnx
import pytest

from ovtui.analysis.flops import COUNTED, VALUES, WITH_ATTRIBUTES, Operation, counted, flops, free
from ovtui.engine.device import demo, read
from ovtui.engine.device.quiet import openvino

Shape = tuple[int, ...]


def _flops(type_: str, inputs: list[Shape], output: Shape, **attributes) -> int | None:
    return flops(Operation(type_, tuple(inputs), (output,), attributes))


@pytest.mark.parametrize(
    ("type_", "inputs", "output", "attributes", "expected"),
    [
        ("Convolution", [(1, 3, 224, 224), (64, 3, 7, 7)], (1, 64, 112, 112), {}, 2 * 64 * 112 * 112 * 3 * 49),
        ("GroupConvolution", [(1, 32, 8, 8), (32, 1, 1, 3, 3)], (1, 32, 8, 8), {}, 2 * 32 * 64 * 9),
        ("GroupConvolution", [(1, 8, 4, 4), (2, 6, 4, 1, 1)], (1, 12, 4, 4), {}, 2 * 12 * 16 * 4),
        # Each of 4·5·5 inputs is multiplied with 7·3·3 weights; the bigger output does not make it more.
        ("ConvolutionBackpropData", [(1, 4, 5, 5), (4, 7, 3, 3)], (1, 7, 11, 11), {}, 2 * 100 * 63),
        ("GroupConvolutionBackpropData", [(1, 4, 5, 5), (2, 2, 3, 3, 3)], (1, 6, 11, 11), {}, 2 * 100 * 27),
        ("DeformableConvolution", [(1, 4, 9, 9), (1, 18, 7, 7), (8, 4, 3, 3)], (1, 8, 7, 7), {}, 2 * 8 * 49 * 36),
        ("MatMul", [(2, 5, 7), (2, 7, 11)], (2, 5, 11), {}, 2 * 2 * 5 * 7 * 11),
        ("MatMul", [(7, 5), (11, 7)], (5, 11), {"transpose_a": True, "transpose_b": True}, 2 * 5 * 7 * 11),
        ("MatMul", [(7,), (7, 11)], (11,), {"transpose_a": True}, 2 * 7 * 11),
        ("GroupedMatMul", [(9, 7), (3, 11, 7), (3,)], (9, 11), {}, 2 * 9 * 7 * 11),
        ("ScaledDotProductAttention", [(2, 8, 10, 64), (2, 8, 12, 64), (2, 8, 12, 32)], (2, 8, 10, 32), {},
         16 * 10 * 12 * (2 * 64 + 2 * 32 + 1 + 5)),
        ("LSTMCell", [(3, 5), (3, 7), (3, 7), (28, 5), (28, 7), (28,)], (3, 7), {}, 3 * 7 * (8 * 12 + 17)),
        ("GRUCell", [(3, 5), (3, 7), (21, 5), (21, 7), (21,)], (3, 7), {}, 3 * 7 * (6 * 12 + 13)),
        ("RNNCell", [(3, 5), (3, 7), (7, 5), (7, 7), (7,)], (3, 7), {}, 3 * 7 * (2 * 12 + 3)),
        ("LSTMSequence", [(3, 10, 5), (3, 2, 7), (3, 2, 7), (3,), (2, 28, 5), (2, 28, 7), (2, 28)], (3, 2, 10, 7), {},
         10 * 2 * 3 * 7 * (8 * 12 + 17)),
        ("Einsum", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), {"equation": "bij, bjk -> bik"}, 2 * 2 * 3 * 4 * 5),
        ("Einsum", [(2, 9, 3, 4), (4, 5)], (2, 9, 3, 5), {"equation": "...ij,jk->...ik"}, 2 * 18 * 3 * 4 * 5),
        ("Einsum", [(2, 3)], (2,), {"equation": "ij->i"}, 6),
        ("Einsum", [(2, 3)], (2,), {"equation": "nonsense()"}, 0),
        ("MaxPool", [(1, 8, 8, 8)], (1, 8, 4, 4), {"kernel": [3, 3]}, 8 * 16 * 9),
        ("Add", [(1, 8, 1, 1), (1, 8, 4, 4)], (1, 8, 4, 4), {}, 128),
        ("Softmax", [(2, 10)], (2, 10), {}, 100),
        ("ReduceMean", [(1, 8, 4, 4), (2,)], (1, 8), {}, 128),
        ("MVN", [(2, 10), (1,)], (2, 10), {"normalize_variance": False}, 40),
        ("LRN", [(1, 4), (1,)], (1, 4), {"size": 5}, 4 * 14),
        ("Transpose", [(2, 10), (2,)], (10, 2), {}, 0),
        ("NeverHeardOf", [(2, 10)], (2, 10), {}, None),
        ("If", [(), (2, 10)], (2, 10), {}, 0),  # what its bodies do are operations of their own
        # 3 rows of 8 complex values: 5 · 24 · log₂ 8; both axes of 4 × 8: 5 · 32 · log₂ 32.
        ("DFT", [(3, 8, 2), (1,)], (3, 8, 2), {"axes": [1]}, 5 * 24 * 3),
        ("DFT", [(3, 8, 2), (1,)], (3, 8, 2), {"axes": [-1]}, 5 * 24 * 3),
        ("IDFT", [(4, 8, 2), (2,)], (4, 8, 2), {"axes": [0, 1]}, 5 * 32 * 5),
        ("DFT", [(3, 8, 2), (1,), (1,)], (3, 16, 2), {"axes": [1]}, 5 * 48 * 4),  # padded to 16
        ("RDFT", [(3, 8), (1,)], (3, 5, 2), {"axes": [1]}, 2.5 * 24 * 3),
        ("RDFT", [(3, 8), (1,), (1,)], (3, 9, 2), {"axes": [1], "signal_size": [16]}, 2.5 * 48 * 4),
        ("RDFT", [(3, 8), (1,), (1,)], (3, 5, 2), {"axes": [-1], "signal_size": [-1]}, 2.5 * 24 * 3),
        ("IRDFT", [(3, 5, 2), (1,)], (3, 8), {"axes": [1]}, 2.5 * 24 * 3),
        ("DFT", [(3, 8, 2), (1,)], (3, 8, 2), {}, None),  # along axes that only an inference tells
        # 10 frames of 16: windowed, then a real transform each.
        ("STFT", [(2, 88), (16,), (), ()], (2, 9, 5, 2), {"frame_size": [16]}, 10 * (16 + 2.5 * 16 * 4)),
        ("ScatterElementsUpdate", [(9, 9), (3, 4), (3, 4), ()], (9, 9), {"reduction": "none"}, 0),
        ("ScatterElementsUpdate", [(9, 9), (3, 4), (3, 4), ()], (9, 9), {"reduction": "sum"}, 12),
        ("ScatterElementsUpdate", [(9, 9), (3, 4), (3, 4), ()], (9, 9), {"reduction": "mean"}, 24),
        ("ScatterNDUpdate", [(9, 9), (3, 1), (3, 9)], (9, 9), {"reduction": "max"}, 27),
        ("EmbeddingBagOffsets", [(50, 6), (7,), (2,)], (2, 6), {}, 7 * 6),
        ("EmbeddingBagPackedSum", [(50, 6), (2, 7), (2, 7)], (2, 6), {}, 2 * 14 * 6),
        ("ROIAlign", [(1, 4, 9, 9), (3, 4), (3,)], (3, 4, 2, 2), {"sampling_ratio": 2}, 48 * 4 * 8),
        ("NonMaxSuppression", [(1, 10, 4), (1, 3, 10)], (30, 3), {}, 30),
        ("Convolution", [], (2, 10), {}, 0),
    ],
)  # fmt: skip
def test_an_operation_counts_as_by_hand(
    type_: str, inputs: list[Shape], output: Shape, attributes, expected: float | None
) -> None:
    assert _flops(type_, inputs, output, **attributes) == expected


def test_absurd_shapes_do_not_overflow() -> None:
    assert _flops("Convolution", [(1, 2**62), (2**62, 2**62)], (2**62, 2**62)) == 2 * 2**186


def test_what_cannot_be_counted_is_known() -> None:
    assert not counted("AnExtension")
    assert counted("Convolution") and not free("Convolution", {})
    assert counted("Reshape") and free("Reshape", {})
    assert free("ScatterNDUpdate", {"reduction": "none"}) and not free("ScatterNDUpdate", {"reduction": "sum"})
    assert all(counted(type_) for type_ in (*WITH_ATTRIBUTES, *VALUES))


def test_every_operation_of_openvinos_opsets_is_counted() -> None:
    ov = openvino()
    opsets = [getattr(ov, name) for name in dir(ov) if re.fullmatch(r"opset\d+", name)]
    names = {
        name.replace("_", "")
        for opset in opsets
        for name, made in vars(opset).items()
        if callable(made) and not name.startswith("_")
    }
    other_names = {"absolute": "abs", "ceil": "ceiling", "ifop": "if"}
    known = {name.lower() for name in COUNTED}
    assert len(names) > 150
    assert {other_names.get(name.lower(), name.lower()) for name in names} <= known


def _resnet50() -> int:
    """Convolutions and the classifier of ResNet-50 (He et al. 2015, table 1, with the stride in the 3×3 as in v1.5)."""
    layers = [(64, 112, 3 * 49)]  # output channels, output size, products for each output
    # Blocks, width, output size, input channels.
    for blocks, width, size, channels in ((3, 64, 56, 64), (4, 128, 28, 256), (6, 256, 14, 512), (3, 512, 7, 1024)):
        for block in range(blocks):
            inside = channels if block == 0 else 4 * width
            entry = 2 * size if block == 0 and width > 64 else size  # the 1×1 before the stride sees the larger image
            layers += [(width, entry, inside), (width, size, 9 * width), (4 * width, size, width)]
            if block == 0:
                layers.append((4 * width, size, inside))  # the projection beside the first block
    return sum(2 * channels * size * size * products for channels, size, products in layers) + 2 * 2048 * 1000


def test_resnet_50_has_the_flops_of_its_table() -> None:
    expected = _resnet50()
    assert expected == pytest.approx(8.2e9, rel=0.01)
    facts = read.inspected(Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx")[0]
    assert facts["flops"] == pytest.approx(expected, rel=0.02)
    assert facts["flops"] > expected  # activations, pooling and the like


def test_mobilenet_v2_has_the_flops_of_its_table(tmp_path: Path) -> None:
    demo.build(tmp_path / "demo.xml")
    total, size, channels = 32 * 112**2 * 27, 112, 32  # multiply-adds, from the stem on
    for expansion, out, repetitions, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for repetition in range(repetitions):
            wide = channels * expansion
            total += size**2 * channels * wide if expansion > 1 else 0
            size //= stride if repetition == 0 else 1
            total += size**2 * wide * 9 + size**2 * wide * out
            channels = out
    total += prod((7, 7, 320, 1280)) + 1280 * 1000
    assert total == pytest.approx(300e6, rel=0.01)  # as the paper says
    flops_ = read.inspected(tmp_path / "demo.xml")[0]["flops"]
    assert flops_ == pytest.approx(2 * total, rel=0.03)
