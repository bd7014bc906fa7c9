"""Shared by all tests: a data folder of one's own, the command line as a process, and small real models."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import settings

from ovtui.__main__ import main
from tests import nets
from tests.terminal import OVTUI, Terminal

# Laws are tried on the same examples every time, and a busy machine breaks none.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


@dataclass
class Outcome:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        content = json.loads(self.out)
        assert content["schema"] == 1
        return content


Ovtui = Callable[..., Outcome]
T = TypeVar("T")


class PastOf(Protocol):
    """Gives a test a past that was measured once."""

    def __call__(self, name: str, measure: Callable[[], T]) -> T: ...


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh data folder, and a measuring lock of its own so that tests can run side by side."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OVTUI_HOME", str(folder))
    monkeypatch.setenv("OVTUI_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("COLUMNS", "120")
    yield folder
    stop_jobs(folder)


def stop_jobs(folder: Path) -> None:
    """End whatever a test left running."""
    if not (folder / "ovtui.db").exists():
        return
    from ovtui.engine import liveness
    from ovtui.errors import StoreError
    from ovtui.store import open_store

    with contextlib.suppress(StoreError), open_store(folder / "ovtui.db") as store:
        for job in store.jobs.live():
            if job.pid is not None and liveness.alive(job.pid, job.pid_started):
                os.kill(job.pid, 9)


READING = frozenset({"history", "models", "layers", "graph", "export", "label", "delete", "compare"})
"""Commands that start no job, unless they compare interleaved."""


@pytest.fixture
def ovtui(home: Path, tmp_path: Path) -> Ovtui:
    """The command line; `ovtui("run", path, "--json").json["run"]`.

    What starts a job, and what is no command, is a process. What only reads is done here, by the same door: most of a
    process would be its start.
    """

    def call(*arguments: object, timeout: float = 120, **environment: str) -> Outcome:
        if arguments[:1] == ("run",) and "--profile" not in arguments:
            arguments += ("--no-profile",)  # a pass of seconds, which only its own tests need
        words = [str(argument) for argument in arguments]
        if words[:1] and words[0] in READING and "--interleave" not in words:
            outcome = _here(words, environment, tmp_path)
        else:
            outcome = _process(words, environment, tmp_path, timeout)
        assert "Traceback" not in outcome.out + outcome.err, outcome.err
        return outcome

    return call


def _process(words: list[str], environment: dict[str, str], folder: Path, timeout: float) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def _here(words: list[str], environment: dict[str, str], folder: Path) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["ovtui", *words])
        patch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as left:
            main()
    return Outcome(int(left.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def pasts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """Data folders in which something was measured once, for all tests that only read it."""
    return {}


@pytest.fixture
def past_of(home: Path, pasts: dict[str, tuple[Path, Any]], tmp_path_factory: pytest.TempPathFactory) -> PastOf:
    """`past_of("a run", measure)`: what `measure` returned, with what it left in the data folder; a copy of both."""

    def recall(name: str, measure: Callable[[], T]) -> T:
        if name not in pasts:
            found = measure()
            pasts[name] = shutil.copytree(home, tmp_path_factory.mktemp("past") / "home"), found
            return found
        kept, again = pasts[name]
        shutil.copytree(kept, home, dirs_exist_ok=True)
        result: T = copy.deepcopy(again)
        return result

    return recall


@pytest.fixture
def terminal(home: Path) -> Iterator[Callable[..., Terminal]]:
    """`terminal("run", path, TERM="linux")`: ovtui on a pseudo-terminal of 80×24; without arguments, the app."""
    opened: list[Terminal] = []

    def open_one(*arguments: object, **environment: str) -> Terminal:
        opened.append(Terminal((*OVTUI, *map(str, arguments)), **environment))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def net_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nets")


@pytest.fixture(scope="session")
def mlp(net_folder: Path) -> Path:
    """A perceptron of some 20 µs."""
    return nets.mlp(net_folder / "mlp.xml", width=64, layers=3)


@pytest.fixture(scope="session")
def cnn(net_folder: Path) -> Path:
    """A convolutional net of about a millisecond, with a batch dimension."""
    return nets.cnn(net_folder / "cnn.xml", channels=16, size=32, layers=4)


@pytest.fixture(scope="session")
def dynamic(net_folder: Path) -> Path:
    """A convolutional net whose batch, height and width are open."""
    return nets.cnn(net_folder / "dynamic.xml", channels=8, size=-1, layers=2)


@pytest.fixture(scope="session")
def embedding(net_folder: Path) -> Path:
    """Ids and a mask through a table of 50 rows: what a language model begins with."""
    return nets.embedding(net_folder / "embedding.xml", rows=50)
