"""What layers cost in arithmetic."""

from __future__ import annotations

import msgspec

from ovtui.analysis.layer_cost import Costs, Work
from ovtui.records import Body, Operation, Tensor
from tests.analysis.profiles import an_operation


def products(*flops: int) -> list[Operation]:
    """Equal but for what they cost."""
    return [msgspec.structs.replace(an_operation("dup"), flops=each) for each in flops]


def test_operations_of_one_name_are_given_out_as_openvino_numbers_them() -> None:
    costs = Costs(products(10, 20, 30), {"dup", "dup_1", "dup_2"})
    assert [costs.of("Convolution", name, (name,), (), ()).flops for name in ("dup_2", "dup", "dup_1")] == [30, 10, 20]


def test_layers_that_tell_the_same_name_take_an_operation_each() -> None:
    costs = Costs(products(10, 20), {"dup"})
    assert [costs.of("Convolution", "dup", ("dup",), (), ()).flops for _ in range(2)] == [10, 20]


WEIGHTS, MORE = Tensor("f32", (8, 8)), Tensor("f32", (4,))


def inside(name: str, owner: int, flops: int | None, *constants: Tensor, trips: int = 1) -> Operation:
    """An operation of a body."""
    body = Body(owner=owner, name=name.rpartition("/")[0], trips=trips, constants=constants)
    return msgspec.structs.replace(an_operation(name), flops=flops, within=body)


def owner(flops: int | None = 0) -> Operation:
    return msgspec.structs.replace(an_operation("loop"), type="Loop", flops=flops)


def test_a_loop_has_the_work_of_its_body_and_of_loops_in_it() -> None:
    inner = msgspec.structs.replace(inside("loop/body/again", 4, 5), type="Loop")
    operations = [
        inside("loop/body/a", 4, 10, WEIGHTS), inside("loop/body/again/body/b", 2, 100, MORE), inner,
        inside("loop/body/c", 4, 1000), owner(),
    ]  # fmt: skip
    work = Costs(operations, {"loop"}).of("TensorIterator", "loop", ("loop",), (), ())
    assert work == Work(1115, (WEIGHTS, MORE))


def test_a_branch_that_does_not_count_reads_nothing() -> None:
    operations = [inside("loop/then/a", 2, 10, MORE), inside("loop/else/b", 2, 0, WEIGHTS, trips=0), owner()]
    assert Costs(operations, {"loop"}).of("If", "loop", ("loop",), (), ()) == Work(10, (MORE,))


def test_a_body_with_something_unknown_has_unknown_work() -> None:
    operations = [inside("loop/body/a", 1, None, WEIGHTS), owner()]
    assert Costs(operations, {"loop"}).of("Loop", "loop", ("loop",), (), ()) == Work(None, (WEIGHTS,))


def test_a_body_that_the_device_took_apart_is_told_by_its_own_names() -> None:
    operations = [inside("loop/body/a", 2, 10), inside("loop/body/b", 2, 7), owner()]
    costs = Costs(operations, {"a", "b"})
    assert [costs.of("Subgraph", name, (name,), (), ()).flops for name in ("b", "a")] == [7, 10]
