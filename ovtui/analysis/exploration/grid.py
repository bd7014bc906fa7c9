"""Which settings are explored: axes from what a person typed, and the points of a grid in order."""

from __future__ import annotations

import re
from itertools import product

from ovtui.errors import InputError
from ovtui.records import Grid, Setting
from ovtui.sanitize import plain

LARGEST = {"batch": 65_536, "streams": 1024, "threads": 4096, "requests": 1024}
"""The largest number each axis takes; the smallest is 1."""
MOST_SETTINGS = 4096
AUTO = "auto"

_HOW = "write numbers like 1,2,4, all from 1 to 4 as 1-4, or powers of two as 1..64"


def numbers(text: str, name: str = "batch") -> tuple[int, ...]:
    """The axis `name` (a key of LARGEST) from `1,2,4`, `1-4` (all), `1..64` (powers of two, and the ends) or a mixture.

    Sorted, each number once. Raises InputError.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:(-|\.\.)\s*([0-9]{1,9})\s*)?", part)
        if not match:
            what = f"{_quoted(part)} in {_quoted(text)}" if part.strip() and part != text else _quoted(text)
            raise InputError(f"{name}: {what} is no list of numbers: {_HOW}.")
        first, last = int(match[1]), int(match[3] or match[1])
        if not 1 <= first <= LARGEST[name] or not 1 <= last <= LARGEST[name]:
            raise InputError(f"{name}: {_quoted(part.strip())} is not within 1 to {LARGEST[name]:,}.")
        if last < first:
            raise InputError(f"{name}: {_quoted(part.strip())} runs backwards: write the smaller number first.")
        found |= set(range(first, last + 1)) if match[2] == "-" else {first, last} | _powers(first, last)
    if len(found) > MOST_SETTINGS:
        raise InputError(
            f"{name}: {_quoted(text)} are {len(found):,} numbers; at most {MOST_SETTINGS:,} can be explored."
        )
    return tuple(sorted(found))


def choices(text: str, name: str) -> tuple[int | None, ...]:
    """As `numbers`, but one of them may be `auto` (None, and first): what the device chooses. Raises InputError."""
    parts = text.split(",")
    rest = [part for part in parts if part.strip() != AUTO]
    chosen = numbers(",".join(rest), name) if rest else ()
    return (None, *chosen) if len(rest) < len(parts) else chosen


def settings(grid: Grid) -> tuple[Setting, ...]:
    """The points of a grid, each once: by batch, then streams, threads, requests (the device's choice first).

    Raises InputError for none, or more than 4,096.
    """
    axes = (grid.batches, grid.streams, grid.threads, grid.requests)
    size = 1
    for axis in axes:
        size *= len(set(axis))
    size = len(grid.chosen) or size
    if not size:
        raise InputError("There is nothing to explore: give at least one batch and one number of streams.")
    if size > MOST_SETTINGS:
        raise InputError(f"These are {size:,} settings; at most {MOST_SETTINGS:,} can be explored: give fewer numbers.")
    points = grid.chosen or (
        Setting(batch=batch, streams=streams, threads=threads, requests=requests)
        for batch, streams, threads, requests in product(*axes)
    )
    return tuple(sorted(set(points), key=order))


def order(setting: Setting) -> tuple[int, ...]:
    """Sorts settings: by batch, then streams, threads, requests; the device's choice before numbers."""
    return setting.batch, setting.streams, setting.threads or 0, setting.requests or 0


def parse_cells(text: str) -> tuple[Setting, ...]:
    """Chosen settings from `1x1,8x2`: batch × streams, or batch × streams × threads. Raises InputError."""
    found: set[Setting] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*[x×]\s*([0-9]{1,9})\s*(?:[x×]\s*([0-9]{1,9})\s*)?", part)
        if not match:
            raise InputError(
                f"{_quoted(part)} is no setting: write batch x streams, like 8x2, or batch x streams x threads."
            )
        for name, given in zip(("batch", "streams", "threads"), match.groups(), strict=True):
            if given is not None and not 1 <= int(given) <= LARGEST[name]:
                raise InputError(f"{name}: {given} in {_quoted(part.strip())} is not within 1 to {LARGEST[name]:,}.")
        found.add(Setting(batch=int(match[1]), streams=int(match[2]), threads=int(match[3]) if match[3] else None))
    if len(found) > MOST_SETTINGS:
        raise InputError(f"These are {len(found):,} settings; at most {MOST_SETTINGS:,} can be explored.")
    return tuple(sorted(found, key=order))


def default_batches() -> tuple[int, ...]:
    """1, 2, 4, … 32."""
    return 1, 2, 4, 8, 16, 32


def default_streams(cores: int) -> tuple[int, ...]:
    """Powers of two up to the number of usable cores, and that number."""
    cores = min(max(cores, 1), LARGEST["streams"])
    return tuple(sorted({1, cores} | _powers(1, cores)))


def _powers(first: int, last: int) -> set[int]:
    return {1 << n for n in range(last.bit_length()) if first <= 1 << n <= last}


def _quoted(text: str) -> str:
    return f"'{plain(text, 60)}'"
