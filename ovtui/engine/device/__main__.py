"""`python -m ovtui.engine.device`: do the task on stdin, tell of it over the pipe it names, and leave."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import traceback

from ovtui.engine import messages, tasks
from ovtui.errors import InputError, OvtuiError

# Imported when they are needed: none needs all of the libraries.
_DONE_BY: dict[type[tasks.Task], str] = {
    tasks.DemoTask: "demo:demo",
    tasks.InspectTask: "read:inspect",
    tasks.MeasureTask: "measure:measure",
    tasks.ProfileTask: "profile:profile",
    tasks.LayerTimesTask: "layer_turns:layer_turns",
    tasks.CeilingsTask: "ceilings:ceilings",
    tasks.ProbeTask: "probe:probe",
    tasks.PreviewTask: "calibration.preview:preview",
    tasks.OptimizeTask: "optimization:optimize",
    tasks.AccuracyTask: "optimization:judge",
}


def main() -> int:
    """Read the task; 0 when it was done, 1 when it was refused (and said so)."""
    task = tasks.decode(sys.stdin.buffer.readline())
    _die_with(task.parent)
    # The job's process decides what a signal means; a terminal's must not reach this one.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    pipe = task.talk_fd

    def say(message: messages.AnyMessage) -> None:
        os.write(pipe, messages.encode(message) + b"\n")

    try:
        _do(task, say)
    except OvtuiError as error:
        traceback.print_exc()
        say(messages.Refused(error=str(error), bad_input=isinstance(error, InputError)))
        return 1
    except MemoryError:
        traceback.print_exc()
        say(messages.Refused(error="There is not enough memory for this.", bad_input=False))
        return 1
    return 0


def _do(task: tasks.Task, say: messages.Say) -> None:
    module, function = _DONE_BY[type(task)].split(":")
    turns = (iter(sys.stdin.buffer.readline, b""),) if task.takes_turns else ()
    getattr(importlib.import_module(f"ovtui.engine.device.{module}"), function)(task, say, *turns)


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when the job's process dies, however it dies (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it died before this was asked


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # not through the libraries' own endings: all is told, and some crash there
