"""Being asked to end: SIGTERM sets a flag, and breaks a wait that would not look at it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from ovtui.errors import Cancelled


class Cancel:
    """Installed once, in the main thread of a job's process, which outlives the terminal that started it."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False
        signal.signal(signal.SIGTERM, self._terminated)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def is_asked(self) -> bool:
        """Whether it was asked, for whoever takes a function."""
        return self.asked

    @contextlib.contextmanager
    def breaks_wait(self) -> Iterator[None]:
        """Within, being asked raises Cancelled at once; elsewhere the work looks at `asked` where it can stop."""
        self._waiting = True
        try:
            if self.asked:
                raise Cancelled("Cancelled while it waited.")
            yield
        finally:
            self._waiting = False

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._waiting:
            raise Cancelled("Cancelled while it waited.")
