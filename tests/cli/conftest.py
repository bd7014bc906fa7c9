"""A store that holds a made-up past, for commands that only look."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ovtui.engine import liveness
from ovtui.records import Environment, Job, Model, Profile, Run, Spec
from ovtui.sanitize import is_safe
from ovtui.store import Store, open_store
from tests import profiled
from tests.store.samples import NOW, a_result, a_run, an_effective, an_environment, its_job

Keep = Callable[..., Run]
Past = Callable[..., list[str]]

NEWER = msgspec.structs.replace(an_environment(), openvino="2026.5.0")


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
def past(home: Path) -> Past:
    """The ids of runs that `past(model, 100, 10, 80, 10)` adds: 10 of around 100 FPS, 10 of 80 with newer OpenVINO."""

    def remember(model: Model, *rates_and_runs: int, mode: Any = "throughput") -> list[str]:
        ids: list[str] = []
        with open_store(home / "ovtui.db") as store:
            store.models.save(model)
            for part, (rate, runs) in enumerate(zip(rates_and_runs[::2], rates_and_runs[1::2], strict=True)):
                for _ in range(runs):
                    machine = NEWER if part else an_environment()
                    count = len(ids)
                    ids.append(add(store, model, count, rate * (1 + 0.004 * (count * 7 % 5 - 2)), mode, machine))
        return ids

    return remember


def add(store: Store, model: Model, n: int, rate: float, mode: Any, machine: Environment) -> str:
    run = a_run(
        f"{model.id[:4]}{mode[:2]}{n:04}", model, created=NOW + 3600 * n, spec=Spec(model=model.id, mode=mode)
    )  # fmt: skip
    store.runs.create(run, its_job(run))
    store.runs.set_environment(run.id, machine)
    store.runs.set_effective(run.id, an_effective())
    result = a_result(rate)
    median = result.latency_ms.p50 or 1.0
    latency = msgspec.structs.replace(result.latency_ms, ci95={"p50": (0.99 * median, 1.01 * median)})
    result = msgspec.structs.replace(result, latency_ms=latency)
    store.runs.finish(run.id, "done", finished=run.created + 9, result=result)
    return run.id


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
