"""What became of the model's own operations."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from ovtui.analysis.fusion import names, origins, sentence
from ovtui.records import Body, Operation, Profile
from tests.analysis.profiles import EMPTY, NO_COUNTERS, a_layer, a_profile, an_operation, profiles

NET = a_profile(
    a_layer("x", "Input", None, status="not_run"),
    a_layer("relu1", "Convolution", original=("conv1", "bias1", "relu1")),
    a_layer("view", "Reshape", None, status="optimized_out"),
    a_layer("sub", "Subgraph", original=("mul", "add")),
    a_layer("relu1_abcd_acdb", "Reorder", original=()),
    line=True,
    operations=(
        an_operation("x", "Parameter"),
        an_operation("conv1", "Convolution", (0,)),
        an_operation("bias1", "Add", (1,)),
        an_operation("relu1", "Relu", (2,)),
        an_operation("view", "Reshape", (3,)),
        an_operation("scale", "Multiply", (4,)),
        an_operation("mul", "Multiply", (5,)),
        an_operation("add", "Add", (6,)),
    ),
)


def test_each_operation_has_its_fate() -> None:
    found = origins(NET)
    assert [(each.fate, each.layers) for each in found.operations] == [
        ("not_run", (0,)),
        ("executed", (1,)),  # although the layer has the name of another one
        ("fused", (1,)),
        ("fused", (1,)),
        ("optimized_out", (2,)),
        ("folded", ()),
        ("fused", (3,)),
        ("fused", (3,)),
    ]
    assert found.layers == [(0,), (1, 2, 3), (4,), (6, 7), ()]


def test_it_is_said_in_words() -> None:
    found = origins(NET)
    assert [sentence(each, NET.layers) for each in found.operations[1:6]] == [
        "executed as relu1 (Convolution)",
        "fused into relu1 (Convolution)",
        "fused into relu1 (Convolution)",
        "optimized out",
        "folded when the model was compiled",
    ]
    assert sentence(found.operations[0], NET.layers) == "takes no time"


def test_one_operation_may_become_several_layers() -> None:
    profile = a_profile(
        a_layer("lstm", "RNNSeq", original=("lstm",)),
        a_layer("lstm_2", "RNNSeq", original=("lstm",)),
        a_layer("lstm_3", "Concat", None, original=("lstm",), status="optimized_out"),
        operations=(an_operation("lstm", "LSTMSequence"),),
    )
    (found,) = origins(profile).operations
    assert found == ("executed", (0, 1, 2))
    assert sentence(found, profile.layers) == "executed as lstm (RNNSeq) and 2 more layers"


def test_operations_of_one_name_each_have_the_layer_that_openvino_numbers() -> None:
    profile = a_profile(
        a_layer("dup", original=("dup", "relu")),
        a_layer("dup_2", original=("dup_2", "relu_1")),
        a_layer("dup_1"),
        operations=(
            an_operation("dup"),
            an_operation("relu", "Relu", (0,)),
            an_operation("dup", "Convolution", (1,)),
            an_operation("relu", "Relu", (2,)),
            an_operation("dup_1", "Convolution", (3,)),
        ),
    )
    found = origins(profile)
    assert [each.layers for each in found.operations] == [(0,), (0,), (1,), (1,), (2,)]
    assert [each.fate for each in found.operations] == ["executed", "fused", "executed", "fused", "executed"]
    assert names(profile, found) == ["dup", "dup_2", "dup_1"]


def test_operations_of_one_name_survive() -> None:
    profile = a_profile(
        a_layer("a", original=("conv_a", "relu")),
        a_layer("b", original=("conv_b", "relu")),
        operations=(
            an_operation("conv_a"),
            an_operation("relu", "Relu", (0,)),
            an_operation("conv_b"),
            an_operation("relu", "Relu", (2,)),
        ),
    )
    found = origins(profile)
    assert [each.layers for each in found.operations] == [(0,), (0, 1), (1,), (0, 1)]
    assert found.layers == [(0, 1, 3), (1, 2, 3)]


def test_a_product_that_the_device_forgets_is_found_by_its_bias() -> None:
    profile = a_profile(
        a_layer("relu", "FullyConnected", original=("bias", "relu")),
        a_layer("matmul2", "FullyConnected", original=("bias2",)),
        operations=(
            an_operation("matmul", "MatMul"),
            an_operation("bias", "Add", (0,)),
            an_operation("relu", "Relu", (1,)),
            an_operation("matmul2", "MatMul", (2,)),
            an_operation("bias2", "Add", (3,)),
        ),
    )
    found = origins(profile)
    assert [each.fate for each in found.operations] == ["executed", "fused", "fused", "executed", "fused"]
    assert found.operations[0].layers == (0,)
    assert found.layers == [(0, 1, 2), (3, 4)]


def test_a_name_that_was_lost_behind_others_is_found() -> None:
    """As in a ResNet: a Convolution has the name of its scale, a MatMul that of its bias."""
    profile = a_profile(
        a_layer("scale", "Convolution", original=("scale", "relu")),
        a_layer("bias", "FullyConnected"),
        a_layer("reshape", "Softmax"),
        operations=(
            an_operation("conv", "Convolution"),
            an_operation("norm", "BatchNormInference", (0,)),
            an_operation("scale", "Multiply", (1,)),
            an_operation("relu", "Relu", (2,)),
            an_operation("matmul", "MatMul", (3,)),
            an_operation("beta", "Multiply", (4,)),
            an_operation("bias", "Add", (5,)),
            an_operation("softmax", "Softmax", (6,)),
            an_operation("reshape", "Reshape", (7,)),
        ),
    )
    assert [(each.fate, each.layers) for each in origins(profile).operations] == [
        ("executed", (0,)),
        ("folded", ()),
        ("fused", (0,)),
        ("fused", (0,)),
        ("executed", (1,)),
        ("folded", ()),
        ("fused", (1,)),
        ("executed", (2,)),
        ("fused", (2,)),
    ]


def test_what_another_one_reads_too_is_not_taken_for_lost() -> None:
    profile = a_profile(
        a_layer("add", "FullyConnected"),
        operations=(
            an_operation("matmul", "MatMul"),
            an_operation("add", "Add", (0,)),
            an_operation("other", "Add", (0,)),
        ),
    )
    assert origins(profile).operations[0].fate == "folded"


def test_a_product_before_another_ones_bias_stays_folded() -> None:
    profile = a_profile(
        a_layer("add", "FullyConnected", original=("matmul", "add")),
        operations=(
            an_operation("folded", "MatMul"),
            an_operation("matmul", "MatMul"),
            an_operation("add", "Add", (1, 0)),
        ),
    )
    assert [each.fate for each in origins(profile).operations] == ["folded", "executed", "fused"]


def test_names_with_commas_are_put_together_again() -> None:
    profile = a_profile(a_layer("x", original=("a", "b", "c")), operations=(an_operation("b,c"), an_operation("a,c")))
    assert [each.fate for each in origins(profile).operations] == ["executed", "folded"]


def test_hostile_names_are_said_safely() -> None:
    name = "\x1b[2J" + "n" * 4000
    profile = a_profile(a_layer(name), operations=(an_operation(name),))
    text = sentence(origins(profile).operations[0], profile.layers)
    assert text.isprintable()
    assert len(text) < 120


@pytest.mark.parametrize("profile", [EMPTY, NO_COUNTERS])
def test_without_operations_there_is_nothing_to_tell(profile: Profile) -> None:
    assert origins(profile).operations == []
    assert origins(profile).layers == [()] * len(profile.layers)


@given(profiles())
def test_both_ways_tell_the_same(profile: Profile) -> None:
    found = origins(profile)
    forth = {(operation, layer) for operation, each in enumerate(found.operations) for layer in each.layers}
    back = {(operation, layer) for layer, each in enumerate(found.layers) for operation in each}
    assert forth == back
    assert all((each.fate == "folded") == (not each.layers) for each in found.operations)


def in_a_loop(name: str) -> Operation:
    return msgspec.structs.replace(an_operation(f"loop/body/{name}"), within=Body(owner=2, name="loop/body", trips=4))


LOOP = (in_a_loop("a"), in_a_loop("b"), an_operation("loop", "Loop", (1,)))


def test_what_a_body_does_is_in_the_layer_of_its_owner() -> None:
    found = origins(a_profile(a_layer("loop", "TensorIterator", original=("loop",)), operations=LOOP))
    assert [(each.fate, each.layers) for each in found.operations] == [
        ("fused", (0,)), ("fused", (0,)), ("executed", (0,)),
    ]  # fmt: skip


def test_what_a_device_took_out_of_a_body_is_told_by_its_own_name() -> None:
    layers = (a_layer("a", original=("a",)), a_layer("b", original=("b",)))
    found = origins(a_profile(*layers, line=True, operations=LOOP))
    assert [each.layers for each in found.operations] == [(0,), (1,), ()]
