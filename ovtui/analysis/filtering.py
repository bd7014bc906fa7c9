"""What is typed into a filter: words, `column:word`, `column>number`; all of them must hold.

Half a term, as it is while somebody types, holds for everything: whoever shows what is left says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from ovtui.sanitize import plain

Operator = Literal[":", ">", "<", "="]

_TERM = re.compile(r"(\w+)([:<>=])(.*)", re.DOTALL)
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "%": 0.01}
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


class Term(NamedTuple):
    """One condition. Without a column, the text may stand in any text column."""

    column: str | None
    operator: Operator
    text: str  # lower case
    number: float = 0.0


def parse(typed: str, texts: Mapping[str, str], numbers: Mapping[str, str], *, per_second: float = 1e3) -> list[Term]:
    """The terms of `typed`. `texts` and `numbers`: what a column may be called → the column.

    Numbers may have a unit: k, M and G multiply, and times (`p50>800us`) become the columns' own unit, of which a
    second has `per_second`: milliseconds, if nothing else is said.
    """
    found = []
    for word in typed.split():
        term = _TERM.fullmatch(word)
        name = term[1].lower() if term else ""
        if term is None or name not in {*texts, *numbers}:
            found.append(Term(None, ":", word.lower()))
        elif name in texts:
            if term[3] and term[2] in ":=":
                found.append(Term(texts[name], ":" if term[2] == ":" else "=", term[3].lower()))
        elif (number := _number(term[3], per_second)) is not None:
            operator: Operator = "=" if term[2] in ":=" else ">" if term[2] == ">" else "<"
            found.append(Term(numbers[name], operator, term[3], number))
    return found


def unfinished(typed: str, terms: Callable[[str], list[Term]], example: str = "time>50us") -> str | None:
    """Why a word of `typed` says nothing, in a sentence that is safe to show; None where all say something.

    `terms`: what a word is for whoever filters. `example`: one that says something there.
    """
    word = half(typed, terms)
    if word is None:
        return None
    return f"The filter '{plain(word, 60)}' is not finished, or its number is none: {example} does."


def half(typed: str, terms: Callable[[str], list[Term]]) -> str | None:
    """The first word of `typed` that says nothing."""
    return next((word for word in typed.split() if not terms(word)), None)


def complaint(typed: str, texts: Mapping[str, str], numbers: Mapping[str, str], *, found: bool) -> str:
    """What is wrong with the first term that cannot be meant so, or nothing.

    `found`: whether anything is left. Names may have colons, so that an unknown column is wrong only if nothing is.
    """
    for word in typed.split():
        term = _TERM.fullmatch(word)
        if term is None or not term[3]:
            continue
        name = term[1].lower()
        if name in numbers and _number(term[3], 1.0) is None:
            return f"'{term[3]}' is not a number"
        if name in texts and term[2] not in ":=":
            return f"{name} has no order: write {name}:{term[3]}"
        if name not in {*texts, *numbers} and not found:
            return f"there is no column '{term[1]}'"
    return ""


def _number(text: str, per_second: float) -> float | None:
    found = re.fullmatch(r"([+-]?\d+\.?\d*|\.\d+)([a-zµ%]*)", text.lower())
    if found is None:
        return None
    if found[2] in _SECONDS:
        return float(found[1]) * _SECONDS[found[2]] * per_second
    return float(found[1]) * _FACTORS[found[2]] if found[2] in _FACTORS else None
