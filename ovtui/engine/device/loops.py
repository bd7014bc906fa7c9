"""The measuring loops: the one place where microseconds count.

Nothing is allocated, logged or formatted here; an inference leaves two integers in its lane. Closed loops start the
next inference as soon as the last one is done; the open loop starts them on a schedule that does not care.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from ctypes import c_void_p
from typing import TYPE_CHECKING

import numpy as np

from ovtui.engine.ring import Lane

if TYPE_CHECKING:
    from ovtui.engine.ring import Ring

Call = Callable[[c_void_p], int]
_clock = time.perf_counter_ns  # the monotonic clock, the same in every process


def closed(call: Call, request: c_void_p, lane: Lane, stop: memoryview) -> bool:
    """One blocking call after the other. False when OpenVINO failed."""
    clock, slots, mask, position = _clock, lane.slots, lane.mask, lane.position
    i = position[0]  # of a turn before this one
    while not stop[0]:
        begin = clock()
        if call(request):
            return False
        end = clock()
        slots[i & mask] = begin
        slots[(i + 1) & mask] = end
        i += 2
        position[0] = i
    return True


def closed_async(start: Call, wait: Call, request: c_void_p, lane: Lane, stop: memoryview) -> bool:
    """Hand over to the device's own threads and wait: what an asynchronous application pays for."""
    clock, slots, mask, position = _clock, lane.slots, lane.mask, lane.position
    i = position[0]
    while not stop[0]:
        begin = clock()
        if start(request) or wait(request):
            return False
        end = clock()
        slots[i & mask] = begin
        slots[(i + 1) & mask] = end
        i += 2
        position[0] = i
    return True


def closed_from_reset(reset: Callable[[], None], serve: Callable[[], bool], lane: Lane, stop: memoryview) -> bool:
    """As the closed loops, for a model that keeps state: reset between inferences, outside of their latency."""
    clock, slots, mask, position = _clock, lane.slots, lane.mask, lane.position
    i = position[0]
    while not stop[0]:
        reset()
        begin = clock()
        if not serve():
            return False
        end = clock()
        slots[i & mask] = begin
        slots[(i + 1) & mask] = end
        i += 2
        position[0] = i
    return True


def arrivals(rate: float, seed: int, begin_ns: int) -> Iterator[int]:
    """Times of a Poisson process of `rate` per second: exponential gaps, drawn beforehand in blocks."""
    generator = np.random.default_rng(seed)
    last = float(begin_ns)
    while True:
        times = last + np.cumsum(generator.exponential(1e9 / rate, 4096))
        last = float(times[-1])
        yield from times.astype(np.int64).tolist()


class Line:
    """Where arrivals wait for a free request: first come first served, at most `limit` waiting, the rest refused.

    Arrivals are admitted only when somebody looks; since nothing leaves the line in between, that gives the same
    admissions as looking all the time.
    """

    def __init__(self, times: Iterator[int], limit: int, ring: Ring) -> None:
        self._times = times
        self._next = next(times)
        self._waiting: deque[int] = deque()
        self._limit = limit
        self._ring = ring
        self._refused = 0
        self._lock = threading.Lock()

    def take(self) -> int:
        """The scheduled time of the arrival to serve now, or of the next one, in the future."""
        with self._lock:
            self._admit()
            if self._waiting:
                return self._waiting.popleft()
            taken = self._next
            self._next = next(self._times)
            return taken

    def give_back(self, scheduled: int) -> None:
        """An arrival that was taken, and that nobody serves any more."""
        with self._lock:
            self._waiting.append(scheduled)

    def unserved(self) -> list[int]:
        """When those were scheduled who wait now, and whom nobody serves any more."""
        with self._lock:
            self._admit()
            now = _clock()
            return sorted(time for time in self._waiting if time <= now)

    def _admit(self) -> None:
        now, waiting = _clock(), self._waiting
        while self._next <= now:
            if len(waiting) < self._limit:
                waiting.append(self._next)
            else:
                self._refused += 1
                self._ring.set_refused(self._refused)
            self._next = next(self._times)


_SPIN_NS = 150_000


def sleep_until(when_ns: int, stop: memoryview) -> bool:
    """Sleep, then give way in turns for the last 150 µs: a timer alone is late by that much. False when stopped."""
    while (left := when_ns - _clock()) > 0:
        if stop[0]:
            return False
        # Slices of a tenth of a second notice the end in time when arrivals are rare.
        time.sleep(min(left - _SPIN_NS, 100_000_000) / 1e9 if left > _SPIN_NS else 0)
    return not stop[0]


class FromReset:
    """A line for a request whose state is reset first: before the arrival, so that only one that waits pays for it."""

    def __init__(self, line: Line, reset: Callable[[], None]) -> None:
        self._line, self._reset = line, reset

    def take(self) -> int:
        self._reset()
        return self._line.take()

    def give_back(self, scheduled: int) -> None:
        self._line.give_back(scheduled)


def open_loop(serve: Callable[[], bool], line: Line | FromReset, lane: Lane, stop: memoryview) -> bool:
    """Serve arrivals on their schedule; a latency runs from the *scheduled* time, so that waiting counts."""
    clock, slots, mask, position = _clock, lane.slots, lane.mask, lane.position
    i = position[0]
    fine_timers()
    while True:
        scheduled = line.take()
        if not sleep_until(scheduled, stop):
            line.give_back(scheduled)
            return True
        if not serve():
            return False
        slots[i & mask] = scheduled
        slots[(i + 1) & mask] = clock()
        i += 2
        position[0] = i


def fine_timers() -> None:
    """Ask the kernel to wake this thread's sleeps on time, not within its usual 50 µs of slack (Linux)."""
    pr_set_timerslack = 29
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(pr_set_timerslack, 1, 0, 0, 0)


def together(bodies: list[Callable[[], bool]], failed: Callable[[], str], stop: memoryview) -> str | None:
    """Run each body in a thread of its own until all have ended; the reason of the first failure, which ends all.

    `failed` is called in the thread that failed, since OpenVINO keeps its last error by thread.
    """
    errors: list[str] = []

    def run(body: Callable[[], bool]) -> None:
        if not body():
            errors.append(failed())
            stop[0] = 1

    threads = [threading.Thread(target=run, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors[0] if errors else None
