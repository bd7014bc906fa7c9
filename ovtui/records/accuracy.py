"""How a version's outputs compare with those of its parent."""

from __future__ import annotations

from ovtui.records.base import Compact, Record


class Proportion(Record, frozen=True):
    """A share of samples, with its doubt."""

    hits: int
    of: int
    ci95: tuple[float, float]


class Labelled(Record, frozen=True):
    """Parent and version on the same labelled samples."""

    parent_top1: Proportion
    version_top1: Proportion
    drop: float  # share of the samples: the parent's top-1 less the version's
    drop_ci95: tuple[float, float]  # paired
    parent_top5: Proportion | None = None  # None: there are no more than five classes
    version_top5: Proportion | None = None


class Changed(Record, frozen=True):
    """A sample of which parent and version say different things."""

    sample: str
    label: int | None
    parent: int  # class
    version: int


class OutputAgreement(Record, frozen=True):
    """How near an output of the version is to the parent's, over all samples."""

    output: str
    cosine: float | None  # mean over the samples; None: an output that is zero
    sqnr_db: float | None  # the parent's energy over that of the difference; None: no difference at all
    max_abs: float
    top1: Proportion | None  # samples with the same class; None: no output of classes


class Drift(Compact, frozen=True):
    """How far the output of an operation of the version is from the parent's."""

    name: str
    type: str
    sqnr_db: float | None
    cosine: float | None
    max_abs: float
    loss_db: float | None  # what this operation lost of what came in; None: nothing to compare with


class Accuracy(Record, frozen=True):
    """What a version says against what its parent says."""

    samples: int
    outputs: tuple[OutputAgreement, ...]
    labelled: Labelled | None = None
    changed: tuple[Changed, ...] = ()  # the first ones
    changes: int = 0  # all of them
    drift: tuple[Drift, ...] = ()  # in the order of execution
    drift_samples: int = 0
    meaningless: bool = False  # measured on noise
