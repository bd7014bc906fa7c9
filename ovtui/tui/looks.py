"""What is kept between starts of how the app looks."""

from __future__ import annotations

from ovtui.records import Record


class Looks(Record, frozen=True):
    """In the store's settings."""

    theme: str | None = None  # None: what fits the terminal
    slow_line: bool = False
    history_columns: tuple[str, ...] = ()  # those left out
    history_sort: tuple[str, bool] = ("created", True)
