"""What a person does with where time goes: layers, precisions, kernels, the two graphs, and what to do next."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Input, Static

from ovtui.records import Profile, Spec
from ovtui.sanitize import is_safe
from ovtui.store import Store
from ovtui.tui.app import OvtuiApp
from ovtui.tui.screens.run import RunScreen
from ovtui.tui.tabs.layers import LayerRows, LayersTab
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.graphview import GraphView
from ovtui.tui.widgets.tabbar import TabBar
from ovtui.tui.widgets.table import Table
from tests import profiled
from tests.analysis.profiles import EMPTY, NO_COUNTERS, a_large_profile
from tests.store.samples import a_result
from tests.tui.conftest import Opened, screen_name, shows, text_of, until

PROFILE = profiled.mixnet()
PLACE = {layer.name: place for place, layer in enumerate(PROFILE.layers)}
OPERATION = {operation.name: place for place, operation in enumerate(PROFILE.operations)}
TABS = ("summary", "layers", "precision", "kernels", "graph", "time", "latencies", "machine")
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])

ProfileView = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def seen(open_app: Opened, store: Store, one_moment: None) -> ProfileView:
    """`async with seen(profile, "2") as pilot`: the app on a run of that profile, after some keys."""

    @asynccontextmanager
    async def opened(
        profile: Profile | None = PROFILE, *keys: str, size: tuple[int, int] = (80, 24), **run: Any
    ) -> AsyncIterator[Pilot[None]]:
        kept = profiled.add(store, profile, **run)
        async with open_app(size) as pilot:
            app = pilot.app
            assert isinstance(app, OvtuiApp)
            app.open_run(kept.id)
            await until(pilot, lambda: screen_name(pilot) == "RunScreen")
            await app.workers.wait_for_complete()
            await pilot.press(*keys)
            await pilot.pause()
            yield pilot

    return opened


def tab(pilot: Pilot[Any]) -> str:
    """Which one is shown, by its bar and by what is below it."""
    active = pilot.app.screen.query_one(TabBar).active
    assert pilot.app.screen.query_one(ContentSwitcher).current == active
    return active.removeprefix("tab-")


def table(pilot: Pilot[Any]) -> Table:
    return pilot.app.screen.query_one("#layer-table", Table)


def layers(pilot: Pilot[Any]) -> list[str]:
    """The names of the layers that the table shows, from top to bottom."""
    rows = table(pilot).rows
    assert isinstance(rows, LayerRows)
    return [PROFILE.layers[place].name for place in rows.places]


def groups(pilot: Pilot[Any], name: str = "layer") -> list[str]:
    rows = pilot.app.screen.query_one(f"#{name}-table", Table).rows
    return [rows.cells(index)["name"].text for index in range(len(rows))]


def words_of(pilot: Pilot[Any], name: str) -> str:
    return str(pilot.app.screen.query_one(f"#{name}", Static).content)


def view(pilot: Pilot[Any]) -> GraphView:
    return pilot.app.screen.query_one(GraphView)


def rows_of(pilot: Pilot[Any]) -> int:
    drawn = view(pilot).drawn
    assert drawn is not None
    return len(drawn)


def assert_cursor_is_seen(pilot: Pilot[Any]) -> None:
    shown = view(pilot)
    assert 0 <= shown.row - shown._top < shown.size.height


# Tabs


async def test_tabs_are_chosen_by_their_numbers(seen: ProfileView) -> None:
    async with seen() as pilot:
        for number, name in enumerate(TABS, start=1):
            await pilot.press(str(number))
            assert tab(pilot) == name
        assert "8 Machine" in text_of(pilot)


async def test_tabs_are_walked_through_both_ways_and_round(seen: ProfileView) -> None:
    async with seen() as pilot:
        for name in (*TABS[1:], TABS[0]):
            await pilot.press("l")
            assert tab(pilot) == name
        for key, name in (("h", "machine"), ("left", "latencies"), ("right", "machine")):
            await pilot.press(key)
            assert tab(pilot) == name


async def test_a_click_chooses_a_tab(seen: ProfileView) -> None:
    async with seen() as pilot:
        await pilot.click(TabBar, offset=(25, 0))
        assert tab(pilot) == "precision"


@pytest.mark.parametrize(
    ("key", "focused"), [("1", "next"), ("2", "layer-table"), ("3", "precision-table"), ("4", "kernel-table")]
)
async def test_what_a_tab_shows_has_the_focus(seen: ProfileView, key: str, focused: str) -> None:
    async with seen(PROFILE, "5", key) as pilot:
        assert pilot.app.focused is pilot.app.screen.query_one(f"#{focused}")


async def test_a_page_is_one_of_what_has_the_focus(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        await pilot.press("pagedown")
        assert table(pilot).cursor == table(pilot).size.height - 2
        await pilot.press("ctrl+b")
        assert table(pilot).cursor == 0
        await pilot.press("5", "e", "g", "pagedown")
        assert view(pilot).row == view(pilot).size.height - 1


async def test_a_page_of_the_summary_and_of_the_machine_scrolls_it(seen: ProfileView) -> None:
    async with seen(PROFILE, size=(80, 16)) as pilot:
        for key, name in (("1", "#summary"), ("8", "#tab-machine")):
            await pilot.press(key, "pagedown")
            assert pilot.app.screen.query_one(name, VerticalScroll).scroll_y > 0


# Layers


async def test_the_slowest_layers_come_first_with_what_they_come_to(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        assert layers(pilot)[:3] == ["Mixed_0/Branch_1/Conv2d_3x3", "Mixed_2/Branch_1/Conv2d_3x3", "stem/Conv2D"]
        assert "12 of 32 layers take 80 % of the time." in words_of(pilot, "layer-words")
        assert "3.59 ms of the mean latency of 3.73 ms" in words_of(pilot, "layer-words")


async def test_a_filter_works_while_it_is_typed_and_escape_leaves_it_step_by_step(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        await pilot.press("slash", *"type:conv")
        assert len(layers(pilot)) == 19
        await pilot.press(*" time>")
        assert len(layers(pilot)) == 19  # half a term holds for everything
        await pilot.press(*"150us")
        assert len(layers(pilot)) == 5
        assert words_of(pilot, "layer-words").startswith("5 of 35 layers: 59 % of the time.\n")
        await pilot.press("escape")
        assert pilot.app.focused is table(pilot)
        assert len(layers(pilot)) == 5
        await pilot.press("escape")
        assert len(layers(pilot)) == 35
        assert not pilot.app.screen.query_one("#layer-filter").display
        await pilot.press("escape")
        assert screen_name(pilot) == "HomeScreen"


async def test_enter_goes_from_the_filter_to_what_it_left(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"kernel:ref", "enter") as pilot:
        assert pilot.app.focused is table(pilot)
        assert layers(pilot) == ["head/CumSum"]
        await pilot.press("slash")
        assert pilot.app.screen.query_one("#layer-filter", Input).value == "kernel:ref"


async def test_a_filter_that_was_never_typed_leaves_no_line_behind(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", "escape") as pilot:
        assert not pilot.app.screen.query_one("#layer-filter").display


async def test_nothing_left_by_a_filter_is_shown_as_nothing(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"zzz", "enter", "enter", "j", "y") as pilot:
        assert layers(pilot) == []
        assert words_of(pilot, "layer-words").startswith("0 of 35 layers: 0.0 % of the time.\n")
        assert words_of(pilot, "layer-details") == ""


async def test_beside_a_filter_the_words_end_with_a_sentence(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"pool", "enter") as pilot:
        lines = words_of(pilot, "layer-words").splitlines()
        assert lines[0].startswith("5 of 35 layers")
        assert lines[-1].endswith(".")
        shown = [line.strip() for line in text_of(pilot).splitlines()]
        assert lines[-1][-20:] in " ".join(shown)


async def test_columns_sort_and_turn_round(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", size=(160, 50)) as pilot:
        await pilot.press("r")
        assert "TIME µs↑" in text_of(pilot)
        assert layers(pilot)[0] == "Mixed_1/concat"
        assert layers(pilot)[-3:] == ["image", "head/Reshape", "scores"]  # without a time, whichever way
        await pilot.press("S")
        assert layers(pilot) == [layer.name for layer in PROFILE.layers]
        await pilot.press("S")
        assert "LAYER↑" in text_of(pilot)
        assert layers(pilot) == sorted(layers(pilot), key=str.lower)
        await pilot.press("s", "s")
        assert "TIME µs↓" in text_of(pilot)


async def test_a_click_on_a_title_sorts_and_a_second_one_turns_it_round(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        await pilot.click("#layer-table", offset=(2, 0))
        assert "TIME µs↑" in text_of(pilot)
        await pilot.click("#layer-table", offset=(32, 0))
        assert "TYPE↑" in text_of(pilot)
        assert PROFILE.layers[PLACE[layers(pilot)[0]]].type == "Concatenation"


async def test_layers_are_put_together_and_a_group_is_entered(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "b") as pilot:
        assert groups(pilot)[:3] == ["Convolution", "CumSum", "Pooling"]
        for column in ("TYPE", "PRECISION", "KERNEL", "BLOCK"):
            assert column in text_of(pilot)
            await pilot.press("b")
        assert len(layers(pilot)) == 35
        await pilot.press("b", "j", "j", "enter")
        assert words_of(pilot, "layer-words").startswith("5 of 35 layers in Pooling:")
        assert {PROFILE.layers[PLACE[name]].type for name in layers(pilot)} == {"Pooling"}
        await pilot.press("slash", *"mixed_1")
        assert layers(pilot) == ["Mixed_1/Branch_3/MaxPool"]
        await pilot.press("escape", "escape")
        assert len(layers(pilot)) == 35


async def test_groups_are_of_all_layers_whatever_was_typed(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"mixed_0", "enter", "b") as pilot:
        assert not pilot.app.screen.query_one("#layer-filter").display
        assert "Reorder" in groups(pilot)
        assert "12 of 32 layers" in words_of(pilot, "layer-words")


async def test_details_tell_all_of_a_layer_and_can_be_put_away(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", size=(160, 50)) as pilot:
        told = words_of(pilot, "layer-details")
        for text in (
            "Convolution  brgconv_avx512_f32  f32  → f32[1,128,56,56] acdb",
            "760.0 ±15.20 µs, 21 %, 45 % of what compute allows, 418.0 µs to win",
            "MFLOPs",
            "made of  Mixed_0/Branch_1/Conv2d_3x3 (Convolution), Mixed_0/Branch_1/Conv2d_3x3_relu (Relu)",
            "from     Mixed_0/Branch_1/Conv2d_1x1",
            "to       Mixed_0/concat",
        ):
            assert text in told
            assert text in text_of(pilot)
        await pilot.press("i")
        assert "made of" not in text_of(pilot)
        await pilot.press("i", "j")
        assert words_of(pilot, "layer-details").startswith("Mixed_2/Branch_1/Conv2d_3x3")


async def test_all_details_can_be_read_on_a_small_screen(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "d") as pilot:
        for text in (
            "made of  Mixed_0/Branch_1/Conv2d_3x3 (Convolution)",
            "Mixed_0/Branch_1/Conv2d_3x3_relu (Relu)",
            "from     Mixed_0/Branch_1/Conv2d_1x1",
            "to       Mixed_0/concat",
        ):
            assert text in text_of(pilot)
        await pilot.press("d")
        assert screen_name(pilot) == "RunScreen"
    async with seen(PROFILE, "2", "slash", *"mixed_0/concat", "enter", "enter", "d", run_id="run0000002") as pilot:
        assert "to       Mixed_1/quantize" in text_of(pilot)
        await pilot.press("escape", "o", "d")  # the operation
        assert "Operation" in text_of(pilot)
        assert "to     " in text_of(pilot)
        await pilot.press("escape", "o", "w", "d")  # its block
        assert "most of it:" in text_of(pilot)


async def test_groups_have_no_details_to_make_room_for(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "b") as pilot:
        height = table(pilot).size.height
        for key in ("d", "i", "i"):
            await pilot.press(key)
            await pilot.pause()
            assert (screen_name(pilot), table(pilot).size.height) == ("RunScreen", height)


async def test_what_is_selected_in_a_tab_is_selected_in_the_others(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "2") as pilot:
        assert table(pilot).cursor_key == str(PLACE["Mixed_0/Branch_1/Conv2d_3x3"])  # nobody moved in the graph
        await pilot.press("j", "5")
        assert view(pilot).node == PLACE["Mixed_2/Branch_1/Conv2d_3x3"]
        await pilot.press("p", "2")
        assert table(pilot).cursor_key == str(PLACE["Mixed_2/Branch_1/Conv2d_1x1"])
        await pilot.press("5", "o")
        assert view(pilot).node == OPERATION["Mixed_2/Branch_1/Conv2d_1x1"]
        await pilot.press("2", "g", "5")  # the model's own graph follows, and leads
        assert words_of(pilot, "graph-words").startswith("The model's own")
        assert view(pilot).node == OPERATION["Mixed_0/Branch_1/Conv2d_3x3"]
        await pilot.press("j", "2")
        assert table(pilot).cursor_key == str(PLACE["Mixed_0/Branch_1/Conv2d_3x3"])  # it is in the same layer
        await pilot.press("5")
        assert view(pilot).node == OPERATION["Mixed_0/Branch_1/Conv2d_3x3_relu"]
        await pilot.press("p", "p", "2")
        assert table(pilot).cursor_key == str(PLACE["Mixed_0/Branch_1/Conv2d_1x1"])


async def test_a_group_is_shown_whatever_was_selected_before(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "4", "j", "j", "enter") as pilot:
        assert (tab(pilot), layers(pilot)) == ("layers", ["head/CumSum"])


async def test_walking_through_the_graph_keeps_the_filter_of_the_layers(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"type:pool", "enter") as pilot:
        left = layers(pilot)
        await pilot.press("5", "g", "j", "j")
        node = view(pilot).node
        assert node not in (None, *(PLACE[name] for name in left))
        await pilot.press("2")
        assert layers(pilot) == left
        await pilot.press("5")
        assert view(pilot).node == node
        await pilot.press("2", "j", "5")  # who moves among what is left selects it
        assert view(pilot).node == PLACE[left[1]]


async def test_the_layer_one_comes_with_is_selected_even_if_the_graph_begins_with_it(seen: ProfileView) -> None:
    async with seen(PROFILE, "5") as pilot:
        first = view(pilot).node
        assert first is not None
        assert isinstance(pilot.app, OvtuiApp)
        await pilot.app.push_screen(RunScreen("run0000001", layer=first))
        await until(pilot, lambda: view(pilot).node == first and tab(pilot) == "graph")
        await pilot.press("2")
        assert table(pilot).cursor_key == str(first)


async def test_looking_at_the_layers_leaves_a_folded_graph_folded(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "5", "w") as pilot:
        rows = rows_of(pilot)
        await pilot.press("2", "5")
        assert rows_of(pilot) == rows


async def test_what_the_device_put_in_says_so(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"quantize", "enter") as pilot:
        assert "made of  nothing of the model: the device put it in" in words_of(pilot, "layer-details")


async def test_the_layers_are_copied_as_a_table(seen: ProfileView, home: Path) -> None:
    async with seen(PROFILE, "2", "slash", *"conv2d_3x3", "enter", "y"):
        lines = (home / "copied.txt").read_text().splitlines()
    assert len(lines) == 6
    assert lines[0].split("\t")[-1] == "Mixed_0/Branch_1/Conv2d_3x3"


async def test_a_tab_exports_what_it_shows(seen: ProfileView, tmp_path: Path) -> None:
    async with seen(PROFILE, "2", "slash", *"kernel:ref", "enter", "e") as pilot:
        await shows(pilot, "Write 1 layer to:")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "x.csv")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "x.csv").exists)
        await pilot.press("5", "E")
        await shows(pilot, "Write what the device runs to:")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "x.json")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "x.json").exists)
    assert "head/CumSum" in (tmp_path / "x.csv").read_text()
    assert len(json.loads((tmp_path / "x.json").read_text())["nodes"]) == 35


# Precision and kernels


async def test_precisions_their_edges_and_conversions(seen: ProfileView) -> None:
    async with seen(PROFILE, "3") as pilot:
        assert groups(pilot, "precision") == ["f32", "i8", "u8"]
        await shows(pilot, "u8 4 4 ·")
        await shows(pilot, "Conversions: 157.0 µs")
        await shows(pilot, "f32→u8 44.00 µs 1.2 % Mixed_1/quantize")
        await pilot.press("j", "enter")
        assert tab(pilot) == "layers"
        assert {PROFILE.layers[PLACE[name]].precision for name in layers(pilot)} == {"i8"}


async def test_kernels_and_which_of_them_are_slow_paths(seen: ProfileView, home: Path) -> None:
    async with seen(PROFILE, "4") as pilot:
        assert groups(pilot, "kernel")[2] == "! ref_any_f32"
        assert "take 6.6 % of the time" in words_of(pilot, "kernel-words")
        await pilot.press("y")
        assert "ref_any_f32\t236.0" in (home / "copied.txt").read_text()
        await pilot.press("j", "j", "enter")
        assert (tab(pilot), layers(pilot)) == ("layers", ["head/CumSum"])
        await pilot.press("escape")
        assert len(layers(pilot)) == 35


@pytest.mark.parametrize("key", ["2", "4", "5"])
async def test_a_console_gets_bars_that_its_font_has(
    seen: ProfileView, store: Store, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TERM", "linux")
    async with seen(PROFILE, key, size=(160, 50)) as pilot:
        shown = text_of(pilot)
        assert "█" in shown
        assert "▌" in shown
        assert not set(shown) & set("▏▎▍▋▊▉▁▂▃▅▆▇")


# The graph


async def test_enter_leads_from_a_layer_to_its_node_and_back(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "j", "enter") as pilot:
        assert tab(pilot) == "graph"
        assert view(pilot).node == PLACE["Mixed_2/Branch_1/Conv2d_3x3"]
        assert_cursor_is_seen(pilot)
        assert words_of(pilot, "graph-details").startswith("Mixed_2/Branch_1/Conv2d_3x3")
        await pilot.press("p", "enter")
        assert tab(pilot) == "layers"
        assert table(pilot).cursor_key == str(PLACE["Mixed_2/Branch_1/Conv2d_1x1"])


async def test_a_filter_does_not_hide_the_layer_that_one_comes_back_to(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"cumsum", "enter", "enter", "p", "enter") as pilot:
        assert tab(pilot) == "layers"
        assert table(pilot).cursor_key == str(PLACE["head/MatMul"])
        assert len(layers(pilot)) == 35


async def test_the_other_graph_has_the_same_thing_selected(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "enter", "o") as pilot:
        shown = view(pilot)
        assert words_of(pilot, "graph-words").startswith("The model's own: 53 nodes")
        assert shown.node == OPERATION["Mixed_0/Branch_1/Conv2d_3x3"]
        assert shown._brush.linked == {shown.node, OPERATION["Mixed_0/Branch_1/Conv2d_3x3_relu"]}
        assert "executed as Mixed_0/Branch_1/Conv2d_3x3 (Convolution)" in words_of(pilot, "graph-details")
        await pilot.press("j")
        assert shown.node == OPERATION["Mixed_0/Branch_1/Conv2d_3x3_relu"]
        assert "fused into Mixed_0/Branch_1/Conv2d_3x3" in words_of(pilot, "graph-details")
        await pilot.press("o")
        assert shown.node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]
        await pilot.press("o")  # whoever only had a look is where they were
        assert shown.node == OPERATION["Mixed_0/Branch_1/Conv2d_3x3_relu"]
        await pilot.press("enter")
        assert words_of(pilot, "graph-words").startswith("What the device runs")
        assert shown.node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]


async def test_what_has_no_counterpart_leads_near_it_and_back(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"/quantize", "enter", "enter", "o") as pilot:
        assert PROFILE.operations[view(pilot).node or 0].name.startswith("Mixed_1/Branch_")
        assert view(pilot)._brush.linked == frozenset()
        await pilot.press("o")
        assert view(pilot).node == PLACE["Mixed_1/quantize"]


async def test_a_layer_is_found_from_the_models_own_graph_too(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "o", "2", "j", "enter") as pilot:
        assert words_of(pilot, "graph-words").startswith("What the device runs")
        assert view(pilot).node == PLACE["Mixed_2/Branch_1/Conv2d_3x3"]


async def test_a_search_finds_opens_and_goes_round(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "w", "slash", *"conv2d_3x3") as pilot:
        assert words_of(pilot, "graph-words").startswith("What the device runs: 6 found, 35 nodes")
        await pilot.press("enter")
        found = [place for name, place in PLACE.items() if name.endswith("Conv2d_3x3")]
        assert view(pilot).node == found[0]
        for step, place in (("n", found[1]), ("n", found[2]), ("N", found[1]), ("N", found[0]), ("N", found[-1])):
            await pilot.press(step)
            assert view(pilot).node == place
            assert_cursor_is_seen(pilot)
        await pilot.press("escape")
        assert "found" not in words_of(pilot, "graph-words")
        assert not pilot.app.screen.query_one("#graph-search").display


async def test_a_search_that_finds_nothing_moves_nothing(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "slash", *"zzz", "enter") as pilot:
        assert words_of(pilot, "graph-words").startswith("What the device runs: 0 found")
        assert view(pilot).row == 0
        await pilot.press("n")
        assert view(pilot).row == 0
        await pilot.press("escape", "n")
        assert view(pilot).node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]


async def test_colours_are_told_in_words_too(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"/quantize", "enter", "enter", "x") as pilot:
        assert any("quantize " in line and " u8 " in line for line in text_of(pilot).splitlines())
        await pilot.press("g", "n", "v")
        await pilot.pause()
        assert "f32  760.0" in text_of(pilot)
        await pilot.press("x")
        await pilot.pause()
        assert "Convolution  760.0" in text_of(pilot)
        await pilot.press("v")
        await pilot.pause()
        assert any("Conv2d_3x3 " in line and " Convolution " in line for line in text_of(pilot).splitlines())


async def test_half_a_term_marks_nothing_and_says_so(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "slash", *"time>x") as pilot:
        assert words_of(pilot, "graph-words").startswith("'time>x' says nothing: time>50us does.")
        assert view(pilot).found is None
        await pilot.press("backspace", *"700")
        assert words_of(pilot, "graph-words").startswith("What the device runs: 1 found")


async def test_half_a_filter_says_so(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "slash", *"time>x") as pilot:
        assert words_of(pilot, "layer-words").startswith("The filter 'time>x' is not finished")
        await pilot.press("backspace", *"700")
        assert words_of(pilot, "layer-words").startswith("1 of 35 layers")


async def test_half_a_long_filter_is_told_in_full_on_a_small_screen(seen: ProfileView) -> None:
    async with seen(NO_COUNTERS, "2", "slash", *"x recoverable>") as pilot:
        await shows(pilot, "The filter 'recoverable>' is not finished, or its number is none: time>50us does.", 5)
        await pilot.press("escape", "escape", "5", "slash", *"x time>" + "9" * 9 + "hours")
        await shows(pilot, "'time>999999999hours' says nothing: time>50us does.", 5)


async def test_half_a_term_is_not_gone_to(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "slash", *"time>", "enter") as pilot:
        assert view(pilot).row == 0
        await pilot.press("slash", *"time>700", "enter")
        assert view(pilot).node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]


async def test_details_are_offered_only_of_a_layer(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        await shows(pilot, "d Details")
        await pilot.press("b")
        await until(pilot, lambda: "d Details" not in text_of(pilot))
        await pilot.press(*"bbbb")
        await shows(pilot, "d Details")


async def test_a_search_goes_on_in_the_other_graph(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "slash", *"type:relu", "enter") as pilot:
        assert words_of(pilot, "graph-words").startswith("What the device runs: 0 found")
        await pilot.press("o")
        assert words_of(pilot, "graph-words").startswith("The model's own: 19 found")
        await pilot.press("n")
        assert PROFILE.operations[view(pilot).node or 0].type == "Relu"


async def test_n_goes_from_bottleneck_to_bottleneck(seen: ProfileView) -> None:
    async with seen(PROFILE, "5") as pilot:
        times = []
        for _ in range(4):
            await pilot.press("n")
            times.append(PROFILE.layers[view(pilot).node or 0].time_us)
            assert_cursor_is_seen(pilot)
        assert times == [760.0, 456.0, 420.0, 304.0]
        await pilot.press("N")
        assert PROFILE.layers[view(pilot).node or 0].time_us == 420.0


async def test_blocks_fold_and_the_cursor_stays_on_what_it_was_on(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "n") as pilot:
        await pilot.press("w")
        assert rows_of(pilot) == 7
        assert "▸ Mixed_0" in text_of(pilot)
        assert view(pilot).node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]  # the hottest in its block
        assert words_of(pilot, "graph-details").startswith(
            "Mixed_0\n8 nodes, 1,311 µs, 37 %\nmost of it: Mixed_0/Branch_1/Conv2d_3x3 760.0,"
        )
        await pilot.press("enter")
        assert rows_of(pilot) == 15
        assert "▾ Mixed_0" in text_of(pilot)
        await pilot.press("enter")
        assert rows_of(pilot) == 7
        await pilot.press("e")
        assert rows_of(pilot) > 35
        assert view(pilot).node == PLACE["Mixed_0/Branch_1/Conv2d_3x3"]


async def test_a_bar_is_a_part_of_the_longest_that_is_seen(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "w") as pilot:
        bars = [line.count("█") for line in text_of(pilot).splitlines() if "▸" in line]
        assert sorted(bars)[-2:] == [5, 8]


async def test_producers_and_consumers_are_followed(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "enter") as pilot:
        for key, name in (
            ("c", "Mixed_0/concat"),
            ("c", "Mixed_1/quantize"),
            ("p", "Mixed_0/concat"),
            ("p", "Mixed_0/Branch_1/Conv2d_3x3"),  # the costliest
        ):
            await pilot.press(key)
            assert view(pilot).node == PLACE[name]
        await pilot.press("g", "p")
        assert view(pilot).row == 0


async def test_boxes_are_another_view_of_the_same(seen: ProfileView) -> None:
    async with seen(PROFILE, "2", "enter", "v") as pilot:
        assert "│ Branch_1/Conv2d_3x3  760.0 │" in text_of(pilot)
        await pilot.press("c")
        assert view(pilot).node == PLACE["Mixed_0/concat"]
        assert "│ concat  12.00 │" in text_of(pilot)
        await pilot.press("j")
        assert words_of(pilot, "graph-details").split("\n")[0] == "Mixed_1"
        await pilot.press("v")
        assert "▸ Mixed_1" in text_of(pilot)
        assert_cursor_is_seen(pilot)


@pytest.mark.parametrize("boxes", [False, True])
async def test_colours_tell_of_heat_precision_or_type(seen: ProfileView, boxes: bool) -> None:
    async with seen(PROFILE, "5", "e", *("v" * boxes), size=(160, 50)) as pilot:
        await pilot.press("2", "enter", "G")
        pictures = []
        for told in ("", ", coloured by precision", ", coloured by type", ""):
            assert words_of(pilot, "graph-words").endswith(f"3.59 ms{told}")
            strips = [view(pilot).render_line(y) for y in range(view(pilot).size.height)]
            pictures.append([[(segment.text, segment.style) for segment in strip] for strip in strips])
            await pilot.press("x")
        assert pictures[0] == pictures[3]
        assert pictures[0] != pictures[1] != pictures[2]
        texts = [["".join(text for text, _ in strip) for strip in picture] for picture in pictures]
        assert boxes or texts[0] == texts[1] == texts[2]  # where there is room, both stand in columns anyhow


async def test_the_critical_path_is_marked(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "e", "C") as pilot:
        assert "critical path 2.70 ms (75 %)" in words_of(pilot, "graph-words")
        underlined = {
            segment.text.split()[0]
            for y in range(view(pilot).size.height)
            for segment in view(pilot).render_line(y)
            if segment.style is not None and segment.style.underline
        }
        assert "Branch_1/Conv2d_3x3" in underlined
        assert "Branch_2/Conv2d_3x3" not in underlined
        await pilot.press("C")
        assert "critical" not in words_of(pilot, "graph-words")


async def test_details_of_a_node_can_be_put_away_and_copied(seen: ProfileView, home: Path) -> None:
    async with seen(PROFILE, "2", "enter", "y") as pilot:
        assert (home / "copied.txt").read_text().startswith("Mixed_0/Branch_1/Conv2d_3x3\n")
        height = view(pilot).size.height
        await pilot.press("i")
        await pilot.pause()
        assert view(pilot).size.height == height + 3
        await pilot.press("i")
        await pilot.pause()
        assert view(pilot).size.height == height


async def test_a_click_moves_the_cursor_and_another_one_opens(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "w") as pilot:
        await pilot.click(GraphView, offset=(20, 2))
        assert view(pilot).row == 2
        await pilot.click(GraphView, offset=(20, 2))
        assert rows_of(pilot) == 15


async def test_the_graph_scrolls_with_its_cursor_and_keeps_it_when_the_terminal_changes(seen: ProfileView) -> None:
    async with seen(PROFILE, "5", "e") as pilot:
        for key in (*"jjjjjjjjjjjjjjjjjjjj", "G", "ctrl+b", "g", "ctrl+f"):
            await pilot.press(key)
            assert_cursor_is_seen(pilot)
        await pilot.press("G")
        for size in ((160, 50), (60, 12), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert_cursor_is_seen(pilot)
            assert_every_line_fits(pilot)


# What cannot be shown


@pytest.mark.parametrize("key", ["2", "3", "4", "5"])
async def test_a_run_without_layers_says_what_to_do(seen: ProfileView, key: str) -> None:
    async with seen(None, key) as pilot:
        await shows(pilot, "This run was measured without a look at its layers: m measures again with it.")
        await pilot.press("slash", "enter", "j", "o", "b", "s", "v", "C", "y")
        assert screen_name(pilot) == "RunScreen"
        await pilot.press("m")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, "$ ovtui run")
        assert pilot.app.screen.query_one("#profile", Choice).value == "yes"
        assert "--no-profile" not in text_of(pilot)


async def test_measuring_again_from_elsewhere_asks_for_the_same(seen: ProfileView) -> None:
    async with seen(None, "m") as pilot:
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, "--no-profile")


async def test_a_profile_that_failed_points_to_the_warnings(seen: ProfileView, store: Store) -> None:
    async with seen(None, "2", spec=Spec(model="mixnet0001", profile=True)) as pilot:
        await shows(pilot, "The layers of this run are not known; its warnings may say why. m measures again.")


async def test_a_device_without_counters_says_so(seen: ProfileView) -> None:
    async with seen(NO_COUNTERS, "2") as pilot:
        await shows(pilot, "This device gives no times of layers.")
        assert len(table(pilot).rows) == 5
        await shows(pilot, "no time told")
        for key in ("s", "r", "b", "enter", "3", "enter", "4", "enter", "5", "n", "N", "x", "C", "v", "o"):
            await pilot.press(key)
            assert_every_line_fits(pilot)
        assert screen_name(pilot) == "RunScreen"


async def test_an_empty_profile_is_no_failure(seen: ProfileView) -> None:
    async with seen(EMPTY, "2") as pilot:
        await shows(pilot, "The profile of this run holds no layers.")
        await pilot.press("s", "r", "b", "enter", "y", "slash", "x", "escape", "escape")
        await pilot.press("3", "enter", "y", "4", "enter", "5")
        await shows(pilot, "There is nothing in this graph.")
        for key in ("n", "N", "e", "w", "v", "x", "C", "c", "p", "j", "G", "enter", "o", "o", "d", "i", "i", "y"):
            await pilot.press(key)
        assert screen_name(pilot) == "RunScreen"


# Names from files


def assert_every_line_fits(pilot: Pilot[Any]) -> None:
    """Each line of the screen fills exactly its width, with nothing in it that a terminal obeys."""
    width, height = pilot.app.size
    strips = pilot.app.screen._compositor.render_strips()
    assert len(strips) == height
    for strip in strips:
        text = "".join(segment.text for segment in strip)
        assert sum(map(cell_len, text)) == width, text
        assert [c for c in text if not is_safe(c)] == []


@SIZES
async def test_names_are_shown_and_not_obeyed(seen: ProfileView, size: tuple[int, int]) -> None:
    async with seen(profiled.hostile(), size=size) as pilot:
        for keys in ("1", "2GgsssSr", "3", "4", "5jjjjjjjjjj", "vggjjjjjjjjj", "vo", "jjjjjjjjj", "v"):
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
                assert_every_line_fits(pilot)
        await pilot.press("2", *"bbbb")
        assert_every_line_fits(pilot)
        await pilot.press("b", "slash", *"[/x]", "escape", "escape", "5", "slash", *"[bold", "enter", "y")
        await pilot.pause()
        assert_every_line_fits(pilot)


async def test_details_take_a_line_for_each_thing_however_long_names_are(seen: ProfileView) -> None:
    async with seen(profiled.hostile(), "2", "slash", *"very/very", "enter", size=(80, 50)) as pilot:
        lines = text_of(pilot).splitlines()
        first = max(at for at, line in enumerate(lines) if line.startswith(" very/very"))
        assert lines[first + 1].startswith(" Conv")
        assert lines[first + 4].startswith(" made of  very/very")
        assert lines[first + 6].startswith(" to ")


async def test_a_layer_without_a_name_has_a_dash(seen: ProfileView) -> None:
    async with seen(profiled.hostile(), "2", "s", "S") as pilot:
        rows = table(pilot).rows
        assert "–" in [rows.cells(index)["name"].text for index in range(len(rows))]


# Many layers


@SIZES
async def test_five_thousand_layers_open_and_answer_to_keys(seen: ProfileView, size: tuple[int, int]) -> None:
    profile = a_large_profile()
    async with seen(profile, "2", size=size) as pilot:
        assert len(table(pilot).rows) == 5_000
        await pilot.press("G", "s", "r", "b", "b", "b", "b", "enter")
        await pilot.press("escape", "slash", *"type:matmul time>100", "enter", "enter")
        assert tab(pilot) == "graph"
        node = view(pilot).node
        assert node is not None
        assert profile.layers[node].type == "MatMul"
        await pilot.press("e")
        assert rows_of(pilot) > 5_000
        assert view(pilot).node == node
        await pilot.press("G", "g", "n", "v", "j", "v", "o", "e", "o", "w", "enter")
        assert screen_name(pilot) == "RunScreen"


# What next


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Spec]:
    """The specs that the app was told to measure, instead of measuring them."""
    found: list[Spec] = []
    monkeypatch.setattr(OvtuiApp, "measure", lambda self, model, spec, label=None: found.append(spec))
    return found


async def choose(pilot: Pilot[Any], what: str) -> None:
    """Enter on the line that begins with these words."""
    listed = pilot.app.screen.query_one("#next", Table)
    rows = listed.rows
    index = next(n for n in range(len(rows)) if rows.cells(n)["what"].text.startswith(what))
    await pilot.press("g", *"j" * index, "enter")


SLOW = msgspec.structs.replace(PROFILE, latency_us=None)
"""Then the run's own pace counts, which leaves much beside the layers."""


async def test_advice_that_can_be_measured_is_started(seen: ProfileView, started: list[Spec]) -> None:
    async with seen(SLOW) as pilot:
        await choose(pilot, "overhead outside layers")
        assert [spec.batch for spec in started] == [16]
        await choose(pilot, "throughput")
        assert started[-1].mode == "throughput"


@pytest.mark.parametrize(("what", "leads"), [("reference kernels", "kernels"), ("layer timing", "layers")])
async def test_advice_without_a_measurement_leads_to_its_tab(
    seen: ProfileView, started: list[Spec], what: str, leads: str
) -> None:
    async with seen(msgspec.structs.replace(PROFILE, overhead=0.3, overhead_ci95=(0.2, 0.4))) as pilot:
        await choose(pilot, what)
        assert (tab(pilot), started) == (leads, [])


async def test_quantizing_is_asked_for_at_once(seen: ProfileView) -> None:
    async with seen() as pilot:
        await choose(pilot, "quantize to INT8")
        await until(pilot, lambda: screen_name(pilot) == "OptimizeScreen")


async def test_advice_that_is_a_command_is_copied(seen: ProfileView, started: list[Spec], home: Path) -> None:
    slow = msgspec.structs.replace(a_result(190.0), compile_ms=9_000.0)
    async with seen(PROFILE, result=slow) as pilot:
        await choose(pilot, "keep the compiled model")
        assert "CACHE_DIR" in (home / "copied.txt").read_text()
        assert (tab(pilot), started) == ("summary", [])


async def test_the_whole_of_an_advice_stands_below_the_list(seen: ProfileView) -> None:
    async with seen(SLOW) as pilot:
        assert pilot.app.focused is pilot.app.screen.query_one("#next")
        assert "that away again." in words_of(pilot, "next-words")
        await shows(pilot, "may take a part of that away again.")
        await pilot.press("j")
        await shows(pilot, "a larger batch shares what does not grow with it.")
        await pilot.press("j", "j")
        assert words_of(pilot, "next-words") == ""  # all of it stands in the list


async def test_where_everything_fits_into_the_list_nothing_stands_below_it(seen: ProfileView) -> None:
    async with seen(None) as pilot:
        assert not pilot.app.screen.query_one("#next-words").display
        await pilot.resize_terminal(50, 24)
        await pilot.pause()
        assert pilot.app.screen.query_one("#next-words").display
        await shows(pilot, "How much can it do at once? All the device takes.")


async def test_settings_of_its_own_are_asked_for_last(seen: ProfileView, started: list[Spec]) -> None:
    async with seen() as pilot:
        await choose(pilot, "other")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
    assert started == []


async def test_a_run_without_layers_has_suggestions_all_the_same(seen: ProfileView, started: list[Spec]) -> None:
    async with seen(None) as pilot:
        await choose(pilot, "throughput")
        assert started[0].mode == "throughput"


async def test_layers_can_be_asked_for_before_they_are_read(seen: ProfileView) -> None:
    async with seen(PROFILE, "2") as pilot:
        fresh = LayersTab(id="fresh")
        await pilot.app.screen.mount(fresh)
        fresh.action_sort(1)
        fresh.action_by()
        fresh.action_filter()
        fresh.select(3)
        fresh.action_details()
        fresh.action_away()
        assert len(fresh.query_one("#layer-table", Table).rows) == 0
