"""Databases of every earlier schema, filled: opened by this version, they read back equal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from ovtui.records import Run, RunFilter, Study
from ovtui.store import Store, open_store, schema
from tests import profiled

from .samples import (
    NOW,
    a_comparison,
    a_histogram,
    a_model,
    a_result,
    a_run,
    a_series,
    add_finished,
    an_exploration,
    an_optimization,
    its_job,
    its_study_job,
)

STUDIES = 4  # the schema that brought comparisons and explorations
VERSIONS = 5  # and optimizations


def filled(path: Path) -> None:
    """One of everything."""
    with open_store(path) as store:
        store.models.save(a_model())
        store.models.save(a_model("m0model001", parent="m0model000", family="m0model000"))
        add_finished(store, a_run("r0run00000"))
        failed = a_run("r1run00000", status="failed", error="It broke.", label="bad", finished=NOW + 1)
        store.runs.put(failed, its_job(failed))
        profiled.add(store, profiled.mixnet(), "r2run00000")
        for study in (a_comparison(), an_exploration(), an_optimization()):
            store.studies.create(study, its_study_job(study))
            store.studies.set_label(study.id, f"label of {study.id}")
        part = a_run("r3run00000", status="done", result=a_result(50.0), part_of=a_comparison().id)
        store.runs.put(part, its_job(part), series=a_series(), histogram=a_histogram())


def as_it_was(newest: Path, path: Path, version: int) -> None:
    """The same rows in a database of that schema, as far as it has the tables and columns."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, schema.STEPS[:version])
    connection.execute("ATTACH ? AS newest", (str(newest),))
    tables = [row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
    for table in tables:
        there = {row[1] for row in connection.execute(f"PRAGMA newest.table_info({table})")}
        columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})") if row[1] in there]
        names = ", ".join(columns)
        # What a schema has no column for was not there: before studies, there were no parts of them.
        alone = "" if version >= STUDIES else _WITHOUT_PARTS.get(table, "")
        connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newest.{table} {alone}")
    connection.close()


_PARTS = "(SELECT id FROM newest.runs WHERE part_of IS NOT NULL)"
_WITHOUT_PARTS = {
    "jobs": f"WHERE id NOT IN {_PARTS} AND kind IN ('run', 'import')",
    "runs": "WHERE part_of IS NULL",
    **dict.fromkeys(("details", "series", "histograms", "profiles"), f"WHERE run NOT IN {_PARTS}"),
}


def runs_of(store: Store) -> dict[str, tuple[Run, object]]:
    filters = RunFilter(), RunFilter(part_of=a_comparison().id)
    runs = [run for each in filters for run in store.runs.whole(each, limit=100)]
    return {run.id: (run, store.runs.beside(run.id)) for run in runs}


def studies_of(store: Store) -> list[Study]:
    return store.studies.newest(limit=100)


@pytest.mark.parametrize("version", range(1, len(schema.STEPS) + 1))
def test_a_database_of_any_schema_reads_back_equal(tmp_path: Path, version: int) -> None:
    newest, path = tmp_path / "newest" / "ovtui.db", tmp_path / "old" / "ovtui.db"
    filled(newest)
    as_it_was(newest, path, version)
    with open_store(newest) as expected, open_store(path) as store:
        assert schema.version(store.database.connection) == len(schema.STEPS)
        assert store.models.all() == expected.models.all()
        known, runs = runs_of(expected), runs_of(store)
        assert set(runs) == {run_id for run_id, (run, _) in known.items() if run.part_of is None or version >= STUDIES}
        for run_id, (run, beside) in runs.items():
            assert run == known[run_id][0]
            assert beside == known[run_id][1] or version < 3  # profiles came with it
        kinds = ("comparison", "exploration", "optimization") if version >= VERSIONS else ("comparison", "exploration")
        kept = [study for study in studies_of(expected) if study.__struct_config__.tag in kinds]
        assert studies_of(store) == (kept if version >= STUDIES else [])
        assert [run.id for run in store.runs.page()] == [run.id for run in expected.runs.page()]


def test_a_job_of_the_version_before_still_writes_while_this_one_reads(path: Path) -> None:
    path.parent.mkdir()
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrate(old, schema.STEPS[:6])
    old.execute("PRAGMA foreign_keys = ON")
    study = a_comparison()
    newest = path.with_name("newest.db")
    with open_store(newest) as store:
        store.models.save(study.sides[0].model)
        store.studies.create(study, its_study_job(study))
    old.execute("ATTACH ? AS newest", (str(newest),))
    for table in ("families", "models", "jobs", "comparisons"):
        old.execute(f"INSERT INTO main.{table} SELECT * FROM newest.{table}")
    old.execute("DETACH newest")
    update = "UPDATE comparisons SET record = :record WHERE id = :id"
    text = msgspec.json.encode(study).decode()
    old.execute(update, {"id": study.id, "record": text})  # prepared before the table became a view
    with open_store(path) as store:
        assert store.studies.get(study.id) == study
        later = msgspec.structs.replace(study, elapsed_s=9.5)
        old.execute(update, {"id": study.id, "record": msgspec.json.encode(later).decode()})
        assert store.studies.get(study.id) == later
        old.execute(
            "UPDATE comparisons SET label = :label, record = json_set(record, '$.label', :label) WHERE id = :id",
            {"id": study.id, "label": "nightly"},
        )
        assert store.studies.find("nightly").id == study.id
        job = its_study_job(study)
        store.jobs.create(msgspec.structs.replace(job, id="another000"))
        old.execute(
            "INSERT INTO comparisons (id, model, created, label, record) VALUES (?, ?, ?, ?, ?)",
            ("another000", job.model, NOW, None, text.replace(study.id, "another000")),
        )
        assert store.studies.find("another000").id == "another000"
        old.execute("DELETE FROM jobs WHERE id = ?", (study.id,))
        assert store.studies.get(study.id) is None
    old.close()
