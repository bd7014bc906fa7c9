"""What the programs fill inputs with until somebody puts data there: values that a model of the kind can take."""

from __future__ import annotations

from typing import NamedTuple

from ovtui.records import Port


class Span(NamedTuple):
    """Whole numbers from `first`, below `end`; none there: 0, 1, 2, … along the last dimension."""

    first: int
    end: int


_ONES, _ZEROS, _PLACES = Span(1, 2), Span(0, 1), Span(0, 0)
_EXACT = {"f64": 1 << 24, "f32": 1 << 24, "f16": 1 << 11, "bf16": 1 << 8}  # below it, all whole numbers are exact


def span(port: Port) -> Span | None:
    """What an input's values are drawn from, as a run chooses it; None: normally distributed."""
    name = port.name.lower()
    if port.type == "boolean" or "mask" in name:
        return _ONES
    if port.type in _EXACT and port.index_limit:
        return Span(0, min(port.index_limit, _EXACT[port.type]))
    if port.type.startswith(("f", "bf")) or port.type in ("nf4", "string"):
        return None
    if port.orders_state:
        return _PLACES
    if "token_type" in name or "segment" in name:
        return _ZEROS
    digits = "".join(c for c in port.type if c.isdigit())
    top = 2 ** (int(digits or 8) - port.type.startswith("i"))
    if port.index_limit:
        return Span(0, min(port.index_limit, top))
    pixels = port.type == "u8" and port.shape is not None and len(port.shape) >= 3
    return Span(0, 256 if pixels else 2)
