"""Explore: which settings to try on a model, within which limits. The form says it, Enter starts."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ovtui import formatting, specs
from ovtui.analysis.exploration import grid as axes
from ovtui.analysis.exploration.rate_search import BUDGET_S
from ovtui.engine.cores import cores
from ovtui.errors import InputError
from ovtui.records import Exploration, Grid, Limits, Model, Percentile, Spec, Stop
from ovtui.report.command import axis, cells, explore_command
from ovtui.sanitize import plain
from ovtui.tui import exploration_text
from ovtui.tui.error_handling import said
from ovtui.tui.screens.form import BEFORE, BEFORE_COLUMNS, PRECISIONS, Form, FormScreen
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.section import Section
from ovtui.tui.widgets.table import Table

_WAYS = {
    "search": "Finds the best: tries what promises most, climbs from there, and lets the best of them race.",
    "each": "Measures every one of these settings: slower, but the whole matrix is known.",
    "cells": "Measures only the settings that are named: batch x streams, or batch x streams x threads.",
    "server": "Finds the highest rate of random arrivals that keeps the latency limit; batch and streams stay.",
}
_SECONDS = {"search": "1.2", "each": "5", "cells": "5", "server": f"{BUDGET_S:g}"}
_ON_AXES = ("batches", "streams", "threads", "requests")
_PERCENTILES: tuple[Percentile, ...] = ("p50", "p90", "p95", "p99")


class Asked(NamedTuple):
    """What the form comes to."""

    spec: Spec
    grid: Grid
    limits: Limits
    seconds: float | None
    fresh: bool
    label: str | None


class ExploreScreen(FormScreen[Asked]):
    """Which settings of one model to try."""

    HELP = (
        "The arrows choose how; Enter starts with what stands here. Batches and the others are numbers like 1,2,4, all "
        "from 1 to 4 as 1-4, or powers of two as 1..64; auto is the device's choice. A limit says what the best must "
        "keep. Shapes, data and properties are those of the model's last run: the line at the bottom has them, ^r "
        "forgets them, y copies it. Below stand the explorations that were made: Enter opens one."
    )
    CSS_PATH = ["form.tcss", "explore.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start"),
        Binding("y,ctrl+y", "copy", "Copy command"),
        Binding("ctrl+r", "defaults", "Defaults"),
        Binding("tab", "app.focus_next", "Next line", show=False),
    ]

    def __init__(self, model: Model, spec: Spec | None = None) -> None:
        super().__init__(model, shared(spec or Spec(model=model.id)))

    def compose(self) -> ComposeResult:
        model = self._model
        kind = f"  {model.format}, {formatting.count(model.parameters).rstrip()} parameters"
        yield Static(Text("Explore ").append(plain(model.name, 40), style="bold").append(kind), id="top")
        streams = axis(axes.default_streams(cores()))
        with Form(id="form", can_focus=False):
            yield Choice([("search", "search"), ("each", "measure each"), ("cells", "only these"),
                          ("server", "server: highest arrival rate")], "search", id="way")  # fmt: skip
            yield Static(id="way-words", classes="hint")
            yield FormLine("settings", "1x1,8x2,8x2x4", id="cells", wide=True)
            yield FormLine("batches", axis(axes.default_batches()), "inputs per inference", id="batches")
            yield FormLine("streams", streams, "inferences side by side", id="streams")
            yield FormLine("threads", axes.AUTO, "CPU threads for inference: auto,1,2", id="threads")
            yield FormLine("requests", axes.AUTO, "in flight at once: auto,2,4", id="requests")
            yield FormLine("latency limit", "none", "ms that the best must keep", id="latency")
            yield Choice([(name, name) for name in _PERCENTILES], "p50", id="percentile")
            yield FormLine("memory limit", "none", "MB, of each setting's peak", id="memory")
            yield Section(
                "Measuring",
                Choice([("CPU", "CPU"), ("AUTO", "AUTO"), ("", "other")], "CPU", id="device-choice"),
                FormLine("device", "CPU", "or HETERO:…, MULTI:…", id="device"),
                Choice(PRECISIONS, "", id="precision"),
                FormLine("seconds", "1.2", "of each setting, or a rate search", id="seconds"),
                Choice([("no", "use what is known from earlier"), ("yes", "measure all again")], "no", id="fresh"),
                FormLine("label", "none", "a name to find the exploration by", id="label"),
                id="measuring-part",
            )
        yield Static("Explored before", classes="title", id="before-title")
        yield Table(BEFORE_COLUMNS, head=False, id="before")
        yield Static(id="problem", classes="problem")
        yield Static(id="command")
        yield KeyLine()

    def on_mount(self) -> None:
        self._fill()
        self.list_before()
        self.ovtui.find_devices(self.offer)
        self.query_one("#way").focus()

    @said
    def list_before(self) -> None:
        """What was explored before."""
        found = self.ovtui.store.studies.of(Exploration).newest(self._model.id, BEFORE)
        self.show_before([(each.id, each.created, _in_short(each), each.status) for each in found])

    # -- from a spec to the form, and back

    def _fill(self) -> None:
        self._filling = True
        self.fill_device()
        self.choice("precision").set(self._base.precision or "")
        self._filling = False
        self.changed()

    def read(self) -> Asked:
        way = self.choice("way").value
        server, chosen = way == "server", way == "cells"
        on_axes = not (server or chosen)
        latency = self.parsed("latency", lambda text: specs.amount("latency limit", text, 0.001, 1e6, "ms"), None)
        if server and latency is None:
            raise InputError("The highest arrival rate needs a latency limit to keep.")
        if chosen and not self.line("cells").value:
            raise InputError("Name the settings: batch x streams, like 1x1,8x2.")
        percentile: Any = self.choice("percentile").value
        streams = axes.default_streams(cores())
        grid = Grid(
            batches=self._axis("batches", axes.default_batches(), on_axes),
            streams=self._axis("streams", streams, on_axes),
            threads=self._choices("threads", on_axes),
            requests=self._choices("requests", on_axes),
            chosen=self.parsed("cells", axes.parse_cells, ()) if chosen else (),
            search=way in ("search", "server"),
        )
        axes.settings(grid)
        precision: Any = self.choice("precision").value or None
        device = self.device
        spec = msgspec.structs.replace(
            self._base, mode="server" if server else "latency", device=device, precision=precision
        )
        usual: Percentile = "p99" if server else "p50"
        return Asked(
            spec,
            grid,
            Limits(
                latency_ms=latency,
                percentile=percentile if latency is not None else usual,
                memory_mb=self.parsed(
                    "memory", lambda text: specs.amount("memory limit", text, 1, 1e7, "MB"), None
                ) if not server else None,
            ),
            self.parsed("seconds", lambda text: specs.amount("seconds", text, 0.1, 3600, "seconds"), None),
            self.choice("fresh").value == "yes" and not server,
            self.line("label").value or None,
        )  # fmt: skip

    def _axis(self, name: str, default: tuple[int, ...], asked: bool) -> tuple[int, ...]:
        noun = name.removesuffix("es") if name == "batches" else name
        return self.parsed(name, lambda text: axes.numbers(text, noun), default) if asked else default

    def _choices(self, name: str, asked: bool) -> tuple[int | None, ...]:
        return self.parsed(name, lambda text: axes.choices(text, name), (None,)) if asked else (None,)

    # -- whatever changes

    def chosen(self, name: str, value: str) -> None:
        if name == "way":
            self.choice("percentile").set("p99" if value == "server" else "p50")
            if value == "cells" and not self.line("cells").value:
                self.line("cells").value = cells(axes.parse_cells("1x1,8x1"))

    def only_what_counts(self) -> None:
        way = self.choice("way").value
        self.query_one("#way-words", Static).update(_WAYS[way])
        for name in _ON_AXES:
            self.line(name).display = way in ("search", "each")
        self.line("cells").display = way == "cells"
        self.choice("percentile").display = bool(self.line("latency").value) or way == "server"
        self.line("latency").placeholder("ms" if way == "server" else "none")
        for name in ("memory", "fresh"):
            self.query_one(f"#{name}").display = way != "server"
        self.line("seconds").placeholder(_SECONDS.get(way, ""))

    def foretell(self) -> None:
        asked = self._asked
        if asked is None:
            return
        way = self.choice("way").value
        count = formatting.plural(len(axes.settings(asked.grid)), "setting")
        self.query_one("#way-words", Static).update(_WAYS[way] if way == "server" else f"{_WAYS[way]} {count}.")
        told = [plain(asked.spec.device, 30), *([asked.spec.precision] if asked.spec.precision else [])]
        seconds = f"{asked.seconds or float(_SECONDS[way]):g} s"
        if way == "server":
            told.append(f"{seconds} at most")
        else:
            told.append(f"{seconds} of each")
            told.append("all anew" if asked.fresh else "known ones are not measured again")
        told += [f"label {plain(asked.label, 20)}"] if asked.label else []
        self.query_one("#measuring-part", Section).say(", ".join(told))

    def command(self, asked: Asked) -> str:
        name = self.ovtui.store.models.called(self._model)
        return explore_command(
            name, asked.spec, asked.grid, asked.limits, seconds=asked.seconds, fresh=asked.fresh, label=asked.label
        )

    # -- keys

    def on_table_opened(self, event: Table.Opened) -> None:
        self.ovtui.open_study(event.key)

    def start(self, asked: Asked) -> None:
        self.ovtui.explore(
            self._model, asked.spec, asked.grid, asked.limits,
            seconds=asked.seconds, fresh=asked.fresh, label=asked.label,
        )  # fmt: skip

    def action_defaults(self) -> None:
        self._base = shared(Spec(model=self._model.id))
        self._filling = True
        for line in self.query(FormLine):
            line.value = ""
        for name, value in (("way", "search"), ("percentile", "p50"), ("fresh", "no")):
            self.choice(name).set(value)
        self._fill()


def shared(spec: Spec) -> Spec:
    """What all settings have from a spec: the device, shapes, data, properties; not what is explored."""
    return msgspec.structs.replace(
        spec, mode="latency", batch=None, streams=None, threads=None, requests=None, rate=None, stop=Stop(),
        profile=False,
    )  # fmt: skip


def _in_short(study: Exploration) -> str:
    """What it found, in a line of the list."""
    return plain(exploration_text.sentence(study, study.limits), 200)
