"""How the app shows each kind of study: its screen, its line in lists, and its row while it runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from ovtui.engine.job_monitor import JobView
from ovtui.records import Study
from ovtui.tui.widgets.cells import Cell


@dataclass(frozen=True)
class StudyView:
    """Places are `module:name` below `ovtui.tui`, loaded when somebody goes there."""

    screen: str  # of one study, by its id
    choice: str  # the line to pick one by: id, name, what came of it
    live: str  # the row of one that runs
    title: str  # of the list
    about: str
    none_yet: str


STUDIES: dict[str, StudyView] = {
    "exploration": StudyView(
        screen="screens.exploration:ExplorationScreen",
        choice="exploration_text:choice",
        live="rows:live_exploration",
        title="Explorations",
        about="The best settings that were found",
        none_yet="Nothing has been explored yet: x on a model does it.",
    ),
    "optimization": StudyView(
        screen="screens.optimization:OptimizationScreen",
        choice="screens.optimize:choice",
        live="rows:live_optimization",
        title="Optimizations",
        about="Versions that were made, and what they cost",
        none_yet="No version was made yet: o on a model does it.",
    ),
    "comparison": StudyView(
        screen="screens.ab_test:AbTestScreen",
        choice="rows:comparison_choice",
        live="rows:live_comparison",
        title="Comparisons",
        about="Interleaved A/B tests and their verdicts",
        none_yet="No A/B test yet: compare two runs in History, then m starts one.",
    ),
}


def load(place: str) -> Any:
    """What is at a place."""
    module, name = place.split(":")
    return getattr(importlib.import_module(f"ovtui.tui.{module}"), name)


def live_cells(view: JobView, study: Study) -> dict[str, Cell]:
    """The row of a study that runs."""
    cells: dict[str, Cell] = load(STUDIES[view.kind].live)(view, study)
    return cells
