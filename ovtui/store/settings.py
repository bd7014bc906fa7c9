"""What is kept between starts, and specs with a name."""

from __future__ import annotations

import time
from typing import TypeVar

import msgspec

from ovtui.errors import InputError, StoreError
from ovtui.records import Spec
from ovtui.sanitize import plain
from ovtui.store.codec import from_text, to_text
from ovtui.store.database import Database
from ovtui.store.finding import searchable

T = TypeVar("T")


class Settings:
    """Values by key. One that cannot be read counts as absent: nobody's work is in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, kind: type[T]) -> T | None:
        row = self._database.row("SELECT value FROM settings WHERE key = :key", {"key": key})
        try:
            return from_text(row["value"], kind) if row else None
        except StoreError:
            return None

    def set(self, key: str, value: object) -> None:
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO settings (key, value) VALUES (:key, :value)",
                {"key": key, "value": to_text(value)},
            )


class Presets:
    """Specs that were given a name, for any model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, spec: Spec) -> None:
        """Add or replace. InputError for a name that is empty."""
        name = searchable(name.strip())
        if not name:
            raise InputError("A preset needs a name.")
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO presets (name, spec, saved) VALUES (:name, :spec, :saved)",
                {"name": name, "spec": to_text(msgspec.structs.replace(spec, model="")), "saved": time.time()},
            )

    def find(self, name: str) -> Spec:
        """InputError when there is none of that name."""
        row = self._database.row("SELECT spec FROM presets WHERE name = :name", {"name": searchable(name)})
        if row is None:
            there = ", ".join(plain(known, 40) for known in self.names()[:8]) or "none yet"
            raise InputError(f"There is no preset '{plain(name, 60)}'; there is {there}.")
        return from_text(row["spec"], Spec)

    def names(self) -> list[str]:
        """By name."""
        return [row["name"] for row in self._database.rows("SELECT name FROM presets ORDER BY name")]

    def delete(self, name: str) -> None:
        with self._database.transaction():
            self._database.write("DELETE FROM presets WHERE name = :name", {"name": searchable(name)})
