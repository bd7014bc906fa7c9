"""What became of each layer in a version, and why it does not compute in INT8."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from ovtui.analysis.optimization.layer_outcomes import Fate, fates, summary
from ovtui.records import Body, Operation, Profile, Recipe
from tests.analysis.profiles import EMPTY, a_large_profile, a_layer, a_profile, an_operation, profiles
from tests.profiled import hostile

INT8 = Recipe()


def the_only(version: Profile, recipe: Recipe = INT8, parent: Profile = EMPTY) -> Fate:
    (found,) = fates(parent, version, recipe)
    return found


def of_type(type_: str, recipe: Recipe = INT8, **other: Any) -> Fate:
    """A layer of an operation of the same name."""
    layer = a_layer("one", type_, **other)
    return the_only(a_profile(layer, operations=(an_operation("one", other.pop("does", "Other")),)), recipe)


def a_net(*operations: Operation, **layer: Any) -> Profile:
    """One layer, of the last of the operations."""
    return a_profile(a_layer(operations[-1].name, **layer), operations=operations)


def test_a_layer_is_told_before_and_after() -> None:
    parent = a_profile(a_layer("conv", time_us=100.0, original=("conv", "relu")))
    version = a_profile(
        a_layer("conv", time_us=30.0, precision="u8", original=("conv", "relu", "fq")),
        a_layer("softmax", "Softmax", time_us=10.0),
    )
    conv, softmax = fates(parent, version, INT8)
    assert conv == Fate(
        place=0, name="conv", type="Convolution", precision_before="f32", precision_after="u8", time_before=100.0,
        time_after=30.0, share=0.75, int8=True, conversion=False, why="", operations=("conv", "relu", "fq"),
    )  # fmt: skip
    assert (softmax.precision_before, softmax.time_before, softmax.int8) == (None, None, False)


def test_what_is_not_executed_and_what_goes_in_and_out_is_left_out() -> None:
    version = a_profile(
        a_layer("x", "Input"), a_layer("reshape", "Reshape", None, status="optimized_out"), a_layer("conv"),
        a_layer("y", "Output"),
    )  # fmt: skip
    assert [fate.name for fate in fates(EMPTY, version, INT8)] == ["conv"]


@pytest.mark.parametrize(
    ("type_", "why"),
    [
        ("Softmax", "Softmax has no INT8 kernel"),
        ("MatMul", "it is not told why"),
        ("Eltwise", "element by element"),
        ("Transpose", "only moves values"),
        ("Pooling", "nothing around it that computes in INT8"),
    ],
)
def test_the_type_tells_why(type_: str, why: str) -> None:
    found = of_type(type_)
    assert not found.int8
    assert why in found.why


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        (Recipe(method="fp16"), "FP16 on disk changes nothing of what is computed"),
        (Recipe(method="int8-weights"), "only weights are compressed: activations stay as they were"),
        (Recipe(ignored=("one",)), "the recipe says to ignore it"),
        (Recipe(ignored_patterns=("o.*",)), "the recipe says to ignore it"),
        (Recipe(ignored_patterns=("(", "two")), "Softmax has no INT8 kernel"),
    ],
)
def test_the_recipe_tells_why_before_the_type(recipe: Recipe, why: str) -> None:
    assert of_type("Softmax", recipe).why == why


def test_what_is_fused_into_a_layer_counts_as_ignored_too() -> None:
    version = a_profile(a_layer("conv", original=("conv", "add")))
    assert the_only(version, Recipe(ignored=("add",))).why == "the recipe says to ignore it"


def test_indices_are_no_activations() -> None:
    assert of_type("Eltwise", precision="i64").why == "computes i64: indices, shapes or truth values"


def test_a_product_without_a_quantizer_was_left_by_nncf() -> None:
    version = a_net(an_operation("x", "Parameter"), an_operation("conv", after=(0,)))
    assert the_only(version).why == "NNCF put no quantizer before it"
    assert the_only(version, Recipe(max_drop=0.01)).why == ("left in floating point to keep the drop within 1 point")


def test_a_product_behind_a_quantizer_has_no_kernel_on_the_device() -> None:
    version = a_net(
        an_operation("x", "Parameter"), an_operation("fq", "FakeQuantize", (0,)), an_operation("r", "Reshape", (1,)),
        an_operation("conv", after=(2,)),
    )  # fmt: skip
    assert the_only(version).why == "the model has it quantized, but the device has no INT8 kernel for it"


def test_a_quantizer_behind_other_work_is_none_of_a_product() -> None:
    version = a_net(
        an_operation("fq", "FakeQuantize"), an_operation("s", "Softmax", (0,)), an_operation("conv", after=(1,))
    )
    assert the_only(version).why == "NNCF put no quantizer before it"


def test_a_conversion_is_told_by_what_it_converts() -> None:
    version = a_profile(a_layer("conv", precision="f32"), a_layer("r", "Reorder", gives="u8", original=(), after=(0,)))
    found = fates(EMPTY, version, INT8)[1]
    assert (found.conversion, found.int8) == (True, False)
    assert found.why == "converts f32→u8 between layers that do not agree"


def test_a_conversion_to_bytes_is_not_counted_as_int8() -> None:
    assert not the_only(a_profile(a_layer("r", "Reorder", precision="u8", original=()))).int8


def test_layers_that_only_quantize_and_scale_back_are_conversions() -> None:
    version = a_profile(
        a_layer("fq", "Subgraph", gives="u8"), a_layer("Multiply_77", "Subgraph"),
        a_layer("add", "Subgraph", original=("add", "fq2")),
        operations=(*(an_operation(name, "FakeQuantize") for name in ("fq", "fq2")), an_operation("add", "Add")),
    )  # fmt: skip
    assert [(fate.conversion, fate.why) for fate in fates(EMPTY, version, INT8)] == [
        (True, "gives what follows its INT8 values"), (True, "scales INT8 values back"),
        (False, "element by element: it gains nothing unless what is around it is INT8"),
    ]  # fmt: skip


# The summary


def test_it_says_how_much_computes_in_int8_what_converts_and_what_does_not() -> None:
    version = a_profile(
        *(a_layer(f"conv{n}", precision="u8", time_us=200.0) for n in range(4)),
        *(a_layer(f"r{n}", "Reorder", 10.0, original=()) for n in range(4)),
        a_layer("attention", "MatMul", 120.0), a_layer("add", "Eltwise", 40.0),
    )  # fmt: skip
    assert summary(fates(EMPTY, version, Recipe(ignored=("attention",)))) == [
        "4 of 6 layers with 80 % of the time compute in INT8.",
        "4 Reorders take 4.0 %.",
        "The largest that does not: attention (MatMul, 12 %): the recipe says to ignore it.",
    ]


def test_a_conversion_that_takes_long_is_named() -> None:
    version = a_profile(
        a_layer("conv", precision="u8", time_us=50.0), a_layer("conv_softmax", "Reorder", 40.0, original=()),
        a_layer("cv", "Convert", 10.0, original=()),
    )  # fmt: skip
    assert summary(fates(EMPTY, version, INT8))[1] == (
        "2 conversions take 50 %; the longest, conv_softmax with 40 %, converts between layers that do not agree."
    )


def test_where_nothing_computes_in_int8_the_largest_layer_says_why() -> None:
    version = a_profile(a_layer("conv", time_us=90.0), a_layer("fc", "FullyConnected", 10.0))
    assert summary(fates(version, version, Recipe(method="int4-weights"))) == [
        "None of 2 layers computes in INT8.",
        "The largest: conv (Convolution, 90 %): only weights are compressed: activations stay as they were.",
    ]


def test_without_times_there_are_counts() -> None:
    version = a_profile(
        a_layer("conv", precision="u8", time_us=None), a_layer("r", "Reorder", None, original=()),
        a_layer("s", "Softmax", None),
    )  # fmt: skip
    assert summary(fates(EMPTY, version, INT8)) == [
        "1 of 2 layers computes in INT8.",
        "There is 1 Reorder.",
        "The largest that does not: s (Softmax): Softmax has no INT8 kernel.",
    ]


def test_of_no_layers_nothing_is_said() -> None:
    assert summary(fates(EMPTY, EMPTY, INT8)) == []


def test_names_that_command_a_terminal_are_safe_to_show() -> None:
    for recipe in (INT8, Recipe(method="fp16")):
        found = fates(hostile(), hostile(), recipe)
        assert all(line.isprintable() for line in summary(found))
        assert all(fate.why.isprintable() for fate in found)


@given(profiles(), profiles())
def test_every_layer_that_is_executed_has_one_fate_and_a_reason(parent: Profile, version: Profile) -> None:
    found = fates(parent, version, INT8)
    assert [fate.place for fate in found] == [
        place for place, layer in enumerate(version.layers) if layer.status == "executed"
    ]
    assert all(fate.int8 == (not fate.why) for fate in found)
    assert all(line.endswith(".") for line in summary(found))


def test_thousands_of_layers_are_no_burden() -> None:
    large = a_large_profile(3_000)
    assert len(fates(large, large, INT8)) == sum(layer.status == "executed" for layer in large.layers)


def in_a_body(*operations: Operation) -> tuple[Operation, ...]:
    """Operations that an If executes, and the If."""
    body = Body(owner=len(operations), name="choice/then", trips=1)
    inside = [msgspec.structs.replace(each, within=body) for each in operations]
    return (*inside, an_operation("choice", "If", (len(operations) - 1,)))


def test_a_body_whose_products_are_quantized_computes_in_int8() -> None:
    """The device tells the precision of no layer in it."""
    quantized = in_a_body(
        an_operation("choice/then/x", "Parameter"), an_operation("choice/then/fq", "FakeQuantize", (0,)),
        an_operation("choice/then/product", "MatMul", (1,)),
    )  # fmt: skip
    assert the_only(a_net(*quantized, type="If", precision="bf16")).int8


def test_a_body_whose_products_are_not_quantized_says_that_nncf_left_them() -> None:
    left = in_a_body(an_operation("choice/then/x", "Parameter"), an_operation("choice/then/product", "MatMul", (0,)))
    found = the_only(a_net(*left, type="If", precision="bf16"))
    assert (found.int8, found.why) == (False, "NNCF put no quantizer before it")
