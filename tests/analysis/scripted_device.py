"""A device whose every inference is written beforehand: arrays in virtual time, and the loop that feeds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.arrays import Ints
from ovtui.analysis.measurement import Measurement, Window


@dataclass(frozen=True)
class Script:
    """Inferences in order of their end: ns since the first start, and the request that each ran on."""

    starts: Ints
    ends: Ints
    requests: Ints

    def horizon(self, now_ns: int) -> int:
        """The earliest of the requests' last ends."""
        done = self.ends <= now_ns
        lasts = [self.ends[done & (self.requests == r)] for r in np.unique(self.requests)]
        return min(int(ends[-1]) if len(ends) else 0 for ends in lasts)


def script(parts: list[tuple[Ints, Ints]]) -> Script:
    """From the starts and ends of each request."""
    starts, ends = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    requests = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.argsort(ends, kind="stable")
    return Script(starts[order], ends[order], requests[order])


def closed_loop(latency_ms: Callable[[float], float], *, seconds: float, requests: int = 1) -> Script:
    """Requests that start again as soon as they end; the latency depends on the time of the start, s."""
    parts = []
    for request in range(requests):
        ends, t = [], 0.0
        stagger = latency_ms(0.0) * request / requests / 1e3
        t = stagger
        while t < seconds:
            t += latency_ms(t) / 1e3
            ends.append(round(t * 1e9))
        starts = [round(stagger * 1e9), *ends[:-1]]
        parts.append((np.asarray(starts, np.int64), np.asarray(ends, np.int64)))
    return script(parts)


def noisy(mean_ms: float, share: float, seed: int) -> Callable[[float], float]:
    """Independent latencies, normal around a mean."""
    rng = np.random.default_rng(seed)
    values = iter(mean_ms * (1 + share * rng.standard_normal(200_000)))
    return lambda _t: next(values)


def waves(mean_ms: float, share: float, phi: float, seed: int) -> Callable[[float], float]:
    """Latencies under slow weather: AR(1) from one 100 ms to the next."""
    rng = np.random.default_rng(seed)
    level, levels = 0.0, []
    for shock in rng.standard_normal(2000):
        level = phi * level + shock * (1 - phi**2) ** 0.5
        levels.append(level)
    return lambda t: mean_ms * max(1 + share * levels[int(t * 10)], 0.1)


def play(measurement: Measurement, device: Script, *, every_s: float = 0.25, until_s: float = 1e9) -> list[Window]:
    """Feed a script as the job does, until the measurement is done or the script ends. Returns the windows."""
    windows, begin, now = [], 0, 0.0
    open_loop = not len(device.requests)
    while measurement.phase != "done" and now < until_s and begin < len(device.ends):
        now += every_s
        now_ns = round(now * 1e9)
        end = int(np.searchsorted(device.ends, now_ns, side="right"))
        horizon = now_ns if open_loop else device.horizon(now_ns)
        measurement.add(device.starts[begin:end], device.ends[begin:end], horizon_ns=horizon)
        begin = end
        window = measurement.window()
        if window:
            windows.append(window)
    return windows


def open_loop(service_ms: float, rate: float, *, seconds: float, seed: int) -> Script:
    """A queue with random arrivals and one server (Lindley); starts are the scheduled arrivals."""
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1e9 / rate, int(rate * seconds)))
    arrivals -= arrivals[0]
    service = service_ms * 1e6 * rng.uniform(0.9, 1.1, len(arrivals))
    ends, free = [], 0.0
    for arrival, needed in zip(arrivals.tolist(), service.tolist(), strict=True):
        free = max(free, arrival) + needed
        ends.append(free)
    return Script(arrivals.astype(np.int64), np.asarray(ends).astype(np.int64), np.empty(0, np.int64))
