"""Making versions in the app: the form, the job while it goes on, what came of it, all versions side by side."""

from __future__ import annotations

import asyncio
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from textual.pilot import Pilot

from ovtui.cli.commands.optimize import _asked
from ovtui.cli.commands.optimize import command as optimize
from ovtui.engine import client, events
from ovtui.records import (
    Candidate,
    Comparison,
    Data,
    Images,
    Model,
    Optimization,
    OwnGraph,
    PairedResult,
    Phase,
    Preview,
    Recipe,
    Spec,
)
from ovtui.report.optimize_command import optimize_arguments
from ovtui.store import Store
from ovtui.tui.app import OvtuiApp
from ovtui.tui.screens.optimize import OptimizeScreen
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.paths import PathSuggester
from ovtui.tui.widgets.table import Table
from tests import profiled
from tests.tui.comparisons import quantized
from tests.tui.conftest import RESNET, Opened, keys, painted, remember, screen_name, shows, text_of, until
from tests.tui.optimizations import ACCURACY, PIXELS, RECIPE, OptimizationJob, keep, optimization

pytestmark = pytest.mark.usefixtures("one_moment")
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def a_known_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovtui.tui.screens.optimize._flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(client, "quantize_missing", lambda: None)


@pytest.fixture
def optimizing(store: Store) -> Iterator[Callable[..., OptimizationJob]]:
    """A job that makes a version; ended afterwards."""
    made: list[OptimizationJob] = []

    def make(study: Optimization) -> OptimizationJob:
        made.append(OptimizationJob(store, study))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, optimizing: Callable[..., OptimizationJob]) -> list[dict[str, Any]]:
    """What the app asks the engine for; the job exists, and waits."""
    asked: list[dict[str, Any]] = []

    async def start(model: Model, recipe: Recipe, spec: Spec, **others: Any) -> client.Job:
        asked.append({"model": model, "recipe": recipe, "spec": spec, **others})
        return client.Job(optimizing(fresh(id="optimize09", recipe=recipe)).study.id)

    async def as_it_is(app: OvtuiApp, model: Model) -> Model:
        return model

    monkeypatch.setattr(client, "start_optimization", start)
    monkeypatch.setattr(OvtuiApp, "_as_it_is_now", as_it_is)
    return asked


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "s.npy"
    np.save(path, np.zeros((2, 3, 8, 8), np.float32))
    return path


def fresh(**other: Any) -> Optimization:
    """As one begins."""
    return optimization(**{
        "version": None, "accuracy": None, "latency": None, "throughput": None, "preprocessing": None, "samples": 0,
        "elapsed_s": 0.0, "warnings": (), **other,
    })  # fmt: skip


async def typed(pilot: Pilot[Any], line: str, text: str) -> None:
    pilot.app.screen.query_one(f"#{line}", FormLine).value = text
    await painted(pilot)


async def on_the_form(pilot: Pilot[Any]) -> OptimizeScreen:
    await pilot.press("o")
    await until(pilot, lambda: screen_name(pilot) == "OptimizeScreen")
    await painted(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, OptimizeScreen)
    return screen


# -- the form


async def test_o_on_a_model_asks_for_a_recipe(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await shows(pilot, "int8 calibrates on samples")
        assert "VNNI" in text_of(pilot)  # what to expect of this processor


async def test_enter_starts_what_the_form_says(
    open_app: Opened, store: Store, started: list[dict[str, Any]], samples: Path
) -> None:
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await typed(pilot, "data", str(samples))
        await typed(pilot, "ignored", "conv1, block/add")
        await typed(pilot, "max-drop", "1%")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "OptimizationScreen")
    (asked,) = started
    assert asked["recipe"] == Recipe(
        data=(Data(path=str(samples)),), ignored=("conv1", "block/add"), max_drop=0.01
    )  # fmt: skip
    assert asked["compare"] is True


async def test_the_line_shown_is_the_command_of_what_starts(
    open_app: Opened, store: Store, started: list[dict[str, Any]]
) -> None:
    remember(store)
    async with open_app((160, 50)) as pilot:
        screen = await on_the_form(pilot)
        await keys("right")(pilot)
        await typed(pilot, "mean", "")
        assert screen._asked is not None
        line = screen.command(screen._asked)
        assert line in " ".join(text_of(pilot).split())
        await pilot.press("enter")
        await until(pilot, lambda: bool(started))
    assert _recipe_of(shlex.split(line)) == started[0]["recipe"]


def _recipe_of(line: list[str]) -> Recipe:
    own = {"model", "seconds", "compare", "preview", "versions", "label", "detach", "quiet", "as_json"}
    with optimize.make_context("optimize", line[2:]) as context:
        return _asked(**{name: value for name, value in context.params.items() if name not in own})[0]


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(method="fp16"),
        Recipe(random=True, subset=20, preset="performance", model_type="transformer"),
        Recipe(random=True, ignored=("-x", "a b"), ignored_patterns=("^block.*",)),
        Recipe(method="int4-weights", symmetric=False, group_size=64, ratio=0.8, layouts={"x": "NHWC"}, seed=7),
        Recipe(
            data=(Data(path="/"),),
            images=Images(mean=(-1.5,), scale=(2.0, 3.0, 4.0), channels="bgr"),
            pixels=(480, 640),
        ),
        Recipe(method="int8-weights", data=(Data(path="/"),), bake=False, shapes={"x": (1, 3, 8, 8)}),
    ],
)
def test_the_command_gives_back_its_recipe(recipe: Recipe) -> None:
    line = optimize_arguments("net", recipe, Spec(model="x"))
    assert _recipe_of(line) == recipe


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        ("subset", "0", "whole number"),
        ("max-drop", "2", "between 0 and 100"),
        ("data", "/no/such/place", "does not exist"),
        ("scale", "x", "is not a number"),
        ("pixels", "12", "height first"),
        ("pattern", "(", "no regular expression"),
        ("layout", "ABCD", "no layout"),
    ],
)
async def test_what_cannot_be_is_said_as_it_is_typed(
    open_app: Opened, store: Store, samples: Path, line: str, text: str, said: str
) -> None:
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await typed(pilot, "data", str(samples))
        await typed(pilot, line, text)
        await shows(pilot, said)


async def test_without_nncf_the_form_says_how_to_get_it_and_fp16_works(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        client, "quantize_missing", lambda: "Making INT8 versions needs NNCF: pip install 'ovtui[quantize]'"
    )
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await shows(pilot, "pip install 'ovtui[quantize]'")
        await keys("left")(pilot)
        assert "pip install" not in text_of(pilot)
        await shows(pilot, "$ ovtui optimize resnet-50 --method fp16")


async def test_data_is_seen_before_it_is_used(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch, samples: Path
) -> None:
    seen = Preview(
        samples=32, skipped=("bad.png",), labelled=32, classes=10, ranges=(), thumbnail=("@@..", "..@@"),
        preprocessing=PIXELS, warnings=("Guessed for the images: channels.",),
    )  # fmt: skip
    monkeypatch.setattr(client, "preview", lambda *_: seen)
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await typed(pilot, "data", str(samples))
        await pilot.press("p")
        await shows(pilot, "@@..")
        for text in ("bad.png", "123.7, 116.3, 103.5", "Guessed for the images"):
            await shows(pilot, text)


async def test_what_was_made_before_is_where_the_form_begins(open_app: Opened, store: Store) -> None:
    remember(store)
    keep(store, optimization(recipe=msgspec.structs.replace(RECIPE, data=(), random=True, subset=77)))
    async with open_app((160, 50)) as pilot:
        await on_the_form(pilot)
        await shows(pilot, "--subset 77")
        await shows(pilot, "int8 mixed, noise")


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(random=True, ignored=("conv,1", 'a "b"', "c d")),
        Recipe(random=True, layouts={"image": "NCHW", "other": "NHWC"}),
        Recipe(method="int8-weights", ignored_patterns=("^block.*, x", "^head")),
    ],
)
async def test_what_was_made_before_comes_back_whole(open_app: Opened, store: Store, recipe: Recipe) -> None:
    remember(store)
    keep(store, optimization(recipe=recipe))
    async with open_app() as pilot:
        screen = await on_the_form(pilot)
        assert screen._asked is not None
        assert screen._asked.recipe == recipe


async def test_data_of_several_inputs_comes_back_whole(open_app: Opened, store: Store, tmp_path: Path) -> None:
    paths = [tmp_path / "a b.npy", tmp_path / "c.npy"]
    for path in paths:
        np.save(path, np.zeros((2, 3), np.float32))
    data = tuple(Data(path=str(path), input=name) for path, name in zip(paths, ("x", "y"), strict=True))
    remember(store)
    keep(store, optimization(recipe=Recipe(data=data)))
    async with open_app() as pilot:
        screen = await on_the_form(pilot)
        assert screen._asked is not None
        assert screen._asked.recipe.data == data
        await typed(pilot, "data", str(paths[0]))  # a path as it is, without quotes
        assert screen._asked.recipe.data == (Data(path=str(paths[0])),)


async def test_a_line_that_is_not_there_does_not_count(open_app: Opened, store: Store, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("a.png,1\n")
    remember(store)
    async with open_app() as pilot:
        screen = await on_the_form(pilot)
        await keys("right")(pilot)  # weights need no data
        await typed(pilot, "labels", str(labels))  # and without data, nothing asks for labels
        assert screen._asked is not None
        assert screen._asked.recipe.labels is None
        await typed(pilot, "scale", "x")
        assert screen._asked is None
        screen.choice("noise").choose("noise")  # which has no pixels
        await until(pilot, lambda: screen._asked is not None)


async def test_what_stays_is_marked_among_the_operations_the_slowest_first(open_app: Opened, store: Store) -> None:
    remember(store)
    profile = profiled.mixnet()
    store.models.save(RESNET, OwnGraph(operations=profile.operations, shapes={}))
    profiled.add(store, profile, "run000000p", model=RESNET)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await typed(pilot, "ignored", "stem/Conv2D")
        await keys("i")(pilot)
        assert screen_name(pilot) == "MarkScreen"
        await shows(pilot, "1 marked")
        table = pilot.app.screen.query_one(Table)
        assert table.cursor_key == "Mixed_0/Branch_1/Conv2d_3x3"
        await shows(pilot, "21 % 760.0 µs Convolution")
        await keys("space", *"ch_2", "space", "enter")(pilot)
        line = pilot.app.screen.query_one("#ignored", FormLine).value
    first, second, third = line.split(", ")
    assert (first, second) == ("stem/Conv2D", "Mixed_0/Branch_1/Conv2d_3x3")
    assert "Branch_2" in third


async def test_escape_from_marking_leaves_all_as_it_was(open_app: Opened, store: Store) -> None:
    remember(store)
    store.models.save(RESNET, OwnGraph(operations=profiled.mixnet().operations, shapes={}))
    async with open_app() as pilot:
        await on_the_form(pilot)
        await keys("i", "space", "escape")(pilot)
        assert screen_name(pilot) == "OptimizeScreen"
        assert not pilot.app.screen.query_one("#ignored", FormLine).value


async def test_the_right_arrow_completes_a_path(
    open_app: Opened, store: Store, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(samples.parent)
    remember(store)
    async with open_app() as pilot:
        screen = await on_the_form(pilot)
        line = screen.line("data")
        line.focus_input()
        await pilot.press("s")
        await shows(pilot, "data s.npy")
        await keys("right")(pilot)
        assert line.value == "s.npy"


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [("", None), ("im", "images/"), ("s", "samples.npy"), ("sa", "samples.npy"), ("x", None), ("no/such/p", None)],
)
def test_a_path_is_completed_by_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, suggested: str | None
) -> None:
    place = tmp_path / "data"
    (place / "images").mkdir(parents=True)
    for name in ("samples.npy", "samples.txt", "s\x1b.npy", ".hidden.npy"):
        (place / name).touch()
    monkeypatch.chdir(place)
    suggester = PathSuggester((".npy",))
    assert asyncio.run(suggester.get_suggestion(typed)) == suggested
    folder = f"{place}/"
    whole = None if suggested is None else folder + suggested
    assert asyncio.run(suggester.get_suggestion(folder + typed)) == (whole if typed else f"{folder}images/")


async def test_a_preview_does_not_call_back_who_has_gone_on(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch, samples: Path
) -> None:
    looking, let_go, done = threading.Event(), threading.Event(), threading.Event()

    def look(*_: Any) -> Preview:
        looking.set()
        let_go.wait(60)
        done.set()
        return Preview(
            samples=1, skipped=(), labelled=0, classes=None, ranges=(), thumbnail=(), preprocessing=None, warnings=()
        )

    monkeypatch.setattr(client, "preview", look)
    remember(store)
    async with open_app() as pilot:
        await on_the_form(pilot)
        await typed(pilot, "data", str(samples))
        await pilot.press("p")
        await until(pilot, looking.is_set)
        await pilot.press("v")
        await until(pilot, lambda: screen_name(pilot) == "VersionsScreen")
        let_go.set()
        await until(pilot, done.is_set)
        await painted(pilot)
        assert screen_name(pilot) == "VersionsScreen"


# -- while it goes on


async def test_it_is_followed_and_becomes_the_result(
    open_app: Opened, store: Store, optimizing: Callable[..., OptimizationJob]
) -> None:
    job = optimizing(fresh())
    async with open_app() as pilot:
        job.change(Phase(name="collecting-statistics"), progress=0.25, eta_s=33.0, elapsed_s=11.0)
        pilot.app.open_study(job.study.id)  # type: ignore[attr-defined]
        await shows(pilot, "25 %")
        await shows(pilot, "about 33 s left")
        done = optimization(latency=None, throughput=None)
        store.models.save(done.version)  # type: ignore[arg-type]
        job.end(version=done.version, accuracy=ACCURACY, progress=None)
        await shows(pilot, "loses 0.6 points of top-1")


async def test_it_tells_what_is_done_and_how_the_ratio_narrows(
    open_app: Opened, store: Store, optimizing: Callable[..., OptimizationJob]
) -> None:
    job = optimizing(fresh())
    whole = optimization()
    assert whole.version is not None
    store.models.save(whole.version)
    sides = tuple(Candidate(model=each, spec=Spec(model=each.id)) for each in (whole.parent, whole.version))
    async with open_app() as pilot:
        pilot.app.open_study(job.study.id)  # type: ignore[attr-defined]
        for phase in ("reading", "collecting statistics", "saving"):
            job.change(Phase(name=phase))
        job.change(Phase(name="comparing", mode="latency"), version=whole.version, latency="compare001")
        part = Comparison(
            id="compare001", status="running", label=None, criterion="latency", sides=sides, created=0.0,
            duels=(PairedResult(verdict="undecided", ratio=1.64, ci95=(1.51, 1.78)),), elapsed_s=5.0, eta_s=15.0,
        )  # fmt: skip
        job.tell(events.StudyChanged(study=part))
        await shows(pilot, "✓ collecting statistics ✓ saving")
        await shows(pilot, "latency 1.64 × as fast (1.51–1.78) about 15 s left")


async def test_escape_leaves_it_to_itself_and_c_asks(
    open_app: Opened, store: Store, optimizing: Callable[..., OptimizationJob]
) -> None:
    job = optimizing(fresh())
    async with open_app() as pilot:
        job.change(Phase(name="collecting-statistics"), progress=0.25)
        pilot.app.open_study(job.study.id)  # type: ignore[attr-defined]
        await shows(pilot, "collecting statistics")
        await keys("c")(pilot)
        await shows(pilot, "No version is made yet")
        await keys("n", "escape")(pilot)
        await shows(pilot, "It goes on")


# -- what came of it


async def test_the_worst_layers_are_left_in_a_new_recipe(open_app: Opened, store: Store) -> None:
    keep(store, optimization())
    async with open_app((160, 50)) as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("i")(pilot)
        assert screen_name(pilot) == "OptimizeScreen"
        assert "stage5/conv" in pilot.app.screen.query_one("#ignored", FormLine).value


async def test_a_narrow_screen_loses_nothing_of_a_figure(open_app: Opened, store: Store) -> None:
    labelled = ACCURACY.labelled
    assert labelled is not None
    doubtful = msgspec.structs.replace(labelled, drop=0.0025, drop_ci95=(-0.0113, 0.0163))
    keep(store, optimization(accuracy=msgspec.structs.replace(ACCURACY, labelled=doubtful)))
    async with open_app() as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await painted(pilot)
        pilot.app.screen.query_one("#tab-figures", Table).go_to("top-1")
        await shows(pilot, "top-1: 76.1 % → 75.5 %, 0.25 points less (−1.13 to 1.63).")


async def test_the_figure_under_the_cursor_is_whole_on_a_low_screen_too(open_app: Opened, store: Store) -> None:
    keep(store, optimization())
    async with open_app((80, 15)) as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await painted(pilot)
        for change in ("4.00 × smaller", "1.93 × faster (1.89–1.97)", "1.66 × faster (1.63–1.69)"):
            await shows(pilot, change, seconds=5)
            await keys("down")(pilot)


async def test_a_narrow_screen_says_of_the_layer_under_the_cursor_why_it_is_not_int8(
    open_app: Opened, store: Store
) -> None:
    keep(store, optimization())
    async with open_app() as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("3")(pilot)
        await shows(pilot, "compute in INT8.")  # of all layers
        pilot.app.screen.query_one("#tab-layers", Table).go_to(str(_place_of("head/Scan")))
        await shows(pilot, "head/Scan (Loop, 301.0 µs): Loop has no INT8 kernel.")


def _place_of(layer: str) -> int:
    return [each.name for each in quantized().layers].index(layer)


async def test_it_leads_to_its_comparisons_and_is_deleted(open_app: Opened, store: Store) -> None:
    keep(store, optimization())
    async with open_app() as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("l")(pilot)
        assert screen_name(pilot) == "AbTestScreen"
        await keys("escape", "X")(pilot)
        await shows(pilot, "the version stays")
        assert "with files" not in text_of(pilot)  # there are none
        await keys("enter")(pilot)
        assert store.studies.of(Optimization).get("optimize00") is None
        assert store.models.get(optimization().version.id) is not None  # type: ignore[union-attr]


async def test_the_files_of_its_version_go_with_it(open_app: Opened, store: Store, home: Path) -> None:
    folder = home / "versions" / "made000001"
    folder.mkdir(parents=True)
    (folder / "net.xml").write_bytes(b"x" * 1000)
    version = msgspec.structs.replace(optimization().version, path=str(folder / "net.xml"))  # type: ignore[type-var]
    keep(store, optimization(version=version))
    async with open_app() as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("X", "down", "enter")(pilot)
        await shows(pilot, "1.0 kB on the disk are free")
        assert store.studies.of(Optimization).get("optimize00") is None
        assert not folder.exists()


async def test_what_another_version_was_made_of_stays_with_its_record(
    open_app: Opened, store: Store, home: Path
) -> None:
    for name in ("made000001", "made000002"):
        (home / "versions" / name).mkdir(parents=True)
        (home / "versions" / name / "net.xml").touch()
    version = msgspec.structs.replace(
        optimization().version, path=str(home / "versions/made000001/net.xml")  # type: ignore[type-var]
    )  # fmt: skip
    keep(store, optimization(version=version))
    store.models.save(
        msgspec.structs.replace(
            version, id="child00001", name="child", parent=version.id, path=str(home / "versions/made000002/net.xml")
        )
    )
    async with open_app((160, 40)) as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("X", "down", "enter")(pilot)
        await shows(pilot, "child was made of")
        assert store.studies.of(Optimization).get("optimize00") is not None
        assert Path(version.path).exists()


async def test_e_writes_a_report(open_app: Opened, store: Store, tmp_path: Path) -> None:
    keep(store, optimization())
    async with open_app() as pilot:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys("e")(pilot)
        pilot.app.screen.query_one("Field").value = str(tmp_path / "out.html")  # type: ignore[attr-defined]
        await keys("enter")(pilot)
    assert "1.93 × faster" in (tmp_path / "out.html").read_text()


async def test_all_versions_stand_side_by_side(open_app: Opened, store: Store) -> None:
    keep(store, optimization())
    async with open_app((160, 50)) as pilot:
        await keys("v")(pilot)
        await shows(pilot, "int8 mixed, 300 samples")
        await shows(pilot, "75.50 %")
        await shows(pilot, "1.93 ×")
        await shows(pilot, "★ int8 mixed, 300 samples")  # the chart tells which point that is
        await keys("up")(pilot)
        await shows(pilot, "★ resnet-50")
        await keys("enter")(pilot)
        assert screen_name(pilot) == "ConfigureScreen"
        await shows(pilot, "Measure resnet-50 ")
        await keys("escape", "down", "enter")(pilot)
        assert screen_name(pilot) == "OptimizationScreen"


@SIZES
def test_the_form_as_a_picture(snap_compare: Any, store: Store, size: tuple[int, int]) -> None:
    remember(store)
    keep(store, optimization(recipe=msgspec.structs.replace(RECIPE, data=(), random=True)))
    assert snap_compare(OvtuiApp(store), terminal_size=size, run_before=keys("o"))


@SIZES
@pytest.mark.parametrize("tab", ["1", "2", "3", "4", "5"])
def test_the_result_as_a_picture(snap_compare: Any, store: Store, size: tuple[int, int], tab: str) -> None:
    keep(store, optimization())

    async def step(pilot: Pilot[Any]) -> None:
        pilot.app.open_study("optimize00")  # type: ignore[attr-defined]
        await keys(tab)(pilot)

    assert snap_compare(OvtuiApp(store), terminal_size=size, run_before=step)


@SIZES
def test_versions_as_a_picture(snap_compare: Any, store: Store, size: tuple[int, int]) -> None:
    keep(store, optimization())
    assert snap_compare(OvtuiApp(store), terminal_size=size, run_before=keys("v"))
