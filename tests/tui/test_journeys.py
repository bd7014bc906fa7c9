"""What a person does with the app, from the first start to the result, with the real engine behind it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import onnx
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from ovtui import specs
from ovtui.engine import client, liveness
from ovtui.errors import OvtuiError
from ovtui.records import Model, RunFilter, Spec, Stop
from ovtui.store import Store
from ovtui.tui import last_settings
from ovtui.tui.app import OvtuiApp
from ovtui.tui.widgets.table import Table
from tests.store.samples import NOW, a_model, a_result, a_run, its_job
from tests.tui.conftest import Opened, Scripted, remember, screen_name, shows, text_of, until

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


async def test_the_first_start_offers_the_demo_and_it_leads_to_a_result(open_app: Opened, store: Store) -> None:
    async with open_app() as pilot:
        await shows(pilot, "Nothing here yet.")
        await pilot.press("d")
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
        await shows(pilot, "demo throughput: queued")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "What next")
        await pilot.press("w")
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "demo throughput")
        await pilot.press("escape", "escape")
        await shows(pilot, "Recent runs")
    done = store.runs.page(RunFilter(status="done"))
    assert [run.label for run in done] == ["demo throughput", "demo latency"]


async def test_a_real_file_is_imported_configured_and_measured(open_app: Opened, store: Store) -> None:
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        pilot.app.screen.query_one("#path", Input).value = f"{LIGHT}/light_squeezenet.o"
        await pilot.pause()
        await pilot.press("tab")
        assert pilot.app.screen.query_one("#path", Input).value == f"{LIGHT}/light_squeezenet.onnx"
        await pilot.press("enter")
        await shows(pilot, "26 Convolution")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await pilot.press("right")  # throughput
        await shows(pilot, "$ ovtui run light_squeezenet --mode throughput")
        await pilot.press("tab", "tab", "space", "tab", "right")  # stop: after seconds
        await pilot.press("tab", "1")
        await shows(pilot, "--mode throughput -t 1")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "light_squeezenet CPU throughput")
    (run,) = store.runs.whole()
    assert run.status == "done"
    assert run.spec.mode == "throughput"
    assert run.spec.stop.seconds == 1


async def test_what_was_set_in_configure_is_where_the_next_one_begins(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("G", "enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, "$ ovtui run bert-base --mode throughput -t 10")


async def test_options_of_one_time_are_not_where_the_next_one_begins(
    open_app: Opened, store: Store, mlp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo, a line of a script, an advice, an A/B test: nobody set those for the model."""
    measured: list[Spec] = []

    async def not_at_all(model: Model, spec: Spec, **other: object) -> None:
        measured.append(spec)
        raise OvtuiError("Nothing is measured in this test.")

    monkeypatch.setattr(client, "start_run", not_at_all)
    async with open_app(model=str(mlp)) as pilot:
        await shows(pilot, "Enter goes on to measure it")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await pilot.press("right", "enter")  # throughput
        await shows(pilot, "Nothing is measured in this test.")
        (model,) = store.models.all()
        once = Spec(model=model.id, mode="latency", stop=Stop(kind="seconds", seconds=1), profile=False)
        run = a_run("once000000", model, spec=once)
        store.runs.create(run, its_job(run))
        store.runs.finish(run.id, "done", finished=NOW, result=a_result())
        assert isinstance(pilot.app, OvtuiApp)
        pilot.app.measure(model, msgspec.structs.replace(once, threads=1))  # what advice does
        await until(pilot, lambda: len(measured) == 2)
        await until(pilot, lambda: not pilot.app.workers)
        pilot.app.open_configure(model)
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, f"$ ovtui run {mlp.stem} --mode throughput")
        assert "--no-profile" not in text_of(pilot)
        assert "-t 1" not in text_of(pilot)
    assert last_settings.recall(store, model.id) == measured[0]
    assert last_settings.recall(store, "another") is None


async def test_a_model_that_only_a_demo_measured_begins_with_the_defaults(open_app: Opened, store: Store) -> None:
    store.models.save(a_model())
    for mode in specs.DEMO_MODES:
        run = a_run(f"{mode}00000"[:10], spec=specs.demo(a_model().id, mode))
        store.runs.create(run, its_job(run))
        store.runs.finish(run.id, "done", finished=NOW, result=a_result())
    async with open_app() as pilot:
        assert isinstance(pilot.app, OvtuiApp)
        pilot.app.open_configure(a_model())
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await until(pilot, lambda: "$ ovtui run" in text_of(pilot))
        line = next(line for line in text_of(pilot).splitlines() if "$ ovtui run" in line)
        assert line.split("ovtui run ")[1].split() == [a_model().name]


async def test_a_bad_file_is_explained_in_place(open_app: Opened, tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_text("hello")
    async with open_app(model=str(bad)) as pilot:
        await shows(pilot, "is text, not a model")
        assert screen_name(pilot) == "ImportScreen"
        pilot.app.screen.query_one("#path", Input).value = str(tmp_path / "gone.onnx")
        await pilot.press("enter")
        await shows(pilot, "There is no file")
        assert "is text" not in text_of(pilot)


async def test_an_open_shape_is_asked_for_and_used(open_app: Opened, store: Store, dynamic: Path) -> None:
    async with open_app(model=str(dynamic)) as pilot:
        await shows(pilot, "The shape is open")
        field = pilot.app.screen.query_one("#shape Input", Input)
        assert field.value == "'image[1,3,224,224]'"
        field.value = "image[1,3]"
        await shows(pilot, "cannot have shape")
        field.value = "image[2,3,32,32]"
        await shows(pilot, "The shape is open")
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, "--shape 'image[2,3,32,32]'")
        await pilot.press("enter")
        await until(pilot, lambda: bool(store.runs.page()))
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
    (run,) = store.runs.whole()
    assert run.spec.shapes == {"image": (2, 3, 32, 32)}


async def test_cancelling_asks_and_keeps_what_was_measured(open_app: Opened, store: Store, mlp: Path) -> None:
    async with open_app(model=str(mlp)) as pilot:
        await start(pilot)
        await shows(pilot, "left")
        await pilot.press("c")
        await shows(pilot, "What it has measured is kept.")
        await pilot.press("n")
        await pilot.pause()
        assert screen_name(pilot) == "LiveScreen"
        await pilot.press("c", "y")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "Cancelled after")
    (run,) = store.runs.whole()
    assert run.status == "cancelled"
    assert run.result is not None


async def test_a_run_goes_on_without_the_app_and_the_next_start_shows_it(
    open_app: Opened, store: Store, mlp: Path
) -> None:
    async with open_app(model=str(mlp)) as pilot:
        await start(pilot)
        await shows(pilot, "left")
        await pilot.press("escape")
        await shows(pilot, "Going on")
    (job,) = store.jobs.live()
    assert liveness.alive(job.pid, job.pid_started)
    async with open_app() as pilot:
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen", seconds=2)
        await shows(pilot, "left", seconds=2)
        assert job.pid
        os.kill(job.pid, signal.SIGTERM)
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")


async def test_a_job_that_is_killed_ends_as_interrupted(open_app: Opened, store: Store, mlp: Path) -> None:
    async with open_app(model=str(mlp)) as pilot:
        await start(pilot)
        await shows(pilot, "left")
        (job,) = store.jobs.live()
        assert job.pid
        os.kill(job.pid, signal.SIGKILL)
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "INTERRUPTED")


async def test_deleting_asks_and_can_be_undone(open_app: Opened, store: Store) -> None:
    remember(store)
    before = store.runs.whole()
    async with open_app() as pilot:
        await pilot.press("a")
        await shows(pilot, "12 runs")
        await pilot.press("space", "space", "D")
        await shows(pilot, "Delete these 2 runs")
        await pilot.press("y")
        await shows(pilot, "10 runs")
        assert store.runs.count() == 10
        await pilot.press("u")
        await shows(pilot, "12 runs")
    assert store.runs.whole() == before


async def test_a_run_is_deleted_from_its_own_screen_and_home_no_longer_lists_it(open_app: Opened, store: Store) -> None:
    made = remember(store)
    async with open_app() as pilot:
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        await pilot.press("D", "y")
        await until(pilot, lambda: screen_name(pilot) == "HomeScreen")
        assert store.runs.get(made[-1].id) is None
        assert pilot.app.screen.query_one("#recent", Table).rows.key(0) == made[-2].id


async def test_a_queued_run_says_behind_what(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    from ovtui.engine import events

    job.tell(events.Queued(behind="run abc of another"))
    async with open_app() as pilot:
        await shows(pilot, "queued behind run abc of another")


async def test_what_is_live_can_be_switched(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    first, second = scripted(job_id="live000001"), scripted(job_id="live000002", mode="latency")
    first.start()
    first.measure()
    from ovtui.engine import events

    second.tell(events.Queued(behind="run live000001"))
    async with open_app(size=(120, 40)) as pilot:
        await shows(pilot, "190.0 FPS")
        await pilot.press("right_square_bracket")
        await shows(pilot, "queued behind run live000001")
        await pilot.press("left_square_bracket")
        await shows(pilot, "190.0 FPS")


async def test_live_runs_of_one_model_are_told_apart(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job, _ = scripted(job_id="live000001"), scripted(job_id="live000002")
    job.start()
    job.measure()
    async with open_app() as pilot:
        await shows(pilot, "live000001: measuring live000002: starting")
        await pilot.press("right_square_bracket")
        await shows(pilot, "live000002: starting live000001: measuring")
        await pilot.press("escape")
        await shows(pilot, "live000001 measuring")
        await shows(pilot, "live000002 starting")


async def test_the_line_of_jobs_begins_with_the_one_that_is_viewed(
    open_app: Opened, store: Store, scripted: Callable[..., Scripted]
) -> None:
    for number in range(4):
        scripted(job_id=f"live00000{number}")
        store.runs.set_label(f"live00000{number}", f"nightly check number {number}")
    async with open_app() as pilot:
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: text_of(pilot).splitlines()[1].startswith("  nightly ch… number 2: starting"))


async def test_how_far_a_run_is_fits_a_narrow_screen(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job = scripted(stop=Stop(ci=0.5))
    job.start()
    job.measure()
    async with open_app() as pilot:
        await shows(pilot, "(until ±50 %, 5 to 60 s)")


async def test_a_run_that_ends_becomes_its_result(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    job.start()
    job.measure()
    async with open_app() as pilot:
        await shows(pilot, "190.0 FPS ±2.0 %")
        await shows(pilot, "about 2 s left")
        job.end()
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await shows(pilot, "known well enough")


async def test_noise_is_said_with_its_reason(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    job.start()
    job.measure(disturbed="other processes used 0.7 of 2 cores")
    async with open_app() as pilot:
        await shows(pilot, "! Disturbed: other processes used 0.7 of 2 cores.")


async def test_warm_up_is_told_from_measuring(open_app: Opened, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    job.start()
    job.measure(windows=3)
    async with open_app() as pilot:
        await shows(pilot, "warming up: these do not count yet")


async def start(pilot: Pilot[Any]) -> None:
    """From what was read of a file to a run that goes on for long."""
    await shows(pilot, "parameters")
    await pilot.press("enter")
    await shows(pilot, "$ ovtui run")
    await pilot.press("tab", "tab", "space", "tab", "right", "tab")
    await pilot.press(*"600")
    await shows(pilot, "-t 600")
    await pilot.press("enter")
    await until(pilot, lambda: screen_name(pilot) == "LiveScreen")


@pytest.fixture(autouse=True)
def devices_are_known(store: Store) -> None:
    """What asking OpenVINO for its devices would find: each test would take a second longer."""
    import importlib.metadata

    from ovtui.engine.devices import Devices, Property, machine

    store.settings.set(
        "devices",
        Devices(
            machine=machine(),
            openvino=importlib.metadata.version("openvino"),
            names={"CPU": "A processor"},
            properties={"CPU": (Property(key="ENABLE_CPU_PINNING", value="YES", kind="YES, NO"),)},
        ),
    )
