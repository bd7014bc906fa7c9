"""Comparisons, explorations, optimizations: records that grow while a job works, and the runs that are part of them."""

from __future__ import annotations

from typing import Generic, TypeVar

from ovtui.errors import InputError
from ovtui.records import LIVE, Comparison, Exploration, Job, Optimization
from ovtui.sanitize import plain
from ovtui.store.codec import from_text, to_text
from ovtui.store.database import Database
from ovtui.store.finding import SHORTEST, after_prefix, searchable, the_one
from ovtui.store.jobs import Jobs

Study = TypeVar("Study", Comparison, Exploration, Optimization)


class Studies(Generic[Study]):
    """All of one kind, each with the id of its job; `command` lists them, and with `arguments` makes one."""

    def __init__(self, database: Database, kind: type[Study], table: str, command: str, arguments: str) -> None:
        self._database = database
        self._kind: type[Study] = kind
        self._table, self._command, self._arguments = table, command, arguments

    def create(self, study: Study, job: Job) -> None:
        """Add a study and its job; its models are there already."""
        with self._database.transaction():
            Jobs(self._database).create(job)
            self._database.write(
                f"INSERT INTO {self._table} (id, model, created, label, record) "
                "VALUES (:id, :model, :created, :label, :record)",
                {"id": study.id, "model": job.model, "created": study.created, "label": study.label,
                 "record": to_text(study)},
            )  # fmt: skip

    def save(self, study: Study) -> None:
        """What is known by now, and how its job is doing. One that ended stays as it ended, but for `interrupted`."""
        with self._database.transaction():
            ended = None if study.status in LIVE else study.finished
            if Jobs(self._database).set_status(study.id, study.status, finished=ended, error=study.error):
                self._database.write(
                    f"UPDATE {self._table} SET record = :record WHERE id = :id",
                    {"id": study.id, "record": to_text(study)},
                )

    def set_label(self, study_id: str, label: str | None) -> None:
        with self._database.transaction():
            self._database.write(
                f"UPDATE {self._table} SET label = :label, record = json_set(record, '$.label', :label) WHERE id = :id",
                {"id": study_id, "label": label},
            )

    def delete(self, study_id: str) -> None:
        """Remove it with the runs that are part of it. InputError while it is going on."""
        with self._database.transaction():
            study = self.get(study_id)
            if study is not None and study.status in LIVE:
                raise InputError(f"{study_id} is going on. Cancel it first: `ovtui cancel {study_id}`.")
            self._database.write(
                "DELETE FROM jobs WHERE id = :id OR id IN (SELECT id FROM runs WHERE part_of = :id)", {"id": study_id}
            )

    def get(self, study_id: str) -> Study | None:
        row = self._database.row(f"SELECT record FROM {self._table} WHERE id = :id", {"id": searchable(study_id)})
        return from_text(row["record"], self._kind) if row else None

    def newest(self, model_id: str | None = None, limit: int = 50) -> list[Study]:
        """Newest first; of a model, those that begin with it."""
        which = "" if model_id is None else "WHERE model = :model"
        rows = self._database.rows(
            f"SELECT record FROM {self._table} {which} ORDER BY created DESC, id DESC LIMIT :limit",
            {"model": model_id, "limit": limit},
        )
        return [from_text(row["record"], self._kind) for row in rows]

    def named(self, text: str) -> list[str]:
        """The ids that `text` may mean: an id, the beginning of one, a label."""
        text = searchable(text)
        prefix = text.lower()
        rows = self._database.rows(
            f"""
            SELECT id FROM {self._table} WHERE id >= :prefix AND id < :after AND length(:prefix) >= {SHORTEST}
            UNION SELECT id FROM {self._table} WHERE label = :text
            """,
            {"text": text, "prefix": prefix, "after": after_prefix(prefix)},
        )
        found = [str(row["id"]) for row in rows]
        return [text] if text in found else found

    def find(self, text: str) -> Study:
        """The one that `text` means ("last", an id, its beginning, a label), else InputError."""
        noun = self._kind.__name__.lower()
        if text == "last":
            found = self.newest(limit=1)
            if not found:
                raise InputError(f"There is no {noun} yet. `{self._command} {self._arguments}` makes one.")
            return found[0]
        study = self.get(the_one(text, self.named(text), noun, self._command))
        if study is None:
            raise InputError(f"{noun.capitalize()} {plain(text, 60)} has just been deleted.")
        return study
