"""What a job does now, as a code and the values that its sentence needs."""

from __future__ import annotations

from ovtui.records.base import Record
from ovtui.records.exploration import Setting


class Phase(Record, frozen=True, omit_defaults=True):
    """`name` is a code that `formatting.doing` has a sentence for."""

    name: str
    instance: int | None = None  # of a comparison, from 1
    setting: Setting | None = None  # of an exploration
    settings: int | None = None  # that race
    rate: float | None = None  # arrivals per second
    round: int | None = None  # from 1
    rounds: int | None = None
    mode: str | None = None  # of the spec that parent and version are compared with


STARTING = Phase(name="starting")
STEADY = frozenset({"warming", "measuring", "racing"})
"""Names of phases in which inferences are timed, and nothing else should take the processor."""
