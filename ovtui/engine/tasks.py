"""What a job asks of a device process: one JSON line on its stdin, and for tasks that take turns a line for each."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ovtui.records import File, Model, Recipe, Record, Spec


class Task(msgspec.Struct, frozen=True, kw_only=True, tag_field="task", omit_defaults=True):
    """Base of all tasks; the process that starts them fills in where to answer and whose child it is."""

    talk_fd: int = -1
    parent: int = 0  # pid of the job process; without it, this one has nobody to work for

    @property
    def takes_turns(self) -> bool:
        """Whether it stands ready and works when it is told to, again and again."""
        return False

    @property
    def shared_fds(self) -> tuple[int, ...]:
        """Descriptors that the device process inherits."""
        return ()


class DemoTask(Task, frozen=True, tag="demo"):
    """Write the demo model to `path`."""

    path: str


class InspectTask(Task, frozen=True, tag="inspect"):
    """Read a model file and tell its facts."""

    path: str
    shapes: dict[str, tuple[int, ...]] = {}
    layouts: dict[str, str] = {}
    target: str = ""  # where to write an IR, if the file can only be read with shapes
    extensions: tuple[File, ...] = ()


class MeasureTask(Task, frozen=True, tag="measure"):
    """Infer, and write when each inference began and ended into the ring."""

    model: Model
    spec: Spec
    ring_fd: int
    turns: bool = False

    @property
    def takes_turns(self) -> bool:
        return self.turns

    @property
    def shared_fds(self) -> tuple[int, ...]:
        return (self.ring_fd,)


class ProfileTask(Task, frozen=True, tag="profile"):
    """Infer with the device's counters on, and tell where the time goes."""

    model: Model
    spec: Spec


class LayerTimesTask(Task, frozen=True, tag="layer-times"):
    """Infer with counters in turns, and tell the layer times of all of them when asked."""

    model: Model
    spec: Spec

    @property
    def takes_turns(self) -> bool:
        return True


class CeilingsTask(Task, frozen=True, tag="ceilings"):
    """Measure what a device can do at most."""

    device: str
    machine: str  # what they hold for


class ProbeTask(Task, frozen=True, tag="probe"):
    """List OpenVINO's devices and their properties."""


class PreviewTask(Task, frozen=True, tag="preview"):
    """Look at the data of a recipe."""

    model: Model
    recipe: Recipe


class OptimizeTask(Task, frozen=True, tag="optimize"):
    """Make a version and write it to `path`, an .xml, with its .bin."""

    model: Model
    recipe: Recipe
    path: str


class AccuracyTask(Task, frozen=True, tag="accuracy"):
    """Compare what a version and its parent say about the same samples."""

    parent_model: Model
    version: Model
    recipe: Recipe
    spec: Spec


AnyTask: TypeAlias = (
    DemoTask
    | InspectTask
    | MeasureTask
    | ProfileTask
    | LayerTimesTask
    | CeilingsTask
    | ProbeTask
    | PreviewTask
    | OptimizeTask
    | AccuracyTask
)


class Turn(Record, frozen=True):
    """One turn of a task that takes turns: infer until the ring says stop."""

    rate: float | None = None  # arrivals per second; None: a closed loop
    seed: int = 0  # of the arrivals
    seconds: float | None = None  # layer times: infer for so long, with counters; None: tell what they counted


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyTask).decode
decode_turn = msgspec.json.Decoder(Turn).decode
