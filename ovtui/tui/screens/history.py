"""History: all runs; filtered as one types, sorted by any column, marked, compared, labelled, deleted, exported."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from ovtui import formatting
from ovtui.analysis import filtering
from ovtui.errors import StoreError
from ovtui.records import Model, RunFilter, RunSummary
from ovtui.sanitize import plain
from ovtui.store import open_store
from ovtui.tui import actions, rows
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.plot import Curve, Picture, Plot, described, load
from ovtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ovtui.analysis.arrays import Ints
    from ovtui.analysis.changes import RunSeries
    from ovtui.analysis.history import RunColumns

_TEXTS = {name: name for name in ("model", "device", "mode", "status", "label")} | {"run": "id", "id": "id"}
_NUMBERS = {
    "fps": "throughput_fps", "throughput": "throughput_fps", "p50": "p50_ms", "latency": "p50_ms", "batch": "batch",
    "streams": "streams", "warnings": "warnings",
}  # fmt: skip
_NEWEST_FIRST = ("created", True)
_PAGE = 5_000
_NEWEST = 200
_MOST_COMPARED = 2_000


class _FoundRows:
    """The places that a filter left, in the order they are sorted in."""

    def __init__(self, columns: RunColumns, places: Ints) -> None:
        self._columns, self.places = columns, places

    def __len__(self) -> int:
        return len(self.places)

    def key(self, index: int) -> str:
        return self._columns.ids[int(self.places[index])]

    def cells(self, index: int) -> dict[str, Cell]:
        return rows.run_cells(self._columns.summary(int(self.places[index])))

    def run_at(self, index: int) -> RunSummary:
        return self._columns.summary(int(self.places[index]))


class HistoryScreen(OvtuiScreen):
    """All that was measured."""

    HELP = (
        "Type / and words that must all occur: resnet throughput. Columns can be named: model:resnet status:done "
        "fps>100 p50<5ms batch=4. s sorts by the next column, r turns the order round, v chooses columns. Space marks "
        "runs: c compares two and ranks more, D deletes and e exports the marked ones, or the one under the cursor. "
        "C lists what was measured in turn. p shows how fast the cursor's model was over time; lines from bottom to "
        "top are where runs of its spec became slower or faster. ≈ marks a rough value, with too few independent "
        "inferences beyond it."
    )
    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("s", "sort(1)", "Sort"),
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare"),
        Binding("p", "plot", "Plot"),
        Binding("S", "sort(-1)", "Sort by the column before", show=False),
        Binding("r", "reverse", "Turn the order round", show=False),
        Binding("v", "columns", "Columns", show=False),
        Binding("C", "comparisons", "Comparisons measured in turn", show=False),
        Binding("n", "label", "Label", show=False),
        Binding("e", "export", "Export", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("delete,D", "delete", "Delete", show=False, key_display="D"),
    ]

    def __init__(self, model: Model | None = None) -> None:
        super().__init__()
        self._only = model
        self._columns: RunColumns | None = None
        self._loading = True
        self._load_number = 0
        self._plotted: tuple[str, str, str, int] | None = None
        self._picture: Picture | None = None
        self._alike: list[RunSeries] = []  # of what is plotted, by spec
        self._now, self._unit = 0.0, 1.0  # what the plot's times are counted from, and in

    def compose(self) -> ComposeResult:
        yield Static(id="top")
        field = Field(placeholder="words, model:resnet, fps>100, status:failed …", id="filter", compact=True)
        field.display = False
        with Vertical(id="filter-lines"):
            yield field
            wrong = Static(id="wrong", classes="problem")
            wrong.display = False
            yield wrong
        yield Table(self._chosen_columns(), marks=True, id="runs")
        with Vertical(id="plot-box"):
            yield Static(classes="title", id="plot-title")
            yield Plot(id="plot")
            yield Static(id="change")
        yield KeyLine()

    def on_mount(self) -> None:
        field = self.query_one("#filter", Input)
        if self._only is not None:
            field.value = f"model:{plain(self._only.name)}" if " " not in self._only.name else plain(self._only.name)
        field.display = bool(field.value)
        self.query_one("#plot-box").display = self.app.size.height >= 30
        column, descending = self.ovtui.looks.history_sort
        self._sort, self._descending = column, descending
        self._look_again()

    # -- loading, a page at a time and beside the screen

    def _look_again(self) -> None:
        """Read all there is, in place of what was read."""
        self.query_one("#runs", Table).clear_marks()
        self._loading, self._plotted = True, None
        self._load_number += 1
        self.run_worker(partial(self._load_said, self._load_number), thread=True)

    def _load_said(self, number: int) -> None:
        try:
            self._load(number)
        except StoreError as error:
            self.app.call_from_thread(self.ovtui.tell, str(error), "error")

    def _load(self, number: int) -> None:
        from ovtui.analysis.history import RunColumns

        columns = RunColumns()
        before = None
        with open_store(self.ovtui.store.database.path, readonly=True) as store:
            limit = _NEWEST  # the first page is there at once
            while True:
                page = store.runs.page(limit=limit, before=before)
                self.app.call_from_thread(self._loaded, number, columns, page, len(page) < limit)
                if len(page) < limit or number != self._load_number:
                    break
                before, limit = (page[-1].created, page[-1].id), _PAGE
        load()
        self.app.call_from_thread(self._draw)

    def _loaded(self, number: int, columns: RunColumns, page: list[RunSummary], last: bool) -> None:
        if number != self._load_number or not self.has("#filter", "#runs", "#plot"):
            return  # another load has overtaken it, or the screen is being left
        columns.append(page)
        if last:
            columns.prepare()
        first, self._columns = self._columns is not columns, columns
        self._loading = not last
        if first or last:
            self._find()
        else:
            self._headline()

    def news(self) -> None:
        watching = self.ovtui.watching
        if not watching.stale or self._columns is None:
            return
        watching.stale = False
        runs = self.ovtui.store.runs
        changed = self._columns.renew(runs.page(limit=_NEWEST))
        if not self._loading and runs.count() != len(self._columns):
            self._look_again()  # some were deleted, or brought back
        elif changed:
            self._find()

    # -- what is shown

    def _find(self) -> None:
        """Filter and sort."""
        columns = self._columns
        if columns is None:
            return
        typed = self.query_one("#filter", Input).value
        places = columns.matching(filtering.parse(typed, _TEXTS, _NUMBERS))
        wrong = filtering.complaint(typed, _TEXTS, _NUMBERS, found=bool(len(places)))
        line = self.query_one("#wrong", Static)
        line.update(Text(plain(wrong, 60)))
        line.display = bool(wrong)
        if (self._sort, self._descending) != _NEWEST_FIRST:
            places = columns.ordered(places, self._sort, descending=self._descending)
        table = self.query_one("#runs", Table)
        table.show(_FoundRows(columns, places))
        table.set_sort(self._sort, descending=self._descending)
        self._headline()
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._headline)  # which says what the table has no column for

    def _headline(self) -> None:
        if not self.has("#top", "#runs"):
            return
        total = len(self._columns) if self._columns is not None else 0
        table = self.query_one("#runs", Table)
        shown, marked = len(table.rows), len(table.marked)
        text = Text("History", style="bold").append(f"  {formatting.plural(total, 'run')}", style="not bold")
        if shown != total:
            text.append(f", {shown:,} shown")
        if marked:
            text.append(f", {marked:,} marked")
        if self._sort != "created" and not table.room(self._sort):
            title = next((column.title for column in rows.RUN_COLUMNS if column.key == self._sort), "")
            text.append(f", by {title.lower()}{'↓' if self._descending else '↑'}")
        if self._loading:
            text.append(" …")
        self.query_one("#top", Static).update(text, layout=False)

    def _draw(self) -> None:
        """How fast the cursor's model was over time."""
        if not self.has("#runs", "#plot", "#plot-title"):
            return
        box, columns = self.query_one("#plot-box"), self._columns
        found = self.query_one("#runs", Table).rows
        if not box.display or columns is None or not isinstance(found, _FoundRows) or not len(found):
            return
        run = found.run_at(self.query_one("#runs", Table).cursor)
        what = (run.model, run.mode, run.device, len(columns))
        if self._plotted == what:
            self._mark_changes()
            return
        self._plotted, self._alike = what, []
        when, rates = columns.over_time(run)
        name = f"{plain(run.model_name, 40)}, {run.mode} on {plain(run.device, 20)}"
        unit, size = _ago(when)
        self.query_one("#plot-title", Static).update(Text(f"{name}: FPS, by {unit} ago"))
        self._now, self._unit = time.time(), size
        x = [(moment - self._now) / size for moment in when]
        curve = Curve(x, rates, "first")
        text = described(f"Throughput of {name} over time", "FPS", rates)
        self._picture = Picture((curve,), text=text, y_from_zero=False) if x else None
        self._mark_changes()
        self.run_worker(partial(self._look_for_changes, run, what), thread=True, group="changes", exclusive=True)

    def _look_for_changes(self, run: RunSummary, what: tuple[str, str, str, int]) -> None:
        from ovtui.analysis.changes import series_of

        try:
            with open_store(self.ovtui.store.database.path, readonly=True) as store:
                model = store.models.get(run.model)
                # A file that was imported with several contents is several models.
                contents = [] if model is None else store.models.find(model.path)
                filters = [
                    RunFilter(model=one.id, device=run.device, mode=run.mode, status="done")
                    for one in contents
                    if model is not None and one.path == model.path
                ]
                series = series_of(found for one in filters for found in store.runs.whole(one, _MOST_COMPARED))
        except StoreError as error:
            self.app.call_from_thread(self.ovtui.tell, str(error), "error")
            return
        self.app.call_from_thread(self._looked_for_changes, series, what)

    def _looked_for_changes(self, series: list[RunSeries], what: tuple[str, str, str, int]) -> None:
        if self._plotted == what:  # else the cursor has gone on meanwhile
            self._alike = series
            self._mark_changes()

    def _mark_changes(self) -> None:
        """Where runs of the cursor's spec became slower or faster, and the last step or drift in a sentence."""
        if not self.has("#runs", "#plot", "#change"):
            return
        picture, said = self._picture, ""
        key = self.query_one("#runs", Table).cursor_key
        series = next((one for one in self._alike if any(run.id == key for run in one.runs)), None)
        if series is not None and not series.missing:
            from ovtui.analysis.changes import latest

            said = latest(series)
            said = said[0].upper() + said[1:]
            if picture is not None:
                x = picture.curves[0].x
                places = [(change.run.created - self._now) / self._unit for change in series.changes]
                upright = tuple(place for place in places if x[0] <= place <= x[-1])
                picture = replace(picture, upright=upright, text=f"{picture.text} {said}")
        line = self.query_one("#change", Static)
        line.display = bool(said)
        line.update(Text(said))
        self.query_one("#plot", Plot).show(picture)

    def _chosen_columns(self) -> list[Column]:
        hidden = self.ovtui.looks.history_columns
        return [column for column in rows.RUN_COLUMNS if column.key not in hidden]

    # -- keys

    def on_input_changed(self, event: Input.Changed) -> None:
        self._find()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.query_one("#runs").focus()

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    async def action_back(self) -> None:
        """Out of the filter, then out of what it left, then out of the screen."""
        field, table = self.query_one("#filter", Input), self.query_one("#runs", Table)
        if field.has_focus:
            table.focus()
        elif field.value and self._only is None:
            field.value = ""
            field.display = False
        elif table.marked:
            table.clear_marks()
            self._headline()
        else:
            await super().action_back()

    def on_table_opened(self, event: Table.Opened) -> None:
        self.ovtui.open_run(event.key)

    def on_table_moved(self, event: Table.Moved) -> None:
        # Not for each row that a held key passes.
        self.set_timer(0.15, self._draw, name="draw")

    def on_table_sort_asked(self, event: Table.SortAsked) -> None:
        if event.column == self._sort:
            self.action_reverse()
        else:
            self._sort_by(event.column)

    def action_sort(self, by: int) -> None:
        keys = [column.key for column in self._chosen_columns() if column.sortable]
        if not keys:
            return
        place = keys.index(self._sort) if self._sort in keys else -by
        self._sort_by(keys[(place + by) % len(keys)])

    def _sort_by(self, column: str) -> None:
        # Numbers and times are wanted from the largest, names from A.
        self._sort, self._descending = column, column in ("created", "throughput_fps", "batch", "streams")
        self._sorted()

    def action_reverse(self) -> None:
        self._descending = not self._descending
        self._sorted()

    def _sorted(self) -> None:
        self.ovtui.keep(history_sort=(self._sort, self._descending))
        self._find()
        self.query_one("#runs", Table).action_jump(0)

    def action_mark(self) -> None:
        self.query_one("#runs", Table).toggle_mark()
        self._headline()

    def action_plot(self) -> None:
        box = self.query_one("#plot-box")
        box.display = not box.display
        self._plotted = None
        self.call_after_refresh(self._draw)

    def action_columns(self) -> None:
        from ovtui.tui.screens.columns import ColumnsScreen

        def answered(hidden: tuple[str, ...] | None) -> None:
            if hidden is not None:
                self.ovtui.keep(history_columns=hidden)
                self.query_one("#runs", Table).set_columns(self._chosen_columns())
                if self._sort in hidden:
                    self._sort, self._descending = _NEWEST_FIRST
                    self._sorted()

        self.app.push_screen(ColumnsScreen(rows.RUN_COLUMNS, self.ovtui.looks.history_columns), answered)

    def _meant(self) -> list[str]:
        """The marked runs, else the one under the cursor."""
        table = self.query_one("#runs", Table)
        return list(table.marked) or ([table.cursor_key] if table.cursor_key else [])

    def action_compare(self) -> None:
        marked = list(self.query_one("#runs", Table).marked)
        if len(marked) < 2:
            self.ovtui.tell("Mark two runs with the space bar, then c compares them; more are ranked.")
        else:
            self.ovtui.open_compare(marked)

    def action_comparisons(self) -> None:
        self.ovtui.open_studies("comparison")

    def action_label(self) -> None:
        meant = self._meant()
        if meant:
            actions.label(self, meant, lambda: self._reread(meant))

    def _reread(self, ids: list[str]) -> None:
        if self._columns is not None:
            found = [summary for run_id in ids if (summary := self.ovtui.store.runs.summary(run_id))]
            self._columns.update(found)
            self._find()

    def action_delete(self) -> None:
        meant = self._meant()
        if meant:
            actions.delete(self, meant)

    def action_export(self) -> None:
        meant = self._meant()
        if meant:
            actions.export(self, meant)

    def action_copy(self) -> None:
        if self._columns is None:
            return
        lines = []
        for run_id in self._meant():
            cells = rows.run_cells(self._columns.summary(self._columns.ids.index(run_id)))
            lines.append("\t".join(cells[column.key].text for column in rows.RUN_COLUMNS))
        box = self.query_one("#plot-box")
        lines += [self.query_one("#plot", Plot).text] if box.display else []
        self.ovtui.copy("\n".join(lines), "the rows")


def _ago(moments: list[float]) -> tuple[str, float]:
    """The unit that the time since the first of them is told in, and its seconds."""
    span = time.time() - moments[0] if moments else 0.0
    if span > 3 * 86_400:
        return "days", 86_400.0
    return ("hours", 3_600.0) if span > 3 * 3_600 else ("minutes", 60.0)
