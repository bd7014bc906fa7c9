"""The loops against a scripted device: what they note, when they stop, and how an open loop keeps its schedule."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ovtui.engine import ring
from ovtui.engine.device import loops


@pytest.fixture
def memory() -> Iterator[ring.Ring]:
    fd = ring.create()
    yield ring.Ring(fd)
    os.close(fd)


class Scripted:
    """A device whose clock only moves when it infers, and which stops the loop after so many inferences."""

    def __init__(self, stop: memoryview, latencies: list[int]) -> None:
        self.now = 1000
        self._stop = stop
        self._latencies = iter(latencies)
        self._left = len(latencies)

    def clock(self) -> int:
        return self.now

    def infer(self, handle: object) -> int:
        self.now += next(self._latencies)
        self._left -= 1
        if not self._left:
            self._stop[0] = 1
        return 0


def test_a_closed_loop_notes_every_latency(memory: ring.Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Scripted(memory.stop_word, [5, 7, 11])
    monkeypatch.setattr(loops, "_clock", device.clock)
    (lane,) = memory.open_lanes(1)
    assert loops.closed(device.infer, None, lane, memory.stop_word)
    reader = memory.reader()
    assert reader is not None
    begins, ends = reader.drain()
    assert (ends - begins).tolist() == [5, 7, 11]


def test_a_second_turn_goes_on_where_the_first_one_stopped(memory: ring.Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    (lane,) = memory.open_lanes(1)
    reader = memory.reader()
    assert reader is not None
    for latencies in ([10, 20, 30], [40, 50]):
        memory.clear()
        device = Scripted(memory.stop_word, latencies)
        monkeypatch.setattr(loops, "_clock", device.clock)
        assert loops.closed(device.infer, None, lane, memory.stop_word)
        ((begins, ends),) = reader.drain_lanes()
        assert (ends - begins).tolist() == latencies
    assert reader.ended == 5


def test_an_asynchronous_latency_runs_from_start_to_the_end_of_the_wait(
    memory: ring.Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Scripted(memory.stop_word, [1, 9, 1, 19])
    monkeypatch.setattr(loops, "_clock", device.clock)
    (lane,) = memory.open_lanes(1)
    assert loops.closed_async(device.infer, device.infer, None, lane, memory.stop_word)
    reader = memory.reader()
    assert reader is not None
    begins, ends = reader.drain()
    assert (ends - begins).tolist() == [10, 20]


def test_a_failing_inference_ends_every_loop_with_its_reason(memory: ring.Ring) -> None:
    first, second = memory.open_lanes(2)
    stop = memory.stop_word
    bodies = [
        lambda: loops.closed(lambda handle: 1, None, first, stop),
        lambda: loops.closed(lambda handle: 0, None, second, stop),
    ]
    assert loops.together(bodies, lambda: "the device fell over", stop) == "the device fell over"


def test_arrivals_are_a_poisson_process_that_the_seed_repeats() -> None:
    times = list(itertools.islice(loops.arrivals(1000.0, 7, 0), 20_000))
    assert times == list(itertools.islice(loops.arrivals(1000.0, 7, 0), 20_000))
    assert times != list(itertools.islice(loops.arrivals(1000.0, 8, 0), 20_000))
    gaps = np.diff(times)
    assert gaps.mean() == pytest.approx(1e6, rel=0.03)
    assert gaps.std() == pytest.approx(1e6, rel=0.05)  # of an exponential distribution, as its mean


class Clock:
    """Time by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0
        monkeypatch.setattr(loops, "_clock", lambda: self.now)


def test_a_line_serves_in_order_of_arrival(memory: ring.Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    line = loops.Line(iter([10, 20, 30, 40]), 100, memory)
    clock.now = 25
    assert [line.take(), line.take()] == [10, 20]
    assert line.take() == 30  # the next one, in the future


def test_a_full_line_refuses_those_who_come_while_it_is_full(
    memory: ring.Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    line = loops.Line(iter([10, 11, 12, 13, 50, 60]), 2, memory)
    clock.now = 20
    assert line.take() == 10
    assert memory.refused == 2  # 12 and 13 found two waiting
    clock.now = 55
    assert line.take() == 11
    assert line.take() == 50  # there was room again
    assert memory.refused == 2


def test_a_line_tells_who_is_left_unserved(memory: ring.Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that arrived since anybody looked, and one that was taken when the end came, but none of the future."""
    clock = Clock(monkeypatch)
    line = loops.Line(iter([10, 20, 30, 40, 90, 95]), 100, memory)
    clock.now = 15
    taken, ahead = line.take(), line.take()
    assert (taken, ahead) == (10, 20)
    clock.now = 45
    line.give_back(taken)
    line.give_back(line.take())
    assert line.unserved() == [10, 30, 40]
    line.give_back(90)
    assert line.unserved() == [10, 30, 40]


def test_a_loop_that_is_stopped_gives_back_the_arrival_that_it_had_taken(
    memory: ring.Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    stop = memory.stop_word
    (lane,) = memory.open_lanes(1)
    line = loops.Line(iter([100, 101, 102, 10**18]), 100, memory)
    clock.now = 102

    def serve() -> bool:
        clock.now += 10
        stop[0] = 1
        return True

    assert loops.open_loop(serve, line, lane, stop)
    assert line.unserved() == [101, 102]


def test_an_open_loop_counts_the_waiting(memory: ring.Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three arrivals at once, one server of 10: the latencies are 10, 20, 30 from the schedule."""
    clock = Clock(monkeypatch)
    stop = memory.stop_word
    (lane,) = memory.open_lanes(1)
    line = loops.Line(iter([100, 100, 100, 10**18, 10**18]), 100, memory)
    clock.now = 100

    def serve() -> bool:
        clock.now += 10
        if clock.now == 130:
            stop[0] = 1
        return True

    assert loops.open_loop(serve, line, lane, stop)
    reader = memory.reader()
    assert reader is not None
    begins, ends = reader.drain()
    assert (ends - begins).tolist() == [10, 20, 30]


def test_sleeping_until_a_time_is_never_early_and_ends_with_stop(memory: ring.Ring) -> None:
    when = time.perf_counter_ns() + 3_000_000
    assert loops.sleep_until(when, memory.stop_word)
    assert time.perf_counter_ns() >= when
    threading.Timer(0.02, memory.stop).start()
    assert not loops.sleep_until(time.perf_counter_ns() + 60_000_000_000, memory.stop_word)
