"""What a reader should know of a result, as codes with values; `sentences.py` has the words.

Earlier versions kept sentences: they stay text, as do notes that nothing is decided on.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ovtui.records.result import QuotaStops

NotConvergedReason = Literal[
    "no-interval-few-inferences",
    "no-interval-short-inferences",
    "no-interval-short-time",
    "wide",
    "few-inferences",
    "few-independent-values",
    "slow-noise",
    "late",
    "random-arrivals",
]


class Remark(msgspec.Struct, frozen=True, kw_only=True, tag_field="remark", omit_defaults=True):
    """Base of all remarks."""


class NotConverged(Remark, frozen=True, tag="not-converged"):
    """The mean is not known as well as was asked for. Shares are of the mean."""

    reason: NotConvergedReason
    target: float
    half_width: float | None = None
    found: float = 0  # of what there was too little: inferences, independent values, seconds
    needed: int = 0
    noisy: bool = False  # something was seen to disturb it
    state_kept: bool = False


class Unsteady(Remark, frozen=True, tag="unsteady"):
    """Measuring began before the machine was steady."""


class Lost(Remark, frozen=True, tag="lost"):
    """Inferences that could not be counted."""

    count: int


class CpuQuota(Remark, frozen=True, tag="cpu-quota"):
    """A container's quota stopped the inferences."""

    stops: QuotaStops


class OtherProcesses(Remark, frozen=True, tag="other-processes"):
    """In cores, over the time that was measured."""

    used: float
    cores: int
    machine: float
    own: float
    waited: float | None = None  # share of the time in which work waited for a core
    interruptions: int = 0


class Steal(Remark, frozen=True, tag="steal"):
    """The hypervisor gave the machine's time to others."""

    share: float


class Throttling(Remark, frozen=True, tag="throttling"):
    """Thermal throttling, as the machine counted it."""

    count: int


class SpeedChange(Remark, frozen=True, tag="speed-change"):
    """Of the machine, by fixed work: the last third of the time against the first."""

    change: float  # −0.04: 4 % slower
    clock_mhz: tuple[float, float] | None = None
    temperature_c: tuple[float, float] | None = None


class BeyondCapacity(Remark, frozen=True, tag="beyond-capacity"):
    """Arrivals per second."""

    served: float
    rate: float


class BacklogGrew(Remark, frozen=True, tag="backlog-grew"):
    """Latencies grew while it measured."""


class Refused(Remark, frozen=True, tag="refused"):
    """Arrivals that found the queue full."""

    count: int


class StillWaiting(Remark, frozen=True, tag="still-waiting"):
    """Arrivals that were not served by the end."""

    count: int


AnyRemark: TypeAlias = (
    str
    | NotConverged
    | Unsteady
    | Lost
    | CpuQuota
    | OtherProcesses
    | Steal
    | Throttling
    | SpeedChange
    | BeyondCapacity
    | BacklogGrew
    | Refused
    | StillWaiting
)
