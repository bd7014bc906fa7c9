"""What is to be measured, and how."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Record, StaticShape

Mode = Literal["latency", "throughput", "manual", "server"]
Api = Literal["threads", "async", "python"]
Channels = Literal["rgb", "bgr"]


class Stop(Record, frozen=True):
    """When a measurement ends: at a confidence, after a time, or after a count."""

    kind: Literal["ci", "seconds", "iterations"] = "ci"
    ci: float = 0.01  # half-width of the 95 % interval over the mean
    seconds: float = 60.0  # kind "seconds": how long; kind "ci": the longest
    min_seconds: float = 5.0  # kind "ci": the shortest
    iterations: int = 0


class Images(Record, frozen=True):
    """How a folder of images becomes tensors. None means: guessed from the model, and said."""

    mean: tuple[float, ...] | None = None  # per channel, in the model's channel order, on 0–255
    scale: tuple[float, ...] | None = None  # divisor per channel
    channels: Channels | None = None


class Data(Record, frozen=True):
    """A source of input values: a .npy or .npz file, or a folder of images."""

    path: str
    input: str | None = None  # the model's input it is for; None: the only one, or by the names in an .npz


class Spec(Record, frozen=True):
    """Everything that defines a measurement, as it was asked for. None means: left to the device."""

    model: str  # id
    device: str = "CPU"
    mode: Mode = "latency"
    api: Api = "threads"
    batch: int | None = None
    streams: int | None = None
    threads: int | None = None
    requests: int | None = None
    rate: float | None = None  # server mode: arrivals per second
    queue: int = 1000  # server mode: arrivals that may wait; one more is refused, and counted
    stop: Stop = Stop()
    shapes: dict[str, StaticShape] = {}
    layouts: dict[str, str] = {}
    data: tuple[Data, ...] = ()
    images: Images = Images()
    seed: int = 0
    precision: Literal["f32", "bf16", "f16"] | None = None
    properties: dict[str, str] = {}
    profile: bool = True  # look at the layers afterwards, in a pass of its own
    keep_state: bool = False  # of a model that has some: from one inference to the next, as in one long conversation
