"""On a real pseudo-terminal: the bar, and a line that drops in the middle of a run."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ovtui
from tests.terminal import Terminal

Opened = Callable[..., Terminal]


def test_a_terminal_gets_a_bar_with_rate_median_and_time_left(terminal: Opened, mlp: Path) -> None:
    one = terminal("run", mlp, "-t", "3")
    one.read_until(lambda seen: "FPS ±" in seen and "p50" in seen and "ETA" in seen)
    one.read_until(lambda seen: re.search(r"ovtui run mlp [-\w ]+(\x1b\[0m)?\s*$", seen, re.MULTILINE))
    assert one.wait() == 0
    assert one.seen.count("\x1b[?25h") >= one.seen.count("\x1b[?25l")  # the cursor is back


def test_no_colour_means_none(terminal: Opened, mlp: Path) -> None:
    one = terminal("run", mlp, "-t", "1", NO_COLOR="1")
    one.read_until(lambda seen: "throughput" in seen)
    assert "\x1b[3" not in one.seen
    assert one.wait() == 0


def test_a_dumb_terminal_gets_lines(terminal: Opened, mlp: Path) -> None:
    one = terminal("run", mlp, "-t", "1", TERM="dumb")
    one.read_until(lambda seen: "throughput" in seen)
    assert "\x1b" not in one.seen


def test_a_dropped_line_leaves_the_run_going(terminal: Opened, ovtui: Ovtui, mlp: Path, home: Path) -> None:
    one = terminal("run", mlp, "-t", "5")
    one.read_until(lambda seen: "FPS" in seen)
    one.hang_up()
    assert one.wait() != 0
    outcome = ovtui("attach", "--json")
    assert outcome.json["run"]["status"] == "done"
    assert outcome.json["run"]["result"]["measured_s"] == pytest.approx(5, abs=0.2)


def test_nohup_is_respected(mlp: Path, home: Path) -> None:
    done = subprocess.Popen(
        ["nohup", sys.executable, "-m", "ovtui", "run", mlp, "-t", "2", "--json", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    time.sleep(1.5)
    done.send_signal(signal.SIGHUP)
    out, _ = done.communicate(timeout=60)
    assert done.returncode == 0
    assert json.loads(out)["run"]["status"] == "done"


def test_control_c_on_a_terminal_keeps_what_was_measured(terminal: Opened, ovtui: Ovtui, mlp: Path) -> None:
    one = terminal("run", mlp, "-t", "600")
    one.read_until(lambda seen: "ETA" in seen)
    one.type("\x03")
    one.read_until(lambda seen: "CANCELLED" in seen and "throughput" in seen)
    assert one.wait() == 130
    (run,) = json.loads(ovtui("history", "--json").out)["runs"]
    assert run["status"] == "cancelled"
