"""A store in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ovtui.store import Store, open_store

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).with_name("samples.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ovtui.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


@pytest.fixture
def in_child() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python text in another process; `before` is a command line that it runs under."""

    def run(text: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        script = f"import sys\nsys.path.insert(0, {str(SAMPLES.parent)!r})\n{text}"
        return subprocess.run(
            [*before, sys.executable, "-c", script, *map(str, arguments)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def writer(path: Path) -> Iterator[Callable[[str, int], subprocess.Popen[str]]]:
    """Starts processes that add runs and print the id of each when it is kept."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, count: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SAMPLES), str(path), f"m{name}", name, str(count)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def read_only(tmp_path: Path) -> Callable[[Path], tuple[str, ...]]:
    """The command under which a folder cannot be written. Only a mount stops root."""

    def command(folder: Path) -> tuple[str, ...]:
        if os.geteuid() != 0:
            return ("sh", "-c", f'chmod 500 "{folder}"; "$@"; status=$?; chmod 700 "{folder}"; exit $status', "sh")
        if not shutil.which("unshare"):
            pytest.skip("root may write everywhere, and there is no unshare to mount the folder read-only")
        mount = f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}" && exec "$@"'
        under = ("unshare", "--mount", "sh", "-c", mount, "sh")
        if subprocess.run([*under, "true"], capture_output=True, check=False).returncode:
            pytest.skip("root may write everywhere, and may not mount the folder read-only here")
        return under

    return command
