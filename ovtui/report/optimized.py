"""An optimization with all that belongs to it, from wherever that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ovtui.analysis.optimization.layer_outcomes import Fate, fates
from ovtui.analysis.optimization.outcome import Outcome, outcome
from ovtui.records import Comparison, Histogram, Optimization, Profile, Run, Series, Study
from ovtui.report.documents import profiles
from ovtui.report.exported import Exported


class Optimized(NamedTuple):
    """An optimization, its comparisons, and the runs of those by id."""

    study: Optimization
    latency: Comparison | None
    throughput: Comparison | None
    runs: Mapping[str, Exported]

    @property
    def outcome(self) -> Outcome:
        runs = {run_id: each.run for run_id, each in self.runs.items()}
        return outcome(self.study, self.latency, self.throughput, runs)

    @property
    def fates(self) -> list[Fate]:
        """What became of the version's layers; empty where nothing looked at them."""
        parent, version = profiles(self.latency, self.throughput, self.runs)
        return [] if parent is None or version is None else fates(parent, version, self.study.recipe)


class _Studies(Protocol):
    def get(self, study_id: str) -> Study | None: ...


class _Runs(Protocol):
    def get(self, run_id: str) -> Run | None: ...
    def beside(self, run_id: str) -> tuple[Series | None, Histogram | None, Profile | None]: ...


class Kept(Protocol):
    """What keeps studies and runs: the store."""

    @property
    def studies(self) -> _Studies: ...
    @property
    def runs(self) -> _Runs: ...


def gathered(kept: Kept, study: Optimization) -> Optimized:
    """With its comparisons and their runs, as far as they are kept."""
    found = (study_id and kept.studies.get(study_id) for study_id in (study.latency, study.throughput))
    latency, throughput = (each if isinstance(each, Comparison) else None for each in found)
    ids = [side.run for each in (latency, throughput) if each is not None for side in each.sides if side.run]
    runs = [run for run_id in ids if (run := kept.runs.get(run_id)) is not None]
    return Optimized(study, latency, throughput, {run.id: Exported(run, *kept.runs.beside(run.id)) for run in runs})
