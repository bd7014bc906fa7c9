"""Looking for the best settings in the app: the form, the matrix while it fills in and after, arrival rates."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from ovtui import formatting
from ovtui.analysis.exploration import selection
from ovtui.cli.commands.explore import _asked
from ovtui.cli.commands.explore import command as explore
from ovtui.engine import client, events
from ovtui.errors import InputError
from ovtui.records import Cell, Exploration, Grid, Limits, Model, Phase, Setting, Spec
from ovtui.report.command import axis, explore_arguments, used
from ovtui.store import Store
from ovtui.tui import exploration_text, last_settings
from ovtui.tui.app import OvtuiApp
from ovtui.tui.screens.configure import ConfigureScreen
from ovtui.tui.screens.explore import ExploreScreen
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.heatmap import HeatMap
from ovtui.tui.widgets.plot import Plot, characters
from tests import nets
from tests.hostile import NAMES
from tests.tui.conftest import RESNET, Opened, keys, painted, remember, screen_name, shows, text_of, until
from tests.tui.explorations import (
    FRESH,
    GRID,
    REFUSED,
    ExplorationJob,
    cells,
    exploration,
    keep,
    load,
    measured,
    server_search,
)

pytestmark = pytest.mark.usefixtures("one_moment")


@pytest.fixture
def exploring(store: Store) -> Iterator[Callable[..., ExplorationJob]]:
    """A job that explores; ended afterwards."""
    made: list[ExplorationJob] = []

    def make(study: Exploration) -> ExplorationJob:
        made.append(ExplorationJob(store, study))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, exploring: Callable[..., ExplorationJob]) -> list[dict[str, Any]]:
    """What the app asks the engine for; the job exists, and waits."""
    asked: list[dict[str, Any]] = []

    async def start(model: Model, spec: Spec, grid: Grid, limits: Limits, **others: Any) -> client.Job:
        asked.append({"model": model, "spec": spec, "grid": grid, "limits": limits, **others})
        job = exploring(exploration((), id="explore009", spec=spec, grid=grid, limits=limits))
        return client.Job(job.study.id)

    async def as_it_is(app: OvtuiApp, model: Model) -> Model:
        return model

    monkeypatch.setattr(client, "start_exploration", start)
    monkeypatch.setattr(OvtuiApp, "_as_it_is_now", as_it_is)
    return asked


def at(batch: int, streams: int) -> Phase:
    """A setting is measured."""
    return Phase(name="measuring", setting=Setting(batch=batch, streams=streams))


def heat(pilot: Pilot[Any]) -> HeatMap:
    return pilot.app.screen.query_one(HeatMap)


async def shown(pilot: Pilot[Any], study: Exploration) -> None:
    assert isinstance(pilot.app, OvtuiApp)
    pilot.app.open_study(study.id)
    await painted(pilot)


async def typed(pilot: Pilot[Any], line: str, text: str) -> None:
    pilot.app.screen.query_one(f"#{line}", FormLine).value = text
    await pilot.pause()


# The form


async def test_x_on_a_model_asks_what_to_explore(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        assert "x Explore" in text_of(pilot)
        await keys("x")(pilot)
        assert screen_name(pilot) == "ExploreScreen"
        assert "Explore resnet-50" in text_of(pilot)


async def test_enter_starts_what_the_form_says(open_app: Opened, store: Store, started: list[dict[str, Any]]) -> None:
    remember(store)
    async with open_app() as pilot:
        await keys("x")(pilot)
        await typed(pilot, "batches", "1-3")
        await typed(pilot, "streams", "1,2")
        await typed(pilot, "threads", "auto,2")
        await typed(pilot, "latency", "12")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ExplorationScreen")
    assert len(started) == 1
    assert started[0]["grid"] == Grid(batches=(1, 2, 3), streams=(1, 2), threads=(None, 2))
    assert started[0]["limits"] == Limits(latency_ms=12.0, percentile="p50")
    assert started[0]["spec"] == FRESH
    assert (started[0]["seconds"], started[0]["fresh"], started[0]["label"]) == (None, False, None)


async def test_the_line_shown_is_the_command_of_what_starts(
    open_app: Opened, store: Store, started: list[dict[str, Any]], home: Path
) -> None:
    remember(store)
    async with open_app(size=(160, 50)) as pilot:
        await keys("x", "right")(pilot)
        await typed(pilot, "streams", "1..8")
        await typed(pilot, "memory", "512")
        await typed(pilot, "seconds", "2.5")
        await typed(pilot, "label", "night shift")
        await pilot.press("y")
        await pilot.pause()
        line = (home / "copied.txt").read_text().strip()
        assert line in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(started))
    spec, grid, limits, seconds, fresh, label = parsed(shlex.split(line))
    asked = started[0]
    assert (grid, limits) == (asked["grid"], asked["limits"])
    assert msgspec.structs.replace(spec, model=RESNET.id) == asked["spec"]
    assert (seconds, fresh, label) == (asked["seconds"], asked["fresh"], asked["label"]) == (2.5, False, "night shift")
    assert not grid.search


async def test_what_runs_share_is_what_was_set_in_configure(open_app: Opened, store: Store) -> None:
    [run, *_] = remember(store)
    spec = msgspec.structs.replace(
        run.spec, mode="manual", batch=4, streams=2, precision="bf16", device="GPU", properties={"A": "1"}
    )
    last_settings.remember(store, spec)
    async with open_app(size=(160, 50)) as pilot:
        await keys("x")(pilot)
        await shows(pilot, "-d GPU --precision bf16 --property A=1")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "$ ovtui explore resnet-50 --streams" in text_of(pilot))
        assert "-d GPU" not in text_of(pilot)


@pytest.mark.parametrize(
    ("line", "text", "problem"),
    [
        ("batches", "0", "'0' is not within 1 to 65,536"),
        ("streams", "4-2", "runs backwards"),
        ("threads", "many", "is no list of numbers"),
        ("latency", "fast", "latency limit: 'fast' is not a number of ms"),
        ("memory", "0", "memory limit: '0' is not a number of MB"),
        ("batches", "1-5000", "at most 4,096"),
    ],
)
async def test_what_cannot_be_explored_is_said_as_it_is_typed(
    open_app: Opened, store: Store, started: list[dict[str, Any]], line: str, text: str, problem: str
) -> None:
    remember(store)
    async with open_app(size=(160, 50)) as pilot:
        await keys("x")(pilot)
        await typed(pilot, line, text)
        assert problem in text_of(pilot)
        assert "⏎ Start" not in text_of(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert screen_name(pilot) == "ExploreScreen"
    assert not started


async def test_only_named_settings_are_measured(open_app: Opened, store: Store, started: list[dict[str, Any]]) -> None:
    remember(store)
    async with open_app() as pilot:
        await keys("x", "right", "right")(pilot)
        assert "batches" not in text_of(pilot)
        await typed(pilot, "cells", "1x1,8x2x4")
        await pilot.press("enter")
        await until(pilot, lambda: len(started))
    assert started[0]["grid"].chosen == (Setting(batch=1, streams=1), Setting(batch=8, streams=2, threads=4))
    assert not started[0]["grid"].search


async def test_the_highest_arrival_rate_needs_a_limit(
    open_app: Opened, store: Store, started: list[dict[str, Any]]
) -> None:
    remember(store)
    async with open_app() as pilot:
        await keys("x", "left")(pilot)
        assert "needs a latency limit" in text_of(pilot)
        await typed(pilot, "latency", "20")
        assert "--latency-limit 20 --server" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(started))
    assert started[0]["spec"].mode == "server"
    assert started[0]["limits"] == Limits(latency_ms=20.0, percentile="p99")


async def test_an_error_of_the_engine_is_said_in_place(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store)

    async def gone(app: OvtuiApp, model: Model) -> Model:
        raise InputError("/models/resnet0001.onnx is gone.")

    monkeypatch.setattr(OvtuiApp, "_as_it_is_now", gone)
    async with open_app() as pilot:
        await keys("x", "enter")(pilot)
        assert screen_name(pilot) == "ExploreScreen"
        assert "is gone" in text_of(pilot)


async def test_what_was_explored_before_is_listed_and_opened(open_app: Opened, store: Store) -> None:
    remember(store)
    keep(store, exploration())
    async with open_app() as pilot:
        await keys("x")(pilot)
        assert "Best: batch 8, 4 streams, 538.9 FPS" in text_of(pilot)
        pilot.app.screen.query_one("#before").focus()
        await keys("enter")(pilot)
        assert screen_name(pilot) == "ExplorationScreen"
        await keys("escape")(pilot)
        assert screen_name(pilot) == "ExploreScreen"


# The command


def parsed(words: list[str]) -> tuple[Spec, Grid, Limits, float | None, bool, str | None]:
    """What the command line makes of these arguments."""
    with explore.make_context("explore", words[2:]) as context:
        given = dict(context.params)
        rest = {name: given.pop(name) for name in ("seconds", "fresh", "label")}
        for name in ("model", "resume", "detach", "quiet", "as_json"):
            del given[name]
        spec, grid, limits = _asked(**given)
    return spec, grid, limits, rest["seconds"], rest["fresh"], rest["label"]


@pytest.mark.parametrize(
    ("spec", "grid", "limits", "others"),
    [
        (FRESH, GRID, Limits(), {}),
        (FRESH, msgspec.structs.replace(GRID, search=False), Limits(latency_ms=12.5), {"seconds": 3.0}),
        (
            msgspec.structs.replace(FRESH, device="GPU.1", precision="f16", properties={"A": "$(reboot)"}, queue=5),
            Grid(batches=(3, 5, 6), streams=(2, 3, 4), threads=(None, 1, 2), requests=(4,)),
            Limits(latency_ms=1.25, percentile="p90", memory_mb=512.0),
            {"fresh": True, "label": "it's -here"},
        ),
        (FRESH, Grid(batches=(7,), streams=(1, 2, 4, 6), threads=(2,)), Limits(memory_mb=90.5), {}),
    ],
    ids=["plain", "each", "all that can be said", "one batch"],
)
def test_the_command_gives_back_what_it_says(spec: Spec, grid: Grid, limits: Limits, others: dict[str, Any]) -> None:
    words = explore_arguments("net", spec, grid, limits, **others)
    found = parsed(words)
    assert found[:3] == (msgspec.structs.replace(used(spec), model=""), grid, limits)
    assert found[3:] == (others.get("seconds"), others.get("fresh", False), others.get("label"))


def test_the_command_of_chosen_settings_and_of_arrival_rates() -> None:
    chosen = (Setting(batch=1, streams=1), Setting(batch=8, streams=2, threads=4))
    words = explore_arguments("net", FRESH, msgspec.structs.replace(GRID, chosen=chosen, search=False), Limits())
    assert words == ["ovtui", "explore", "net", "--cells", "1x1,8x2x4"]
    assert parsed(words)[1].chosen == chosen
    limits = Limits(latency_ms=20.0, percentile="p99")
    arrivals = msgspec.structs.replace(FRESH, mode="server", queue=5)
    words = explore_arguments("net", arrivals, GRID, limits)
    assert words == ["ovtui", "explore", "net", "--latency-limit", "20", "--server", "--queue", "5"]
    assert parsed(words)[0] == msgspec.structs.replace(arrivals, model="")
    assert parsed(words)[2] == limits
    idle = msgspec.structs.replace(limits, memory_mb=512.0)
    assert explore_arguments("net", arrivals, GRID, idle, fresh=True) == words
    longer = explore_arguments("net", arrivals, GRID, limits, seconds=300.0)
    assert longer == [*words[:-2], "-t", "300", "--queue", "5"]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1, 2), "1,2"), ((1, 2, 4, 8), "1..8"), ((1, 2, 4, 6), "1..6"), ((3, 4, 5, 6), "3-6"), ((1, 3, 9), "1,3,9"),
        ((None,), "auto"), ((None, 1, 2, 4), "auto,1..4"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_are_typed(numbers: tuple[int | None, ...], text: str) -> None:
    from ovtui.analysis.exploration.grid import choices

    assert axis(numbers) == text
    assert choices(text, "threads") == numbers


# While it goes on


async def test_the_matrix_fills_in(open_app: Opened, store: Store, exploring: Callable[..., ExplorationJob]) -> None:
    remember(store)
    job = exploring(exploration(cells(done=0)))
    job.change(at(1, 1), cells=cells(done=0))
    async with open_app() as pilot:
        assert screen_name(pilot) == "ExplorationScreen"  # what goes on is what one comes back to
        assert heat(pilot).place == (1, 1)
        assert "256.0" not in text_of(pilot)
        job.change(at(4, 4), cells=cells(done=10), elapsed_s=14.0, eta_s=31.0)
        await shows(pilot, "31% about 31 s left batch 4, 4 streams: measuring")
        assert "256.0" in text_of(pilot)
        assert heat(pilot).place == (4, 4)  # the cursor follows
        await keys("k")(pilot)
        job.change(at(4, 8), cells=cells(done=11))
        await shows(pilot, "batch 4, 8 streams: measuring")
        assert heat(pilot).place == (2, 4)  # until somebody moves it
        assert "– …" in text_of(pilot)


async def test_it_becomes_the_finished_one_in_place(
    open_app: Opened, store: Store, exploring: Callable[..., ExplorationJob]
) -> None:
    remember(store)
    job = exploring(exploration(cells(done=5)))
    job.change(Phase(name="measuring"), cells=cells(done=5))
    async with open_app() as pilot:
        await shows(pilot, "Best so far: batch 1, 8 streams, 340.1 FPS")
        assert "c Cancel" in text_of(pilot)
        done = exploration()
        job.end(cells=done.cells, best=done.best, pareto=done.pareto, elapsed_s=63.0)
        await shows(pilot, "Done in 1 min 3 s: 17 of 24 settings measured, 1 known from earlier, 4 failed.")
        assert "Best: batch 8, 4 streams, 538.9 FPS ±0.8 %" in text_of(pilot)
        assert "c Cancel" not in text_of(pilot)
        assert heat(pilot).place == (8, 4)


async def test_a_queued_one_says_behind_what(
    open_app: Opened, store: Store, exploring: Callable[..., ExplorationJob]
) -> None:
    remember(store)
    exploring(exploration(())).tell(events.Queued(behind="run abc0000000 of bert"))
    async with open_app() as pilot:
        await shows(pilot, "queued behind run abc0000000 of bert")
        assert len(heat(pilot).matrix.batches) == 6  # what will be tried is there already


async def test_home_lists_it_and_w_goes_back_to_it(
    open_app: Opened, store: Store, exploring: Callable[..., ExplorationJob]
) -> None:
    remember(store)
    study = exploration(cells(done=9))
    exploring(study).change(at(4, 1), cells=study.cells, best=study.best, eta_s=31.0)
    async with open_app() as pilot:
        await keys("escape")(pilot)
        line = next(line for line in text_of(pilot).splitlines() if "▶" in line)
        assert "resnet-50  explore" in line
        assert "432.9 FPS" in line
        assert "31 s left" in line
        await keys("w")(pilot)
        assert screen_name(pilot) == "ExplorationScreen"
        await keys("escape")(pilot)
        pilot.app.screen.query_one("#live").focus()
        await keys("enter")(pilot)
        assert screen_name(pilot) == "ExplorationScreen"


async def test_c_asks_and_cancels(
    open_app: Opened, store: Store, exploring: Callable[..., ExplorationJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store)
    study = exploration(cells(done=9))
    exploring(study).change(Phase(name="measuring"), cells=study.cells)
    asked: list[str] = []
    monkeypatch.setattr(OvtuiApp, "cancel", lambda app, job_id: asked.append(job_id))
    async with open_app() as pilot:
        await keys("c", "n")(pilot)
        assert asked == []
        await keys("c", "y")(pilot)
    assert asked == [study.id]


async def test_a_cancelled_one_goes_on(open_app: Opened, store: Store, started: list[dict[str, Any]]) -> None:
    remember(store)
    limits = Limits(latency_ms=12.0)
    study = keep(store, exploration(cells(done=9), status="cancelled", limits=limits, label="night"))
    async with open_app() as pilot:
        await shown(pilot, study)
        assert "CANCELLED after 1 min 3 s: 8 of 24 settings measured" in text_of(pilot)
        await keys("r")(pilot)
        await until(pilot, lambda: len(started))
    assert started[0] == {
        "model": RESNET, "spec": study.spec, "grid": GRID, "limits": limits, "seconds": None, "fresh": False,
        "resumes": study.id, "label": "night",
    }  # fmt: skip


# With the real engine


async def test_a_real_model_is_explored_and_its_best_is_measured(
    open_app: Opened, store: Store, tmp_path: Path
) -> None:
    path = nets.mlp(tmp_path / "net.xml", width=64, layers=2)
    job = await client.start_import(path)
    await job.result()
    async with open_app() as pilot:
        await keys("x")(pilot)
        await typed(pilot, "batches", "1,4")
        await typed(pilot, "streams", "1,2")
        await typed(pilot, "seconds", "0.3")
        await keys("enter")(pilot)
        await until(pilot, lambda: screen_name(pilot) == "ExplorationScreen")
        await shows(pilot, "Done in", 120)
        assert "Best: batch 4" in text_of(pilot)
        await keys("enter")(pilot)
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await keys("escape", "x")(pilot)
        await shows(pilot, "--mode manual -b 4")
    [study] = store.studies.of(Exploration).newest()
    assert study.status == "done"
    assert {cell.state for cell in study.cells} <= {"measured", "open"}


# Limits and the sweet spot


async def test_the_sweet_spot_follows_the_limit(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        assert "Best: batch 8, 4 streams, 538.9 FPS ±0.8 %, p50 59.38 ms" in text_of(pilot)
        seen: dict[float, str] = {}
        for _ in range(20):
            await pilot.press("left_square_bracket")
            limit = pilot.app.screen._limits.latency_ms  # type: ignore[attr-defined]
            spot = selection.sweet_spot(study.cells, limit)
            assert spot is not None
            seen[limit] = formatting.setting(spot.setting)
            await shows(pilot, f"Within {limit:g} ms p50: {seen[limit]}, ")
            assert _starred(pilot) == (spot.setting.batch, spot.setting.streams)
        assert sorted(seen, reverse=True) == list(seen)
        assert len(set(seen.values())) >= 3
        for _ in range(21):
            await pilot.press("right_square_bracket")
        await shows(pilot, "Best: batch 8, 4 streams")


def _starred(pilot: Pilot[Any]) -> tuple[int, int]:
    [found] = [
        (square.setting.batch, square.setting.streams)
        for row in heat(pilot).matrix.rows
        for square in row
        if square is not None and square.mark == "★"
    ]
    return found


async def test_the_limit_is_a_line_in_the_chart(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("t", *"25", "enter")(pilot)
        picture = pilot.app.screen.query_one("#chart", Plot)._picture
        assert picture is not None
        lines = [curve for curve in picture.curves if curve.look == "second" and not curve.marker]
        assert [tuple(curve.x) for curve in lines] == [(25.0, 25.0), pytest.approx((21.875, 21.875))]
        low, high = lines[1].y  # the interval of the best
        assert low is not None and high is not None and low < high
        [star] = [curve for curve in picture.curves if curve.marker == "★"]
        assert tuple(star.x) == pytest.approx((21.875,))


async def test_nothing_within_the_limit_names_the_nearest_miss(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("t", "5", "enter")(pilot)
        await shows(pilot, "Nothing keeps p50 ≤ 5 ms; the nearest is batch 1, 1 stream with 10.94 ms.")
        assert "x Run best" not in text_of(pilot)
        await keys("t", *"quick", "enter")(pilot)
        await shows(pilot, "'quick' is not a number of ms")
        assert screen_name(pilot) == "PromptScreen"
        await keys("home", "ctrl+k", *"25", "enter")(pilot)
        await shows(pilot, "Within 25 ms p50")


async def test_titles_and_settings_are_whole_where_there_is_room(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app(size=(120, 40)) as pilot:
        await shown(pilot, study)
        await shows(pilot, "★ best ● unbeaten ○ others")
        assert "strea…" not in text_of(pilot)
        assert "streams…" not in text_of(pilot)


async def test_percent_changes_the_percentile(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration(limits=Limits(latency_ms=40.0)))
    async with open_app() as pilot:
        await shown(pilot, study)
        await shows(pilot, "Within 40 ms p50: batch 4, 4 streams, 465.5 FPS")
        for name in ("p90", "p95", "p99"):
            await pilot.press("percent_sign")
            spot = selection.sweet_spot(study.cells, 40.0, name)
            assert spot is not None
            await shows(pilot, f"Within 40 ms {name}: {formatting.setting(spot.setting)}, ")
            await shows(pilot, f"FPS by {name}, ms: limit 40 ms")


def test_a_limit_goes_up_and_down_in_steps_of_ten_percent() -> None:
    known = [10.9, 59.4]
    limit: float | None = None
    found = []
    for _ in range(40):
        limit = exploration_text.stepped(limit, -1, known)
        found.append(limit)
    assert found[:4] == [56.0, 51.0, 47.0, 43.0]
    assert found[-1] == found[-2] == 10.0  # which nothing keeps any more
    assert exploration_text.stepped(10.0, 1, known) == 11.0
    assert exploration_text.stepped(56.0, 1, known) is None
    assert exploration_text.stepped(None, 1, known) is None
    assert exploration_text.stepped(20.5, 1, known) == 22.0


# What a cell says


async def test_m_shows_latencies_in_the_matrix(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("m")(pilot)
        assert "Latency p50, ms" in text_of(pilot)
        assert heat(pilot).matrix.rows[0][0].text == "10.94"  # type: ignore[union-attr]
        await keys("m")(pilot)
        assert heat(pilot).matrix.rows[0][0].text == "15.31"  # type: ignore[union-attr]
        await keys("m")(pilot)
        assert heat(pilot).matrix.rows[0][0].text == "91.43"  # type: ignore[union-attr]


async def test_the_cursor_explains_each_cell(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await shows(pilot, "batch 8, 4 streams: 538.9 FPS ±0.8 %, p50 59.38 ms, p99 83.12 ms, 468.0 MB")
        await shows(pilot, "measured in 5 rounds of the race; nothing is both quicker and faster")
        await keys("g", "down")(pilot)
        await shows(pilot, "known from an earlier run (09-21 14:13, run0000000); nothing is both quicker and")
        await keys("G")(pilot)
        await shows(pilot, f"batch 32, 8 streams failed: {REFUSED}")
        await keys("k")(pilot)
        await shows(pilot, "batch 16, 8 streams not measured")


async def test_enter_on_a_cell_opens_its_run(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("enter")(pilot)
        assert screen_name(pilot) == "RunScreen"
        assert pilot.app.screen._run_id == "cell008x04"  # type: ignore[attr-defined]
        await keys("escape", "G", "enter")(pilot)
        assert screen_name(pilot) == "ExplorationScreen"
        assert "It has no run" in text_of(pilot)


async def test_settings_that_share_a_tile_are_seen_in_turn(open_app: Opened, store: Store) -> None:
    remember(store)
    pair = [
        measured(Setting(batch=1, streams=1), run="aaaaaaaaaa"),
        msgspec.structs.replace(
            measured(Setting(batch=1, streams=1, threads=2), run="bbbbbbbbbb"),
            throughput_fps=measured(Setting(batch=2, streams=2)).throughput_fps,
        ),
    ]
    study = keep(store, exploration(tuple(pair), grid=Grid(batches=(1,), streams=(1,), threads=(None, 2))))
    async with open_app() as pilot:
        await shown(pilot, study)
        await shows(pilot, "batch 1, 1 stream, 2 threads: 256.0 FPS")
        await shows(pilot, "measured; nothing is both quicker and faster; 1 of 2 here: Space")
        await keys("space")(pilot)
        await shows(pilot, "batch 1, 1 stream: 91.43 FPS")
        await keys("enter")(pilot)
        assert pilot.app.screen._run_id == "aaaaaaaaaa"  # type: ignore[attr-defined]


async def test_a_place_that_was_not_chosen_is_empty(open_app: Opened, store: Store) -> None:
    remember(store)
    chosen = (Setting(batch=1, streams=1), Setting(batch=8, streams=2))
    grid = Grid(batches=(1,), streams=(1,), chosen=chosen, search=False)
    study = keep(store, exploration(tuple(map(measured, chosen)), grid=grid))
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("g", "l")(pilot)
        await shows(pilot, "batch 1, 2 streams: not one of the chosen settings")
        await keys("enter", "j")(pilot)
        await shows(pilot, "batch 8, 2 streams: 465.5 FPS")


async def test_x_measures_the_sweet_spot_properly(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app(size=(160, 50)) as pilot:
        await shown(pilot, study)
        await keys("t", *"25", "enter", "x")(pilot)
        assert isinstance(pilot.app.screen, ConfigureScreen)
        spot = selection.sweet_spot(study.cells, 25.0)
        assert spot is not None
        spec = pilot.app.screen._spec
        assert spec is not None
        assert (spec.mode, spec.batch, spec.streams, spec.profile) == (
            "manual", spot.setting.batch, spot.setting.streams, True,
        )  # fmt: skip


async def test_y_copies_the_matrix_as_a_table(open_app: Opened, store: Store, home: Path) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("y")(pilot)
    lines = (home / "copied.txt").read_text().splitlines()
    assert "batch\t1 stream\t2 streams\t4 streams\t8 streams" in lines
    assert "8\t365.7\t465.5\t538.9 ★\t482.4" in lines
    assert "32\t– ×\t– ×\t– ×\t– ×" in lines
    assert lines[-1] == "ovtui explore resnet-50 --streams 1..8"


async def test_e_writes_a_file(open_app: Opened, store: Store, tmp_path: Path) -> None:
    remember(store)
    study = keep(store, exploration())
    path = tmp_path / "found.json"
    async with open_app() as pilot:
        await shown(pilot, study)
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, path.exists)
    written = json.loads(path.read_text())
    assert written["id"] == study.id
    assert len(written["runs"]) == 18


async def test_all_failed_says_why(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, all_failed())
    async with open_app() as pilot:
        await shown(pilot, study)
        text = text_of(pilot)
        assert text.count("Nothing could be measured: the device is gone.") == 1
        assert "FAILED after 1 min 3 s: 0 of 24 settings measured, 24 failed. r goes on." in text
        assert "x Run best" not in text


def all_failed() -> Exploration:
    failed = tuple(Cell(setting=cell.setting, state="failed", reason="the device is gone.") for cell in cells())
    return exploration(failed, status="failed", error="Nothing could be measured: the device is gone.")


async def test_one_that_was_deleted_is_said(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, exploration())
    async with open_app() as pilot:
        await shown(pilot, study)
        store.studies.delete(study.id)
        pilot.app.changed()  # type: ignore[attr-defined]
        await until(pilot, lambda: screen_name(pilot) == "HomeScreen")
        await shown(pilot, study)
        assert "That study has been deleted." in text_of(pilot)


async def test_the_palette_lists_all_explorations(open_app: Opened, store: Store) -> None:
    remember(store)
    keep(store, exploration(label="nightly"))
    async with open_app(size=(160, 50)) as pilot:
        await keys("ctrl+p", *"explorations", "enter")(pilot)
        await shows(pilot, "resnet-50 Best: batch 8, 4 streams")
        await keys("enter")(pilot)
        assert screen_name(pilot) == "ExplorationScreen"


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_hostile_names_are_shown_and_not_obeyed(open_app: Opened, store: Store, name: str) -> None:
    model = msgspec.structs.replace(RESNET, name=name)
    failed = tuple(Cell(setting=cell.setting, state="failed", reason=name) for cell in cells())
    study = exploration(
        (measured(Setting(batch=1, streams=1)), *failed[1:]), model=model, label=name or None, warnings=(name,),
        spec=msgspec.structs.replace(FRESH, device=name or "CPU", properties={"A": name}),
    )  # fmt: skip
    keep(store, study)
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("G", "y", "escape")(pilot)
        pilot.app.open_explore(model)  # type: ignore[attr-defined]
        await painted(pilot)
        assert isinstance(pilot.app.screen, ExploreScreen)
        assert not set("\x00\x07\x1b\u202e") & set(text_of(pilot))


# Arrival rates


async def test_arrival_rates_show_what_was_missed(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, server_search())
    async with open_app() as pilot:
        await shown(pilot, study)
        await shows(pilot, "Up to 412.0 arrivals per second keep p99 ≤ 20 ms; 0.84 % of the arrivals missed it.")
        rows = [" ".join(line.split()) for line in text_of(pilot).splitlines()]
        assert "★ 412.0 11.80 16.52 0.8 % 0.6 % – 1.2 % 0.8 % kept" in rows
        assert "433.0 15.20 21.28 3.1 % 2.2 % – 4.4 % 3.1 % missed" in rows
        assert "Limit" not in text_of(pilot)
        await keys("enter")(pilot)
        assert pilot.app.screen._run_id == "load000412"  # type: ignore[attr-defined]


async def test_x_measures_the_highest_rate(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, server_search())
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("x")(pilot)
        assert isinstance(pilot.app.screen, ConfigureScreen)
        spec = pilot.app.screen._spec
        assert spec is not None
        assert (spec.mode, spec.rate) == ("server", 412.0)


async def test_a_limit_on_another_percentile_has_its_column(open_app: Opened, store: Store, home: Path) -> None:
    remember(store)
    study = keep(store, server_search(limits=Limits(latency_ms=20.0, percentile="p95")))
    async with open_app() as pilot:
        await shown(pilot, study)
        assert "P95 MS" in text_of(pilot)
        assert "14.16" in text_of(pilot)  # of the best rate: 1.2 times its median
        assert "at most 5 % may miss 20 ms" in text_of(pilot)
        await keys("y")(pilot)
    assert "arrivals/s\tp50 ms\tp95 ms\tmissed\t95 % CI\texpected\tkept" in (home / "copied.txt").read_text()


async def test_no_rate_that_keeps_the_limit_is_said(open_app: Opened, store: Store) -> None:
    remember(store)
    study = keep(store, server_search(load(391.0, 31.0, 0.2), load(300.0, 28.0, 0.1)))
    async with open_app() as pilot:
        await shown(pilot, study)
        await shows(pilot, "No rate that was tried keeps p99 ≤ 20 ms; the lowest, 300.0 per second, has p99 39.2 ms.")


# Plots and tiles


def test_a_plot_has_equal_distances_for_equal_ratios_where_latencies_are_far_apart() -> None:
    from ovtui.tui.charts import trade

    picture = trade(cells(), (), None, 30.0, "p50")
    assert picture is not None
    assert picture.log_x
    lines = characters(picture, 70, 12).splitlines()
    ticks = lines[-1]
    assert [ticks.index(text) for text in ("20", "50", "100")] == sorted(ticks.index(t) for t in ("20", "50", "100"))
    assert abs((ticks.index("50") - ticks.index("20")) / (ticks.index("100") - ticks.index("50")) - 1.32) < 0.15


def test_a_chart_of_points_marks_them_and_nothing_else() -> None:
    from ovtui.tui.charts import trade

    found = cells()
    front = {cell.run for cell in selection.pareto(found) if cell.run}
    spot = selection.best(found, Limits())
    picture = trade(found, front, spot, None, "p99")
    assert picture is not None
    marked = {curve.marker: len(curve.x) for curve in picture.curves if curve.marker}
    assert marked == {"○": 18 - len(front), "●": len(front), "★": 1}
    assert trade((), (), None, 10.0, "p50") is None


def without_p99(cell: Cell) -> Cell:
    """As after few inferences."""
    latency = cell.latency_ms
    return cell if latency is None else replace(cell, latency_ms=replace(latency, p99=None))


async def test_a_chart_of_a_percentile_that_nothing_has_says_why_and_so_does_the_verdict(
    open_app: Opened, store: Store
) -> None:
    found = tuple(map(without_p99, cells()))
    study = keep(store, exploration(found, limits=Limits(latency_ms=120.0, percentile="p99")))
    async with open_app() as pilot:
        await shown(pilot, study)
        assert "too few inferences for p99; % chooses another" in text_of(pilot)
        assert "18 without p99" in text_of(pilot)
        assert "FPS ±0.8 %, 103.1 ms at most (too few inferences for p99)" in " ".join(text_of(pilot).split())
        assert "p99 –" not in text_of(pilot)
        await pilot.press("percent_sign")  # p50
        await painted(pilot)
        assert "too few" not in text_of(pilot)
        assert "without" not in text_of(pilot)


async def test_a_chart_counts_what_it_has_no_place_for(open_app: Opened, store: Store) -> None:
    first, *rest = cells()
    study = keep(store, exploration((without_p99(first), *rest), limits=Limits(latency_ms=120.0, percentile="p99")))
    async with open_app((160, 50)) as pilot:
        await shown(pilot, study)
        assert "limit 120 ms, 1 without p99" in text_of(pilot)
        text = pilot.app.screen.query_one("#chart", Plot).text
        assert "17 settings" in text
        assert "1 setting with too few inferences for p99." in text


async def test_a_matrix_larger_than_the_screen_scrolls_with_the_cursor(open_app: Opened, store: Store) -> None:
    from ovtui.analysis.exploration.grid import settings

    remember(store)
    grid = Grid(batches=tuple(range(1, 21)), streams=tuple(range(1, 25)))
    found = tuple(measured(setting, run=f"c{n:09}") for n, setting in enumerate(settings(grid)))
    study = exploration(found, grid=grid)
    store.models.save(RESNET)
    from tests.tui.explorations import its_study_job

    store.studies.create(study, its_study_job(study))
    async with open_app() as pilot:
        await shown(pilot, study)
        await keys("g")(pilot)
        assert "↓" in text_of(pilot)
        assert "›" in text_of(pilot)
        await keys("G")(pilot)
        assert heat(pilot).place == (20, 24)
        assert "↑" in text_of(pilot)
        assert "‹" in text_of(pilot)
        assert "▸" in text_of(pilot)


# Pictures

SIZES = ((80, 24), (160, 50))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def snap(request: pytest.FixtureRequest, snap_compare: Any, store: Store) -> Callable[..., bool]:
    """The screen of a study after these keys; of the form without one."""

    def compare(
        study: Exploration | None, *pressed: str, live: bool = False, earlier: tuple[Exploration, ...] = ()
    ) -> bool:
        async def step(pilot: Pilot[Any]) -> None:
            await painted(pilot)
            if study is None:
                await keys("x")(pilot)
            elif not live:
                await shown(pilot, study)
            await keys(*pressed)(pilot)

        remember(store)
        for each in (*earlier, *((study,) if study is not None and not live else ())):
            keep(store, each)
        return bool(snap_compare(OvtuiApp(store), terminal_size=request.param, run_before=step))

    return compare


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    from ovtui.tui.screens import explore as screen

    monkeypatch.setattr(screen, "cores", lambda: 4)


@pytest.mark.usefixtures("four_cores")
def test_picture_of_the_form(snap: Callable[..., bool]) -> None:
    assert snap(None, earlier=(exploration(), server_search(id="explore001", status="cancelled")))


@pytest.mark.usefixtures("four_cores")
def test_picture_of_the_form_with_a_limit(snap: Callable[..., bool]) -> None:
    assert snap(None, *["tab"] * 5, *"12", "down", "down", "down", "space")


@pytest.mark.usefixtures("four_cores")
def test_picture_of_the_form_with_a_mistake(snap: Callable[..., bool]) -> None:
    assert snap(None, "tab", *"8-2")


def test_picture_of_a_live_matrix(snap: Callable[..., bool], exploring: Callable[..., ExplorationJob]) -> None:
    study = exploration(cells(done=10))
    exploring(study).change(
        at(4, 4), cells=study.cells, best=study.best, pareto=study.pareto, elapsed_s=14.0,
        eta_s=31.0,
    )  # fmt: skip
    assert snap(study, live=True)


def test_picture_of_a_finished_one(snap: Callable[..., bool]) -> None:
    warnings = ("Other processes used 12 % of the processor.",)
    assert snap(exploration(limits=Limits(latency_ms=80.0, percentile="p99"), warnings=warnings), "k", "h")


def test_picture_of_arrival_rates(snap: Callable[..., bool]) -> None:
    assert snap(server_search())


def test_picture_of_all_failed(snap: Callable[..., bool]) -> None:
    assert snap(all_failed())


@pytest.mark.parametrize("theme", ["ovtui-light", "ovtui-high-contrast", "ansi-dark", "ansi-light"])
def test_picture_in_each_theme(snap_compare: Any, store: Store, theme: str) -> None:
    remember(store)
    study = keep(store, exploration(limits=Limits(latency_ms=80.0, percentile="p99")))
    app = OvtuiApp(store)
    app.theme = theme

    async def step(pilot: Pilot[Any]) -> None:
        await painted(pilot)
        await shown(pilot, study)
        await keys("k")(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=step)


def test_picture_on_a_console(snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM")
    remember(store)
    study = keep(store, exploration(limits=Limits(latency_ms=80.0, percentile="p99")))

    async def step(pilot: Pilot[Any]) -> None:
        await painted(pilot)
        await shown(pilot, study)

    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=step)
