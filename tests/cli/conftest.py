"""A store that holds a made-up past, for commands that only look."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ovtui.engine import liveness
from ovtui.records import Job, Model, Profile, Run
from ovtui.store import open_store
from ovtui.text import is_safe
from tests import profiled
from tests.store.samples import NOW, a_run

Keep = Callable[..., Run]


@pytest.fixture
def keep(home: Path) -> Keep:
    """`keep(profile, "run0000001", model, label=…)` adds a finished run."""

    def add(profile: Profile | None, *arguments: Any, **options: Any) -> Run:
        with open_store(home / "ovtui.db") as store:
            return profiled.add(store, profile, *arguments, **options)

    return add


@pytest.fixture
def mixnet(keep: Keep) -> Run:
    return keep(profiled.mixnet())


@pytest.fixture
def going_on(home: Path) -> Iterator[str]:
    """A run whose process lives."""
    process = subprocess.Popen(["sleep", "60"])
    model: Model = profiled.MIXNET
    job = Job(
        id="live000001", kind="run", status="running", folder="", created=NOW, pid=process.pid,
        pid_started=liveness.started(process.pid), model=model.id,
    )  # fmt: skip
    with open_store(home / "ovtui.db") as store:
        store.models.save(model)
        store.runs.create(a_run(job.id, model, status="running"), job)
    yield job.id
    process.kill()
    process.wait()


def assert_safe(text: str) -> None:
    """Nothing in it commands a terminal or turns the line around."""
    assert [c for c in text if c != "\n" and not is_safe(c)] == []
