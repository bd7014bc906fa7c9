"""One measurement, and a line of history."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Record, StaticShape, Status
from ovtui.records.environment import Environment
from ovtui.records.model import Model
from ovtui.records.remarks import AnyRemark
from ovtui.records.result import Estimate, Result
from ovtui.records.spec import Mode, Spec


class Effective(Record, frozen=True):
    """What the device made of a spec: the values that were measured with."""

    batch: int
    requests: int
    streams: int | None
    threads: int | None
    precision: str | None
    shapes: dict[str, StaticShape]
    layouts: dict[str, str]
    inputs: dict[str, str]  # input → where its values came from, in words
    execution_devices: tuple[str, ...]
    device_name: str | None
    properties: dict[str, str]  # what was set, hints included
    state: Literal["reset", "kept"] | None = None  # between inferences; None: the model has none


class Run(Record, frozen=True):
    """One measurement of one spec."""

    id: str
    status: Status
    label: str | None
    model: Model
    spec: Spec
    created: float
    started: float | None = None
    finished: float | None = None
    effective: Effective | None = None
    environment: Environment | None = None
    result: Result | None = None
    warnings: tuple[AnyRemark, ...] = ()
    error: str | None = None
    part_of: str | None = None  # id of the comparison or exploration that made it


class RunFilter(Record, frozen=True):
    """Which runs: those for which everything given holds."""

    model: str | None = None  # id
    family: str | None = None  # id
    device: str | None = None
    mode: Mode | None = None
    status: Status | None = None
    since: float | None = None  # created then or later
    part_of: str | None = None  # id of a comparison or exploration; None: only runs that are no part of one


class RunSummary(Record, frozen=True):
    """A line of history: what a list shows of a run."""

    id: str
    status: Status
    label: str | None
    model: str  # id
    model_name: str
    device: str
    mode: Mode
    batch: int | None  # that was measured with, or as long as that is not known, that was asked for
    streams: int | None
    throughput_fps: Estimate | None
    p50_ms: float | None
    created: float
    started: float | None
    finished: float | None
    error: str | None
    warnings: int
    p50_weak: bool = False  # too few independent inferences beyond it
