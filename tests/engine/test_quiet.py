"""A job phones nobody and its native code writes to no screen."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests import hostile
from tests.conftest import Ovtui


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the place of OpenVINO's telemetry that tells when it is imported; nothing else opts out."""
    package = tmp_path / "canary" / "openvino_telemetry"
    package.mkdir(parents=True)
    sung = tmp_path / "sung"
    (package / "__init__.py").write_text(f"open({str(sung)!r}, 'w').close()\nraise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return sung


def test_the_canary_sings_when_openvino_is_imported_as_it_is(canary: Path) -> None:
    subprocess.run([sys.executable, "-c", "import openvino"], check=True)
    assert canary.exists()


@pytest.mark.parametrize(
    "command",
    [["import"], ["run", "-n", "5"], ["run", "-n", "5", "--api", "python"]],
    ids=["import", "run", "run through Python"],
)
def test_no_job_loads_telemetry_or_starts_a_process_or_opens_a_connection(
    ovtui: Ovtui, canary: Path, mlp: Path, command: list[str]
) -> None:
    with Watch() as watch:
        outcome = ovtui(command[0], mlp, *command[1:])
    assert outcome.code == 0, outcome.err
    assert not canary.exists()
    assert watch.processes == {"ovtui", "ovtui.engine.jobs", "ovtui.engine.device"}
    assert watch.connections == set()
    assert not (canary.parent / "intel").exists()


class Watch:
    """Looks at every process that descends from this one or from a job, as often as it can."""

    def __init__(self) -> None:
        self.processes: set[str] = set()
        self.connections: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._home = os.environ["OVTUI_HOME"]

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            for process in psutil.process_iter():
                try:
                    if process.pid == os.getpid() or process.environ().get("OVTUI_HOME") != self._home:
                        continue
                    line = process.cmdline()
                    modules = [after for before, after in itertools.pairwise(line) if before == "-m"]
                    self.processes.add(modules[0] if modules else " ".join(line))
                    self.connections |= {str(c) for c in process.net_connections("inet")}
                except psutil.Error:
                    continue
            time.sleep(0.005)


def test_what_native_code_writes_goes_to_the_log(ovtui: Ovtui, home: Path, tmp_path: Path) -> None:
    """The TensorFlow frontend complains to stderr while it looks at a graph that is none."""
    path = tmp_path / "graph.pb"
    path.write_bytes(hostile.field(1, b"\xff" * 40) * 3)
    outcome = ovtui("import", path, "--quiet")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("ovtui: ")
