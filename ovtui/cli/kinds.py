"""How the command line shows each kind of job: a module for each, with the same functions."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

from ovtui.kinds import kind_of
from ovtui.records import Record
from ovtui.store import Store

_MODULES = {
    "run": "show_run",
    "comparison": "show_comparison",
    "exploration": "show_exploration",
    "optimization": "show_optimization",
}


class KindOutput(Protocol):
    """What such a module offers; `record` is of its kind."""

    KEPT: str
    """What is kept when the job is cancelled, in words."""

    def as_document(self, store: Store, record: Any) -> dict[str, object]:
        """For scripts."""

    def show(self, store: Store, record: Any) -> None:
        """Print what came of it, and what to do next."""

    def progress(self, record: Any) -> str:
        """What is known so far, in the space of half a line."""

    def is_kept(self, record: Any) -> bool:
        """Whether there is anything of KEPT."""

    def export(self, store: Store, record: Any, output: Path) -> None:
        """Write it to a file, in the format of its ending."""


def output_of(record: type[Record]) -> KindOutput:
    """For records of this type; imported when it is needed."""
    module: Any = importlib.import_module(f"ovtui.cli.{_MODULES[kind_of(record).name]}")
    output: KindOutput = module
    return output
