"""A damaged database is kept aside and a new one started; a healthy one is never moved."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ovtui.errors import StoreError
from ovtui.store import damage, open_store

from .samples import a_model, a_run, add_finished


def random_bytes(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def cut_to_a_few_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def header_zeroed(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def all_zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def schema_overwritten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + bytes([0xFF]) * 3_996 + path.read_bytes()[4_096:])


def all_but_the_schema_overwritten(path: Path) -> None:
    """Opening does not notice."""
    raw = sqlite3.connect(path)
    pages = {row[0] for row in raw.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 0")}
    raw.close()
    data = bytearray(path.read_bytes())
    for page in pages:
        data[(page - 1) * 4_096 : page * 4_096] = bytes([0xFF]) * 4_096
    path.write_bytes(data)


SEEN_ON_OPENING = [
    random_bytes, truncated, cut_to_a_few_bytes, header_zeroed, all_zeroed, schema_overwritten
]  # fmt: skip


def made(path: Path, runs: int = 20) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
        for n in range(runs):
            add_finished(store, a_run(f"r{n:09}"))


def kept_aside(path: Path) -> list[Path]:
    """The databases, without their logs."""
    kept = (file for file in path.parent.iterdir() if ".corrupt-" in file.name)
    return sorted(file for file in kept if not file.name.endswith(("-wal", "-shm")))


@pytest.mark.parametrize("spoil", SEEN_ON_OPENING)
@pytest.mark.parametrize("readonly", [False, True])
def test_what_is_damaged_when_opened_is_kept_and_replaced(
    path: Path, spoil: Callable[[Path], None], readonly: bool
) -> None:
    made(path)
    spoil(path)
    damaged = path.read_bytes()
    with open_store(path, readonly=readonly) as store:
        assert store.runs.page() == []
        (kept,) = kept_aside(path)
        assert store.notices == [f"The database {path} was damaged. It is kept as {kept}, and a new one was started."]
    assert kept.read_bytes() == damaged
    with open_store(path) as store:
        assert store.notices == []
        store.models.save(a_model())
    assert kept_aside(path) == [kept]


def test_damage_that_a_query_finds_is_kept_and_replaced(path: Path) -> None:
    made(path)
    all_but_the_schema_overwritten(path)
    with open_store(path, readonly=True) as store:
        assert store.notices == []
        assert store.runs.page() == []
        (kept,) = kept_aside(path)
        assert store.notices == [f"The database {path} was damaged. It is kept as {kept}, and a new one was started."]
        assert store.models.all() == []


def test_damage_that_a_write_finds_is_said_and_the_store_goes_on(path: Path) -> None:
    made(path)
    all_but_the_schema_overwritten(path)
    with open_store(path) as store:
        with pytest.raises(StoreError) as caught:
            store.models.save(a_model())
        (kept,) = kept_aside(path)
        assert str(caught.value) == (
            f"The database {path} was damaged. It is kept as {kept}, and a new one was started. "
            "What was being written is not in it: do it again."
        )
        store.models.save(a_model())
        assert store.models.all() == [a_model()]


def test_what_is_kept_is_never_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(damage.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 9, 22, 12, 30, 45)

    monkeypatch.setattr(damage, "datetime", Stopped)
    for n in range(3):
        made(path, 1)
        path.write_bytes(bytes([n]) * 1_000)
        open_store(path).close()
    stem = "ovtui.db.corrupt-20260922-123045"
    assert [(file.name, file.read_bytes()[0]) for file in kept_aside(path)] == [
        (stem, 0), (f"{stem}-2", 1), (f"{stem}-3", 2)
    ]  # fmt: skip


def test_the_log_goes_with_its_database(path: Path, in_child) -> None:
    died = in_child(
        """
import os, signal
from pathlib import Path
from ovtui.store import open_store
from samples import *
store = open_store(Path(sys.argv[1]))
store.models.save(a_model())
os.kill(os.getpid(), signal.SIGKILL)
""",
        path,
    )
    assert died.returncode == -9
    log = Path(f"{path}-wal").read_bytes()
    assert log
    # A log whose pages are valid hides what is wrong with the file below, so it is spoilt, too.
    Path(f"{path}-wal").write_bytes(b"\xff" * len(log))
    header_zeroed(path)
    with open_store(path) as store:
        store.models.save(a_model())
    (kept,) = kept_aside(path)
    assert Path(f"{kept}-wal").read_bytes() == b"\xff" * len(log)


def test_a_killed_writers_log_is_no_damage(path: Path, in_child) -> None:
    in_child(
        """
import os, signal
from pathlib import Path
from ovtui.store import open_store
from samples import *
store = open_store(Path(sys.argv[1]))
store.models.save(a_model())
os.kill(os.getpid(), signal.SIGKILL)
""",
        path,
    )
    with open_store(path) as store:
        assert store.models.all() == [a_model()]
        assert store.notices == []


def test_a_healthy_database_is_not_moved_whatever_a_query_said(path: Path) -> None:
    made(path)
    with open_store(path) as store:
        said = store.database._replace(sqlite3.DatabaseError("database disk image is malformed"))
        assert said is None
        assert store.runs.count() == 20
    assert kept_aside(path) == []


def test_a_store_goes_over_to_the_file_that_took_the_place_of_its_own(path: Path) -> None:
    made(path)
    with open_store(path) as old:
        assert old.runs.count() == 20
        all_but_the_schema_overwritten(path)
        with open_store(path) as finder:
            assert finder.runs.page() == []
            assert len(finder.notices) == 1
            assert old.runs.count() == 0
            old.models.save(a_model())
            add_finished(old, a_run())
            assert [run.id for run in finder.runs.page()] == ["r0run00000"]
        assert old.notices == []
    with open_store(path) as store:
        assert store.runs.count() == 1
        assert store.database.row("PRAGMA integrity_check")[0] == "ok"
    assert len(kept_aside(path)) == 1


def test_closing_a_database_that_was_moved_leaves_the_new_ones_log_alone(path: Path) -> None:
    made(path)
    old = open_store(path)
    assert old.runs.count() == 20
    header_zeroed(path)
    with open_store(path) as new:
        new.models.save(a_model())
        log = Path(f"{path}-wal")
        inode, size = log.stat().st_ino, log.stat().st_size
        old.close()
        assert (log.stat().st_ino, log.stat().st_size) == (inode, size)
        assert new.models.all() == [a_model()]


@pytest.mark.parametrize("spoil", [header_zeroed, truncated, all_but_the_schema_overwritten])
def test_processes_that_notice_at_once_keep_one_and_start_one(
    path: Path, spoil: Callable[[Path], None], writer
) -> None:
    made(path)
    spoil(path)
    writers = [writer(f"w{n}", 5) for n in range(4)]
    said = {process: process.communicate(timeout=30)[0].split() for process in writers}
    assert len(kept_aside(path)) == 1
    with open_store(path) as store:
        ids = {run.id for run in store.runs.page(limit=100)}
        assert ids >= {run_id for process in writers if process.returncode == 0 for run_id in said[process]}
        assert len([run_id for run_id in ids if run_id.startswith("w")]) == len(ids)
        assert store.database.row("PRAGMA integrity_check")[0] == "ok"
    if spoil is not all_but_the_schema_overwritten:
        assert [process.returncode for process in writers] == [0] * 4
        assert len(ids) == 20


def test_damage_where_nothing_can_be_moved_is_said(path: Path, in_child, read_only) -> None:
    made(path)
    header_zeroed(path)
    done = in_child(
        """
from pathlib import Path
from ovtui.errors import StoreError
from ovtui.store import open_store
try:
    open_store(Path(sys.argv[1]), readonly=True)
except StoreError as error:
    print(error)
""",
        path,
        before=read_only(path.parent),
    )
    assert done.stdout == (
        f"The database {path} is damaged (file is not a database): move it away to start a new one.\n"
    ), done.stderr


def test_whatever_bytes_are_wrong_what_is_said_is_a_sentence(path: Path) -> None:
    made(path, 30)
    whole = path.read_bytes()
    chance = random.Random(5)
    for _ in range(150):
        spoilt = bytearray(whole)
        for _ in range(chance.choice([1, 5, 50, 2_000])):
            spoilt[chance.randrange(chance.choice([len(spoilt), 8_192]))] = chance.randrange(256)
        for file in path.parent.iterdir():
            file.unlink()
        path.write_bytes(spoilt)
        with contextlib.suppress(StoreError), open_store(path) as store:
            for act in (store.runs.page, store.runs.whole, store.models.all, lambda: store.models.save(a_model())):
                try:
                    act()
                except StoreError as error:
                    assert "\n" not in str(error)
                    assert len(str(error)) < 800
