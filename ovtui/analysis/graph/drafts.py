"""A block while the hierarchy is being made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

SMALLEST = 3
"""Nodes of a block; fewer save no row when it is folded."""


@dataclass(eq=False)
class Draft:
    """`items` from top to bottom: nodes by number, and blocks."""

    name: str | None  # as the file has it; None for a block that was found by structure
    label: str
    items: list[Item]
    size: int  # nodes in it, those of blocks in it included
    part: tuple[int, int] | None = None  # the first of three pieces: (1, 3)
    copies: int = 0  # of the same block, one after another, when that is all it holds


Item: TypeAlias = int | Draft


def nodes(items: Sequence[Item]) -> Iterator[int]:
    """All nodes in `items`, from top to bottom."""
    for item in items:
        if isinstance(item, Draft):
            yield from nodes(item.items)
        else:
            yield item


def size(items: Sequence[Item]) -> int:
    """How many nodes there are in `items`."""
    return sum(item.size if isinstance(item, Draft) else 1 for item in items)
