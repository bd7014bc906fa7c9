"""Contestants: device processes that stand ready with their model loaded and infer when it is their turn."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from ovtui.analysis.arrays import Ints
from ovtui.analysis.turns import Block, Tally, block
from ovtui.engine import messages, ring, tasks
from ovtui.engine.device_process import DeviceProcess, TimedOut, run_memory_limit
from ovtui.engine.jobs.cancel import Cancel
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import Histogram, Model, Result, Series, Spec
from ovtui.sanitize import plain

_WARM_S, _WARM_INFERENCES = 0.2, 3
_LONGEST_S = 2.0  # of waiting for the fewest inferences of a turn; those under way are finished in any case
_WARM_MS = 2000.0  # an inference that took so long when it was tried has warmed up what there is
_LOOK_S = 0.1
_STOPPING_S = 600.0  # the longest that a single inference may take


class TurnResult(NamedTuple):
    """What one turn gave: a list of begins and ends for each request, and what was left unserved (server mode)."""

    lanes: list[tuple[Ints, Ints]]
    unserved_ns: tuple[int, ...]  # when they arrived
    refused: int
    seconds: float
    stopped_ns: int  # of the same clock as all of these


class Contestant:
    """One model and spec. Loading begins at once; `stand_ready` waits for it, `close` leaves nothing behind.

    Every step raises OvtuiError or Cancelled.
    """

    def __init__(self, model: Model, spec: Spec, *, log: Path, cancel: Cancel) -> None:
        self.model, self.spec, self.notes = model, spec, list[str]()
        self._cancel, self._log = cancel, log
        self._fd = ring.create()
        self._ring = ring.Ring(self._fd)
        self._reader: ring.Reader | None = None
        task = tasks.MeasureTask(ring_fd=self._fd, model=model, spec=spec, turns=True)
        self._device = DeviceProcess(task, log, memory_limit=run_memory_limit())
        self.warmup_s = 0.0
        self.refused = 0
        self._peak_rss_mb: float | None = None

    def stand_ready(self) -> None:
        """Wait until it is loaded, and note what that took."""
        self.ready = self._wait_until_ready()
        self.tally = Tally(self.ready.effective.batch)

    def warm(self) -> float:
        """A turn that does not count. Returns its mean latency in s; of a slow model, that of its first inference."""
        if self.ready.first_inference_ms >= _WARM_MS and self.ready.effective.requests == 1:
            return self.ready.first_inference_ms / 1e3
        begin = time.perf_counter()
        turn = self.turn(_WARM_S, least=_WARM_INFERENCES * self.ready.effective.requests)
        self.warmup_s += time.perf_counter() - begin
        latencies = [float((ends - begins)[len(ends) // 2 :].mean()) for begins, ends in turn.lanes if len(ends)]
        if not latencies:
            raise OvtuiError(f"{plain(self.model.name, 60)} did not finish one inference in its turn.")
        return sum(latencies) / len(latencies) / 1e9

    def block(self, seconds: float) -> Block:
        """A turn that counts."""
        found = block(self.turn(seconds, least=3 * self.ready.effective.requests).lanes)
        if found is None:
            raise OvtuiError(f"{plain(self.model.name, 60)} did not finish one inference in its turn.")
        self.tally.add(found)
        return found

    def turn(
        self, seconds: float, *, least: int = 0, longest_s: float = _LONGEST_S, order: tasks.Turn | None = None
    ) -> TurnResult:
        """Infer for so long, and until `least` inferences have ended, but not longer than `longest_s` for those."""
        begin = time.monotonic()
        before = self._reader.ended if self._reader else 0
        self._ring.clear()
        self._device.go(order or tasks.Turn())
        try:
            while True:
                if self._cancel.asked:
                    raise Cancelled("Cancelled.")
                elapsed = time.monotonic() - begin
                self._reader = self._reader or self._ring.reader()
                if elapsed >= seconds:
                    done = self._reader.ended - before if self._reader else 0
                    if done >= least or elapsed >= max(longest_s, seconds):
                        break
                left = seconds - elapsed
                self._hear(min(_LOOK_S, left) if left > 0 else 0.005)
        finally:
            stopped_ns = time.perf_counter_ns()
            self._ring.stop()
        unserved = self._wait_until_stopped()
        self._peak_rss_mb = self._device.peak_rss_mb()
        self._reader = self._reader or self._ring.reader()
        lanes = self._reader.drain_lanes() if self._reader else []
        refused = self._ring.refused if order is not None and order.rate else 0
        return TurnResult(lanes, unserved, refused, time.monotonic() - begin, stopped_ns)

    def result(self) -> Result | None:
        """What is known by now."""
        found = self.tally.result(self.spec.stop, warmup_s=self.warmup_s)
        return None if found is None else self.completed(found)

    def completed(self, found: Result) -> Result:
        """With what loading it took."""
        return msgspec.structs.replace(
            found,
            read_ms=self.ready.read_ms,
            compile_ms=self.ready.compile_ms,
            first_inference_ms=self.ready.first_inference_ms,
            peak_rss_mb=self.peak_rss_mb,
        )

    @property
    def peak_rss_mb(self) -> float | None:
        return self._peak_rss_mb or self._device.peak_rss_mb()

    @property
    def histogram(self) -> Histogram:
        return self.tally.histogram()

    @property
    def series(self) -> Series:
        return self.tally.series()

    def cpu_seconds(self) -> float | None:
        return self._device.cpu_seconds()

    def close(self) -> None:
        self._device.end()
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _wait_until_ready(self) -> messages.Ready:
        return self._device.answer(messages.Ready, cancelled=self._cancel.is_asked, each=self._note)

    def _wait_until_stopped(self) -> tuple[int, ...]:
        wait = self._device.answer
        try:
            stopped = wait(messages.Stopped, cancelled=self._cancel.is_asked, limit_s=_STOPPING_S, each=self._note)
        except TimedOut as error:
            name = plain(self.model.name, 60)
            raise OvtuiError(f"{name} did not end its turn within {_STOPPING_S:.0f} s.") from error
        return stopped.unserved_ns

    def _hear(self, timeout_s: float) -> None:
        for message in self._device.hear(timeout_s):
            self._note(message)
        if self._device.ended:
            raise OvtuiError(f"The device process ended early; the log is {plain(self._log)}.")

    def _note(self, message: messages.AnyMessage) -> None:
        if isinstance(message, messages.Said) and message.text not in self.notes:
            self.notes.append(message.text)
