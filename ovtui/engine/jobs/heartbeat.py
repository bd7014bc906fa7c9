"""A sign of life while a job tells nothing else: a step that takes long is not to look like a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from ovtui.engine import events
from ovtui.engine.folder import EventWriter

_EACH_S = 0.5


class Heartbeat:
    """Twice a second, if nothing was told for so long: how long the job has been at work."""

    def __init__(self, writer: EventWriter, elapsed_s: Callable[[], float]) -> None:
        self._writer, self._elapsed_s = writer, elapsed_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(max(0.05, self._writer.told_s + _EACH_S - time.monotonic())):
            if time.monotonic() - self._writer.told_s >= _EACH_S:
                self._writer.write(events.Beat(elapsed_s=self._elapsed_s()))
