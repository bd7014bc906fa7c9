"""What a person typed, and the one thing that it means."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui.errors import InputError
from ovtui.sanitize import plain

SHORTEST = 3
"""Characters of an id that may stand for it."""

_NAMED = 5


def searchable(text: str) -> str:
    """What an argument holds that is not UTF-8 is in no column, and SQLite would refuse it."""
    return text.encode(errors="replace").decode()


def after_prefix(prefix: str) -> str:
    """What sorts after all that begins with `prefix`: a range uses an index, where LIKE would not."""
    return prefix + "\U0010ffff"


def the_one(text: str, found: Sequence[str], what: str, where: str) -> str:
    """The only id in `found`; else InputError. `what` is a noun, `where` the command that lists them."""
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
        several = f"any of {len(found)}" if " " in what else f"{len(found)} {what}s"
        raise InputError(f"'{plain(text, 60)}' could be {several}: {names}. Give more of the id.")
    if len(text) < SHORTEST:
        raise InputError(
            f"No {what} is called '{plain(text, 60)}', and the beginning of an id has {SHORTEST} characters or more."
        )
    raise InputError(f"There is no {what} '{plain(text, 60)}'. `{where}` lists them.")
