"""An exploration: its matrix as it fills in, throughput against latency, and the best within a limit that one moves."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ovtui import sentences, specs
from ovtui.analysis.exploration import selection
from ovtui.analysis.exploration.grid import order, settings
from ovtui.analysis.exploration.matrix import BEST, FAILED, MEASURING, REUSED, Metric, matrix
from ovtui.analysis.latency_limit import limited_ms
from ovtui.errors import StoreError
from ovtui.formatting import WEAK, number, percentile, plural, short_when, weak_means
from ovtui.formatting import setting as setting_text
from ovtui.records import LIVE, Cell, Exploration, Limits, Percentile
from ovtui.report.command import explore_command
from ovtui.report.files import Exported, write_exploration
from ovtui.report.pages.best import best_load, best_spec, is_server
from ovtui.sanitize import plain
from ovtui.tui import actions, charts, exploration_text
from ovtui.tui.error_handling import said
from ovtui.tui.screens.ask import ConfirmScreen, PromptScreen
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets import cells as table_cells
from ovtui.tui.widgets.heatmap import HeatMap, mark
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.line import Line
from ovtui.tui.widgets.plot import Plot, load
from ovtui.tui.widgets.table import Table

_PERCENTILES: tuple[Percentile, ...] = ("p50", "p90", "p95", "p99")
_NOT_YET = "drawn when something is known"
_FRONT = (
    table_cells.Column("mark", "", 1),
    table_cells.Column("setting", "SETTING", 16, grows=True, comfort=22, sentence=True),
    table_cells.Column("fps", "FPS", 6, right=True),
    table_cells.Column("p50", "P50 MS", 6, right=True),
    table_cells.Column("p99", "P99 MS", 6, right=True),
    table_cells.Column("memory", "MB", 6, right=True, spare=3),
)


class ExplorationScreen(OvtuiScreen):
    """One exploration, while it goes on and after."""

    HELP = (
        "Batches go down, streams across; a tile that is more coloured is better. Enter opens the run of the tile "
        "under the cursor. [ and ] move the latency limit, t types one, % says of which percentile it is; the first "
        "line follows with the best that keeps it, and x measures that properly. ≈ marks a rough value, with too few "
        "independent inferences beyond it. Escape leaves an exploration to itself: it goes on. c ends it and keeps "
        "what was measured; r goes on with one that was ended."
    )
    CSS_PATH = "exploration.tcss"
    OFFERS_WATCH = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel"),
        Binding("r", "resume", "Go on"),
        Binding("x", "measure", "Run best"),
        Binding("left_square_bracket,minus", "limit(-1)", "Limit", key_display="[ ]"),
        Binding("right_square_bracket,plus", "limit(1)", "Limit up", show=False, key_display="]"),
        Binding("m", "metric", "Metric"),
        Binding("percent_sign", "percentile", "Percentile", key_display="%"),
        Binding("t", "type_limit", "Type a limit", show=False),
        Binding("space", "others", "Others here"),
        Binding("y", "copy", "Copy"),
        Binding("e", "export", "Export"),
        Binding("escape", "back", "Back"),
    ]

    def __init__(self, study_id: str) -> None:
        super().__init__()
        self._study_id = study_id
        self._study: Exploration | None = None
        self._limits = Limits()
        self._spot: Cell | None = None  # the best within the limits
        self._metric: Metric = "throughput"
        self._wandered = False  # somebody moved the cursor: it no longer goes by itself
        self._answer: float | None = None  # the highest rate so far that keeps the limit
        self._turn = 0  # which of the settings that share the tile under the cursor
        self._ages: dict[str, str] = {}  # run → when it was measured

    def compose(self) -> ComposeResult:
        yield Line(id="top")
        yield Static(id="verdict")
        yield Static(id="progress")
        with Horizontal(id="parts"):
            with Vertical(id="matrix-part"):
                yield Line(id="matrix-title", classes="title")
                yield HeatMap(id="matrix")
                yield Table((), id="loads")
                yield Static("Nothing is both quicker and faster than these", classes="title", id="front-title")
                yield Table(_FRONT, id="front")
            with Vertical(id="chart-part"):
                yield Line(id="chart-title", classes="title")
                yield Plot(_NOT_YET, id="chart")
        yield Static(id="details", classes="note")
        yield Static(id="notes", classes="note")
        yield KeyLine()

    @said
    def on_mount(self) -> None:
        # What draws plots takes a moment to load: not before the first frame.
        self.run_worker(self._load_plots, thread=True)
        self._study = self._known()
        if self._study is None:
            self.call_later(self.leave)
            return
        self._limits = self._study.limits
        server = is_server(self._study)
        self.set_class(server, "server")
        self.query_one("#loads", Table).set_columns(_load_columns(self._limits))
        self.query_one("#loads" if server else "#matrix").focus()
        self._show()

    def _load_plots(self) -> None:
        load()
        self.app.call_from_thread(self._draw)

    # -- what is known

    @property
    def _live(self) -> bool:
        return self._study is not None and self._study.status in LIVE

    def _known(self) -> Exploration | None:
        """While it goes on, what it told last; the store has the rest."""
        if any(watched.id == self._study_id for watched in self.ovtui.watching.live):
            study = self.ovtui.watching.of(self._study_id).study
            if isinstance(study, Exploration):
                return _with_cells(study)
        found = self.ovtui.store.studies.of(Exploration).get(self._study_id)
        return None if found is None else _with_cells(found)

    @said
    def news(self) -> None:
        watching = self.ovtui.watching
        if not self._live and not watching.stale:
            return
        watching.stale = False
        before, self._study = self._study, self._known()
        if self._study is None:
            self.call_later(self.leave)
            return
        self._show()
        if before is None or (before.status, before.best) != (self._study.status, self._study.best):
            self.refresh_bindings()

    @property
    def _here(self) -> list[Cell]:
        """The settings of the tile under the cursor, the one whose number stands there first."""
        if self._study is None or not self.has("#matrix"):
            return []
        heat = self.query_one(HeatMap)
        square = heat.square
        shown = None if square is None else square.setting
        found = [cell for cell in self._study.cells if (cell.setting.batch, cell.setting.streams) == heat.place]
        return sorted(found, key=lambda cell: (cell.setting != shown, order(cell.setting)))

    @property
    def _cell(self) -> Cell | None:
        here = self._here
        return here[self._turn % len(here)] if here else None

    # -- showing it

    def _show(self) -> None:
        study = self._study
        if study is None or not self.has("#top", "#matrix", "#loads", "#chart", "#details", "#notes"):
            return
        self._spot = selection.best(study.cells, self._limits)
        watched = self.ovtui.watching.of(self._study_id) if self._live else None
        head = Text(plain(study.model.name, 30), style="bold")
        self._say("top", head.append(f"  {exploration_text.headline(study)}", style="not bold"))
        self._say("verdict", Text(plain(exploration_text.sentence(study, self._limits))))
        self.query_one("#verdict").set_classes(self._level(study))
        self._say("progress", Text(exploration_text.progress(study, watched)))
        notes = self._notes(study, watched.notes if watched else [])
        self._say("notes", Text("\n".join(notes)))
        self.query_one("#notes").display = bool(notes)
        if is_server(study):
            self._show_loads(study)
        else:
            self._show_matrix(study)
        self._explain()
        self._draw()

    def _say(self, where: str, text: Text) -> None:
        """Only what changed goes over the line."""
        static = self.query_one(f"#{where}", Static)
        if static.content != text:
            static.update(text)

    def _level(self, study: Exploration) -> str:
        found = best_load(study) is not None if is_server(study) else self._spot is not None
        if self._spot is not None and selection.is_doubtful(self._spot, self._limits):
            return "warning"
        if found:
            return "good" if study.status in ("done", *LIVE) else "warning"
        return "" if study.status in LIVE else "bad" if study.status == "failed" else "warning"

    def _notes(self, study: Exploration, told: list[str]) -> list[str]:
        if study.status in LIVE:
            return [f"note: {plain(told[-1], 300)}"] if told else []
        said = exploration_text.sentence(study, self._limits)
        told = [*([study.error] if study.error else []), *sentences.remarks(study.warnings)]
        return [f"! {plain(text, 300)}" for text in told if text != said]

    def _show_matrix(self, study: Exploration) -> None:
        heat, spot = self.query_one(HeatMap), self._spot
        heat.show(matrix(study.cells, self._metric, None if spot is None else spot.setting))
        if not self._wandered:
            now = next((cell for cell in study.cells if cell.state == "measuring"), None) or spot
            if now is not None:
                heat.go_to(now.setting.batch, now.setting.streams)
        self._show_front(study, spot)
        legend = f"{mark(BEST)} best  {mark(REUSED)} earlier  {mark(FAILED)} failed"
        legend += f"  {mark(MEASURING)} now" if self._live else ""
        legend += f"  {WEAK} rough" if weak_means(*(cell.latency_ms for cell in study.cells)) else ""
        title = Text(exploration_text.METRICS[self._metric]).append(f"   {legend}", style="not bold")
        self._say("matrix-title", title)

    def _show_front(self, study: Exploration, spot: Cell | None) -> None:
        """Beside a chart that is high there is room for it; each of its cells is in the matrix, too."""
        shown = []
        by_run = {cell.run: cell for cell in study.cells}
        for cell in (by_run[run_id] for run_id in study.pareto if run_id in by_run):
            latency = cell.latency_ms
            best = spot is not None and cell.setting == spot.setting
            texts = {
                "fps": number(cell.throughput_fps.mean if cell.throughput_fps else None),
                "p50": percentile(latency, "p50"),
                "p99": percentile(latency, "p99"),
                "memory": number(cell.peak_rss_mb),
            }
            row = {name: table_cells.Cell(text) for name, text in texts.items()}
            row["setting"] = table_cells.Cell(setting_text(cell.setting))
            row["mark"] = table_cells.Cell(mark(BEST) if best else "", "mark")
            shown.append((cell.run or "", row))
        self.query_one("#front", Table).show(table_cells.ListedRows(shown))

    def _show_loads(self, study: Exploration) -> None:
        answer = best_load(study)
        shown = []
        for each in exploration_text.by_rate(study):
            texts = exploration_text.load_cells(each, exploration_text.tail_of(study.limits))
            look = {None: "dim", True: "good", False: "bad"}[each.kept]
            sign = BEST if each is answer else MEASURING if each.state == "measuring" else ""
            named = dict(zip(("rate", "p50", "tail", "missed", "ci", "expected", "kept"), texts, strict=True))
            row = {name: table_cells.Cell(text, look if name == "kept" else "") for name, text in named.items()}
            shown.append((f"{each.rate!r}", {**row, "mark": table_cells.Cell(mark(sign), "mark")}))
        table = self.query_one("#loads", Table)
        table.show(table_cells.ListedRows(shown))
        if answer is not None and answer.rate != self._answer:
            self._answer = answer.rate
            table.go_to(f"{answer.rate!r}")
        limit = "" if study.limits.latency_ms is None else f"{study.limits.latency_ms:.10g} ms"
        rough = f"; {WEAK} rough" if weak_means(*(each.latency_ms for each in study.loads)) else ""
        self._say("matrix-title", Text(f"Arrival rates; at most {_allowed(study.limits)} may miss {limit}{rough}"))

    def _explain(self) -> None:
        """The line of the cell under the cursor."""
        study = self._study
        if study is None or is_server(study):
            return
        cell, here = self._cell, self._here
        place = self.query_one(HeatMap).place
        text = Text()
        if cell is not None:
            text.append(setting_text(cell.setting), style="bold")
            numbers = exploration_text.figures(cell)
            text.append(f": {numbers}\n" if numbers else "\n")
            front = cell.run is not None and cell.run in study.pareto
            text.append(exploration_text.state(cell, in_front=front, live=self._live, since=self._age(cell)))
            if len(here) > 1:
                text.append(f"; {self._turn % len(here) + 1} of {len(here)} here: Space")
        elif place is not None:
            text.append(f"batch {place[0]}, {plural(place[1], 'stream')}: not one of the chosen settings\n")
        self._say("details", text)

    def _age(self, cell: Cell) -> str:
        """Of a cell that was taken from earlier: from when."""
        if cell.state != "reused" or cell.run is None:
            return ""
        if cell.run not in self._ages:
            try:
                run = self.ovtui.store.runs.get(cell.run)
            except StoreError:  # the next look at the store says it
                return ""
            self._ages[cell.run] = f" ({short_when(run.created)}, {run.id})" if run else " (deleted since)"
        return self._ages[cell.run]

    def _draw(self) -> None:
        study = self._study
        if study is None or not self.has("#chart", "#chart-title", "#details"):
            return
        limits = self._limits
        shown = charts.marks()
        if is_server(study):
            name = study.limits.percentile
            what = f"{name if name == 'p50' else f'{name} above, p50 below'}, ms, by arrivals/s"
            what += f"   {shown.front} kept  {shown.missed} missed"
            self._say("chart-title", Text(what))
            self.query_one("#chart", Plot).show(charts.rates(study.loads, study.limits))
            return
        limit = "no limit" if limits.latency_ms is None else f"limit {limits.latency_ms:.10g} ms"
        few = charts.unknown(study.cells, limits.percentile)
        limit += f", {few} without {limits.percentile}" if few else ""
        title = Text(f"FPS by {limits.percentile}, ms: {limit}")
        title.append(f"   {shown.best} best  {shown.front} unbeaten  {shown.plain} others", style="not bold")
        self._say("chart-title", title)
        if not self.ovtui.looks.slow_line or not self._live:
            chart = charts.trade(study.cells, study.pareto, self._spot, limits.latency_ms, limits.percentile)
            why = f"too few inferences for {limits.percentile}; % chooses another" if few else _NOT_YET
            self.query_one("#chart", Plot).show(chart, empty=why)

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        study = self._study
        if study is None:
            return action == "back"
        server = is_server(study)
        match action:
            case "cancel":
                return self._live
            case "resume":
                return study.status in ("cancelled", "interrupted", "failed")
            case "measure":
                return best_load(study) is not None if server else self._spot is not None
            case "metric" | "limit" | "percentile" | "type_limit":
                return not server
            case "others":
                return not server and len(self._here) > 1
        return True

    def on_heat_map_moved(self) -> None:
        self._wandered, self._turn = True, 0
        self._explain()
        self.refresh_bindings()

    def on_heat_map_opened(self) -> None:
        self._open(self._cell.run if self._cell is not None else None)

    def on_table_opened(self, event: Table.Opened) -> None:
        if event.table.id == "front":
            self._open(event.key)
            return
        loads = self._study.loads if self._study is not None else ()
        self._open(next((each.run for each in loads if f"{each.rate!r}" == event.key), None))

    def _open(self, run_id: str | None) -> None:
        if run_id is None:
            self.ovtui.tell("It has no run: it was not measured.")
        else:
            self.ovtui.open_run(run_id)

    def action_others(self) -> None:
        self._wandered = True
        self._turn = (self._turn + 1) % max(1, len(self._here))
        self._explain()

    def action_metric(self) -> None:
        names = list(exploration_text.METRICS)
        self._metric = names[(names.index(self._metric) + 1) % len(names)]
        self._show()

    def action_limit(self, by: int) -> None:
        cells = self._study.cells if self._study is not None else ()
        known = [limited_ms(each.latency_ms, self._limits.percentile) for each in cells if each.latency_ms]
        known = [ms for ms in known if ms > 0]
        if known:
            self._limit(exploration_text.stepped(self._limits.latency_ms, by, known))

    def action_type_limit(self) -> None:
        def limit(text: str) -> float | None:
            return specs.amount("latency", text, 0.001, 1e6, "ms") if text else None

        def answered(text: str | None) -> None:
            if text is not None:
                self._limit(limit(text))

        now = self._limits.latency_ms
        question = f"The highest {self._limits.percentile} latency, ms (nothing: no limit):"
        prompt = PromptScreen(question, "" if now is None else f"{now:.10g}", check=limit)
        self.app.push_screen(prompt, answered)

    def action_percentile(self) -> None:
        place = _PERCENTILES.index(self._limits.percentile)
        self._limits = msgspec.structs.replace(self._limits, percentile=_PERCENTILES[(place + 1) % len(_PERCENTILES)])
        self._show()
        self.refresh_bindings()

    def _limit(self, latency_ms: float | None) -> None:
        self._limits = msgspec.structs.replace(self._limits, latency_ms=latency_ms)
        self._show()
        self.refresh_bindings()

    @said
    def action_measure(self) -> None:
        """Ask how to measure the best, properly this time."""
        study = self._study
        if study is None:
            return
        if not is_server(study):
            study = msgspec.structs.replace(study, best=self._spot.run if self._spot is not None else None)
        run = self.ovtui.store.runs.get(study.best) if study.best else None
        spec = best_spec(study, [Exported(run)] if run is not None else [])
        if spec is not None:
            self.ovtui.open_configure(study.model, msgspec.structs.replace(spec, profile=True))

    def action_resume(self) -> None:
        study = self._study
        if study is not None:
            self.ovtui.explore(
                study.model, study.spec, study.grid, study.limits,
                seconds=study.seconds, resumes=study.id, label=study.label,
            )  # fmt: skip

    def action_cancel(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes and self._live:
                self.ovtui.cancel(self._study_id)

        question = "End this exploration? What it has measured is kept, and r goes on with it."
        self.app.push_screen(ConfirmScreen(question, "cancel the exploration"), answered)

    def action_copy(self) -> None:
        study = self._study
        if study is None:
            return
        name = self.ovtui.store.models.called(study.model)
        lines = [
            f"{plain(study.model.name)}  {exploration_text.headline(study)}",
            plain(exploration_text.sentence(study, self._limits)), "",
            exploration_text.as_table(study, self._limits, self._metric), "", self.query_one("#chart", Plot).text, "",
            plain(
                explore_command(
                    name, study.spec, study.grid, study.limits, seconds=study.seconds, label=study.label
                )
            ),
        ]  # fmt: skip
        self.ovtui.copy("\n".join(lines), "the exploration")

    def action_export(self) -> None:
        study = self._study
        if study is None:
            return

        def written(path: Path) -> None:
            write_exploration(path, study, self._runs(study))

        hint = ".html and .md are reports, .json holds everything, .csv the settings. Enter writes it, Esc leaves it."
        actions.write_to(self, "this exploration", f"ovtui-{study.id}.html", hint, written)

    def _runs(self, study: Exploration) -> list[Exported]:
        """What is kept of its runs."""
        runs = self.ovtui.store.runs
        ids = [cell.run for cell in study.cells] + [each.run for each in study.loads]
        found = [run for run_id in ids if run_id is not None and (run := runs.get(run_id)) is not None]
        return [Exported(run, runs.series(run.id), runs.histogram(run.id), runs.profile(run.id)) for run in found]

    async def action_back(self) -> None:
        if self._live:
            self.ovtui.tell("It goes on. Home shows it, and from any terminal: ovtui attach")
        await super().action_back()


def _with_cells(study: Exploration) -> Exploration:
    """Before it began, all its settings are open."""
    if study.cells or is_server(study):
        return study
    return msgspec.structs.replace(study, cells=tuple(Cell(setting=each) for each in settings(study.grid)))


def _load_columns(limits: Limits) -> tuple[table_cells.Column, ...]:
    return (
        table_cells.Column("mark", "", 1),
        table_cells.Column("rate", "ARRIVALS/S", 10, right=True),
        table_cells.Column("p50", "P50 MS", 7, right=True),
        table_cells.Column("tail", f"{exploration_text.tail_of(limits).upper()} MS", 7, right=True),
        table_cells.Column("missed", "MISSED", 6, right=True),
        table_cells.Column("ci", "95 % CI", 15),
        table_cells.Column("expected", "EXPECTED", 8, right=True),
        table_cells.Column("kept", "LIMIT", 13),
    )


def _allowed(limits: Limits) -> str:
    return f"{100 - int(limits.percentile[1:])} %"
