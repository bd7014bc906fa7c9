"""What is said of a recipe before anything is made."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovtui.analysis.optimization.predictions import cpu_flags, expectations, expected_bytes
from ovtui.analysis.optimization.quantizable import kind_of
from ovtui.records import Model, Operation, Recipe, Tensor
from tests.store.samples import a_model

AVX2 = frozenset({"sse4_2", "avx2", "fma"})
VNNI = AVX2 | {"avx512_vnni"}
INT8 = Recipe()


def text(
    recipe: Recipe = INT8, flags: frozenset[str] = AVX2, device: str = "CPU", *operations: Operation, **model: Any
) -> str:
    return "\n".join(expectations(a_model(**model), operations, flags, device, recipe))


def op(type_: str, flops: int | None = None) -> Operation:
    return Operation(type_.lower(), type_, (), (Tensor("f32", (1, 8)),), flops)


SHUFFLENET = {"Convolution": 20, "GroupConvolution": 33, "Relu": 40}
TRANSFORMER = {"MatMul": 48, "Softmax": 6, "Add": 80, "Gather": 2}


# The processor


def test_flags_are_read_of_x86_and_arm() -> None:
    assert cpu_flags("model name\t: A\nflags\t\t: fpu SSE4_2 avx2\nbugs\t\t: x\n") == {"fpu", "sse4_2", "avx2"}
    assert cpu_flags("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n") == {"fp", "asimd", "asimddp", "i8mm"}


def test_a_flag_counts_if_every_core_has_it() -> None:
    assert cpu_flags("flags : a b\n\nflags : b c\n") == {"b"}


@pytest.mark.parametrize("nothing", ["", "flags", "vmx flags : a", "\x00\n:::\n"])
def test_a_text_without_flags_has_none(nothing: str) -> None:
    assert cpu_flags(nothing) == frozenset()


def test_without_vnni_int8_gains_less_and_saturates() -> None:
    said = text(flags=AVX2)
    assert "neither VNNI nor AMX" in said and "1.66 ×" in said
    assert "saturate" in said


@pytest.mark.parametrize(
    ("flag", "title"),
    [("avx512_vnni", "AVX-512 VNNI"), ("avx_vnni", "AVX-VNNI"), ("amx_int8", "AMX"), ("i8mm", "I8MM")],
)
def test_instructions_for_int8_are_named(flag: str, title: str) -> None:
    said = text(flags=AVX2 | {flag} if "m" not in flag[:2] else frozenset({"asimd", flag}))
    assert f"instructions for INT8 ({title})" in said
    assert "saturate" not in said


def test_a_processor_that_computes_in_bf16_anyway_is_told_apart() -> None:
    assert "computes in bf16 here" in text(flags=VNNI | {"amx_int8", "amx_bf16"})
    assert "bf16" not in text(flags=VNNI)


def test_an_arm_processor_without_dot_products_may_gain_only_size() -> None:
    assert "no dot product of bytes" in text(flags=frozenset({"fp", "asimd"}))


@pytest.mark.parametrize(("flags", "device"), [(AVX2, "GPU.0"), (AVX2, "NPU"), (frozenset[str](), "CPU")])
def test_of_a_processor_that_is_not_known_or_not_used_nothing_is_said(flags: frozenset[str], device: str) -> None:
    assert "processor" not in text(INT8, flags, device)


# The net


def test_a_net_of_depthwise_convolutions_is_told_that_it_may_lose() -> None:
    said = text(operation_types=SHUFFLENET)
    assert "33 of 53 convolutions work in groups, as depthwise ones do" in said
    assert "0.8 ×" in said


def test_the_share_of_the_flops_is_told_where_it_is_known() -> None:
    operations = [*[op("Convolution", 300)] * 3, *[op("GroupConvolution", 100)] * 3]
    assert "3 of 6 convolutions work in groups (25 % of the FLOPs)" in text(INT8, AVX2, "CPU", *operations)


def test_a_net_of_plain_convolutions_is_not_warned() -> None:
    assert "groups" not in text()


def test_a_small_net_has_little_to_gain() -> None:
    assert "only 6.50 MFLOPs" in text(flops=6_500_000)
    assert "FLOPs" not in text(flops=None)


def test_a_net_without_products_has_nothing_to_gain() -> None:
    assert "nothing to speed up" in text(operation_types={"Add": 3, "Relu": 2})


def test_a_quantized_model_is_not_quantized_again() -> None:
    told = text(operation_types={"Convolution": 5, "FakeQuantize": 1})
    assert told.startswith("This model is quantized already (1 FakeQuantize operation)")
    assert "On disk" not in told
    assert "gains" not in told


def test_of_a_file_that_is_mostly_structure_no_size_is_foretold() -> None:
    assert "On disk" not in text(bytes=90_900, parameters=10_000, weight_precisions={"f32": 10_000})


def test_a_transformer_is_told_of_its_model_type() -> None:
    assert "looks like a transformer" in text(operation_types=TRANSFORMER)
    assert "looks like" not in text(Recipe(model_type="transformer"), operation_types=TRANSFORMER)


@pytest.mark.parametrize(
    ("types", "transformer"),
    [
        (TRANSFORMER, True),
        ({"MatMul": 96, "ScaledDotProductAttention": 12}, True),
        ({"MatMul": 49, "Softmax": 12, "Convolution": 1}, True),  # ViT
        ({"MatMul": 6, "Softmax": 1}, False),  # a perceptron
        ({"Convolution": 53, "MatMul": 1, "Softmax": 1}, False),
        ({"Convolution": 40, "MatMul": 10, "Softmax": 2}, False),
        ({}, False),
    ],
)
def test_a_transformer_has_attention_and_hardly_a_convolution(types: dict[str, int], transformer: bool) -> None:
    assert kind_of(a_model(operation_types=types)).is_transformer == transformer


# The recipe


def test_few_samples_noise_and_a_limit_to_the_drop_are_spoken_of() -> None:
    assert "10 samples are few" in text(Recipe(subset=10))
    assert "means nothing" in text(Recipe(random=True, subset=10))
    assert "are few" not in text(Recipe(random=True, subset=10))
    assert "within 0.5 points takes several times as long" in text(Recipe(max_drop=0.005))


def test_half_precision_on_disk_changes_no_speed() -> None:
    said = text(Recipe(method="fp16"))
    assert "leaves the speed as it is" in said
    assert "On disk: about 51.1 MB instead of 102.0 MB." in said
    assert "processor" not in said


def test_what_is_compressed_already_is_said() -> None:
    assert "half precision already" in text(
        Recipe(method="fp16"), weight_precisions={"f16": 9, "f32": 1}, parameters=10
    )
    narrow = {"weight_precisions": {"i8": 9, "f32": 1}, "parameters": 10}
    assert "little left to compress" in text(Recipe(method="int4-weights"), **narrow)
    assert "halves" not in text(Recipe(method="fp16"), **narrow)
    assert "in 8 bits or fewer already" in text(Recipe(method="fp16"), **narrow)


def test_compressed_weights_help_products_of_matrices_and_not_convolutions() -> None:
    recipe = Recipe(method="int8-weights")
    assert "only the file becomes smaller" in text(recipe)
    assert "what waits for memory" in text(recipe, operation_types=TRANSFORMER)
    mixed = [*[op("MatMul", 10)] * 20, op("Convolution", 1_000)]
    assert "convolutions, 83 % of the FLOPs" in text(recipe, AVX2, "CPU", *mixed)
    assert "no weights to compress" in text(recipe, operation_types={"Relu": 1})


@pytest.mark.parametrize(
    ("recipe", "sizes"),
    [
        (Recipe(), (1000, 1000)),
        (Recipe(method="fp16"), (2000, 2000)),
        (Recipe(method="int8-weights"), (1000, 1000)),
        (Recipe(method="int4-weights"), (500, 1000)),
        (Recipe(method="int4-weights", ratio=0.8), (600, 1000)),
    ],
)
def test_the_size_follows_from_the_weights(recipe: Recipe, sizes: tuple[int, int]) -> None:
    assert expected_bytes(a_model(weight_precisions={"f32": 1000, "i64": 4}, parameters=1004), recipe) == sizes


def test_of_weights_that_are_no_floats_no_size_is_told() -> None:
    assert expected_bytes(a_model(weight_precisions={"i8": 1000}, parameters=1000), INT8) is None


def test_a_size_that_is_no_gain_is_not_told() -> None:
    assert "On disk" not in text(bytes=10_000_000)


@pytest.mark.parametrize("method", ["int8", "fp16", "int8-weights", "int4-weights"])
def test_an_empty_model_does_no_harm(method: Any) -> None:
    model = a_model(operation_types={}, weight_precisions={}, parameters=0, flops=None, bytes=0)
    for line in expectations(model, (), frozenset(), "CPU", Recipe(method=method)):
        assert line.endswith(".")


def test_the_model_is_left_as_it_was() -> None:
    model: Model = a_model()
    before = msgspec.json.encode(model)
    expectations(model, (), VNNI, "CPU", INT8)
    assert msgspec.json.encode(model) == before
