"""The tabs of a run that show its layers, as pictures at two sizes, and one of them in each theme and without colour.

`pytest tests/tui/test_tab_screens.py --snapshot-update` draws them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ovtui.records import Profile
from ovtui.store import Store
from ovtui.tui.app import OvtuiApp
from tests import profiled
from tests.analysis.profiles import NO_COUNTERS
from tests.tui.conftest import keys

SIZES = ((80, 24), (160, 50))
Snap = Callable[..., bool]

pytestmark = pytest.mark.usefixtures("one_moment")


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def snap(request: pytest.FixtureRequest, snap_compare: Any, store: Store) -> Snap:
    """The run's screen after these keys."""

    def compare(*pressed: str, profile: Profile | None = None, with_layers: bool = True) -> bool:
        profiled.add(store, (profile or profiled.mixnet()) if with_layers else None)
        step = keys("tab", "enter", *pressed)
        return bool(snap_compare(OvtuiApp(store), terminal_size=request.param, run_before=step))

    return compare


def test_summary_with_advice(snap: Snap) -> None:
    assert snap()


def test_layers(snap: Snap) -> None:
    assert snap("2", "j")


def test_layers_filtered(snap: Snap) -> None:
    assert snap("2", "slash", *"conv", "space", "t", "i", "m", "e", "greater_than_sign", *"50us")


def test_layers_by_block(snap: Snap) -> None:
    assert snap("2", "b", "b", "b", "b", "j")


def test_precision(snap: Snap) -> None:
    assert snap("3")


def test_kernels(snap: Snap) -> None:
    assert snap("4", "j", "j")


def test_graph_lanes(snap: Snap) -> None:
    assert snap("5", "n")


def test_graph_folded(snap: Snap) -> None:
    assert snap("5", "w", "j", "j")


def test_graph_searched(snap: Snap) -> None:
    assert snap("5", "e", "slash", *"conv2d_3x3", "enter", "C", "j")


def test_graph_boxes(snap: Snap) -> None:
    assert snap("5", "n", "v")


def test_graph_by_precision(snap: Snap) -> None:
    assert snap("5", "n", "x", "j")


def test_graph_of_the_model(snap: Snap) -> None:
    assert snap("5", "n", "o")


def test_layers_without_times(snap: Snap) -> None:
    assert snap("2", profile=NO_COUNTERS)


def test_a_run_without_layers(snap: Snap) -> None:
    assert snap("2", with_layers=False)


@pytest.mark.parametrize("tab", ["2", "5"])
@pytest.mark.parametrize("theme", ["ovtui-light", "ovtui-high-contrast", "ansi-dark", "ansi-light"])
def test_themes(snap_compare: Any, store: Store, theme: str, tab: str) -> None:
    profiled.add(store, profiled.mixnet())
    app = OvtuiApp(store)
    app.theme = theme
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("tab", "enter", tab, "j", "j", "j", "j"))


@pytest.mark.parametrize("tab", ["2", "5"])
def test_without_colour(snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch, tab: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    profiled.add(store, profiled.mixnet())
    step = keys("tab", "enter", tab, "j", "j", "j")
    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=step)


def test_a_poor_console(snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM")
    profiled.add(store, profiled.mixnet())
    step = keys("tab", "enter", "5", "n")
    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=step)
