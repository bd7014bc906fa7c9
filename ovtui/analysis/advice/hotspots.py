"""What the layers themselves show: precision, conversions, slow kernels, shapes that are open."""

from __future__ import annotations

from collections import Counter

from ovtui.analysis import kernels, precisions
from ovtui.analysis.advice.case import Advice, Case, Rule
from ovtui.analysis.layers import took
from ovtui.analysis.roofline import Limits, roofline, written
from ovtui.analysis.transitions import causes, conversions, islands
from ovtui.formatting import percent, plural
from ovtui.records import Ceilings, Layer
from ovtui.sanitize import plain

_PRODUCTS = frozenset({"convolution", "groupconvolution", "deconvolution", "fullyconnected", "matmul", "gemm"})
_DOMINANT = 0.5
_FASTER = 1.1  # an INT8 peak that is no higher than this promises nothing
_CONVERSION_SHARE = 0.05
_REFERENCE_SHARE = 0.02
_OPEN_SHARE = 0.05


def int8(case: Case) -> Advice | None:
    """Convolutions and products of matrices in floating point, bound by arithmetic, on a device that has INT8."""
    if case.profile is None or case.total_us is None or "INT8" not in case.capabilities:
        return None
    found, known = [], True
    for layer, roof in zip(case.profile.layers, roofline(case.profile), strict=True):
        if layer.time_us and _is_float_product(layer) and roof.bound != "memory":
            found.append((layer, layer.time_us))
            known &= roof.bound == "compute"
    share = sum(time for _, time in found) / case.total_us
    if share < _DOMINANT:
        return None
    by_precision: Counter[str] = Counter()
    for layer, time in found:
        by_precision[precisions.normal(layer.precision) or ""] += round(1000 * time)
    main = by_precision.most_common(1)[0][0]
    ceilings = case.profile.ceilings
    ratio = _ratio(ceilings, main)
    bound = ", bound by arithmetic," if known else ""
    evidence = (
        f"Convolutions and matrix products in {main}{bound} take {percent(share)} of the time "
        f"({plural(len(found), 'layer')})."
    )
    if ratio is None:
        gain = "How much is known once it is measured: depthwise convolutions may even be slower."
        return Advice("int8", "quantize to INT8", evidence, gain, command=_optimize(case), weight=0.4 * share)
    if ratio < _FASTER:
        return Advice(
            "int8",
            "INT8 would not help here",
            f"{evidence} But this machine was measured to compute i8 only {ratio:.2f} × as fast as {main}.",
            weight=0.01,
        )
    limits = Limits(ceilings, min(case.profile.streams, case.profile.requests))
    saved = sum(time * (1 - _left(layer, limits, ratio)) for layer, time in found) / case.total_us
    return Advice(
        "int8",
        "quantize to INT8",
        evidence,
        f"Up to {1 / (1 - saved):.1f} × as fast: this machine was measured to compute i8 {ratio:.1f} × as fast as "
        f"{main}. Conversions and depthwise convolutions may take a part of that away again.",
        command=_optimize(case),
        weight=saved,
    )


def _optimize(case: Case) -> str:
    # A version is compressed already, or its parent is as good a beginning.
    return f"optimize {case.run.model.parent or case.run.model.id} --data FOLDER"


def converting(case: Case) -> Advice | None:
    """Layers that only give values another type or layout."""
    if case.profile is None or case.total_us is None:
        return None
    found = [each for each in conversions(case.profile) if not each.fused and each.time_us]
    time = sum(each.time_us or 0.0 for each in found)
    share = time / case.total_us
    if share <= _CONVERSION_SHARE:
        return None
    reasons = ", ".join(
        f"{plain(each.cause, 60)} {took(each.time_us or 0.0)} ({each.layers:,} ×)" for each in causes(found)[:3]
    )
    between = islands(case.profile)
    if between:
        layers = plural(sum(len(island.places) for island in between), "layer")
        reasons += f"; {layers} in floating point between quantized ones need some of them"
    return Advice(
        key="conversions",
        title="conversions between layers",
        evidence=f"Converting alone takes {percent(share)} of the layers' time ({plural(len(found), 'layer')}), "
        f"most of it for {reasons}.",
        gain=f"Up to {percent(share)} less time, if the layers around them agree in type and layout.",
        command=f"layers {case.run.id} --by precision",
        weight=share,
    )


def reference(case: Case) -> Advice | None:
    """Kernels that were written to be right, not to be quick."""
    if case.profile is None or case.total_us is None:
        return None
    found, recoverable = [], 0.0
    roofs = roofline(case.profile)
    for place in kernels.slow_paths(case.profile.layers, roofs):
        layer, roof = case.profile.layers[place], roofs[place]
        time = layer.time_us or 0.0
        found.append((layer, time))
        recoverable += time if roof.recoverable_us is None else roof.recoverable_us
    share, saved = sum(time for _, time in found) / case.total_us, recoverable / case.total_us
    if share <= _REFERENCE_SHARE:
        return None
    layer, time = max(found, key=lambda each: each[1])
    return Advice(
        key="reference",
        title="reference kernels",
        evidence=f"Reference kernels take {percent(share)} of the layers' time ({plural(len(found), 'layer')}), "
        f"most of all {plain(layer.name, 40)} ({plain(layer.type, 30)}, {plain(layer.kernel, 40)}) {took(time)}.",
        gain=f"Up to {percent(saved)} less time, if another operation, precision or layout has an optimized kernel.",
        command=f"layers {case.run.id} --by kernel",
        weight=saved,
    )


def open_shapes(case: Case) -> Advice | None:
    """Layers whose shapes the device learns only while it computes, although the inputs' are fixed."""
    if case.total_us is None:
        return None
    found = [
        (layer, time)
        for layer, time in case.timed
        if any(tensor.shape is None or any(isinstance(dim, str) for dim in tensor.shape) for tensor in layer.outputs)
    ]
    share = sum(time for _, time in found) / case.total_us
    if share <= _OPEN_SHARE:
        return None
    first = found[0][0]
    return Advice(
        key="shapes",
        title="shapes that depend on values",
        evidence=f"From {plain(first.name, 40)} ({plain(first.type, 30)}) on, shapes are known only while they are "
        f"computed: {percent(share)} of the layers' time ({plural(len(found), 'layer')}).",
        gain=f"A part of these {percent(share)}, if the model fixes a size there: an open one cannot be planned for.",
        command=f"graph {case.run.id}",
        weight=share / 4,
    )


def _is_float_product(layer: Layer) -> bool:
    return layer.type.lower().replace("_", "") in _PRODUCTS and precisions.normal(layer.precision) in precisions.FLOATS


def _ratio(ceilings: Ceilings | None, precision: str) -> float | None:
    """How many times as fast i8 is."""
    limits = Limits(ceilings)
    now, then = limits.peak(precision), limits.peak("i8")
    return then / now if now and then else None


def _left(layer: Layer, limits: Limits, ratio: float) -> float:
    """What is left of a layer's time in i8, at the efficiency it has now: less traffic too, but that may bind then."""
    writes, precision = written(layer), precisions.computed_in(layer.kernel, layer.precision)
    now = limits.attainable(layer.flops, layer.bytes, precision, writes)
    wide = precisions.FLOAT_BYTES.get(precisions.normal(layer.precision) or "", 1)
    narrow = [None if size is None else size // wide for size in (layer.bytes, writes)]
    then = limits.attainable(layer.flops, narrow[0], "i8", narrow[1])
    if now is None or then is None:
        return 1 / ratio
    return min(1.0, then[0] / now[0])


RULES: tuple[Rule, ...] = (int8, converting, reference, open_shapes)
