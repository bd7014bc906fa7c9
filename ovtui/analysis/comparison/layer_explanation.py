"""What explains the difference between two profiles: the layers that differ for certain, and deltas of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ovtui.analysis.comparison.attribution import apart
from ovtui.analysis.comparison.layer_matching import Row, matched
from ovtui.analysis.layer_groups import groups
from ovtui.analysis.layers import too_short, took, total_us
from ovtui.formatting import percent, plural
from ovtui.records import LayerDifferences, Profile, Verdict

By = Literal["type", "precision", "kernel"]

MARK = "*"
_FEW = 20
_ALIKE = 0.01
"""Sums of layers that differ by less than this share differ by their scatter, of which no layer is the reason."""


class Explanation(NamedTuple):
    """The rows, the largest difference first, which of them hold, and what they come to in sentences."""

    rows: list[Row] | None  # None: a side has no profile
    marked: frozenset[int]  # places in `rows` of those that differ for certain; others may lie between
    text: str
    intervals: tuple[tuple[float, float] | None, ...] = ()  # 95 %, of each row's delta in µs
    rest_us: float | None = None  # what the other rows differ by, together
    rest_ci95: tuple[float, float] | None = None

    @property
    def legend(self) -> str:
        """How a table shows which rows the text speaks of; nothing where it speaks of none."""
        if not self.marked:
            return ""
        return f"It is marked {MARK}." if len(self.marked) == 1 else f"They are marked {MARK}."

    def mark(self, place: int) -> str:
        """Of a row, by its place: of more than a colour, so that it can be seen anywhere."""
        return MARK if place in self.marked else ""

    def interval(self, place: int) -> tuple[float, float] | None:
        """Of a row's delta, by its place."""
        return self.intervals[place] if self.intervals else None


class GroupDelta(NamedTuple):
    """Layers of a kind on both sides; times in µs. A dash for a name stands for what is not known."""

    name: str
    layers_a: int
    layers_b: int
    time_a: float | None
    time_b: float | None
    delta: float | None  # B less A, where what is not told counts as nothing; None when neither side tells
    share_of_difference: float | None


def explanation(
    a: Profile | None, b: Profile | None, verdict: Verdict | None = None, found: LayerDifferences | None = None
) -> Explanation:
    """Layer by layer, the largest |delta| first; those without one stay in the order of execution, at the end.

    The times are those of one inference each, whatever its batch. `verdict`: of the two altogether. `found`: what is
    known of the differences; without it, they are those of two passes at different times (see `attribution.apart`).
    """
    if a is None or b is None:
        return Explanation(None, frozenset(), _missing(a, b))
    rows = largest_first(matched(a, b))
    before, after = total_us(a), total_us(b)
    if too_short(a) or too_short(b):
        side, profile = ("A", a) if too_short(a) else ("B", b)
        return Explanation(
            rows,
            frozenset(),
            f"{'All' if total_us(profile) is None else 'Most'} layers of {side} take less than a microsecond, which "
            "the device's counters do not tell: their times do not explain the difference.",
        )
    if before is None or after is None:
        side = "A's" if before is None else "B's"
        return Explanation(rows, frozenset(), f"There are no times to compare: {side} device gives none of layers.")
    found = found or apart(rows, a, b)
    known = {(each.place_a, each.place_b): each for each in found.rows}
    each_row = [known.get((row.place_a, row.place_b)) for row in rows]
    marked = frozenset(place for place, each in enumerate(each_row) if each is not None and each.marked)
    rest = sum(row.delta or 0.0 for place, row in enumerate(rows) if place not in marked)
    told = _Told([rows[place].delta or 0.0 for place in sorted(marked)], rest, found.rest_ci95, before, after, verdict)
    intervals = tuple(None if each is None else each.ci95 for each in each_row)
    return Explanation(rows, marked, told.text(), intervals, rest, found.rest_ci95)


def largest_first(rows: Sequence[Row]) -> list[Row]:
    """By |delta|; those without a delta last, equals as they were."""
    return sorted(rows, key=lambda row: -1.0 if row.delta is None else abs(row.delta), reverse=True)


def beyond(rows: Sequence[Row], least_us: float) -> list[Row]:
    """The rows whose |delta| is so many µs at least, in the order in which they come; with 0, all that have one."""
    return [row for row in rows if row.delta is not None and abs(row.delta) >= least_us]


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


class _Told(NamedTuple):
    """What the sentences are made of; µs, B less A."""

    deltas: list[float]  # of the marked layers
    rest: float
    rest_ci95: tuple[float, float] | None
    before: float
    after: float
    verdict: Verdict | None

    def text(self) -> str:
        if not self.deltas:
            if self._alike:
                took_both = f"{took(self.before)} and {took(self.after)}"
                return f"The layers take the same altogether: {took_both}, less than 1 % apart. {self._rest}"
            return f"No layer's difference is certain. {self._rest}"
        return " ".join(filter(None, (self._accounting, self._against, self._rest)))

    @property
    def _difference(self) -> float:
        return self.after - self.before

    @property
    def _alike(self) -> bool:
        return abs(self._difference) <= _ALIKE * max(self.before, self.after)

    @property
    def _accounting(self) -> str:
        """How much of it they are; where they are of it in no sense, both as they are."""
        count, together = plural(len(self.deltas), "layer"), sum(self.deltas)
        few = len(self.deltas) <= _FEW
        if self._alike or together * self._difference <= 0:
            differ = "differs" if len(self.deltas) == 1 else "differ"
            altogether = " together" if len(self.deltas) > 1 else ""
            return (
                f"{count} {differ} for certain, by {signed_time(together)}{altogether}; "
                f"all layers by {signed_time(self._difference)}."
            )
        share = percent(together / self._difference)
        of_it = f"{share} of the {'gain' if self._difference < 0 else 'loss'} of {took(abs(self._difference))}"
        if not few:
            return f"No few layers explain it: {count} account for {of_it}."
        who = "This layer accounts" if len(self.deltas) == 1 else f"These {count} account"
        return f"{who} for {of_it}."

    @property
    def _against(self) -> str:
        """Layers that became slower where all is faster, or the other way round."""
        decided = self.verdict in ("faster", "slower")
        sign = {"faster": -1.0, "slower": 1.0}.get(self.verdict or "", self._difference)
        others = [delta for delta in self.deltas if delta * sign < 0]
        if not others or (self._alike and not decided):
            return ""
        who = f"{len(others):,} of them" if len(self.deltas) > 1 else "It"
        verb = "differs" if len(others) == 1 else "differ"
        text = f"{who} {verb} the other way, by {signed_time(sum(others))}"
        return f"{text}: against the verdict." if decided else f"{text}."

    @property
    def _rest(self) -> str:
        between = ""
        if self.rest_ci95 is not None:
            between = f" ({' to '.join(signed_time(end) for end in self.rest_ci95)})"
        return f"Not attributable: {signed_time(self.rest)}{between}."


def signed_time(time_us: float) -> str:
    """`+45.20 µs`, `−1.20 ms`; `0 µs`."""
    if abs(time_us) < 5e-3:
        return "0 µs"
    return f"{'−' if time_us < 0 else '+'}{took(abs(time_us))}"


def _missing(a: Profile | None, b: Profile | None) -> str:
    who = "Neither side has a" if a is None and b is None else "A has no" if a is None else "B has no"
    return f"{who} profile: measure again with `ovtui run`, which looks at the layers unless told otherwise."
