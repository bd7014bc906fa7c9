"""Made-up profiles: layers in a line, in any shape, or by the thousand."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import strategies as st

from ovtui.records import Ceilings, Edge, Layer, LayerStatus, Operation, Profile, Shape, Tensor

CEILINGS = Ceilings(
    device="CPU",
    machine="A processor",
    gflops={"f32": 100.0, "i8": 300.0},
    gbytes=((1_000_000, 40.0), (100_000_000, 10.0)),
    measured=0.0,
)


def a_layer(
    name: str = "conv1",
    type: str = "Convolution",
    time_us: float | None = 100.0,
    *,
    after: tuple[int | tuple[int, int], ...] = (),
    precision: str | None = "f32",
    gives: str | None = None,  # the type of its output, if it is not what it computes in
    layout: str | None = "abcd",
    shape: Shape = (1, 8, 4, 4),
    outputs: int = 1,
    kernel: str | None = "jit_avx2_f32",
    status: LayerStatus = "executed",
    original: tuple[str, ...] | None = None,
    **other: Any,
) -> Layer:
    """`after`: places of the layers it reads, or (place, port)."""
    inputs = tuple(Edge(*each) if isinstance(each, tuple) else Edge(each) for each in after)
    tensor = Tensor(gives or precision or "f32", shape, layout)
    return Layer(
        name=name,
        type=type,
        kernel=kernel,
        precision=precision,
        order=other.pop("order", 0),
        status=status,
        inputs=inputs,
        outputs=(tensor,) * outputs,
        original=(name,) if original is None else original,
        time_us=time_us,
        **other,
    )


def an_operation(name: str = "conv1", type: str = "Convolution", after: tuple[int, ...] = ()) -> Operation:
    return Operation(
        name=name,
        type=type,
        inputs=tuple(Edge(each) for each in after),
        outputs=(Tensor("f32", (1, 8, 4, 4)),),
    )


def a_profile(*layers: Layer, line: bool = False, **other: Any) -> Profile:
    """In the order given. `line`: each reads the one before, if it does not say what it reads."""
    placed = [
        msgspec.structs.replace(
            layer, order=place, inputs=layer.inputs or ((Edge(place - 1),) if line and place else ())
        )
        for place, layer in enumerate(layers)
    ]
    settings: dict[str, Any] = {
        "operations": (),
        "inferences": 100,
        "requests": 1,
        "streams": 1,
        "latency_us": None,
        "median_us": None,
        "overhead": 0.02,
    }
    return Profile(layers=tuple(placed), **(settings | other))


NO_COUNTERS = a_profile(*(a_layer(f"layer{n}", time_us=None) for n in range(5)), line=True, latency_us=100.0)
EMPTY = a_profile()

_NAMES = st.sampled_from(
    ["conv1", "layer1/conv", "layer1/relu", "enc.0.a", "enc.1.b", "", "[bold]x", "\x1b[2J", "模型/层"]
)
_PRECISIONS = st.sampled_from(["f32", "F32", "bf16", "u8", "i8", "i64", "undefined", "q7", "", None])


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Any graph, with what devices say and what they should not."""
    count = draw(st.integers(0, 12))
    layers = []
    for place in range(count):
        sources = draw(st.lists(st.integers(0, max(0, place - 1)), max_size=3)) if place else []
        status: LayerStatus = draw(st.sampled_from(["executed", "executed", "optimized_out", "not_run"]))
        layers.append(
            a_layer(
                draw(_NAMES),
                draw(st.sampled_from(["Convolution", "Reorder", "Convert", "Eltwise", "Reshape"])),
                draw(st.one_of(st.none(), st.just(0.0), st.floats(0.01, 1e5))),
                after=tuple((source, draw(st.integers(0, 1))) for source in sources),
                precision=draw(_PRECISIONS),
                gives=draw(_PRECISIONS),
                shape=draw(st.sampled_from([(1, 8, 4, 4), (), (0, 3), ("?", 3), None])),
                status=status,
                kernel=draw(st.sampled_from(["ref_any", "jit_avx2_f32", None])),
                original=tuple(draw(st.lists(_NAMES, max_size=2))),
                flops=draw(st.sampled_from([None, 0, 1_000_000])),
                bytes=draw(st.sampled_from([None, 0, 4_000])),
            )
        )
    return a_profile(
        *layers,
        operations=tuple(an_operation(draw(_NAMES)) for _ in range(draw(st.integers(0, 6)))),
        latency_us=draw(st.sampled_from([None, 0.0, 1000.0])),
        ceilings=draw(st.sampled_from([None, CEILINGS])),
        streams=draw(st.integers(1, 4)),
        requests=draw(st.integers(1, 4)),
    )


def a_large_profile(count: int = 5_000) -> Profile:
    """A net of so many layers in blocks with branches, some of them quantized, with operations and ceilings."""
    values = random.Random(7)
    layers = []
    for place in range(count):
        block, step = divmod(place, 12)
        kind = ("Reorder", "Convolution", "Reshape", "Eltwise", "MatMul", "Subgraph")[step % 6]
        after = tuple({max(0, place - 1), max(0, place - values.randrange(1, 12))}) if place else ()
        layers.append(
            a_layer(
                f"encoder.layer.{block}.part{step}/{kind}_{place}",
                kind,
                None if kind == "Reshape" else round(values.expovariate(0.01) + 0.01, 2),
                after=after,
                precision=values.choice(["f32", "i8", "u8"]),
                shape=(1, 64, 28, values.randrange(1, 29)),
                status="optimized_out" if kind == "Reshape" else "executed",
                kernel=values.choice(["jit_avx2_f32", "ref_any_f32", "brgconv_avx2_f32"]),
                original=()
                if kind == "Reorder"
                else (f"encoder.layer.{block}.part{step}/{kind}_{place}", f"bias{place}"),
                flops=values.randrange(10**7),
                bytes=values.randrange(10**6),
            )
        )
    operations = tuple(an_operation(layer.name, layer.type) for layer in layers)
    return a_profile(*layers, operations=operations, latency_us=1e6, ceilings=CEILINGS)
