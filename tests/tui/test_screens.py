"""Every screen as a picture at two sizes; `pytest tests/tui/test_screens.py --snapshot-update` draws them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from ovtui.engine import events
from ovtui.records import Model
from ovtui.store import Store
from ovtui.tui.app import OvtuiApp
from ovtui.tui.widgets.plot import Plot
from tests.store.samples import a_model
from tests.tui.conftest import BERT, RESNET, Scripted, Step, keys, painted, remember, screen_name, until

SIZES = ((80, 24), (120, 40))
Snap = Callable[..., bool]

pytestmark = pytest.mark.usefixtures("one_moment")


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def snap(request: pytest.FixtureRequest, snap_compare: Any, store: Store) -> Snap:
    def compare(step: Step | None = None, model: str | None = None) -> bool:
        app = OvtuiApp(store, model=model)
        return bool(snap_compare(app, terminal_size=request.param, run_before=step or keys()))

    return compare


def test_home_empty(snap: Snap) -> None:
    assert snap()


def test_home(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap()


def test_home_with_a_run_going_on(snap: Snap, store: Store, scripted: Callable[..., Scripted]) -> None:
    remember(store)
    job = scripted()
    job.start()
    job.measure()
    assert snap(keys("escape"))


def test_help(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("question_mark"))


def test_the_palette(snap: Snap, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(store)
    # On a busy machine the list would come in parts, and the one that is highlighted with the first.
    monkeypatch.setattr(CommandPalette, "_RESULT_BATCH_TIME", 60)

    async def step(pilot: Pilot[Any]) -> None:
        await keys("ctrl+p")(pilot)
        await until(pilot, lambda: pilot.app.screen.has_class("-ready"))
        await painted(pilot)

    assert snap(step)


def test_import(snap: Snap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("models/inner", "models/saved"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "models/saved/saved_model.pb").write_bytes(b"x")
    for name, size in (("a.onnx", 2_000_000), ("b.xml", 300), ("notes.txt", 5), ("c.tflite", 70_000)):
        (tmp_path / "models" / name).write_bytes(b"\0" * size)
    monkeypatch.chdir(tmp_path)

    async def step(pilot: Pilot[Any]) -> None:
        await keys("i")(pilot)
        pilot.app.screen.query_one("#path", Input).value = "models/"
        await painted(pilot)

    assert snap(step)


def test_import_read(snap: Snap) -> None:
    assert snap(_read(RESNET))


def test_import_of_a_hostile_name(snap: Snap) -> None:
    hostile = "\x1b[31mred[/foo] [bold]\u202e:smile: 名前\x07"
    assert snap(_read(a_model("hostile001", name=hostile, path=f"/models/{hostile}.onnx", notes=(hostile,))))


def _read(model: Model) -> Step:
    async def step(pilot: Pilot[Any]) -> None:
        await keys("i")(pilot)
        pilot.app.screen.query_one("#path", Input).value = "model.onnx"
        await painted(pilot)
        pilot.app.screen._say("Read in 0.7 s. Enter goes on to measure it.")  # type: ignore[attr-defined]
        pilot.app.screen._found(model)  # type: ignore[attr-defined]
        await painted(pilot)

    return step


def test_import_failed(snap: Snap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")

    async def step(pilot: Pilot[Any]) -> None:
        await keys("i")(pilot)
        pilot.app.screen.query_one("#path", Input).value = "/no-such-folder/model.pt"
        await painted(pilot)
        await pilot.press("enter")
        await painted(pilot)

    assert snap(step)


def test_configure(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("enter"))


def test_configure_open(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("enter", "right", "right", "tab", "tab", "space"))


def test_configure_wrong(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("enter", "right", "right", "down", "down", "down", "space", "down", "x"))


def test_choosing_a_property(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("enter", "ctrl+t"))


def test_live_compiling(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    scripted().start()
    assert snap()


def test_live_warming(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    job.start()
    job.measure(windows=4)
    assert snap()


def test_live(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    job, other = scripted(), scripted(job_id="live000002", model=BERT, mode="latency")
    job.start()
    job.measure()
    other.tell(events.Queued(behind="run live000000 of resnet-50"))
    assert snap(_drawn)


def test_live_disturbed(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    job = scripted()
    job.start()
    job.measure(disturbed="other processes used 0.7 of 2 cores")
    assert snap(_drawn)


def test_live_queued(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    scripted().tell(events.Queued(behind="run abc0000000 of another model"))
    assert snap()


def test_cancelling(snap: Snap, scripted: Callable[..., Scripted]) -> None:
    scripted().start()
    assert snap(keys("c"))


async def _drawn(pilot: Pilot[Any]) -> None:
    """Both halves of the live screen's plots."""
    await painted(pilot)
    await until(pilot, lambda: screen_name(pilot) == "LiveScreen" and len(pilot.app.screen.query(Plot)) == 3)
    for _ in range(2):
        pilot.app.screen._draw(pilot.app.screen.watched)  # type: ignore[attr-defined]
    await until(pilot, lambda: all(each._picture for each in pilot.app.screen.query(Plot)))
    await pilot.pause(0.2)


def test_run(snap: Snap, store: Store) -> None:
    assert snap(keys("tab", "enter"), model=_one(store))


@pytest.mark.parametrize("tab", ["6", "7", "8"])
def test_run_tabs(snap: Snap, store: Store, tab: str) -> None:
    _one(store)
    assert snap(keys("tab", "enter", tab))


def test_run_failed(snap: Snap, store: Store) -> None:
    remember(store, 5)
    assert snap(keys("tab", "enter"))


def test_run_doubtful(snap: Snap, store: Store) -> None:
    remember(store, 4)
    assert snap(keys("tab", "enter"))


def _one(store: Store) -> None:
    remember(store, 1)


def test_history(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("a", "space"))


def test_history_filtered(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("a", "slash", *"resnet", "space", *"fps", "greater_than_sign", *"150"))


def test_columns(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("a", "v"))


def test_compare(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("a", "space", "space", "c"))


def test_labelling(snap: Snap, store: Store) -> None:
    remember(store)
    assert snap(keys("a", "n"))


@pytest.mark.parametrize("theme", ["ovtui-light", "ovtui-high-contrast", "ansi-dark", "ansi-light"])
def test_themes(snap_compare: Any, store: Store, theme: str) -> None:
    remember(store)
    app = OvtuiApp(store)
    app.theme = theme
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("tab", "enter", "6"))


def test_without_colour(snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    remember(store)
    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=keys())


def test_without_braille(snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM")
    remember(store)
    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=keys("tab", "enter", "6"))
