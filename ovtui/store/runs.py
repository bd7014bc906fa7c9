"""Runs: history a page at a time, whole runs, and what they looked like over time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from ovtui.errors import InputError
from ovtui.records import (
    LIVE,
    AnyRemark,
    Criterion,
    Effective,
    Environment,
    Estimate,
    Histogram,
    Job,
    Model,
    Profile,
    Result,
    Run,
    RunFilter,
    RunSummary,
    Series,
    Spec,
    Status,
)
from ovtui.sanitize import plain
from ovtui.store.codec import from_bytes, from_text, from_text_or_none, to_bytes, to_text, to_text_or_none
from ovtui.store.database import Database, Value
from ovtui.store.finding import SHORTEST, after_prefix, searchable, the_one
from ovtui.store.jobs import Jobs

Cursor: TypeAlias = tuple[float, str]
"""Where a page ended: `created` and `id` of its last run."""

_ALL = RunFilter()

_PARTS = {"jobs": "id", "runs": "id", "details": "run", "series": "run", "histograms": "run",
          "profiles": "run"}  # fmt: skip
"""The tables that hold a run, and their keys; each refers only to those before it."""


class Removed(NamedTuple):
    """A run that was taken out, row by row."""

    id: str
    rows: dict[str, dict[str, Value]]


class TrackRecord(NamedTuple):
    """The figures of a model's finished runs: the last ones alike, oldest first, and the best of all.

    A weak median is the best one only where there is no other.
    """

    throughput_fps: tuple[float, ...]
    p50_ms: tuple[float | None, ...]
    best_throughput_fps: float | None
    best_p50_ms: float | None
    last_p50_weak: bool = False
    best_p50_weak: bool = False


_CONDITIONS = {
    "model": "runs.model = :model",
    "family": "runs.family = :family",
    "device": "runs.device = :device",
    "mode": "runs.mode = :mode",
    "status": "runs.status = :status",
    "since": "runs.created >= :since",
    "part_of": "runs.part_of = :part_of",
}

_SUMMARY = """
    SELECT id, status, label, model, device, mode, batch, streams, created, started, finished, error, warnings,
        throughput_fps, throughput_low, throughput_high, converged, p50_ms, p50_weak,
        (SELECT name FROM models WHERE models.id = runs.model) AS model_name
    FROM runs
"""

_WHOLE = """
    SELECT runs.id, runs.model, runs.status, runs.label, runs.created, runs.started, runs.finished, runs.error,
        runs.part_of,
        details.spec, details.effective, details.environment, details.result, details.warnings
    FROM runs CROSS JOIN details ON details.run = runs.id  -- CROSS: runs first, since they are in order
"""


class Runs:
    """The runs, each with the id of its job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, run: Run, job: Job) -> None:
        """Add a run and its job; the run's model is there already."""
        with self._database.transaction():
            Jobs(self._database).create(job)
            self._database.write(
                """
                INSERT INTO runs (
                    id, model, family, status, label, device, mode, batch, streams, created, started, finished,
                    throughput_fps, throughput_low, throughput_high, converged, p50_ms, p50_high, p50_weak,
                    warnings, error, part_of
                ) VALUES (
                    :id, :model, :family, :status, :label, :device, :mode, :batch, :streams, :created, :started,
                    :finished, :throughput_fps, :throughput_low, :throughput_high, :converged, :p50_ms,
                    :p50_high, :p50_weak, :warnings, :error, :part_of
                )
                """,
                {
                    "id": run.id,
                    "model": run.model.id,
                    "family": run.model.family,
                    "status": run.status,
                    "label": run.label,
                    "device": run.spec.device,
                    "mode": run.spec.mode,
                    "batch": run.effective.batch if run.effective else run.spec.batch,
                    "streams": run.effective.streams if run.effective else run.spec.streams,
                    "created": run.created,
                    "started": run.started,
                    "finished": run.finished,
                    "warnings": len(run.warnings),
                    "error": run.error,
                    "part_of": run.part_of,
                    **_figures(run.result),
                },
            )
            self._database.write(
                """
                INSERT INTO details (run, spec, effective, environment, result, warnings)
                VALUES (:run, :spec, :effective, :environment, :result, :warnings)
                """,
                {
                    "run": run.id,
                    "spec": to_text(run.spec),
                    "effective": to_text_or_none(run.effective),
                    "environment": to_text_or_none(run.environment),
                    "result": to_text_or_none(run.result),
                    "warnings": to_text(run.warnings),
                },
            )

    def set_environment(self, run_id: str, environment: Environment) -> None:
        with self._database.transaction():
            self._database.write(
                "UPDATE details SET environment = :environment WHERE run = :run",
                {"run": run_id, "environment": to_text(environment)},
            )

    def set_effective(self, run_id: str, effective: Effective) -> None:
        """What the device made of the spec."""
        with self._database.transaction():
            self._database.write(
                "UPDATE runs SET batch = :batch, streams = :streams WHERE id = :run",
                {"run": run_id, "batch": effective.batch, "streams": effective.streams},
            )
            self._database.write(
                "UPDATE details SET effective = :effective WHERE run = :run",
                {"run": run_id, "effective": to_text(effective)},
            )

    def finish(
        self,
        run_id: str,
        status: Status,
        *,
        finished: float,
        result: Result | None = None,
        series: Series | None = None,
        histogram: Histogram | None = None,
        profile: Profile | None = None,
        warnings: tuple[AnyRemark, ...] = (),
        error: str | None = None,
    ) -> bool:
        """Write how a run ended and what it found out, all or nothing. False, and nothing, if it had ended.

        See `Jobs.set_status` for which end stands. StoreError if there is no such run.
        """
        with self._database.transaction():
            if not Jobs(self._database).set_status(run_id, status, finished=finished, error=error):
                return False
            self._database.write(
                """
                UPDATE runs SET
                    throughput_fps = :throughput_fps,
                    throughput_low = :throughput_low,
                    throughput_high = :throughput_high,
                    converged = :converged,
                    p50_ms = :p50_ms,
                    p50_high = :p50_high,
                    p50_weak = :p50_weak,
                    warnings = :warnings
                WHERE id = :run
                """,
                {"run": run_id, "warnings": len(warnings), **_figures(result)},
            )
            self._database.write(
                "UPDATE details SET result = :result, warnings = :warnings WHERE run = :run",
                {"run": run_id, "result": to_text_or_none(result), "warnings": to_text(warnings)},
            )
            self._keep(run_id, series, histogram, profile)
        return True

    def put(
        self,
        run: Run,
        job: Job,
        *,
        series: Series | None = None,
        histogram: Histogram | None = None,
        profile: Profile | None = None,
    ) -> None:
        """Add a run that has ended, whole; in place of what was known of it before."""
        with self._database.transaction():
            self._database.write("DELETE FROM jobs WHERE id = :run", {"run": run.id})
            self.create(run, job)
            self._keep(run.id, series, histogram, profile)

    def _keep(self, run_id: str, series: Series | None, histogram: Histogram | None, profile: Profile | None) -> None:
        for table, record in (("series", series), ("histograms", histogram), ("profiles", profile)):
            if record is not None:
                self._database.write(
                    f"INSERT OR REPLACE INTO {table} (run, data) VALUES (:run, :data)",
                    {"run": run_id, "data": to_bytes(record)},
                )

    def set_label(self, run_id: str, label: str | None) -> None:
        with self._database.transaction():
            self._database.write("UPDATE runs SET label = :label WHERE id = :run", {"run": run_id, "label": label})

    def delete(self, run_id: str) -> None:
        """Remove a run and all that belongs to it. InputError while it is going on."""
        self.take_out([run_id])

    def take_out(self, run_ids: Iterable[str]) -> list[Removed]:
        """Remove runs, their jobs' rows, and all that belongs to them; what `put_back` needs to undo that.

        Runs that are not there are passed over. InputError, and nothing is removed, while one is going on.
        """
        removed = []
        with self._database.transaction():
            for run_id in run_ids:
                rows = {table: self._database.row(f"SELECT * FROM {table} WHERE {key} = :run", {"run": run_id})
                        for table, key in _PARTS.items()}  # fmt: skip
                run = rows["runs"]
                if run is None:
                    continue
                if run["status"] in LIVE:
                    raise InputError(f"Run {run_id} is going on. Cancel it first: `ovtui cancel {run_id}`.")
                removed.append(Removed(run_id, {table: dict(row) for table, row in rows.items() if row is not None}))
                self._database.write("DELETE FROM jobs WHERE id = :run", {"run": run_id})
        return removed

    def put_back(self, removed: Iterable[Removed]) -> None:
        """Undo `take_out`."""
        with self._database.transaction():
            for run in removed:
                for table, row in run.rows.items():
                    names = ", ".join(row)
                    places = ", ".join(f":{name}" for name in row)
                    self._database.write(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", row)

    def get(self, run_id: str) -> Run | None:
        rows = self._database.rows(f"{_WHOLE} WHERE runs.id = :run", {"run": searchable(run_id)})
        return next(iter(self._whole(rows)), None)

    def find(self, text: str) -> Run:
        """The run that `text` means, else InputError: "last", an id, the beginning of only one, or a label."""
        run = self.get(self._meant(searchable(text)))
        if run is None:
            raise InputError(f"Run {plain(text, 60)} has just been deleted.")
        return run

    def page(self, filters: RunFilter = _ALL, limit: int = 50, before: Cursor | None = None) -> list[RunSummary]:
        """Newest first; with `before`, those that follow the page that ended there."""
        where, values = _where(filters, before)
        rows = self._database.rows(
            f"{_SUMMARY} {where} ORDER BY created DESC, id DESC LIMIT :limit", {**values, "limit": limit}
        )
        return [_summary(row) for row in rows]

    def summary(self, run_id: str) -> RunSummary | None:
        """One line of history."""
        row = self._database.row(f"{_SUMMARY} WHERE id = :run", {"run": run_id})
        return _summary(row) if row else None

    def whole(self, filters: RunFilter = _ALL, limit: int = 50, before: Cursor | None = None) -> list[Run]:
        """As `page`, with all that is known of each run but what it looked like over time."""
        where, values = _where(filters, before)
        rows = self._database.rows(
            f"{_WHOLE} {where} ORDER BY runs.created DESC, runs.id DESC LIMIT :limit", {**values, "limit": limit}
        )
        return self._whole(rows)

    def count(self, filters: RunFilter = _ALL) -> int:
        where, values = _where(filters, None)
        row = self._database.row(f"SELECT count(*) AS runs FROM runs {where}", values)
        return int(row["runs"]) if row else 0

    def record_of(self, model_id: str, last: int = 12) -> TrackRecord:
        """How fast a model was lately, in the mode and on the device of its last run, and at its best in any."""
        recent = self._database.rows(
            """
            WITH newest AS (
                SELECT mode, device FROM runs WHERE model = :model AND status = 'done' AND part_of IS NULL
                ORDER BY created DESC, id DESC LIMIT 1
            )
            SELECT throughput_fps, p50_ms, p50_weak FROM runs CROSS JOIN newest
            WHERE model = :model AND status = 'done' AND throughput_fps IS NOT NULL AND part_of IS NULL
                AND runs.mode = newest.mode AND runs.device = newest.device
            ORDER BY created DESC, id DESC LIMIT :last
            """,
            {"model": model_id, "last": last},
        )
        best = self._database.row(
            """
            SELECT
                (SELECT max(throughput_fps) FROM runs WHERE model = :model AND status = 'done') AS throughput_fps,
                (SELECT min(p50_ms) FROM runs WHERE model = :model AND status = 'done') AS p50_ms,
                (SELECT min(p50_ms) FROM runs
                    WHERE model = :model AND status = 'done' AND p50_weak IS NOT 1) AS known_p50_ms
            """,
            {"model": model_id},
        )
        known = best["known_p50_ms"] if best else None
        return TrackRecord(
            throughput_fps=tuple(row["throughput_fps"] for row in reversed(recent)),
            p50_ms=tuple(row["p50_ms"] for row in reversed(recent)),
            best_throughput_fps=best["throughput_fps"] if best else None,
            best_p50_ms=known or (best["p50_ms"] if best else None),
            last_p50_weak=bool(recent and recent[0]["p50_weak"]),
            best_p50_weak=known is None and bool(best and best["p50_ms"]),
        )

    def best(self, model_id: str, by: Criterion) -> Run | None:
        """The run of a model with the highest throughput, or the least median latency, those of studies included.

        Each is what it surely is, the worse end of its interval: the best of many short runs is good by luck. A median
        without an upper end comes after those that have one.
        """
        order = "p50_high IS NULL, p50_high, p50_ms"
        if by == "throughput":
            order = "coalesce(throughput_low, 0.9 * throughput_fps) DESC"
        column = "throughput_fps" if by == "throughput" else "p50_ms"
        row = self._database.row(
            f"""
            SELECT id FROM runs WHERE model = :model AND status = 'done' AND {column} IS NOT NULL
            ORDER BY {order} LIMIT 1
            """,
            {"model": model_id},
        )
        return self.get(row["id"]) if row else None

    def series(self, run_id: str) -> Series | None:
        row = self._database.row("SELECT data FROM series WHERE run = :run", {"run": run_id})
        return from_bytes(row["data"], Series) if row else None

    def histogram(self, run_id: str) -> Histogram | None:
        row = self._database.row("SELECT data FROM histograms WHERE run = :run", {"run": run_id})
        return from_bytes(row["data"], Histogram) if row else None

    def profile(self, run_id: str) -> Profile | None:
        row = self._database.row("SELECT data FROM profiles WHERE run = :run", {"run": run_id})
        return from_bytes(row["data"], Profile) if row else None

    def beside(self, run_id: str) -> tuple[Series | None, Histogram | None, Profile | None]:
        """All that is kept beside a run's own record."""
        return self.series(run_id), self.histogram(run_id), self.profile(run_id)

    def profiled(self, model_id: str | None = None) -> str | None:
        """The newest run whose layers are known, of a model or of all."""
        which = "" if model_id is None else "WHERE runs.model = :model"
        row = self._database.row(
            f"""
            SELECT id FROM runs CROSS JOIN profiles ON profiles.run = runs.id
            {which} ORDER BY created DESC, id DESC LIMIT 1
            """,
            {"model": model_id},
        )
        return str(row["id"]) if row else None

    def _meant(self, text: str) -> str:
        """The id that `text` stands for."""
        if text == "last":
            newest = self._database.rows(
                "SELECT id FROM runs WHERE part_of IS NULL ORDER BY created DESC, id DESC LIMIT 1"
            )
            if not newest:
                raise InputError("Nothing was measured yet. `ovtui run MODEL` does.")
            return str(newest[0]["id"])
        return the_one(text, self.named(text), "run", "ovtui history")

    def named(self, text: str) -> list[str]:
        """The ids that `text` may mean: an id, the beginning of one, a label."""
        text = searchable(text)
        if self._database.row("SELECT 1 FROM runs WHERE id = :text", {"text": text}):
            return [text]
        prefix = text.lower()
        rows = self._database.rows(
            f"""
            SELECT id FROM runs WHERE id >= :prefix AND id < :after AND length(:prefix) >= {SHORTEST}
            UNION SELECT id FROM runs WHERE label = :text
            """,
            {"text": text, "prefix": prefix, "after": after_prefix(prefix)},
        )
        return [str(row["id"]) for row in rows]

    def _whole(self, rows: list[sqlite3.Row]) -> list[Run]:
        """Many runs share a model, which is read once."""
        models: dict[str, Model] = {}
        for model_id in {row["model"] for row in rows}:
            row = self._database.row("SELECT record FROM models WHERE id = :id", {"id": model_id})
            if row:
                models[model_id] = from_text(row["record"], Model)
        return [_run(row, models[row["model"]]) for row in rows if row["model"] in models]


def _where(filters: RunFilter, before: Cursor | None) -> tuple[str, dict[str, Value]]:
    values: dict[str, Value] = {name: value for name in _CONDITIONS if (value := getattr(filters, name)) is not None}
    conditions = [_CONDITIONS[name] for name in values]
    if filters.part_of is None:
        conditions.append("runs.part_of IS NULL")
    if before:
        conditions.append("(runs.created, runs.id) < (:before_created, :before_id)")
        values["before_created"], values["before_id"] = before
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values


def _figures(result: Result | None) -> dict[str, Value]:
    """What history shows of a result."""
    throughput = result.throughput_fps if result else None
    low, high = throughput.ci95 if throughput and throughput.ci95 else (None, None)
    median = result.latency_ms.interval("p50") if result else None
    return {
        "throughput_fps": throughput.mean if throughput else None,
        "throughput_low": low,
        "throughput_high": high,
        "converged": throughput.converged if throughput else None,
        "p50_ms": result.latency_ms.p50 if result else None,
        "p50_high": median[1] if median else None,
        "p50_weak": "p50" in result.latency_ms.weak if result else None,
    }


def _summary(row: sqlite3.Row) -> RunSummary:
    mean, low = row["throughput_fps"], row["throughput_low"]
    ci95 = None if low is None else (low, row["throughput_high"])
    return RunSummary(
        id=row["id"],
        status=row["status"],
        label=row["label"],
        model=row["model"],
        model_name=row["model_name"],
        device=row["device"],
        mode=row["mode"],
        batch=row["batch"],
        streams=row["streams"],
        throughput_fps=None if mean is None else Estimate(mean=mean, ci95=ci95, converged=bool(row["converged"])),
        p50_ms=row["p50_ms"],
        p50_weak=bool(row["p50_weak"]),
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        error=row["error"],
        warnings=row["warnings"],
    )


def _run(row: sqlite3.Row, model: Model) -> Run:
    return Run(
        id=row["id"],
        status=row["status"],
        label=row["label"],
        model=model,
        spec=from_text(row["spec"], Spec),
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        effective=from_text_or_none(row["effective"], Effective),
        environment=from_text_or_none(row["environment"], Environment),
        result=from_text_or_none(row["result"], Result),
        warnings=from_text(row["warnings"], tuple[AnyRemark, ...]),
        error=row["error"],
        part_of=row["part_of"],
    )
