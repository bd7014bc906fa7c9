"""What the device process tells the job process: one JSON line each, over a pipe of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from ovtui.records import (
    Accuracy,
    Ceilings,
    Effective,
    OwnGraph,
    Phase,
    Preprocessing,
    Preview,
    Profile,
    StaticShape,
)


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", omit_defaults=True):
    """Base of all messages."""


class At(Message, frozen=True, tag="at"):
    """The phase that begins now."""

    phase: Phase


class Said(Message, frozen=True, tag="said"):
    """A note for a person."""

    text: str


class Built(Message, frozen=True, tag="built"):
    """The demo model is written."""


class Inspected(Message, frozen=True, tag="inspected"):
    """What was read from a model file; the job process adds identity, name and digests."""

    facts: dict[str, object]
    graph: OwnGraph
    converted: bool = False  # an IR was written


class Ready(Message, frozen=True, tag="ready"):
    """Compiled, filled and tried; the loops start now."""

    effective: Effective
    openvino: str
    read_ms: float
    compile_ms: float
    first_inference_ms: float


class Probed(Message, frozen=True, tag="probed"):
    """What OpenVINO finds on this machine."""

    openvino: str
    devices: dict[str, dict[str, str]]  # device → property → value
    settable: dict[str, dict[str, str]] = {}  # device → property that can be set → what its values are, in words


class Stopped(Message, frozen=True, tag="stopped"):
    """The loops have ended as asked."""

    unserved_ns: tuple[int, ...] = ()  # server mode: when those arrived who were not served any more; monotonic clock


class Profiled(Message, frozen=True, tag="profiled"):
    """Where the time goes."""

    profile: Profile
    device: str = ""  # that ran it, where one did: behind AUTO, BATCH, … that is another one than was asked for


class LayerTimes(Message, frozen=True, tag="layer-times"):
    """What the counters of one that takes turns said of all of its turns."""

    names: tuple[str, ...]  # of the device's nodes
    times_us: tuple[float, ...]  # mean of each
    low_us: tuple[float, ...]  # between which bounds it lies
    high_us: tuple[float, ...]
    inferences: int
    latency_us: float  # mean
    median_us: float


class Measured(Message, frozen=True, tag="measured"):
    """What the device can do at most."""

    ceilings: Ceilings


class Previewed(Message, frozen=True, tag="previewed"):
    """What data looks like."""

    preview: Preview


class Progress(Message, frozen=True, tag="progress"):
    """How far a phase has come."""

    phase: Phase
    done: int
    total: int | None


class Optimized(Message, frozen=True, tag="optimized"):
    """The version is written."""

    samples: int
    skipped: tuple[str, ...]
    preprocessing: Preprocessing | None
    shapes: dict[str, StaticShape] = {}  # of the samples, by input of the parent
    nncf: str | None = None  # its version, where it took part


class Judged(Message, frozen=True, tag="judged"):
    """What the version says against what its parent says."""

    accuracy: Accuracy


class Refused(Message, frozen=True, tag="refused"):
    """The task cannot be done. `bad_input`: because of a file or value the user gave."""

    error: str
    bad_input: bool


AnyMessage: TypeAlias = (
    At
    | Said
    | Built
    | Inspected
    | Ready
    | Probed
    | Stopped
    | Profiled
    | LayerTimes
    | Measured
    | Previewed
    | Progress
    | Optimized
    | Judged
    | Refused
)

Say: TypeAlias = Callable[[AnyMessage], None]

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyMessage).decode
