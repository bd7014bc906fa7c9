"""What a table is made of: columns, cells, and rows that are asked for when they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.cells import cell_len, set_cell_size


@dataclass(frozen=True)
class Column:
    """A column as wide as `width`; one with `grows` takes what is left.

    `spare`: the higher, the sooner it is left out. Those above 2 are luxury: they go before a growing column is
    narrower than `comfort`.
    """

    key: str
    title: str
    width: int
    right: bool = False
    grows: bool = False
    comfort: int = 0
    spare: int = 0
    sortable: bool = False
    sentence: bool = False  # what is too long loses its end, not its middle


@dataclass(frozen=True)
class Cell:
    """What a cell shows; `look` is a component class of the table: dim, good, warning, bad, bar."""

    text: str
    look: str = ""


class Rows(Protocol):
    """What a table shows: asked for a row only when it is on the screen."""

    def __len__(self) -> int: ...
    def key(self, index: int) -> str:
        """What tells this row from others, whatever its place."""

    def cells(self, index: int) -> dict[str, Cell]:
        """By the columns' keys; text that is safe to show. A key that is missing is an empty cell."""


class NoRows:
    """An empty table."""

    def __len__(self) -> int:
        return 0

    def key(self, index: int) -> str:
        raise IndexError(index)

    def cells(self, index: int) -> dict[str, Cell]:
        raise IndexError(index)


class ListedRows:
    """Rows that are few enough to be made beforehand."""

    def __init__(self, rows: Sequence[tuple[str, dict[str, Cell]]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        return self._rows[index][0]

    def cells(self, index: int) -> dict[str, Cell]:
        return self._rows[index][1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ListedRows) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]


def fitted(text: str, width: int, *, right: bool, sentence: bool = False) -> str:
    """`text` in exactly `width` cells; what is too long loses its middle, since names differ at their ends."""
    length = cell_len(text)
    if length > width and sentence:
        text = at_a_word(text, width)
        length = cell_len(text)
    elif length > width:
        head, tail = (width - 1 + 1) // 2, (width - 1) // 2
        text = set_cell_size(text, head).rstrip() + "…" + (_last(text, tail) if tail else "")
        length = cell_len(text)
    gap = " " * (width - length)
    return gap + text if right else text + gap


def at_a_word(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is too long ends behind a word, unless that were to lose much."""
    if cell_len(text) <= width:
        return text
    cut = set_cell_size(text, max(0, width - 1))
    words = cut if text[len(cut) :].startswith(" ") else cut.rpartition(" ")[0]
    if len(words) >= len(cut) * 2 // 3:
        cut = words.rstrip(" ,;:(–")
    return cut.rstrip() + "…"


def _last(text: str, width: int) -> str:
    end = len(text)
    while end > 0 and cell_len(text[end - 1 :]) <= width:
        end -= 1
    return text[end:]
