"""Many write at once, and any of them may be killed: what was said to be kept is there."""

from __future__ import annotations

import random
import time
from pathlib import Path

from ovtui.store import open_store

from .samples import a_histogram, a_result, a_series


def test_four_writers_at_once_lose_nothing(path: Path, writer) -> None:
    writers = [writer(f"w{n}", 50) for n in range(4)]
    said = [process.communicate(timeout=60)[0].split() for process in writers]
    assert [len(ids) for ids in said] == [50] * 4
    with open_store(path) as store:
        assert {run.id for run in store.runs.page(limit=1000)} == {run_id for ids in said for run_id in ids}
        assert {run.status for run in store.runs.page(limit=1000)} == {"done"}
        assert store.notices == []
        assert store.database.row("PRAGMA integrity_check")[0] == "ok"
        assert store.database.rows("PRAGMA foreign_key_check") == []


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_said_was_kept(path: Path, writer) -> None:
    delays = random.Random(20260922)
    said: list[str] = []
    for n in range(25):
        process = writer(f"w{n:02}", 100_000)
        assert process.stdout
        if n % 3:
            said.append(process.stdout.readline().strip())  # it is at work
            time.sleep(delays.uniform(0, 0.08))
        else:
            time.sleep(delays.uniform(0.03, 0.15))  # it starts, opens, or has just begun
        process.kill()
        rest = process.communicate(timeout=30)[0]
        said += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        with open_store(path) as store:
            assert store.notices == []
            assert store.database.row("PRAGMA integrity_check")[0] == "ok"
    assert len(said) > 50
    with open_store(path) as store:
        for run_id in said:
            run = store.runs.get(run_id)
            assert run, f"{run_id} was said to be kept"
            assert (run.status, run.result) == ("done", a_result())
            assert store.runs.series(run_id) == a_series()
            assert store.runs.histogram(run_id) == a_histogram()
        assert store.database.rows("PRAGMA foreign_key_check") == []
