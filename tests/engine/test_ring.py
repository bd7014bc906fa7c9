"""The memory between the two processes: what is written in one lane comes out whole, once, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
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


def test_a_position_seen_before_its_values_waits_for_them(pair: tuple[ring.Ring, ring.Ring]) -> None:
    (lane,) = pair[0].open_lanes(1)
    reader = pair[1].reader()
    assert reader is not None
    lane.position[0] = 4  # a weakly ordered processor shows it first
    assert reader.drain()[0].size == 0
    lane.slots[1], lane.slots[2], lane.slots[3] = 20, 20, 30  # the begin of the first is not there yet
    lane.slots[0] = 10
    assert [part.tolist() for part in reader.drain()] == [[10, 20], [20, 30]]
    assert reader.lost == 0


@pytest.mark.parametrize("missing", [0, 1])
def test_a_slot_that_still_holds_the_last_round_is_not_taken(pair: tuple[ring.Ring, ring.Ring], missing: int) -> None:
    (lane,) = pair[0].open_lanes(1)
    reader = pair[1].reader()
    assert reader is not None
    capacity = len(lane.slots) // 2
    total = 0
    for part in range(2):
        values = [(i, i + 1) for i in range(part * capacity // 2, (part + 1) * capacity // 2)]
        total = write(lane, values, total)
        reader.drain()
    old = lane.slots[missing]
    total = write(lane, [(capacity, capacity + 1), (capacity + 1, capacity + 2)], total)
    new, lane.slots[missing] = lane.slots[missing], old
    assert reader.drain()[0].size == 0
    lane.slots[missing] = new
    assert reader.drain()[0].tolist() == [capacity, capacity + 1]


def test_stores_in_any_order_come_out_whole_once_and_in_order(pair: tuple[ring.Ring, ring.Ring]) -> None:
    """A processor that keeps back what was stored, each place for as long as it likes, but in order within a place."""
    (lane,) = pair[0].open_lanes(1)
    reader = pair[1].reader()
    assert reader is not None
    rng = np.random.default_rng(0)
    size, mask, total = len(lane.slots), lane.mask, 0
    # The lane has been round once, so that every slot holds something old.
    written = [(i, i + 1) for i in range(size // 2)]
    for part in range(0, len(written), size // 8):
        total = write(lane, written[part : part + size // 8], total)
        reader.drain()
    clock, taken, pending = written[-1][1], list[tuple[int, int]](), dict[object, list[int]]()
    for _ in range(3000):
        begin = clock + int(rng.integers(0, 3))
        clock = end = begin + int(rng.integers(1, 4))
        written.append((begin, end))
        total += 2
        stores: list[tuple[object, int]] = [((total - 2) & mask, begin), ((total - 1) & mask, end), ("position", total)]
        for place, value in stores:
            pending.setdefault(place, []).append(value)
        for place in [place for place in pending if rng.random() < 0.3]:
            values = pending[place]
            for _ in range(int(rng.integers(1, len(values) + 1))):
                value = values.pop(0)
                if place == "position":
                    lane.position[0] = value
                else:
                    assert isinstance(place, int)
                    lane.slots[place] = value
            if not values:
                del pending[place]
        if rng.random() < 0.5:
            taken += zip(*(part.tolist() for part in reader.drain()), strict=True)
    for place, values in pending.items():
        if isinstance(place, int):
            lane.slots[place] = values[-1]
    lane.position[0] = total
    taken += zip(*(part.tolist() for part in reader.drain()), strict=True)
    assert taken == written[size // 2 :]
    assert reader.lost == 0
