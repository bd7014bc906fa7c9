"""A comparison that is, or was, measured in turn: how far it is, the ratio with its interval, each instance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from ovtui import sentences, terminal
from ovtui.analysis.comparison import paired
from ovtui.engine.job_monitor import JobView
from ovtui.formatting import duration, plural
from ovtui.records import LIVE, Candidate, Comparison, Criterion, PairedResult
from ovtui.sanitize import plain
from ovtui.tui import rows
from ovtui.tui.screens.ask import ConfirmScreen
from ovtui.tui.screens.comparison import CRITERIA, GROUPS, LAYERS, CompareScreen, Head, Pair
from ovtui.tui.widgets.ratios import Ratios
from ovtui.tui.widgets.tabbar import TabBar

_BAR = 14
_ENDS = {"cancelled": " It was cancelled.", "interrupted": " It was interrupted.", "failed": " It failed."}


class AbTestScreen(CompareScreen):
    """Follows one comparison, and stays when it has ended."""

    HELP = (
        "A and B, measured in turn. Each instance is a fresh start of both, and its ratio is B's speed over A's: above "
        "1, B is the faster one. The interval narrows until it is decided. Escape leaves a comparison to itself: it "
        "goes on, and Home finds it again; c ends it and keeps what was measured. x swaps A and B; of more than two, "
        "] compares A with the next one. e writes all of it to a file."
    )
    TABS: ClassVar[tuple[tuple[str, str], ...]] = (CRITERIA, LAYERS, GROUPS, ("tab-instances", "Instances"))
    OFFERS_WATCH = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "side(1)", "Next side", key_display="]"),
        Binding("left_square_bracket", "side(-1)", "Side before", show=False, key_display="["),
    ]

    def __init__(self, comparison_id: str) -> None:
        super().__init__()
        self._comparison_id = comparison_id
        self._study: Comparison | None = None
        self._other = 1  # which of the sides is B
        self._was_live = False

    def more(self) -> ComposeResult:
        yield Static(id="so-far")
        yield Static(id="progress")

    def more_tabs(self) -> ComposeResult:
        with VerticalScroll(id="tab-instances"):
            yield Ratios(id="ratios")

    @property
    def live(self) -> bool:
        return self._study is not None and self._study.status in LIVE

    @property
    def _watched(self) -> JobView | None:
        return self.ovtui.watching.of(self._comparison_id) if self.live else None

    def news(self) -> None:
        """While it goes on, each look at its events may bring some."""
        if self.live:
            self.ovtui.watching.stale = False
            self.refill()
        else:
            super().news()

    def find(self) -> Pair | None:
        store = self.ovtui.store
        study = store.studies.of(Comparison).get(self._comparison_id)
        if study is not None and study.status in LIVE:
            watched = self.ovtui.watching.of(self._comparison_id)
            told = watched.study
            if watched.ended is None and isinstance(told, Comparison):
                study = told
            elif watched.ended is not None:
                study = store.studies.of(Comparison).get(self._comparison_id)  # it ended between the two looks
        self._study = study
        if study is None or len(study.sides) < 2:
            return None
        if self._was_live != self.live:
            self._was_live = self.live
            self.refresh_bindings()
            # Instances are all that there is until the runs are kept.
            self.call_later(self.open_tab, "tab-instances" if self.live else "tab-criteria")
        self._other = min(self._other, len(study.sides) - 1)
        a, b = study.sides[0], study.sides[self._other]
        runs = [store.runs.get(side.run) if side.run and not self.live else None for side in (a, b)]
        known = len(study.duels) >= self._other
        duel = study.duels[self._other - 1] if known else PairedResult(verdict="undecided")
        return Pair((a, b), (runs[0], runs[1]), duel, study.layers_of(self._other))

    def refill(self) -> None:
        if not self.has("#so-far", "#progress", "#ratios"):
            self.call_after_refresh(self.refill)
            return
        super().refill()
        if self._pair is not None:
            self.query_one("#ratios", Ratios).show(self._pair.duel)
            self.show_text("so-far", _so_far(self._pair.duel) if self.live else Text())
            self.show_text("progress", _progress(self._study, self._watched))

    def record(self, pair: Pair) -> Comparison | None:
        return self._study  # with all of its sides, in their order

    def head(self, pair: Pair) -> Head:
        study = self._study
        assert study is not None
        measured = pair.duel.ratio is not None
        if study.status in LIVE:
            so_far = "" if pair.duel.verdict == "undecided" else "So far: "
            verdict = f"{so_far}{paired.sentence(pair.duel)}." if measured else "Nothing is known yet."
            return Head(verdict, self._among(study))
        verdict = f"{paired.sentence(pair.duel)}." if measured else "Nothing was measured."
        verdict += _ENDS.get(study.status, "")
        by = "median latency" if study.criterion == "latency" else "throughput"
        basis = (
            f"Measured in turn, by {by}: {plural(len(pair.duel.ratios), 'instance')}, "
            f"{plural(study.pairs, 'turn')} of each side, {duration(study.elapsed_s)}. {self._among(study)}"
        )
        told = [*([study.error] if study.error else []), *sentences.remarks(study.warnings)]
        return Head(verdict, basis.rstrip(), tuple(told))

    def _among(self, study: Comparison) -> str:
        """Which of several sides is B."""
        others = len(study.sides) - 1
        if others < 2:
            return ""
        return f"B is number {self._other} of {others} that are compared with A: ] shows the next."

    def without_runs(self) -> str:
        if self.live:
            return "Figures and layers come when it is decided; until then the instances tell what is known."
        return "One side was not measured to the end, or its run was deleted: there are no figures to compare."

    def criterion(self, sides: Sequence[Candidate]) -> Criterion:
        return super().criterion(sides) if self._study is None else self._study.criterion

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "side":
            return self._study is not None and len(self._study.sides) > 2
        return super().check_action(action, parameters)

    def action_side(self, by: int) -> None:
        if self._study is not None:
            others = len(self._study.sides) - 1
            self._other = (self._other - 1 + by) % others + 1
            self.refill()

    def action_cancel(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes and self.live:
                self.ovtui.cancel(self._comparison_id)

        kept = self._pair is not None and self._pair.duel.ratio is not None
        question = "End this comparison? What it has measured is kept." if kept else "End this comparison?"
        self.app.push_screen(ConfirmScreen(question, "cancel the comparison"), answered)

    def action_copy(self) -> None:
        if self.query_one(TabBar).active == "tab-instances":
            self.ovtui.copy(self.query_one("#ratios", Ratios).text, "the instances")
        else:
            super().action_copy()

    async def action_back(self) -> None:
        before = self.app.screen
        await super().action_back()
        if self.live and self.app.screen is not before:
            self.ovtui.tell("It goes on. Home shows it, and from any terminal: ovtui attach")


def _so_far(duel: PairedResult) -> Text:
    """The ratio with its interval, and how that has narrowed."""
    if duel.ratio is None:
        return Text()
    text = Text(f"{duel.ratio:.3f} ×", style="bold")
    if duel.ci95 is not None:
        text.append(f"  95 % CI {duel.ci95[0]:.3f} – {duel.ci95[1]:.3f}", style="not bold")
    text.append(f"   {plural(len(duel.ratios), 'instance')}", style="not bold")
    counts = range(1, len(duel.ratios) + 1)
    doubts = [doubt for count in counts if (doubt := _doubt(duel.ratios[:count])) is not None]
    if len(doubts) > 1:
        text.append(f"   doubt {terminal.sparkline(doubts, 16)}", style="not bold")
    return text


@lru_cache(maxsize=256)
def _doubt(ratios: tuple[float, ...]) -> float | None:
    """Half the width of the interval over the ratio after these instances; worked out once, for it is no small sum."""
    duel = paired.duel(ratios, seconds_per_instance=0.0)
    return None if duel.ci95 is None or not duel.ratio else (duel.ci95[1] - duel.ci95[0]) / 2 / duel.ratio


def _progress(study: Comparison | None, watched: JobView | None) -> Text:
    """What it does now, and how long it may take."""
    if study is None or watched is None:
        return Text()
    if watched.behind is not None:
        return Text(f"queued behind {plain(watched.behind, 60)} …")
    doing = f"{plain(rows.doing(watched), 70)} …"
    took = f"{duration(study.elapsed_s)}  " if study.elapsed_s else ""
    if study.eta_s is None:
        return Text(f"{took}{doing}")
    done = round(study.elapsed_s / (study.elapsed_s + study.eta_s) * _BAR) if study.elapsed_s else 0
    left = f"about {duration(max(1.0, study.eta_s))} left"
    return Text(f"{took}{'█' * done}{'░' * (_BAR - done)} {left}  {doing}")
