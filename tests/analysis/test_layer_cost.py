"""What layers cost in arithmetic."""

from __future__ import annotations

import msgspec

from ovtui.analysis.layer_cost import Costs
from ovtui.records import Operation
from tests.analysis.profiles import an_operation


def products(*flops: int) -> list[Operation]:
    """Equal but for what they cost."""
    return [msgspec.structs.replace(an_operation("dup"), flops=each) for each in flops]


def test_operations_of_one_name_are_given_out_as_openvino_numbers_them() -> None:
    costs = Costs(products(10, 20, 30), {"dup", "dup_1", "dup_2"})
    assert [costs.flops("Convolution", name, (name,), (), ()) for name in ("dup_2", "dup", "dup_1")] == [30, 10, 20]


def test_layers_that_tell_the_same_name_take_an_operation_each() -> None:
    costs = Costs(products(10, 20), {"dup"})
    assert [costs.flops("Convolution", "dup", ("dup",), (), ()) for _ in range(2)] == [10, 20]
