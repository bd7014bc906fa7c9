"""Where a version leaves its parent: what each operation gives in both, and what it adds to the damage."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ovtui.analysis.accuracy.agreement import Agreement, Values
from ovtui.records import Drift

EXACT_DB = 120.0
"""What an output without any difference counts as, where it is compared with others."""
_HARMLESS_DB = 10.0


class Taps:
    """Outputs of operations by name, gathered over samples; in any order, in one pass or in several."""

    def __init__(self) -> None:
        self._found: dict[str, Agreement] = {}

    def add(self, name: str, parent: Values, version: Values) -> None:
        """What the operation gives in one sample."""
        self._found.setdefault(name, Agreement()).add(parent, version)

    def drifts(self, operations: Sequence[tuple[str, str, tuple[str, ...]]]) -> tuple[Drift, ...]:
        """For each operation (name, type, names of those whose outputs it reads) that was tapped, in this order.

        Its loss is what the worst of its inputs has in dB less what it has itself. Constants and what was not tapped
        do not count; without any other producer the loss is not known.
        """
        found = []
        for name, kind, producers in operations:
            own = self._found.get(name)
            if own is None:
                continue
            before = [self._found[each].sqnr_db for each in producers if each in self._found and each != name]
            ratio = own.sqnr_db
            found.append(
                Drift(
                    name=name,
                    type=kind,
                    sqnr_db=ratio,
                    cosine=own.cosine,
                    max_abs=own.max_abs,
                    loss_db=min(map(_db, before)) - _db(ratio) if before else None,
                )
            )
        return tuple(found)


def worst(drift: Sequence[Drift], count: int) -> list[Drift]:
    """Those that lose most of what came in, the worst first, at most `count`: what to leave as it was.

    Each with the loss that counts here.

    What comes in counts as no better than 10 dB above the worst of all operations: less noise than a tenth of the most
    is as good as none. Else the first operation, whose input is exact, would always be among them, harmless as it is.
    In twelve random nets with inverted bottlenecks, ignoring the four that are worst so gained 9.7 dB on average.
    """
    enough = min((_db(each.sqnr_db) for each in drift), default=0.0) + _HARMLESS_DB
    losses = [
        (min(enough, own + each.loss_db) - own, each)
        for each in drift
        for own in (_db(each.sqnr_db),)
        if each.loss_db is not None
    ]
    harmful = sorted((each for each in losses if each[0] > 0), key=lambda each: each[0], reverse=True)
    return [msgspec.structs.replace(each, loss_db=loss) for loss, each in harmful[: max(0, count)]]


def _db(sqnr_db: float | None) -> float:
    return EXACT_DB if sqnr_db is None else min(sqnr_db, EXACT_DB)
