"""What all records share."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Dim: TypeAlias = int | str
"""A dimension: a number, `"?"` (any), or `"1..8"` (a range; `"1.."` without an upper bound)."""
Shape: TypeAlias = tuple[Dim, ...] | None
"""None: the rank itself is unknown."""
StaticShape: TypeAlias = tuple[int, ...]
Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
LIVE: frozenset[Status] = frozenset({"queued", "running"})
"""The states that need a living process behind them."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of all records: immutable, keyword-only."""


class Compact(Record, frozen=True, array_like=True):
    """Base of records that come by the thousand: kept as lists of values, without the names."""
