"""A database is brought forward from any earlier schema, a whole step at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ovtui.errors import StoreError
from ovtui.records import Operation
from ovtui.store import open_store, schema

from .samples import a_model

STEPS: tuple[schema.Step, ...] = (
    "CREATE TABLE things (name TEXT);",
    "ALTER TABLE things ADD COLUMN size INTEGER;\nUPDATE things SET size = length(name);",
    lambda connection: connection.execute("CREATE INDEX things_by_size ON things (size)") and None,
)

NEWER = len(schema.STEPS) + 1


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    yield opened
    opened.close()


@pytest.mark.parametrize("start", range(len(STEPS) + 1))
def test_it_runs_forward_from_every_earlier_version(connection: sqlite3.Connection, start: int) -> None:
    schema.migrate(connection, STEPS[:start])
    if start:
        connection.execute("INSERT INTO things (name) VALUES ('four')")
    schema.migrate(connection, STEPS)
    assert schema.version(connection) == len(STEPS)
    assert [column[1] for column in connection.execute("PRAGMA table_info(things)")] == ["name", "size"]
    assert connection.execute("SELECT count(*) FROM things").fetchone()[0] == (1 if start else 0)


def test_a_step_that_fails_leaves_the_version_before_it_whole(connection: sqlite3.Connection) -> None:
    broken = "CREATE TABLE half (a);\nINSERT INTO nowhere VALUES (1);"
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, (STEPS[0], broken))
    assert schema.version(connection) == 1
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["things"]
    schema.migrate(connection, STEPS)
    assert schema.version(connection) == 3


def test_an_interruption_in_the_middle_of_a_step_undoes_the_step(connection: sqlite3.Connection) -> None:
    def interrupted(inside: sqlite3.Connection) -> None:
        inside.execute("CREATE TABLE half (a)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        schema.migrate(connection, (*STEPS, interrupted))
    assert schema.version(connection) == 3
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone()


def test_a_process_killed_in_the_middle_of_a_step_leaves_the_version_before_it(path: Path, in_child) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
    died = in_child(
        """
import os, signal
from pathlib import Path
from ovtui.store import open_store, schema
def killed(connection):
    connection.execute("DELETE FROM models")
    connection.execute("CREATE TABLE half (data)")
    connection.execute("INSERT INTO half VALUES (randomblob(20000000))")  # more than its memory: some is written
    os.kill(os.getpid(), signal.SIGKILL)
schema.STEPS = (*schema.STEPS, killed)
open_store(Path(sys.argv[1]))
""",
        path,
    )
    assert died.returncode == -9
    with open_store(path) as store:
        assert store.models.all() == [a_model()]
        assert schema.version(store.database.connection) == len(schema.STEPS)


def test_a_step_may_build_a_table_anew_that_others_refer_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
    anew = """
        CREATE TABLE new_families (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, note TEXT);
        INSERT INTO new_families SELECT *, NULL FROM families;
        DROP TABLE families;
        ALTER TABLE new_families RENAME TO families;
    """
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, anew))
    with open_store(path) as store:
        assert store.models.all() == [a_model()]
        assert store.database.rows("PRAGMA foreign_key_check") == []


def test_a_step_must_not_leave_rows_that_refer_to_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, "DELETE FROM families;"))
        with pytest.raises(StoreError, match="without the row it refers to"):
            open_store(path)
    with open_store(path) as store:
        assert store.models.all() == [a_model()]


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
        store.database.connection.execute(f"PRAGMA user_version = {NEWER}")
    for readonly in (False, True):
        with pytest.raises(StoreError) as caught:
            open_store(path, readonly=readonly)
        assert str(caught.value) == (
            f"{path} was written by a newer ovtui (schema {NEWER}; this one knows {len(schema.STEPS)}). "
            "Upgrade ovtui, or set OVTUI_HOME to another folder."
        )
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT count(*) FROM models").fetchone()[0] == 1
    raw.close()


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE theirs (a)")
    raw.close()
    with pytest.raises(StoreError, match="another program's database"):
        open_store(path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["ovtui.db", "ovtui.db.lock"]


def test_processes_that_start_at_once_make_one_database(path: Path, writer) -> None:
    writers = [writer(f"w{n}", 1) for n in range(4)]
    assert [process.wait(30) for process in writers] == [0] * 4
    with open_store(path) as store:
        assert store.notices == []
        assert store.runs.count() == 4


def test_operations_kept_before_bodies_were_are_read() -> None:
    """What came to a record of lists later stands at its end, and may be missing."""
    told = b'["conv","Convolution",[[0,0]],[["f32",[1,8],null]],1000,"strides 2,2"]'
    assert msgspec.json.decode(told, type=Operation).within is None
