"""The app on a real pseudo-terminal: lines that drop or stall, signals, exceptions, terminals that cannot show it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ovtui.engine import liveness
from ovtui.store import open_store
from tests.conftest import Ovtui
from tests.terminal import OVTUI, Terminal

Opened = Callable[..., Terminal]


@pytest.fixture
def running(ovtui: Ovtui, mlp: Path) -> str:
    """A run that goes on for long."""
    run_id: str = ovtui("run", mlp, "-t", "120", "--detach", "--json").json["run"]["id"]
    return run_id


def is_restored(seen: str) -> bool:
    """The alternate screen is left, the cursor is back, and the mouse no longer reports."""
    return all(
        seen.rfind(off) > seen.rfind(on)
        for on, off in (("[?1049h", "[?1049l"), ("[?25l", "[?25h"), ("[?1003h", "[?1003l"))
    )


def goes_on(run_id: str, home: Path) -> bool:
    with open_store(home / "ovtui.db") as store:
        job = store.jobs.get(run_id)
    return job is not None and job.status == "running" and liveness.alive(job.pid, job.pid_started)


def test_it_starts_and_leaves_the_terminal_as_it_was(terminal: Opened) -> None:
    one = terminal()
    one.read_until("Nothing here yet")
    one.type("q")
    assert one.wait() == 0
    assert is_restored(one.seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_run_goes_on(
    terminal: Opened, running: str, home: Path, number: signal.Signals
) -> None:
    one = terminal()
    one.read_until("Throughput, FPS")
    one.send(number)
    assert one.wait() == 128 + number
    assert is_restored(one.seen)
    assert goes_on(running, home)


def test_a_dropped_line_ends_it_and_the_next_start_shows_the_run_within_a_second(
    terminal: Opened, running: str, home: Path
) -> None:
    one = terminal()
    one.read_until("Throughput, FPS")
    one.hang_up()
    one.wait(10)
    assert goes_on(running, home)
    other = terminal()
    painted = other.read_until("Throughput, FPS")
    first = re.search(r"CPU\s+latency", other.seen)
    assert first
    # Generous: how long it takes is for the benchmark to tell, on a machine that does nothing else.
    assert painted - other.started < 20


def test_a_line_dropped_where_hang_ups_are_ignored_leaves_nothing_spinning(
    terminal: Opened, running: str, home: Path
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        one = terminal()
    finally:
        signal.signal(signal.SIGHUP, before)
    one.read_until("Throughput, FPS")
    one.hang_up()
    one.wait(15)
    assert goes_on(running, home)


def test_a_killed_app_leaves_the_run_going(terminal: Opened, running: str, home: Path) -> None:
    one = terminal()
    one.read_until("Throughput, FPS")
    one.send(signal.SIGKILL)
    one.wait()
    assert goes_on(running, home)


def test_a_stalled_line_holds_up_neither_the_run_nor_its_end(terminal: Opened, running: str, home: Path) -> None:
    one = terminal()
    one.read_until("Throughput, FPS")
    events = home / "jobs" / running / "events.jsonl"
    size = events.stat().st_size
    time.sleep(6)  # nobody reads what it writes
    assert events.stat().st_size > size
    assert goes_on(running, home)
    process = psutil.Process(one.pid)
    before = process.cpu_times().user
    time.sleep(2)
    assert process.cpu_times().user - before < 1  # it does not spin
    one.send(signal.SIGTERM)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(one.pid) and psutil.Process(one.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert goes_on(running, home)


def test_a_database_that_is_lost_beneath_it_is_said(terminal: Opened, home: Path) -> None:
    one = terminal()
    one.read_until("Nothing here yet")
    (home / "ovtui.db").unlink()
    (home / "ovtui.db").mkdir()
    one.read_until("is a folder")
    one.type("q")
    assert one.wait() == 0
    assert is_restored(one.seen)


def test_an_unexpected_exception_is_kept_for_whoever_mends_it(home: Path) -> None:
    program = (
        "from ovtui.tui.screens.home import HomeScreen\n"
        "def fail(self): raise RuntimeError('made for this test')\n"
        "HomeScreen.action_import = fail\n"
        "from ovtui.__main__ import main\nimport sys\nsys.argv = ['ovtui']\nmain()"
    )
    one = Terminal((OVTUI[0], "-c", program))
    one.read_until("Nothing here yet")
    one.type("i")
    assert one.wait() == 1
    assert is_restored(one.seen)
    last = " ".join(one.seen[one.seen.rindex("[?1049l") :].split())
    assert "Traceback" not in last
    assert "ovtui: Unexpected: made for this test. What is being measured goes on. The report is" in " ".join(
        last.split()
    )
    (report,) = (home / "reports").iterdir()
    assert "RuntimeError: made for this test" in report.read_text()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TERM": "dumb"}, "TERM is 'dumb'"),
        ({"TERM": ""}, "TERM is ''"),
        ({"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}, "LANG=C.UTF-8 ovtui"),
    ],
)
def test_a_terminal_that_cannot_show_it_gets_the_command_that_needs_none(
    terminal: Opened, environment: dict[str, str], said: str
) -> None:
    one = terminal(**environment)
    assert one.wait() == 2
    assert said in one.seen
    assert "ovtui run MODEL" in one.seen
    assert "\x1b" not in one.seen


def test_without_a_terminal_it_names_the_command_that_needs_none(ovtui: Ovtui) -> None:
    outcome = ovtui()
    assert outcome.code == 2
    assert "stdin or stdout is none" in outcome.err
    assert "ovtui run MODEL" in outcome.err


def test_a_typing_mistake_is_not_taken_for_a_model(ovtui: Ovtui) -> None:
    outcome = ovtui("histroy")
    assert outcome.code == 2
    assert "Did you mean `ovtui history`?" in outcome.err


@pytest.mark.parametrize("term", ["linux", "screen", "xterm", "vt100"])
def test_sixteen_colours_are_enough(terminal: Opened, term: str) -> None:
    one = terminal(TERM=term, COLORTERM="")
    one.read_until("Nothing here yet")
    one.type("q")
    assert one.wait() == 0
    assert "38;2;" not in one.seen
    assert "38;5;" not in one.seen


def test_no_colour_means_greys(terminal: Opened) -> None:
    one = terminal(NO_COLOR="1")
    one.read_until("Nothing here yet")
    one.type("q")
    assert one.wait() == 0
    colours = set(re.findall(r"[34]8;2;(\d+;\d+;\d+)", one.seen))
    assert colours
    assert all(len(set(colour.split(";"))) == 1 for colour in colours)


@pytest.mark.parametrize("term", ["linux", "screen"])
def test_without_colour_a_terminal_of_sixteen_shows_what_it_writes(terminal: Opened, term: str) -> None:
    """What is as dark as what it stands on cannot be read."""
    one = terminal(NO_COLOR="1", TERM=term, COLORTERM="")
    one.read_until("Nothing here yet")
    one.settle()
    one.type("q")
    assert one.wait() == 0
    seen, grounds = one.seen, set()
    for codes, text in re.findall(r"\x1b\[([\d;]*)m([^\x1b]*)", seen):
        found = codes.split(";")
        if text.strip() and any(30 <= int(code or 0) <= 37 or 90 <= int(code or 0) <= 97 for code in found):
            grounds.add(("30" in found, "40" in found))
    assert grounds
    assert (True, True) not in grounds


def test_an_idle_screen_writes_nothing(terminal: Opened) -> None:
    one = terminal()
    one.read_until("Nothing here yet")
    one.settle(1.0)
    assert one.count_for(4) == 0
    for keys in ("i", "\x1b", "?"):
        one.type(keys)
        one.settle(1.0)
        assert one.count_for(3) == 0


def test_a_model_named_on_the_command_line_is_where_it_opens(terminal: Opened, mlp: Path) -> None:
    one = terminal(mlp)
    one.read_until("parameters")
    one.type("\r")
    one.read_until("ovtui run mlp")


def test_stopping_and_going_on_draws_it_again(terminal: Opened) -> None:
    one = terminal()
    one.read_until("Nothing here yet")
    one.type("\x1a")
    deadline = time.monotonic() + 10
    while psutil.Process(one.pid).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
        one.settle(0.05)
    one.forget()
    os.kill(one.pid, signal.SIGCONT)
    one.read_until("Nothing here yet")
