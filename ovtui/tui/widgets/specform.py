"""A spec as a form: the mode first, everything else folded with its default shown, checked as one types."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.message import Message
from textual.widgets import Input, Static

from ovtui import formatting, specs
from ovtui.analysis import shapes
from ovtui.engine.devices import Devices
from ovtui.errors import InputError
from ovtui.records import Images, Model, Spec, Stop
from ovtui.sanitize import plain
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.section import Section

T = TypeVar("T")

_MODES = {
    "latency": "One request at a time: how long does one answer take? For interactive and real-time use.",
    "throughput": "As many requests as the device wants: how much can it do at once? For batches and many cameras.",
    "manual": "Your own streams, threads and requests, no hint: for trying settings one by one.",
    "server": "Requests arrive at random at a rate of yours: which latency do users see, the waiting included?",
}
_STOPS = (("ci", "when the mean is known"), ("seconds", "after seconds"), ("iterations", "after inferences"))
_STOP_LINES = {
    "ci": ("1%", "95 % confidence, 5 to 60 s"),
    "seconds": ("10", "seconds, after warm-up"),
    "iterations": ("1000", "inferences, after warm-up"),
}
_APIS = (("threads", "threads"), ("async", "async"), ("python", "python"))
_API_WORDS = {
    "threads": "a blocking call per thread: nearest to the limit",
    "async": "start and wait: what an asynchronous application gets",
    "python": "what Python's AsyncInferQueue gives",
}
_STATES = (("reset", "reset the state before each inference"), ("kept", "keep it"))
_AUTO = "auto"
_COUNTS = ("batch", "streams", "threads", "requests")


class SpecForm(VerticalScroll):
    """How to measure `model`. Tells with `Changed` what stands in it."""

    BINDINGS: ClassVar[list[BindingType]] = [  # its own, or it would scroll where it is longer than the screen
        Binding("down,j", "app.focus_next", "Next line", show=False),
        Binding("up,k", "app.focus_previous", "Line before", show=False),
    ]

    class Changed(Message):
        """Something was chosen or typed. `spec` is None when it cannot be measured: `problem` says why."""

        def __init__(self, spec: Spec | None, problem: str) -> None:
            super().__init__()
            self.spec, self.problem = spec, problem

    def __init__(self, model: Model, mode: str, *, id: str) -> None:
        super().__init__(id=id, can_focus=False)
        self._model, self._mode = model, mode
        self._devices: Devices | None = None
        self._filling = True

    def compose(self) -> ComposeResult:
        yield Choice([(mode, mode) for mode in _MODES], self._mode, id="mode")
        yield Static(id="mode-words", classes="hint")
        yield FormLine("rate", "arrivals per second", "on average; Poisson", id="rate")
        yield FormLine("queue", "1000", "arrivals that may wait", id="queue")
        yield Section(
            "Device",
            Choice([("CPU", "CPU"), ("AUTO", "AUTO"), ("", "other")], "CPU", id="device-choice"),
            Static(id="device-words", classes="hint"),
            FormLine("device", "CPU", "or HETERO:…, MULTI:…, BATCH:…", id="device"),
            id="device-part",
        )
        yield Section(
            "Stop",
            Choice(_STOPS, "ci", id="stop-kind"),
            FormLine("at", "1%", "", id="stop"),
            id="stop-part",
        )
        yield Section(
            "Parallel",
            FormLine("batch", "as the model", "inputs per inference", id="batch"),
            FormLine("streams", _AUTO, "inferences side by side", id="streams"),
            FormLine("threads", _AUTO, "CPU threads for inference", id="threads"),
            FormLine("requests", _AUTO, "in flight at once", id="requests"),
            Choice(_APIS, "threads", id="api"),
            Static(id="api-words", classes="hint"),
            Choice([("", _AUTO), ("f32", "f32"), ("bf16", "bf16"), ("f16", "f16")], "", id="precision"),
            id="parallel-part",
        )
        yield Section(
            "Layers",
            Choice([("yes", "look at them"), ("no", "leave them out")], "yes", id="profile"),
            Static("A second, short pass with the device's counters on, after the measurement.", classes="hint"),
            id="profile-part",
        )
        yield Section(
            "Inputs",
            Static(id="inputs-words", classes="hint"),
            FormLine("data", "random; else .npy, .npz, a folder of images: [INPUT=]PATH …", id="data", wide=True),
            FormLine("shape", "", id="shapes", wide=True),
            FormLine("layout", "INPUT[NCHW] …", id="layouts", wide=True),
            FormLine("mean", "", "images: subtracted, on 0–255", id="mean"),
            FormLine("scale", "", "images: divided by, after the mean", id="scale"),
            Choice([("", "channels: guess"), ("rgb", "rgb"), ("bgr", "bgr")], "", id="channels"),
            FormLine("seed", "0", "of random inputs and arrivals", id="seed"),
            Choice(_STATES, "reset", id="state"),
            id="inputs-part",
        )
        yield Section(
            "Properties",
            FormLine("properties", "KEY=VALUE …; ^t lists what the device takes", id="properties", wide=True),
            id="properties-part",
        )
        yield FormLine("label", "none", "a name to find the run by", id="label")

    @property
    def label(self) -> str | None:
        """The name for the run, if one was typed."""
        return self._told("label") or None

    @property
    def device(self) -> str:
        return self._told("device") or self._chosen("device-choice") or "CPU"

    def offer(self, found: Devices) -> None:
        """The devices that are there."""
        self._devices = found
        choice = self.query_one("#device-choice", Choice)
        choice.offer([*((name, plain(name, 20)) for name in (*found.names, "AUTO")), ("", "other")])
        self._changed()

    def set_property(self, key: str, value: str) -> None:
        """Add one, or change it."""
        try:
            there = specs.properties(split(self._told("properties")))
        except InputError:
            there = {}
        there[key] = value
        self._line("properties", shlex.join(f"{name}={content}" for name, content in there.items()))
        self.query_one("#properties-part", Section).fold(False)

    # -- from a spec to the form

    def fill(self, spec: Spec) -> None:
        """Show `spec`."""
        self._filling = True
        self._choice("mode", spec.mode)
        self._line("rate", "" if spec.rate is None else f"{spec.rate:g}")
        self._line("queue", "" if spec.queue == 1000 else str(spec.queue))
        self._line("device", "" if spec.device == "CPU" else spec.device)
        self._choice("device-choice", spec.device)
        self._choice("stop-kind", spec.stop.kind)
        shown = {
            "ci": f"{spec.stop.ci * 100:g}%",
            "seconds": f"{spec.stop.seconds:g}",
            "iterations": str(spec.stop.iterations),
        }
        self._line("stop", "" if spec.stop == Stop() else shown[spec.stop.kind])
        for name in _COUNTS:
            value = getattr(spec, name)
            self._line(name, "" if value is None else str(value))
        self._choice("api", spec.api)
        self._choice("precision", spec.precision or "")
        self._line("data", shlex.join(s.path if s.input is None else f"{s.input}={s.path}" for s in spec.data))
        self._line("shapes", shlex.join(shapes.format_shape(name, shape) for name, shape in spec.shapes.items()))
        self._line("layouts", shlex.join(f"{name}[{layout}]" for name, layout in spec.layouts.items()))
        self._line("mean", _list(spec.images.mean))
        self._line("scale", _list(spec.images.scale))
        self._choice("channels", spec.images.channels or "")
        self._line("seed", str(spec.seed) if spec.seed else "")
        self._choice("state", "kept" if spec.keep_state else "reset")
        self.query_one("#state").display = self._model.stateful
        self._line("properties", shlex.join(f"{key}={value}" for key, value in spec.properties.items()))
        self._choice("profile", "yes" if spec.profile else "no")
        self._filling = False
        self._changed()

    def _choice(self, name: str, value: str) -> None:
        choice = self.query_one(f"#{name}", Choice)
        if name != "device-choice":
            choice.set(value)
        else:
            choice.set(value if value in choice.values else "")

    def _line(self, name: str, value: str) -> None:
        self.query_one(f"#{name}", FormLine).value = value

    # -- from the form to a spec

    def _told(self, name: str) -> str:
        return self.query_one(f"#{name}", FormLine).value

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    def read(self) -> Spec:
        """What stands here; InputError when it cannot be measured, and the line that is wrong is marked."""
        spec = self._read()
        specs.check(spec)
        self._resolved(spec)
        return spec

    def _resolved(self, spec: Spec) -> shapes.Resolved | None:
        """The shapes that will be measured with; None where only the data can tell."""
        try:
            return shapes.resolve(
                self._model.inputs, shapes=spec.shapes, batch=spec.batch, layouts=spec.layouts, data_shapes={}
            )
        except InputError:
            if spec.data:
                return None
            raise

    def _read(self) -> Spec:
        mode: Any = self._chosen("mode")
        counts = {name: self._parsed(name, partial(self._count, name)) for name in _COUNTS}
        api: Any = self._chosen("api")
        precision: Any = self._chosen("precision") or None
        channels: Any = self._chosen("channels") or None
        server = mode == "server"
        return Spec(
            model=self._model.id,
            mode=mode,
            api=api,
            rate=self._parsed("rate", lambda text: specs.rate(text) if text else None) if server else None,
            queue=(self._parsed("queue", lambda text: specs.count("queue", text)) or 1000) if server else 1000,
            device=self.device,
            stop=self._parsed("stop", self._stop),
            data=self._parsed("data", lambda text: specs.data(split(text))),
            shapes=self._parsed("shapes", lambda text: dict(map(shapes.parse_shape, split(text)))),
            layouts=self._parsed("layouts", lambda text: dict(map(shapes.parse_layout, split(text)))),
            images=Images(
                mean=self._parsed("mean", lambda text: specs.numbers(text) if text else None),
                scale=self._parsed("scale", lambda text: specs.numbers(text) if text else None),
                channels=channels,
            ),
            seed=self._parsed("seed", lambda text: specs.count("seed", text)) or 0,
            precision=precision,
            properties=self._parsed("properties", self._properties),
            profile=self._chosen("profile") == "yes",
            keep_state=self._model.stateful and self._chosen("state") == "kept",
            batch=counts["batch"],
            streams=counts["streams"],
            threads=counts["threads"],
            requests=counts["requests"],
        )

    def _parsed(self, name: str, parse: Callable[[str], T]) -> T:
        line = self.query_one(f"#{name}", FormLine)
        line.remove_class("wrong")
        try:
            return parse(line.value)
        except InputError:
            line.add_class("wrong")
            raise

    def _count(self, name: str, text: str) -> int | None:
        told = specs.count(name, text)
        if name == "streams" and self._devices is not None:
            self._devices.check_streams(self.device, told)
        return told

    def _properties(self, text: str) -> dict[str, str]:
        told = specs.properties(split(text))
        if self._devices is not None:
            self._devices.check_properties(self.device, told)
        return told

    def _stop(self, text: str) -> Stop:
        kind = self._chosen("stop-kind")
        told = text or _STOP_LINES[kind][0]
        if kind == "ci":
            return specs.stop(None, None, specs.percent(told))
        if kind == "seconds":
            return specs.stop(specs.seconds(told), None, None)
        return specs.stop(None, specs.iterations(told), None)

    # -- whatever changes

    def on_input_changed(self, event: Input.Changed) -> None:
        line = event.input.parent
        if isinstance(line, FormLine) and line.id == "device" and not self._filling:
            self._choice("device-choice", line.value or "CPU")
        self._changed()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        if self._filling:
            return
        if event.choice.id == "mode" and event.value == "manual":
            self.query_one("#parallel-part", Section).fold(False)
        if event.choice.id == "device-choice":
            self._line("device", event.value if event.value != "CPU" else "")
            if not event.value:
                self.query_one("#device", FormLine).focus_input()
        if event.choice.id == "stop-kind":
            self._line("stop", "")
        self._changed()

    def _changed(self) -> None:
        """Read the form, check it, show what it comes to."""
        if self._filling:
            return
        self._explain()
        try:
            spec = self.read()
            resolved = self._resolved(spec)
        except InputError as error:
            self.post_message(self.Changed(None, str(error).replace("--", "")))
            return
        found = resolved.shapes if resolved else {}
        self.query_one("#shapes", FormLine).placeholder(
            shlex.join(shapes.format_shape(plain(name, 40), shape) for name, shape in found.items())
        )
        notes = shapes.chosen_sizes(self._model.inputs, resolved) if resolved and not spec.data else ()
        self._show("inputs-words", self._inputs_text(notes))
        self._summarise(spec)
        self.post_message(self.Changed(spec, ""))

    def _explain(self) -> None:
        mode, kind = self._chosen("mode"), self._chosen("stop-kind")
        self._show("mode-words", Text(_MODES[mode]))
        for name in ("rate", "queue"):
            self.query_one(f"#{name}").display = mode == "server"
        self._show("api-words", Text(_API_WORDS[self._chosen("api")]))
        placeholder, hint = _STOP_LINES[kind]
        line = self.query_one("#stop", FormLine)
        line.placeholder(placeholder)
        try:
            line.query_one(".hint", Static).update(hint)
        except NoMatches:
            return

    def _inputs_text(self, notes: Sequence[str]) -> Text:
        ports = [f"{plain(p.name, 40)}  {p.type} {formatting.shape(p.shape)}" for p in self._model.inputs]
        return Text("\n".join([*ports, *(plain(note) for note in notes)]))

    def _summarise(self, spec: Spec) -> None:
        """What is folded away, in a line each."""
        full = ""
        if self._devices is not None:
            full = plain(self._devices.names.get(spec.device, ""))
            listed = [f"{plain(name, 20)}: {plain(told)}" for name, told in self._devices.names.items()]
            self._show("device-words", Text("\n".join(listed)))
        stop = spec.stop
        self._say("device-part", f"{plain(spec.device, 30)}  {full}")
        self._say("stop-part", {
            "ci": f"when the mean is known to ±{stop.ci * 100:g} %, 5 to 60 s",
            "seconds": f"after {formatting.duration(stop.seconds)}",
            "iterations": f"after {stop.iterations:,} inferences",
        }[stop.kind])  # fmt: skip
        told = [f"{name} {value}" for name in _COUNTS if (value := getattr(spec, name)) is not None]
        told += [f"api {spec.api}"] * (spec.api != "threads") + [f"precision {spec.precision}"] * bool(spec.precision)
        self._say("parallel-part", ", ".join(told) or "batch, streams, threads, requests: the device's choice")
        self._say("profile-part", "a short pass with counters, afterwards" if spec.profile else "left out")
        source = ", ".join(plain(s.path, 30) for s in spec.data) or "random"
        fixed = ", ".join(shapes.format_shape(plain(name, 20), shape) for name, shape in spec.shapes.items())
        parts = [source, fixed, f"seed {spec.seed}" * bool(spec.seed), "state kept" * spec.keep_state]
        self._say("inputs-part", ", ".join(filter(None, parts)))
        self._say("properties-part", ", ".join(f"{plain(k)}={plain(v)}" for k, v in spec.properties.items()) or "none")

    def _say(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Section).say(text)

    def _show(self, where: str, text: Text) -> None:
        static = self.query_one(f"#{where}", Static)
        if static.content != text:
            static.update(text)


def split(text: str) -> list[str]:
    """As a shell would; InputError for a quote that is not closed."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"'{plain(text, 60)}' has a quote that is not closed.") from error


def _list(numbers: tuple[float, ...] | None) -> str:
    return "" if numbers is None else ",".join(f"{number:g}" for number in numbers)
