"""Layers of two profiles, filtered as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isclose

from ovtui.analysis import filtering
from ovtui.analysis.comparison.layer_matching import Row
from ovtui.analysis.filtering import Term

_TEXTS: dict[str, Callable[[Row], str]] = {
    "name": lambda row: row.name,
    "type": lambda row: _both(row.types),
    "precision": lambda row: _both(row.precisions),
    "kernel": lambda row: _both(row.kernels),
    "only": lambda row: only(row) or "",
}
_NUMBERS: dict[str, Callable[[Row], float | None]] = {
    "delta": lambda row: row.delta,
    "a": lambda row: row.time_a,
    "b": lambda row: row.time_b,
    "ratio": lambda row: row.ratio,
    "share": lambda row: row.share_of_difference,
}
_ANYWHERE = ("name", "type", "precision", "kernel")


def terms(typed: str) -> list[Term]:
    """`conv delta<-50us precision:i8 only:b share>5%`: times without a unit are µs, shares per cent."""
    found = filtering.parse(typed, {name: name for name in _TEXTS}, {name: name for name in _NUMBERS}, per_second=1e6)
    return [
        term._replace(number=term.number / 100) if term.column == "share" and "%" not in term.text else term
        for term in found
    ]


def matching(rows: Sequence[Row], wanted: Sequence[Term]) -> list[Row]:
    """The rows for which all terms hold, as they were; what is told of either side counts."""
    for term in wanted:
        rows = [row for row in rows if _holds(row, term)]
    return list(rows)


def only(row: Row) -> str | None:
    """`A` or `B` where the other side has no such layer."""
    return "B" if row.place_a is None else "A" if row.place_b is None else None


def _both(sides: tuple[str | None, str | None]) -> str:
    return " ".join(side for side in sides if side)


def _holds(row: Row, term: Term) -> bool:
    if term.column is None:
        return any(term.text in _TEXTS[name](row).lower() for name in _ANYWHERE)
    if term.column in _TEXTS:
        text = _TEXTS[term.column](row).lower()
        return text == term.text if term.operator == "=" else term.text in text
    value = _NUMBERS[term.column](row)
    if value is None:
        return False
    if term.operator == "=":  # as it is shown, in three digits
        return isclose(value, term.number, rel_tol=5e-3)
    return value > term.number if term.operator == ">" else value < term.number
