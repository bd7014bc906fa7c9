"""A store with a run whose layers are known, all of it made up: a net with branches, partly quantized."""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.records import Edge, Model, Operation, OwnGraph, Profile, Run, Series, Spec, Stop, Tensor
from ovtui.store import Store
from tests.analysis.profiles import CEILINGS, a_layer, a_profile
from tests.store.samples import (
    NOW,
    a_histogram,
    a_model,
    a_result,
    a_run,
    a_series,
    an_effective,
    an_environment,
    its_job,
)

Dims = tuple[int, ...]

MIXNET = a_model("mixnet0001", name="mixnet")


class _Net:
    """Layers and operations, put together one by one; what a layer is made of is put together with it."""

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.operations: list[Operation] = []
        self._gives: dict[int, int] = {}  # layer → the operation whose output it gives

    def add(self, name: str, type_: str, time: float | None, *after: int, does: str | None, **other: Any) -> int:
        """A layer; `does`: the operation that it executes, None for what the device put in; `then`: what is fused."""
        then: tuple[str, ...] = other.pop("then", ())
        shape = other.get("shape", (1, 8))
        reads = tuple(self._gives[source] for source in after)
        named: tuple[str, ...] = ()
        place = len(self.layers)
        if does is None:
            self._gives[place] = reads[0]
        else:
            named = (name, *(f"{name}_{each.lower()}" for each in then))
            for each, kind in zip(named, (does, *then), strict=True):
                inputs = tuple(Edge(read) for read in reads)
                flops = other.get("flops") if kind == does else None
                self.operations.append(Operation(each, kind, inputs, (Tensor("f32", shape),), flops))
                reads = (len(self.operations) - 1,)
            self._gives[place] = reads[0]
        self.layers.append(a_layer(name, type_, time, after=after, original=named, **other))
        return place

    def folded(self, name: str, type_: str, after: int) -> None:
        """An operation of which nothing is left once the model is compiled; it reads what the layer `after` gives."""
        inputs = (Edge(self._gives[after]),)
        self.operations.append(Operation(name, type_, inputs, (Tensor("f32", self.layers[after].outputs[0].shape),)))
        self._gives[after] = len(self.operations) - 1

    def conv(self, name: str, time: float, after: int, channels: int, size: int, **other: Any) -> int:
        """With its ReLU; quantized where `other` says so."""
        quantized = other.get("precision") == "i8"
        efficiency = 0.3 + 0.05 * (len(self.layers) * 7 % 13)  # of what the device can do: some layers are better
        settings: dict[str, Any] = {
            "kernel": "brgconv_avx512_vnni_i8" if quantized else "brgconv_avx512_f32",
            "shape": (1, channels, size, size),
            "layout": "acdb",
            "flops": round(time * efficiency * CEILINGS.gflops["i8" if quantized else "f32"] * 1e3),
            "bytes": (1 if quantized else 4) * (2 * channels * size * size + 64 * channels),
        }
        return self.add(name, "Convolution", time, after, does="Convolution", then=("Relu",), **{**settings, **other})


def mixnet() -> Profile:
    """A stem, three blocks of four branches of which the middle one is quantized, and a head with a slow kernel."""
    net = _Net()
    node = net.add("image", "Input", None, does="Parameter", kernel="unknown_f32", shape=(1, 3, 224, 224),
                   status="not_run")  # fmt: skip
    node = net.add("image_abcd_acdb_stem/Conv2D", "Reorder", 61.0, node, does=None, kernel="jit_uni_f32",
                   shape=(1, 3, 224, 224), layout="acdb", bytes=404_224)  # fmt: skip
    node = net.conv("stem/Conv2D", 420.0, node, 64, 112)
    node = net.add("stem/MaxPool", "Pooling", 88.0, node, does="MaxPool", kernel="jit_avx512_f32",
                   shape=(1, 64, 56, 56), layout="acdb", bytes=2_014_080)  # fmt: skip
    for block in range(3):
        node = _mixed(net, node, block)
    node = net.add("head/AvgPool", "Pooling", 19.0, node, does="AvgPool", kernel="jit_avx512_f32", shape=(1, 256, 1, 1),
                   layout="acdb", bytes=103_840)  # fmt: skip
    node = net.add("head/Reshape", "Reshape", None, node, does="Reshape", kernel=None, shape=(1, 256),
                   status="optimized_out")  # fmt: skip
    node = net.add("head/MatMul", "FullyConnected", 47.5, node, does="MatMul", then=("Add",), shape=(1, 1000),
                   kernel="brgemm_avx512_f32", flops=512_000, bytes=329_024)  # fmt: skip
    node = net.add("head/CumSum", "CumSum", 236.0, node, does="CumSum", kernel="ref_any_f32", shape=(1, 1000),
                   bytes=8_000)  # fmt: skip
    net.add("scores", "Output", None, node, does="Result", kernel="unknown_f32", shape=(1, 1000), status="not_run")
    layers = [msgspec.structs.replace(each, spread_us=each.time_us and each.time_us * 0.02) for each in net.layers]
    total = sum(each.time_us or 0.0 for each in layers)
    return a_profile(
        *layers,
        operations=tuple(net.operations),
        latency_us=round(total * 1.04, 2),
        median_us=round(total * 1.03, 2),
        overhead=0.021,
        overhead_ci95=(0.012, 0.03),
        ceilings=CEILINGS,
    )


def _mixed(net: _Net, node: int, block: int) -> int:
    at, size, quantized = f"Mixed_{block}", (56, 28, 14)[block], block == 1
    kind: dict[str, Any] = {"precision": "i8", "gives": "u8"} if quantized else {}
    factor = (1.0, 0.4, 0.6)[block]
    if quantized:
        net.folded(f"{at}/FakeQuantize", "FakeQuantize", node)
        node = net.add(f"{at}/quantize", "Reorder", 44.0, node, does=None, kernel="jit_uni_i8", precision="u8",
                       shape=(1, 256, size, size), layout="acdb", bytes=303_520)  # fmt: skip
    first = net.conv(f"{at}/Branch_0/Conv2d_1x1", 130 * factor, node, 64, size, **kind)
    second = net.conv(f"{at}/Branch_1/Conv2d_1x1", 95 * factor, node, 96, size, **kind)
    second = net.conv(f"{at}/Branch_1/Conv2d_3x3", 760 * factor, second, 128, size, **kind)
    third = net.conv(f"{at}/Branch_2/Conv2d_1x1", 41 * factor, node, 16, size, **kind)
    third = net.conv(f"{at}/Branch_2/Conv2d_3x3", 170 * factor, third, 32, size, **kind)
    pooling: dict[str, Any] = {"kernel": "jit_avx512_i8" if quantized else "jit_avx512_f32", **kind}
    fourth = net.add(f"{at}/Branch_3/MaxPool", "Pooling", 33 * factor, node, does="MaxPool", shape=(1, 256, size, size),
                     layout="acdb", **pooling)  # fmt: skip
    fourth = net.conv(f"{at}/Branch_3/Conv2d_1x1", 70 * factor, fourth, 32, size, **kind)
    node = net.add(f"{at}/concat", "Concatenation", 12 * factor, first, second, third, fourth, does="Concat",
                   kernel="unknown_i8" if quantized else "unknown_f32", shape=(1, 256, size, size), layout="acdb",
                   **kind)  # fmt: skip
    if quantized:
        node = net.add(f"{at}/dequantize", "Reorder", 52.0, node, does=None, kernel="jit_uni_i8", gives="f32",
                       precision="u8", shape=(1, 256, size, size), layout="acdb", bytes=303_520)  # fmt: skip
    return node


HOSTILE_NAMES = (
    "\x1b[2J\x1b[31mred\x1b[0m",
    "[bold red]markup[/] [/foo] :smile:",
    "\u202egnp.elif\u202c\u200b",
    "very/" * 800,
    "幅広い名前/畳み込み" * 12,
    "twice",
    "twice",
    "",
    "=HYPERLINK(1)",
    "a\nb\tc\rd\x9b31m",
)
"""Names that command a terminal, look like markup, turn the line around, are long, wide, double, none, a formula."""


def hostile(line: bool = True) -> Profile:
    """Layers and operations of those names; types, kernels and layouts are no better."""
    layers = [
        a_layer(
            name,
            f"Conv\x1b]0;x\x07[b]{place}" if place % 2 else "Convolution",
            10.0 * (place + 1),
            kernel=f"ref\x1b[31m_{place}",
            layout="ab\u202ecd",
            original=(name, f"{name}\x1b[1m/relu"),
        )
        for place, name in enumerate(HOSTILE_NAMES)
    ]
    operations = tuple(
        Operation(name, "Conv\x1b[2Jolution", (Edge(place - 1),) if place else (), (Tensor("f\x1b32", (1, 8)),), 1000)
        for place, name in enumerate(HOSTILE_NAMES)
    )
    return a_profile(
        *layers, operations=operations, line=line, latency_us=600.0, notes=("\x1b[31mA note.", "[/x] \u202eanother.")
    )


def add(store: Store, profile: Profile | None, run_id: str = "run0000001", model: Model = MIXNET, **other: Any) -> Run:
    """A finished run of that profile, as a worker leaves it; None: without a look at its layers."""
    ended: dict[str, Any] = {key: other.pop(key) for key in ("result", "warnings", "series") if key in other}
    spec = Spec(model=model.id, stop=Stop(kind="seconds", seconds=10), profile=profile is not None)
    run = a_run(run_id, model, **{"spec": spec, "created": NOW, **other})
    own = None if profile is None else OwnGraph(operations=profile.operations, shapes={})
    store.models.save(model, own)
    store.runs.create(run, its_job(run))
    store.runs.set_environment(run.id, an_environment())
    store.runs.set_effective(run.id, an_effective())
    series: Series = ended.pop("series", a_series())
    result = ended.pop("result", a_result(190.0))
    store.runs.finish(
        run.id, "done", finished=run.created + 12, result=result, series=series, histogram=a_histogram(),
        profile=profile, **ended,
    )  # fmt: skip
    kept = store.runs.get(run.id)
    assert kept is not None
    return kept
