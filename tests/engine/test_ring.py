"""The memory between the two processes: what is written in one lane comes out whole, once, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ovtui.engine import ring


@pytest.fixture
def pair() -> Iterator[tuple[ring.Ring, ring.Ring]]:
    fd = ring.create()
    yield ring.Ring(fd), ring.Ring(fd)
    os.close(fd)


def write(lane: ring.Lane, values: list[tuple[int, int]], total: int) -> int:
    for begin, end in values:
        lane.slots[total & lane.mask], lane.slots[(total + 1) & lane.mask] = begin, end
        total += 2
    lane.position[0] = total
    return total


def test_there_is_no_reader_before_the_lanes_are_open(pair: tuple[ring.Ring, ring.Ring]) -> None:
    assert pair[1].reader() is None


@pytest.mark.parametrize("requests", [1, 2, 3, 1024])
def test_every_inference_comes_out_once(pair: tuple[ring.Ring, ring.Ring], requests: int) -> None:
    lanes = pair[0].open_lanes(requests)
    reader = pair[1].reader()
    assert reader is not None
    for i, lane in enumerate(lanes):
        write(lane, [(i, i + 10), (i + 20, i + 30)], 0)
    begins, ends = reader.drain()
    assert sorted(begins) == sorted([*range(requests), *(i + 20 for i in range(requests))])
    assert (ends - begins == 10).all()
    assert [part.size for part in reader.drain()] == [0, 0]


def test_the_horizon_is_what_the_slowest_request_has_reached(pair: tuple[ring.Ring, ring.Ring]) -> None:
    first, second = pair[0].open_lanes(2)
    reader = pair[1].reader()
    assert reader is not None
    write(first, [(1, 5), (5, 9)], 0)
    reader.drain()
    assert reader.horizon_ns == 0
    write(second, [(1, 7)], 0)
    reader.drain()
    assert reader.horizon_ns == 7


def test_values_around_the_end_of_a_lane_stay_in_order(pair: tuple[ring.Ring, ring.Ring]) -> None:
    (lane,) = pair[0].open_lanes(1)
    reader = pair[1].reader()
    assert reader is not None
    half = len(lane.slots) // 4
    total, expected = 0, 0
    for _ in range(5):
        total = write(lane, [(expected + i, expected + i + 1) for i in range(half)], total)
        begins, _ = reader.drain()
        assert begins.tolist() == list(range(expected, expected + half))
        expected += half
    assert reader.lost == 0


def test_what_was_overwritten_is_counted_as_lost(pair: tuple[ring.Ring, ring.Ring]) -> None:
    (lane,) = pair[0].open_lanes(1)
    reader = pair[1].reader()
    assert reader is not None
    capacity = len(lane.slots) // 2
    write(lane, [(i, i + 1) for i in range(2 * capacity)], 0)
    begins, _ = reader.drain()
    assert reader.lost + begins.size == 2 * capacity
    assert begins[-1] == 2 * capacity - 1


def test_stop_and_refusals_cross_over(pair: tuple[ring.Ring, ring.Ring]) -> None:
    device, job = pair
    assert not device.stop_word[0]
    job.stop()
    assert device.stop_word[0]
    device.set_refused(7)
    assert job.refused == 7
