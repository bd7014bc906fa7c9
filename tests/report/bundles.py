"""Registered models and their made-up runs, bundles of them unpacked, and what their programs print."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from click.testing import CliRunner

from ovtui.cli.commands.export import command
from ovtui.engine import formats
from ovtui.engine.device.properties import properties
from ovtui.engine.device.read import inspected
from ovtui.engine.formats import files
from ovtui.errors import InputError
from ovtui.records import Effective, Model, Run, Spec
from ovtui.report.bundle import pack
from ovtui.report.bundle.plan import Plan
from ovtui.store import Store
from tests.store.samples import NOW, a_result, a_run, an_effective, an_environment, its_job


def a_record(path: Path, model_id: str = "model00000") -> Model:
    """A model as an import registers it."""
    found = formats.check(path)
    facts, _ = inspected(path)
    sha256, kept = files.digest(found.files)
    return Model(
        id=model_id, name=path.stem, path=str(path), format=found.format, sha256=sha256,
        bytes=sum(each.bytes for each in kept), files=kept, created=NOW, family=model_id, **facts,
    )  # fmt: skip


def a_measured(model: Model, run_id: str = "run0000001", *, fps: float = 100.0, p50: float = 10.0, **spec: Any) -> Run:
    """A run that has ended well, of that spec."""
    asked = Spec(model=model.id, **spec)
    result = a_result(fps)
    return a_run(
        run_id, model, spec=asked, status="done", effective=an_effective_of(model, asked),
        environment=an_environment(), finished=NOW + 12,
        result=msgspec.structs.replace(result, latency_ms=msgspec.structs.replace(result.latency_ms, p50=p50)),
    )  # fmt: skip


def an_effective_of(model: Model, spec: Spec) -> Effective:
    batch = spec.batch or 1
    return msgspec.structs.replace(
        an_effective(), batch=batch, requests=spec.requests or (1 if spec.mode == "latency" else 2), layouts={},
        shapes={port.name: (batch, *port.shape[1:]) if port.shape else () for port in model.inputs},
        properties=properties(spec),
    )  # fmt: skip


def keep(store: Store, *runs: Run) -> None:
    for run in runs:
        store.models.save(run.model)
        store.runs.put(run, its_job(run))


class Exported(NamedTuple):
    """What the command said, and what it refused."""

    said: str
    refused: str | None


def export(*arguments: object) -> Exported:
    """The command, in this process."""
    result = CliRunner().invoke(command, [*map(str, arguments)])
    error = result.exception
    if error is not None and not isinstance(error, (InputError, SystemExit)):
        raise error
    if result.exit_code and not isinstance(error, InputError):
        return Exported("", result.stderr)
    return Exported(result.stderr, None if error is None else str(error))


def packed(told: Plan, folder: Path) -> Path:
    """The unpacked bundle of a plan."""
    path = folder / "bundle.tar.gz"
    pack(path, told)
    return unpacked(path, folder / "out")


def taken(folder: Path, *arguments: object) -> tuple[Path, str]:
    """The unpacked bundle that the command makes of `arguments`, and what it said."""
    path = folder / "bundle.tar.gz"
    done = export(*arguments, "-o", path, "--bundle")
    assert done.refused is None, done.refused
    return unpacked(path, folder / "out"), done.said


def unpacked(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    return root


def spec_of(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "spec.json").read_text())
    assert found["schema"] == 1
    return found


def told(text: str) -> dict[str, float]:
    """The figures a program printed."""
    titles = "requests|inferences|inferences/s|throughput|latency p50"
    return {found[1]: float(found[2]) for found in re.finditer(rf"^({titles}) +([\d.e+-]+)", text, re.MULTILINE)}


def ran(root: Path) -> dict[str, float]:
    """What infer.py prints, started from elsewhere."""
    done = subprocess.run(
        [sys.executable, root / "infer.py", "--seconds", "0.1"],
        capture_output=True, text=True, check=False, cwd="/", timeout=40,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return told(done.stdout)


def commands(readme: str, word: str) -> str:
    """The shell block of a README that holds `word`."""
    blocks: Iterator[str] = (found[1] for found in re.finditer(r"```sh\n(.*?)\n```", readme, re.DOTALL))
    return next(block for block in blocks if word in block)
