"""What a job tells: one typed event a line. Viewers only read; replaying the file shows the job again."""

from __future__ import annotations

import time
from typing import TypeAlias

import msgspec

from ovtui.records import (
    Effective,
    Environment,
    Estimate,
    Histogram,
    Phase,
    Result,
    Status,
    Study,
)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    """Base: `t` is the monotonic clock, `time` seconds since 1970."""

    t: float = msgspec.field(default_factory=time.monotonic)
    time: float = msgspec.field(default_factory=time.time)


class Queued(Event, frozen=True, tag="queued"):
    """The machine is measuring something else."""

    behind: str


class Started(Event, frozen=True, tag="started"):
    """The job has begun (a run: has the machine to itself)."""

    pid: int
    environment: Environment | None = None


class PhaseBegan(Event, frozen=True, tag="phase"):
    """What is being done now."""

    phase: Phase


class Note(Event, frozen=True, tag="note"):
    """Something a person should know: what was guessed, what was left out."""

    text: str


class Loaded(Event, frozen=True, tag="loaded"):
    """The model is compiled and has inferred once."""

    effective: Effective
    read_ms: float
    compile_ms: float
    first_inference_ms: float


class Window(Event, frozen=True, tag="window"):
    """A stretch of the measurement, about half a second, and what is known so far."""

    t_s: float  # end of the window, since the first inference
    warming: bool
    throughput_fps: float
    inferences: int  # in this window
    p50_ms: float | None  # of this window
    p99_ms: float | None
    estimate: Estimate | None  # of the whole so far
    median_ms: float | None
    eta_s: float | None
    progress: float | None  # 0 to 1
    cpu_percent: float | None = None
    rss_mb: float | None = None
    frequency_mhz: float | None = None
    temperature_c: float | None = None
    speed: float | None = None
    disturbed: str | None = None  # why this window is not to be trusted
    result: Result | None = None  # what the run would say if it ended now
    histogram: Histogram | None = None  # of everything measured so far, as fine as a screen


class StudyChanged(Event, frozen=True, tag="study"):
    """A comparison, exploration or optimization as it is known now."""

    study: Study


class Beat(Event, frozen=True, tag="beat"):
    """Nothing has changed, but it goes on: seconds since a study began."""

    elapsed_s: float


class Ended(Event, frozen=True, tag="ended"):
    """The last event. `bad_input` tells a refused file or value from a failure."""

    status: Status
    error: str | None = None
    bad_input: bool = False
    model: str | None = None  # id, of an import


AnyEvent: TypeAlias = Queued | Started | PhaseBegan | Note | Loaded | Window | StudyChanged | Beat | Ended

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """One line, with its end."""
    return _encoder.encode(event) + b"\n"


def decode(line: bytes) -> AnyEvent | None:
    """The event of a whole line; None for a line that was cut off by a death or a full disk."""
    try:
        event: AnyEvent = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return event
