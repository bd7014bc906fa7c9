"""A version of a model, how it is made, and from which data."""

from __future__ import annotations

from typing import Literal

from ovtui.records.accuracy import Accuracy
from ovtui.records.base import Record, StaticShape, Status
from ovtui.records.environment import Environment
from ovtui.records.model import Model
from ovtui.records.remarks import AnyRemark
from ovtui.records.spec import Channels, Data, Images, Spec

Method = Literal["int8", "fp16", "int8-weights", "int4-weights"]
"""Post-training quantization of weights and activations; half-precision weights on disk; compressed weights only."""
Preset = Literal["performance", "mixed"]


class Recipe(Record, frozen=True):
    """Everything that makes a version of a model, so that it can be made again. None: left to the method."""

    method: Method = "int8"
    # int8
    preset: Preset = "mixed"
    model_type: Literal["transformer"] | None = None
    subset: int = 300  # samples that calibrate
    max_drop: float | None = None  # 0.01: quantize only as far as top-1 drops by a point at most
    # int8 and compressed weights
    ignored: tuple[str, ...] = ()  # names of operations that stay as they are
    ignored_patterns: tuple[str, ...] = ()  # regular expressions of such names
    # compressed weights
    symmetric: bool = True
    group_size: int | None = None  # weights that share a scale; -1: a whole channel
    ratio: float | None = None  # int4: share of the weights that become 4 bits; the rest becomes 8
    # what calibrates, and what accuracy is measured on
    data: tuple[Data, ...] = ()
    labels: str | None = None  # a .csv of file or row and label, or a .npy of labels
    random: bool = False  # calibrate with noise, asked for in words: accuracy means nothing then
    images: Images = Images()
    layouts: dict[str, str] = {}
    shapes: dict[str, StaticShape] = {}
    pixels: tuple[int, int] | None = None  # height, width of the images the version takes; None: the model's own
    bake: bool = True  # images: the version takes bytes, and normalises them itself
    seed: int = 0


class Preprocessing(Record, frozen=True):
    """How pixels become what a model takes; a version that was made from images has it built in."""

    input: str
    layout: str  # the model's: NCHW or NHWC
    size: tuple[int, int]  # height, width that the model takes
    pixels: tuple[int, int]  # height, width of the images that are given to it
    channels: Channels
    mean: tuple[float, ...]  # per channel in the model's order, on 0–255
    scale: tuple[float, ...]
    guessed: tuple[str, ...] = ()  # which of these nobody stated
    baked: bool = True


class ChannelRange(Record, frozen=True):
    """What a channel of an input holds, over the samples that were looked at."""

    input: str
    channel: int | None  # None: an input without channels
    min: float
    max: float
    mean: float


class Preview(Record, frozen=True):
    """What data looks like before it is used."""

    samples: int  # that were looked at, which may be the first ones of many
    skipped: tuple[str, ...]  # names of files that cannot be read
    labelled: int  # samples with a label
    classes: int | None  # different labels
    ranges: tuple[ChannelRange, ...]  # as the model gets them
    thumbnail: tuple[str, ...]  # the first image in characters, a line each; empty without images
    preprocessing: Preprocessing | None
    warnings: tuple[str, ...]


class Optimization(Record, frozen=True, tag_field="study", tag="optimization"):
    """A version made of a model, and what it gained and cost."""

    id: str
    status: Status
    label: str | None
    parent: Model
    recipe: Recipe
    spec: Spec  # what both are measured with, but for the mode
    created: float
    phase: str = ""
    progress: float | None = None  # of the phase, 0 to 1
    eta_s: float | None = None
    preprocessing: Preprocessing | None = None
    samples: int = 0  # that calibrated
    skipped: tuple[str, ...] = ()  # files that could not be read
    version: Model | None = None
    accuracy: Accuracy | None = None
    latency: str | None = None  # id of the comparison of parent and version, one request at a time
    throughput: str | None = None  # id of the one with as many as the device wants
    elapsed_s: float = 0.0
    finished: float | None = None
    environment: Environment | None = None
    nncf: str | None = None  # version of NNCF, where it took part
    warnings: tuple[AnyRemark, ...] = ()
    error: str | None = None
