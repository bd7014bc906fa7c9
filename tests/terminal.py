"""A command on a pseudo-terminal of its own: what it writes and when; keys, signals, and lines that drop or stall."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

OVTUI = (sys.executable, "-m", "ovtui")
_DOOR = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal of this session
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """`seen` is the text so far, `total` the bytes. An environment value of "" is none at all."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (80, 24), **environment: str) -> None:
        whole = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        known = {name: value for name, value in whole.items() if value and name not in ("COLUMNS", "LINES")}
        self.line, other = pty.openpty()
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        # Not pty.fork: a child of a process full of libraries and their threads may die before it is another program.
        door = [sys.executable, "-S", "-E", "-c", _DOOR, *command]
        self._process = subprocess.Popen(
            door, stdin=other, stdout=other, stderr=other, env=known, start_new_session=True
        )
        os.close(other)
        self.pid = self._process.pid
        self.started = time.perf_counter()
        self.total = 0
        self._written = b""

    @property
    def seen(self) -> str:
        return self._written.decode(errors="replace")

    def read_until(self, wanted: str | Callable[[str], Any], seconds: float = 60) -> float:
        """Read until `wanted` has been written, or holds for what was; the moment of it."""
        found = wanted if callable(wanted) else lambda seen: wanted in seen
        deadline = time.monotonic() + seconds
        while not found(self.seen):
            assert time.monotonic() < deadline, f"not written within {seconds} s: {self.seen[-3000:]}"
            if self._read(0.5) < 0:
                assert found(self.seen), f"it left with {self.wait()} and had written: {self.seen[-3000:]}"
        return time.perf_counter()

    def forget(self) -> None:
        """From now on, `seen` is what comes from now on."""
        self._written = b""

    def burst(self, quiet_s: float = 0.03, limit_s: float = 3.0) -> tuple[float, int]:
        """The last moment, and the bytes, of what is written until nothing comes for `quiet_s`."""
        begin, last, size = time.perf_counter(), 0.0, 0
        while time.perf_counter() - begin < limit_s:
            got = self._read(quiet_s if size else limit_s)
            if got <= 0:
                break
            last = time.perf_counter()
            size += got
        return last, size

    def settle(self, quiet_s: float = 0.4, limit_s: float = 10.0) -> None:
        """Read until nothing comes for `quiet_s`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self._read(quiet_s) > 0:
            continue

    def count_for(self, seconds: float) -> int:
        """Bytes written within the time."""
        before, deadline = self.total, time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return self.total - before

    def swallow(self) -> None:
        """Read on in a thread from now on."""

        def read() -> None:
            with contextlib.suppress(OSError):
                while data := os.read(self.line, 65536):
                    self.total += len(data)

        threading.Thread(target=read, daemon=True).start()

    def type(self, keys: str) -> None:
        os.write(self.line, keys.encode())

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """The line drops."""
        os.close(self.line)
        self.line = -1

    def wait(self, seconds: float = 20) -> int:
        """Its exit status; reads what it writes until then, so that it is not held up."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it is still there: {self.seen[-2000:]}"
            if self.line < 0 or self._read(0.05) < 0:
                time.sleep(0.05)
        while self.line >= 0 and self._read(0.05) > 0:
            continue
        return int(self._process.returncode)

    def rss_mb(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def cpu_s(self) -> float:
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """Whatever it does, it ends."""
        if self._process.poll() is None:
            for number in (signal.SIGCONT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
            self._process.wait()
        if self.line >= 0:
            self.hang_up()

    def _read(self, timeout_s: float) -> int:
        """Bytes read; 0 when nothing came, −1 when nothing will come any more."""
        if not select.select([self.line], [], [], timeout_s)[0]:
            return 0
        try:
            data = os.read(self.line, 65536)
        except OSError:  # Linux says so when the other side has left
            return -1
        self.total += len(data)
        self._written = (self._written + data)[-400_000:]
        return len(data) or -1
