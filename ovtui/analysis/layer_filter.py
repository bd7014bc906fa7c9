"""A profile's layers in columns: filtered as one types, sorted by any column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isclose

from ovtui import formatting
from ovtui.analysis import filtering, precisions
from ovtui.analysis.filtering import Term
from ovtui.analysis.layer_groups import blocks
from ovtui.analysis.layers import Row, rows
from ovtui.analysis.roofline import Roof, roofline
from ovtui.records import Layer, Profile

TEXTS = ("name", "type", "kernel", "precision", "block", "status", "shape", "layout", "original")
NUMBERS = (
    "order", "time", "spread", "share", "cumulative", "flops", "bytes", "gflops", "gbytes", "efficiency", "recoverable",
)  # fmt: skip
COLUMNS = (*TEXTS, *NUMBERS)
"""What can be named in a filter and sorted by. Times are in µs."""

_SHARES = frozenset({"share", "cumulative", "efficiency"})  # typed as they are shown, in per cent
_WHOLE = frozenset({"order", "flops", "bytes"})
_ANYWHERE = ("name", "type", "kernel")


def terms(typed: str) -> list[Term]:
    """`time>50us type:Convolution precision:i8 share>5% kernel:ref`: times without a unit are µs, shares per cent."""
    columns = {name: name for name in TEXTS} | {"fused": "original"}
    found = filtering.parse(typed, columns, {name: name for name in NUMBERS}, per_second=1e6)
    return [
        term._replace(number=term.number / 100) if term.column in _SHARES and "%" not in term.text else term
        for term in found
    ]


class LayerColumns:
    """The layers by their places in `profile.layers`; a column is made when it is first asked for."""

    def __init__(self, profile: Profile, *, depth: int | None = None) -> None:
        self._profile, self._depth = profile, depth
        self.rows: list[Row] = rows(profile)
        self.roofs: list[Roof] = roofline(profile)
        self.order: list[int] = [row.place for row in self.rows]
        self._by_place: list[Row] = sorted(self.rows)
        self._texts: dict[str, list[str]] = {}
        self._numbers: dict[str, Sequence[float | None]] = {}

    def __len__(self) -> int:
        return len(self.order)

    def matching(self, wanted: Sequence[Term]) -> list[int]:
        """The layers for which all terms hold, in the order of execution."""
        places = self.order
        for term in wanted:
            holds = self._test(term)
            places = [place for place in places if holds(place)]
        return list(places)

    def ordered(self, places: Sequence[int], column: str, *, descending: bool) -> list[int]:
        """`places` sorted by a column; what is not known comes last, equals stay as they were."""
        values: Sequence[float | str | None] = self.text(column) if column in TEXTS else self.number(column)
        known = [place for place in places if values[place] not in (None, "")]
        known.sort(key=values.__getitem__, reverse=descending)  # type: ignore[arg-type]
        return known + [place for place in places if values[place] in (None, "")]

    def text(self, column: str) -> Sequence[str]:
        """A column in lower case; "" for what is not known."""
        if column not in self._texts:
            layers = self._profile.layers
            if column == "block":
                self._texts[column] = [block.lower() for block in blocks(self._profile, self._depth)]
            else:
                get = _GET_TEXT[column]
                self._texts[column] = [(get(layer) or "").lower() for layer in layers]
        return self._texts[column]

    def number(self, column: str) -> Sequence[float | None]:
        """A column; None for what is not known."""
        if column not in self._numbers:
            self._numbers[column] = self._made(column)
        return self._numbers[column]

    def _made(self, column: str) -> list[float | None]:
        if column in ("share", "cumulative"):
            return [getattr(row, column) for row in self._by_place]
        if column in _OF_ROOF:
            return [getattr(roof, _OF_ROOF[column]) for roof in self.roofs]
        return [getattr(layer, _OF_LAYER[column]) for layer in self._profile.layers]

    def _test(self, term: Term) -> Callable[[int], bool]:
        if term.column is None:
            name, kind, kernel = (self.text(column) for column in _ANYWHERE)
            return lambda place: term.text in name[place] or term.text in kind[place] or term.text in kernel[place]
        if term.column in TEXTS:
            texts = self.text(term.column)
            if term.operator == "=":
                return lambda place: texts[place] == term.text
            return lambda place: term.text in texts[place]
        values, limit = self.number(term.column), term.number
        if term.operator == ">":
            return lambda place: (value := values[place]) is not None and value > limit
        if term.operator == "<":
            return lambda place: (value := values[place]) is not None and value < limit
        # As it is shown, in three digits.
        near = 0.0 if term.column in _WHOLE else 5e-3
        return lambda place: (value := values[place]) is not None and isclose(value, limit, rel_tol=near)


_GET_TEXT: dict[str, Callable[[Layer], str | None]] = {
    "name": lambda layer: layer.name,
    "type": lambda layer: layer.type,
    "kernel": lambda layer: layer.kernel,
    "precision": lambda layer: precisions.normal(layer.precision),
    "status": lambda layer: layer.status,
    "shape": lambda layer: " ".join(formatting.shape(tensor.shape) for tensor in layer.outputs),
    "layout": lambda layer: " ".join(tensor.layout or "" for tensor in layer.outputs),
    "original": lambda layer: " ".join(layer.original),
}
_OF_LAYER = {"order": "order", "time": "time_us", "spread": "spread_us", "flops": "flops", "bytes": "bytes"}
_OF_ROOF = {
    "gflops": "gflops", "gbytes": "gbytes", "efficiency": "efficiency", "recoverable": "recoverable_us",
}  # fmt: skip
