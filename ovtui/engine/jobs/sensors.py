"""What the machine does beside the measurement, once a second: never in the loop, each sensor optional."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any, Protocol

import psutil

from ovtui.analysis.noise import Sample
from ovtui.engine import environment
from ovtui.engine.cgroups import Cgroups, Throttling
from ovtui.engine.cores import affinity
from ovtui.records import QuotaStops


class JobView(Protocol):
    """Whoever measures: what it uses is not a disturbance."""

    def cpu_seconds(self) -> float | None: ...
    def involuntary_switches(self) -> int | None: ...


class Sensors:
    """Rates need two readings: the first `sample` covers the time since this was made."""

    def __init__(self, device: JobView) -> None:
        self._device = device
        self._spin_ns = min(_spin() for _ in range(3))
        self._own_process = psutil.Process()
        self._cgroups = Cgroups()
        self._before = self._counters()

    def sample(self) -> Sample:
        """Everything since the last call. Takes about 3 ms of this process's own time."""
        spin = _spin()
        before, now = self._before, self._counters()
        self._before = now
        wall = now["wall"] - before["wall"]

        def rate(key: str) -> float | None:
            a, b = before[key], now[key]
            return None if a is None or b is None or wall <= 0 else float(b - a) / wall

        total = rate("total")
        steal = rate("steal")
        busy = rate("busy")
        own, job = rate("device"), rate("job")
        switches = rate("switches")
        throttled = now["throttle"]
        stopped = before["quota"], now["quota"]
        return Sample(
            wall_s=wall,
            # What this process itself uses is ours, not a neighbour's.
            machine_cpu=None if busy is None or job is None else max(0.0, busy - job),
            own_cpu=own,
            steal_share=None if steal is None or not total else steal / total,
            pressure_share=rate("pressure"),
            frequency_mhz=environment.frequency_mhz(),
            temperature_c=environment.temperature_c(),
            throttle_count=None if throttled is None else int(throttled),
            involuntary_switches=None if switches is None else int(switches * wall),
            speed=self._spin_ns / spin,
            quota=None if None in stopped else self._quota_stops(*stopped),
        )

    def _quota_stops(self, before: Throttling, now: Throttling) -> QuotaStops | None:
        """What a container's CPU quota did between two looks."""
        quota = self._cgroups.cpu_quota()
        if quota is None:
            return None
        return QuotaStops(
            cores=quota,
            periods=max(0, now.periods - before.periods),
            stopped=max(0, now.stopped - before.stopped),
            seconds=max(0.0, now.seconds - before.seconds),
        )

    def _counters(self) -> dict[str, Any]:
        total, idle, steal = _processor_seconds()
        mine = self._own_process.cpu_times()
        return {
            "wall": time.monotonic(),
            "total": total,
            "busy": total - idle - (steal or 0.0),
            "steal": steal,
            "device": self._device.cpu_seconds(),
            "job": mine.user + mine.system,
            "pressure": _pressure_seconds(),
            "throttle": _throttle_count(),
            "quota": self._cgroups.throttling(),
            "switches": self._device.involuntary_switches(),
        }


def _processor_seconds() -> tuple[float, float, float | None]:
    """Of the cores that this process may use, since boot: all time, idle time, and what the hypervisor took."""
    each, ours = psutil.cpu_times(percpu=True), affinity()
    if max(ours) < len(each):  # else they have other numbers than ours, and are those of a container
        each = [each[number] for number in sorted(ours)]
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in each)
    total = sum(sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0) for times in each)
    return total, idle, sum(times.steal for times in each) if hasattr(each[0], "steal") else None


def _spin() -> int:
    """Thread time in ns of a fixed piece of work, about 1 ms: how fast this core is now, whoever else waits for it."""
    begin = time.thread_time_ns()
    total = 0
    for i in range(25_000):
        total += i
    return time.thread_time_ns() - begin


def _pressure_seconds() -> float | None:
    """Seconds in which some task waited for a processor, since boot (PSI)."""
    with contextlib.suppress(OSError):
        found = re.search(r"some .*total=(\d+)", Path("/proc/pressure/cpu").read_text())
        if found:
            return int(found[1]) / 1e6
    return None


def _throttle_count() -> int | None:
    """How often the processor was slowed for its heat, all cores together."""
    paths = list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
    with contextlib.suppress(OSError, ValueError):
        return sum(int(path.read_text()) for path in paths) if paths else None
    return None
