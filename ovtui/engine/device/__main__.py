"""`python -m ovtui.engine.device`: do the task on stdin, tell of it over the pipe it names, and leave."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from pathlib import Path

import msgspec

from ovtui.engine import messages
from ovtui.errors import InputError, OvtuiError


def main() -> int:
    """Read the task; 0 when it was done, 1 when it was refused (and said so)."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=messages.Task)
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


def _do(task: messages.Task, say: messages.Say) -> None:
    if task.kind == "measure" and task.model is not None and task.spec is not None:
        from ovtui.engine.device.measure import measure

        turns = iter(sys.stdin.buffer.readline, b"") if task.turns else None
        measure(task.model, task.spec, task.ring_fd, say, turns)
    elif task.kind == "profile" and task.model is not None and task.spec is not None:
        from ovtui.engine.device.profile import profile

        profile(task.model, task.spec, say)
    elif task.kind == "layers" and task.model is not None and task.spec is not None:
        from ovtui.engine.device.layer_turns import layer_turns

        layer_turns(task.model, task.spec, say, iter(sys.stdin.buffer.readline, b""))
    elif task.kind == "ceilings" and task.spec is not None:
        from ovtui.engine.device.ceilings import ceilings

        ceilings(task.spec.device, task.machine, say)
    elif task.kind == "preview":
        from ovtui.engine.device.calibration import preview

        preview.task(task, say)
    elif task.kind == "optimize":
        from ovtui.engine.device.optimization import optimize

        optimize(task, say)
    elif task.kind == "judge":
        from ovtui.engine.device.optimization import judge

        judge(task, say)
    elif task.kind == "build":
        from ovtui.engine.device.demo import build

        say(messages.At(phase="building"))
        build(Path(task.path))
    elif task.kind == "inspect":
        from ovtui.engine.device.read import inspect

        say(messages.At(phase="reading"))
        inspect(task, say)
    elif task.kind == "probe":
        from ovtui.engine.device.probe import probe

        say(probe())


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
