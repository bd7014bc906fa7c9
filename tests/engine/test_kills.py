"""Killed whenever: the database is whole, finished runs are there, the killed one is marked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import psutil
import pytest

from ovtui.engine import client
from ovtui.engine.events import PhaseBegan
from ovtui.engine.folder import EventReader
from ovtui.engine.reconcile import reconcile
from ovtui.records import Model, Spec, Stop
from ovtui.store import open_store

CHUNKS, KILLS = 6, 9  # 54 in all


def register(path: Path) -> Model:
    async def run() -> str:
        ended = await (await client.start_import(path)).result()
        assert ended.model
        return ended.model

    model_id = asyncio.run(run())
    with open_store() as store:
        model = store.models.get(model_id)
    assert model
    return model


def start(model: Model) -> tuple[str, int]:
    """A run of a few tenths of a second; its id and process."""
    spec = Spec(model=model.id, stop=Stop(kind="seconds", seconds=0.3), profile=False)
    job = asyncio.run(client.start_run(model, spec))
    with open_store() as store:
        row = store.jobs.get(job.id)
    assert row
    assert row.pid
    return job.id, row.pid


def until_saving(run: str, seconds: float) -> None:
    """Until the run writes its result."""
    reader = EventReader(client.attach(run).folder)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(isinstance(event, PhaseBegan) and event.phase.name == "saving" for event in reader.read()):
            return
        time.sleep(0.0005)


def kill(pid: int, *, device: bool) -> None:
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        children = psutil.Process(pid).children()
        os.kill(children[0].pid if device and children else pid, signal.SIGKILL)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_kills_at_random_moments_lose_nothing(chunk: int, mlp: Path, home: Path) -> None:
    chance = random.Random(chunk)
    model = register(mlp)
    finished: set[str] = set()
    for number in range(KILLS):
        run, pid = start(model)
        if number % 3 == 0:
            until_saving(run, 10)
            time.sleep(chance.random() * 0.02)
        else:
            time.sleep(chance.random() * 1.5)
        kill(pid, device=number % 3 == 2)
        with contextlib.suppress(psutil.Error, psutil.TimeoutExpired):
            psutil.Process(pid).wait(20)
        with sqlite3.connect(home / "ovtui.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with open_store() as store:
            reconcile(store)
            record = store.runs.get(run)
            assert record is not None
            assert record.status in ("interrupted", "done")
            assert record.error if record.status == "interrupted" else record.result
            if record.status == "done":
                finished.add(run)
            assert store.jobs.live() == []
            for earlier in finished:
                kept = store.runs.get(earlier)
                assert kept is not None
                assert kept.result is not None
                assert kept.status == "done"
    run, _ = start(model)
    assert asyncio.run(client.attach(run).result()).status == "done"
