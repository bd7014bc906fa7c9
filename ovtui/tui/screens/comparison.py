"""Two beside each other: what was not the same, whether B is faster, figure by figure, and what explains it."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from textwrap import wrap
from typing import ClassVar, NamedTuple

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, Static

from ovtui import formatting
from ovtui.analysis.comparison import attribution, confounders, criteria, paired, run_scatter, unpaired
from ovtui.analysis.comparison.inverted import turned, turned_layers
from ovtui.records import (
    Candidate,
    Comparison,
    Criterion,
    LayerDifferences,
    PairedResult,
    Profile,
    Run,
    RunFilter,
    Verdict,
)
from ovtui.report import summary
from ovtui.sanitize import plain
from ovtui.store import Store
from ovtui.tui import actions
from ovtui.tui.error_handling import said
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.text_dialog import TextDialog
from ovtui.tui.tabs.deltas import DeltasTab, Explained, GroupDeltasTab, explained
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.tabbar import TabBar
from ovtui.tui.widgets.table import Table

CRITERIA, LAYERS, GROUPS = ("tab-criteria", "Criteria"), ("tab-layers", "Layers"), ("tab-groups", "By kind")
_COLUMNS = (
    Column("title", "", 19),
    Column("a", "A", 16, grows=True),
    Column("b", "B", 16, grows=True),
    Column("ratio", "B / A", 7, right=True),
)
_HISTORY = 500  # runs that tell how runs of one spec scatter
_TALL = 34  # lines from which on the head may take more of them
_LOOKS = {"faster": "good", "slower": "bad", "same": "same", "undecided": "warning"}


class Asked(NamedTuple):
    """Whose layers are matched: the ids of the runs; what is known of them altogether, and of their layers."""

    a: str
    b: str
    verdict: Verdict
    layers: LayerDifferences | None


class Pair(NamedTuple):
    """What is compared, and what came of it."""

    sides: tuple[Candidate, Candidate]
    runs: tuple[Run | None, Run | None]  # None: not measured yet, or deleted
    duel: PairedResult
    layers: LayerDifferences | None = None  # what is known of them; None: two passes at different times

    def swapped(self) -> Pair:
        """With A and B exchanged."""
        layers = None if self.layers is None else turned_layers(self.layers)
        return Pair(self.sides[::-1], self.runs[::-1], turned(self.duel), layers)


class Head(NamedTuple):
    """What stands above the tabs, each a paragraph."""

    verdict: str
    basis: str  # what the verdict rests on
    warnings: tuple[str, ...] = ()


class CompareScreen(OvtuiScreen):
    """A and B: those who inherit say where they come from."""

    CSS_PATH = "comparison.tcss"
    TABS: ClassVar[tuple[tuple[str, str], ...]] = (CRITERIA, LAYERS, GROUPS)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel"),  # what goes on
        Binding("m", "measure", "Measure in turn"),
        Binding("x", "swap", "Swap A and B"),
        Binding("y", "copy", "Copy"),
        Binding("d", "tell", "All that differs"),
        Binding("e", "export", "Export"),
        Binding("right,l", "tab(1)", "Next tab", show=False),
        Binding("left,h", "tab(-1)", "Tab before", show=False),
        *(Binding(str(n), f"to_tab({n})", f"Tab {n}", show=False) for n in range(1, 5)),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._swapped = False
        self._pair: Pair | None = None
        self._lines: list[criteria.Line] = []
        self._seen: Explained | None = None
        self._seen_of: Asked | None = None  # what is shown, or is being matched

    def compose(self) -> ComposeResult:
        yield Static(id="side-a", classes="side")
        yield Static(id="side-b", classes="side")
        yield Static(id="differences")
        yield Static(id="related", classes="note")
        yield Static(id="verdict")
        yield Static(id="basis", classes="note")
        yield from self.more()
        yield TabBar(self.TABS)
        with ContentSwitcher(initial=self.TABS[0][0]):
            with Vertical(id="tab-criteria"):
                yield Static(id="criteria-words", classes="note")
                yield Table(_COLUMNS, id="criteria")
            with Vertical(id="tab-layers"):
                yield DeltasTab(id="layers")
            with Vertical(id="tab-groups"):
                yield GroupDeltasTab(id="groups")
            yield from self.more_tabs()
        yield KeyLine()

    def more(self) -> ComposeResult:
        """Below the verdict."""
        yield from ()

    def more_tabs(self) -> ComposeResult:
        """Behind the others."""
        yield from ()

    @abstractmethod
    def find(self) -> Pair | None:
        """What is compared as it is known now, not swapped; None when there is nothing any more."""

    @abstractmethod
    def head(self, pair: Pair) -> Head:
        """What is said of it."""

    @abstractmethod
    def record(self, pair: Pair) -> Comparison | None:
        """What is written when it is exported."""

    def sentence(self, pair: Pair) -> str | None:
        """What is said of two runs as they were recorded, where it is not measured in turn."""
        return None

    @property
    def live(self) -> bool:
        """Whether it is being measured."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("cancel", "measure"):
            return self.live == (action == "cancel")
        return action != "export" or not self.live

    def on_mount(self) -> None:
        self.refill()
        self.open_tab(self.query_one(TabBar).active)

    def news(self) -> None:
        watching = self.ovtui.watching
        if watching.stale:
            watching.stale = False
            self.refill()

    # -- what is shown

    @said
    def refill(self) -> None:
        """All of it anew; only what changed is drawn."""
        if not self.has("#side-a", "#side-b", "#verdict", "#criteria", "#layers", "#groups"):
            self.call_after_refresh(self.refill)
            return
        found = self.find()
        if found is None:
            self.ovtui.tell("What was compared has been deleted.", "warning")
            self.call_later(self.leave)
            return
        self._pair = found.swapped() if self._swapped else found
        self.show_head()
        self._show_criteria()
        self._match()

    def show_head(self) -> None:
        """What stands above the tabs."""
        pair = self._pair
        if pair is None or not self.has("#side-a", "#side-b", "#differences", "#related", "#verdict", "#basis"):
            return
        for name, side, run in zip("ab", pair.sides, pair.runs, strict=True):
            self.show_text(f"side-{name}", _side(name.upper(), side, run))
        head = self.head(pair)
        width, most = max(20, self.size.width - 2), 4 if self.size.height >= _TALL else 2
        self.show_text("differences", _cut([" ".join(f"! {each}" for each in _different(pair))], width, most))
        self.show_text("related", _cut([" ".join(_related(pair))], width, most))
        self.show_text("verdict", Text(head.verdict))
        self.query_one("#verdict").set_classes(_LOOKS[pair.duel.verdict])
        basis = [head.basis, *(f"! {plain(warning)}" for warning in head.warnings)]
        self.show_text("basis", _cut([line for line in basis if line], width, most + 1))

    def show_text(self, where: str, text: Text) -> None:
        """Only what changed goes over the line; without anything to say, the line is not there."""
        static = self.query_one(f"#{where}", Static)
        if static.content != text:
            static.update(text)
        static.display = bool(text.plain)

    def _show_criteria(self) -> None:
        assert self._pair is not None
        a, b = self._pair.runs
        found = criteria.lines(a, b) if a is not None and b is not None else []
        # Figures are what one came for; the settings stand in the head too.
        self._lines = sorted(found, key=lambda line: line.figure_a is None and line.figure_b is None)
        self.show_text("criteria-words", Text(criteria.weak_means(found) if found else self.without_runs()))
        table = self.query_one("#criteria", Table)
        table.display = bool(self._lines)
        table.show(
            ListedRows(
                [
                    (line.title, {
                        "title": Cell(line.title, "dim"),
                        "a": Cell(plain(line.a, 200)), "b": Cell(plain(line.b, 200)),
                        "ratio": Cell("" if line.ratio is None else f"{line.ratio:.3f}"),
                    })
                    for line in self._lines
                ]
            )
        )  # fmt: skip

    def without_runs(self) -> str:
        """Why there are no figures."""
        return "One of the runs has been deleted: there are no figures to compare."

    # -- layers, which are matched beside the screen

    def _match(self) -> None:
        assert self._pair is not None
        a, b = self._pair.runs
        if a is None or b is None:
            self._seen_of = None
            self._explain(self.without_runs())
            return
        asked = Asked(a.id, b.id, self._pair.duel.verdict, self._pair.layers)
        if self._seen_of == asked:
            return
        self._seen_of = asked
        profiles = self.ovtui.store.runs.profile(a.id), self.ovtui.store.runs.profile(b.id)
        loosely = confounders.relation(a.model, b.model) == "different"
        told = "Different models: layers are matched as far as names and shapes go." if loosely else None
        self.run_worker(partial(self._match_beside, asked, profiles, told), thread=True)

    def _match_beside(self, asked: Asked, profiles: tuple[Profile | None, Profile | None], related: str | None) -> None:
        layers = asked.layers or self.layers_apart(*profiles)
        seen = explained(*profiles, related, asked.verdict, layers)
        self.app.call_from_thread(self._matched, asked, seen)

    def layers_apart(self, a: Profile | None, b: Profile | None) -> LayerDifferences | None:
        """What is known of the layers where they were not counted in turn. Runs beside the screen."""
        return attribution.of_recorded(a, b)

    def _matched(self, asked: Asked, seen: Explained) -> None:
        if asked != self._seen_of or not self.has("#delta-table", "#delta-details", "#group-table", "#group-words"):
            return  # it was swapped meanwhile, or is being left
        self._seen = seen
        if seen.found.rows is None:
            self._explain(f"{seen.found.text} Or press m: it measures them in turn, and looks at the layers of both.")
            return
        self.query_one("#layers", DeltasTab).show(seen)
        self.query_one("#groups", GroupDeltasTab).show(seen)

    def _explain(self, why: str) -> None:
        if self.has("#delta-table", "#delta-details", "#group-table", "#group-words"):
            self.query_one("#layers", DeltasTab).explain(why)
            self.query_one("#groups", GroupDeltasTab).explain(why)
        else:
            self.call_after_refresh(self._explain, why)

    # -- keys

    def on_resize(self) -> None:
        self.show_head()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Of the criteria: the run that is B."""
        run = self._pair.runs[1] if self._pair is not None else None
        if run is not None:
            self.ovtui.open_run(run.id)

    def on_deltas_tab_chosen(self, event: DeltasTab.Chosen) -> None:
        """In the graph of the run that has it; of B's, if both do."""
        if self._pair is None:
            return
        a, b = self._pair.runs
        run, place = (a, event.row.place_a) if event.row.place_b is None else (b, event.row.place_b)
        if run is not None and place is not None:
            from ovtui.tui.screens.run import RunScreen

            self.app.push_screen(RunScreen(run.id, layer=place))

    def on_group_deltas_tab_chosen(self, event: GroupDeltasTab.Chosen) -> None:
        self.query_one("#layers", DeltasTab).within(event.by, event.name)
        self.open_tab("tab-layers")

    def action_swap(self) -> None:
        self._swapped = not self._swapped
        self.refill()

    @said
    def action_measure(self) -> None:
        """An interleaved A/B test of both, as they were measured, with their layers."""
        if self._pair is None:
            return
        sides = [_with_profile(side) for side in self._pair.sides]
        self.ovtui.measure_in_turn(sides, self.criterion(sides))

    def criterion(self, sides: Sequence[Candidate]) -> Criterion:
        """What decides when these are measured in turn."""
        return "latency" if all(side.spec.mode == "latency" for side in sides) else "throughput"

    def action_tell(self) -> None:
        """All that a small screen has room for the beginning of."""
        pair = self._pair
        if pair is None:
            return
        head, text = self.head(pair), Text()
        asked = confounders.spec_differences(pair.sides[0].spec, pair.sides[1].spec)
        models = confounders.models(pair.sides[0].model, pair.sides[1].model)
        named = zip("AB", pair.sides, pair.runs, strict=True)
        for title, lines in (
            ("Sides", [_side(name, side, run).plain for name, side, run in named]),
            ("Circumstances", _different(pair) or ["Nothing of the machine and its software is known to differ."]),
            ("Models", [models or "Both are the same file."]),
            ("Settings", asked or ["They were asked for alike."]),
            ("Verdict", [head.verdict, head.basis]),
            ("Warnings", [plain(warning) for warning in head.warnings]),
        ):
            if lines:
                text.append(f"{title}\n", style="bold").append("".join(f"  {line}\n" for line in lines if line))
        text.rstrip()
        self.app.push_screen(TextDialog("What differs", text))

    def action_to_tab(self, number: int) -> None:
        names = self.query_one(TabBar).names
        if number <= len(names):
            self.open_tab(names[number - 1])

    def action_tab(self, by: int) -> None:
        bar = self.query_one(TabBar)
        self.open_tab(bar.names[(bar.names.index(bar.active) + by) % len(bar.names)])

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        self.open_tab(event.tab)

    def open_tab(self, name: str) -> None:
        """Show a tab, its table ready for keys."""
        self.query_one(TabBar).pick(name)
        self.query_one(ContentSwitcher).current = name
        tab = self.query_one(f"#{name}")
        shown = [each for each in (tab, *tab.query("*").results())
                 if isinstance(each, (Table, VerticalScroll)) and each.display]  # fmt: skip
        self.set_focus(shown[0] if shown else None)

    async def action_back(self) -> None:
        """Out of what a tab has narrowed down, then out of the screen."""
        for tab in self.query_one(f"#{self.query_one(TabBar).active}").children:
            if isinstance(tab, (DeltasTab, GroupDeltasTab)) and tab.back():
                return
        await super().action_back()

    def action_export(self) -> None:
        record = None if self._pair is None else self.record(self._pair)
        if record is not None:
            actions.export_comparison(self, record, None if self._pair is None else self.sentence(self._pair))

    def action_copy(self) -> None:
        if self._pair is None:
            return
        pair, head = self._pair, self.head(self._pair)
        named = zip("AB", pair.sides, pair.runs, strict=True)
        texts = [
            *(_side(name, side, run).plain for name, side, run in named),
            *_different(pair), *_related(pair), head.verdict, head.basis, *map(plain, head.warnings),
        ]  # fmt: skip
        rows = [f"{line.title}\t{plain(line.a)}\t{plain(line.b)}\t{_three(line.ratio)}" for line in self._lines]
        self.ovtui.copy("\n".join([*filter(None, texts), "\tA\tB\tB / A", *rows]), "the comparison")


class ComparisonScreen(CompareScreen):
    """Two runs as they were recorded."""

    HELP = (
        "Two runs as they were recorded: what was not the same, then whether B is faster as far as runs of different "
        "times can tell. m measures both in turn, which knows. Enter opens B; x makes it A. Layers come sorted by what "
        "explains the difference: / filters them, t leaves out small ones, Enter shows one in the graph. e writes it "
        "all to a file."
    )

    def __init__(self, a: str, b: str) -> None:
        super().__init__()
        self._ids = a, b
        self._scatter: unpaired.Scatter | None = None
        self._looked = False

    def find(self) -> Pair | None:
        store = self.ovtui.store
        a, b = store.runs.get(self._ids[0]), store.runs.get(self._ids[1])
        if a is None or b is None:
            return None
        if not self._looked:  # once: it reads hundreds of runs, and two more or less tell nothing new
            self._looked, self._scatter = True, scatter_of(store, (a, b))
        sides = Candidate(model=a.model, spec=a.spec, run=a.id), Candidate(model=b.model, spec=b.spec, run=b.id)
        return Pair(sides, (a, b), unpaired.recorded(a, b, self._scatter))

    def record(self, pair: Pair) -> Comparison:
        """As if it had been measured in turn, but for what it rests on."""
        a, b = pair.sides
        measured = [run for run in pair.runs if run is not None]
        profiles = [None if run is None else self.ovtui.store.runs.profile(run.id) for run in pair.runs]
        return Comparison(
            id=f"{a.run}-{b.run}",
            status="done",
            label=None,
            criterion="latency" if unpaired.basis(measured) == "p50" else "throughput",
            sides=pair.sides,
            created=time.time(),
            duels=(pair.duel,),
            warnings=(unpaired.rests_on(self._scatter),),
            layers=(self.layers_apart(*profiles),),
        )

    def layers_apart(self, a: Profile | None, b: Profile | None) -> LayerDifferences | None:
        return attribution.of_recorded(a, b, self._scatter)

    def sentence(self, pair: Pair) -> str:
        a, b = pair.runs
        return paired.sentence(pair.duel) if a is None or b is None else unpaired.sentence(pair.duel, a, b)

    def head(self, pair: Pair) -> Head:
        return Head(f"{self.sentence(pair)}.", f"{unpaired.rests_on(self._scatter)} m measures them in turn.")


def scatter_of(store: Store, runs: Sequence[Run]) -> unpaired.Scatter | None:
    """How far runs that measured the same lie apart in what these are judged by, from the history of the models."""
    found: list[Run] = []
    for model_id in sorted({run.model.id for run in runs}):
        found += store.runs.whole(RunFilter(model=model_id, status="done"), limit=_HISTORY)
    return run_scatter.scatter(found, runs, unpaired.basis(runs))


def _with_profile(side: Candidate) -> Candidate:
    return msgspec.structs.replace(side, spec=msgspec.structs.replace(side.spec, profile=True))


def _side(name: str, side: Candidate, run: Run | None) -> Text:
    """A or B in a line."""
    text = Text(f"{name}  ", style="bold").append(plain(side.model.name, 30))
    told = f"{plain(side.spec.device)}  {side.spec.mode}" if run is None else summary.settings(run)
    text.append(f"  {told}", style="not bold")
    if run is not None:
        label = f"  {plain(run.label, 40)}" if run.label else ""
        text.append(f"  {formatting.short_when(run.created)}{label}", style="not bold")
    return text


def _different(pair: Pair) -> list[str]:
    a, b = pair.runs
    return confounders.differences(a, b) if a is not None and b is not None else []


def _related(pair: Pair) -> list[str]:
    """How the models are related, and what was asked for differently."""
    a, b = pair.sides
    models = confounders.models(a.model, b.model)
    return ([models] if models is not None else []) + confounders.spec_differences(a.spec, b.spec)


def _cut(paragraphs: Sequence[str], width: int, most: int) -> Text:
    """As many lines as there is room for; where that is not all, the last one says how to see the rest."""
    lines = [line for paragraph in paragraphs for line in wrap(paragraph, width)]
    if len(lines) > most:
        rest = " … (d: all)"
        lines = [*lines[: most - 1], lines[most - 1][: width - len(rest)].rstrip() + rest]
    text = Text()
    for number, line in enumerate(lines):
        text.append("\n" if number else "").append(line, style="")
    return text


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
