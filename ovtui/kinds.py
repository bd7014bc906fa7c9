"""Each kind of job once: its name, the record that it fills, and the commands that list and make one."""

from __future__ import annotations

from dataclasses import dataclass

from ovtui.records import Comparison, Exploration, Optimization, Record, Run


@dataclass(frozen=True)
class Kind:
    """A kind of job. One without a record imports: what it leaves is a model."""

    name: str
    record: type[Record] | None
    lists: str
    makes: str

    @property
    def is_study(self) -> bool:
        """Whether its record grows in the table of studies, and its runs are part of it."""
        return self.record not in (None, Run)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("import", None, "ovtui models", "ovtui import FILE"),
        Kind("run", Run, "ovtui history", "ovtui run MODEL"),
        Kind("comparison", Comparison, "ovtui compare", "ovtui compare --interleave A B"),
        Kind("exploration", Exploration, "ovtui explore", "ovtui explore MODEL"),
        Kind("optimization", Optimization, "ovtui optimize", "ovtui optimize MODEL --data PATH"),
    )
}

STUDIES: tuple[Kind, ...] = tuple(kind for kind in KINDS.values() if kind.is_study)


def kind_of(record: type[Record]) -> Kind:
    """The kind of job that fills such records."""
    return next(kind for kind in KINDS.values() if kind.record is record)


def nouns() -> str:
    """What has an id: "run, comparison, exploration or optimization"."""
    *first, last = (kind.name for kind in KINDS.values() if kind.record is not None)
    return f"{', '.join(first)} or {last}"
