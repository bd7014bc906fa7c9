"""The shape of the database: the steps that lead to it, and how a database is brought forward."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

Step: TypeAlias = str | Callable[[sqlite3.Connection], None]
"""SQL statements, or a function that executes some. It runs in a transaction and must not end it."""

APPLICATION = 0x6F767475  # "ovtu": tells our files from other programs'

_FIRST = f"""
PRAGMA application_id = {APPLICATION};

CREATE TABLE families (
    id TEXT PRIMARY KEY,  -- of the first model
    name TEXT NOT NULL,
    created REAL NOT NULL
);

CREATE TABLE models (
    id TEXT PRIMARY KEY,
    family TEXT NOT NULL REFERENCES families (id),
    parent TEXT REFERENCES models (id),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created REAL NOT NULL,
    record TEXT NOT NULL  -- the whole model as JSON
);
CREATE INDEX models_by_family ON models (family, created);
CREATE INDEX models_by_parent ON models (parent);
CREATE INDEX models_by_name ON models (name);
CREATE INDEX models_by_path ON models (path);
CREATE INDEX models_by_sha256 ON models (sha256);
CREATE INDEX models_by_age ON models (created);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    folder TEXT NOT NULL,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    pid INTEGER,
    pid_started REAL,
    model TEXT REFERENCES models (id),
    error TEXT
);
CREATE INDEX jobs_alive ON jobs (created) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_by_model ON jobs (model);

-- What history filters, sorts and shows. Rows stay short, so that a page of them is a page of the file.
CREATE TABLE runs (
    id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    model TEXT NOT NULL REFERENCES models (id),
    family TEXT NOT NULL REFERENCES families (id),
    status TEXT NOT NULL,
    label TEXT,
    device TEXT NOT NULL,
    mode TEXT NOT NULL,
    batch INTEGER,
    streams INTEGER,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    throughput_fps REAL,
    throughput_low REAL,
    throughput_high REAL,
    converged INTEGER,
    p50_ms REAL,
    warnings INTEGER NOT NULL,
    error TEXT
);
-- Each ends in what history is sorted by: newest first, and the id where two were made in the same moment.
CREATE INDEX runs_by_age ON runs (created, id);
CREATE INDEX runs_by_model ON runs (model, created, id);
CREATE INDEX runs_by_family ON runs (family, created, id);
CREATE INDEX runs_by_status ON runs (status, created, id);
CREATE INDEX runs_by_device ON runs (device, created, id);
CREATE INDEX runs_by_mode ON runs (mode, created, id);
CREATE INDEX runs_by_label ON runs (label) WHERE label IS NOT NULL;

-- The rest of a run, as JSON.
CREATE TABLE details (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    spec TEXT NOT NULL,
    effective TEXT,
    environment TEXT,
    result TEXT,
    warnings TEXT NOT NULL
);

-- Compressed JSON.
CREATE TABLE series (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, data BLOB NOT NULL);
CREATE TABLE histograms (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, data BLOB NOT NULL);
"""

_FOR_THE_APP = """
-- What is kept between starts: how the app looks, what it learnt of the devices. JSON by key.
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- Specs that were given a name; they belong to no model.
CREATE TABLE presets (name TEXT PRIMARY KEY, spec TEXT NOT NULL, saved REAL NOT NULL);

-- A model's best, which Home shows.
CREATE INDEX runs_by_throughput ON runs (model, status, throughput_fps);
CREATE INDEX runs_by_median ON runs (model, status, p50_ms);
"""

_FOR_LAYERS = """
-- Where a run's time goes, and a model's own operations. Compressed JSON.
CREATE TABLE profiles (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, data BLOB NOT NULL);
CREATE TABLE graphs (model TEXT PRIMARY KEY REFERENCES models (id) ON DELETE CASCADE, data BLOB NOT NULL);
"""

_FOR_STUDIES = """
-- Records that grow, as JSON; `model` is the first one's.
CREATE TABLE comparisons (
    id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    model TEXT NOT NULL REFERENCES models (id),
    created REAL NOT NULL,
    label TEXT,
    record TEXT NOT NULL
);
CREATE INDEX comparisons_by_age ON comparisons (created, id);
CREATE TABLE explorations (
    id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    model TEXT NOT NULL REFERENCES models (id),
    created REAL NOT NULL,
    label TEXT,
    record TEXT NOT NULL
);
CREATE INDEX explorations_by_age ON explorations (created, id);
CREATE INDEX explorations_by_model ON explorations (model, created, id);

-- The comparison or exploration that made a run; those stand in no history of their own.
ALTER TABLE runs ADD COLUMN part_of TEXT;
CREATE INDEX runs_by_study ON runs (part_of, created, id) WHERE part_of IS NOT NULL;
DROP INDEX runs_by_age;
DROP INDEX runs_by_model;
DROP INDEX runs_by_family;
DROP INDEX runs_by_status;
DROP INDEX runs_by_device;
DROP INDEX runs_by_mode;
CREATE INDEX runs_by_age ON runs (created, id) WHERE part_of IS NULL;
CREATE INDEX runs_by_model ON runs (model, created, id) WHERE part_of IS NULL;
CREATE INDEX runs_by_family ON runs (family, created, id) WHERE part_of IS NULL;
CREATE INDEX runs_by_status ON runs (status, created, id) WHERE part_of IS NULL;
CREATE INDEX runs_by_device ON runs (device, created, id) WHERE part_of IS NULL;
CREATE INDEX runs_by_mode ON runs (mode, created, id) WHERE part_of IS NULL;
"""

_FOR_VERSIONS = """
CREATE TABLE optimizations (
    id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    model TEXT NOT NULL REFERENCES models (id),  -- the parent
    created REAL NOT NULL,
    label TEXT,
    record TEXT NOT NULL
);
CREATE INDEX optimizations_by_age ON optimizations (created, id);
CREATE INDEX optimizations_by_model ON optimizations (model, created, id);
"""

_FOR_WEAK_MEDIANS = """
-- The upper end of the median's interval, NULL where there is none, and whether too few inferences are behind it.
ALTER TABLE runs ADD COLUMN p50_high REAL;
ALTER TABLE runs ADD COLUMN p50_weak INTEGER;
UPDATE runs SET p50_high = (
    SELECT json_extract(result, '$.latency_ms.ci95.p50[1]') FROM details WHERE run = runs.id AND json_valid(result)
) WHERE p50_ms IS NOT NULL;
"""

_VIEW = """
CREATE VIEW {table} AS SELECT id, model, created, label, record FROM studies WHERE kind = '{kind}';
CREATE TRIGGER {table}_created INSTEAD OF INSERT ON {table} BEGIN
    INSERT INTO studies (id, kind, model, created, label, record)
    VALUES (new.id, '{kind}', new.model, new.created, new.label, new.record);
END;
CREATE TRIGGER {table}_changed INSTEAD OF UPDATE ON {table} BEGIN
    UPDATE studies SET label = new.label, record = new.record WHERE id = old.id;
END;
"""


def _with_one_table_for_studies(connection: sqlite3.Connection) -> None:
    """A job that an earlier version started still writes to the tables that were: views pass that on."""
    for statement in _statements("""
        -- Records that grow, as JSON; `model` is the first one's.
        CREATE TABLE studies (
            id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            model TEXT NOT NULL REFERENCES models (id),
            created REAL NOT NULL,
            label TEXT,
            record TEXT NOT NULL
        );
        CREATE INDEX studies_by_age ON studies (kind, created, id);
        CREATE INDEX studies_by_model ON studies (kind, model, created, id);
        CREATE INDEX studies_by_label ON studies (label) WHERE label IS NOT NULL;
    """):
        connection.execute(statement)
    for kind in ("comparison", "exploration", "optimization"):
        connection.execute(
            f"INSERT INTO studies SELECT id, '{kind}', model, created, label, record FROM {kind}s ORDER BY created, id"
        )
        connection.execute(f"DROP TABLE {kind}s")
        for statement in _statements(_VIEW.format(table=f"{kind}s", kind=kind)):
            connection.execute(statement)


STEPS: tuple[Step, ...] = (
    _FIRST,
    _FOR_THE_APP,
    _FOR_LAYERS,
    _FOR_STUDIES,
    _FOR_VERSIONS,
    _FOR_WEAK_MEDIANS,
    _with_one_table_for_studies,
)
"""Step n leads from schema n - 1 to schema n. A step that was released is never changed; another one follows it."""


def version(connection: sqlite3.Connection) -> int:
    """The schema a database has; 0 when it is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether this is another program's database."""
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if application or version(connection):
        return application != APPLICATION
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def migrate(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Bring the database forward, a transaction for each step: whatever ends it, the database is at a whole step.

    Foreign keys must be off, so that a step may build a table anew; what it leaves behind is checked.
    """
    for number, step in enumerate(steps, start=1):
        if version(connection) >= number:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version(connection) < number:  # nobody was quicker
                _take(connection, step)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _take(connection: sqlite3.Connection, step: Step) -> None:
    if callable(step):
        step(connection)
    else:
        for statement in _statements(step):
            connection.execute(statement)
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.IntegrityError("a migration step left a row without the row it refers to")


def _statements(script: str) -> Iterator[str]:
    """One by one, since `executescript` would commit the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
