"""A run while it goes on: what is known so far, how well, and what the machine does beside it."""

from __future__ import annotations

from statistics import median
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ovtui import formatting, terminal
from ovtui.engine.events import Window
from ovtui.engine.job_monitor import JobView
from ovtui.records import Stop
from ovtui.report.summary import settings
from ovtui.sanitize import plain
from ovtui.tui import plots, rows
from ovtui.tui.screens.ask import ConfirmScreen
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.line import Line
from ovtui.tui.widgets.plot import Plot, load

_BAR, _LEAST_BAR = 30, 6
_SPEEDS = 24  # windows: single looks at the machine's speed scatter too much to speak of them


class LiveScreen(OvtuiScreen):
    """Follows one job; brackets go to the others."""

    HELP = (
        "What is measured now. The interval narrows until the mean is known well enough; what came before the "
        "warm-up ended is grey and does not count. Escape leaves the run to itself: it goes on, and Home finds it "
        "again. c ends it and keeps what was measured. ≈ marks a rough value, with too few independent inferences "
        "beyond it so far."
    )
    CSS_PATH = "live.tcss"
    OFFERS_WATCH = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Leave (it goes on)"),
        Binding("c", "cancel", "Cancel"),
        Binding("right_square_bracket,tab", "other(1)", "Next job", key_display="]"),
        Binding("left_square_bracket,shift+tab", "other(-1)", "Job before", show=False, key_display="["),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id
        self._turn = 0  # plots are drawn in turn, half of them each second
        self._over = False

    def compose(self) -> ComposeResult:
        yield Line(id="top")
        yield Static(id="jobs")
        yield Static(id="figures")
        yield Static(id="progress")
        with Vertical(id="plots"):
            yield Static("Throughput, FPS, by seconds", classes="title")
            yield Plot(id="throughput")
            with Horizontal():
                with Vertical(id="over-time"):
                    yield Static("Latency, ms: p50 below, p99 above", classes="title")
                    yield Plot(id="latency")
                with Vertical(id="by-size"):
                    yield Static("How often which latency, ms", classes="title")
                    yield Plot("counted every two seconds", id="histogram")
        yield Static(id="machine", classes="note")
        yield Static(id="notes", classes="note")
        yield KeyLine()

    def on_mount(self) -> None:
        # What draws plots takes a moment to load: not before the first frame, and not in its way.
        self.run_worker(self._load_plots, thread=True)
        self.news()

    def _load_plots(self) -> None:
        load()
        self.app.call_from_thread(self.news)

    @property
    def watched(self) -> JobView:
        return self.ovtui.watching.of(self._run_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return len(self._runs) > 1 if action == "other" else True

    @property
    def _runs(self) -> list[JobView]:
        return [watched for watched in self.ovtui.watching.live if watched.kind == "run"]

    def news(self) -> None:
        if not self.has("#top", "#notes", "#plots", "#throughput", "#latency", "#histogram"):
            return
        watched = self.watched
        if watched.ended is not None:
            self._end()
            return
        self._show("top", self._headline(watched))
        self._show_jobs()
        self._show("figures", _figures(watched))
        self._show("progress", _progress(watched, self.size.width - 2))
        self._show("machine", Text(_machine(watched.window)))
        self._show("notes", self._notes(watched))
        drawn = watched.window is not None and not self.ovtui.looks.slow_line
        self.query_one("#plots").display = drawn
        if drawn:
            self._draw(watched)

    def _show(self, where: str, text: Text) -> None:
        """Only what changed goes over the line."""
        static = self.query_one(f"#{where}", Static)
        if static.content != text:
            static.update(text, layout=False)

    def _draw(self, watched: JobView) -> None:
        series = watched.timeline.series(None)
        self._turn += 1
        if self._turn % 2 or len(series.t_s) < 6:
            self.query_one("#throughput", Plot).show(plots.throughput(series))
        if not self._turn % 2 or len(series.t_s) < 6:
            self.query_one("#latency", Plot).show(plots.latency(series))
            self.query_one("#histogram", Plot).show(plots.histogram(watched.histogram))

    def _headline(self, watched: JobView) -> Text:
        run = watched.run
        if run is None:
            return Text(f"{watched.kind}  {rows.doing(watched)}")
        head = Text(plain(run.model.name, 30), style="bold")
        if run.effective is None and watched.effective is not None:
            import msgspec

            run = msgspec.structs.replace(run, effective=watched.effective)
        return head.append(f"  {settings(run)}", style="not bold")

    def _show_jobs(self) -> None:
        """All of them, when there are others, from the one that is viewed on: the line may not have room for all."""
        live = self._runs
        bar = self.query_one("#jobs", Static)
        if bar.display != (len(live) > 1):
            bar.display = len(live) > 1
            self.refresh_bindings()
        if bar.display:
            text, names = Text(), rows.live_names(live, 20, brief=True)
            first = next((place for place, job in enumerate(live) if job.id == self._run_id), 0)
            for job in (*live[first:], *live[:first]):
                name = names[job.id].replace("  ", " ")
                text.append(f" {name}: {rows.doing(job)} ", style="reverse" if job.id == self._run_id else "")
                text.append(" ")
            self._show("jobs", text)

    def _notes(self, watched: JobView) -> Text:
        window = watched.window
        if window is not None and window.disturbed:
            return Text(f"! Disturbed: {plain(window.disturbed)}.", style="bold")
        slow = _slowed(watched)
        if slow is not None:
            return Text(f"! The machine runs at {slow:.0%} of the speed it began with; it may be throttling.")
        return Text(f"note: {plain(watched.notes[-1])}" if watched.notes else "")

    def _end(self) -> None:
        """It becomes the result, in the same place."""
        if self._over:
            return
        self._over = True
        watched = self.watched
        self.ovtui.watching.note_change()
        if self.ovtui.store.runs.get(self._run_id) is None:
            self.ovtui.tell(watched.ended.error if watched.ended and watched.ended.error else "It ended.", "error")
            self.call_later(self.leave)
            return
        from ovtui.tui.screens.run import RunScreen

        self.app.switch_screen(RunScreen(self._run_id))

    def action_other(self, by: int) -> None:
        live = [watched.id for watched in self._runs]
        if live and (len(live) > 1 or self._run_id not in live):
            place = live.index(self._run_id) if self._run_id in live else -1
            self._run_id = live[(place + by) % len(live)]
            for plot in self.query(Plot):
                plot.show(None)
            self._turn = 0
            self.news()

    def action_cancel(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes and self.watched.ended is None:
                self.ovtui.cancel(self._run_id)

        started = self.watched.window is not None
        question = "End this run? What it has measured is kept." if started else "End this run?"
        self.app.push_screen(ConfirmScreen(question, "cancel the run"), answered)

    def action_copy(self) -> None:
        watched = self.watched
        parts = [
            self._headline(watched).plain, _figures(watched).plain, _progress(watched, 120).plain,
            _machine(watched.window), *(plot.text for plot in self.query(Plot)),
        ]  # fmt: skip
        self.ovtui.copy("\n".join(part for part in parts if part), "the figures")

    async def action_back(self) -> None:
        if self.watched.ended is None:
            self.ovtui.tell("It goes on. Home shows it, and from any terminal: ovtui attach")
        await super().action_back()


def _figures(watched: JobView) -> Text:
    window = watched.window
    if window is None:
        if watched.behind:
            return Text(f"queued behind {plain(watched.behind, 60)} …", style="bold")
        done = "".join(f"{formatting.doing(phase)} ✓  " for phase in watched.phases if phase != watched.phase)
        return Text(done).append(f"{rows.doing(watched)} …", style="bold")
    estimate = window.estimate
    text = Text()
    if estimate is None:
        text.append(f"{formatting.number(window.throughput_fps)} FPS", style="bold")
        text.append(f"   p50 {formatting.number(window.p50_ms)} ms   warming up: these do not count yet")
        return text
    text.append(f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}", style="bold")
    p99 = formatting.percentile(None if watched.result is None else watched.result.latency_ms, "p99")
    text.append(f"   p50 {formatting.number(window.median_ms)} ms   p99 {p99} ms   ")
    if len(watched.doubts) > 3:
        text.append(f"doubt {terminal.sparkline(watched.doubts, 12)}")
    return text


def _progress(watched: JobView, width: int) -> Text:
    """How far it is, in `width` cells: the bar gives way to the words."""
    window = watched.window
    stop = watched.run.spec.stop if watched.run else Stop()
    goal = {
        "ci": f"until ±{stop.ci * 100:g} %, {stop.min_seconds:g} to {stop.seconds:g} s",
        "seconds": f"for {formatting.duration(stop.seconds)}",
        "iterations": f"for {stop.iterations:,} inferences",
    }[stop.kind]
    if window is None or window.progress is None:
        return Text(f"{'░' * _BAR}  {goal}")
    left = "" if window.eta_s is None else f"  about {formatting.duration(window.eta_s)} left"
    told = f" {window.progress:4.0%}{left}  ({goal})"
    bar = max(_LEAST_BAR, min(_BAR, width - len(told)))
    done = round(window.progress * bar)
    return Text(f"{'█' * done}{'░' * (bar - done)}{told}")


def _slowed(watched: JobView) -> float | None:
    """The machine's speed now, the last third against the first, if it is a tenth lower or more."""
    speeds = [speed for speed in watched.timeline.series(None).speed if speed is not None]
    if len(speeds) < _SPEEDS:
        return None
    third = len(speeds) // 3
    before, now = median(speeds[:third]), median(speeds[-third:])
    return now / before if now < 0.9 * before else None


def _machine(window: Window | None) -> str:
    if window is None:
        return ""
    parts = [
        None if window.cpu_percent is None else f"CPU {window.cpu_percent:.0f} %",
        None if window.rss_mb is None else f"memory {formatting.number(window.rss_mb)} MB",
        None if window.frequency_mhz is None else f"{window.frequency_mhz:.0f} MHz",
        None if window.temperature_c is None else f"{window.temperature_c:.0f} °C",
        None if window.speed is None else f"machine speed {window.speed:.0%}",
    ]
    return "   ".join(part for part in parts if part)
