"""Jobs outlive what started them, queue for the machine, are followed from anywhere, and leave nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import nets
from tests.conftest import Ovtui


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for something that another process does; what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


@pytest.fixture
def detached(ovtui: Ovtui, mlp: Path) -> Callable[..., str]:
    """Start a run that goes on by itself; its id."""

    def start(*arguments: str) -> str:
        return ovtui("run", mlp, "-t", "600", "--detach", "--json", *arguments).json["run"]["id"]

    return start


@pytest.fixture
def status(ovtui: Ovtui) -> Callable[[str], dict[str, Any]]:
    def read(run: str) -> dict[str, Any]:
        return next(r for r in ovtui("history", "--json").json["runs"] if r["id"] == run)

    return read


def processes(run: str) -> list[psutil.Process]:
    """The job's process and its device process."""
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] and process.info["cmdline"][-1] == run:
            return [process, *process.children()]
    return []


def events(home: Path, run: str) -> list[dict[str, Any]]:
    path = home / "jobs" / run / "events.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def measuring(home: Path, run: str) -> bool:
    return any(e["event"] == "window" and e.get("result") for e in events(home, run))


def whole(home: Path) -> None:
    with sqlite3.connect(home / "ovtui.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_detached_run_says_what_it_waits_for(ovtui: Ovtui, detached: Callable[..., str], mlp: Path) -> None:
    first = detached()
    second = ovtui("run", mlp, "-n", "5", "--detach")
    assert f"queued behind run {first}" in second.err
    ovtui("cancel", second.out.strip())


def test_a_job_has_a_session_of_its_own(detached: Callable[..., str], home: Path) -> None:
    run = detached()
    job = until(lambda: processes(run))[0]
    assert os.getsid(job.pid) == job.pid
    assert job.terminal() is None


def test_a_run_goes_on_when_what_started_it_is_killed(mlp: Path, home: Path, status: Callable[..., Any]) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "run", mlp, "-t", "3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    run = until(
        lambda: next(
            (p.name for p in (home / "jobs").glob("*") if events(home, p.name) and measuring(home, p.name)), None
        )
    )
    starter.kill()
    starter.wait()
    until(lambda: status(run)["status"] == "done")
    assert status(run)["result"]["measured_s"] == pytest.approx(3, abs=0.2)


def test_attach_follows_a_run_to_its_end(ovtui: Ovtui, mlp: Path, home: Path) -> None:
    run = ovtui("run", mlp, "-t", "2", "--detach", "--json").json["run"]["id"]
    outcome = ovtui("attach", "--json")
    assert outcome.code == 0
    assert outcome.json["run"]["id"] == run
    assert outcome.json["run"]["status"] == "done"


def test_attach_to_a_run_that_has_ended_prints_it(ovtui: Ovtui, mlp: Path) -> None:
    run = ovtui("run", mlp, "-n", "5", "--json").json["run"]["id"]
    assert ovtui("attach", run[:5]).out.count("\n  throughput") == 1


def test_attach_with_nothing_to_watch_says_so(ovtui: Ovtui) -> None:
    outcome = ovtui("attach")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Nothing is being measured" in outcome.err


def test_cancel_ends_a_run_and_keeps_what_it_measured(
    ovtui: Ovtui, detached: Callable[..., str], home: Path, status: Callable[..., Any]
) -> None:
    run = detached()
    until(lambda: measuring(home, run))
    started = until(lambda: processes(run))
    ended = ovtui("cancel", run, "--json").json["run"]
    assert ended["status"] == "cancelled"
    assert ended["result"]["inferences"] > 0
    assert not any(process.is_running() and process.status() != "zombie" for process in started)
    assert ovtui("export", run, "-o", home / "x.json").code == 0
    assert json.loads((home / "x.json").read_text())["run"]["series"]["t_s"]


def test_a_follower_of_a_cancelled_run_exits_with_3(ovtui: Ovtui, detached: Callable[..., str], home: Path) -> None:
    run = detached()
    follower = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "attach", run], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until(lambda: measuring(home, run))
    ovtui("cancel", run)
    assert follower.wait(30) == 3


def test_cancelling_what_is_over_is_refused(ovtui: Ovtui, mlp: Path) -> None:
    run = ovtui("run", mlp, "-n", "5", "--json").json["run"]["id"]
    outcome = ovtui("cancel", run)
    assert outcome.code == 2
    assert "it is done" in outcome.err


def test_control_c_ends_a_run_and_prints_what_it_measured(mlp: Path, home: Path, status: Callable[..., Any]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "run", mlp, "-t", "600", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    run = until(lambda: next((p.name for p in (home / "jobs").glob("*") if measuring(home, p.name)), None))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["run"]["status"] == "cancelled"
    assert status(run)["result"]["inferences"] > 0


def test_control_c_of_a_follower_leaves_the_run(
    detached: Callable[..., str], home: Path, status: Callable[..., Any]
) -> None:
    run = detached()
    follower = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "attach", run], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert follower.stderr is not None
    with follower.stderr:
        follower.stderr.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 130
    assert status(run)["status"] in ("running", "queued")


def test_a_second_measurement_queues_and_says_behind_what(
    ovtui: Ovtui, detached: Callable[..., str], home: Path, status: Callable[..., Any]
) -> None:
    first = detached()
    until(lambda: status(first)["status"] == "running")
    second = detached()
    queued = until(lambda: next((e for e in events(home, second) if e["event"] == "queued"), None))
    assert first in queued["behind"]
    assert status(second)["status"] == "queued"
    ovtui("cancel", first)
    until(lambda: status(second)["status"] == "running")


def test_a_queued_run_can_be_cancelled(ovtui: Ovtui, detached: Callable[..., str], status: Callable[..., Any]) -> None:
    first = detached()
    until(lambda: status(first)["status"] == "running")
    second = detached()
    assert ovtui("cancel", second, "--json").json["run"]["status"] == "cancelled"
    assert status(first)["status"] == "running"


@pytest.mark.parametrize("which", [0, 1], ids=["job", "device"])
def test_a_killed_run_is_interrupted_and_keeps_its_series(
    ovtui: Ovtui, detached: Callable[..., str], home: Path, status: Callable[..., Any], which: int
) -> None:
    run = detached()
    until(lambda: measuring(home, run))
    found = processes(run)
    found[which].kill()
    ended = until(lambda: (r := status(run))["status"] != "running" and r)
    assert ended["status"] == "interrupted"
    assert ended["result"]["inferences"] > 0
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in found))
    whole(home)
    assert ovtui("attach", run).code == 130


def test_the_machine_is_free_again_after_a_kill(
    ovtui: Ovtui, detached: Callable[..., str], mlp: Path, home: Path
) -> None:
    run = detached()
    until(lambda: measuring(home, run))
    processes(run)[0].kill()
    assert ovtui("run", mlp, "-n", "5", "--json").json["run"]["status"] == "done"


def test_viewers_at_low_priority_do_not_need_the_writer(detached: Callable[..., str], home: Path, ovtui: Ovtui) -> None:
    """Replaying the file shows the run again: every line is a whole event, from queued or started to ended."""
    run = detached()
    until(lambda: measuring(home, run))
    ovtui("cancel", run)
    told = events(home, run)
    assert told[0]["event"] == "started"
    assert told[-1]["event"] == "ended"
    assert {e["event"] for e in told} >= {"phase", "loaded", "window"}
    assert [e["t"] for e in told] == sorted(e["t"] for e in told)


def test_a_file_that_changes_while_a_run_is_queued_is_not_measured_as_what_it_was(
    ovtui: Ovtui, detached: Callable[..., str], status: Callable[..., Any], tmp_path: Path
) -> None:
    first = detached()
    until(lambda: status(first)["status"] == "running")
    path = nets.mlp(tmp_path / "net.xml", width=16, layers=1)
    second = ovtui("run", path, "-n", "5", "--detach", "--json").json["run"]["id"]
    until(lambda: status(second)["status"] == "queued")
    nets.mlp(path, width=16, layers=2)
    ovtui("cancel", first)
    ended = until(lambda: (r := status(second))["status"] == "failed" and r)
    assert "has changed while the run was queued" in ended["error"]


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="the system has no scheduling policies")
def test_what_is_measured_never_runs_at_the_priority_of_what_watches(home: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "demo", "-t", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seen: dict[str, set[int]] = {"ovtui.engine.device": set(), "ovtui.engine.jobs": set()}
    while demo.poll() is None:
        for process in psutil.Process().children() and psutil.process_iter(["cmdline"]):
            for module, policies in seen.items():
                if module in (process.info["cmdline"] or ()):
                    with contextlib.suppress(ProcessLookupError, psutil.Error):
                        if process.environ().get("OVTUI_HOME") == str(home):
                            policies.add(os.sched_getscheduler(process.pid))
        time.sleep(0.02)
    assert demo.returncode == 0
    assert seen == {"ovtui.engine.device": {os.SCHED_OTHER}, "ovtui.engine.jobs": {os.SCHED_OTHER}}


@pytest.fixture(autouse=True)
def _no_job_left(home: Path) -> Iterator[None]:
    yield
    from tests.conftest import stop_jobs

    stop_jobs(home)


def test_a_relative_data_folder_holds_the_run_and_its_job(ovtui: Ovtui, home: Path, mlp: Path) -> None:
    told = ovtui("run", mlp, "-n", "5", "--json", OVTUI_HOME=home.name, OVTUI_LOCK="lock").json["run"]
    assert told["status"] == "done"
    assert ovtui("history", "--json").json["runs"][0]["id"] == told["id"]
    assert (home / "jobs" / told["id"] / "events.jsonl").exists()
    assert not (home / "jobs" / told["id"] / home.name).exists()
