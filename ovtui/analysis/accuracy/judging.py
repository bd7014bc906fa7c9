"""The tally of a version against its parent, sample by sample: right or wrong, the same class, how near the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ovtui.analysis.accuracy.agreement import Agreement, Values
from ovtui.analysis.accuracy.proportions import paired_drop, proportion
from ovtui.records import Accuracy, Changed, Drift, Labelled, OutputAgreement, Proportion, Shape

NO_CLASS = -1
"""What stands for the class where the scores hold something that is not a number: it agrees with nothing."""

_SHOWN = 50
_TOP = 5


class _Right(NamedTuple):
    """What one model said of a labelled sample."""

    top1: bool
    top5: bool


class Tally:
    """Takes in samples one after the other. `class_output`: the place of the output with the scores of classes."""

    def __init__(self, output_names: Sequence[str], class_output: int | None) -> None:
        self._names = tuple(output_names)
        self._class_output = class_output
        self._agreements = [Agreement() for _ in self._names]
        self._samples = self._same = self._changes = 0
        self._classes = 0
        self._parent: list[_Right] = []
        self._version: list[_Right] = []
        self._lost: list[Changed] = []
        self._other: list[Changed] = []
        self._won: list[Changed] = []

    def add(self, name: str, label: int | None, parent: Sequence[Values], version: Sequence[Values]) -> None:
        """What both gave for one sample, an array for each output, of batch 1. `label`: its true class, if known."""
        self._samples += 1
        for agreement, before, after in zip(self._agreements, parent, version, strict=True):
            agreement.add(before, after)
        if self._class_output is None:
            return
        scores = parent[self._class_output].reshape(-1), version[self._class_output].reshape(-1)
        self._classes = max(self._classes, scores[0].size)
        said, says = (_class(each) for each in scores)
        if label is not None:
            self._parent.append(_right(scores[0], label))
            self._version.append(_right(scores[1], label))
        if said == says != NO_CLASS:
            self._same += 1
        else:
            self._changes += 1
            kept = self._lost if label is not None and said == label else self._won if says == label else self._other
            if len(kept) < _SHOWN:
                kept.append(Changed(sample=name, label=label, parent=said, version=says))

    def accuracy(self, drift: tuple[Drift, ...], drift_samples: int, meaningless: bool) -> Accuracy:
        """What is known so far.

        Of the samples on which the two differ, 50 are named: first those that were right and are wrong now, then those
        that are wrong both times or have no label, then those that are right now.
        """
        return Accuracy(
            samples=self._samples,
            outputs=tuple(
                OutputAgreement(
                    output=name,
                    cosine=agreement.cosine,
                    sqnr_db=agreement.sqnr_db,
                    max_abs=agreement.max_abs,
                    top1=proportion(self._same, self._samples) if place == self._class_output else None,
                )
                for place, (name, agreement) in enumerate(zip(self._names, self._agreements, strict=True))
            ),
            labelled=self._labelled(),
            changed=(*self._lost, *self._other, *self._won)[:_SHOWN],
            changes=self._changes,
            drift=drift,
            drift_samples=drift_samples,
            meaningless=meaningless,
        )

    def _labelled(self) -> Labelled | None:
        if not self._parent:
            return None
        before, after = ([each.top1 for each in side] for side in (self._parent, self._version))
        drop, interval = paired_drop(before, after)
        of_five = self._classes > _TOP
        return Labelled(
            parent_top1=_share(before),
            version_top1=_share(after),
            drop=drop,
            drop_ci95=interval,
            parent_top5=_share([each.top5 for each in self._parent]) if of_five else None,
            version_top5=_share([each.top5 for each in self._version]) if of_five else None,
        )


def classes_of(shapes: Sequence[Shape]) -> int | None:
    """The place of the output that scores classes: the only one that is a row of more than one, [1,K] or [1,K,1,1].

    The batch may be open. None without such an output, and where several could be it.
    """
    found = [place for place, shape in enumerate(shapes) if _is_row(shape)]
    return found[0] if len(found) == 1 else None


def _is_row(shape: Shape) -> bool:
    if shape is None or len(shape) not in (2, 4) or (isinstance(shape[0], int) and shape[0] != 1):
        return False
    long = [dim for dim in shape[1:] if dim != 1]
    return len(long) == 1 and isinstance(long[0], int) and long[0] > 1


def _class(scores: Values) -> int:
    """The first of the highest; none of no scores, and where one is not a number."""
    if not scores.size or _has_nan(scores):
        return NO_CLASS
    return int(np.argmax(scores))


def _right(scores: Values, label: int) -> _Right:
    """Whether the label is the first, or among the first five, as `_class` orders equals."""
    if not 0 <= label < scores.size or _has_nan(scores):
        return _Right(False, False)
    own = scores[label]
    ahead = int(np.count_nonzero(scores > own)) + int(np.count_nonzero(scores[:label] == own))
    return _Right(ahead == 0, ahead < _TOP)


def _has_nan(scores: Values) -> bool:
    return scores.dtype.kind == "f" and bool(np.isnan(scores).any())


def _share(right: Sequence[bool]) -> Proportion:
    return proportion(sum(right), len(right))
