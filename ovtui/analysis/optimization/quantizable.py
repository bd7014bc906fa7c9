"""What kind of net a model is, as far as it matters to quantization: where its arithmetic is, what it looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ovtui.analysis import precisions
from ovtui.records import Model, Operation

PLAIN_CONVOLUTIONS = frozenset({"Convolution", "ConvolutionBackpropData"})
GROUPED = frozenset({"GroupConvolution", "GroupConvolutionBackpropData"})
CONVOLUTIONS = PLAIN_CONVOLUTIONS | GROUPED
PRODUCTS = CONVOLUTIONS | {"MatMul"}
QUANTIZED = PRODUCTS | {
    "Add", "Multiply", "Subtract", "Divide", "AvgPool", "MaxPool", "ReduceMean", "Interpolate", "MVN", "LSTMSequence",
    "GRUSequence", "LSTMCell", "GRUCell",
}  # fmt: skip
"""Types before which NNCF may put quantizers: of these it makes a difference to ignore one."""


class Kind(NamedTuple):
    """Counts of operations by type, and their FLOPs as far as these can be counted."""

    types: dict[str, int]
    flops: dict[str, int]

    def count(self, types: frozenset[str]) -> int:
        """How many operations are of these types."""
        return sum(self.types.get(each, 0) for each in types)

    def share(self, types: frozenset[str]) -> float | None:
        """Of all counted FLOPs; None when nothing is counted."""
        whole = sum(self.flops.values())
        return sum(self.flops.get(each, 0) for each in types) / whole if whole else None

    @property
    def is_transformer(self) -> bool:
        """Whether attention does most of it: at least two of them, four products of matrices or more for each."""
        products = self.types.get("MatMul", 0)
        attention = self.types.get("Softmax", 0) + self.types.get("ScaledDotProductAttention", 0)
        return (
            attention >= 2 and 4 * attention <= products <= 20 * attention and 2 * self.count(CONVOLUTIONS) <= products
        )

    @property
    def is_depthwise(self) -> bool:
        """Whether a good part of the convolutions works in groups, as in MobileNet and ShuffleNet."""
        grouped = self.count(GROUPED)
        return 4 * grouped >= self.count(CONVOLUTIONS) and grouped >= 3


def kind_of(model: Model, operations: Sequence[Operation] = ()) -> Kind:
    """From the model's operations, or without them from the counts in its record."""
    if not operations:
        return Kind(dict(model.operation_types), {})
    arithmetic: Counter[str] = Counter()
    for each in operations:
        arithmetic[each.type] += each.flops or 0
    return Kind(dict(Counter(each.type for each in operations)), dict(arithmetic))


def is_quantized(model: Model) -> bool:
    """Whether its activations have quantizers already."""
    return model.operation_types.get("FakeQuantize", 0) > 0


def share_of(model: Model, types: frozenset[str]) -> float:
    """Of the weights, by elements, those that are kept in these types."""
    whole = sum(model.weight_precisions.values())
    kept = sum(count for name, count in model.weight_precisions.items() if precisions.normal(name) in types)
    return kept / whole if whole else 0.0
