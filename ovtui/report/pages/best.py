"""What an exploration found: the best of it, and how to measure that."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ovtui import formatting
from ovtui.analysis.exploration.max_rate import highest_kept
from ovtui.records import Cell, Exploration, Latency, Limits, RatePoint, Spec
from ovtui.report.exported import Exported


def is_server(exploration: Exploration) -> bool:
    """Whether it looks for the highest arrival rate."""
    return bool(exploration.loads) or exploration.spec.mode == "server"


def best_cell(exploration: Exploration) -> Cell | None:
    """The cell of the best run."""
    if exploration.best is None:
        return None
    return next((cell for cell in exploration.cells if cell.run == exploration.best), None)


def best_load(exploration: Exploration) -> RatePoint | None:
    """The load of the best run; the answer of the loads if none is named."""
    named = next((load for load in exploration.loads if load.run is not None and load.run == exploration.best), None)
    return named or highest_kept(exploration.loads)


def best_spec(exploration: Exploration, runs: Sequence[Exported] = ()) -> Spec | None:
    """What measures the best: the spec of its run, or as it follows from the setting."""
    kept = next((each.run.spec for each in runs if each.run.id == exploration.best), None)
    if kept is not None:
        return kept
    load, cell = best_load(exploration), best_cell(exploration)
    if load is not None:
        return msgspec.structs.replace(exploration.spec, mode="server", rate=load.rate)
    if cell is None:
        return None
    setting = cell.setting
    return msgspec.structs.replace(
        exploration.spec,
        mode="manual",
        batch=setting.batch,
        streams=setting.streams,
        threads=setting.threads,
        requests=setting.requests,
    )


def limits_text(limits: Limits) -> str:
    """`p99 ≤ 20 ms, memory ≤ 512 MB`; empty without limits."""
    found = []
    if limits.latency_ms is not None:
        found.append(f"{limits.percentile} ≤ {limits.latency_ms:.10g} ms")
    if limits.memory_mb is not None:
        found.append(f"memory ≤ {limits.memory_mb:.10g} MB")
    return ", ".join(found)


def milliseconds(latency: Latency | None, percentile: str) -> str:
    """A percentile as text."""
    return formatting.percentile(latency, percentile)
