"""What the app can start and end: jobs of the engine, each shown once it is there."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from ovtui.engine import client
from ovtui.errors import OvtuiError
from ovtui.records import Candidate, Criterion, Grid, Limits, Model, Recipe, Spec
from ovtui.tui.error_handling import said
from ovtui.tui.navigation import Navigation
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.home import HomeScreen


class Launch(Navigation):
    """Starts jobs: one at a time, however often a key is pressed meanwhile."""

    _starting = False

    def measure(self, model: Model, spec: Spec, label: str | None = None) -> None:
        """Start a run and show it."""

        async def start() -> OvtuiScreen:
            from ovtui.tui.screens.live import LiveScreen

            fresh, own = await self._both_as_now(model, spec)
            return LiveScreen((await client.start_run(fresh, own, label=label)).id)

        self._start(f"Starting to measure {model.name} …", start)

    def measure_in_turn(self, sides: Sequence[Candidate], criterion: Criterion, label: str | None = None) -> None:
        """Start a comparison of these, A first, and show it."""

        async def start() -> OvtuiScreen:
            from ovtui.tui.screens.ab_test import AbTestScreen

            models: dict[str, Model] = {}  # several sides may be of one model: it is read once
            for side in sides:
                if side.model.id not in models:
                    models[side.model.id] = await self._as_it_is_now(side.model)
            fresh = [
                Candidate(model=model, spec=msgspec.structs.replace(side.spec, model=model.id))
                for side in sides
                for model in (models[side.model.id],)
            ]
            return AbTestScreen((await client.start_comparison(fresh, criterion, label=label)).id)

        if any(side.spec.mode == "server" for side in sides):
            self.tell("Random arrivals do not take turns: these can only be compared as they were recorded.", "warning")
        else:
            self._start("Starting to measure them in turn …", start)

    def explore(
        self,
        model: Model,
        spec: Spec,
        grid: Grid,
        limits: Limits,
        *,
        seconds: float | None = None,
        fresh: bool = False,
        resumes: str | None = None,
        label: str | None = None,
    ) -> None:
        """Start an exploration and show it."""

        async def start() -> OvtuiScreen:
            from ovtui.tui.screens.exploration import ExplorationScreen

            now, own = await self._both_as_now(model, spec)
            job = await client.start_exploration(
                now, own, grid, limits, seconds=seconds, fresh=fresh, resumes=resumes, label=label
            )
            return ExplorationScreen(job.id)

        self._start(f"Starting to explore {model.name} …", start)

    def optimize(
        self, model: Model, recipe: Recipe, spec: Spec, *, compare: bool = True, label: str | None = None
    ) -> None:
        """Start to make a version and show it."""

        async def start() -> OvtuiScreen:
            from ovtui.tui.screens.optimization import OptimizationScreen

            now, own = await self._both_as_now(model, spec)
            job = await client.start_optimization(now, recipe, own, compare=compare, label=label)
            return OptimizationScreen(job.id)

        self._start(f"Starting to optimize {model.name} …", start)

    def _start(self, told: str, start: Callable[[], Awaitable[OvtuiScreen]]) -> None:
        if not self._starting:
            self._starting = True
            self.tell(told)
            self.run_worker(self._started(start))

    async def _started(self, start: Callable[[], Awaitable[OvtuiScreen]]) -> None:
        try:
            screen = await start()
        except OvtuiError as error:
            self.tell(str(error), "error")
            return
        finally:
            self._starting = False
        self.watching.note_change()
        self.watching.poll()
        # In place of all but Home.
        while isinstance(self.screen, OvtuiScreen) and not isinstance(self.screen, HomeScreen):
            await self.pop_screen()
        await self.push_screen(screen)

    async def _both_as_now(self, model: Model, spec: Spec) -> tuple[Model, Spec]:
        """The model as it is now, and the spec that is of it."""
        fresh = await self._as_it_is_now(model)
        return fresh, msgspec.structs.replace(spec, model=fresh.id)

    async def _as_it_is_now(self, model: Model) -> Model:
        """The model of the same file, read again if the file has been written anew. OvtuiError when it is gone."""
        job = await client.start_import(Path(model.path))
        ended = await job.result()
        fresh = self.store.models.get(ended.model or "")
        if ended.status != "done" or fresh is None:
            raise OvtuiError(ended.error or f"{model.path} could not be read.")
        shutil.rmtree(job.folder.path, ignore_errors=True)  # all it told is in the store
        if fresh.sha256 != model.sha256:
            self.tell(f"{model.path} has changed since it was registered: this measures its new content.", "warning")
        return fresh

    def cancel(self, job_id: str) -> None:
        """Ask a job to end; what it has is kept."""
        self.run_worker(self._cancel(job_id))

    @said
    async def _cancel(self, job_id: str) -> None:
        self.tell("It was asked to end.")
        try:
            await client.attach(job_id).cancel()
        except PermissionError:
            self.tell("It belongs to another user, who may end it.", "error")
