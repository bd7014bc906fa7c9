"""How much arithmetic an operation does, from its type and shapes. A multiply-add counts as two.

What is counted is the textbook algorithm, whatever the device makes of it: padding is computed with, a causal mask
saves nothing, zeros are multiplied. Comparisons, roots and exponentials count as one. What only values decide counts
with its least. Operation types and the order
of their inputs are those of OpenVINO's opsets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log2, prod

from ovtui.records import StaticShape

Attribute = int | float | str | list[int] | list[float] | list[str]


@dataclass(frozen=True)
class Operation:
    """One operation with static shapes; `attributes` as OpenVINO names them."""

    type: str
    inputs: tuple[StaticShape, ...]
    outputs: tuple[StaticShape, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


WITH_ATTRIBUTES = frozenset({
    "MatMul", "MaxPool", "AvgPool", "Einsum", "MVN", "LRN", "Interpolate", "ROIAlign", "ROIAlignRotated",
    "ScatterElementsUpdate", "ScatterNDUpdate",
})  # fmt: skip
"""The types whose count depends on their attributes; the others' need not be given."""

VALUES: dict[str, dict[str, int]] = {
    "DFT": {"axes": 1},
    "IDFT": {"axes": 1},
    "IRDFT": {"axes": 1},
    "RDFT": {"axes": 1, "signal_size": 2},
    "STFT": {"frame_size": 2},
    "ISTFT": {"frame_size": 2},
}
"""The types whose count depends on the values of inputs: name and place of each, given as if it were an attribute."""


def flops(op: Operation) -> int | None:
    """The FLOPs of one execution; None for a type that is not known (see `counted`) or a value that is open.

    0 for what has fewer shapes than it needs.
    """
    count = _COUNTS.get(op.type)
    if count is None or any(name not in op.attributes for name in _needed(op)):
        return None
    if not op.outputs:
        return 0
    try:
        return count(op)
    except IndexError:
        return 0


def counted(type_: str) -> bool:
    """Whether operations of this type can be counted."""
    return type_ in _COUNTS


def free(type_: str, attributes: Mapping[str, Attribute]) -> bool:
    """Whether an operation does no arithmetic, whatever its shapes: it moves, copies or converts.

    What a Loop, a TensorIterator or an If does is the arithmetic of the operations in its bodies.
    """
    return type_ in _MOVES or (type_ in _SCATTERS and attributes.get("reduction", "none") == "none")


def _needed(op: Operation) -> list[str]:
    """The values without which an operation cannot be counted: of inputs that it has."""
    return [name for name, place in VALUES.get(op.type, {}).items() if place < len(op.inputs)]


def _convolution(op: Operation) -> int:
    """Filters [O, I, kernel…]: every output is a sum of I × kernel products."""
    return 2 * prod(op.outputs[0]) * prod(op.inputs[1][1:])


def _group_convolution(op: Operation) -> int:
    """Filters [groups, O/groups, I/groups, kernel…]."""
    return 2 * prod(op.outputs[0]) * prod(op.inputs[1][2:])


def _transposed_convolution(op: Operation) -> int:
    """Filters [I, O, kernel…]: every input value is spread over O × kernel outputs."""
    return 2 * prod(op.inputs[0]) * prod(op.inputs[1][1:])


def _transposed_group_convolution(op: Operation) -> int:
    """Filters [groups, I/groups, O/groups, kernel…]."""
    return 2 * prod(op.inputs[0]) * prod(op.inputs[1][2:])


def _deformable_convolution(op: Operation) -> int:
    """Data, offsets, filters [O, I/groups, kernel…], mask; without the interpolation between pixels."""
    return 2 * prod(op.outputs[0]) * prod(op.inputs[2][1:])


def _matmul(op: Operation) -> int:
    """[…, M, K] × […, K, N]: every output is a sum of K products. A vector is not transposed."""
    a = op.inputs[0]
    return 2 * prod(op.outputs[0]) * a[-2 if op.attributes.get("transpose_a") and len(a) > 1 else -1]


def _attention(op: Operation) -> int:
    """softmax(Q·Kᵀ × scale + mask)·V with Q […, L, E], K […, S, E], V […, S, Ev]."""
    queries, width = op.inputs[0][-2:]
    keys = op.inputs[1][-2]
    scores = prod(op.outputs[0][:-2]) * queries * keys
    masked = len(op.inputs) > 3 and len(op.inputs[3]) > 0
    return 2 * scores * width + scores * (1 + masked + _SOFTMAX) + 2 * scores * op.outputs[0][-1]


def _recurrent(gates: int, pointwise: int, *, sequence: bool) -> Callable[[Operation], int]:
    """X [batch, (length,) I] and H [batch, (directions,) H]: `gates` products of [I + H] with [I + H, H] a step.

    `pointwise`: FLOPs per hidden unit beside the products: for each gate two additions and an activation, and
    what combines the gates.
    """

    def count(op: Operation) -> int:
        x, h = op.inputs[0], op.inputs[1]
        steps = x[0] * (x[1] * h[1] if sequence else 1)
        return steps * h[-1] * (2 * gates * (x[-1] + h[-1]) + pointwise)

    return count


def _einsum(op: Operation) -> int:
    """Every combination of all indices: one product for each input beyond the first, and one addition."""
    left = str(op.attributes.get("equation", "")).replace(" ", "").split("->")[0].split(",")
    sizes: dict[str, int] = {}
    hidden = 1  # what the ellipsis stands for
    for labels, shape in zip(left, op.inputs, strict=False):
        before, dots, after = labels.partition("...")
        if not re.fullmatch(r"[A-Za-z]*", before + after) or len(before + after) > len(shape):
            return 0
        ends = len(shape) - len(after)
        for label, size in zip(before + after, shape[: len(before)] + shape[ends:], strict=False):
            sizes[label] = max(sizes.get(label, 1), size)
        if dots:
            hidden = max(hidden, prod(shape[len(before) : ends]))
    return max(1, len(op.inputs)) * hidden * prod(sizes.values())


def _pool(op: Operation) -> int:
    """The window for each output."""
    kernel = op.attributes.get("kernel")
    return prod(op.outputs[0]) * (prod(int(k) for k in kernel) if isinstance(kernel, list) else 1)


def _mvn(op: Operation) -> int:
    """Mean and subtraction; with variance also square, sum, and division."""
    return prod(op.inputs[0]) * (5 if op.attributes.get("normalize_variance", True) else 2)


def _lrn(op: Operation) -> int:
    """A sum of `size` squares for each element; scale, bias, power and division."""
    size = op.attributes.get("size", 1)
    return prod(op.inputs[0]) * (2 * (size if isinstance(size, int) else 1) + 4)


def _interpolate(op: Operation) -> int:
    """Weighted sums of the neighbours in two dimensions: 4 for linear, 16 for cubic, none for nearest."""
    mode = str(op.attributes.get("mode", "nearest"))
    neighbours = 16 if "cubic" in mode else 4 if "linear" in mode else 0
    return 2 * neighbours * prod(op.outputs[0])


def _transform(dims: StaticShape, op: Operation, each: float) -> int:
    """`each` · N · log₂ N for N values, along all axes together: the usual count of a radix-2 transform.

    5 for complex values, 2.5 for real ones (M. Frigo, S. Johnson, "The Design and Implementation of FFTW3", 2005).
    """
    axes = op.attributes["axes"]
    lengths = [dims[int(axis)] for axis in axes] if isinstance(axes, list) else []
    return round(each * prod(dims) * log2(max(1, prod(lengths))))


def _real_transform(op: Operation) -> int:
    """Real values in, as many as are asked for along the axes."""
    dims, axes, sizes = list(op.inputs[0]), op.attributes["axes"], op.attributes.get("signal_size")
    if isinstance(axes, list) and isinstance(sizes, list):
        for at, many in zip(map(int, axes), map(int, sizes), strict=False):
            dims[at] = many if many > 0 else dims[at]  # −1: as many as there are
    return _transform(tuple(dims), op, 2.5)


def _framed(frames_of: Callable[[Operation], StaticShape]) -> Callable[[Operation], int]:
    """Transforms of windows: a product for each value, and a real transform; frames [..., frequencies, …, 2]."""

    def count(op: Operation) -> int:
        sizes = op.attributes["frame_size"]
        size = int(sizes[0]) if isinstance(sizes, list) else 0
        frames = prod(frames_of(op)) // 2 // (size // 2 + 1)
        return frames * (size + round(2.5 * size * log2(max(1, size))))

    return count


def _scatter(op: Operation) -> int:
    """Without a reduction values are put in place; with one, each is combined with what is there."""
    reduction = op.attributes.get("reduction", "none")
    return 0 if reduction == "none" else prod(op.inputs[2]) * (2 if reduction == "mean" else 1)


def _bags(weights: int) -> Callable[[Operation], int]:
    """Sums of the rows of a table, for each index one; the input `weights`, if there is one, scales them."""
    return lambda op: (
        prod(op.inputs[1]) * prod(op.inputs[0][1:]) * (2 if len(op.inputs) > weights and op.inputs[weights] else 1)
    )


def _align(op: Operation) -> int:
    """The samples of each output, of four neighbours each; as many as the region is large counts as one."""
    ratio = op.attributes.get("sampling_ratio", 1)
    return 8 * prod(op.outputs[0]) * max(1, ratio if isinstance(ratio, int) else 1) ** 2


def _ctc_loss(op: Operation) -> int:
    """Logits [batch, time, classes] → softmax; then for each step and each label with a blank a sum of three paths."""
    batch, time, _ = op.inputs[0]
    return _SOFTMAX * prod(op.inputs[0]) + 8 * batch * time * (2 * op.inputs[2][-1] + 1)


def _per_output(each: int) -> Callable[[Operation], int]:
    return lambda op: each * prod(op.outputs[0])


def _per_input(each: int) -> Callable[[Operation], int]:
    return lambda op: each * prod(op.inputs[0])


_SOFTMAX = 5  # per element: maximum, subtraction, exponential, sum, division


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTWISE = _words("""
    Abs Acos Acosh Add Asin Asinh Atan Atanh BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift
    BitwiseXor Ceiling Clamp Cos Cosh CumSum Divide Elu Equal Erf ErfInv Exp FakeQuantize Floor FloorMod Gelu Greater
    GreaterEqual HSigmoid HSwish HardSigmoid IsFinite IsInf IsNaN LeakyRelu Less LessEqual Log LogicalAnd LogicalNot
    LogicalOr LogicalXor Maximum Minimum Mish Mod Multiply Negative NotEqual PRelu Power Relu Round Select Selu
    Sigmoid Sign Sin Sinh SoftPlus SoftSign Sqrt SquaredDifference Subtract Swish Tan Tanh ThresholdedRelu Xor
""")

_REDUCTIONS = _words("""
    AdaptiveAvgPool AdaptiveMaxPool ReduceL1 ReduceL2 ReduceLogicalAnd ReduceLogicalOr ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum TopK
""")

_MOVES = _words("""
    Assign BatchToSpace Broadcast Bucketize Col2Im Concat Convert ConvertLike ConvertPromoteTypes DepthToSpace Eye
    ExtractImagePatches Gather GatherElements GatherND GatherTree Identity NonZero OneHot Pad Parameter PriorBox
    PriorBoxClustered Range ReadValue ReorgYolo Reshape Result Reverse ReverseSequence Roll
    ScatterUpdate SearchSorted ShapeOf ShuffleChannels Slice SliceScatter SpaceToBatch SpaceToDepth
    Split Squeeze StridedSlice Tile Transpose Unique Unsqueeze VariadicSplit Constant
    SparseFillEmptyRows StringTensorPack StringTensorUnpack If Loop TensorIterator
""")

_SCATTERS = _words("ScatterElementsUpdate ScatterNDUpdate")

# Values decide how many boxes are held against each other: counted is what is done in any case.
_BOXES: dict[str, Callable[[Operation], int]] = {
    **dict.fromkeys(
        _words("NonMaxSuppression NMSRotated MatrixNms MulticlassNms"), lambda op: prod(op.inputs[1])
    ),  # a comparison for each score
    "DetectionOutput": lambda op: 2 * prod(op.inputs[0]) + prod(op.inputs[1]),  # and boxes moved by their offsets
    "GenerateProposals": lambda op: 2 * prod(op.inputs[2]) + prod(op.inputs[3]),
    "ExperimentalDetectronGenerateProposalsSingleImage": lambda op: 2 * prod(op.inputs[2]) + prod(op.inputs[3]),
    "ExperimentalDetectronDetectionOutput": lambda op: 2 * prod(op.inputs[1]) + prod(op.inputs[2]),
    "Proposal": lambda op: 2 * prod(op.inputs[1]) + prod(op.inputs[0]) // 2,
}

_COUNTS: dict[str, Callable[[Operation], int]] = {
    **{type_: _per_output(0) for type_ in _MOVES},
    **{type_: _per_output(1) for type_ in _ELEMENTWISE},
    **{type_: _per_input(1) for type_ in _REDUCTIONS},
    "ReduceLogSum": _per_input(1),
    "ReduceLogSumExp": _per_input(2),
    "Softmax": _per_output(_SOFTMAX),
    "LogSoftmax": _per_output(_SOFTMAX),
    "Convolution": _convolution,
    "BinaryConvolution": _convolution,
    "GroupConvolution": _group_convolution,
    "ConvolutionBackpropData": _transposed_convolution,
    "GroupConvolutionBackpropData": _transposed_group_convolution,
    "DeformableConvolution": _deformable_convolution,
    "MatMul": _matmul,
    "ScaledDotProductAttention": _attention,
    "Einsum": _einsum,
    "GroupedMatMul": lambda op: 2 * prod(op.outputs[0]) * op.inputs[0][-1],
    "LSTMCell": _recurrent(4, 4 * 3 + 5, sequence=False),
    "LSTMSequence": _recurrent(4, 4 * 3 + 5, sequence=True),
    "GRUCell": _recurrent(3, 3 * 3 + 4, sequence=False),
    "GRUSequence": _recurrent(3, 3 * 3 + 4, sequence=True),
    "RNNCell": _recurrent(1, 3, sequence=False),
    "RNNSequence": _recurrent(1, 3, sequence=True),
    "MaxPool": _pool,
    "AvgPool": _pool,
    "BatchNormInference": _per_output(2),  # folded to scale and shift
    "GroupNormalization": lambda op: 7 * prod(op.inputs[0]),  # as MVN, and scale and shift
    "NormalizeL2": _per_input(3),
    "RMS": _per_input(4),
    "MVN": _mvn,
    "LRN": _lrn,
    "Interpolate": _interpolate,
    "GridSample": _per_output(8),  # four neighbours
    "DFT": lambda op: _transform(op.outputs[0][:-1], op, 5),
    "IDFT": lambda op: _transform(op.outputs[0][:-1], op, 5),
    "RDFT": _real_transform,
    "IRDFT": lambda op: _transform(op.outputs[0], op, 2.5),
    "STFT": _framed(lambda op: op.outputs[0]),
    "ISTFT": _framed(lambda op: op.inputs[0]),
    **dict.fromkeys(_SCATTERS, _scatter),
    **_BOXES,
    **dict.fromkeys(("EmbeddingBagOffsets", "EmbeddingBagOffsetsSum"), _bags(4)),
    **dict.fromkeys(("EmbeddingBagPacked", "EmbeddingBagPackedSum"), _bags(2)),
    "EmbeddingSegmentsSum": _bags(5),
    "ROIAlign": _align,
    "ROIAlignRotated": _align,
    "ROIPooling": _per_output(1),  # of each bin at least one value
    "PSROIPooling": _per_output(1),
    "DeformablePSROIPooling": _per_output(8),
    "ExperimentalDetectronROIFeatureExtractor": _per_output(8),
    "CTCGreedyDecoder": _per_input(1),
    "CTCGreedyDecoderSeqLen": _per_input(1),
    "CTCLoss": _ctc_loss,
    "SegmentMax": _per_input(1),
    "RegionYolo": _per_input(1),
    "GRN": _per_input(3),
    "FakeConvert": _per_output(2),
    "RandomUniform": _per_output(2),  # scaled and moved
    "Multinomial": _per_input(2),
    "Inverse": lambda op: 2 * prod(op.inputs[0]) * op.inputs[0][-1],
    **dict.fromkeys(("I420toBGR", "I420toRGB", "NV12toBGR", "NV12toRGB"), _per_output(4)),
}

COUNTED = frozenset(_COUNTS)
"""All types that can be counted: those of OpenVINO's opsets. What is not among them comes with an extension."""
