"""Completes a path as it is typed: the first thing in the folder whose name begins so, shown behind the cursor."""

from __future__ import annotations

import asyncio
import os

from textual.suggester import Suggester

from ovtui.sanitize import is_safe
from ovtui.specs import expanded

_MOST = 20_000  # names that are looked at: a folder of a million images must not keep a thread busy


class PathSuggester(Suggester):
    """The right arrow takes what it suggests. `endings`: files that are offered, of all if there are none."""

    def __init__(self, endings: tuple[str, ...] = ()) -> None:
        # Folders change while somebody types.
        super().__init__(use_cache=False, case_sensitive=True)
        self._endings = endings

    async def get_suggestion(self, value: str) -> str | None:
        # In a thread: the folder may be at the other end of a slow line.
        return await asyncio.to_thread(self._found, value)

    def _found(self, value: str) -> str | None:
        head, slash, begun = value.rpartition("/")
        if not begun and not slash:
            return None
        try:
            with os.scandir(expanded(head + slash or ".")) as entries:
                names = [
                    entry.name + ("/" if entry.is_dir() else "")
                    for entry, _ in zip(entries, range(_MOST), strict=False)
                    if self._is_offered(entry, begun)
                ]
        except (OSError, ValueError):  # a name with a NUL
            return None
        return f"{head}{slash}{min(names)}" if names else None

    def _is_offered(self, entry: os.DirEntry[str], begun: str) -> bool:
        name = entry.name
        if not name.startswith(begun) or (name.startswith(".") and not begun) or not all(map(is_safe, name)):
            return False
        return not self._endings or name.lower().endswith(self._endings) or entry.is_dir()
