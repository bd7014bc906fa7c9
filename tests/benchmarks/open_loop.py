"""The open loop: `python -m tests.benchmarks.open_loop`: how late it sends, and whether it sees a stall.

Lateness: the loop itself with a service that takes no time; what is left of a latency is how late it was sent. The
stall: a scripted server that answers in 2 ms and stands still for 100 ms each second, driven by the real loop; the true
percentile comes from the same arrivals worked through by hand.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import numpy as np

from ovtui.analysis.measurement import Measurement
from ovtui.engine import ring
from ovtui.engine.device import loops
from ovtui.records import Stop


def driven(rate: float, seconds: float, serve: Callable[[], bool], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scheduled times and ends, ns, of what the loop served."""
    fd = ring.create()
    shared = ring.Ring(fd)
    (lane,) = shared.open_lanes(1)
    line = loops.Line(loops.arrivals(rate, seed, time.perf_counter_ns() + 20_000_000), 100_000, shared)
    worker = threading.Thread(target=loops.open_loop, args=(serve, line, lane, shared.stop_word))
    worker.start()
    time.sleep(seconds)
    shared.stop()
    worker.join()
    reader = shared.reader()
    assert reader is not None
    begins, ends = reader.drain()
    assert not reader.lost
    os.close(fd)
    return begins, ends


def lateness() -> None:
    print("| arrivals/s | sent late, p50 µs | p99 µs | p99.9 µs |\n|---:|---:|---:|---:|")
    for rate in (50, 200, 1000):
        begins, ends = driven(rate, 20, lambda: True, seed=1)
        late = (ends - begins) / 1e3
        p50, p99, p999 = np.quantile(late, (0.5, 0.99, 0.999))
        print(f"| {rate} | {p50:.0f} | {p99:.0f} | {p999:.0f} |", flush=True)
    print()


SERVICE_S, STALL_S, EVERY_S = 0.002, 0.1, 1.0


def stall(rounds: int = 3) -> None:
    print("| arrivals/s | true p99 ms | shown p99 ms | off by |\n|---:|---:|---:|---:|")
    for seed in range(rounds):
        origin = time.perf_counter() + 0.02
        last = [0]

        def serve(origin: float = origin, last: list[int] = last) -> bool:
            now = time.perf_counter()
            stalled = int((now - origin) / EVERY_S) > last[0]
            last[0] = int((now - origin) / EVERY_S)
            end = now + SERVICE_S + (STALL_S if stalled else 0.0)
            while (left := end - time.perf_counter()) > 0:
                time.sleep(left - 150e-6 if left > 150e-6 else 0)
            return True

        begins, ends = driven(100, 60, serve, seed=seed)
        job = Measurement(Stop(kind="seconds", seconds=45), batch=1, open_loop=True)
        first = int(begins.min())
        for cut in range(1, 240):
            horizon = int(cut * 250e6)
            these = (ends - first > horizon - 250e6) & (ends - first <= horizon)
            job.add(begins[these] - first, ends[these] - first, horizon_ns=horizon)
        result = job.result()
        assert result is not None
        after = int(result.warmup_s * 1e9)
        until = after + 45 * 10**9
        inside = (ends - first > after) & (ends - first <= until)
        truth = _worked_through(np.sort(begins), first)[inside]
        true_p99, shown = float(np.quantile(truth, 0.99)) * 1e3, result.latency_ms.p99
        told = "not shown" if shown is None else f"{shown:.1f} | {shown / true_p99 - 1:+.1%}"
        print(f"| 100 | {true_p99:.1f} | {told} |", flush=True)
    print()


def _worked_through(scheduled: np.ndarray, first: int) -> np.ndarray:
    """Latencies, s: first come first served; the first that begins in a new second takes 100 ms longer."""
    begun, free, last = (scheduled - first) / 1e9, 0.0, 0
    found = []
    for moment in begun:
        start = max(moment, free)
        stalled = int(start / EVERY_S) > last
        last = int(start / EVERY_S)
        free = start + SERVICE_S + (STALL_S if stalled else 0.0)
        found.append(free - moment)
    return np.asarray(found)


if __name__ == "__main__":
    lateness()
    stall()
