"""Files made to break readers, through the real import job: each ends with a sentence, none takes ovtui with it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from ovtui.engine import client, tasks
from ovtui.engine.device_process import DeviceProcess
from ovtui.engine.events import Ended
from ovtui.errors import OvtuiError
from tests import hostile, nets
from tests.conftest import Ovtui

CHUNKS, CHUNK, EACH_TIME = 18, 30, 2
LIMIT_S = 40


def printable(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.fixture(scope="session")
def seeds(net_folder: Path) -> list[Path]:
    """What is mutated: IRs with and without weights, and real ONNX files."""
    light = Path(onnx.__file__).parent / "backend/test/data/light"
    return [
        nets.cnn(net_folder / "seed_cnn.xml", channels=4, size=16, layers=2),
        nets.embedding(net_folder / "seed_embedding.xml", rows=20),
        light / "light_squeezenet.onnx",
        light / "light_shufflenet.onnx",
    ]


@pytest.mark.parametrize(
    "chunk", [pytest.param(n, marks=pytest.mark.nightly if n >= EACH_TIME else ()) for n in range(CHUNKS)]
)
def test_mutated_models_end_with_a_model_or_a_sentence(
    chunk: int, seeds: list[Path], tmp_path: Path, home: Path
) -> None:
    files = []
    for i, (label, content) in enumerate(hostile.mutations(seeds, CHUNK, seed=chunk)):
        folder = tmp_path / str(i)
        folder.mkdir()
        files.append((label, hostile.write(content, folder)))

    async def ended(path: Path) -> Ended:
        return await (await client.start_import(path, limit_s=LIMIT_S)).result()

    async def everything() -> list[tuple[str, Ended]]:
        ends: list[tuple[str, Ended]] = []
        for label, path in files:
            ends.append((label, await asyncio.wait_for(ended(path), LIMIT_S + 60)))
        return ends

    for label, end in asyncio.run(everything()):
        assert end.status in ("done", "failed"), (label, end)
        if end.status == "done":
            assert end.model, label
            continue
        assert end.error, label
        assert end.error.isprintable(), (label, end.error)
        assert len(end.error) < 2000, label
        assert "Unexpected" not in end.error, (label, end.error)
        assert "Traceback" not in end.error, label
    with sqlite3.connect(home / "ovtui.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')").fetchone() == (0,)


@pytest.mark.parametrize("build", hostile.BUILDERS, ids=lambda build: build.__name__)
def test_a_hostile_file_is_refused_with_one_sentence(
    ovtui: Ovtui, tmp_path: Path, build: Callable[[Path], Path]
) -> None:
    begin = time.monotonic()
    outcome = ovtui("import", build(tmp_path), "--quiet")
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert printable(outcome.err)
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("build", hostile.CRASHES, ids=lambda build: build.__name__)
def test_a_model_that_kills_openvino_ends_its_run_with_a_sentence(
    ovtui: Ovtui, tmp_path: Path, build: Callable[[Path], Path]
) -> None:
    outcome = ovtui("run", build(tmp_path), "-n", "5", "--quiet")
    assert outcome.code == 1
    assert "crashed while compiling this model: SIGFPE" in outcome.err
    assert ovtui("history", "--json").json["runs"][0]["status"] == "failed"


def test_a_file_that_takes_too_long_is_stopped(ovtui: Ovtui, seeds: list[Path]) -> None:
    outcome = ovtui("import", seeds[-1], "--timeout", "0.1", "--quiet")
    assert outcome.code == 1
    assert "was stopped" in outcome.err
    assert "--timeout" in outcome.err


def test_a_process_that_eats_memory_is_stopped(tmp_path: Path, cnn: Path) -> None:
    task = tasks.InspectTask(path=str(cnn))
    device = DeviceProcess(task, tmp_path / "log", memory_limit=10 << 20)
    with pytest.raises(OvtuiError, match="GB of memory"):
        for _ in range(600):
            device.hear(0.05)
    device.end()


@pytest.mark.parametrize("index", range(len(hostile.NAMES)))
def test_names_from_files_never_command_the_terminal(ovtui: Ovtui, tmp_path: Path, index: int) -> None:
    model = hostile.hostile_name(tmp_path, index)
    for command in (["import", model], ["run", model, "-n", "5"], ["models"], ["history"]):
        outcome = ovtui(*command)
        assert outcome.code == 0, outcome.err
        assert printable(outcome.out + outcome.err)


def test_the_name_of_a_file_or_label_never_commands_the_terminal(ovtui: Ovtui, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\u202e.xml"
    path.write_text(hostile.relu())
    for command in (["run", path, "-n", "5", "--label", "\x1b]0;x\x07"], ["models"], ["history"], ["attach", "last"]):
        outcome = ovtui(*command)
        assert outcome.code == 0, outcome.err
        assert printable(outcome.out + outcome.err)


def test_python_beside_a_model_is_never_run(ovtui: Ovtui, tmp_path: Path) -> None:
    """Python looks for modules in the working folder; a model's folder may hold anything."""
    path = nets.mlp(tmp_path / "net.xml", width=8, layers=1)
    for name in ("numpy", "psutil", "msgspec", "json", "openvino", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("import pathlib; pathlib.Path('ran').touch(); raise SystemExit(77)")
    import os
    import subprocess
    import sys

    program = str(Path(sys.executable).with_name("ovtui"))
    done = subprocess.run(
        [program, "run", path, "-n", "5"], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()
