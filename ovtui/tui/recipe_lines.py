"""What the lines of a recipe's form say, and how they are written."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterable

from ovtui import specs
from ovtui.errors import InputError
from ovtui.records import Data
from ovtui.sanitize import plain


def numbers(values: tuple[float, ...] | None) -> str:
    """As short as it can be: read again, it is the same."""
    return "" if values is None else ",".join(repr(value).removesuffix(".0") for value in values)


def sources(text: str) -> tuple[Data, ...]:
    """One path, blanks and all if it is there; else several, quoted as in a shell where they need it."""
    if specs.expanded(text).exists():
        return specs.data([text])
    try:
        return specs.data(shlex.split(text))
    except ValueError as error:  # a quotation mark without its other one
        raise InputError(f"'{plain(text, 120)}' does not exist.") from error


def written(sources: Iterable[Data]) -> str:
    """What `sources` reads."""
    return shlex.join(each.path if each.input is None else f"{each.input}={each.path}" for each in sources)


def names(text: str) -> tuple[str, ...]:
    """Names with commas between; one that has a comma itself stands in quotes."""
    try:
        found = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise InputError(f"'{plain(text, 60)}' has a quote that is not closed.") from error
    return tuple(dict.fromkeys(name for part in found if (name := part.strip())))


def listed(names: Iterable[str]) -> str:
    """What `names` reads."""
    return ", ".join('"' + each.replace('"', '""') + '"' if set(each) & {",", '"'} else each for each in names)


def pattern(text: str) -> tuple[str, ...]:
    return (text,)


def either(patterns: tuple[str, ...]) -> str:
    """One that finds what any of them finds: there is a line for one."""
    return "|".join(f"(?:{each})" for each in patterns) if len(patterns) > 1 else "".join(patterns)


def layout(text: str) -> str:
    if sorted(text.upper()) != sorted("NCHW"):
        raise InputError(f"'{plain(text, 40)}' is no layout of images: NCHW or NHWC.")
    return text.upper()


def subset(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise InputError(f"samples: '{plain(text, 40)}' is not a whole number from 1 to 100,000.")
    return int(text)


def group(text: str) -> int:
    if text == "-1":
        return -1
    if not text.isdecimal() or not 1 <= int(text) <= 65_536:
        raise InputError(f"group size: '{plain(text, 40)}' is -1 or a whole number from 1 to 65,536.")
    return int(text)


def share(name: str, text: str) -> float:
    return specs.amount(name, text, 0, 1, "shares")
