"""More than two recorded runs, the fastest first, with what cannot be told apart from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ovtui import formatting, terminal
from ovtui.analysis.comparison import unpaired
from ovtui.analysis.comparison.ranking import Place, Ranking, ranking, sentence
from ovtui.records import Candidate, Run
from ovtui.sanitize import plain
from ovtui.tui import actions
from ovtui.tui.error_handling import said
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.comparison import scatter_of
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.table import Table

_BAR = 10


class RankingScreen(OvtuiScreen):
    """A table of runs."""

    HELP = (
        "Runs by speed, the best first. SPEED is a run's speed over the best one's, with its 95 % interval: that holds "
        "for runs of different times, which scatter. Those marked ≈ cannot be told apart from the best. Space marks "
        "two, and c compares them; m measures all of them in turn; e writes those marked to a file, "
        "or all; Enter opens one."
    )
    CSS_PATH = "comparison.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare two"),
        Binding("m", "measure", "Measure in turn"),
        Binding("e", "export", "Export"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__()
        self._ids = list(ids)
        self._runs: list[Run] = []
        self._found = Ranking(None, ())
        self._scatter: unpaired.Scatter | None = None
        self._looked = False

    def compose(self) -> ComposeResult:
        yield Static(Text("Ranked", style="bold"), id="top")
        yield Static(id="sentence")
        yield Table(_columns("FPS"), marks=True, id="ranked")
        yield Static(id="basis", classes="note")
        yield KeyLine()

    def on_mount(self) -> None:
        self._fill()
        self.query("#ranked").focus()

    def news(self) -> None:
        watching = self.ovtui.watching
        if watching.stale:
            watching.stale = False
            self._fill()

    @said
    def _fill(self) -> None:
        if not self.has("#sentence", "#ranked", "#basis"):
            self.call_after_refresh(self._fill)
            return
        store = self.ovtui.store
        self._runs = [run for run_id in self._ids if (run := store.runs.get(run_id)) is not None]
        if not self._runs:
            self.ovtui.tell("What was compared has been deleted.", "warning")
            self.call_later(self.leave)
            return
        if not self._looked:  # once: it reads hundreds of runs, and two more or less tell nothing new
            self._looked, self._scatter = True, scatter_of(store, self._runs)
        scatter = self._scatter
        self._found = found = ranking(self._runs, scatter)
        head = Text("Ranked", style="bold").append(f"  {formatting.plural(len(self._runs), 'run')}", style="not bold")
        self.query_one("#top", Static).update(head, layout=False)
        self.query_one("#sentence", Static).update(Text(sentence(found)))
        self.query_one("#basis", Static).update(Text(f"{unpaired.rests_on(scatter)} m measures them in turn."))
        table = self.query_one("#ranked", Table)
        table.set_columns(_columns("P50 MS" if found.by == "p50" else "FPS"))
        table.show(ListedRows([(self._runs[place.place].id, self._cells(place)) for place in found.places]))

    def _cells(self, place: Place) -> dict[str, Cell]:
        run = self._runs[place.place]
        effective = run.effective
        return {
            "rank": Cell(place.mark, "good" if place.alike else ""),
            "figure": Cell(formatting.number(place.figure)),
            "interval": Cell(_between(place.ci95, formatting.number), "dim"),
            "ratio": Cell("" if place.ratio is None else f"{place.ratio:.3f}"),
            "ratio_interval": Cell(_between(place.ratio_ci95, "{:.3f}".format), "dim"),
            "bar": Cell(terminal.bar(place.ratio or 0.0, _BAR), "bar"),
            "model": Cell(plain(run.model.name, 120)),
            "mode": Cell(run.spec.mode),
            "batch": Cell(str(effective.batch) if effective else "", "dim"),
            "streams": Cell(str(effective.streams or "") if effective else "", "dim"),
            "status": Cell("" if run.status == "done" else run.status, "bad"),
            "label": Cell(plain(run.label or "", 120), "dim"),
            "id": Cell(run.id, "dim"),
        }

    def on_table_opened(self, event: Table.Opened) -> None:
        self.ovtui.open_run(event.key)

    def action_mark(self) -> None:
        self.query_one("#ranked", Table).toggle_mark()

    def action_compare(self) -> None:
        marked = list(self.query_one("#ranked", Table).marked)
        if len(marked) == 2:
            self.ovtui.open_compare(marked)
        else:
            self.ovtui.tell("Mark two runs with the space bar, then c compares them.")

    def action_measure(self) -> None:
        sides = [Candidate(model=run.model, spec=run.spec, run=run.id) for run in self._runs]
        by_latency = all(side.spec.mode == "latency" for side in sides)
        self.ovtui.measure_in_turn(sides, "latency" if by_latency else "throughput")

    def action_export(self) -> None:
        """The marked runs, else all, the best first."""
        marked = list(self.query_one("#ranked", Table).marked)
        actions.export(self, marked or [self._runs[place.place].id for place in self._found.places])

    def action_copy(self) -> None:
        columns = [column for column in _columns("P50 MS" if self._found.by == "p50" else "FPS") if column.key != "bar"]
        lines = ["\t".join(column.title for column in columns)]
        for place in self._found.places:
            cells = self._cells(place)
            lines.append("\t".join(cells[column.key].text for column in columns))
        self.ovtui.copy(f"{sentence(self._found)}\n" + "\n".join(lines), "the ranking")

    async def action_back(self) -> None:
        table = self.query_one("#ranked", Table)
        if table.marked:
            table.clear_marks()
        else:
            await super().action_back()


def _columns(figure: str) -> tuple[Column, ...]:
    return (
        Column("rank", "", 4),
        Column("figure", figure, 7, right=True),
        Column("interval", "95 % CI", 15, spare=3),
        Column("ratio", "SPEED", 6, right=True),
        Column("ratio_interval", "95 % CI OF IT", 13),
        Column("bar", "", _BAR, spare=4),
        Column("model", "MODEL", 12, grows=True, comfort=20),
        Column("mode", "MODE", 10),
        Column("batch", "BATCH", 5, right=True, spare=2),
        Column("streams", "STREAMS", 7, right=True, spare=2),
        Column("status", "", 11, spare=3),
        Column("label", "LABEL", 14, spare=5),
        Column("id", "RUN", 10, spare=6),
    )


def _between(bounds: tuple[float, float] | None, show: Callable[[float], str]) -> str:
    return "" if bounds is None else f"{show(bounds[0])} – {show(bounds[1])}"
