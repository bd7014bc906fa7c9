"""A finished run: the verdict, the numbers with their doubt, how it went over time, and what to do next."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, Static

from ovtui import formatting
from ovtui.analysis.graph.folding import Shown
from ovtui.analysis.verdict import verdict
from ovtui.records import Histogram, Profile, Run, RunFilter, Series
from ovtui.report import summary
from ovtui.report.advising import Next, what_next
from ovtui.report.command import run_command
from ovtui.sanitize import plain
from ovtui.tui import actions, plots
from ovtui.tui.error_handling import said
from ovtui.tui.profile_view import ProfileView
from ovtui.tui.rows import CHOICE_COLUMNS, choice
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.tabs.graph import GraphTab, runtime_graph
from ovtui.tui.tabs.groups import Grouped, KernelsTab, PrecisionTab
from ovtui.tui.tabs.layers import LayersTab
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.fields import fields_text
from ovtui.tui.widgets.graphview import GraphView
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.line import Line
from ovtui.tui.widgets.plot import Plot, load
from ovtui.tui.widgets.tabbar import TabBar
from ovtui.tui.widgets.table import Table

_SETTINGS = "settings"
_WHAT, _GAP, _MOST_LINES = 11, 2, 6  # of what to do next: cells of its name, between it and why, lines for the why
_HISTORY = 200  # runs of the model that advice looks at
_TABS = (
    ("tab-summary", "Summary"), ("tab-layers", "Layers"), ("tab-precision", "Precision"), ("tab-kernels", "Kernels"),
    ("tab-graph", "Graph"), ("tab-time", "Time"), ("tab-latencies", "Latency"), ("tab-machine", "Machine"),
)  # fmt: skip
# Where advice that measures nothing leads.
_LEADS = {
    "conversions": "tab-precision", "int8": "tab-precision", "reference": "tab-kernels", "host": "tab-layers",
    "counters": "tab-layers", "shapes": "tab-graph",
}  # fmt: skip
_OF_LAYERS = frozenset({"tab-layers", "tab-precision", "tab-kernels", "tab-graph"})
_LONG = frozenset({"tab-summary", "tab-machine"})  # may be longer than the screen


class RunScreen(OvtuiScreen):
    """One run of the store."""

    HELP = (
        "The first line says what came out and whether to believe it. Below the numbers stands what to measure next: "
        "Enter starts it, m asks for other settings first. The tabs show where the time goes: layers, precisions, "
        "kernels and the graph; then the run over time, its latencies, and the machine. In the tabs of layers, / "
        "filters: time>50us type:conv precision:bf16; d tells all of what is selected, which the next tab has selected "
        "too."
    )
    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "measure", "Measure again"),
        Binding("e", "export", "Export"),
        Binding("E", "export", "Export"),  # where e unfolds
        Binding("y", "copy", "Copy"),
        Binding("n", "label", "Label"),
        Binding("c", "compare", "Compare with another run", show=False),
        Binding("delete,D", "delete", "Delete", key_display="D"),
        Binding("right,l", "tab(1)", "Next tab", show=False),
        Binding("left,h", "tab(-1)", "Tab before", show=False),
        Binding("pagedown,ctrl+f", "scroll(1)", "Scroll down", show=False, priority=True),
        Binding("pageup,ctrl+b", "scroll(-1)", "Scroll up", show=False, priority=True),
        *(Binding(str(n), f"to_tab({n})", f"Tab {n}", show=False) for n in range(1, 9)),
    ]

    def __init__(self, run_id: str, *, layer: int | None = None) -> None:
        """`layer`: the place of one to begin with, in the graph."""
        super().__init__()
        self._run_id = run_id
        self._begin_with = layer
        self._run: Run | None = None
        self._next: list[Next] = []
        self._what = _WHAT
        self._seen: ProfileView | None = None
        self._graph: Shown | None = None
        self._layer: int | None = None  # selected, whichever tab shows it
        self._begun_at: int | None = None  # what a tab had selected when it was opened

    def compose(self) -> ComposeResult:
        yield Line(id="top")
        yield Static(id="verdict")
        yield TabBar(_TABS)
        with ContentSwitcher(initial=_TABS[0][0]):
            with Vertical(id="tab-summary"):
                with VerticalScroll(id="summary", can_focus=False):
                    yield Static(id="fields")
                yield Static("What next", classes="title")
                yield Table(_next_columns(_WHAT), head=False, id="next")
                yield Static(id="next-words")
            with Vertical(id="tab-layers"):
                yield LayersTab(id="layers")
            with Vertical(id="tab-precision"):
                yield PrecisionTab(id="precision")
            with Vertical(id="tab-kernels"):
                yield KernelsTab(id="kernels")
            with Vertical(id="tab-graph"):
                yield GraphTab(id="graph")
            with Vertical(id="tab-time"):
                yield Static("Throughput, FPS, by seconds; warm-up in grey", classes="title")
                yield Plot("no series was kept", id="throughput")
                yield Static("Latency, ms: p50 below, p99 above", classes="title")
                yield Plot("no series was kept", id="latency")
                yield Static(id="disturbed", classes="note")
            with Vertical(id="tab-latencies"):
                yield Static("How often which latency, ms", classes="title")
                yield Plot("no histogram was kept", id="histogram")
                yield Static(id="percentiles", classes="note")
            with VerticalScroll(id="tab-machine", can_focus=False):
                yield Static(id="machine")
        yield KeyLine()

    _profile: Profile | None = None
    _series: Series | None = None
    _histogram: Histogram | None = None

    def on_mount(self) -> None:
        self._load()
        self._reread()
        self.query("#next").focus()  # if the app is not being left at this moment
        self.run_worker(self._load_plots, thread=True)

    @said
    def _load(self) -> None:
        store = self.ovtui.store
        self._profile = store.runs.profile(self._run_id)
        self._series, self._histogram = store.runs.series(self._run_id), store.runs.histogram(self._run_id)

    def _load_plots(self) -> None:
        if self._profile is not None:
            self._seen = ProfileView(self._profile)
            self._graph = runtime_graph(self._seen, max(8, self.app.size.height - 10))
        self.app.call_from_thread(self._show_layers)
        load()
        self.app.call_from_thread(self._draw)

    def _show_layers(self) -> None:
        if not self.is_attached:
            return
        if not self.has("#layer-details", "#transitions", "#kernel-table", "#graph-details"):
            self.call_after_refresh(self._show_layers)
            return
        if self._seen is None or self._graph is None:
            for tab in self.query("#layers, #precision, #kernels, #graph").results():
                assert isinstance(tab, (LayersTab, PrecisionTab, KernelsTab, GraphTab))
                tab.explain(_no_layers(self._run))
            return
        self.query_one("#graph", GraphTab).show(self._seen, self._graph)
        self.query_one("#layers", LayersTab).show(self._seen)
        self.query_one("#precision", PrecisionTab).show(self._seen)
        self.query_one("#kernels", KernelsTab).show(self._seen)
        if self._begin_with is not None:
            self._layer = self._begin_with
            self._open_tab("tab-graph")
            self.query_one("#graph", GraphTab).select(self._begin_with)

    def news(self) -> None:
        watching = self.ovtui.watching
        if watching.stale:
            watching.stale = False
            self._reread()

    def _reread(self) -> None:
        self._run = self.ovtui.store.runs.get(self._run_id)
        self._show()

    def _show(self) -> None:
        if not self.has("#verdict", "#fields", "#next", "#next-words", "#percentiles", "#machine"):
            self.call_after_refresh(self._show)
            return
        run = self._run
        if run is None:
            self.call_later(self.leave)
            return
        head = Text(plain(run.model.name, 40), style="bold").append(f"  {summary.settings(run)}", style="not bold")
        self.query_one("#top", Static).update(head)
        said = verdict(run)
        line = self.query_one("#verdict", Static)
        line.update(Text(plain(said.text)))
        line.set_classes(said.level)
        self.query_one("#fields", Static).update(fields_text(summary.fields(run)))
        history = self.ovtui.store.runs.page(RunFilter(model=run.model.id), limit=_HISTORY)
        self._next = what_next(run, self._profile, history)
        listed = [(str(n), {"what": Cell(s.short, "bar"), "why": Cell(s.why)}) for n, s in enumerate(self._next)]
        self._what = max([_WHAT, *(len(each.short) for each in self._next)])
        self.query_one("#next", Table).set_columns(_next_columns(self._what))
        if run.status == "failed":  # what is wrong with it is said, and mended, among its settings
            why = "Look at its settings first: measured as it was, it may fail the same way."
            listed.insert(0, (_SETTINGS, {"what": Cell("settings …", "bar"), "why": Cell(why)}))
        else:
            listed.append((_SETTINGS, {"what": Cell("other …", "bar"), "why": Cell("Ask for the settings first.")}))
        self.query_one("#next", Table).show(ListedRows(listed))
        self._make_room()
        self.query_one("#percentiles", Static).update(_percentiles(run))
        machine = summary.environment_fields(run.environment) if run.environment else []
        told = _settings(run, self.ovtui.store.models.called(run.model))
        self.query_one("#machine", Static).update(fields_text([*machine, *told]))

    def _draw(self) -> None:
        if not self.has("#throughput", "#latency", "#disturbed", "#histogram"):
            return
        run, series = self._run, self._series
        if series is not None and series.t_s:
            mean = run.result.throughput_fps.mean if run and run.result else None
            self.query_one("#throughput", Plot).show(plots.throughput(series, mean))
            self.query_one("#latency", Plot).show(plots.latency(series))
            disturbed = sum(series.disturbed)
            windows = f"{disturbed} of {len(series.disturbed)} windows were disturbed for a part of their time."
            text = windows if disturbed else ""
            self.query_one("#disturbed", Static).update(text)
        self.query_one("#histogram", Plot).show(plots.histogram(self._histogram))

    # -- keys

    def on_table_opened(self, event: Table.Opened) -> None:
        if event.key == _SETTINGS:
            self.action_measure()
        elif self._run is not None:
            self._do(self._run, self._next[int(event.key)])

    def on_table_moved(self, event: Table.Moved) -> None:
        self._explain_next()

    def on_resize(self) -> None:
        if self.has("#next", "#next-words"):
            self._make_room()

    def _make_room(self) -> None:
        """For the longest of what does not fit into its line, so that nothing moves when the cursor does."""
        lines = [len(wrap(each.why, max(20, self.size.width - 2))) for each in self._next if self._is_long(each.why)]
        below = self.query_one("#next-words", Static)
        below.styles.height, below.display = min(_MOST_LINES, max(lines, default=0)), bool(lines)
        self._explain_next()

    def _is_long(self, why: str) -> bool:
        return self._what + _GAP + cell_len(why) + _GAP > self.size.width

    def _explain_next(self) -> None:
        """The whole of what the line under the cursor has no room for."""
        key = self.query_one("#next", Table).cursor_key
        why = self._next[int(key)].why if key not in (None, _SETTINGS) else ""
        self.query_one("#next-words", Static).update(Text(why if self._is_long(why) else ""), layout=False)

    def _do(self, run: Run, chosen: Next) -> None:
        tab = _LEADS.get(chosen.key)
        if chosen.spec is not None:
            self.ovtui.measure(run.model, chosen.spec)
        elif chosen.key == "int8" and chosen.command is not None:
            self.ovtui.open_optimize(self.ovtui.store.models.get(run.model.parent or "") or run.model)
        elif tab is not None:
            self._open_tab(tab)
        elif chosen.command is not None:
            self.ovtui.copy(f"ovtui {chosen.command}", "the command")

    def on_layers_tab_chosen(self, event: LayersTab.Chosen) -> None:
        self._open_tab("tab-graph")
        self.query_one("#graph", GraphTab).select(event.place)

    def on_graph_tab_chosen(self, event: GraphTab.Chosen) -> None:
        self._open_tab("tab-layers")
        self.query_one("#layers", LayersTab).select(event.place)

    def on_grouped(self, event: Grouped) -> None:
        self.query_one("#layers", LayersTab).filter("", event.group)
        self._open_tab("tab-layers")

    def action_measure(self) -> None:
        run = self._run
        if run is None:
            return
        spec = run.spec
        if self._profile is None and self.query_one(TabBar).active in _OF_LAYERS:  # which says that m looks at them
            spec = msgspec.structs.replace(spec, profile=True)
        self.ovtui.open_configure(run.model, spec)

    @said
    def action_compare(self) -> None:
        """With another run, or measured in turn from there."""
        from ovtui.tui.screens.pick import PickScreen

        def answered(other: str | None) -> None:
            if other is not None:
                self.ovtui.open_compare([self._run_id, other])

        found = self.ovtui.store.runs.page(limit=_HISTORY)
        choices = [choice(run) for run in found if run.id != self._run_id]
        self.app.push_screen(PickScreen("Compare this run with", choices, columns=CHOICE_COLUMNS), answered)

    def action_to_tab(self, number: int) -> None:
        names = self.query_one(TabBar).names
        if number <= len(names):
            self._open_tab(names[number - 1])

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        self._open_tab(event.tab)

    def _open_tab(self, name: str) -> None:
        """Show a tab, with the layer selected that was selected in another one."""
        self._remember()
        self.query_one(TabBar).pick(name)
        self._follow(name)
        self.query_one(ContentSwitcher).current = name
        widgets = self.query_one(f"#{name}").query("*").results()
        shown = [each for each in widgets if isinstance(each, (Table, GraphView)) and each.display]
        self.set_focus(shown[0] if shown else None)

    def _remember(self) -> None:
        """The layer that was selected: not where a graph begins, nor what stands first beside one that is hidden."""
        if not self.has("#layer-table", "#graph-view"):
            return
        tab, place = self.query_one(TabBar).active, None
        if tab == "tab-layers":
            place = self.query_one("#layers", LayersTab).place
        elif tab == "tab-graph":
            place = self.query_one("#graph", GraphTab).place
        if place not in (None, self._begun_at):
            self._layer = place

    def _follow(self, tab: str) -> None:
        """Select what was selected in another tab, unless a filter or a group hides it."""
        if not self.has("#layer-table", "#graph-view"):
            return
        layers, graph = self.query_one("#layers", LayersTab), self.query_one("#graph", GraphTab)
        layer, self._begun_at = self._layer, None
        if tab == "tab-graph":
            if layer is not None:
                graph.follow(layer)
            self._begun_at = graph.place
        elif tab == "tab-layers" and layer is not None:
            if layers.place is not None and layer in layers.places:
                layers.select(layer)
            self._begun_at = layers.place

    async def action_back(self) -> None:
        """Out of what a tab has narrowed down, then out of the screen."""
        for tab in self.query_one(f"#{self.query_one(TabBar).active}").children:
            if isinstance(tab, (LayersTab, GraphTab, PrecisionTab, KernelsTab)) and tab.back():
                return
        await super().action_back()

    def action_tab(self, by: int) -> None:
        bar = self.query_one(TabBar)
        self._open_tab(bar.names[(bar.names.index(bar.active) + by) % len(bar.names)])

    def action_copy(self) -> None:
        run = self._run
        if run is None:
            return
        tab = self.query_one(TabBar).active
        if tab in ("tab-time", "tab-latencies"):
            plots = self.query_one(f"#{tab}").query(Plot)
            self.ovtui.copy("\n".join(plot.text for plot in plots), "the plots in words")
            return
        title = f"{plain(run.model.name)}  {summary.settings(run)}\n{plain(verdict(run).text)}\n"
        shown = summary.environment_fields(run.environment) if tab == "tab-machine" and run.environment else None
        lines = "\n".join(f"{name:<11}{text}" for name, text in shown or summary.fields(run))
        again = run_command(self.ovtui.store.models.called(run.model), run.spec, run.label)
        self.ovtui.copy(f"{title}{lines}\n{plain(again)}", "the run")

    def action_export(self) -> None:
        """Of what the tab shows."""
        tab, run, seen = self.query_one(TabBar).active, self._run, self._seen
        graph = self.query_one("#graph", GraphTab).graph
        if tab == "tab-layers" and run is not None and seen is not None:
            actions.export_layers(self, run, seen, self.query_one("#layers", LayersTab).places)
        elif tab == "tab-graph" and run is not None and graph is not None:
            actions.export_graph(self, run, graph)
        else:
            actions.export(self, [self._run_id])

    def action_label(self) -> None:
        actions.label(self, [self._run_id], self._reread)

    def action_delete(self) -> None:
        actions.delete(self, [self._run_id])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Elsewhere a page is one of the table or the graph."""
        return action != "scroll" or any(bar.active in _LONG for bar in self.query(TabBar))

    def action_scroll(self, by: int) -> None:
        """What is longer than the tab."""
        for part in self.query(VerticalScroll):
            if part.is_on_screen:
                part.scroll_relative(y=by * max(1, part.size.height - 1), animate=False)


def _next_columns(what: int) -> tuple[Column, ...]:
    return Column("what", "", what), Column("why", "", 20, grows=True, sentence=True)


def _no_layers(run: Run | None) -> str:
    """Why there is nothing to see."""
    if run is not None and run.result is None:
        how = "failed" if run.status == "failed" else f"was {run.status}"
        return f"This run {how} before its layers could be looked at: the first line says why. m asks for its settings."
    if run is not None and not run.spec.profile:
        return "This run was measured without a look at its layers: m measures again with it."
    return "The layers of this run are not known; its warnings may say why. m measures again."


def _percentiles(run: Run) -> Text:
    """Each percentile with its interval, and what it still needs."""
    if run.result is None:
        return Text("Nothing was measured.")
    latency, lines = run.result.latency_ms, Text()
    for key, title in (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99_9", "p99.9")):
        lines.append(f"{title:>6}  ", style="bold")
        if getattr(latency, key) is None:
            lines.append(f"needs {latency.needs.get(key, 0):,} more inferences\n")
            continue
        told = [f"95 % CI {formatting.between(latency.ci95[key])}"] if key in latency.ci95 else []
        told += [f"needs {latency.needs[key]:,} more"] if key in latency.needs else []
        doubt = f"  ({', '.join(told)})" if told else ""
        lines.append(f"{formatting.percentile(latency, key)} ms{doubt}\n")
    lines.append(formatting.weak_means(latency), style="dim")
    lines.rstrip()
    return lines


def _settings(run: Run, name: str) -> summary.Fields:
    """What the device was told, and the command that measures the same."""
    found = [] if run.effective is None else [("device", plain(run.effective.device_name or run.spec.device))]
    if run.effective is not None:
        found += [("property", f"{plain(key)}={plain(value)}") for key, value in run.effective.properties.items()]
    return [*found, ("command", plain(run_command(name, run.spec, run.label)))]
