"""The app on a pseudo-terminal of a given size: what it writes, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Sequence

import psutil


class Terminal:
    """A command on a terminal; `total` counts the bytes it has written."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment})
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.execv(command[0], list(command))
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self.total = 0
        self.seen = b""

    def read_until(self, wanted: bytes, seconds: float = 60) -> float:
        """Read until `wanted` has been written; the moment of it."""
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {wanted!r} in {self.seen[-2000:]!r}")
            self._read(0.5)
        return time.perf_counter()

    def burst(self, quiet_s: float = 0.03, limit_s: float = 3.0) -> tuple[float, float, int]:
        """First and last moment, and bytes, of what is written until nothing comes for `quiet_s`; 0 bytes: nothing."""
        begin, first, last, size = time.perf_counter(), 0.0, 0.0, 0
        while time.perf_counter() - begin < limit_s:
            got = self._read(quiet_s if size else limit_s)
            if not got:
                break
            last = time.perf_counter()
            first = first or last
            size += got
        return first, last, size

    def settle(self, quiet_s: float = 0.4, limit_s: float = 10.0) -> None:
        """Read until nothing comes for `quiet_s`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self._read(quiet_s):
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
            while True:
                try:
                    self.total += len(os.read(self.line, 65536))
                except OSError:
                    return

        threading.Thread(target=read, daemon=True).start()

    def type(self, keys: str) -> None:
        os.write(self.line, keys.encode())

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def rss_mb(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def cpu_s(self) -> float:
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        for number in (signal.SIGCONT, signal.SIGKILL):
            os.kill(self.pid, number)
        os.waitpid(self.pid, 0)
        os.close(self.line)

    def _read(self, timeout_s: float) -> int:
        if not select.select([self.line], [], [], timeout_s)[0]:
            return 0
        try:
            data = os.read(self.line, 65536)
        except OSError:
            return 0
        self.total += len(data)
        self.seen = (self.seen + data)[-200_000:]
        return len(data)


OVTUI = (sys.executable, "-m", "ovtui")
