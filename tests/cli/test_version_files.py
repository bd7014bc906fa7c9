"""`ovtui delete --version-files`: what goes from the disk, what has to stay, and what is said of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ovtui.engine import liveness
from ovtui.records import Candidate, Model, Optimization, Spec
from ovtui.store import open_store
from tests.conftest import Ovtui
from tests.report.optimization_samples import an_optimization, put, whole
from tests.store.samples import a_comparison, a_model, a_run, its_job, its_study_job

DELETE = ("delete", "optimize01", "--version-files", "--yes")


@pytest.fixture
def version(home: Path) -> Model:
    """What optimization optimize01 made; its files are there."""
    folder = home / "versions" / "made000001"
    folder.mkdir(parents=True)
    for ending in ("xml", "bin"):
        (folder / f"net.{ending}").write_bytes(b"x" * 1000)
    study = an_optimization(id="optimize01")
    assert study.version is not None
    made = msgspec.structs.replace(study.version, path=str(folder / "net.xml"))
    with open_store(home / "ovtui.db") as store:
        put(store, whole(msgspec.structs.replace(study, version=made)))
    return made


@pytest.fixture
def living() -> Iterator[int]:
    """The process of a job that goes on."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def kept(home: Path, version: Model) -> bool:
    with open_store(home / "ovtui.db", readonly=True) as store:
        return store.studies.of(Optimization).get("optimize01") is not None and Path(version.path).exists()


def test_files_go_however_the_data_folder_is_spelt(ovtui: Ovtui, home: Path, version: Model) -> None:
    gone = ovtui(*DELETE, "--json", OVTUI_HOME=f"{home}/../{home.name}").json
    assert gone["freed_bytes"] == 2000
    assert not Path(version.path).parent.exists()


def test_where_there_are_none_it_is_said(ovtui: Ovtui, version: Model) -> None:
    for file in Path(version.path).parent.iterdir():
        file.unlink()
    Path(version.path).parent.rmdir()
    assert "there were no files of a version to remove" in ovtui(*DELETE).out


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_being_measured_stays(ovtui: Ovtui, home: Path, version: Model, living: int, place: int) -> None:
    other = a_model("other00001")
    sides = [Candidate(model=model, spec=Spec(model=model.id)) for model in (other, version)]
    study = a_comparison("live000001", sides=tuple(sides[:: 1 if place else -1]))
    job = msgspec.structs.replace(
        its_study_job(study), model=study.sides[0].model.id, pid=living, pid_started=liveness.started(living)
    )
    with open_store(home / "ovtui.db") as store:
        store.models.save(other)
        store.studies.create(study, job)
    refused = ovtui(*DELETE)
    assert (refused.code, "needed by comparison live000001" in refused.err) == (2, True)
    assert kept(home, version)


def test_what_a_queued_run_is_to_measure_stays(ovtui: Ovtui, home: Path, version: Model, living: int) -> None:
    run = a_run("queued0001", version, status="queued")
    with open_store(home / "ovtui.db") as store:
        store.runs.create(run, its_job(run, pid=living, pid_started=liveness.started(living)))
    refused = ovtui(*DELETE)
    assert (refused.code, "needed by run queued0001, which is queued" in refused.err) == (2, True)
    assert kept(home, version)


def test_what_others_were_made_of_stays_until_they_go(ovtui: Ovtui, home: Path, version: Model) -> None:
    made = home / "versions" / "made000002" / "net.xml"
    made.parent.mkdir()
    made.touch()
    child = a_model("child00001", name="net-fp16", path=str(made), parent=version.id, family=version.family)
    with open_store(home / "ovtui.db") as store:
        store.models.save(child)
    refused = ovtui(*DELETE)
    assert (refused.code, "net-fp16 was made of" in refused.err) == (2, True)
    assert kept(home, version)
    made.unlink()
    assert ovtui(*DELETE, "--json").json["freed_bytes"] == 2000
