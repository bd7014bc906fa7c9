"""An optimization while it goes on and after: how far it is, the verdict, figures, where it hurts, the layers."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import ContentSwitcher, Static

from ovtui import formatting, sentences
from ovtui.analysis.accuracy.drift import worst
from ovtui.analysis.optimization.advice import next_steps
from ovtui.analysis.optimization.layer_outcomes import Fate, summary
from ovtui.analysis.optimization.outcome import Outcome, weak_means
from ovtui.analysis.optimization.trade_off import called
from ovtui.engine import versions
from ovtui.engine.job_monitor import JobView
from ovtui.formatting import NOTHING, duration, percent, plural, size
from ovtui.records import LIVE, STARTING, Accuracy, Comparison, Drift, Optimization, Recipe
from ovtui.report.files import write_optimization
from ovtui.report.optimize_command import optimize_command
from ovtui.report.optimized import Optimized, gathered
from ovtui.report.pages.of_optimization import preprocessing_in_words
from ovtui.sanitize import plain
from ovtui.tui import actions, rows
from ovtui.tui.error_handling import said
from ovtui.tui.screens.ask import ConfirmScreen, PromptScreen
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.pick import PickScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.line import Line
from ovtui.tui.widgets.tabbar import TabBar
from ovtui.tui.widgets.table import Table

_TABS = (("tab-figures", "Gain and cost"), ("tab-drift", "Where it hurts"), ("tab-layers", "Layers"),
         ("tab-more", "Accuracy"), ("tab-next", "Next"))  # fmt: skip
_ROOM = 15  # cells for a figure
_FIGURES = (
    Column("title", "", 15),
    Column("parent", "PARENT", _ROOM, right=True),
    Column("version", "VERSION", _ROOM, right=True),
    Column("change", "CHANGE", 20, grows=True, sentence=True),
)
_DRIFT = (
    Column("sqnr", "SQNR dB", 7, right=True),
    Column("loss", "LOST dB", 7, right=True),
    Column("cosine", "COSINE", 8, right=True, spare=1),
    Column("type", "TYPE", 16, spare=2),
    Column("name", "OPERATION", 20, grows=True),
)
_LAYERS = (
    Column("share", "SHARE", 6, right=True),
    Column("time", "µs", 8, right=True),
    Column("precision", "PRECISION", 12),
    Column("type", "TYPE", 14, spare=1),
    Column("name", "LAYER", 16, grows=True),
    Column("why", "NOT IN INT8, SINCE", 24, grows=True, sentence=True, spare=2),
)
_NEXT = (Column("why", "", 20, grows=True, sentence=True),)
_BAR = 16
_PARTS = ("#top", "#progress", "#phases", "#tab-figures", "#more", "#details")
_LATER = "That is told once both have been measured."
_WORST = 4


class OptimizationScreen(OvtuiScreen):
    """Follows one optimization, and stays when it has ended."""

    HELP = (
        "A version is made, held against its parent on the same samples, and both are measured in turn. Escape leaves "
        "it to itself: it goes on. c ends it; a version that is whole by then stays. Afterwards the tabs tell what it "
        "gained and cost, which operations add most noise (i takes the worst into a new recipe as what stays), "
        "what became of each layer, and what to try next. l and o open the comparisons by latency and by throughput; "
        "m measures the version, v shows all versions of the model, r makes another one of the same recipe."
    )
    CSS_PATH = "optimization.tcss"
    OFFERS_WATCH = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel"),
        Binding("m", "measure", "Measure it"),
        Binding("i", "ignore", "Leave the worst"),
        Binding("l", "compared('latency')", "In turn"),
        Binding("o", "compared('throughput')", "By throughput", show=False),
        Binding("v", "versions", "All versions"),
        Binding("r", "again", "Change recipe"),
        Binding("e", "export", "Export"),
        Binding("y", "copy", "Copy"),
        Binding("n", "label", "Label", show=False),
        Binding("delete,X", "delete", "Delete", show=False),
        *(Binding(str(number), f"tab({number})", f"Tab {number}", show=False) for number in range(1, len(_TABS) + 1)),
        Binding("tab", "next_tab(1)", "Next tab", show=False, priority=True),
        Binding("shift+tab", "next_tab(-1)", "Tab before", show=False, priority=True),
    ]

    def __init__(self, study_id: str) -> None:
        super().__init__()
        self._study_id = study_id
        self._found: Optimized | None = None
        self._outcome: Outcome | None = None
        self._fates: list[Fate] = []
        self._drift: list[Drift] = []
        self._steps: list[tuple[str, Recipe]] = []

    def compose(self) -> ComposeResult:
        yield Line(id="top")
        yield Static(id="verdict")
        yield Static(id="progress")
        yield Static(id="phases")
        yield TabBar(_TABS)
        with ContentSwitcher(initial="tab-figures"):
            yield Table(_FIGURES, id="tab-figures")
            yield Table(_DRIFT, id="tab-drift")
            yield Table(_LAYERS, id="tab-layers")
            with VerticalScroll(id="tab-more"):
                yield Static(id="more")
            yield Table(_NEXT, head=False, id="tab-next")
        yield Static(id="details", classes="note")
        yield Static(id="notes", classes="note")
        yield KeyLine()

    @said
    def on_mount(self) -> None:
        self._load()
        self.query_one("#tab-figures").focus()

    # -- what is known

    @property
    def _study(self) -> Optimization | None:
        return None if self._found is None else self._found.study

    @property
    def _live(self) -> bool:
        return self._study is not None and self._study.status in LIVE

    @property
    def _watched(self) -> JobView | None:
        return self.ovtui.watching.of(self._study_id) if self._live else None

    def _load(self) -> None:
        """From the store, or while it goes on from what it told last."""
        store = self.ovtui.store
        study = store.studies.of(Optimization).get(self._study_id)
        if study is not None and any(watched.id == self._study_id for watched in self.ovtui.watching.live):
            told = self.ovtui.watching.of(self._study_id).study
            study = told if isinstance(told, Optimization) else study
        if study is None:
            self.call_later(self.leave)
            return
        was_live = self._found is None or self._live
        self._found = Optimized(study, None, None, {}) if study.status in LIVE else gathered(store, study)
        self._outcome = self._found.outcome
        self._drift = worst(study.accuracy.drift, len(study.accuracy.drift)) if study.accuracy is not None else []
        if not self._live:
            self._fates = sorted(self._found.fates, key=lambda each: -(each.time_after or 0))
            self._steps = next_steps(study, self._outcome, self._fates)
        self._show()
        if was_live != self._live:
            self.refresh_bindings()

    @said
    def news(self) -> None:
        if not self.has(*_PARTS):
            return
        if self._live or self.ovtui.watching.stale:
            self.ovtui.watching.stale = False
            self._load()

    # -- showing it

    def _show(self) -> None:
        study, outcome = self._study, self._outcome
        if study is None or outcome is None or not self.has(*_PARTS):
            return
        head = Text(plain(study.parent.name, 30), style="bold").append(f"  {called(study)}", style="not bold")
        version = study.version
        head.append(f"  → {plain(version.name, 40)}" if version is not None else "", style="not bold")
        self._say("top", head)
        self._say("verdict", Text(self._headline(study, outcome)))
        self.query_one("#verdict").set_classes(_level(study, outcome))
        self._say("progress", _progress(study, self._watched))
        self._say("phases", _phases(study, self._watched))
        for name in ("#progress", "#phases"):
            self.query_one(name).display = self._live
        self.query_one("#tab-figures", Table).show(
            ListedRows([
                (each.title, {
                    "title": Cell(each.title, "dim"), "parent": Cell(each.parent), "version": Cell(each.version),
                    "change": Cell(each.change, {True: "good", False: "bad", None: ""}[each.better]),
                })
                for each in outcome.figures
            ])
        )  # fmt: skip
        self.query_one("#tab-drift", Table).show(ListedRows([(each.name, _drift_cells(each)) for each in self._drift]))
        self.query_one("#tab-layers", Table).show(
            ListedRows([(str(each.place), _layer_cells(each)) for each in self._fates])
        )
        self._say("more", _accuracy(study.accuracy))
        self.query_one("#tab-next", Table).show(
            ListedRows([(str(place), {"why": Cell(why)}) for place, (why, _) in enumerate(self._steps)])
        )
        self._explain()
        notes = self._notes(study)
        self._say("notes", Text("\n".join(notes)))
        self.query_one("#notes").display = bool(notes)

    def _headline(self, study: Optimization, outcome: Outcome) -> str:
        if self._live:
            return "" if study.version is None else f"The version is made: {size(study.version.bytes)}."
        return outcome.verdict

    def _say(self, where: str, text: Text) -> None:
        """Only what changed goes over the line."""
        static = self.query_one(f"#{where}", Static)
        if static.content != text:
            static.update(text)

    def _notes(self, study: Optimization) -> list[str]:
        if self._live:
            watched = self._watched
            return [f"note: {plain(watched.notes[-1], 300)}"] if watched is not None and watched.notes else []
        told = [*([study.error] if study.error else []), *sentences.remarks(study.warnings)]
        return [f"! {plain(text, 300)}" for text in told]

    def _explain(self) -> None:
        """What stands below the tab: what it is about, or the line under the cursor."""
        study, outcome = self._study, self._outcome
        if study is None or outcome is None or not self.has(*_PARTS):
            return
        tab = self.query_one(TabBar).active
        text = ""
        if tab == "tab-figures":
            made = preprocessing_in_words(study.preprocessing)
            text = "\n".join(filter(None, (f"Preprocessing is {made}." if made else "", weak_means(outcome.figures))))
            table = self.query_one("#tab-figures", Table)
            title = table.cursor_key
            figure = next((each for each in outcome.figures if each.title == title), None)
            if figure is not None and (
                max(len(figure.parent), len(figure.version)) > _ROOM or len(figure.change) > table.room("change")
            ):
                text = f"{figure.title}: {figure.parent} → {figure.version}, {figure.change}.\n{text}".rstrip()
        elif tab == "tab-drift" and study.accuracy is not None:
            text = (
                f"Signal over noise behind each operation, the most harmful first; on "
                f"{plural(study.accuracy.drift_samples, 'sample')}, in float32. i leaves the worst as they were."
            )
        elif tab == "tab-layers":
            text = "  ".join(summary(self._fates)) or (
                _LATER if self._live else "Nothing looked at the layers of both."
            )
            place = self.query_one("#tab-layers", Table).cursor_key
            fate = next((each for each in self._fates if str(each.place) == place), None)
            if fate is not None:  # a narrow table has no room for the reason
                text = f"{_of_layer(fate)}\n{text}"
        elif tab == "tab-next":
            place = self.query_one("#tab-next", Table).cursor_key
            if place is not None:
                why, recipe = self._steps[int(place)]
                text = f"{why}\n$ {plain(self._line(recipe))}"
            else:
                text = _LATER if self._live else "Nothing suggests itself. e writes a report; m measures the version."
        self._say("details", Text(text))
        self.query_one("#details").display = bool(text)

    def _line(self, recipe: Recipe) -> str:
        study = self._study
        assert study is not None
        return optimize_command(self.ovtui.store.models.called(study.parent), recipe, study.spec)

    def on_resize(self) -> None:
        self.call_after_refresh(self._explain)  # what the table has room for is known then

    # -- tabs

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        self._open(event.tab)

    def action_tab(self, number: int) -> None:
        self._open(_TABS[number - 1][0])

    def action_next_tab(self, by: int) -> None:
        bar = self.query_one(TabBar)
        self._open(bar.names[(bar.names.index(bar.active) + by) % len(bar.names)])

    def _open(self, name: str) -> None:
        self.query_one(TabBar).pick(name)
        self.query_one(ContentSwitcher).current = name
        self.query_one(f"#{name}").focus()
        self._explain()

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.table.id in ("tab-figures", "tab-layers", "tab-next"):
            self._explain()

    def on_table_opened(self, event: Table.Opened) -> None:
        if event.table.id == "tab-next" and self._study is not None:
            _, recipe = self._steps[int(event.key)]
            self.ovtui.open_optimize(self._study.parent, recipe, self._study.spec)
        elif event.table.id == "tab-drift":
            self._leave([event.key])
        elif event.table.id == "tab-figures":
            self.action_compared("latency")

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        study = self._study
        if action == "cancel":
            return self._live
        if action in ("measure",):
            return study is not None and study.version is not None and not self._live
        if action == "ignore":
            return bool(self._drift) and not self._live
        if action == "compared":
            which = study and (study.latency if parameters == ("latency",) else study.throughput)
            return which is not None
        if action in ("again", "export", "label", "delete", "versions"):
            return study is not None and not self._live
        return True

    def action_cancel(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes and self._live:
                self.ovtui.cancel(self._study_id)

        made = self._study is not None and self._study.version is not None
        question = "End this? The version stays." if made else "End this? No version is made yet."
        self.app.push_screen(ConfirmScreen(question, "cancel the optimization"), answered)

    def action_measure(self) -> None:
        if self._study is not None and self._study.version is not None:
            self.ovtui.open_configure(self._study.version)

    def action_compared(self, which: str) -> None:
        study = self._study
        comparison = None if study is None else study.latency if which == "latency" else study.throughput
        if comparison is not None:
            self.ovtui.open_study(comparison)

    def action_versions(self) -> None:
        if self._study is not None:
            self.ovtui.open_versions(self._study.parent)

    def action_again(self) -> None:
        if self._study is not None:
            self.ovtui.open_optimize(self._study.parent, self._study.recipe, self._study.spec)

    def action_ignore(self) -> None:
        """Another recipe, in which what hurts most stays as it was."""
        self._leave([each.name for each in self._drift[:_WORST]])

    def _leave(self, names: list[str]) -> None:
        study = self._study
        if study is not None and not self._live:
            ignored = (*study.recipe.ignored, *(name for name in names if name not in study.recipe.ignored))
            recipe = msgspec.structs.replace(study.recipe, ignored=ignored)
            self.ovtui.open_optimize(study.parent, recipe, study.spec)

    def action_copy(self) -> None:
        study, outcome = self._study, self._outcome
        if study is not None and outcome is not None:
            lines = [outcome.verdict, *("\t".join(each[:4]) for each in outcome.figures)]
            self.ovtui.copy("\n".join(lines), "the figures")

    def action_export(self) -> None:
        found = self._found
        if found is None:
            return
        hint = ".html and .md are reports, .json holds everything, .csv the figures. Enter writes it."
        name = f"ovtui-{found.study.id}.html"
        actions.write_to(self, "the optimization", name, hint, lambda path: write_optimization(path, *found))

    def action_label(self) -> None:
        self.app.push_screen(PromptScreen("Label", (self._study and self._study.label) or ""), self._labelled)

    @said
    def _labelled(self, text: str | None) -> None:
        if text is not None:
            self.ovtui.store.studies.set_label(self._study_id, text or None)
            self.ovtui.changed()

    def action_delete(self) -> None:
        def answered(key: str | None) -> None:
            if key is not None:
                self._delete(files=key == "files")

        version = self._study.version if self._study is not None else None
        choices = [("record", "Delete", "what is shown here" + ("; the version stays" if version else ""))]
        if version is not None and versions.folder(version) is not None:
            choices.append(
                ("files", "Delete with files", f"the version goes from the disk, too: {size(version.bytes)}")
            )
        self.app.push_screen(PickScreen("Delete this optimization?", choices), answered)

    @said
    def _delete(self, *, files: bool) -> None:
        version = self._study.version if self._study is not None else None
        with self.ovtui.store.transaction():  # files that have to stay keep the record, too
            self.ovtui.store.studies.delete(self._study_id)
            freed = versions.remove_files(self.ovtui.store, [version]) if files and version is not None else 0
        self.ovtui.changed()
        self.leave()
        if files:
            self.ovtui.tell(f"{size(freed)} on the disk are free.")

    async def action_back(self) -> None:
        live, before = self._live, self.app.screen
        await super().action_back()
        if live and self.app.screen is not before:
            self.ovtui.tell("It goes on. Home shows it, and from any terminal: ovtui attach")


def _level(study: Optimization, outcome: Outcome) -> str:
    if study.status in LIVE:
        return ""
    if study.version is None:
        return "bad" if study.status == "failed" else "warning"
    known = [duel.verdict for duel in (outcome.throughput, outcome.latency) if duel is not None]
    return "bad" if "slower" in known else "good" if "faster" in known else "warning"


def _progress(study: Optimization, watched: JobView | None) -> Text:
    """What it does now, and how far it is with that."""
    if watched is None:
        return Text()
    if watched.behind is not None:
        return Text(f"queued behind {plain(watched.behind, 60)} …")
    doing = f"{plain(rows.doing(watched), 60)} …"
    part = watched.part if study.phase == "comparing" else None
    took = f"{duration(study.elapsed_s)}  "
    if part is not None:
        return Text(f"{took}{_in_turn(part)}{doing}")
    if study.progress is None:
        return Text(f"{took}{doing}")
    return Text(f"{took}{_bar(study.progress)} {percent(study.progress)}  {_left(study.eta_s)}{doing}")


def _in_turn(part: Comparison) -> str:
    """The ratio with the interval that narrows, and how far that is."""
    duel = part.duels[0] if part.duels else None
    so_far = ""
    if duel is not None and duel.ratio is not None:
        so_far = f"{part.criterion} {duel.ratio:.2f} × as fast"
        so_far += f" ({duel.ci95[0]:.2f}–{duel.ci95[1]:.2f})  " if duel.ci95 is not None else "  "
    return f"{so_far}{_left(part.eta_s)}"


def _bar(share: float) -> str:
    done = round(share * _BAR)
    return f"{'█' * done}{'░' * (_BAR - done)}"


def _left(eta_s: float | None) -> str:
    return "" if eta_s is None else f"about {duration(max(1.0, eta_s))} left  "


def _phases(study: Optimization, watched: JobView | None) -> Text:
    """What is done by now, in the order in which it was; not each instance of a comparison."""
    if watched is None:
        return Text()
    whole = [each for each in watched.phases if each.instance is None and each != STARTING]
    # Of phases that are told as one of another's parts, the last whole one goes on.
    now = {watched.phase, *(each for each in whole[-1:] if each.name == study.phase)}
    return Text("  ".join(f"✓ {plain(formatting.doing(each), 40)}" for each in whole if each not in now))


def _cosine(value: float | None) -> str:
    """With digits that tell it from 1."""
    return NOTHING if value is None else f"{value:.4f}"


def _drift_cells(each: Drift) -> dict[str, Cell]:
    return {
        "sqnr": Cell(formatting.number(each.sqnr_db)),
        "loss": Cell(formatting.number(each.loss_db), "warning" if (each.loss_db or 0) >= 3 else ""),
        "cosine": Cell(_cosine(each.cosine), "dim"),
        "type": Cell(plain(each.type, 40), "dim"),
        "name": Cell(plain(each.name, 200)),
    }


def _of_layer(fate: Fate) -> str:
    """All of a layer's line."""
    before, after = (
        f"{formatting.number(time)} µs" if time is not None else "" for time in (fate.time_before, fate.time_after)
    )
    took = f"{before} → {after}" if before and after else after
    why = "computes in INT8" if fate.int8 else fate.why
    return f"{plain(fate.name, 60)} ({plain(fate.type, 30)}{f', {took}' if took else ''}): {why}."


def _layer_cells(each: Fate) -> dict[str, Cell]:
    before, after = each.precision_before, each.precision_after
    change = after or NOTHING if before == after else f"{before or NOTHING} → {after or NOTHING}"
    return {
        "share": Cell(percent(each.share)),
        "time": Cell(formatting.number(each.time_after), "dim"),
        "precision": Cell(plain(change, 20), "good" if each.int8 else ""),
        "type": Cell(plain(each.type, 40), "dim"),
        "name": Cell(plain(each.name, 200)),
        "why": Cell(each.why, "dim"),
    }


def _accuracy(accuracy: Accuracy | None) -> Text:
    """What both say of the same samples."""
    if accuracy is None:
        return Text("Accuracy was not looked at.", style="dim")
    text = Text(f"{plural(accuracy.samples, 'sample')} through both.\n")
    if accuracy.meaningless:
        text.append("They were noise: of accuracy, this says nothing.\n", style="yellow")
    for each in accuracy.outputs:
        ratio = "no difference" if each.sqnr_db is None else f"{each.sqnr_db:.1f} dB"
        text.append(f"\n{plain(each.output, 60)}", style="bold")
        text.append(
            f"  SQNR {ratio}, cosine {_cosine(each.cosine)}, largest difference {formatting.number(each.max_abs)}"
        )
    if accuracy.changes:
        text.append(f"\n\nThey differ on {accuracy.changes:,}:\n", style="bold")
        for sample in accuracy.changed:
            truth = "" if sample.label is None else f"label {sample.label}: "
            text.append(f"  {plain(sample.sample, 60)}  {truth}{sample.parent} → {sample.version}\n")
    return text
