"""Studies: records that grow while a job works, and the runs that are part of them."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from ovtui.errors import InputError
from ovtui.kinds import KINDS, STUDIES, Kind, kind_of
from ovtui.records import LIVE, Comparison, Exploration, Job, Optimization, Record, Study
from ovtui.sanitize import plain
from ovtui.store.codec import from_text, to_text
from ovtui.store.database import Database
from ovtui.store.finding import SHORTEST, after_prefix, searchable, the_one
from ovtui.store.jobs import Jobs

AnyStudy = TypeVar("AnyStudy", bound=Study)
OneStudy = TypeVar("OneStudy", Comparison, Exploration, Optimization)


class Studies(Generic[AnyStudy]):
    """Those of some kinds, each with the id of its job."""

    def __init__(self, database: Database, kinds: tuple[Kind, ...] = STUDIES) -> None:
        self._database = database
        self._kinds = kinds
        self._which = f"kind IN ({', '.join(repr(kind.name) for kind in kinds)})"

    def of(self, record: type[OneStudy]) -> Studies[OneStudy]:
        """Those of one kind."""
        return Studies(self._database, (kind_of(record),))

    def create(self, study: AnyStudy, job: Job) -> None:
        """Add a study and its job; its models are there already."""
        with self._database.transaction():
            Jobs(self._database).create(job)
            self._database.write(
                "INSERT INTO studies (id, kind, model, created, label, record) "
                "VALUES (:id, :kind, :model, :created, :label, :record)",
                {"id": study.id, "kind": kind_of(type(study)).name, "model": job.model, "created": study.created,
                 "label": study.label, "record": to_text(study)},
            )  # fmt: skip

    def save(self, study: AnyStudy) -> None:
        """What is known by now, and how its job is doing. One that ended stays as it ended, but for `interrupted`."""
        with self._database.transaction():
            ended = None if study.status in LIVE else study.finished
            if Jobs(self._database).set_status(study.id, study.status, finished=ended, error=study.error):
                self._database.write(
                    "UPDATE studies SET record = :record WHERE id = :id", {"id": study.id, "record": to_text(study)}
                )

    def set_label(self, study_id: str, label: str | None) -> None:
        with self._database.transaction():
            self._database.write(
                "UPDATE studies SET label = :label, record = json_set(record, '$.label', :label) WHERE id = :id",
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

    def get(self, study_id: str) -> AnyStudy | None:
        row = self._database.row(
            f"SELECT kind, record FROM studies WHERE id = :id AND {self._which}", {"id": searchable(study_id)}
        )
        return self._study(row["kind"], row["record"]) if row else None

    def newest(self, model_id: str | None = None, limit: int = 50) -> list[AnyStudy]:
        """Newest first; of a model, those that begin with it."""
        which = self._which if model_id is None else f"{self._which} AND model = :model"
        rows = self._database.rows(
            f"SELECT kind, record FROM studies WHERE {which} ORDER BY created DESC, id DESC LIMIT :limit",
            {"model": model_id, "limit": limit},
        )
        return [self._study(row["kind"], row["record"]) for row in rows]

    def named(self, text: str) -> list[str]:
        """The ids that `text` may mean: an id, the beginning of one, a label."""
        text = searchable(text)
        prefix = text.lower()
        rows = self._database.rows(
            f"""
            SELECT id FROM studies
            WHERE id >= :prefix AND id < :after AND length(:prefix) >= {SHORTEST} AND {self._which}
            UNION SELECT id FROM studies WHERE label = :text AND {self._which}
            """,
            {"text": text, "prefix": prefix, "after": after_prefix(prefix)},
        )
        found = [str(row["id"]) for row in rows]
        return [text] if text in found else found

    def find(self, text: str) -> AnyStudy:
        """The one that `text` means ("last", an id, its beginning, a label), else InputError."""
        kind = self._kinds[0]
        if text == "last":
            found = self.newest(limit=1)
            if not found:
                raise InputError(f"There is no {kind.name} yet. `{kind.makes}` makes one.")
            return found[0]
        study = self.get(the_one(text, self.named(text), kind.name, kind.lists))
        if study is None:
            raise InputError(f"{kind.name.capitalize()} {plain(text, 60)} has just been deleted.")
        return study

    def _study(self, kind: str, text: str) -> AnyStudy:
        return cast(AnyStudy, from_text(text, cast(type[Record], KINDS[kind].record)))
