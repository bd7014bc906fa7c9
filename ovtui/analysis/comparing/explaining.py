"""What explains the difference between two profiles: the layers with the largest deltas, and deltas of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ovtui.analysis.comparing.matching import Row, matched
from ovtui.analysis.layer_groups import groups
from ovtui.analysis.layers import too_short, took, total_us
from ovtui.records import Profile, Verdict
from ovtui.words import percent, plural

By = Literal["type", "precision", "kernel"]

MARK = "*"
_MOST = 0.7
"""Layers that account for so much of a difference explain it."""
_FEW = 20
_ALIKE = 0.01
"""Sums of layers that differ by less than this share differ by their scatter, of which no layer is the reason."""


_NONE: frozenset[int] = frozenset()


class Explanation(NamedTuple):
    """The rows, what explains most first, and what they come to in a sentence."""

    rows: list[Row] | None  # None: a side has no profile
    decisive: frozenset[int]  # places in `rows` of the fewest that account for most of it; others may lie between
    text: str

    @property
    def legend(self) -> str:
        """How a table shows which rows the text speaks of; nothing where it speaks of none."""
        if not self.decisive:
            return ""
        return f"It is marked {MARK}." if len(self.decisive) == 1 else f"They are marked {MARK}."

    def mark(self, place: int) -> str:
        """Of a row, by its place: of more than a colour, so that it can be seen anywhere."""
        return MARK if place in self.decisive else ""


class GroupDelta(NamedTuple):
    """Layers of a kind on both sides; times in µs. A dash for a name stands for what is not known."""

    name: str
    layers_a: int
    layers_b: int
    time_a: float | None
    time_b: float | None
    delta: float | None  # B less A, where what is not told counts as nothing; None when neither side tells
    share_of_difference: float | None


def explanation(a: Profile | None, b: Profile | None, verdict: Verdict | None = None) -> Explanation:
    """Layer by layer, the largest |delta| first; those without one stay in the order of execution, at the end.

    The times are those of one inference each, whatever its batch. `verdict`: of the two altogether; where it finds no
    certain difference, that of the layers may be chance.
    """
    if a is None or b is None:
        return Explanation(None, _NONE, _missing(a, b))
    rows = largest_first(matched(a, b))
    before, after = total_us(a), total_us(b)
    if too_short(a) or too_short(b):
        side, profile = ("A", a) if too_short(a) else ("B", b)
        return Explanation(
            rows,
            _NONE,
            f"{'All' if total_us(profile) is None else 'Most'} layers of {side} take less than a microsecond, which "
            "the device's counters do not tell: their times do not explain the difference.",
        )
    if before is None or after is None:
        side = "A's" if before is None else "B's"
        return Explanation(rows, _NONE, f"There are no times to compare: {side} device gives none of layers.")
    difference = after - before
    if abs(difference) <= _ALIKE * max(before, after):
        return Explanation(
            rows, _NONE, f"The layers take the same altogether: {took(before)} and {took(after)}, less than 1 % apart."
        )
    chosen = decisive(rows, difference)
    text = _accounting([rows[place] for place in chosen], difference)
    if verdict in ("same", "undecided"):
        text += " As no difference is certain, that may be chance."
    return Explanation(rows, frozenset(chosen), text)


def largest_first(rows: Sequence[Row]) -> list[Row]:
    """By |delta|; those without a delta last, equals as they were."""
    return sorted(rows, key=lambda row: -1.0 if row.delta is None else abs(row.delta), reverse=True)


def beyond(rows: Sequence[Row], least_us: float) -> list[Row]:
    """The rows whose |delta| is so many µs at least, in the order in which they come; with 0, all that have one."""
    return [row for row in rows if row.delta is not None and abs(row.delta) >= least_us]


def decisive(rows: Sequence[Row], difference: float) -> list[int]:
    """The places of the fewest rows that account for 70 % of the whole difference (µs, B less A): all of its sign.

    `rows`: the largest |delta| first.
    """
    chosen: list[int] = []
    so_far = 0.0
    for place, row in enumerate(rows):
        if so_far >= _MOST * abs(difference) or row.delta is None:
            break
        if row.delta * difference > 0:
            chosen.append(place)
            so_far += abs(row.delta)
    return chosen


def group_deltas(a: Profile, b: Profile, by: By) -> list[GroupDelta]:
    """The same by type, precision or kernel, each side's layers by what they are there; the largest |delta| first."""
    left = {group.name: group for group in groups(a, by)}
    right = {group.name: group for group in groups(b, by)}
    whole = (total_us(b) or 0.0) - (total_us(a) or 0.0)
    found = []
    for name in dict.fromkeys((*left, *right)):
        mine, other = left.get(name), right.get(name)
        time_a, time_b = mine and mine.time_us, other and other.time_us
        delta = None if time_a is None and time_b is None else (time_b or 0.0) - (time_a or 0.0)
        found.append(
            GroupDelta(
                name=name,
                layers_a=mine.layers if mine else 0,
                layers_b=other.layers if other else 0,
                time_a=time_a,
                time_b=time_b,
                delta=delta,
                share_of_difference=delta / whole if delta is not None and _is_something(whole, a, b) else None,
            )
        )
    return sorted(found, key=lambda group: -1.0 if group.delta is None else abs(group.delta), reverse=True)


def _is_something(whole: float, a: Profile, b: Profile) -> bool:
    """Whether a difference of sums is more than rounding."""
    return abs(whole) > 1e-9 * ((total_us(a) or 0.0) + (total_us(b) or 0.0))


def _accounting(chosen: Sequence[Row], difference: float) -> str:
    share = sum(row.share_of_difference or 0.0 for row in chosen)
    what = "gain" if difference < 0 else "loss"
    if len(chosen) > _FEW:
        few = plural(len(chosen), "layer")
        return f"No few layers explain it: {few} account for {percent(share)} of the {what} of {took(abs(difference))}."
    who = "This layer accounts" if len(chosen) == 1 else f"These {plural(len(chosen), 'layer')} account"
    text = f"{who} for {percent(share)} of the {what} of {took(abs(difference))}"
    return f"{text}; others take part of it back." if share > 1.005 else f"{text}."


def _missing(a: Profile | None, b: Profile | None) -> str:
    who = "Neither side has" if a is None and b is None else "A has" if a is None else "B has"
    one = "a" if who.startswith("Neither") else "no"
    return f"{who} {one} profile: measure again with `ovtui run`, which looks at the layers unless told otherwise."
