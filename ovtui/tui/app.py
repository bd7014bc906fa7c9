"""The app: which screen is shown, what all of them share, and how it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from rich.text import Text
from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from ovtui import paths
from ovtui.engine import devices
from ovtui.engine.job_monitor import JobMonitor
from ovtui.errors import OvtuiError, StoreError, sentence
from ovtui.sanitize import plain
from ovtui.specs import expanded
from ovtui.store import Removed, Store
from ovtui.tui import kinds, themes
from ovtui.tui.launch import Launch
from ovtui.tui.looks import Looks
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.home import HomeScreen

if TYPE_CHECKING:
    from types import FrameType

    from textual.timer import Timer

_LINE_S = 1.0
_READ_S = 1.5  # for how long a message withstands keys: somebody may be typing while it comes
_QUICK_S, _STEADY_S, _SLOW_S = 0.25, 1.0, 4.0
# Jobs that have a screen of their own while they go on.
_WATCHED = frozenset({"run", *kinds.STUDIES})


class OvtuiApp(Launch):
    """Shows what is in the store, and what the jobs tell. It measures nothing itself."""

    TITLE = "ovtui"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/home.tcss"]  # Home is always there
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help"),
        Binding("f1", "help", "Help"),  # where `?` is typed
        Binding("q", "quit", "Quit"),
        Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("w", "watch", "Watch live"),
        Binding("u", "undo", "Undo delete", show=False),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False),
    ]

    def __init__(self, store: Store, *, model: str | None = None) -> None:
        super().__init__()
        self.store = store
        self.watching = JobMonitor(store)
        self.looks = store.settings.get("looks", Looks) or Looks()
        self._asked_for = model
        self._removed: list[list[Removed]] = []
        self._leaving = False
        self._loop_to_wake: asyncio.AbstractEventLoop | None = None
        self._asking = False
        self._told = 0  # of the store's notices
        self._complaint = ""
        self._spoke: float | None = None  # when, while a message is shown
        self._unkept: Timer | None = None
        self.report: Path | None = None  # of an exception that ended the app
        self.animation_level = "none"  # nothing moves by itself: over SSH it would only be late
        for theme in themes.OURS:
            self.register_theme(theme)
        wanted = self.looks.theme
        no_color = self.no_color
        self.theme = wanted if wanted in themes.offered(no_color=no_color) else themes.fitting(no_color=no_color)

    # -- beginning and end

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "ansi_default"}  # what our own themes do not say

    def get_default_screen(self) -> Screen[Any]:
        return HomeScreen()

    def on_mount(self) -> None:
        self._listen_to_signals()
        self.set_timer(_QUICK_S, self._tick)
        self.call_after_refresh(self._opening)

    def _opening(self) -> None:
        if self._asked_for is not None:
            self.open_model_of(self._asked_for)
        else:
            # What goes on is what somebody who comes back wants to see.
            self.action_watch()

    @property
    def _has_terminal(self) -> bool:
        return not (self.is_headless or self.is_web)

    def _listen_to_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread() or not self._has_terminal:
            return
        self._loop_to_wake = asyncio.get_running_loop()
        threading.Thread(target=self._watch_line, daemon=True).start()
        for number in (signal.SIGHUP, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._leave(number)

    def _watch_line(self) -> None:
        """Where hang-ups are ignored (nohup), nobody tells that the line was dropped; Textual would read on for ever.

        In a thread, since the loop may be waiting to write to the terminal that is gone.
        """
        while not self._leaving:
            time.sleep(_LINE_S)
            if not os.isatty(0):
                self._leave(signal.SIGHUP)

    def _leave(self, number: int) -> None:
        """The terminal is gone, or somebody wants us gone. Jobs go on; nothing of ours is unsaved."""
        if self._leaving:
            return
        self._leaving = True
        # On a line that has stalled nothing can be drawn, and leaving properly would wait for it.
        timer = threading.Timer(2.0, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        if self._loop_to_wake is not None:
            self._loop_to_wake.call_soon_threadsafe(self.exit, None, 128 + number)

    def _handle_exception(self, error: Exception) -> None:
        if self.report is None:
            self.report = save_report(error)
            where = f"The report is {plain(self.report)}." if self.report else "No report could be saved."
            text = f"ovtui: Unexpected: {plain(sentence(error), 300)} What is being measured goes on. {where}"
            error.__rich__ = lambda: Text(text)  # type: ignore[attr-defined]  # what Textual prints on leaving
        super()._handle_exception(error)

    # -- messages

    def tell(self, text: str, severity: Any = "information") -> None:
        super().tell(text, severity)
        self._spoke = time.monotonic()

    async def on_event(self, event: events.Event) -> None:
        """Whoever goes on has read the message; the key does what it does anyway."""
        if isinstance(event, events.Key) and self._spoke is not None and time.monotonic() - self._spoke >= _READ_S:
            self._spoke = None
            self.clear_notifications()
        await super().on_event(event)

    # -- the clock

    def _tick(self) -> None:
        if not self.screen_stack:
            return  # it is being left
        self._look()
        self.set_timer(self._interval, self._tick)

    def _look(self) -> None:
        try:
            before = bool(self.watching.live)
            news = self.watching.poll()
            if before != bool(self.watching.live):
                self.screen.refresh_bindings()
            for notice in self.store.notices[self._told :]:
                self._told += 1
                self.tell(notice, "warning")
            screen = self.screen
            if news and isinstance(screen, OvtuiScreen) and screen.is_mounted:
                screen.news()
        except StoreError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                self.tell(str(error), "error")

    @property
    def _interval(self) -> float:
        if self.looks.slow_line:
            return _SLOW_S
        live = self.watching.live
        # Looking costs the measurement: seldom while it measures, often while something is about to happen.
        steady = all(watched.steady or watched.study is not None for watched in live)
        return _STEADY_S if steady else _QUICK_S

    def changed(self) -> None:
        """This process has written to the store: show it now."""
        self.watching.note_change()
        self._look()

    # -- what goes on

    def action_watch(self) -> None:
        """What goes on now."""
        for watched in self.watching.live:
            if watched.kind in _WATCHED:
                self.open_job(watched.id)
                return

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "watch":
            from_here = isinstance(self.screen, OvtuiScreen) and self.screen.OFFERS_WATCH
            return from_here and any(watched.kind in _WATCHED for watched in self.watching.live)
        return True

    # -- what the device can do, what was deleted

    def find_devices(self, found: Callable[[devices.Devices], None]) -> None:
        """Tell `found` what OpenVINO finds here: at once if it is remembered, else when it has answered."""
        known = devices.remembered(self.store)
        if known is not None:
            found(known)
        elif not self._asking and not self.watching.live:  # asking would disturb what is measured
            self._asking = True
            # A daemon: whoever leaves meanwhile does not wait for OpenVINO.
            threading.Thread(target=self._ask_for_devices, args=(found,), daemon=True).start()

    def _ask_for_devices(self, found: Callable[[devices.Devices], None]) -> None:
        from ovtui.store import open_store

        with contextlib.suppress(OvtuiError, RuntimeError):  # starting a run will say it; the app may have ended
            try:
                with open_store(self.store.database.path) as store:
                    known = devices.look(store)
            finally:
                self._asking = False
            self.call_from_thread(found, known)

    def remove(self, run_ids: list[str]) -> None:
        """Delete runs; `u` brings them back until the app is left."""
        try:
            removed = self.store.runs.take_out(run_ids)
        except OvtuiError as error:
            self.tell(str(error), "error")
            return
        self._removed.append(removed)
        self.changed()
        self.tell(f"Deleted {len(removed)} run{'s' if len(removed) != 1 else ''}: u brings back what was deleted.")

    def action_undo(self) -> None:
        if not self._removed:
            self.tell("There is nothing to undo.")
            return
        removed = self._removed.pop()
        try:
            self.store.runs.put_back(removed)
        except OvtuiError as error:
            self._removed.append(removed)
            self.tell(str(error), "error")
            return
        self.changed()
        self.tell(f"{len(removed)} run{'s' if len(removed) != 1 else ''} brought back.")

    def copy(self, text: str, what: str) -> None:
        """To the terminal's clipboard, which may not listen, and to a file, which does."""
        self.copy_to_clipboard(text)
        kept = paths.home() / "copied.txt"
        where = plain(kept).replace(f"{expanded('~')}/", "~/")
        try:
            kept.write_text(text + "\n")
        except OSError as error:
            self.tell(f"Sent {what} to the terminal's clipboard; {where} could not be written: {error.strerror}.")
            return
        self.tell(f"Sent {what} to the clipboard, and to {where}.")

    def keep(self, **changes: Any) -> None:
        """Change looks, now and for later starts. Written a moment later: a disk must not hold up a key."""
        self.looks = msgspec.structs.replace(self.looks, **changes)
        if self._unkept is None:
            self._unkept = self.set_timer(1.0, self._write_looks)

    def _write_looks(self) -> None:
        self._unkept = None
        try:
            self.store.settings.set("looks", self.looks)
        except StoreError as error:
            self.tell(str(error), "error")

    def on_unmount(self) -> None:
        if self._unkept is not None:
            self._write_looks()

    # -- palette and help

    def action_help(self) -> None:
        from ovtui.tui.screens.help import HelpScreen

        if isinstance(self.screen, OvtuiScreen):
            self.push_screen(HelpScreen(self.screen))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield SystemCommand("Home", "Models, recent runs, what goes on", self.action_home)
        yield SystemCommand("Import a model", "OpenVINO IR, ONNX, TensorFlow, TFLite, PaddlePaddle", self.open_import)
        yield SystemCommand("History", "All runs: filter, sort, compare, delete", self.open_history)
        for kind, view in kinds.STUDIES.items():
            yield SystemCommand(view.title, view.about, partial(self.open_studies, kind))
        for name in themes.offered(no_color=self.no_color):
            yield SystemCommand(f"Theme: {name.removeprefix('ovtui-')}", "How it looks", self._themed(name))
        slow = self.looks.slow_line
        yield SystemCommand(
            f"Slow line: {'off' if slow else 'on'}",
            "Draw every second again" if slow else "Draw every four seconds, without plots, for lines of few kB/s",
            self._toggle_slow_line,
        )
        yield SystemCommand("Help", "The keys of this screen", self.action_help)
        yield SystemCommand("Quit", "Runs go on without the app", self.action_quit)

    async def action_home(self) -> None:
        while not isinstance(self.screen, HomeScreen):
            await self.pop_screen()

    def _themed(self, name: str) -> Callable[[], None]:
        def choose() -> None:
            self.theme = name
            self.keep(theme=name)

        return choose

    def _toggle_slow_line(self) -> None:
        self.keep(slow_line=not self.looks.slow_line)
        self.screen.refresh(layout=True)
        if isinstance(self.screen, OvtuiScreen):
            self.screen.news()


def save_report(error: BaseException) -> Path | None:
    """The traceback, kept for whoever mends it; None when nothing can be written."""
    import traceback

    folder = paths.home() / "reports"
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("".join(traceback.format_exception(error)))
    except OSError:
        return None
    return path
