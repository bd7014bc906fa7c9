"""Optimize: which version to make of a model, on which data. The form says it, Enter starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from ovtui import specs
from ovtui.analysis.fusion import origins
from ovtui.analysis.layers import total_us
from ovtui.analysis.optimization.predictions import cpu_flags, expectations
from ovtui.analysis.optimization.recipes import used
from ovtui.analysis.optimization.trade_off import called
from ovtui.engine import client
from ovtui.errors import Cancelled, InputError, OvtuiError
from ovtui.formatting import count, number, percent, short_when, size
from ovtui.records import Data, Images, Method, Model, Operation, Optimization, OwnGraph, Preview, Profile, Recipe, Spec
from ovtui.report.optimize_command import optimize_command
from ovtui.sanitize import plain
from ovtui.tui import recipe_lines as lines
from ovtui.tui.data_preview import preview_text
from ovtui.tui.error_handling import said
from ovtui.tui.screens.explore import shared
from ovtui.tui.screens.form import BEFORE, BEFORE_COLUMNS, PRECISIONS, Form, FormScreen
from ovtui.tui.screens.mark import MarkScreen
from ovtui.tui.screens.text_dialog import TextDialog
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.keyline import KeyLine
from ovtui.tui.widgets.paths import PathSuggester
from ovtui.tui.widgets.section import Section
from ovtui.tui.widgets.table import Table

T = TypeVar("T")

_METHODS: dict[Method, str] = {
    "int8": "Weights and activations compute in 8 bits: the fastest on most processors. Needs samples like real ones.",
    "int8-weights": "Weights are stored in 8 bits and unpacked: a quarter of the size, nearly no loss, needs no data.",
    "int4-weights": "Most weights in 4 bits: for large language models, where memory is what limits.",
    "fp16": "Weights in half precision on disk: half the size, the same speed and answers.",
}
_NEW = Recipe()


class Asked(NamedTuple):
    """What the form comes to."""

    recipe: Recipe
    spec: Spec
    compare: bool
    label: str | None


class OptimizeScreen(FormScreen[Asked]):
    """Which version of one model to make."""

    HELP = (
        "The arrows choose the method; Enter starts with what stands here. Data is a .npy, a .npz, or a folder of "
        "images, and the right arrow completes a path: p (or F2) shows what it looks like to the model before it is "
        "used. Labels are folders named by class, or a file. Names of what stays as it is are separated by commas; i "
        "(or F3) marks them among the model's operations. The line at the bottom makes the same from a script; y "
        "copies it. Below stands what was made."
    )
    CSS_PATH = ["form.tcss", "optimize.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start"),
        Binding("p,f2", "preview", "Preview data"),
        Binding("i,f3", "pick", "Pick what stays"),
        Binding("v,f4", "versions", "All versions"),
        Binding("y,ctrl+y", "copy", "Copy command"),
        Binding("ctrl+r", "defaults", "Defaults"),
        Binding("tab", "app.focus_next", "Next line", show=False),
    ]

    def __init__(self, model: Model, recipe: Recipe | None = None, spec: Spec | None = None) -> None:
        super().__init__(model, shared(spec or Spec(model=model.id)))
        self._begin = recipe
        self._filled: dict[str, str] = {}  # what the lines said at first
        self._looking = False
        self._graph: OwnGraph | None = None
        self._flags = frozenset[str]()
        self._left = False

    def compose(self) -> ComposeResult:
        model = self._model
        kind = f"  {model.format}, {size(model.bytes)}, {count(model.parameters).rstrip()} parameters"
        yield Static(Text("Optimize ").append(plain(model.name, 40), style="bold").append(kind), id="top")
        with Form(id="form", can_focus=False):
            yield Choice([(name, name) for name in _METHODS], "int8", id="method")
            yield Static(id="method-words", classes="hint")
            yield FormLine("data", "samples.npy, or a folder of images", id="data", wide=True)
            yield Choice([("data", "real samples"), ("noise", "noise: says nothing of accuracy")], "data", id="noise")
            yield FormLine("labels", "none: a .csv of file,label or a .npy", id="labels", wide=True)
            yield FormLine("left as it is", "nothing: names of operations, commas between", id="ignored", wide=True)
            yield FormLine("and the like", "none: a regular expression of names", id="pattern", wide=True)
            yield Section(
                "Quantizing",
                Choice([("mixed", "mixed"), ("performance", "performance")], "mixed", id="preset"),
                Choice([("", "any net"), ("transformer", "transformer")], "", id="model-type"),
                FormLine("samples", "300", "that calibrate", id="subset"),
                FormLine("largest drop", "none", "of top-1, like 1%: quantizes only as far", id="max-drop"),
                id="quantizing",
            )
            yield Section(
                "Weights",
                Choice([("yes", "symmetric"), ("no", "with a zero point")], "yes", id="symmetric"),
                FormLine("group size", "auto", "weights that share a scale; -1: a channel", id="group"),
                FormLine("ratio", "all", "share that becomes 4 bits, like 0.8", id="ratio"),
                id="weights",
            )
            yield Section(
                "Images",
                FormLine("mean", "0", "on 0–255: 123.7,116.3,103.5", id="mean"),
                FormLine("scale", "255", "divided by: 58.4,57.1,57.4", id="scale"),
                Choice([("", "channels: rgb"), ("rgb", "rgb, stated"), ("bgr", "bgr")], "", id="channels"),
                FormLine("layout", "auto", "of the model's input: NCHW, NHWC", id="layout"),
                FormLine("pixels", "the model's", "height x width the version takes", id="pixels"),
                Choice([("yes", "built into the version"), ("no", "left to the caller")], "yes", id="bake"),
                id="images",
            )
            yield Section(
                "Measuring",
                Choice([("CPU", "CPU"), ("AUTO", "AUTO"), ("", "other")], "CPU", id="device-choice"),
                FormLine("device", "CPU", "or HETERO:…, MULTI:…", id="device"),
                Choice(PRECISIONS, "", id="precision"),
                Choice([("yes", "measure both in turn afterwards"), ("no", "only make it")], "yes", id="compare"),
                FormLine("label", "none", "a name to find it by", id="label"),
                id="measuring-part",
            )
            yield Static(id="expect", classes="hint")
        yield Static("Made before", classes="title", id="before-title")
        yield Table(BEFORE_COLUMNS, head=False, id="before")
        yield Static(id="problem", classes="problem")
        yield Static(id="command")
        yield KeyLine()

    @said
    def on_mount(self) -> None:
        self._graph = self.ovtui.store.models.graph(self._model.id)
        self._flags = _flags()
        for name, endings in (("data", (".npy", ".npz")), ("labels", (".csv", ".npy"))):
            self.line(name).query_one(Input).suggester = PathSuggester(endings)
        before = self.ovtui.store.studies.of(Optimization).newest(self._model.id, 1)
        recipe = self._begin or (before[0].recipe if before else msgspec.structs.replace(_NEW, images=self._stated()))
        self._fill(recipe)
        self.list_before()
        self.ovtui.find_devices(self.offer)
        self.query_one("#method").focus()

    def on_unmount(self) -> None:
        self._left = True

    def _stated(self) -> Images:
        return client.stated_images(self._model)

    @said
    def list_before(self) -> None:
        """What was made before."""
        found = self.ovtui.store.studies.of(Optimization).newest(self._model.id, BEFORE)
        self.show_before([(each.id, each.created, called(each), each.status) for each in found])

    # -- from a recipe to the form, and back

    def _fill(self, recipe: Recipe) -> None:
        self._filling = True
        self._base_recipe = recipe
        self.fill_device()
        images = recipe.images
        for name, value in {
            "method": recipe.method, "noise": "noise" if recipe.random else "data", "preset": recipe.preset,
            "model-type": recipe.model_type or "", "symmetric": "yes" if recipe.symmetric else "no",
            "channels": images.channels or "", "bake": "yes" if recipe.bake else "no",
            "precision": self._base.precision or "",
        }.items():  # fmt: skip
            self.choice(name).set(value)
        for name, text in {
            "data": lines.written(recipe.data), "labels": recipe.labels or "",
            "ignored": lines.listed(recipe.ignored), "pattern": lines.either(recipe.ignored_patterns),
            "subset": "" if recipe.subset == _NEW.subset else str(recipe.subset),
            "max-drop": "" if recipe.max_drop is None else f"{100 * recipe.max_drop:.10g}%",
            "group": "" if recipe.group_size is None else str(recipe.group_size),
            "ratio": "" if recipe.ratio is None else f"{recipe.ratio:.10g}",
            "mean": lines.numbers(images.mean), "scale": lines.numbers(images.scale),
            "layout": recipe.layouts.get(self._laid_out, ""),
            "pixels": "" if recipe.pixels is None else "x".join(map(str, recipe.pixels)),
        }.items():  # fmt: skip
            self.line(name).value = text
            self._filled[name] = text.strip()
        self._filling = False
        self.changed()

    def read(self) -> Asked:
        method: Any = self.choice("method").value
        noise = self.choice("noise").value == "noise"
        int8, weights, four = method == "int8", method.endswith("-weights"), method == "int4-weights"
        channels: Any = self.choice("channels").value or None
        preset: Any = self.choice("preset").value
        kind: Any = self.choice("model-type").value or None
        layouts = self._layouts(noise)
        sources: tuple[Data, ...] = ()
        none: tuple[str, ...] = ()
        data = sources if noise else self.parsed("data", lines.sources, sources)
        recipe = msgspec.structs.replace(
            self._base_recipe,
            method=method,
            preset=preset if int8 else _NEW.preset,
            model_type=kind if int8 else None,
            subset=self.parsed("subset", lines.subset, _NEW.subset) if int8 else _NEW.subset,
            max_drop=self.parsed("max-drop", specs.percent, None) if int8 and not noise else None,
            ignored=self._kept("ignored", lines.names, self._base_recipe.ignored, none) if method != "fp16" else (),
            ignored_patterns=self._kept("pattern", lines.pattern, self._base_recipe.ignored_patterns, none)
            if method != "fp16"
            else (),
            symmetric=self.choice("symmetric").value == "yes" if weights else True,
            group_size=self.parsed("group", lines.group, None) if four else None,
            ratio=self.parsed("ratio", partial(lines.share, "ratio"), None) if four else None,
            data=data,
            labels=self.parsed("labels", specs.labels, None) if self._takes_labels else None,
            random=noise,
            images=Images()
            if noise
            else Images(
                mean=self.parsed("mean", specs.numbers, None),
                scale=self.parsed("scale", specs.numbers, None),
                channels=channels,
            ),
            layouts=layouts,
            pixels=None if noise else self.parsed("pixels", specs.pixels, None),
            bake=noise or self.choice("bake").value == "yes",
        )
        recipe = used(recipe)  # without data, nothing is of images
        specs.check_recipe(recipe)
        precision: Any = self.choice("precision").value or None
        device = self.device
        spec = msgspec.structs.replace(
            self._base, device=device, precision=precision, data=(), images=Images(), layouts=layouts,
            shapes=recipe.shapes, seed=recipe.seed,
        )  # fmt: skip
        return Asked(recipe, spec, self.choice("compare").value == "yes", self.line("label").value or None)

    def _kept(self, name: str, parse: Callable[[str], T], before: T, default: T) -> T:
        """What a line says; where it still says what it was filled with, that, which a line may not hold in full."""
        if self.line(name).value and self.line(name).value == self._filled.get(name):
            return before
        return self.parsed(name, parse, default)

    @property
    def _laid_out(self) -> str:
        """The input whose layout is asked for; those of others stay as the recipe has them."""
        first = self._model.inputs[0].name if self._model.inputs else ""
        return next(iter(self._base_recipe.layouts), first)

    def _layouts(self, noise: bool) -> dict[str, str]:
        before, name = self._base_recipe.layouts, self._laid_out
        if noise:
            return before
        own = self._kept("layout", lines.layout, before.get(name), None)
        others = {each: layout for each, layout in before.items() if each != name}
        return others if own is None else {name: own, **others}

    @property
    def _takes_labels(self) -> bool:
        """What cannot be seen does not count."""
        return self.choice("noise").value != "noise" and bool(self.line("data").value)

    # -- whatever changes

    def lacking(self) -> str | None:
        return client.quantize_missing() if self.choice("method").value != "fp16" else None

    def only_what_counts(self) -> None:
        method: Any = self.choice("method").value
        noise = self.choice("noise").value == "noise"
        data = not self.line("data").value.endswith((".npy", ".npz")) and bool(self.line("data").value)
        self.query_one("#method-words", Static).update(_METHODS[method])
        for name, there in {
            "data": not noise, "labels": self._takes_labels, "ignored": method != "fp16", "pattern": method != "fp16",
            "quantizing": method == "int8", "weights": method.endswith("-weights"), "images": not noise,
        }.items():  # fmt: skip
            self.query_one(f"#{name}").display = there
        self.query_one("#group").display = self.query_one("#ratio").display = method == "int4-weights"
        told = [self.choice("preset").value, *([kind] if (kind := self.choice("model-type").value) else [])]
        told.append(f"{self.line('subset').value or _NEW.subset} samples")
        self._section("quantizing").say(plain(", ".join(told), 60))
        symmetric = self.choice("symmetric").value == "yes"
        self._section("weights").say("symmetric" if symmetric else "with a zero point")
        mean, scale = self.line("mean").value, self.line("scale").value
        stated = f"mean {mean or 0}, scale {scale or 255}" if mean or scale else "mean 0, scale 255 unless you say it"
        self._section("images").say(plain(stated, 60) if data or mean or scale else "for folders of images")
        self._section("measuring-part").say(
            "both in turn, then their layers" if self.choice("compare").value == "yes" else "not measured"
        )

    def _section(self, name: str) -> Section:
        return self.query_one(f"#{name}", Section)

    def foretell(self) -> None:
        method: Any = self.choice("method").value
        recipe = self._asked.recipe if self._asked is not None else msgspec.structs.replace(_NEW, method=method)
        operations = self._graph.operations if self._graph is not None else ()
        device = self.device
        found = expectations(self._model, operations, self._flags, device, recipe)
        self.query_one("#expect", Static).update(Text("\n".join(f"· {text}" for text in found)))

    def command(self, asked: Asked) -> str:
        return optimize_command(
            self.ovtui.store.models.called(self._model), asked.recipe, asked.spec, label=asked.label
        ) + ("" if asked.compare else " --no-compare")

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "pick":
            return self._graph is not None
        return super().check_action(action, parameters)

    def on_table_opened(self, event: Table.Opened) -> None:
        self.ovtui.open_study(event.key)

    def start(self, asked: Asked) -> None:
        self.ovtui.optimize(self._model, asked.recipe, asked.spec, compare=asked.compare, label=asked.label)

    def action_versions(self) -> None:
        self.ovtui.open_versions(self._model)

    @said
    def action_pick(self) -> None:
        """Mark among the model's operations those that stay as they are."""
        operations = self._graph.operations if self._graph is not None else ()
        run = self.ovtui.store.runs.profiled(self._model.id)
        profile = self.ovtui.store.runs.profile(run) if run is not None else None
        try:
            own = lines.names(self.line("ignored").value)
        except InputError as error:
            self.ovtui.tell(str(error), "error")
            return

        def answered(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self.line("ignored").value = lines.listed(names)

        self.app.push_screen(MarkScreen("Stays as it is", _choices(operations, profile), own), answered)

    def action_preview(self) -> None:
        """What the data looks like, read in a process of its own."""
        asked = self.read_now()
        if asked is None:
            return
        if not asked.recipe.data:
            self.ovtui.tell("There is no data to look at.", "warning")
        elif not self._looking:
            self._looking = True
            self.ovtui.tell("Looking at the data …")
            self.run_worker(partial(self._look, asked.recipe), thread=True)

    def _look(self, recipe: Recipe) -> None:
        try:
            seen = client.preview(self._model, recipe, lambda: self._left)
        except Cancelled:
            return
        except OvtuiError as error:
            self.app.call_from_thread(self.ovtui.tell, str(error), "error")
        else:
            self.app.call_from_thread(self._seen, seen)
        finally:
            self._looking = False

    def _seen(self, seen: Preview) -> None:
        # Whoever has gone on meanwhile is not called back.
        if self.is_active:
            self.app.push_screen(TextDialog("The data", preview_text(seen)))

    def action_defaults(self) -> None:
        self._base = shared(Spec(model=self._model.id))
        self.choice("compare").set("yes")
        self.line("label").value = ""
        self._fill(_NEW)


_NOT_OFFERED = frozenset({"Parameter", "Result", "Constant"})


def choice(study: Optimization) -> tuple[str, str, str]:
    """An optimization to pick from a list: its id, its model and method, and what came of it."""
    what = f"{plain(study.parent.name, 60)}  {called(study)}"
    return study.id, what, f"{study.status}  {short_when(study.created)}"


def _flags() -> frozenset[str]:
    try:
        return cpu_flags(Path("/proc/cpuinfo").read_text())
    except OSError:
        return frozenset()


def _choices(operations: Iterable[Operation], profile: Profile | None) -> list[tuple[str, str, str]]:
    """Operations to mark; with their times, the longest first, where a run has looked at the layers."""
    told: dict[str, tuple[float, str]] = {}
    if profile is not None:
        total = total_us(profile)
        for operation, origin in zip(profile.operations, origins(profile).operations, strict=True):
            time = profile.layers[origin.layers[0]].time_us if origin.fate == "executed" else None
            if time is not None:
                share = f"{percent(time / total):>6}" if total else ""
                told[operation.name] = time, f"{share} {number(time):>8} µs  "
    shown = [each for each in operations if each.type not in _NOT_OFFERED]
    shown.sort(key=lambda each: -told[each.name][0] if each.name in told else 0.0)
    return [
        (
            each.name,
            plain(each.name, 120),
            f"{told[each.name][1] if each.name in told else '':<20}{plain(each.type, 30)}",
        )
        for each in shown
    ]
