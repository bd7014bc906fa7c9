"""Models or specs against each other."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Compact, Record, Status
from ovtui.records.environment import Environment
from ovtui.records.model import Model
from ovtui.records.remarks import AnyRemark
from ovtui.records.spec import Spec

Criterion = Literal["throughput", "latency"]
Verdict = Literal["faster", "slower", "same", "undecided"]


class Candidate(Record, frozen=True):
    """One of those that are compared."""

    model: Model
    spec: Spec
    run: str | None = None  # id of what it was measured as


class PairedResult(Record, frozen=True):
    """A side against the first one, A. `ratio` is its speed over A's: above 1, it is the faster one."""

    verdict: Verdict
    ratio: float | None = None  # None: too little is known yet
    ci95: tuple[float, float] | None = None
    ci90: tuple[float, float] | None = None
    seconds_more: float | None = None  # undecided: measuring time after which it would be decided
    ratios: tuple[float, ...] = ()  # of each instance: both sides started afresh


class LayerDifference(Compact, frozen=True):
    """How much longer a layer takes in B than in A."""

    place_a: int | None  # in the layers of A's profile; None: A has no such layer
    place_b: int | None
    delta_us: float  # B less A, where a layer that is not there counts as nothing
    ci95: tuple[float, float] | None
    marked: bool  # it holds beside all others: see `analysis.comparison.attribution`


class LayerDifferences(Record, frozen=True):
    """What differs between the layers of A and B, and how well that is known."""

    rows: tuple[LayerDifference, ...]  # of the layers that tell a time on a side
    instances: int  # both sides started afresh and counted in turn; 0: two passes at different times
    rest_ci95: tuple[float, float] | None = None  # of what the layers without a mark differ by, together; in µs


class Comparison(Record, frozen=True, tag_field="study", tag="comparison"):
    """Models or specs measured in turn, and what came of it."""

    id: str
    status: Status
    label: str | None
    criterion: Criterion
    sides: tuple[Candidate, ...]  # A, B, …
    created: float
    duels: tuple[PairedResult, ...] = ()  # of each side but the first
    pairs: int = 0  # turns of each side, all instances together
    elapsed_s: float = 0.0
    eta_s: float | None = None
    finished: float | None = None
    environment: Environment | None = None
    warnings: tuple[AnyRemark, ...] = ()
    error: str | None = None
    layers: tuple[LayerDifferences | None, ...] = ()  # of each side but the first; None, or none at all: not known

    def layers_of(self, place: int) -> LayerDifferences | None:
        """What is known of the layers of the side at this place (1, 2, …) against those of the first."""
        return self.layers[place - 1] if len(self.layers) >= place else None
