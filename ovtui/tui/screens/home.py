"""Home: models and their versions, what was measured last, what goes on."""

from __future__ import annotations

import asyncio
from socket import gethostname
from typing import ClassVar

from msgspec import structs
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from ovtui import __version__, formatting, paths, specs
from ovtui.engine import client
from ovtui.errors import OvtuiError, StoreError
from ovtui.records import Candidate, Model, RunSummary, Spec
from ovtui.sanitize import plain
from ovtui.store import Store, TrackRecord
from ovtui.tui import last_settings, rows
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.table import Table

_EMPTY = """Nothing here yet.

[b]d[/b]  measures a built-in image classifier, both ways, in 20 seconds
[b]i[/b]  imports a model: OpenVINO IR, ONNX, TensorFlow, TFLite, PaddlePaddle
[b]?[/b]  explains the keys of each screen, [b]^p[/b] finds any command

Nothing leaves this machine. A measurement goes on when you leave,
or when the line drops."""

_RECENT = 50


class _ModelRows:
    """Families as trees. How fast a model was is asked for when its row is seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.models = [(branch, model) for family in _families(store.models.all()) for branch, model in _tree(family)]
        self._records: dict[str, TrackRecord] = {}

    def __len__(self) -> int:
        return len(self.models)

    def key(self, index: int) -> str:
        return self.models[index][1].id

    def cells(self, index: int) -> dict[str, Cell]:
        branch, model = self.models[index]
        if model.id not in self._records:
            try:
                self._records[model.id] = self._store.runs.record_of(model.id)
            except StoreError:  # while it draws, nobody can be told; the next look at the store will
                self._records[model.id] = TrackRecord((), (), None, None)
        return rows.model_cells(model, branch, self._records[model.id])

    def get(self, key: str | None) -> Model | None:
        return next((model for _, model in self.models if model.id == key), None)


def _families(models: list[Model]) -> list[list[Model]]:
    """Newest family first, the models of each oldest first."""
    found: dict[str, list[Model]] = {}
    for model in models:
        found.setdefault(model.family, []).insert(0, model)
    return list(found.values())


def _tree(family: list[Model]) -> list[tuple[str, Model]]:
    """Versions below their parents; one whose parent is gone stands at the top."""
    known = {model.id for model in family}
    children: dict[str | None, list[Model]] = {}
    for model in family:
        children.setdefault(model.parent if model.parent in known else None, []).append(model)
    placed: list[tuple[str, Model]] = []

    def place(parent: str | None, stem: str) -> None:
        below = children.get(parent, [])
        for number, model in enumerate(below):
            last = number == len(below) - 1
            branch = "" if parent is None else stem + ("└─ " if last else "├─ ")
            placed.append((branch, model))
            place(model.id, "" if parent is None else stem + ("   " if last else "│  "))

    place(None, "")
    return placed


class HomeScreen(OvtuiScreen):
    """Where one begins, and comes back to."""

    HELP = (
        "Models stand at the top, versions below the model they were made from, with the last and the best "
        "throughput and median latency of their finished runs. Enter on a model asks how to measure it; "
        "x looks for its best settings, o makes an INT8 or smaller version, v lists those that there are, r its runs, "
        "c measures it in turn with another; Enter on a run shows it, and the other keys mean its model. A ! marks a "
        "mean that is not known well enough, ≈ a rough value with too few independent inferences beyond it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "import", "Import"),
        Binding("d", "demo", "Demo"),
        Binding("a", "history", "All runs"),
        Binding("x", "explore", "Explore"),
        Binding("o", "optimize", "Optimize"),
        Binding("v", "versions", "Its versions", show=False),
        Binding("r", "its_runs", "Its runs", show=False),
        Binding("c", "compare", "Compare two models", show=False),
        Binding("tab", "app.focus_next", "Next list"),
        Binding("escape", "back", "Back", show=False),
    ]

    _in_demo = False
    _with_models = False  # there is something to explore

    def compose(self) -> ComposeResult:
        # Whoever has several terminals open wants to know which machine this is.
        yield Static(
            Text("ovtui", style="bold").append(f" {__version__}  {plain(gethostname())}", "not bold"), id="top"
        )
        yield Static("Going on", classes="title", id="live-title")
        yield Table(rows.LIVE_COLUMNS, head=False, id="live")
        with Vertical(id="lists"):
            yield Static("Models", classes="title")
            yield Table(rows.MODEL_COLUMNS, id="models")
            yield Static("Recent runs", classes="title")
            yield Table(rows.RUN_COLUMNS, newest_first=True, id="recent")
        yield Static(_EMPTY, id="empty")
        yield KeyLine()

    def on_mount(self) -> None:
        self._models = _ModelRows(self.ovtui.store)
        self._runs: list[RunSummary] = []
        self.ovtui.watching.poll()
        self.news()
        self.query_one("#models" if self._models.models else "#empty").focus()

    def news(self) -> None:
        watching = self.ovtui.watching
        live = self.query_one("#live", Table)
        names = rows.live_names(watching.live)
        live.show(ListedRows([(each.id, rows.live_cells(each, names[each.id])) for each in watching.live]))
        if not watching.stale:
            return
        watching.stale = False
        store = self.ovtui.store
        self._models = _ModelRows(store)
        self._runs = store.runs.page(limit=_RECENT)
        if self._with_models != bool(self._models.models):
            self._with_models = not self._with_models
            self.refresh_bindings()
        self.query_one("#models", Table).show(self._models)
        self.query_one("#recent", Table).show(ListedRows([(run.id, rows.run_cells(run)) for run in self._runs]))
        for name, there in (
            ("#live-title", bool(watching.live)),
            ("#live", bool(watching.live)),
            ("#lists", bool(self._models.models)),
            ("#empty", not self._models.models and not watching.live),
        ):
            self.query_one(name).display = there
        if self.focused is None or not self.focused.display:
            self.query_one("#models" if self._models.models else "#live").focus()

    def on_table_opened(self, event: Table.Opened) -> None:
        if event.table.id == "live":
            self.ovtui.open_job(event.key)
            return
        if event.table.id != "models":
            self.ovtui.open_run(event.key)
            return
        model = self._models.get(event.key)
        if model is not None:
            self.ovtui.open_configure(model)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._with_models if action in ("explore", "optimize") else True

    @property
    def _meant(self) -> Model | None:
        """The model under the cursor, or of the run under it if there is one."""
        recent = self.query_one("#recent", Table)
        if recent.has_focus and recent.cursor_key is not None:
            return self._models.get(next((run.model for run in self._runs if run.id == recent.cursor_key), None))
        return self._models.get(self.query_one("#models", Table).cursor_key)

    def action_explore(self) -> None:
        model = self._meant
        if model is not None:
            self.ovtui.open_explore(model)

    def action_optimize(self) -> None:
        model = self._meant
        if model is not None:
            self.ovtui.open_optimize(model)

    def action_versions(self) -> None:
        model = self._meant
        if model is not None:
            self.ovtui.open_versions(model)

    def action_import(self) -> None:
        self.ovtui.open_import()

    def action_history(self) -> None:
        self.ovtui.open_history()

    def action_its_runs(self) -> None:
        self.ovtui.open_history(self._meant)

    def action_compare(self) -> None:
        """The model that is meant with another one, measured in turn with what was set for the first."""
        store, first = self.ovtui.store, self._meant
        others = [model for _, model in self._models.models if first is not None and model.id != first.id]
        if first is None or not others:
            self.ovtui.tell("Comparing takes two models: import another one.")
            return
        from ovtui.tui.screens.pick import PickScreen

        def answered(other_id: str | None) -> None:
            other = self._models.get(other_id)
            if other is None:
                return
            spec = last_settings.recall(store, first.id)
            if spec is None or spec.mode == "server":  # random arrivals do not take turns
                spec = Spec(model=first.id)
            sides = (
                Candidate(model=first, spec=spec),
                Candidate(model=other, spec=structs.replace(spec, model=other.id)),
            )
            self.ovtui.measure_in_turn(sides, "latency" if spec.mode == "latency" else "throughput")

        # Versions of the model first: they are what one wants to know of.
        others.sort(key=lambda model: model.family != first.family)
        choices = [(each.id, plain(each.name, 120), f"{each.format}  {formatting.size(each.bytes)}") for each in others]
        title = f"Measure {plain(first.name, 30)} in turn with"
        self.app.push_screen(PickScreen(title, choices), answered)

    def action_demo(self) -> None:
        if not self._in_demo:
            self._in_demo = True
            self.ovtui.tell("Building the demo model …")
            self.run_worker(self._demo())

    async def _demo(self) -> None:
        """What `ovtui demo` does: import the built-in model, measure it both ways."""
        app = self.ovtui
        try:
            job = await client.start_import(paths.home() / "demo" / "demo.xml", name="demo", demo=True)
            ended = await job.result()
            model = app.store.models.get(ended.model or "")
            if model is None:
                app.tell(ended.error or "The demo model could not be made.", "error")
                return
            started = []
            for mode in specs.DEMO_MODES:
                started.append(await client.start_run(model, specs.demo(model.id, mode), label=f"demo {mode}"))
                await asyncio.sleep(0)
        except OvtuiError as error:
            app.tell(plain(error), "error")
            return
        finally:
            self._in_demo = False
        app.changed()
        if app.screen is self:
            app.open_run(started[0].id)
