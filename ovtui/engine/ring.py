"""The shared memory between the process that infers and the one that counts: begin and end of every inference.

Two processes, because Python work in the measuring process costs throughput: the device process only writes two
integers per inference, and everything vectorised happens next door. Each request has a lane of its own with one
writer and one reader, so nothing is locked.

A lane's position is written after the values it covers, but a processor that reorders stores or loads (aarch64) may
show the reader the position first. So the reader does not rely on the order; it knows a new value by itself. Begins and
ends grow along a lane, so what stood in a slot before (zero, or the inference one turn of the lane earlier) is never
above what was taken last: an inference is taken once its end lies above the last one taken and its begin does not lie
below the last begin. Each value is a whole, aligned word, which no processor tears. What is not there yet is taken at
the next look. That costs the writer nothing and needs no barrier.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MAX_REQUESTS = 1024
_LINE = 8  # int64s in a cache line, so that two requests never write to the same one
_HEADER = _LINE * (1 + MAX_REQUESTS)
_SLOTS = 1 << 19  # int64s of all lanes together: 4 MB, a few seconds of the fastest models
_STOP, _LANES, _REFUSED = 0, 1, 2


def create() -> int:
    """A file descriptor of anonymous memory of the ring's size."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("ovtui-ring")
    else:  # macOS
        fd, path = tempfile.mkstemp(prefix="ovtui-ring")
        os.unlink(path)  # noqa: PTH108
    os.ftruncate(fd, (_HEADER + _SLOTS) * 8)
    return fd


class Lane:
    """One request's part, for its writer: `slots[i], slots[i + 1] = begin, end` and then `position[0] = total`."""

    def __init__(self, slots: memoryview, position: memoryview) -> None:
        self.slots = slots
        self.position = position
        self.mask = len(slots) - 1


class Ring:
    """A view on the memory behind `fd`; both sides make one."""

    def __init__(self, fd: int) -> None:
        self._memory = mmap.mmap(fd, (_HEADER + _SLOTS) * 8)
        self._words = memoryview(self._memory).cast("q")

    # -- the device's side

    def open_lanes(self, count: int) -> list[Lane]:
        """Divide the memory among `count` requests (1 to 1024) and tell the reader."""
        size = 1 << ((_SLOTS // count).bit_length() - 1)
        words = self._words
        lanes = [
            Lane(
                words[_HEADER + i * size : _HEADER + (i + 1) * size],
                words[_LINE * (1 + i) : _LINE * (2 + i)],
            )
            for i in range(count)
        ]
        words[_LANES] = count
        return lanes

    @property
    def stop_word(self) -> memoryview:
        """One word that is not zero once the loops should end."""
        return self._words[_STOP : _STOP + 1]

    def set_refused(self, count: int) -> None:
        self._words[_REFUSED] = count

    # -- the job's side

    def stop(self) -> None:
        self._words[_STOP] = 1

    def clear(self) -> None:
        """Before the next turn."""
        self._words[_STOP] = self._words[_REFUSED] = 0

    @property
    def refused(self) -> int:
        """Arrivals that found the queue full (server mode)."""
        return self._words[_REFUSED]

    def reader(self) -> Reader | None:
        """The reader, once the device process has opened its lanes."""
        count = self._words[_LANES]
        return Reader(self._memory, count) if count else None


class Reader:
    """Takes out what the lanes hold, as arrays."""

    def __init__(self, memory: mmap.mmap, count: int) -> None:
        import numpy as np

        words = np.frombuffer(memory, dtype=np.int64)
        size = 1 << ((_SLOTS // count).bit_length() - 1)
        self._positions = words[_LINE : _LINE * (1 + count) : _LINE]
        self._lanes = [words[_HEADER + i * size : _HEADER + (i + 1) * size] for i in range(count)]
        self._size = size
        self._seen = [0] * count
        self._last_begin = [-1] * count
        self._last_end = [0] * count
        self.lost = 0  # inferences overwritten before they were read

    def drain(self) -> tuple[np.ndarray, np.ndarray]:
        """New inferences of all requests: begins and ends, int64 nanoseconds of the monotonic clock."""
        import numpy as np

        lanes = self.drain_lanes()
        return np.concatenate([begins for begins, _ in lanes]), np.concatenate([ends for _, ends in lanes])

    def drain_lanes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The same, each request's apart and in order."""
        import numpy as np

        found = []
        for i, position in enumerate(self._positions.tolist()):
            begin, lane, size = self._seen[i], self._lanes[i], self._size
            # A margin of an eighth: the writer goes on while this copies.
            oldest = position - size + size // 8
            if begin < oldest:
                begin = oldest + (oldest & 1)
                self.lost += (begin - self._seen[i]) // 2
            part = np.empty(0, dtype=np.int64)
            if begin < position:
                a, b = begin % size, position % size
                part = lane[a:b].copy() if a < b else np.concatenate((lane[a:], lane[:b]))
                part = part[: 2 * self._arrived(i, part[0::2], part[1::2])]
                self._seen[i] = begin + len(part)
            if len(part):
                self._last_begin[i], self._last_end[i] = int(part[-2]), int(part[-1])
            found.append((part[0::2], part[1::2]))
        return found

    def _arrived(self, lane: int, begins: np.ndarray, ends: np.ndarray) -> int:
        """How many of these inferences, from the first on, are known to be the new values of their slots."""
        import numpy as np

        stale = np.diff(ends, prepend=self._last_end[lane]) <= 0
        stale |= np.diff(begins, prepend=self._last_begin[lane]) < 0
        return int(stale.argmax()) if stale.any() else len(ends)

    @property
    def ended(self) -> int:
        """Inferences that have ended, of all requests together, drained or not."""
        return int(self._positions.sum()) // 2

    @property
    def horizon_ns(self) -> int:
        """Everything that ended before this has been drained: the earliest of the requests' last ends; 0 before."""
        return min(self._last_end)
