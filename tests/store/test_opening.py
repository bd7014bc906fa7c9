"""Where the database may be, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ovtui.errors import StoreError
from ovtui.store import Store, faults, open_store
from ovtui.store.schema import STEPS

from .samples import a_model, a_run, add_finished, its_job


def test_folder_and_files_are_the_owners_alone(path: Path, store: Store) -> None:
    store.models.save(a_model())
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in path.parent.iterdir()} == {
        "ovtui.db", "ovtui.db-wal", "ovtui.db-shm", "ovtui.db.lock"
    }  # fmt: skip
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_what_is_committed_is_on_the_disk(store: Store) -> None:
    assert store.database.row("PRAGMA journal_mode")[0] == "wal"
    assert store.database.row("PRAGMA synchronous")[0] == 2
    assert store.database.row("PRAGMA foreign_keys")[0] == 1
    assert store.database.row("PRAGMA busy_timeout")[0] == 10_000


def test_the_data_folder_is_where_ovtui_home_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVTUI_HOME", str(tmp_path / "a b%20?#é"))
    with open_store() as store:
        store.models.save(a_model())
    assert (tmp_path / "a b%20?#é" / "ovtui.db").stat().st_size


def test_for_reading_nothing_is_made_and_there_is_nothing(path: Path) -> None:
    with open_store(path, readonly=True) as store:
        assert store.runs.page() == []
        assert store.models.all() == []
        assert store.jobs.live() == []
        with pytest.raises(StoreError, match="reading only"):
            store.models.save(a_model())
    assert not path.parent.exists()


def test_a_reader_sees_the_database_that_is_made_later(path: Path) -> None:
    with open_store(path, readonly=True) as reader, open_store(path) as store:
        store.models.save(a_model())
        assert reader.models.all() == [a_model()]


def test_an_empty_file_is_a_fresh_database(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with open_store(path) as store:
        store.models.save(a_model())
        assert store.notices == []


def test_a_database_deleted_under_an_open_store_is_made_anew(path: Path, store: Store) -> None:
    store.models.save(a_model())
    path.unlink()  # and not its log
    assert store.models.all() == []
    store.models.save(a_model("m1model000"))
    with open_store(path) as other:
        assert other.models.all() == store.models.all() == [a_model("m1model000")]
        assert other.database.row("PRAGMA integrity_check")[0] == "ok"


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)
    for readonly in (False, True):
        with pytest.raises(StoreError, match="is a folder, but the database belongs there"):
            open_store(path, readonly=readonly)


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("folder", ["home", "home/below"])
def test_a_file_in_place_of_the_data_folder_is_no_empty_store(tmp_path: Path, folder: str, readonly: bool) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match=rf"{folder} is not a folder, and cannot become one: set OVTUI_HOME"):
        open_store(tmp_path / folder / "ovtui.db", readonly=readonly)


READ_AND_TRY_TO_WRITE = """
from pathlib import Path
from ovtui.errors import StoreError
from ovtui.store import open_store
from samples import a_model
for readonly in (True, False):
    with open_store(Path(sys.argv[1]), readonly=readonly) as store:
        print(store.runs.count(), *store.notices)
        try:
            store.models.save(a_model())
        except StoreError as error:
            print(error)
"""


def test_a_read_only_folder_can_be_read(path: Path, in_child, read_only) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
        add_finished(store, a_run())
    done = in_child(READ_AND_TRY_TO_WRITE, path, before=read_only(path.parent))
    count, refused, count_again, refused_again = done.stdout.splitlines()
    assert (count, count_again) == ("1", "1"), done.stderr
    assert refused == f"The database {path} was opened for reading only."
    assert refused_again.startswith(f"Cannot write to the data folder {path.parent}: ")
    assert "OVTUI_HOME" in refused_again


def test_a_read_only_folder_where_a_writer_was_cut_off_can_be_read(path: Path, in_child, read_only) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
    in_child(
        """
import os, signal
from pathlib import Path
from ovtui.store import open_store
from samples import *
store = open_store(Path(sys.argv[1]))
add_finished(store, a_run())
os.kill(os.getpid(), signal.SIGKILL)
""",
        path,
    )
    assert Path(f"{path}-wal").stat().st_size
    done = in_child(READ_AND_TRY_TO_WRITE, path, before=read_only(path.parent))
    count = done.stdout.splitlines()[0]
    assert count.startswith("1") or "What was written last cannot be read" in count, done.stderr


def test_a_folder_that_cannot_be_made_is_an_empty_store_for_reading(tmp_path: Path, in_child, read_only) -> None:
    path = tmp_path / "not made" / "ovtui.db"
    done = in_child(READ_AND_TRY_TO_WRITE, path, before=read_only(tmp_path))
    count, _, count_again, refused = done.stdout.splitlines()
    assert (count, count_again) == ("0", "0"), done.stderr
    assert refused.startswith(f"Cannot write to the data folder {path.parent}: ")
    assert "OVTUI_HOME" in refused


def test_an_older_schema_in_a_read_only_folder_is_said(path: Path, in_child, read_only) -> None:
    open_store(path).close()
    done = in_child(
        """
from pathlib import Path
from ovtui.errors import StoreError
from ovtui.store import open_store, schema
schema.STEPS = (*schema.STEPS, "CREATE TABLE another (a);")
try:
    open_store(Path(sys.argv[1]), readonly=True)
except StoreError as error:
    print(error)
""",
        path,
        before=read_only(path.parent),
    )
    said = f"was written by an older ovtui (schema {len(STEPS)}; this one needs {len(STEPS) + 1})"
    assert said in done.stdout, done.stderr


def test_a_full_disk_is_said_and_what_was_there_stays(path: Path, store: Store) -> None:
    store.models.save(a_model())
    add_finished(store, a_run())
    pages = store.database.row("PRAGMA page_count")[0]
    store.database.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError) as caught:
        store.runs.create(run := a_run("r1run00000", label="x" * 100_000), its_job(run))
    assert str(caught.value) == (
        f"The disk that holds {path.parent} is full: make room, or set OVTUI_HOME to another folder."
    )
    assert [run.id for run in store.runs.page()] == ["r0run00000"]
    assert [job.id for job in store.jobs.live()] == []


def test_after_room_was_made_the_same_store_goes_on(store: Store) -> None:
    store.models.save(a_model())
    store.database.connection.execute("PRAGMA max_page_count = 1")  # SQLite takes what is used for the least
    with pytest.raises(StoreError, match="is full"):
        store.runs.create(run := a_run(label="x" * 100_000), its_job(run))
    store.database.connection.execute("PRAGMA max_page_count = 100000")
    add_finished(store, a_run())
    assert store.runs.count() == 1


def test_a_limit_on_the_size_of_files_is_said(path: Path, in_child) -> None:
    with open_store(path) as store:
        store.models.save(a_model())
    done = in_child(
        """
import resource
from pathlib import Path
from ovtui.errors import StoreError
from ovtui.store import open_store
from samples import *
with open_store(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    try:
        for n in range(100):
            add_finished(store, a_run(f"r{n:09}", label="x" * 20_000))
            print(f"r{n:09}")
    except StoreError as error:
        print(error)
""",
        path,
    )
    *kept, said = done.stdout.splitlines()
    assert "disk I/O error" in said and "OVTUI_HOME" in said, done.stderr
    assert "\n" not in said
    with open_store(path) as store:
        assert {run.id for run in store.runs.page(limit=200)} >= set(kept)
        assert store.database.row("PRAGMA integrity_check")[0] == "ok"


def test_a_real_full_disk(tmp_path: Path, in_child) -> None:
    mount = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "$@"'
    done = in_child(
        """
from pathlib import Path
from ovtui.errors import StoreError
from ovtui.store import open_store
from samples import *
folder = Path(sys.argv[1])
path = folder / "home" / "ovtui.db"
print("mounted")
with open_store(path) as store:
    store.models.save(a_model())
    add_finished(store, a_run())
with open(folder / "ballast", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
with open_store(path) as store:
    print(store.runs.count())
    try:
        add_finished(store, a_run("r1run00000", label="x" * 100_000))
    except StoreError as error:
        print(error)
    print(store.runs.count())
    (folder / "ballast").unlink()
    add_finished(store, a_run("r2run00000"))
    print(store.runs.count())
""",
        tmp_path,
        before=("unshare", "--mount", "sh", "-c", mount, "sh"),
    )
    if "mounted" not in done.stdout:
        pytest.skip("a small disk cannot be mounted here")
    assert done.stdout.splitlines() == [
        "mounted",
        "1",
        f"The disk that holds {tmp_path / 'home'} is full: make room, or set OVTUI_HOME to another folder.",
        "1",
        "2",
    ], done.stderr


def test_a_database_that_another_one_keeps_busy_is_said(path: Path, store: Store) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.database.connection.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(StoreError, match=r"Another ovtui has kept .* busy for 10 s\. Try again\."):
        store.models.save(a_model())
    assert store.models.all() == []  # a reader does not wait for a writer
    other.close()
    store.models.save(a_model())


def test_an_opening_that_takes_too_long_elsewhere_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path.parent.mkdir()
    with path.with_name("ovtui.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(faults, "BUSY_S", 0.0)
        with pytest.raises(StoreError, match="Another ovtui has kept"):
            open_store(path)


def test_opening_needs_none_of_the_heavy_modules(in_child) -> None:
    done = in_child("import ovtui.store\nprint(*sys.modules)")
    heavy = {"numpy", "asyncio", "psutil", "platformdirs", "openvino", "tempfile", "urllib.request"}
    assert not heavy & set(done.stdout.split()), done.stderr
