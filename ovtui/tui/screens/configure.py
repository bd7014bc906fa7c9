"""Configure: how to measure a model. The form says it, Enter starts."""

from __future__ import annotations

import contextlib
import shlex
from functools import partial
from typing import ClassVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from ovtui import formatting
from ovtui.engine import devices
from ovtui.errors import InputError, OvtuiError, StoreError
from ovtui.records import Model, Spec
from ovtui.report.command import run_command
from ovtui.sanitize import plain
from ovtui.tui import last_settings
from ovtui.tui.error_handling import said
from ovtui.tui.screens.ask import PromptScreen
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Column
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.specform import SpecForm

_PROPERTY_COLUMNS = (
    Column("key", "PROPERTY", 37),
    Column("value", "NOW", 11),
    Column("kind", "TAKES", 10, grows=True, sentence=True),
)


class ConfigureScreen(OvtuiScreen):
    """Everything that defines a measurement of one model."""

    HELP = (
        "The arrows choose the mode; Enter starts with what stands here. Space opens a folded part, Tab and the arrows "
        "go from line to line. What is left empty is the device's choice. The line at the bottom is the command that "
        "measures the same from a script: y copies it."
    )
    CSS_PATH = "configure.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start"),
        Binding("y,ctrl+y", "copy", "Copy command"),
        Binding("ctrl+s", "save_preset", "Save preset"),
        Binding("ctrl+o", "load_preset", "Presets"),
        Binding("ctrl+r", "defaults", "Defaults"),
        Binding("ctrl+t", "property", "Set a property", show=False),
    ]

    def __init__(self, model: Model, spec: Spec | None = None) -> None:
        super().__init__()
        self._model = model
        self._begin = spec or Spec(model=model.id)
        self._spec: Spec | None = None  # what stands here, if it can be measured
        self._problem = ""
        self._devices: devices.Devices | None = None

    def compose(self) -> ComposeResult:
        model = self._model
        kind = f"  {model.format}, {formatting.count(model.parameters).rstrip()} parameters"
        flops = "" if model.flops is None else f", {formatting.count(model.flops).rstrip()} FLOPs"
        head = Text("Measure ").append(plain(model.name, 40), style="bold").append(kind + flops)
        yield Static(head, id="top")
        yield SpecForm(model, self._begin.mode, id="form")
        yield Static(id="problem", classes="problem")
        yield Static(id="command")
        yield KeyLine()

    @property
    def _form(self) -> SpecForm:
        return self.query_one(SpecForm)

    def on_mount(self) -> None:
        self._form.fill(self._begin)
        self.ovtui.find_devices(self._offer)
        self.query_one("#mode").focus()

    def _offer(self, found: devices.Devices) -> None:
        self._devices = found
        if self.is_attached:
            self._form.offer(found)

    def on_spec_form_changed(self, event: SpecForm.Changed) -> None:
        """Show what the form comes to: the command, or what is wrong."""
        self._spec, self._problem = event.spec, event.problem
        problem, command = self.query_one("#problem", Static), self.query_one("#command", Static)
        problem.update(Text(plain(self._problem)))
        problem.display = bool(self._problem)
        command.display = self._spec is not None
        command.update(Text("$ ", style="bold").append(plain(self._command), style="not bold"))
        self.refresh_bindings()

    @property
    def _command(self) -> str:
        return run_command(self.ovtui.store.models.called(self._model), self._spec or self._begin, self._form.label)

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._problem == "" if action == "start" else True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_start()

    def action_start(self) -> None:
        # Read now: what was typed last may not have been told yet.
        try:
            spec = self._form.read()
        except InputError as error:
            self.ovtui.tell(str(error), "error")
        else:
            with contextlib.suppress(StoreError):  # measuring says that nothing can be written
                last_settings.remember(self.ovtui.store, spec)
            self.ovtui.measure(self._model, spec, self._form.label)

    def action_copy(self) -> None:
        if self._spec is not None:
            self.ovtui.copy(self._command, "the command")

    def action_defaults(self) -> None:
        self._form.fill(Spec(model=self._model.id))

    def action_save_preset(self) -> None:
        def answered(name: str | None) -> None:
            if not name or self._spec is None:
                return
            try:
                self.ovtui.store.presets.save(name, self._spec)
            except OvtuiError as error:
                self.ovtui.tell(str(error), "error")
            else:
                self.ovtui.tell(f"Saved as a preset. From a script: ovtui run MODEL --preset {shlex.quote(name)}")

        if self._spec is None:
            self.ovtui.tell(self._problem, "error")
            return
        self.app.push_screen(PromptScreen("Save these settings as the preset:"), answered)

    @said
    def action_load_preset(self) -> None:
        from ovtui.tui.screens.pick import PickScreen

        presets = self.ovtui.store.presets
        if not presets.names():
            self.ovtui.tell("There are no presets yet: ^s saves these settings as one.")
            return
        specs = {name: presets.find(name) for name in presets.names()}

        def answered(name: str | None) -> None:
            if name is not None:
                self._form.fill(msgspec.structs.replace(specs[name], model=self._model.id))

        lines = {name: run_command("MODEL", spec).partition(" MODEL")[2] for name, spec in specs.items()}
        choices = [(name, plain(name, 40), plain(line)) for name, line in lines.items()]
        self.app.push_screen(PickScreen("Presets", choices, remove=presets.delete), answered)

    def action_property(self) -> None:
        from ovtui.tui.screens.pick import PickScreen

        device = self._form.device
        known = self._devices.properties.get(device, ()) if self._devices else ()
        if not known:
            self.ovtui.tell(f"What {device} takes is not known yet: ovtui doctor --all lists it.", "warning")
            return
        kinds = {each.key: each for each in known}

        def picked(key: str | None) -> None:
            if key is None:
                return
            hint = f"{kinds[key].kind}. Enter takes it, Esc leaves it."
            prompt = PromptScreen(f"{key} =", kinds[key].value, hint, check=kinds[key].check)
            self.app.push_screen(prompt, partial(self._set, key))

        choices = [(each.key, plain(each.key), plain(each.value), plain(each.kind)) for each in known]
        self.app.push_screen(PickScreen(f"What {plain(device)} takes", choices, columns=_PROPERTY_COLUMNS), picked)

    def _set(self, key: str, value: str | None) -> None:
        if value is not None:
            self._form.set_property(key, value)
