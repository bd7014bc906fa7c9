"""Layers of two sides as a disturbed machine would time them, with what is true known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.comparison.attribution import Sides

BLOCKS = 8
KINDS = ("calm", "placed", "shared", "grouped", "wild")


class Noise(NamedTuple):
    """Standard deviations of ln time."""

    block: float  # of a layer from block to block, autocorrelated, heavy-tailed
    placement: float  # of a layer of a side, as long as an instance lives: where it came to lie
    shared: float  # of all layers of a side, as long as an instance lives
    grouped: float = 0.0  # of every seventh layer of a side together
    burst: float = 0.0  # share of the blocks in which a neighbour takes a third of the time
    drift: float = 0.05  # of the machine, from instance to instance and within one


NOISE = {
    "calm": Noise(0.01, 0.005, 0.003),
    "placed": Noise(0.02, 0.02, 0.005),
    "shared": Noise(0.02, 0.01, 0.02),
    "grouped": Noise(0.02, 0.01, 0.01, grouped=0.03),
    "wild": Noise(0.04, 0.02, 0.01, burst=0.05),
}


def base_times(random: np.random.Generator, layers: int, whole_us: float = 5000.0) -> Floats:
    """Times of layers in µs, few long and many short, that add up to `whole_us`."""
    weights = np.exp(random.normal(0.0, 1.3, layers))
    return weights / weights.sum() * whole_us


def heavy(random: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """Student's t with 3 degrees of freedom, of standard deviation 1."""
    return random.standard_t(3, size) / np.sqrt(3)


def resembling(random: np.random.Generator, size: tuple[int, ...], phi: float) -> Floats:
    """Along the last axis each value resembles the one before; standard deviation 1."""
    values = heavy(random, size)
    values[..., 1:] *= np.sqrt(1 - phi**2)
    for now in range(1, size[-1]):
        values[..., now] += phi * values[..., now - 1]
    return values


def counted(
    random: np.random.Generator, times: Floats, noise: Noise, instances: int, *, in_turn: bool = True
) -> Floats:
    """Mean times in µs of shape (2, instances, layers), of sides whose true times are `times`, shape (2, layers).

    `in_turn`: a block of one side follows one of the other; else all blocks of A come before those of B.
    """
    layers = times.shape[1]
    shape = (2, instances, layers)
    ln = noise.placement * heavy(random, shape) + noise.shared * heavy(random, (2, instances, 1))
    groups = noise.grouped * heavy(random, (2, instances, layers // 7 + 1))
    ln = ln + np.repeat(groups, 7, axis=2)[..., :layers]
    slow = np.cumsum(random.normal(size=(instances, 2 * BLOCKS)), axis=1)
    slow = noise.drift * (slow / np.sqrt(2 * BLOCKS) + random.normal(size=(instances, 1)))
    slow += (random.random(slow.shape) < noise.burst) * np.log(1.5)
    if in_turn:
        order = random.random((instances, BLOCKS)) < 0.5
        first, second = slow[:, 0::2], slow[:, 1::2]
        machine = np.stack([np.where(order, first, second), np.where(order, second, first)])
    else:
        machine = np.stack([slow[:, :BLOCKS], slow[:, BLOCKS:]])
    blocks = ln[..., None] + machine[:, :, None, :] + noise.block * resembling(random, (*shape, BLOCKS), 0.7)
    exact = (times[:, None, :, None] * np.exp(blocks)).mean(axis=3)
    return as_counters_tell(random, exact)


def as_counters_tell(random: np.random.Generator, exact: Floats) -> Floats:
    """Cut to whole µs as running means are, and the mean between two readings of them (see `analysis.counters`)."""
    warm, blocks = 40.0, 120.0
    before = np.floor(np.maximum(exact * np.exp(0.02 * random.normal(size=exact.shape)) - 0.5, 0.0))
    after = np.floor(np.maximum((warm * (before + 0.5) + blocks * (exact - 0.5)) / (warm + blocks), 0.0))
    moved = ((warm + blocks) * after - warm * before) / blocks
    return np.where(after > 0, np.maximum(0.0, moved + 1.0), 0.0)


def as_sides(found: Floats) -> list[Sides]:
    return [Sides(found[0, :, layer].tolist(), found[1, :, layer].tolist()) for layer in range(found.shape[2])]
