"""How many bytes a layer must move at the least: of its inputs what it needs, of its outputs what it writes.

A cache may make it less than that only where an earlier layer left the values there; a kernel may move more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

from ovtui.analysis import precisions
from ovtui.records import Shape, StaticShape, Tensor

_BITS = {
    "boolean": 8, "nf4": 4, "f4e2m1": 4, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8,
    "string": 256,  # OpenVINO keeps an object of 32 bytes for each; the text itself is not known
}  # fmt: skip


class Read(NamedTuple):
    """An input of a layer: what it is, and which one (`source`), since a tensor that is read twice is moved once."""

    tensor: Tensor
    source: object = None  # None: unlike any other
    constant: bool = False


def traffic(type_: str, read: Sequence[Read], written: Sequence[Tensor], precision: str | None = None) -> int | None:
    """Bytes that a layer of the device's `type_` must read and write at the least.

    Constants count as they are executed: a weight that is kept as f32 and computed with in bf16 (`precision`) was
    converted when the model was compiled; one that is kept in fewer bits than that is expanded in the kernel.
    None when a shape or a type that matters is not known.
    """
    rule = _RULES.get(type_.lower().replace("_", ""), _ALL)
    call = _Call([_executed(each, precision) for each in read], written, [each.constant for each in read])
    total, seen = 0, set[object]()
    for place, each in enumerate(read):
        if each.source is not None:
            if each.source in seen:
                continue
            seen.add(each.source)
        size = rule.read[min(place, len(rule.read) - 1)](call, place)
        if size is None:
            return None
        total += size
    size = rule.written(call)
    return None if size is None else total + size


def bytes_of(tensor: Tensor) -> int | None:
    """What a tensor holds; None when its shape or its type does not tell. One without elements holds nothing."""
    return _size(tensor.shape, tensor.type)


def bits_of(type_: str) -> int | None:
    """Of an element: 32 for f32, 4 for u4; None for what is not known."""
    if type_ in _BITS:
        return _BITS[type_]
    found = re.fullmatch(r"(?:f|bf|i|u)(\d{1,2})", type_)
    return int(found[1]) if found else None


@lru_cache(maxsize=65_536)
def _size(shape: Shape, type_: str) -> int | None:
    dims = static(shape)
    return None if dims is None else _sized(prod(dims), type_)


def _sized(elements: int, type_: str) -> int | None:
    """Bytes of so many elements; those of sub-byte types share bytes."""
    if not elements:
        return 0
    bits = bits_of(precisions.normal(type_) or "")
    return None if bits is None else (elements * bits + 7) // 8


def static(shape: Shape) -> StaticShape | None:
    """The dimensions as numbers; None when one of them, or the rank, is open."""
    if shape is None:
        return None
    dims = tuple(dim for dim in shape if isinstance(dim, int))
    return dims if len(dims) == len(shape) else None


def _executed(read: Read, precision: str | None) -> Tensor:
    """A constant in the floating-point type that the kernel computes in, if that is the narrower one."""
    stored, computed = precisions.normal(read.tensor.type) or "", precisions.normal(precision) or ""
    if read.constant and {stored, computed} <= precisions.FLOATS:
        narrower = min(stored, computed, key=precisions.FLOAT_BYTES.__getitem__)
        return Tensor(type=narrower, shape=read.tensor.shape, layout=read.tensor.layout)
    return read.tensor


# What of an input is read, and of the outputs written.


class _Call(NamedTuple):
    """A layer's inputs, constants as they are executed, and its outputs."""

    inputs: list[Tensor]
    outputs: Sequence[Tensor]
    constant: list[bool]

    def shape(self, place: int) -> StaticShape | None:
        return static(self.inputs[place].shape) if place < len(self.inputs) else None

    def given(self) -> int | None:
        """Elements of all outputs."""
        shapes = [static(tensor.shape) for tensor in self.outputs]
        return None if None in shapes else sum(prod(shape) for shape in shapes if shape is not None)


_Reading = Callable[[_Call, int], int | None]
_Writing = Callable[[_Call], int | None]


def _whole(call: _Call, place: int) -> int | None:
    return bytes_of(call.inputs[place])


def _nothing(_call: _Call, _place: int = 0) -> int | None:
    return 0


def _at_most(elements: int | None, call: _Call, place: int) -> int | None:
    """So many elements of an input, or all if it has fewer; enough to know where the input's own shape is open."""
    tensor, own = call.inputs[place], call.shape(place)
    known = [count for count in (elements, None if own is None else prod(own)) if count is not None]
    return _sized(min(known), tensor.type) if known else None


def _as_given(call: _Call, place: int) -> int | None:
    """An element for each of the output's."""
    return _at_most(call.given(), call, place)


def _rows(call: _Call, place: int) -> int | None:
    """A row for each index; the indices are the next input."""
    table, indices = call.shape(place), call.shape(place + 1)
    known = table is not None and indices is not None
    return _at_most(prod(indices) * prod(table[1:]) if known else None, call, place)  # type: ignore[arg-type,index]


def _windows(call: _Call, place: int) -> int | None:
    """Of an image what the windows cover, and not what lies between them: filters are the next input."""
    image, filters = call.shape(place), call.shape(place + 1)
    out = static(call.outputs[0].shape) if call.outputs else None
    if image is None or filters is None or out is None or not 2 < len(image) == len(out) <= len(filters):
        return _whole(call, place)
    kernel = filters[len(filters) - len(image) + 2 :]
    covered = [min(size, count * wide) for size, count, wide in zip(image[2:], out[2:], kernel, strict=True)]
    return _at_most(prod(image[:2]) * prod(covered), call, place)


def _all_written(call: _Call) -> int | None:
    sizes = [bytes_of(tensor) for tensor in call.outputs]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _changed(call: _Call, place: int) -> int | None:
    """Nothing of a tensor that is changed where it lies; a constant is copied first."""
    return _whole(call, place) if call.constant[place] else 0


def _updated(updates: int) -> _Writing:
    """What is put into such a tensor: as many elements as the input `updates` has."""

    def written(call: _Call) -> int | None:
        whole, shape = _all_written(call), call.shape(updates)
        if shape is None or not call.outputs or call.constant[0]:
            return whole
        size = _sized(prod(shape), call.outputs[0].type)
        return size if whole is None or size is None else min(size, whole)

    return written


class _Rule(NamedTuple):
    read: tuple[_Reading, ...] = (_whole,)  # by input; the last one is that of all further ones
    written: _Writing = _all_written


_ALL = _Rule()
_STILL = _Rule((_nothing,), _nothing)  # gives memory another name, or is given it
_PART = _Rule((_as_given, _whole))

_RULES: dict[str, _Rule] = {
    # By the device's name in lower case without underscores; what is not here reads and writes all of it.
    **dict.fromkeys(("input", "output", "parameter", "result", "const", "constant", "data"), _STILL),
    **dict.fromkeys(("reshape", "squeeze", "unsqueeze", "flatten", "memoryinput", "memoryoutput"), _STILL),
    **dict.fromkeys(("readvalue", "assign"), _STILL),
    **dict.fromkeys(("slice", "stridedslice", "crop", "split", "variadicsplit", "pad"), _PART),
    **dict.fromkeys(("gather", "gatherelements", "gathernd"), _PART),
    **dict.fromkeys(("roialign", "roialignrotated", "roipooling", "psroipooling", "deformablepsroipooling"), _PART),
    **dict.fromkeys(("gridsample", "interpolate", "resample"), _PART),
    **dict.fromkeys(("embeddingbag", "embeddingbagoffsets", "embeddingbagoffsetssum"), _Rule((_rows, _whole))),
    **dict.fromkeys(("embeddingbagpacked", "embeddingbagpackedsum"), _Rule((_rows, _whole))),
    "embeddingsegmentssum": _Rule((_rows, _whole)),
    **dict.fromkeys(("convolution", "groupconvolution", "binaryconvolution"), _Rule((_windows, _whole))),
    **dict.fromkeys(
        ("scatterupdate", "scatterelementsupdate", "scatterndupdate"), _Rule((_changed, _whole), _updated(2))
    ),
    "slicescatter": _Rule((_changed, _whole), _updated(1)),
    "shapeof": _Rule((_nothing,)),
}
