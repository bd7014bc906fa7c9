"""What is typed into a filter: words, `column:word`, `column>number`; all of them must hold.

Half a term, as it is while somebody types, holds for everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Operator = Literal[":", ">", "<", "="]

_TERM = re.compile(r"(\w+)([:<>=])(.*)", re.DOTALL)
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "%": 0.01}


class Term(NamedTuple):
    """One condition. Without a column, the text may stand in any text column."""

    column: str | None
    operator: Operator
    text: str  # lower case
    number: float = 0.0


def parse(typed: str, texts: Mapping[str, str], numbers: Mapping[str, str]) -> list[Term]:
    """The terms of `typed`. `texts` and `numbers`: what a column may be called → the column.

    Numbers may have a unit: times are in milliseconds (`p50>800us`), k and M multiply.
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
        elif (number := _number(term[3])) is not None:
            operator: Operator = "=" if term[2] in ":=" else ">" if term[2] == ">" else "<"
            found.append(Term(numbers[name], operator, term[3], number))
    return found


def _number(text: str) -> float | None:
    found = re.fullmatch(r"([+-]?\d+\.?\d*|\.\d+)([a-zµ%]*)", text.lower())
    if found is None or found[2] not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2]]
