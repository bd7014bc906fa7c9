"""The types that layers compute in: their names made alike, their kinds, and the order they are shown in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

FLOAT_BYTES = {"f64": 8, "f32": 4, "bf16": 2, "f16": 2}
FLOATS = frozenset(FLOAT_BYTES)
NARROW = frozenset({"i8", "u8", "i4", "u4"})
"""What quantization computes in."""

_NOTHING = frozenset({"", "undefined", "unspecified", "dynamic", "none"})
_ORDER = (
    "f64", "f32", "bf16", "f16", "f8e4m3", "f8e5m2", "i64", "u64", "i32", "u32", "i16", "u16", "i8", "u8", "i4", "u4",
    "boolean",
)  # fmt: skip


@lru_cache(maxsize=1024)
def normal(name: str | None) -> str | None:
    """`FP32`, `f32` → `f32`; None for what says nothing, like `undefined`."""
    lower = (name or "").strip().lower().replace("fp", "f", 1)
    return None if lower in _NOTHING else lower


@lru_cache(maxsize=4096)
def computed_in(kernel: str | None, told: str | None) -> str | None:
    """The type that a layer multiplies in: as its kernel's name ends, else as the device tells.

    Of a product with compressed weights (`brgemm_avx512_bf16`, told u8), a CPU tells the type of the weights.
    """
    name, _, end = (kernel or "").rpartition("_")
    ending = normal(end)
    return ending if ending in _ORDER and name != "unknown" else normal(told)


def in_order(names: Iterable[str]) -> list[str]:
    """Wide before narrow, floats before integers; what is not known here last."""
    return sorted(set(names), key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
