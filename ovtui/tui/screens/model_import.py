"""Import: find a model file, watch it being read, see what is in it, go on to measure it."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from ovtui import formatting
from ovtui.analysis import shapes
from ovtui.engine import client, events
from ovtui.engine.formats.candidates import Entry, entries
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Model, Spec
from ovtui.report.summary import model_fields
from ovtui.sanitize import plain
from ovtui.specs import expanded, here
from ovtui.tui import last_settings
from ovtui.tui.error_handling import said
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.fields import fields_text
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.specform import split
from ovtui.tui.widgets.table import Table

_UP = ".."
_COLUMNS = (
    Column("name", "NAME", 20, grows=True),
    Column("about", "", 14),
    Column("size", "SIZE", 10, right=True),
)


class _Path(Field):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Read")]


class ImportScreen(OvtuiScreen):
    """A path, the folder it is in, and what was read."""

    HELP = (
        "Type a path: Tab completes it, the list below shows the folder's models and folders, and the down key goes "
        "there. Enter reads the file in a process of its own: one that crashes or hangs harms nothing else. Then "
        "Enter goes on to measure it."
    )
    CSS_PATH = "model_import.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on"),
        Binding("tab", "complete", "Complete", priority=True),
        Binding("down", "down", "List", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("pagedown,ctrl+f", "scroll(1)", "Scroll down", show=False),
        Binding("pageup,ctrl+b", "scroll(-1)", "Scroll up", show=False),
    ]

    def __init__(self, path: str = "") -> None:
        super().__init__()
        self._path = path
        self._entries: list[Entry] = []
        self._job: client.Job | None = None
        self._model: Model | None = None
        self._last = Spec(model="")  # what was set for the model last
        self._dynamic = False

    def compose(self) -> ComposeResult:
        yield Static(Text("Import a model", style="bold"), id="top")
        yield _Path(self._path, placeholder="path of a model file", id="path")
        yield Static(id="state", classes="note")
        yield Static(id="problem", classes="problem")
        with Vertical(id="retry"):
            yield FormLine("shape", "INPUT[1,3,224,224], if the file does not say it", id="asked-shape", wide=True)
            yield FormLine(
                "extension", "a library with the model's own operations; its code runs", id="extension", wide=True
            )
        yield Table(_COLUMNS, id="files")
        with Vertical(id="found"):
            with VerticalScroll(can_focus=False):
                yield Static(id="facts")
            yield FormLine("shape", "", id="shape", wide=True)
            yield Static(id="shape-words", classes="note")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#found").display = False
        self.query_one("#problem").display = False
        self.query_one("#retry").display = False
        if not self._path:
            self.query_one("#path", Input).value = here("")
        field = self.query_one("#path", Input)
        field.focus()
        field.cursor_position = len(field.value)
        self._list()
        if self._path:
            self.call_after_refresh(self._submit)

    # -- looking around

    @property
    def _folder(self) -> Path:
        """The folder that is listed: what stands before the last slash."""
        typed = self.query_one("#path", Input).value
        return expanded(typed if typed.endswith("/") else os.path.dirname(typed) or ".")  # noqa: PTH120

    def _list(self) -> None:
        typed = self.query_one("#path", Input).value
        begun = typed.rpartition("/")[2].lower()
        try:
            found = entries(self._folder)
        except OSError as error:
            found = []
            self._say(f"{plain(self._folder)}: {error.strerror or error}")
        else:
            self._say("")
        self._entries = [entry for entry in found if begun in entry.name.lower()]
        listed = [] if begun else [(_UP, {"name": Cell("../", "dim")})]
        listed += [
            (entry.name, {
                "name": Cell(plain(entry.name) + ("/" if entry.kind == "folder" else ""),
                             "dim" if entry.kind == "folder" else ""),
                "about": Cell(entry.about, "dim"),
                "size": Cell("" if entry.bytes is None else formatting.size(entry.bytes), "dim"),
            })
            for entry in self._entries
        ]  # fmt: skip
        self.query_one("#files", Table).show(ListedRows(listed))

    def _say(self, text: str) -> None:
        self.query_one("#state", Static).update(Text(text or "OpenVINO IR, ONNX, TensorFlow, TFLite, PaddlePaddle"))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id != "path":
            self._check_shape()
            return
        if "//" in event.value or "/~" in event.value:
            # What is typed behind a slash that ends a path begins a new one, as in other file prompts.
            place = max(event.value.rfind("//"), event.value.rfind("/~"))
            event.input.value = event.value[place + 1 :]
            return
        self._forget()
        self._list()

    def _forget(self) -> None:
        """Another path: what was read of the last one is no longer meant."""
        self._model = None
        self.query_one("#found").display = False
        self.query_one("#problem").display = False
        self.query_one("#retry").display = False
        for name in ("#asked-shape", "#extension"):
            self.query_one(name, FormLine).value = ""
        self.query_one("#files").display = True

    def action_complete(self) -> None:
        field = self.query_one("#path", Input)
        if not field.has_focus:
            self.app.action_focus_next()
            return
        names = [entry.name + ("/" if entry.kind == "folder" else "") for entry in self._entries]
        head, slash, begun = field.value.rpartition("/")
        names = [name for name in names if name.lower().startswith(begun.lower())] or names
        common = os.path.commonprefix(names)  # noqa: RUF071 (of names, not of paths)
        if common and len(common) >= len(begun):
            field.value = f"{head}{slash}{common}"
            field.cursor_position = len(field.value)

    def action_down(self) -> None:
        if self.query_one("#path").has_focus and self.query_one("#retry").display:
            self.query_one("#asked-shape", FormLine).focus_input()
        else:
            self.query_one("#files").focus()

    def on_table_opened(self, event: Table.Opened) -> None:
        field = self.query_one("#path", Input)
        if event.key == _UP:
            field.value = f"{self._folder.absolute().parent}/".replace("//", "/")
            return
        entry = next((entry for entry in self._entries if entry.name == event.key), None)
        if entry is None:
            return
        head, slash, _ = field.value.rpartition("/")
        field.value = f"{head}{slash}{entry.name}" + ("/" if entry.kind == "folder" else "")
        if entry.kind == "model":
            self._submit()

    # -- reading

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_go_on()

    def action_go_on(self) -> None:
        if self._model is not None:
            self._measure()
        else:
            self._submit()

    def _submit(self) -> None:
        if self._job is not None:
            return
        typed = self.query_one("#path", Input).value.strip()
        path = expanded(typed)
        # os.path takes what it may not look at as absent, where pathlib raises; reading it will say why.
        if os.path.isdir(path) and not os.path.exists(path / "saved_model.pb"):  # noqa: PTH110, PTH112
            if not typed.endswith("/"):
                self.query_one("#path", Input).value = typed + "/"
            self.query_one("#files").focus()
            return
        self.run_worker(self._import(path), exclusive=True)

    async def _import(self, path: Path) -> None:
        began = time.monotonic()
        done: list[str] = []

        def hear(event: events.AnyEvent) -> None:
            if isinstance(event, events.PhaseBegan):
                done.append(formatting.doing(event.phase))
                told = Text(" ✓  ".join(done[:-1]) + (" ✓  " if done[1:] else ""))
                self.query_one("#state", Static).update(told.append(f"{done[-1]} …", style="bold"))

        self._problem("")
        try:
            job = self._job = await client.start_import(
                path, shapes=self._asked_shapes(), extensions=self._extensions()
            )
            ended = await job.result(hear)
        except OvtuiError as error:
            self._problem(str(error))
            return
        finally:
            self._job = None
        self.ovtui.changed()
        try:
            model = self.ovtui.store.models.get(ended.model or "")
        except OvtuiError as error:
            self._problem(str(error))
            return
        if ended.status != "done" or model is None:
            self._problem(ended.error or f"The import was {ended.status}.")
            return
        self._say(f"Read in {time.monotonic() - began:.1f} s. Enter goes on to measure it.")
        self._found(model)

    def _asked_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes that are typed for a file that does not say them; InputError for what is none."""
        return dict(map(shapes.parse_shape, split(self.query_one("#asked-shape", FormLine).value)))

    def _extensions(self) -> list[str]:
        """The libraries that are typed; InputError for a quote that is not closed."""
        typed = self.query_one("#extension", FormLine).value
        return [str(expanded(each).absolute()) for each in split(typed)]

    def _problem(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(Text(plain(text)))
        problem.display = bool(text)
        if text:  # it may lack a shape or a library: only now is there a question to ask
            self.query_one("#retry").display = True
        if text:
            self._say("That file cannot be used; choose another, or mend it and press Enter again.")

    @said
    def _found(self, model: Model) -> None:
        self._last = last_settings.recall(self.ovtui.store, model.id) or Spec(model=model.id)
        self._model = model
        facts = [("name", plain(model.name)), *model_fields(model)]
        self.query_one("#facts", Static).update(fields_text(facts))
        self.query_one("#files").display = False
        self.query_one("#retry").display = False
        self.query_one("#found").display = True
        chosen, sensible = self._sensible(model)
        self._dynamic = chosen or sensible is None
        line = self.query_one("#shape", FormLine)
        for name in ("#shape", "#shape-words"):
            self.query_one(name).display = self._dynamic
        if self._dynamic:
            line.placeholder("INPUT[1,3,224,224]")
            line.value = sensible or ""
            line.focus_input()
            self._check_shape()
        else:
            self.set_focus(None)

    def _sensible(self, model: Model) -> tuple[bool, str | None]:
        """Whether sizes are chosen, and what would be measured; None when nothing can be guessed."""
        try:
            resolved = self._resolve(model, {}, self._last.batch)
        except InputError:
            return False, None
        open_ = [
            port.name for port in model.inputs if port.shape is None or any(not isinstance(d, int) for d in port.shape)
        ]
        return bool(resolved.choices), shlex.join(shapes.format_shape(name, resolved.shapes[name]) for name in open_)

    def _resolve(self, model: Model, told: dict[str, tuple[int, ...]], batch: int | None) -> shapes.Resolved:
        """With the layouts that were set last: they say which dimension is the batch."""
        return shapes.resolve(model.inputs, shapes=told, batch=batch, layouts=self._last.layouts, data_shapes={})

    def _batch(self, model: Model, told: dict[str, tuple[int, ...]]) -> int | None:
        """The batch that was set last; None where the shapes that are typed say another one."""
        try:
            self._resolve(model, told, self._last.batch)
        except InputError:
            return None
        return self._last.batch

    def _check_shape(self) -> dict[str, tuple[int, ...]] | None:
        """The shapes that are typed; None, and a word on it, when they do not fit."""
        if self._model is None:
            return {}
        said = self.query_one("#shape-words", Static)
        line = self.query_one("#shape", FormLine)
        try:
            told = dict(map(shapes.parse_shape, shlex.split(line.value)))
            self._resolve(self._model, told, None)
        except (InputError, ValueError) as error:
            said.update(Text(plain(str(error).replace("--", ""))))
            line.add_class("wrong")
            return None
        line.remove_class("wrong")
        said.update("The shape is open: this is what will be measured. Change it here if yours differs.")
        return told

    def _measure(self) -> None:
        model = self._model
        told = self._check_shape() if self._dynamic else {}
        if model is None or told is None:
            return
        spec = self._last
        if self._dynamic:
            spec = msgspec.structs.replace(spec, shapes=told, batch=self._batch(model, told))
        self.ovtui.open_configure(model, spec)

    def action_scroll(self, by: int) -> None:
        """What was read may be longer than the screen."""
        part = self.query_one(VerticalScroll)
        part.scroll_relative(y=by * max(1, part.size.height - 1), animate=False)

    # -- leaving

    async def action_back(self) -> None:
        if self._job is not None:
            self._say("cancelling …")
            self.run_worker(self._job.cancel(), group="cancel")
            return
        files = self.query_one("#files")
        if files.has_focus or self._model is not None:
            self._forget()
            self.query_one("#path").focus()
            self._list()
            if not files.has_focus:
                return
        await super().action_back()

    def action_copy(self) -> None:
        if self._model is not None:
            lines = [f"{title:<11}{text}" for title, text in model_fields(self._model)]
            self.ovtui.copy("\n".join(lines), "what was read")
