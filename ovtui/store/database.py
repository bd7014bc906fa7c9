"""The database, as queries and transactions; what SQLite reports becomes a sentence."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from ovtui.errors import StoreError
from ovtui.sanitize import plain
from ovtui.store import damage, faults, opening

Value: TypeAlias = str | int | float | bytes | None
Values: TypeAlias = Mapping[str, Value]


class Database:
    """An open database. It belongs to the thread that opened it.

    When the file turns out to be damaged it is set aside, a new one is started, and `notices` says so.
    When another process did that, or the file was deleted, this one goes over to the new file.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path.absolute()
        self.readonly = readonly
        self.notices: list[str] = []
        self._opened = opening.opened(self.path, readonly=readonly, notices=self.notices)

    @property
    def connection(self) -> sqlite3.Connection:
        """For looking behind the scenes."""
        return self._opened.connection

    def rows(self, sql: str, values: Values | None = None) -> list[sqlite3.Row]:
        """All rows of a query."""
        if self.connection.in_transaction:
            return self._fetch(sql, values)  # `transaction` deals with what goes wrong
        self._follow()
        try:
            return self._fetch(sql, values)
        except faults.REPORTED as error:
            if not faults.is_damage(error):
                raise faults.explained(error, self.path) from error
            said = self._replace(error)
            if said:
                self.notices.append(said)
        try:
            return self._fetch(sql, values)
        except faults.REPORTED as error:
            raise faults.explained(error, self.path) from error

    def row(self, sql: str, values: Values | None = None) -> sqlite3.Row | None:
        """The first row of a query."""
        return next(iter(self.rows(sql, values)), None)

    def write(self, sql: str, values: Values | None = None) -> None:
        """Execute a statement inside a transaction."""
        self.connection.execute(sql, values or {})

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside is kept, on the disk, or nothing. One inside another is part of it."""
        if self.connection.in_transaction:
            yield
            return
        self._make_writable()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, faults.REPORTED):
                raise self._lost(error) from error
            raise

    def close(self) -> None:
        self.connection.close()

    def _fetch(self, sql: str, values: Values | None) -> list[sqlite3.Row]:
        return self.connection.execute(sql, values or {}).fetchall()

    def _follow(self) -> None:
        if opening.file_at(self.path) != self._opened.file:
            self._open_again()

    def _open_again(self) -> None:
        # The old connection last, so that there is one when opening fails. It knows that its file was moved,
        # and leaves the log of the new one alone.
        old = self.connection
        self._opened = opening.opened(self.path, readonly=self.readonly, notices=self.notices)
        old.close()

    def _make_writable(self) -> None:
        if self.readonly:
            raise StoreError(f"The database {plain(self.path)} was opened for reading only.")
        self._follow()
        if self._opened.refusal:
            self._open_again()  # there may be room or permission by now
        if self._opened.refusal:
            raise self._opened.refusal

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # SQLite does it by itself after some errors
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def _lost(self, error: Exception) -> StoreError:
        """What to say when a transaction failed."""
        if not faults.is_damage(error):
            return faults.explained(error, self.path)
        before = self._opened.file
        said = self._replace(error) or f"The database {plain(self.path)} was damaged and has been replaced."
        if self._opened.file == before:
            return faults.explained(error, self.path)
        return StoreError(f"{said} What was being written is not in it: do it again.")

    def _replace(self, error: Exception) -> str | None:
        """A query found damage: set the file aside, unless another process has done so, and open what is there then."""
        if self._opened.refusal:
            raise faults.explained(error, self.path) from error
        said = None
        with faults.told(self.path), damage.one_at_a_time(self.path):
            if opening.file_at(self.path) == self._opened.file and damage.is_damaged(self.path):
                said = damage.set_aside(self.path)
        self._open_again()
        return said
