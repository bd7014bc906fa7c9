"""What to expect of a recipe before anything is made: on this processor, of this kind of net.

The figures are of measurements on a processor with AVX2 and without VNNI, OpenVINO 2026.4 and NNCF 3.4; they show an
order of magnitude. What is said beforehand is no result: that is what the comparison afterwards is for.
"""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting
from ovtui.analysis import precisions
from ovtui.analysis.optimization.quantizable import (
    CONVOLUTIONS,
    GROUPED,
    PRODUCTS,
    Kind,
    is_quantized,
    kind_of,
    share_of,
)
from ovtui.analysis.optimization.wording import points
from ovtui.formatting import percent, plural, size
from ovtui.records import Model, Operation, Recipe

_FAST_X86 = {"amx_int8": "AMX", "avx512_vnni": "AVX-512 VNNI", "avx_vnni": "AVX-VNNI", "avx_vnni_int8": "AVX-VNNI"}
_FAST_ARM = {"i8mm": "I8MM", "asimddp": "dot-product"}
_SMALL_FLOPS = 20_000_000
"""An inference of so little arithmetic takes less than a millisecond, much of it for starting layers."""
_FEW_SAMPLES = 100
_ALREADY = 0.5
_STRUCTURE = 0.1


def cpu_flags(cpuinfo: str) -> frozenset[str]:
    """What the processors can do, from the text of /proc/cpuinfo: `flags` on x86, `Features` on ARM; of all of them.

    A flag counts if every core has it, since layers run on all of them. Empty where the text tells nothing.
    """
    found: frozenset[str] | None = None
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() in ("flags", "features"):
            own = frozenset(value.lower().split())
            found = own if found is None else found & own
    return found or frozenset()


def expectations(
    model: Model, operations: Sequence[Operation], cpu_flags: frozenset[str], device: str, recipe: Recipe
) -> list[str]:
    """Sentences, the weightiest first; safe to show. Of what is not known, such as another machine's flags, nothing."""
    kind = kind_of(model, operations)
    flags = cpu_flags if _is_cpu(device) else frozenset[str]()
    found: list[str | None]
    twice = _twice(model)
    if twice is not None and recipe.method != "fp16":
        return [twice]
    if recipe.method == "int8":
        found = [_noise(recipe), _none(kind), *_processor(flags), _depthwise(kind), _small(model),
                 _transformer(kind, recipe), _few(recipe), _controlled(recipe)]  # fmt: skip
    elif recipe.method == "fp16":
        found = [_half(model, device)]
    else:
        found = [*_weights(model, kind)]
    return [each for each in (*found, _size(model, recipe)) if each is not None]


def expected_bytes(model: Model, recipe: Recipe) -> tuple[int, int] | None:
    """The least and the most that the weights of the version will take, in bytes; None when they are not floats.

    Scales and the file's own structure come on top. With 4 bits, NNCF keeps embeddings and the last product at 8.
    """
    floats = sum(count for name, count in model.weight_precisions.items() if _float_bytes(name))
    rest = model.parameters - floats  # at least a byte each; integers keep what they have
    if not floats or rest < 0:
        return None
    each = {"int8": (1.0, 1.0), "fp16": (2.0, 2.0), "int8-weights": (1.0, 1.0)}.get(recipe.method)
    if each is None:
        four = 1.0 if recipe.ratio is None else recipe.ratio
        each = (four * 0.5 + (1 - four), 1.0)
    return round(floats * each[0]), round(floats * each[1])


def _is_cpu(device: str) -> bool:
    return device.upper().partition(".")[0] == "CPU"


def _float_bytes(name: str) -> int:
    return precisions.FLOAT_BYTES.get(precisions.normal(name) or "", 0)


# INT8


def _twice(model: Model) -> str | None:
    if not is_quantized(model):
        return None
    count = model.operation_types["FakeQuantize"]
    return (
        f"This model is quantized already ({plural(count, 'FakeQuantize operation')}): "
        "quantize the model that it was made from."
    )


def _noise(recipe: Recipe) -> str | None:
    if not recipe.random:
        return None
    return "Calibrated with noise, the version shows what INT8 does to the speed; what it answers means nothing."


def _none(kind: Kind) -> str | None:
    if kind.count(PRODUCTS) or kind.types.keys() & {"LSTMSequence", "GRUSequence", "LSTMCell", "GRUCell"}:
        return None
    return "There is no convolution and no product of matrices in this model: INT8 has nothing to speed up."


def _processor(flags: frozenset[str]) -> list[str]:
    """Of x86 and ARM, each by what only it has."""
    fast = [title for flag, title in (_FAST_X86 | _FAST_ARM).items() if flag in flags]
    if fast:
        found = [f"This processor has instructions for INT8 ({', '.join(dict.fromkeys(fast))}): it gains most there."]
        if "amx_bf16" in flags:
            found.append(
                "The model itself computes in bf16 here, unless another precision is asked for: INT8 is measured "
                "against that, and not against f32."
            )
        return found
    if "avx2" in flags or "sse4_2" in flags:
        return [
            "This processor has neither VNNI nor AMX, so that INT8 gains less: ResNet-50 became 1.66 × faster in "
            "latency and 1.93 × in throughput on such a one.",
            "Without VNNI, sums of INT8 products can saturate, which costs accuracy that another processor would not "
            "lose: what is measured here holds for this kind of processor.",
        ]
    if "asimd" in flags:
        return ["This ARM processor has no dot product of bytes: INT8 may gain nothing but size."]
    return []


def _depthwise(kind: Kind) -> str | None:
    if not kind.is_depthwise:
        return None
    grouped, all_of_them = kind.count(GROUPED), kind.count(CONVOLUTIONS)
    share = kind.share(GROUPED)
    of_flops = "" if share is None else f" ({percent(share)} of the FLOPs)"
    return (
        f"{grouped:,} of {plural(all_of_them, 'convolution')} work in groups{of_flops}, as depthwise ones do: "
        "they gain little from INT8 and need conversions around them. ShuffleNet became slower by it (0.8 ×)."
    )


def _small(model: Model) -> str | None:
    if model.flops is None or model.flops >= _SMALL_FLOPS:
        return None
    return (
        f"One inference is only {formatting.count(model.flops)}FLOPs: starting layers takes a good part of its time, "
        "which INT8 does not shorten."
    )


def _transformer(kind: Kind, recipe: Recipe) -> str | None:
    if recipe.model_type is not None or not kind.is_transformer:
        return None
    return (
        "This looks like a transformer: with the model type transformer more is kept "
        "(26.5 dB instead of 17.8 dB of signal over noise in one)."
    )


def _few(recipe: Recipe) -> str | None:
    if recipe.subset >= _FEW_SAMPLES or recipe.random:
        return None
    return (
        f"{plural(recipe.subset, 'sample')} are few to calibrate with: 10 cost 1.6 points of top-1 where 100 "
        "cost 1.25; from 100 on it made no difference."
    )


def _controlled(recipe: Recipe) -> str | None:
    if recipe.max_drop is None:
        return None
    return (
        f"Keeping the drop within {points(recipe.max_drop)} takes several times as long, as layers are put "
        "back to floating point one after the other, and measured."
    )


# Weights only


def _half(model: Model, device: str) -> str:
    if share_of(model, frozenset({"f16", "bf16"})) > _ALREADY:
        return "The weights are kept in half precision already: FP16 changes nothing."
    if share_of(model, precisions.NARROW) > _ALREADY:
        return "The weights are kept in 8 bits or fewer already: FP16 leaves those as they are."
    if _is_cpu(device):
        return (
            "FP16 on disk halves the file and leaves the speed as it is: a CPU computes in the precision that it "
            "would choose anyway."
        )
    return "FP16 on disk halves the file; the device computes in the precision that it would choose anyway."


def _weights(model: Model, kind: Kind) -> list[str | None]:
    share = kind.share(CONVOLUTIONS)
    mostly_convolutions = (
        2 * kind.count(CONVOLUTIONS) > kind.count(PRODUCTS) if share is None else share > 0.5
    ) and kind.count(CONVOLUTIONS) > 0
    found: list[str | None] = []
    if share_of(model, precisions.NARROW) > _ALREADY:
        found.append("The weights are kept in 8 bits or fewer already: there is little left to compress.")
    if not kind.count(PRODUCTS):
        found.append("There is no convolution and no product of matrices in this model: it has no weights to compress.")
    elif mostly_convolutions:
        most = "" if share is None else f", {percent(share)} of the FLOPs"
        found.append(
            f"Most of the arithmetic is in convolutions{most}: they compute as before, so that only the file becomes "
            "smaller. INT8 of weights and activations is what speeds them up."
        )
    else:
        found.append(
            "Compressed weights speed up what waits for memory: large products of matrices, one or few at a time, as "
            "in language models. With large batches they may cost time, since weights are expanded before each product."
        )
    return found


def _size(model: Model, recipe: Recipe) -> str | None:
    expected = expected_bytes(model, recipe)
    weights = sum(count * (_float_bytes(name) or 1) for name, count in model.weight_precisions.items())
    # Of a small model, the file's own structure is a good part, and a version has more of it.
    if expected is None or expected[1] >= model.bytes or model.bytes - weights > _STRUCTURE * expected[0]:
        return None
    low, high = map(size, expected)
    return f"On disk: about {low if low == high else f'{low} to {high}'} instead of {size(model.bytes)}."
