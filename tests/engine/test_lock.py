"""One measurement at a time on a machine, whoever it belongs to."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ovtui.engine import lock
from ovtui.errors import StoreError


@contextlib.contextmanager
def waited(told: list[str]) -> Iterator[None]:
    told.append("waited")
    yield


@contextlib.contextmanager
def held_elsewhere() -> Iterator[subprocess.Popen[str]]:
    """Another process that measures until it is killed."""
    program = (
        "import contextlib, time\nfrom ovtui.engine import lock\n"
        "with lock.measuring('run elsewhere', contextlib.nullcontext()):\n"
        "    print('held', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "held\n"
        yield process
    process.kill()
    process.wait()


def test_a_free_lock_is_had_without_waiting(home: Path) -> None:
    told: list[str] = []
    with lock.measuring("me", waited(told)):
        assert lock.holder() == "me"
    assert told == []
    assert lock.holder() is None


def test_the_lock_of_a_process_that_was_killed_is_free(home: Path) -> None:
    told: list[str] = []
    with held_elsewhere() as other:
        assert lock.holder() == "run elsewhere"
        other.kill()
        begin = time.monotonic()
        with lock.measuring("me", waited(told)):
            assert time.monotonic() - begin < 10


def test_looking_who_holds_it_does_not_keep_others_from_having_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, tries = os.pread, list[str]()

    def while_it_looks(*arguments: int) -> bytes:
        with lock.measuring("another", waited(tries)):
            tries.append("had it")
        return read(*arguments)

    lock.path().touch()
    monkeypatch.setattr(lock.os, "pread", while_it_looks)
    assert lock.holder() is None
    assert tries == ["had it"]


def test_a_line_that_a_killed_holder_left_names_nobody(home: Path) -> None:
    with held_elsewhere() as other:
        line = lock.path().read_text()
        other.kill()
        other.wait()
    assert "run elsewhere" in line
    for left in (line, f"{os.getpid()} 1.0 run of a process that had this number", "", "half a li"):
        lock.path().write_text(left)
        assert lock.holder() is None


def test_a_lock_file_of_somebody_else_can_be_locked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = lock.os.open

    def not_for_writing(path: object, flags: int, *mode: int) -> int:
        if flags & lock.os.O_RDWR and str(path).endswith("lock"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *mode)  # type: ignore[call-overload, no-any-return]

    lock.path().touch()
    monkeypatch.setattr(lock.os, "open", not_for_writing)
    with lock.measuring("me", contextlib.nullcontext()):
        assert lock.holder() is None  # it is held, but the holder could not say by whom


def test_a_link_in_the_place_of_the_lock_is_not_followed(home: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock.path().symlink_to(victim)
    home.mkdir()
    with lock.measuring("me", contextlib.nullcontext()):
        pass
    assert victim.read_text() == "precious"
    assert (home / "measuring.lock").exists()


def test_no_place_for_a_lock_is_said(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVTUI_LOCK", str(tmp_path / "no" / "lock"))
    with pytest.raises(StoreError, match="OVTUI_LOCK"), lock.measuring("me", contextlib.nullcontext()):
        pass
