"""Sizes for what a model leaves open, where the usual ones are refused: found by trying sensible ones, one at a time.

A size can be tried while the others are still open, since OpenVINO infers shapes with open dimensions: so sizes are
found one after the other, and not by trying all combinations.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement, islice
from typing import TypeAlias

from ovtui.analysis.shapes import Resolved, allowed
from ovtui.records import Port, StaticShape

OPEN = -1
"""Stands for a dimension that is left open."""

LIMIT_S = 1.0
"""How long is searched."""

_USUAL = (128, 224, 1, 3, 16, 32, 64, 80, 256, 512, 112, 320, 640, 4, 2, 8, 768, 1024, 0)
_SUMS = 60  # of two sizes, and as many differences

Trial: TypeAlias = Callable[[dict[str, StaticShape]], bool]
"""Whether the model takes shapes, of which some dimensions are `OPEN`."""

Choice: TypeAlias = tuple[tuple[str, int], ...]
"""The dimensions, (input, place), that get one size."""


def fitted(
    inputs: tuple[Port, ...], resolved: Resolved, takes: Trial, *, batch: int | None, of_model: Sequence[int] = ()
) -> Resolved | None:
    """`resolved` with sizes that the model takes, where it takes some; `batch`: what was asked for, if anything was.

    OpenVINO itself gives an input sizes beyond the range that the file has for it: these are not tried.
    A guessed batch that is refused at every size of the others is no batch: then it gets a size like them.
    """

    def accepts(tried: dict[str, StaticShape]) -> bool:
        return allowed(inputs, tried) and takes(tried)

    found = search(resolved.shapes, resolved.choices, accepts, of_model=of_model)
    if found is not None:
        return dataclasses.replace(resolved, shapes=found, changed=True, searched=True)
    guessed = tuple(
        ((name, place),)
        for name in sorted(resolved.guessed - resolved.told)
        if (place := resolved.layouts[name].find("N")) >= 0 and (batch is None or batch == 1)
    )
    if not guessed:
        return None
    choices = (*resolved.choices, *guessed)
    found = search(resolved.shapes, choices, accepts, of_model=of_model)
    if found is None:
        return None
    layouts = {name: layout for name, layout in resolved.layouts.items() if name not in resolved.guessed}
    return dataclasses.replace(
        resolved,
        shapes=found,
        changed=True,
        choices=choices,
        searched=True,
        layouts=layouts,
        batch=1,
        guessed=frozenset(),
    )


def search(
    shapes: Mapping[str, StaticShape],
    choices: Sequence[Choice],
    accepts: Trial,
    *,
    of_model: Sequence[int] = (),
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, StaticShape] | None:
    """Shapes like `shapes` that the model takes, other in `choices` only; None: none was found in a second.

    Of each choice, its present size is tried first; then sizes of other dimensions, sums of two of them (a mask is as
    long as what is past and what is new) and differences (what is past, if the mask is known); `of_model`: sizes that
    the model's weights have; then usual ones. Where a choice cannot be made, it is made first in the next attempt.
    """
    deadline = clock() + LIMIT_S
    order = list(range(len(choices)))
    for _ in choices:
        tried: dict[str, list[int]] = {name: list(shape) for name, shape in shapes.items()}
        for choice in choices:
            _set(tried, choice, OPEN)
        if not accepts(_frozen(tried)):
            return None  # what was asked for is refused, whatever the others are
        for place, number in enumerate(order):
            name, i = choices[number][0]
            for size in _candidates(shapes[name][i], tried, of_model):
                if clock() > deadline:
                    return None
                _set(tried, choices[number], size)
                if accepts(_frozen(tried)):
                    break
            else:
                if place == 0:
                    return None
                order.insert(0, order.pop(place))
                break
        else:
            return _frozen(tried)
    return None


def _candidates(first: int, tried: Mapping[str, Sequence[int]], of_model: Sequence[int]) -> Iterator[int]:
    # One fits nearly everywhere, since it is broadcast: it is a usual size, but says nothing of what belongs together.
    settled = list(dict.fromkeys(size for shape in tried.values() for size in shape if size > 1))
    sums = islice((a + b for a, b in combinations_with_replacement((*settled, 1), 2)), _SUMS)
    differences = islice((abs(a - b) for a, b in combinations((*settled, 1), 2)), _SUMS)
    yield from dict.fromkeys((first, *settled, *sums, *differences, *of_model, *_USUAL))


def _set(shapes: dict[str, list[int]], choice: Choice, size: int) -> None:
    for name, i in choice:
        shapes[name][i] = size


def _frozen(shapes: Mapping[str, Sequence[int]]) -> dict[str, StaticShape]:
    return {name: tuple(shape) for name, shape in shapes.items()}
