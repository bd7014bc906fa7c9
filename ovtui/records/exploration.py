"""The search for the best settings."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Record, Status
from ovtui.records.environment import Environment
from ovtui.records.model import Model
from ovtui.records.remarks import AnyRemark
from ovtui.records.result import Estimate, Latency
from ovtui.records.spec import Spec

Percentile = Literal["p50", "p90", "p95", "p99"]


class Limits(Record, frozen=True):
    """What settings must keep to count as the best ones. None: no limit."""

    latency_ms: float | None = None
    percentile: Percentile = "p50"  # of the latency that is limited
    memory_mb: float | None = None


class Setting(Record, frozen=True):
    """A point of an exploration."""

    batch: int
    streams: int
    threads: int | None = None
    requests: int | None = None


class Grid(Record, frozen=True):
    """The settings that are explored: all of these with each other, or only the chosen ones."""

    batches: tuple[int, ...]
    streams: tuple[int, ...]
    threads: tuple[int | None, ...] = (None,)
    requests: tuple[int | None, ...] = (None,)
    chosen: tuple[Setting, ...] = ()  # empty: all
    search: bool = True  # look for the best; else measure each


CellState = Literal["open", "measuring", "measured", "reused", "failed"]


class Cell(Record, frozen=True):
    """A setting and what is known of it."""

    setting: Setting
    state: CellState = "open"
    run: str | None = None  # id
    throughput_fps: Estimate | None = None
    latency_ms: Latency | None = None
    peak_rss_mb: float | None = None
    rounds: int = 0  # of the race of the best
    reason: str | None = None  # why it failed


class RatePoint(Record, frozen=True):
    """An arrival rate that was tried, and whether it keeps the limit."""

    rate: float  # arrivals per second
    state: CellState = "open"
    run: str | None = None  # id
    latency_ms: Latency | None = None  # from the scheduled arrival
    missed: float | None = None  # share of arrivals above the limit, the refused ones included
    missed_ci95: tuple[float, float] | None = None  # over turns
    kept: bool | None = None
    expected: float | None = None  # share above the limit, from service times
    waiting: int = 0  # arrivals that nobody had served when its turns ended, all turns together
    ground: Literal["misses", "backlog", "service times", "capacity"] | None = None  # why it is not kept


class Exploration(Record, frozen=True, tag_field="study", tag="exploration"):
    """The search for the best settings, or for the highest arrival rate under a limit (`loads`)."""

    id: str
    status: Status
    label: str | None
    model: Model
    spec: Spec  # what all of them share
    grid: Grid
    limits: Limits
    created: float
    seconds: float | None = None  # of each setting's turn, where somebody said it
    cells: tuple[Cell, ...] = ()
    loads: tuple[RatePoint, ...] = ()
    best: str | None = None  # id of the best run
    pareto: tuple[str, ...] = ()  # ids: nothing else has more throughput and less latency
    elapsed_s: float = 0.0
    eta_s: float | None = None
    finished: float | None = None
    environment: Environment | None = None
    warnings: tuple[AnyRemark, ...] = ()
    error: str | None = None
    capacity: float | None = None  # of a rate search: arrivals per second that can be served at most
