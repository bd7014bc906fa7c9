"""What is kept: models, runs, jobs and settings in one SQLite file. The only room that speaks SQL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from ovtui import paths
from ovtui.store.database import Database
from ovtui.store.jobs import Jobs
from ovtui.store.models import Models
from ovtui.store.runs import Cursor, Removed, Runs, TrackRecord
from ovtui.store.settings import Presets, Settings

__all__ = [
    "Cursor",
    "Jobs",
    "Models",
    "Presets",
    "Removed",
    "Runs",
    "Settings",
    "Store",
    "TrackRecord",
    "open_store",
]


class Store:
    """An open store. It belongs to the thread that opened it; opening another one is cheap."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.models = Models(database)
        self.runs = Runs(database)
        self.jobs = Jobs(database)
        self.settings = Settings(database)
        self.presets = Presets(database)

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
