"""Where the app can go: a screen for each thing that the store knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from textual.app import App

from ovtui.engine.job_monitor import JobMonitor
from ovtui.kinds import KINDS, kind_of
from ovtui.records import LIVE, Model, Recipe, Spec
from ovtui.sanitize import plain
from ovtui.store import Store
from ovtui.tui import last_settings
from ovtui.tui.error_handling import said
from ovtui.tui.kinds import STUDIES, load


class Navigation(App[None]):
    """Opens screens; they are loaded when somebody goes there."""

    store: Store
    watching: JobMonitor

    def tell(self, text: str, severity: Any = "information") -> None:
        """A message that goes by itself; errors stay longer."""
        self.notify(plain(text), severity=severity, markup=False, timeout=10 if severity == "error" else 5)

    @said
    def open_run(self, run_id: str) -> None:
        """A run's screen: live while it goes on."""
        run = self.store.runs.get(run_id)
        if run is None:
            self.tell("That run has been deleted.", "warning")
        elif run.status in LIVE:
            from ovtui.tui.screens.live import LiveScreen

            self.push_screen(LiveScreen(run_id))
        else:
            from ovtui.tui.screens.run import RunScreen

            self.push_screen(RunScreen(run_id))

    @said
    def open_model_of(self, text: str) -> None:
        """What was typed behind `ovtui`: a file to import, or a registered model."""
        from ovtui.specs import expanded

        found = self.store.models.find(text)
        if os.path.isfile(expanded(text)) or not found:  # noqa: PTH113 (it takes what it may not see as absent)
            self.open_import(text)
        else:
            self.open_configure(found[0])

    def open_import(self, path: str = "") -> None:
        from ovtui.tui.screens.model_import import ImportScreen

        self.push_screen(ImportScreen(path))

    @said
    def open_configure(self, model: Model, spec: Spec | None = None) -> None:
        """Ask how to measure `model`; begin with `spec`, or with what was set last."""
        from ovtui.tui.screens.configure import ConfigureScreen

        self.push_screen(ConfigureScreen(model, spec or last_settings.recall(self.store, model.id)))

    def open_history(self, model: Model | None = None) -> None:
        from ovtui.tui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen(model))

    def open_job(self, job_id: str) -> None:
        """Whatever it is that goes on."""
        kind = next((watched.kind for watched in self.watching.live if watched.id == job_id), "run")
        if kind in STUDIES:
            self.open_study(job_id)
        elif kind == "run":
            self.open_run(job_id)
        else:
            self.tell("A model is being read; Home lists it once it is.")

    @said
    def open_study(self, study_id: str) -> None:
        """One that goes on, or has ended."""
        study = self.store.studies.get(study_id)
        if study is None:
            self.tell("That study has been deleted.", "warning")
        else:
            self.push_screen(load(STUDIES[kind_of(type(study)).name].screen)(study_id))

    @said
    def open_studies(self, kind: str) -> None:
        """Those of all models, newest first, to pick one."""
        from ovtui.tui.screens.pick import PickScreen

        def answered(study_id: str | None) -> None:
            if study_id is not None:
                self.open_study(study_id)

        view = STUDIES[kind]
        record: Any = KINDS[kind].record
        found = self.store.studies.of(record).newest()
        if found:
            choice = load(view.choice)
            self.push_screen(PickScreen(view.title, [choice(each) for each in found]), answered)
        else:
            self.tell(view.none_yet)

    @said
    def open_explore(self, model: Model) -> None:
        """Ask which settings of `model` to try; what they share is what was set last."""
        from ovtui.tui.screens.explore import ExploreScreen

        self.push_screen(ExploreScreen(model, last_settings.recall(self.store, model.id)))

    @said
    def open_optimize(self, model: Model, recipe: Recipe | None = None, spec: Spec | None = None) -> None:
        """Ask which version of `model` to make; begin with `recipe`, or with the last one."""
        from ovtui.tui.screens.optimize import OptimizeScreen

        self.push_screen(OptimizeScreen(model, recipe, spec or last_settings.recall(self.store, model.id)))

    def open_versions(self, model: Model) -> None:
        """All ways in which a model was optimized."""
        from ovtui.tui.screens.versions import VersionsScreen

        self.push_screen(VersionsScreen(model))

    def open_compare(self, run_ids: Sequence[str]) -> None:
        """Recorded runs: two beside each other, more as a ranking."""
        if len(set(run_ids)) < len(run_ids):
            self.tell("A run cannot be compared with itself: pick another one.", "warning")
        elif len(run_ids) == 2:
            from ovtui.tui.screens.comparison import ComparisonScreen

            self.push_screen(ComparisonScreen(*run_ids))
        else:
            from ovtui.tui.screens.ranking import RankingScreen

            self.push_screen(RankingScreen(run_ids))
