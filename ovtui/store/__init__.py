"""What is kept: models, runs, jobs and settings in one SQLite file. The only room that speaks SQL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from ovtui import paths
from ovtui.errors import InputError
from ovtui.kinds import nouns
from ovtui.records import Run, Study
from ovtui.store.database import Database
from ovtui.store.finding import the_one
from ovtui.store.jobs import Jobs
from ovtui.store.models import Models
from ovtui.store.runs import Cursor, Removed, Runs, TrackRecord
from ovtui.store.settings import Presets, Settings
from ovtui.store.studies import AnyStudy, OneStudy, Studies

__all__ = [
    "AnyStudy",
    "Cursor",
    "Jobs",
    "Models",
    "OneStudy",
    "Presets",
    "Removed",
    "Runs",
    "Settings",
    "Store",
    "Studies",
    "TrackRecord",
    "open_store",
]


class Store:
    """An open store. It belongs to the thread that opened it; opening another one is cheap."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.models = Models(database)
        self.runs = Runs(database)
        self.studies: Studies[Study] = Studies(database)
        self.jobs = Jobs(database)
        self.settings = Settings(database)
        self.presets = Presets(database)

    def kept_in(self, record: type[Run] | type[Study]) -> Runs | Studies[Study]:
        """Where such records are kept."""
        return self.runs if record is Run else self.studies

    def named(self, text: str) -> dict[str, Runs | Studies[Study]]:
        """The ids that `text` may mean, each with where it is kept."""
        return {found: kept for kept in (self.studies, self.runs) for found in kept.named(text)}

    def find(self, text: str) -> Run | Study:
        """What `text` means: an id, the beginning of one, a label; `last` is the last run. Else InputError."""
        if text == "last":
            return self.runs.find(text)
        ids = self.named(text)
        the = the_one(text, list(ids), nouns(), "ovtui history")
        record = ids[the].get(the)
        if record is None:
            raise InputError(f"{the} has just been deleted.")
        return record

    @property
    def notices(self) -> list[str]:
        """Sentences that people should see: a damaged database was set aside, …"""
        return self.database.notices

    def changes(self) -> int:
        """A number that is another one once another connection has written: cheap enough to ask each second."""
        row = self.database.row("PRAGMA data_version")
        return int(row[0]) if row else 0

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is written inside is kept, or nothing."""
        return self.database.transaction()

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(path: Path | None = None, *, readonly: bool = False) -> Store:
    """Open the database, the data folder's unless `path` names another; made if there is none.

    With `readonly`, nothing is made, and a store without a file is empty. What cannot be written may still be read:
    then it is the first write that raises StoreError. StoreError here when it cannot even be read.
    """
    return Store(Database(path or paths.database(), readonly=readonly))
