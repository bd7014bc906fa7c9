"""OpenVINO's element types as numpy holds them: the bytes that a tensor of each has."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

DTYPES: dict[str, str] = {
    "f32": "float32", "f64": "float64", "f16": "float16", "bf16": "uint16",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64", "boolean": "bool",
}  # fmt: skip
"""OpenVINO's element types and the numpy types of the same bytes (bfloat16 has none: the upper half of a float32)."""

_CODES = {"f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8, "f4e2m1": 4, "nf4": 4}  # floats of few bits → bits
_WHOLE = {"u1": 1, "u2": 2, "u4": 4, "i4": 4}  # whole numbers of less than a byte → bits
_PLANES = frozenset({"u3", "u6"})  # 8 or 4 values in three bytes, the upper bits of all in the third

EXACT = {"f64": 1 << 24, "f32": 1 << 24, "f16": 1 << 11, "bf16": 1 << 8}
"""Below it, a floating type holds all whole numbers (those of f64 are made from f32)."""

FLOATS = frozenset({"f16", "bf16", "f32", "f64", *_CODES})
KINDS = frozenset({*DTYPES, *_CODES, *_WHOLE, *_PLANES, "string"})
"""All that an input may be of. One of type `dynamic` has no values."""

# QLoRA's quantiles of the normal distribution (Dettmers et al. 2023, arXiv:2305.14314), as OpenVINO has them.
_NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


class Span(NamedTuple):
    """The whole numbers that a type holds."""

    least: int
    most: int


def span(kind: str) -> Span:
    """Of a type of whole numbers."""
    if kind in DTYPES:
        info = np.iinfo(DTYPES[kind])
        return Span(int(info.min), int(info.max))
    bits = int(kind[1:])
    return Span(-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "i" else Span(0, (1 << bits) - 1)


def holder(kind: str) -> np.dtype[np.generic]:
    """The numpy type in which values are given before `encode`."""
    if kind in FLOATS:
        return np.dtype(DTYPES[kind] if kind in ("f16", "f64") else "float32")
    if kind == "string":
        return np.dtype(str)
    return np.dtype(DTYPES.get(kind, "int8" if kind[0] == "i" else "uint8"))


def encode(values: Array, kind: str) -> Array:
    """Values as a tensor of the type holds them: of the same shape, or flat bytes where several share one."""
    if kind == "bf16":
        upper: Array = np.ascontiguousarray(values, dtype=np.float32).reshape(values.shape).view(np.uint32) >> 16
        return upper.astype(np.uint16)
    if kind in _CODES:
        return _packed(_codes(values, kind), _CODES[kind])
    if kind in _WHOLE:
        bits = _WHOLE[kind]
        return _packed(values.astype(np.uint8) & np.uint8((1 << bits) - 1), bits)
    if kind in _PLANES:
        return _in_planes(values.astype(np.uint8), int(kind[1:]))
    converted: Array = values.astype(holder(kind))
    return converted


@functools.cache
def decoded(kind: str) -> npt.NDArray[np.float64]:
    """What each code of a float of few bits stands for."""
    if kind == "nf4":
        return np.array(_NF4)
    codes = np.arange(1 << _CODES[kind])
    if kind == "f8e8m0":
        values: npt.NDArray[np.float64] = np.exp2(codes - 127.0)
        values[-1] = np.nan
        return values
    # Sign, exponent with its bias, fraction; without an exponent, the fraction alone counts.
    exponent_bits, fraction_bits = {"f8e4m3": (4, 3), "f8e5m2": (5, 2), "f4e2m1": (2, 1)}[kind]
    bias = (1 << exponent_bits - 1) - 1
    sign = np.where(codes >> exponent_bits + fraction_bits, -1.0, 1.0)
    exponent = codes >> fraction_bits & (1 << exponent_bits) - 1
    fraction = (codes & (1 << fraction_bits) - 1) / (1 << fraction_bits)
    values = sign * np.where(exponent, (1 + fraction) * np.exp2(exponent - bias), fraction * np.exp2(1.0 - bias))
    if kind == "f8e4m3":
        values[codes & 0x7F == 0x7F] = np.nan
    if kind == "f8e5m2":
        values[exponent == 31] = np.where(fraction[exponent == 31] == 0, sign[exponent == 31] * np.inf, np.nan)
    return values


def _codes(values: Array, kind: str) -> npt.NDArray[np.uint8]:
    """The code nearest to each value, of two the even one; beyond the largest, that one."""
    meant = decoded(kind)
    finite = np.flatnonzero(np.isfinite(meant) & ~((meant == 0) & np.signbit(meant)))
    order = finite[np.argsort(meant[finite])]
    known = meant[order]
    wanted = np.asarray(values, dtype=np.float64)
    above = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    low, high = wanted - known[above - 1], known[above] - wanted
    down = (low < high) | ((low == high) & (order[above - 1] % 2 == 0))
    found: npt.NDArray[np.uint8] = order[np.where(down, above - 1, above)].astype(np.uint8)
    return found


def _packed(codes: npt.NDArray[np.uint8], bits: int) -> Array:
    """Flat bytes, the first value in the lowest bits; of single bits, in the highest. Whole bytes keep their shape."""
    if bits == 8:
        return codes
    flat = codes.reshape(-1)
    if bits == 1:
        return np.packbits(flat)
    each = 8 // bits
    rows = np.pad(flat, (0, -len(flat) % each)).reshape(-1, each)
    shifted = rows << np.arange(0, 8, bits, dtype=np.uint8)
    packed: Array = np.bitwise_or.reduce(shifted, axis=1).astype(np.uint8)
    return packed


def _in_planes(codes: npt.NDArray[np.uint8], bits: int) -> Array:
    """Two bytes of the lower bits of 8 or 4 values, the first in the highest, then a byte of their upper ones."""
    each = 24 // bits
    low = 16 // each
    rows = np.pad(codes.reshape(-1), (0, -codes.size % each)).reshape(-1, each).astype(np.uint32)
    places = np.arange(each - 1, -1, -1, dtype=np.uint32)
    lower = ((rows & (1 << low) - 1) << places * low).sum(axis=1)
    upper = ((rows >> low) << places * (bits - low)).sum(axis=1)
    packed: Array = np.stack([lower >> 8, lower & 255, upper], axis=1).astype(np.uint8).reshape(-1)
    return packed
