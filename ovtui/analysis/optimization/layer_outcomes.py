"""What became of each layer in a version: whether it computes in INT8, what that changed, and why if it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ovtui import formatting
from ovtui.analysis import precisions
from ovtui.analysis.comparison.layer_matching import matched
from ovtui.analysis.fusion import origins
from ovtui.analysis.layers import total_us
from ovtui.analysis.optimization.wording import points
from ovtui.analysis.transitions import conversions, is_conversion, runs
from ovtui.records import Layer, Operation, Profile, Recipe
from ovtui.sanitize import plain

# The device's names, in lower case and without underscores.
_PRODUCTS = frozenset({"convolution", "groupconvolution", "deconvolution", "fullyconnected", "matmul", "gemm"})
_MOVING = frozenset({
    "reshape", "transpose", "permute", "concatenation", "concat", "split", "variadicsplit", "stridedslice", "slice",
    "gather", "gatherelements", "gathernd", "tile", "pad", "broadcast", "shufflechannels", "depthtospace",
    "spacetodepth", "scatterupdate", "scatterelementsupdate", "scatterndupdate", "roll", "crop",
})  # fmt: skip
_ELEMENTWISE = frozenset({"eltwise", "subgraph", "add", "multiply", "subtract", "divide", "relu", "prelu", "clamp"})
_WITH_INT8 = frozenset({"pooling", "interpolate", "mvn", "reduce", "rnnseq", "rnncell", "normalizel2"})
_OWNERS = frozenset({"if", "loop", "tensoriterator"})  # of bodies, of whose precision the device tells nothing
_QUANTIZERS = frozenset({"fakequantize", "quantize"})
_LONG = 0.05
_IN_AND_OUT = frozenset({"input", "output", "parameter", "result", "const", "constant"})


class Fate(NamedTuple):
    """A layer that the version executes. Names are raw; times in µs, None where the device tells none."""

    place: int  # in the version's layers
    name: str
    type: str  # the device's
    precision_before: str | None  # None: the parent has no such layer, or does not say
    precision_after: str | None
    time_before: float | None
    time_after: float | None
    share: float | None  # of all layers of the version
    int8: bool
    conversion: bool  # it only gives values another type, scale or layout
    why: str  # in words, safe to show, why it does not compute in INT8; empty where it does
    operations: tuple[str, ...]  # of the model, that it executes; raw


def fates(parent: Profile, version: Profile, recipe: Recipe) -> list[Fate]:
    """One for each layer that the version executes, in the order of execution; its inputs and outputs left out."""
    layers, operations = version.layers, version.operations
    held = origins(version).layers
    total = total_us(version)
    converting = {each.place: each.cause for each in conversions(version) if not each.fused}
    reasons = _Reasons(recipe, operations)
    found = []
    for row in matched(parent, version):
        place = row.place_b
        if place is None or not runs(layers[place]) or _kind(layers[place]) in _IN_AND_OUT:
            continue
        layer = layers[place]
        narrow = row.precisions[1] in precisions.NARROW
        work = ""
        if _is_quantizer(layer, [operations[each] for each in held[place]]):
            work = "gives what follows its INT8 values"
        elif not narrow and row.place_a is None and operations and _is_put_in(layer, held[place]):
            work = "scales INT8 values back"
        conversion = bool(work) or is_conversion(layer)
        int8 = (narrow or reasons.within(layer, held[place])) and not conversion
        names = tuple(dict.fromkeys((*(operations[each].name for each in held[place]), *layer.original)))
        if int8:
            why = ""
        elif work:
            why = work
        elif conversion:
            why = _converts(converting.get(place, "unknown"))
        else:
            why = reasons.of(layer, held[place], names)
        found.append(
            Fate(
                place=place,
                name=row.name,
                type=layer.type,
                precision_before=row.precisions[0],
                precision_after=row.precisions[1],
                time_before=row.time_a,
                time_after=row.time_b,
                share=row.time_b / total if row.time_b is not None and total else None,
                int8=int8,
                conversion=conversion,
                why=why,
                operations=names,
            )
        )
    return sorted(found, key=lambda fate: (layers[fate.place].order, fate.place))


def summary(found: Sequence[Fate]) -> list[str]:
    """How much computes in INT8, what conversions take, and the layer that takes longest without; safe to show."""
    working = [fate for fate in found if not fate.conversion]
    if not working:
        return []
    narrow = [fate for fate in working if fate.int8]
    of_layers = formatting.plural(len(working), "layer")
    if not narrow:
        text = [f"None of {of_layers} computes in INT8."]
    else:
        share = _share(narrow)
        time = "" if share is None else f" with {formatting.percent(share)} of the time"
        verb = "computes" if len(narrow) == 1 else "compute"
        text = [f"{len(narrow):,} of {of_layers}{time} {verb} in INT8."]
    converting = [fate for fate in found if fate.conversion]
    if converting:
        share = _share(converting)
        many = formatting.plural(len(converting), _common_type(converting))
        verb, part = ("takes", "is") if len(converting) == 1 else ("take", "are")
        longest = max(converting, key=lambda fate: fate.share or 0.0)
        which = ""
        if len(converting) > 1 and (longest.share or 0.0) >= _LONG:
            which = f"; the longest, {plain(longest.name, 60)} with {formatting.percent(longest.share)}, {longest.why}"
        text.append(f"There {part} {many}." if share is None else f"{many} {verb} {formatting.percent(share)}{which}.")
    slow = max((fate for fate in working if not fate.int8), key=lambda fate: fate.share or 0.0, default=None)
    if slow is not None:
        share_text = "" if slow.share is None else f", {formatting.percent(slow.share)}"
        what = "largest that does not" if narrow else "largest"
        text.append(f"The {what}: {plain(slow.name, 60)} ({plain(slow.type, 30)}{share_text}): {slow.why}.")
    return text


def _is_quantizer(layer: Layer, held: Sequence[Operation]) -> bool:
    """Whether it is that and nothing else."""
    return _kind(layer) in _QUANTIZERS or (bool(held) and all(each.type == "FakeQuantize" for each in held))


def _is_put_in(layer: Layer, held: Sequence[int]) -> bool:
    """Whether it scales: what undoes quantization is made when the model is compiled, of none of its operations."""
    return _kind(layer) in _ELEMENTWISE and bool(layer.original) and not held


def _converts(cause: str) -> str:
    what = {"unknown": "converts", "copy": "copies"}.get(cause, f"converts {plain(cause, 40)}")
    return f"{what} between layers that do not agree"


class _Reasons:
    """Why a layer that does not convert is in floating point."""

    def __init__(self, recipe: Recipe, operations: Sequence[Operation]) -> None:
        self._recipe = recipe
        self._operations = operations
        self._patterns = _compiled(recipe.ignored_patterns)
        self._ignored = frozenset(recipe.ignored)

    def of(self, layer: Layer, held: Iterable[int], names: Sequence[str]) -> str:
        """The first reason that holds, the surest first."""
        kind, precision = _kind(layer), precisions.normal(layer.precision)
        if self._recipe.method == "fp16":
            return "FP16 on disk changes nothing of what is computed"
        if self._recipe.method != "int8":
            return "only weights are compressed: activations stay as they were"
        if any(self._is_ignored(name) for name in names):
            return "the recipe says to ignore it"
        if precision is not None and precision not in precisions.FLOATS:
            return f"computes {plain(precision, 20)}: indices, shapes or truth values"
        if kind in _PRODUCTS or (kind in _OWNERS and any(_is_product(self._operations[place]) for place in held)):
            return self._of_product(held)
        if kind in _ELEMENTWISE:
            return "element by element: it gains nothing unless what is around it is INT8"
        if kind in _MOVING:
            return "only moves values, in the precision of what is around it"
        if kind in _WITH_INT8:
            return "nothing around it that computes in INT8 calls for it"
        return f"{plain(layer.type, 30)} has no INT8 kernel"

    def within(self, layer: Layer, held: Iterable[int]) -> bool:
        """Whether a layer executes a body in which a convolution or a product of matrices is quantized."""
        if _kind(layer) not in _OWNERS:
            return False
        return any(_is_product(self._operations[place]) and self._is_quantized(place) for place in held)

    def _of_product(self, held: Iterable[int]) -> str:
        """A convolution or a product of matrices, of which one expects it, or a body with such."""
        places = [place for place in held if _is_product(self._operations[place])]
        if places and all(self._is_quantized(place) for place in places):
            return "the model has it quantized, but the device has no INT8 kernel for it"
        if self._recipe.max_drop is not None:
            return f"left in floating point to keep the drop within {points(self._recipe.max_drop)}"
        return "NNCF put no quantizer before it" if places else "it is not told why"

    def _is_quantized(self, place: int) -> bool:
        """Whether what the operation reads comes from a FakeQuantize, as far back as values are only moved."""
        waiting, seen = [place], {place}
        while waiting:
            for edge in self._operations[waiting.pop()].inputs:
                if not 0 <= edge.source < len(self._operations) or edge.source in seen:
                    continue
                seen.add(edge.source)
                kind = self._operations[edge.source].type
                if kind == "FakeQuantize":
                    return True
                if kind.lower() in _MOVING or kind == "MaxPool":
                    waiting.append(edge.source)
        return False

    def _is_ignored(self, name: str) -> bool:
        return name in self._ignored or any(pattern.match(name) for pattern in self._patterns)


def _compiled(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    """Those that are regular expressions: with others no version can have been made."""
    found = []
    for each in patterns:
        try:
            found.append(re.compile(each))
        except re.error:
            continue
    return found


def _kind(layer: Layer) -> str:
    return layer.type.lower().replace("_", "")


def _is_product(operation: Operation) -> bool:
    return operation.type == "MatMul" or "Convolution" in operation.type


def _share(found: Iterable[Fate]) -> float | None:
    shares = [fate.share for fate in found if fate.share is not None]
    return sum(shares) if shares else None


def _common_type(found: Sequence[Fate]) -> str:
    types = {fate.type for fate in found}
    return plain(types.pop(), 30) if len(types) == 1 else "conversion"
