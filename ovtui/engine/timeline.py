"""A run over time: window events gathered into columns, also those of a job that died."""

from __future__ import annotations

from ovtui.engine.events import Window
from ovtui.records import Result, Series

_MOST = 4096


class Timeline:
    """Keeps at most 4,096 windows: when full, every second one goes and only every second comes (then fourth, …)."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._stride = 1
        self._count = 0

    def add(self, window: Window) -> None:
        if self._count % self._stride == 0:
            self._windows.append(window)
        self._count += 1
        if len(self._windows) >= _MOST:
            del self._windows[1::2]
            self._stride *= 2

    def series(self, result: Result | None) -> Series:
        """The columns. Where measuring began is known only afterwards: `result` says it."""
        warmup_s = 0.0 if result is None else result.warmup_s
        windows = self._windows
        return Series(
            t_s=[w.t_s for w in windows],
            warming=[w.warming if result is None else w.t_s <= warmup_s for w in windows],
            throughput_fps=[w.throughput_fps for w in windows],
            p50_ms=[w.p50_ms for w in windows],
            p99_ms=[w.p99_ms for w in windows],
            cpu_percent=[w.cpu_percent for w in windows],
            rss_mb=[w.rss_mb for w in windows],
            frequency_mhz=[w.frequency_mhz for w in windows],
            temperature_c=[w.temperature_c for w in windows],
            speed=[w.speed for w in windows],
            disturbed=[w.disturbed is not None for w in windows],
        )
