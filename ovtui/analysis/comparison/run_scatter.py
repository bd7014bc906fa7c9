"""What earlier runs tell of how far runs of one spec lie apart on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ovtui.analysis.comparison.unpaired import Basis, Scatter, figure, scatter_of
from ovtui.analysis.measurement_key import measurement_key
from ovtui.records import Run


def scatter(earlier: Iterable[Run], judged: Sequence[Run], by: Basis | None) -> Scatter | None:
    """Of the figure that `judged` are judged by, over `earlier` runs in the modes of these; None: too little is known.

    Runs that measured the same are a group; how groups differ from each other is no scatter.
    """
    if by is None:
        return None
    modes = {run.spec.mode for run in judged}
    groups: dict[bytes, list[float]] = {}
    for run in earlier:
        value = figure(run, by)
        if value is not None and run.status == "done" and run.spec.mode in modes:
            groups.setdefault(measurement_key(run), []).append(value)
    return scatter_of(list(groups.values()), by)
