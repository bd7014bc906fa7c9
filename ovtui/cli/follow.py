"""Following a job on stderr: a bar on a terminal, plain lines elsewhere; Ctrl-C, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple, Protocol

import click

from ovtui import formatting
from ovtui.cli.kinds import output_of
from ovtui.engine import client, events
from ovtui.errors import Cancelled, InputError, Interrupted, OvtuiError
from ovtui.records import Study
from ovtui.sanitize import plain


class Display(Protocol):
    """Shows events; `close` leaves the terminal as it was."""

    def show(self, event: events.AnyEvent) -> None: ...
    def close(self) -> None: ...


class Silence:
    """`--quiet`: nothing but what would otherwise look like hanging."""

    def show(self, event: events.AnyEvent) -> None:
        if isinstance(event, events.Queued):
            click.echo(f"queued behind {plain(event.behind)}", err=True)

    def close(self) -> None:
        pass


class Lines:
    """For logs: a line when something changes, and every five seconds while it measures."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def show(self, event: events.AnyEvent) -> None:
        match event:
            case events.Queued():
                click.echo(f"queued behind {plain(event.behind)}", err=True)
            case events.PhaseBegan():
                click.echo(formatting.doing(event.phase), err=True)
            case events.Note():
                click.echo(f"note: {plain(event.text)}", err=True)
            case events.Window() if event.t_s >= self._next_s and not event.warming:
                self._next_s = event.t_s + 5
                click.echo(f"{event.t_s:6.1f} s  {figures(event)}", err=True)
            case events.StudyChanged() if event.study.elapsed_s >= self._next_s and progress(event.study):
                self._next_s = event.study.elapsed_s + 5
                click.echo(f"{event.study.elapsed_s:6.1f} s  {progress(event.study)}", err=True)

    def close(self) -> None:
        pass


class Bar:
    """For a terminal: one line that is drawn anew twice a second, by a process that takes no time from the run."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None if self._console.width > 120 else 16),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None, figures="")
        self._found = ""  # of a study
        self._progress.start()

    def show(self, event: events.AnyEvent) -> None:
        match event:
            case events.Queued():
                self._set(f"queued behind {plain(event.behind, 60)}")
            case events.PhaseBegan():
                self._set(formatting.doing(event.phase), figures=self._found)
            case events.StudyChanged():
                self._found = progress(event.study)
                self._progress.update(self._task, figures=self._found, refresh=True)
            case events.Beat():
                self._progress.refresh()
            case events.Note():
                self._console.print(f"note: {plain(event.text)}", markup=False, highlight=False)
            case events.Window():
                self._set(
                    "warming up" if event.warming else "measuring",
                    figures=figures(event),
                    total=None if event.warming else 1.0,
                    completed=event.progress or 0.0,
                )

    def _set(self, description: str, *, figures: str = "", total: float | None = None, completed: float = 0) -> None:
        self._progress.update(
            self._task, description=description, figures=figures, total=total, completed=completed, refresh=True
        )

    def close(self) -> None:
        self._progress.stop()


def figures(window: events.Window) -> str:
    """Rate, median, doubt and time left, in the space of half a line."""
    if window.estimate is None:
        p50 = f"  p50 {formatting.number(window.p50_ms)} ms" if window.p50_ms is not None else ""
        return f"{formatting.number(window.throughput_fps)} FPS{p50}"
    parts = [f"{formatting.number(window.estimate.mean)} FPS {formatting.half_width(window.estimate)}"]
    if window.median_ms is not None:
        parts.append(f"p50 {formatting.number(window.median_ms)} ms")
    if window.eta_s is not None:
        parts.append(f"ETA {window.eta_s:.0f} s")
    if window.disturbed:
        parts.append("disturbed")
    return "  ".join(parts)


def progress(study: Study) -> str:
    """What a study has found so far, in the space of half a line."""
    return output_of(type(study)).progress(study)


def display(quiet: bool) -> Display:
    """The display that fits stderr."""
    if quiet:
        return Silence()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return Bar()
    return Lines()


class Followed(NamedTuple):
    """How a job ended, and whether it was Ctrl-C here that ended it."""

    ended: events.Ended
    interrupted: bool

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return 2 if self.ended.bad_input else EXIT[self.ended.status]


async def follow(job: client.Job, show: Display, *, own: bool) -> Followed:
    """Show a job until it ends. Ctrl-C cancels a job of one's `own`, which keeps what it has; else only looking ends.

    A second Ctrl-C does not wait for the end: KeyboardInterrupt, as when only looking ends.
    """
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()
    leave: Callable[[], None] = pressed.set
    handled = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            continue  # as nohup and shells without job control want it
        handled.append(number)
        if number == signal.SIGINT:
            loop.add_signal_handler(number, leave)
        else:
            # The job goes on without us; the terminal is to be left as it was.
            loop.add_signal_handler(number, _leave, job, show, 128 + number)
    watching = asyncio.create_task(job.result(show.show))
    interrupted = asyncio.create_task(pressed.wait())
    try:
        await asyncio.wait({watching, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        cancelled = not watching.done() and own
        if cancelled:
            pressed.clear()
            again = asyncio.create_task(pressed.wait())
            stopping = asyncio.create_task(job.cancel())
            await asyncio.wait({watching, again}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            again.cancel()
        if not watching.done():
            raise KeyboardInterrupt
        return Followed(watching.result(), cancelled)
    finally:
        interrupted.cancel()
        watching.cancel()
        for number in handled:
            loop.remove_signal_handler(number)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)


def _leave(job: client.Job, show: Display, status: int) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        show.close()
        click.echo(f"{job.id} goes on: `ovtui attach {job.id}` watches it, `ovtui cancel {job.id}` ends it.", err=True)
    os._exit(status)  # nothing of ours is unwritten, and an unwinding event loop would only delay it


def error_of(ended: events.Ended) -> OvtuiError:
    """The error that an unhappy end stands for."""
    text = ended.error or "It ended without a reason."
    if ended.status == "cancelled":
        return Cancelled(text)
    if ended.status == "interrupted":
        return Interrupted(text)
    return InputError(text) if ended.bad_input else OvtuiError(text)


EXIT = {"done": 0, "failed": 1, "cancelled": 3, "interrupted": 130}
"""Exit status by how a job ended."""
