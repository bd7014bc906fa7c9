"""What the device executed, and where its time goes."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Compact, Record
from ovtui.records.graph import Edge, Operation, Tensor

LayerStatus = Literal["executed", "optimized_out", "not_run"]


class Layer(Compact, frozen=True):
    """A node of the graph that the device runs. Constants are left out."""

    name: str
    type: str  # the device's: Convolution, FullyConnected, Reorder, Subgraph, …
    kernel: str | None  # the primitive: brgconv_avx2_f32, jit_avx2, ref_any, …
    precision: str | None  # that it computes in
    order: int  # place in the order of execution
    status: LayerStatus
    inputs: tuple[Edge, ...]
    outputs: tuple[Tensor, ...]
    original: tuple[str, ...]  # names of the model's operations that became this layer
    time_us: float | None = None  # mean over the inferences of the pass; None: the device does not say
    spread_us: float | None = None  # standard deviation of the means of stretches of the pass; None: below resolution
    flops: int | None = None
    bytes: int | None = None  # read and written, weights included
    low_us: float | None = None  # the mean time is above this: the device counts in whole µs; None: no such bound
    high_us: float | None = None  # and below this, also where it tells no time at all


class Ceilings(Record, frozen=True):
    """What a device can do at most, measured with large operations, all its threads working on one inference."""

    device: str
    machine: str  # processor, usable cores and OpenVINO's version: what it holds for
    gflops: dict[str, float]  # precision → 10⁹ FLOPs per second
    gbytes: tuple[tuple[int, float], ...]  # working set in bytes → 10⁹ bytes per second, as many read as written
    measured: float  # seconds since 1970
    again: bool = False  # measured more than once: these are the highest
    reads: tuple[tuple[int, float], ...] = ()  # the same where bytes are only read
    method: int = 0  # how it was measured; what was measured in an older way is measured anew
    times: int = 1  # measurings that are in it
    operations_gflops: dict[str, float] = {}  # by the measuring alone: `gflops` is higher where a layer reached more


class Profile(Record, frozen=True):
    """Where time goes: a second, short pass of the same spec with the device's counters on."""

    layers: tuple[Layer, ...]  # in the order of execution
    operations: tuple[Operation, ...]  # in topological order
    inferences: int
    requests: int  # of the run
    streams: int  # inferences side by side, in the run as in the pass
    latency_us: float | None  # mean of the pass's own inferences
    median_us: float | None
    overhead: float | None  # of the counters: counted over uncounted inferences that took turns, less one
    ceilings: Ceilings | None = None
    notes: tuple[str, ...] = ()
    counters: bool | None = None  # whether the device times layers, if only in whole µs; None: not kept
    overhead_ci95: tuple[float, float] | None = None  # None: not known, as in what was kept before
    empty_us: float | None = None  # what an inference of a single element takes in the pass
