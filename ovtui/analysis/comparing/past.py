"""What earlier runs tell of how far runs of one spec lie apart on this machine."""

from __future__ import annotations

from collections.abc import Iterable

from ovtui.records import RunSummary


def rates(runs: Iterable[RunSummary]) -> list[list[float]]:
    """The mean throughputs, a group for each model, device, mode, batch and streams: see `recorded.scatter_of`."""
    groups: dict[tuple[object, ...], list[float]] = {}
    for run in runs:
        # A server's throughput is the rate that was asked for.
        if run.throughput_fps is not None and run.mode != "server":
            kind = (run.model, run.device, run.mode, run.batch, run.streams)
            groups.setdefault(kind, []).append(run.throughput_fps.mean)
    return list(groups.values())
