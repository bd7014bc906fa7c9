"""What the forms share: lines and choices by name, a device, what is wrong or the command, what was done before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from ovtui import formatting
from ovtui.engine import devices
from ovtui.errors import InputError
from ovtui.records import Model, Spec, Status
from ovtui.sanitize import plain
from ovtui.tui.rows import STATUS_LOOK
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.table import Table

A = TypeVar("A")  # what a form asks for
T = TypeVar("T")

BEFORE = 20
"""Of what was done before, that is listed."""
BEFORE_COLUMNS = (
    Column("when", "", 11),
    Column("what", "", 14, grows=True, sentence=True),
    Column("status", "", 11),
)
PRECISIONS = (("", "precision: auto"), ("f32", "f32"), ("bf16", "bf16"), ("f16", "f16"))


class Form(VerticalScroll):
    """Lines one beneath the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "app.focus_next", "Next line", show=False),
        Binding("up,k", "app.focus_previous", "Line before", show=False),
    ]


class FormScreen(OvtuiScreen, Generic[A]):
    """A form with a choice and a line for the device, a table `before`, and `problem` and `command` below."""

    def __init__(self, model: Model, base: Spec) -> None:
        super().__init__()
        self._model, self._base = model, base
        self._asked: A | None = None  # what stands here, if it can be started
        self._problem = ""
        self._filling = True

    # -- what each form is

    @abstractmethod
    def read(self) -> A:
        """What stands here; InputError, and the line is marked, when it cannot be started."""

    @abstractmethod
    def command(self, asked: A) -> str:
        """The line that does the same."""

    @abstractmethod
    def start(self, asked: A) -> None:
        """Begin it."""

    def lacking(self) -> str | None:
        """What this machine has to have first."""
        return None

    @abstractmethod
    def only_what_counts(self) -> None:
        """Show the lines that matter for what is chosen."""

    @abstractmethod
    def foretell(self) -> None:
        """Say what it comes to, beside the command."""

    @abstractmethod
    def list_before(self) -> None:
        """Show what was done before."""

    def news(self) -> None:
        if self.ovtui.watching.stale and self.has("#before", "#before-title"):
            self.ovtui.watching.stale = False
            self.list_before()

    # -- parts by name

    def line(self, name: str) -> FormLine:
        return self.query_one(f"#{name}", FormLine)

    def choice(self, name: str) -> Choice:
        return self.query_one(f"#{name}", Choice)

    def parsed(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """What a line says; InputError, and the line is marked, when it cannot be read."""
        line = self.line(name)
        line.remove_class("wrong")
        try:
            return parse(line.value) if line.value else default
        except InputError:
            line.add_class("wrong")
            raise

    # -- the device

    @property
    def device(self) -> str:
        return self.line("device").value or self.choice("device-choice").value or "CPU"

    def offer(self, found: devices.Devices) -> None:
        if self.is_attached and self.has("#device-choice"):
            names = [(name, plain(name, 20)) for name in (*found.names, "AUTO")]
            self.choice("device-choice").offer([*names, ("", "other")])
            self.fill_device()
            self.changed()

    def fill_device(self) -> None:
        device, choice = self._base.device, self.choice("device-choice")
        self.line("device").value = "" if device == "CPU" else device
        choice.set(device if device in choice.values else "")

    def on_input_changed(self, event: Input.Changed) -> None:
        line = event.input.parent
        if isinstance(line, FormLine) and line.id == "device" and not self._filling:
            choice = self.choice("device-choice")
            choice.set((line.value or "CPU") if (line.value or "CPU") in choice.values else "")
        self.changed()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        if event.choice.id == "device-choice":
            self.line("device").value = event.value if event.value != "CPU" else ""
            if not event.value:
                self.line("device").focus_input()
        self.chosen(event.choice.id or "", event.value)
        self.changed()

    def chosen(self, name: str, value: str) -> None:
        """Another choice was made, which the form has not been read with yet."""

    # -- what it comes to

    def changed(self) -> None:
        """Read the form, check it, show what it comes to: the command, or what is wrong."""
        if self._filling:
            return
        self.only_what_counts()
        try:
            self._asked, self._problem = self.read(), ""
        except InputError as error:
            self._asked, self._problem = None, str(error)
        asked = self._asked
        self._show(self.lacking() or self._problem, None if asked is None else self.command(asked))
        self.foretell()
        self.refresh_bindings()

    def _show(self, problem: str, command: str | None) -> None:
        shown, line = self.query_one("#problem", Static), self.query_one("#command", Static)
        shown.update(Text(plain(problem)))
        shown.display, line.display = bool(problem), command is not None
        if command is not None:
            line.update(Text("$ ", style="bold").append(plain(command), style="not bold"))

    def show_before(self, found: Sequence[tuple[str, float, str, Status]]) -> None:
        """Id, when, what (safe to show) and status of each."""
        rows = [
            (study_id, {
                "when": Cell(formatting.short_when(created), "dim"), "what": Cell(what),
                "status": Cell(status, STATUS_LOOK[status]),
            })
            for study_id, created, what, status in found
        ]  # fmt: skip
        for name in ("#before-title", "#before"):
            self.query_one(name).display = bool(rows)
        self.query_one("#before", Table).show(ListedRows(rows))

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._problem == "" if action == "start" else True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_start()

    def action_start(self) -> None:
        asked = self.read_now()
        if asked is not None:
            self.start(asked)

    def read_now(self) -> A | None:
        """What stands here, typed last or not; None, and it is told, when something is wrong."""
        try:
            return self.read()
        except InputError as error:
            self.ovtui.tell(str(error), "error")
            return None

    def action_copy(self) -> None:
        if self._asked is not None:
            self.ovtui.copy(self.command(self._asked), "the command")
