"""All ways in which a model was optimized: a table, and accuracy against speed with what nothing beats in both."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ovtui import formatting
from ovtui.analysis.optimization.outcome import Outcome
from ovtui.analysis.optimization.trade_off import MEASURES, Measure, Way, accuracy_in_words, accuracy_measure, ways
from ovtui.analysis.optimization.wording import percent_between
from ovtui.records import Model, Optimization
from ovtui.report.optimized import gathered
from ovtui.sanitize import plain
from ovtui.tui.charts import marks
from ovtui.tui.error_handling import said
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.plot import Curve, Picture, Plot, load
from ovtui.tui.widgets.table import Table

_ALL = 1000
_FEWEST = 2  # points that make a chart
_SHORT: dict[Measure, str] = {"top1": "TOP-1", "agreement": "SAME TOP-1", "sqnr": "SQNR dB"}


class VersionsScreen(OvtuiScreen):
    """A family, the parent first."""

    HELP = (
        "Each way in which this model was optimized, with its speed over the parent's and how well it agrees. Those "
        "that are marked are on the front: nothing is both faster and more accurate. Enter opens one; o makes another."
    )
    CSS_PATH = "optimization.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "optimize", "Make another"),
        Binding("m", "measure", "Measure it"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._ways: list[Way] = []
        self._measure: Measure | None = None

    def compose(self) -> ComposeResult:
        yield Static(Text("Versions of ").append(plain(self._model.name, 50), style="bold"), id="top")
        yield Table(_columns(None), id="ways")
        yield Static(id="chart-title", classes="title")
        yield Plot("drawn when two of them are known", id="chart")
        yield Static(id="basis", classes="note")
        yield KeyLine()

    def on_mount(self) -> None:
        # What draws plots takes a moment to load: not before the first frame.
        self.run_worker(self._load_plots, thread=True)
        self._fill()
        table = self.query_one("#ways", Table)
        table.focus()
        first = next((way for way in self._ways if way.optimization is not None), None)
        if first is not None:  # a version is what one comes for
            table.go_to(_key(first))

    def _load_plots(self) -> None:
        load()
        self.app.call_from_thread(self._draw)

    def news(self) -> None:
        if self.ovtui.watching.stale and self.has("#ways", "#chart"):
            self.ovtui.watching.stale = False
            self._fill()

    @said
    def _fill(self) -> None:
        store = self.ovtui.store
        outcomes: list[Outcome] = [
            gathered(store, study).outcome
            for study in store.studies.of(Optimization).newest(self._model.parent or self._model.id, limit=_ALL)
            if study.version is not None
        ]
        self._measure = accuracy_measure(outcomes)
        self._ways = ways(outcomes)
        table = self.query_one("#ways", Table)
        table.set_columns(_columns(self._measure))
        table.show(ListedRows([(_key(way), self._cells(way)) for way in self._ways]))
        self._draw()

    def _cells(self, way: Way) -> dict[str, Cell]:
        between = way.speed_ci95
        version = way.optimization.version if way.optimization is not None else None
        return {
            "front": Cell(marks().front if way.front else "", "mark"),
            "name": Cell(plain(way.name, 120)),
            "speed": Cell(formatting.NOTHING if way.speed is None else f"{way.speed:.2f} ×"),
            "ci": Cell("" if between is None else f"{between[0]:.2f} – {between[1]:.2f}", "dim"),
            "size": Cell(formatting.number(way.size_mb)),
            "accuracy": Cell(accuracy_in_words(way.accuracy, self._measure)),
            "accuracy_ci": Cell("" if way.accuracy_ci95 is None else percent_between(*way.accuracy_ci95), "dim"),
            "samples": Cell("" if way.samples is None else f"{way.samples:,}", "dim"),
            "version": Cell(plain(version.name, 80) if version is not None else "the parent", "dim"),
        }

    def _draw(self) -> None:
        if not self.has("#chart", "#chart-title"):
            return
        way = self._here
        picture = _picture(self._ways, self._measure, way)
        self.query_one("#chart", Plot).show(picture)
        known = picture is not None and self._measure is not None
        title = f"{MEASURES[self._measure]}, by speed over the parent's" if known and self._measure else ""
        self.query_one("#chart-title", Static).update(Text(title))
        self.query_one("#basis", Static).update(Text(_basis(self._ways, way, drawn=picture is not None)))

    @property
    def _here(self) -> Way | None:
        """The one under the cursor."""
        key = self.query_one("#ways", Table).cursor_key
        return next((each for each in self._ways if _key(each) == key), None)

    def on_table_moved(self, event: Table.Moved) -> None:
        self._draw()

    def on_table_opened(self, event: Table.Opened) -> None:
        if event.key:
            self.ovtui.open_study(event.key)
        else:
            self.action_measure()  # the parent was not made here: what it leads to is measuring it

    def action_optimize(self) -> None:
        self.ovtui.open_optimize(self._model)

    @said
    def action_measure(self) -> None:
        way = self._here
        if way is not None and way.optimization is not None and way.optimization.version is not None:
            self.ovtui.open_configure(way.optimization.version)
        else:
            parent = self.ovtui.store.models.get(self._model.parent or self._model.id)
            self.ovtui.open_configure(parent or self._model)

    def action_copy(self) -> None:
        columns = _columns(self._measure)
        lines = ["\t".join(column.title for column in columns)]
        for way in self._ways:
            cells = self._cells(way)
            lines.append("\t".join(cells[column.key].text for column in columns))
        self.ovtui.copy("\n".join(lines), "the table")


def _columns(measure: Measure | None) -> tuple[Column, ...]:
    return (
        Column("front", "", 1),
        Column("name", "WAY", 20, grows=True),
        Column("speed", "SPEED", 7, right=True),
        Column("ci", "95 % CI", 11, spare=1),
        Column("size", "MB", 7, right=True),
        Column("accuracy", "ACCURACY" if measure is None else _SHORT[measure], 10, right=True),
        Column("accuracy_ci", "95 % CI OF IT", 13, spare=2),
        Column("samples", "SAMPLES", 7, right=True, spare=1),
        Column("version", "VERSION", 18, spare=2),
    )


def _key(way: Way) -> str:
    return way.optimization.id if way.optimization is not None else ""


def _basis(found: list[Way], here: Way | None, *, drawn: bool) -> str:
    """What the marks mean, and what the chart does not have."""
    if not found:
        return "No version was made yet."
    shown = marks()
    told = [f"{shown.front} nothing is both faster and more accurate"]
    if drawn and any(not way.front and _is_known(way) for way in found):
        told.append(f"{shown.plain} something is")
    if drawn and here is not None and _is_known(here):
        told.append(f"{shown.best} {plain(here.name, 40)}")
    unknown = sum(not _is_known(way) for way in found)
    if drawn and unknown:
        told.append(f"not drawn: {unknown} of which speed or accuracy is not known")
    return "   ".join(told)


def _is_known(way: Way) -> bool:
    return way.speed is not None and way.accuracy is not None


def _picture(found: list[Way], measure: Measure | None, here: Way | None) -> Picture | None:
    """Accuracy by speed; None while there is too little to see."""
    scale = 1 if measure == "sqnr" else 100
    known = [
        (way.speed, scale * way.accuracy, way)
        for way in found
        if measure is not None and way.speed is not None and way.accuracy is not None
    ]
    known.sort(key=lambda each: each[:2])
    if len(known) < _FEWEST:
        return None
    shown = marks()
    curves = []
    for marker, look, front in ((shown.plain, "faint", False), (shown.front, "first", True)):
        chosen = [(x, y) for x, y, way in known if way.front is front]
        if chosen:
            curves.append(Curve([x for x, _ in chosen], [y for _, y in chosen], look, marker=marker))
    at = [(x, y) for x, y, way in known if way is here]
    if at:
        curves.append(Curve([x for x, _ in at], [y for _, y in at], "second", marker=shown.best))
    low, high = known[0][0], known[-1][0]
    margin = (high - low) * 0.08 or 0.1
    lines = (f"{plain(way.name, 80)}: {x:.2f} ×, {accuracy_in_words(way.accuracy, measure)}" for x, _, way in known)
    text = "\n".join(lines)
    return Picture(tuple(curves), text=text, y_from_zero=False, x_limits=(max(0.0, low - margin), high + margin))
