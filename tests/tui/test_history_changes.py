"""The history's plot shows where a model became slower, and says the last change in a sentence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from ovtui.records import Model, Spec
from ovtui.store import Store
from ovtui.tui.widgets.plot import Plot
from ovtui.tui.widgets.table import Table
from tests.store.samples import NOW, a_model, a_result, a_run, an_effective, an_environment, its_job
from tests.tui.conftest import Opened, painted, screen_name, shows, text_of, until

NET = a_model("net0000001", name="net")


def measured(
    store: Store, n: int, rate: float, *, model: Model = NET, openvino: str = "2026.4.0", batch: int = 4, **spec: Any
) -> None:
    """The nth run, an hour after the one before."""
    asked = Spec(model=model.id, **{"mode": "throughput", **spec})
    run = a_run(f"{batch}run{n:03}000", model, created=NOW + 3_600 * n, spec=asked)
    store.models.save(model)
    store.runs.create(run, its_job(run))
    store.runs.set_environment(run.id, msgspec.structs.replace(an_environment(), openvino=openvino))
    store.runs.set_effective(run.id, msgspec.structs.replace(an_effective(), batch=batch))
    rate *= 1 + 0.004 * (n * 7 % 5 - 2)
    store.runs.finish(run.id, "done", finished=run.created + 9, result=a_result(rate))


def slowed(store: Store, model: Model = NET) -> None:
    """Ten runs at 100 FPS, ten at 80 with a newer OpenVINO."""
    for n in range(20):
        slow = n >= 10
        measured(store, n, 80 if slow else 100, model=model, openvino="2026.5.0" if slow else "2026.4.0")


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("a")
    await until(pilot, lambda: screen_name(pilot) == "HistoryScreen" and len(pilot.app.screen.query_one(Table).rows))
    await painted(pilot)


def picture(pilot: Pilot[None]) -> Any:
    return pilot.app.screen.query_one(Plot)._picture


def sentence(pilot: Pilot[None]) -> str:
    line = pilot.app.screen.query_one("#change", Static)
    return str(line.render()) if line.display else ""


@pytest.mark.parametrize("size", [(80, 40), (160, 50)])
async def test_a_change_is_marked_and_said(store: Store, open_app: Opened, size: tuple[int, int]) -> None:
    slowed(store)
    async with open_app(size) as pilot:
        await opened(pilot)
        await shows(pilot, "run 4run010000: 20 % slower (")
        assert sentence(pilot).startswith("Since ")
        await shows(pilot, "Different OpenVINO: 2026.4.0 and 2026.5.0.")
        x = picture(pilot).curves[0].x
        assert picture(pilot).upright == (x[10],)
        assert "20 % slower" in pilot.app.screen.query_one(Plot).text


async def test_a_drift_is_told_and_marks_no_run(store: Store, open_app: Opened) -> None:
    for n in range(20):
        measured(store, n, 100 - n)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await shows(pilot, "% slower, gradually over 20 runs (")
        assert sentence(pilot).startswith("Drift: ")
        assert picture(pilot).upright == ()


async def test_calm_runs_say_that_nothing_changed(store: Store, open_app: Opened) -> None:
    for n in range(12):
        measured(store, n, 100)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await shows(pilot, "No change in 12 runs.")
        assert picture(pilot).upright == ()


async def test_too_few_runs_say_nothing(store: Store, open_app: Opened) -> None:
    for n in range(3):
        measured(store, n, 100)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        assert picture(pilot) is not None
        assert sentence(pilot) == ""


async def test_the_cursor_chooses_the_spec_whose_changes_are_shown(store: Store, open_app: Opened) -> None:
    slowed(store)
    for n in range(20, 32):
        measured(store, n, 300, batch=8)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: sentence(pilot) == "No change in 12 runs.")
        assert picture(pilot).upright == ()
        await pilot.press("end")
        await until(pilot, lambda: "20 % slower" in sentence(pilot))
        assert picture(pilot).upright == (picture(pilot).curves[0].x[10],)


async def test_another_model_has_other_changes(store: Store, open_app: Opened) -> None:
    slowed(store)
    other = a_model("calm000001", name="calm")
    for n in range(30, 34):
        measured(store, n, 100, model=other)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: sentence(pilot).startswith("No large change in 4 runs"))
        await pilot.press("end")
        await until(pilot, lambda: "20 % slower" in sentence(pilot))


async def test_a_new_content_of_the_file_is_a_change_of_one_series(store: Store, open_app: Opened) -> None:
    later = msgspec.structs.replace(NET, id="net0000002", sha256="e" * 64)
    for n in range(20):
        measured(store, n, 100 if n < 10 else 80, model=NET if n < 10 else later)
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "Different content of the model's file" in sentence(pilot))


async def test_the_plot_can_be_opened_on_a_small_terminal(store: Store, open_app: Opened) -> None:
    slowed(store)
    async with open_app((80, 24)) as pilot:
        await opened(pilot)
        assert "slower" not in text_of(pilot)
        await pilot.press("p")
        await shows(pilot, "20 % slower")


async def test_a_hostile_environment_is_shown_as_text(store: Store, open_app: Opened) -> None:
    for n in range(20):
        measured(store, n, 100 if n < 10 else 80, openvino="1" if n < 10 else "[bold]\x1b[31m\u202e")
    async with open_app((120, 40)) as pilot:
        await opened(pilot)
        await shows(pilot, "Different OpenVINO: 1 and [bold]\\x1b[31m\\u202e.")
