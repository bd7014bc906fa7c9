"""A device process seen from outside: start it, hear it, watch its memory, and say what became of it."""

from __future__ import annotations

import contextlib
import math
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec
import psutil

from ovtui.engine import memory, messages, tasks
from ovtui.engine.folder import tail
from ovtui.errors import Cancelled, InputError, Interrupted, OvtuiError
from ovtui.formatting import doing
from ovtui.records import STARTING, Phase
from ovtui.sanitize import plain

_REASONS = {
    "SIGFPE": "an arithmetic error",
    "SIGSEGV": "a bad memory access",
    "SIGBUS": "a bad memory access, or a file that shrank",
    "SIGILL": "an instruction this processor does not have",
    "SIGABRT": "an error it did not handle",
}


Answer = TypeVar("Answer", bound=messages.Message)

_LOOK_S = 0.1

# The phases in which memory grows by gigabytes a second; in the others a look each second will do.
_LOADING = frozenset({"starting", "building", "reading", "compiling", "filling"})
_OF_A_MODEL = frozenset({"reading", "compiling", "filling", "measuring", "profiling"})


class TimedOut(OvtuiError):
    """No answer came in time."""


class DeviceProcess:
    """One task in a process of its own. `hear` and `answer` raise what became of it; `end` leaves nothing behind."""

    def __init__(self, task: tasks.Task, log: Path | None, *, memory_limit: int | None = None) -> None:
        self._log = log
        self._limit = memory_limit
        self.phase = STARTING
        self._next_check = 0.0
        self._why: OvtuiError | None = None  # it ended or was ended, once that is known
        self._peak_rss_mb: float | None = None
        self._rest = b""
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        sink = log.open("ab") if log else subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                # Unbuffered, so that what it said before a crash is in the log; hash seeds play no part.
                [sys.executable, "-u", "-m", "ovtui.engine.device"],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                pass_fds=(theirs, *task.shared_fds),
                # Not where the model lies: Python looks for modules in the working folder.
                cwd=log.parent if log else "/",
            )
        finally:
            os.close(theirs)
            if not isinstance(sink, int):
                sink.close()
        self.pid = self._process.pid
        self._watched = psutil.Process(self.pid)
        with contextlib.suppress(OSError):
            # Should memory run out after all, this process goes first.
            Path(f"/proc/{self.pid}/oom_score_adj").write_text("1000")
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        self._write(msgspec.structs.replace(task, talk_fd=theirs, parent=os.getpid()))
        if not task.takes_turns:
            with contextlib.suppress(BrokenPipeError):
                self._stdin.close()

    def hear(self, timeout_s: float) -> list[messages.AnyMessage]:
        """What it said within the time. InputError, Interrupted or OvtuiError when it refused, died or grew too big.

        A process that ended after it had said its last word raises nothing: `ended` tells.
        """
        select.select([self._pipe], [], [], timeout_s)
        heard = self._read()
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + (0.05 if self.phase.name in _LOADING else 1.0)
            self._check_memory()
        if self._process.poll() is not None:
            heard += self._read()
        for message in heard:
            if isinstance(message, messages.At):
                self.phase = message.phase
            elif isinstance(message, messages.Refused):
                self._why = (InputError if message.bad_input else OvtuiError)(message.error)
                raise self._why
        if self.ended and self._process.returncode != 0:
            # Whoever hears it to its end after it gave its reason is not told how the process left instead.
            raise self._why or self._fate()
        return heard

    def answer(
        self,
        kind: type[Answer],
        *,
        cancelled: Callable[[], bool],
        limit_s: float = math.inf,
        each: Callable[[messages.AnyMessage], object] = lambda message: None,
        look: Callable[[], object] = lambda: None,
    ) -> Answer:
        """Its next message of this kind. `each` hears every other message, `look` is called ten times a second.

        Cancelled as soon as `cancelled` says so, TimedOut after `limit_s`; else as `hear`, and OvtuiError when it left
        without this message.
        """
        deadline = time.monotonic() + limit_s
        while True:
            ended = self.ended  # asked before hearing, so that nothing told in between is missed
            found: Answer | None = None
            for message in self.hear(_LOOK_S):
                if found is None and isinstance(message, kind):
                    found = message
                else:
                    each(message)
            if found is not None:
                return found
            look()
            if cancelled():
                raise Cancelled("Cancelled.")
            if ended:
                raise OvtuiError(f"The process ended while {doing(self.phase)} and gave no reason.{self._where()}")
            if time.monotonic() > deadline:
                raise TimedOut(f"There was no answer within {limit_s:.0f} s while {doing(self.phase)}.")

    def go(self, turn: tasks.Turn) -> None:
        """Let one that takes turns infer."""
        self._write(turn)

    def _write(self, order: tasks.Task | tasks.Turn) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has died; `hear` tells
            self._stdin.write(tasks.encode(order) + b"\n")
            self._stdin.flush()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def cpu_seconds(self) -> float | None:
        try:
            times = self._watched.cpu_times()
        except psutil.Error:
            return None
        return float(times.user + times.system)

    def rss_bytes(self) -> int | None:
        try:
            return int(self._watched.memory_info().rss)
        except psutil.Error:
            return None

    def peak_rss_mb(self) -> float | None:
        """The most memory it ever held, where the system says so (Linux: VmHWM)."""
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
            if found:
                self._peak_rss_mb = int(found[1]) / 1024
        return self._peak_rss_mb

    def involuntary_switches(self) -> int | None:
        """Of its main thread, which is what the system counts for a process."""
        try:
            return int(self._watched.num_ctx_switches().involuntary)
        except (psutil.Error, NotImplementedError):
            return None

    def __enter__(self) -> DeviceProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Kill it if it still runs, and wait."""
        if not self.ended:
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        with contextlib.suppress(OSError):
            self._stdin.close()

    def wait_for_end(self, timeout_s: float) -> list[messages.AnyMessage]:
        """Hear it out until it ends or the time is over."""
        heard: list[messages.AnyMessage] = []
        deadline = time.monotonic() + timeout_s
        while not self.ended and time.monotonic() < deadline:
            heard += self.hear(0.1)
            if any(isinstance(message, messages.Stopped) for message in heard):
                break
        return heard + self.hear(0)

    def _read(self) -> list[messages.AnyMessage]:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._pipe, 1 << 16):
                self._rest += chunk
        *lines, self._rest = self._rest.split(b"\n")
        return [messages.decode(line) for line in lines]

    def _check_memory(self) -> None:
        rss = self.rss_bytes() if self._limit else None
        if self._limit and rss is not None and rss > self._limit:
            self._process.kill()
            self._why = OvtuiError(
                f"Stopped while {self.phase.name}: it took {_gb(rss)} of memory, more than the "
                f"{_gb(self._limit)} that are sensible for this file and {_place()}."
            )
            raise self._why

    def _where(self) -> str:
        return f" The log is {plain(self._log)}." if self._log else ""

    def _fate(self) -> OvtuiError:
        code = self._process.returncode
        where = self._where()
        if code == -signal.SIGKILL:
            return Interrupted(
                f"The process was killed while {doing(self.phase)}, perhaps by the system for want of memory.{where}"
            )
        if code < 0:
            name = signal.Signals(-code).name
            why = _REASONS.get(name, "a signal")
            return OvtuiError(f"OpenVINO crashed while {_object(self.phase)}: {name}, {why}.{where}")
        text = tail(self._log) if self._log else ""
        lines = [line for line in text.splitlines() if re.match(r"\w[\w.]*(Error|Exception)\b", line)]
        last = f": {plain(lines[-1], 200)}" if lines else ""
        return OvtuiError(f"The process ended while {doing(self.phase)}{last}.{where}")


def _object(phase: Phase) -> str:
    """`reading this model`, where the phase is of a model."""
    return f"{phase.name} this model" if phase.name in _OF_A_MODEL else doing(phase)


def _place() -> str:
    """Whose memory a limit is of."""
    limit = memory.limit()
    return "machine" if limit is None else f"the memory limit of this container ({_gb(limit)})"


def _gb(size: float) -> str:
    size /= 2**30
    return f"{size:.1f} GB" if size >= 1 else f"{size:.2f} GB"


def import_memory_limit(model_bytes: int) -> int:
    """What reading a file may take: generous for its size, and less than what is free."""
    return min(int(memory.available() * 0.8), (2 << 30) + 6 * model_bytes)


def run_memory_limit() -> int:
    """What a measurement may take: nearly all that is free, so that the machine stays usable."""
    return int(memory.available() * 0.92)
