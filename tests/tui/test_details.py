"""What the app does beside its journeys: settings, presets, copies, exports, marks, hostile names, other writers."""

from __future__ import annotations

import base64
import contextlib
import json
import pwd
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from ovtui.engine.devices import Devices, Property, machine
from ovtui.errors import InputError
from ovtui.records import Spec
from ovtui.store import Store, open_store
from ovtui.tui import app as app_module
from ovtui.tui import last_settings, themes
from ovtui.tui.app import OvtuiApp
from ovtui.tui.looks import Looks
from ovtui.tui.screens.history import HistoryScreen
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from ovtui.tui.widgets.plot import Plot
from ovtui.tui.widgets.table import Table
from tests.store.samples import a_model, a_run, its_job
from tests.tui import comparisons, explorations, optimizations
from tests.tui.conftest import BERT, RESNET, Opened, Scripted, painted, remember, screen_name, shows, text_of, until

HOSTILE = "\x1b[31mred[/foo] [bold]\u202e:smile: 名前\x07"


@pytest.fixture(autouse=True)
def devices_are_known(store: Store) -> None:
    import importlib.metadata

    pinning = Property(key="ENABLE_CPU_PINNING", value="YES", kind="YES, NO")
    rate = Property(key="CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE", value="1", kind="a number")
    store.settings.set(
        "devices",
        Devices(
            machine=machine(),
            openvino=importlib.metadata.version("openvino"),
            names={"CPU": "A processor"},
            properties={"CPU": (pinning, rate)},
            streams={"CPU": 2},
        ),
    )


async def test_openvino_and_numpy_are_not_loaded_to_show_the_app(open_app: Opened, store: Store, home: Path) -> None:
    import subprocess

    remember(store)
    program = f"""
import asyncio, sys
from pathlib import Path
from ovtui.store import open_store
from ovtui.tui.app import OvtuiApp
async def main():
    with open_store(Path({str(home / "ovtui.db")!r})) as store:
        async with OvtuiApp(store).run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            print("AT HOME", sorted({{"openvino", "numpy", "plotext", "click", "psutil"}} & set(sys.modules)))
            for key in ("enter", "escape", "tab", "enter", *"2345678", "escape", "a", "p", "escape", "i"):
                await pilot.press(key)
                await pilot.app.workers.wait_for_complete()
                await pilot.pause()
            print("AT LAST", "openvino" in sys.modules)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "AT HOME []" in done.stdout
    assert "AT LAST False" in done.stdout


async def test_the_command_that_is_shown_measures_the_same(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(120, 50)) as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        screen = pilot.app.screen
        screen.query_one("#mode", Choice).choose("server")
        await shows(pilot, "Server mode needs")
        screen.query_one("#rate", FormLine).value = "50"
        screen.query_one("#streams", FormLine).value = "2"
        screen.query_one("#properties", FormLine).value = "ENABLE_CPU_PINNING=NO"
        await shows(pilot, "--mode server --streams 2 --rate 50 -t 10 --property ENABLE_CPU_PINNING=NO")


@pytest.mark.parametrize(
    ("line", "typed", "said"),
    [
        ("batch", "0", "batch: '0' is not a whole number from 1"),
        ("streams", "many", "streams: 'many' is not"),
        ("stop", "200%", "is not between 0 and 100 %"),
        ("shapes", "input[1,3", "is not a shape"),
        ("shapes", "inptu[1,3,224,224]", "did you mean 'input'?"),
        ("data", "/no/such.npy", "does not exist"),
        ("properties", "PINNING", "is not KEY=VALUE"),
        ("properties", "'A=b", "a quote that is not closed"),
        ("properties", "ENABLE_CPU_PINNING=banana", "takes one of YES, NO, not 'banana'"),
        ("streams", "99", "CPU takes 1 to 2 streams here, not 99."),
        ("scale", "a,b", "is not a number or a list"),
    ],
)
async def test_a_wrong_value_is_said_while_it_is_typed(
    open_app: Opened, store: Store, line: str, typed: str, said: str
) -> None:
    store.models.save(a_model(inputs=a_model().inputs))
    async with open_app(size=(120, 50)) as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        pilot.app.screen.query_one(f"#{line}", FormLine).value = typed
        await shows(pilot, said, seconds=5)
        assert pilot.app.screen.query_one(f"#{line}", FormLine).has_class("wrong") or line == "shapes"
        await pilot.press("enter")
        await pilot.pause()
        assert screen_name(pilot) == "ConfigureScreen"
    assert store.runs.count() == 0


async def test_the_arrows_go_from_line_to_line_where_the_form_is_longer_than_the_screen(
    open_app: Opened, store: Store
) -> None:
    remember(store)
    async with open_app(size=(80, 16)) as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        focused = [pilot.app.focused]
        for key in ("down", "down", "j", "j", "up", "k"):
            await pilot.press(key)
            focused.append(pilot.app.focused)
        assert len(set(focused[:5])) == 5
        assert focused[5:] == [focused[3], focused[2]]


async def test_a_preset_is_saved_listed_and_loaded(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(120, 50)) as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        screen = pilot.app.screen
        screen.query_one("#batch", FormLine).value = "8"
        await pilot.pause()
        await pilot.press("ctrl+s", *"big one", "enter")
        await until(pilot, lambda: store.presets.names() == ["big one"])
        await pilot.press("ctrl+r")
        await until(pilot, lambda: screen.query_one("#batch", FormLine).value == "")
        await pilot.press("ctrl+o")
        await shows(pilot, "-b 8")
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#batch", FormLine).value == "8")


async def test_a_property_is_chosen_from_what_the_device_takes(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(120, 50)) as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        await pilot.press("ctrl+t", *"pin", "enter")
        await shows(pilot, "ENABLE_CPU_PINNING =")
        await pilot.press("backspace", "backspace", "backspace", *"NO", "enter")
        await shows(pilot, "--property ENABLE_CPU_PINNING=NO")
        await pilot.press("ctrl+t", *"sparse", "enter")
        await shows(pilot, "DECOMPRESSION_RATE =")
        await pilot.press(*"banana", "enter")
        await shows(pilot, "not 'banana'.")
        await pilot.press("home", "ctrl+k", *"0.5", "enter")
        await shows(pilot, "--property CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE=0.5")


async def test_what_can_be_picked_stands_in_columns(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        await pilot.press("ctrl+t")
        await shows(pilot, "PROPERTY NOW TAKES")
        await shows(pilot, "CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE 1 a number")
        await pilot.press("escape", "escape", "tab", "enter")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await pilot.press("c")
        await shows(pilot, "MODEL MODE BATCH STREAMS FPS LABEL")


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("a number", "0.5", True),
        ("a number", "1e-3", True),
        ("a number", "banana", False),
        ("a whole number", "18446744073709551615", True),
        ("a whole number", "2.5", False),
        ("YES, NO", "true", True),
        ("YES, NO", "maybe", False),
        ("LATENCY, THROUGHPUT", "LATENCY", True),
        ("LATENCY, THROUGHPUT", "latency", False),
        ("a precision: f32, f16, bf16, u8, …", "dynamic", True),
        ("a precision: f32, f16, bf16, u8, …", "f8e4m3", True),
        ("a precision: f32, f16, bf16, u8, …", "banana", False),
        ("text", "whatever", True),
    ],
)
def test_a_value_fits_its_property_or_is_refused(kind: str, value: str, fits: bool) -> None:
    known = Property(key="KEY", value="THROUGHPUT", kind=kind)
    with contextlib.nullcontext() if fits else pytest.raises(InputError, match="KEY takes"):
        known.check(value)


def test_names_that_do_not_even_tell_the_property_s_own_value_refuse_nothing() -> None:
    Property(key="LOG_LEVEL", value="LOG_NONE", kind="NO, ERR, WARNING").check("LOG_INFO")


def test_streams_may_be_the_device_s_words() -> None:
    Property(key="NUM_STREAMS", value="1", kind="a whole number").check("AUTO")


async def test_looks_are_kept_between_starts(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "s", "r", "v")
        await pilot.pause()
        await pilot.press("space", "enter")
        await pilot.pause()
        app: Any = pilot.app
        app._themed("ovtui-light")()
    async with open_app() as pilot:
        assert pilot.app.theme == "ovtui-light"
        await pilot.press("a")
        await shows(pilot, "MODEL↓")
        assert "WHEN" not in text_of(pilot)


async def test_settings_that_cannot_be_read_are_forgotten(open_app: Opened, store: Store) -> None:
    store.settings.set("looks", {"theme": 5, "slow_line": "x"})
    async with open_app() as pilot:
        assert pilot.app.theme == themes.fitting(no_color=False)


async def test_on_a_slow_line_there_are_numbers_and_no_plots(
    open_app: Opened, store: Store, scripted: Callable[..., Scripted]
) -> None:
    store.settings.set("looks", Looks(slow_line=True))
    job = scripted()
    job.start()
    job.measure()
    async with open_app() as pilot:
        await shows(pilot, "190.0 FPS")
        assert not pilot.app.screen.query_one("#plots").display


async def test_copying_goes_to_the_terminal_and_to_a_file(
    open_app: Opened, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store)
    sent: list[str] = []
    monkeypatch.setattr(OvtuiApp, "copy_to_clipboard", lambda self, text: sent.append(text))
    async with open_app() as pilot:
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        await pilot.press("y")
        assert "ovtui run bert-base" in sent[-1]
        assert (home / "copied.txt").read_text() == sent[-1] + "\n"
        assert "Copied" not in text_of(pilot)  # a terminal may not listen, and does not say so
        await shows(pilot, "Sent the run to the clipboard, and to")
        await pilot.press("6")
        await until(pilot, lambda: pilot.app.screen.query_one("#throughput", Plot)._picture)
        await pilot.press("y")
    assert re.search(r"Throughput over time: \d+ points; lowest .*, median .*, highest .*, last .* FPS\.", sent[-1])


async def test_copying_works_where_there_is_no_home_folder(
    open_app: Opened, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    remember(store)
    async with open_app() as pilot:
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(pwd, "getpwuid", nobody)
        await pilot.press("y")
        await shows(pilot, "Sent the run to the clipboard, and to")
        assert (home / "copied.txt").exists()


@pytest.mark.parametrize("width", [80, 60])
async def test_a_filter_of_history_has_its_line_whatever_is_wrong_with_it(
    open_app: Opened, store: Store, width: int
) -> None:
    remember(store)
    async with open_app(size=(width, 24)) as pilot:
        await pilot.press("a", "slash", *"fps>many_more_than_a_hundred_in_a_second")
        await shows(pilot, "'many_more_than_a_hundred_in_a_second' is not a number")
        assert pilot.app.screen.query_one("#filter").size.width > width - 5


async def test_what_history_is_sorted_by_is_told_where_its_column_is_not(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(160, 40)) as pilot:
        await pilot.press("a", *"ssss")
        await shows(pilot, "BATCH↓")
        await until(pilot, lambda: ", by batch" not in text_of(pilot))
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "12 runs, by batch↓", 5)
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: ", by batch" not in text_of(pilot), 5)


async def test_one_click_ticks_a_column(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "v")
        await until(pilot, lambda: screen_name(pilot) == "ColumnsScreen")
        listed = pilot.app.screen.query_one(Table)
        assert list(listed.marked)[3] == "mode"
        await pilot.click(Table, offset=(5, 3))
        await until(pilot, lambda: "mode" not in listed.marked, 5)


@pytest.mark.parametrize("key", ["x", "o", "v", "r", "c"])
async def test_keys_of_home_mean_the_model_where_nothing_was_measured(open_app: Opened, store: Store, key: str) -> None:
    for model in (RESNET, BERT):
        store.models.save(model)
    async with open_app() as pilot:
        await pilot.press("tab", key)
        await until(pilot, lambda: screen_name(pilot) != "HomeScreen", 5)


@pytest.mark.parametrize("opened", ["comparison", "layers", "exploration", "optimization"])
async def test_what_was_exported_is_told_where_it_is(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    comparisons.two_runs(store)
    explorations.keep(store, explorations.exploration())
    optimizations.keep(store, optimizations.optimization())
    async with open_app(size=(200, 40)) as pilot:
        app: Any = pilot.app
        if opened == "comparison":
            app.open_compare(["run000000a", "run000000b"])
        elif opened == "layers":
            app.open_run("run000000a")
            await painted(pilot)
            await pilot.press("2")
        elif opened == "exploration":
            app.open_study("explore000")
        else:
            app.open_study("optimize00")
        await painted(pilot)
        await pilot.press("e")
        await shows(pilot, "Write ")
        pilot.app.screen.query_one(Input).value = "~/x.csv"
        await pilot.press("enter")
        await shows(pilot, f" to {tmp_path}/x.csv.")
    assert (tmp_path / "x.csv").exists()


async def test_a_message_covers_one_line_and_goes_with_the_next_key(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run resnet-50 --mode throughput")
        before = text_of(pilot).splitlines()[:-1]
        monkeypatch.setattr(app_module, "_READ_S", 1e9)
        pilot.app.tell("It is done.")  # type: ignore[attr-defined]
        await until(pilot, lambda: "It is done." in footer(pilot))
        assert text_of(pilot).splitlines()[: len(before)] == before
        await pilot.press("ctrl+a")
        await pilot.pause()
        assert "It is done." in footer(pilot)
        monkeypatch.setattr(app_module, "_READ_S", 0.0)
        await pilot.press("ctrl+a")
        await until(pilot, lambda: "⏎ Start" in footer(pilot))


def test_osc_52_is_what_the_terminal_gets() -> None:
    """Textual's own, which this relies on."""
    written: list[str] = []

    class Driver:
        def write(self, data: str) -> None:
            written.append(data)

    app: Any = msgspec  # any object will do
    from textual.app import App

    app = App()
    app._driver = Driver()
    app.copy_to_clipboard("a run")
    assert written == [f"\x1b]52;c;{base64.b64encode(b'a run').decode()}\a"]


async def test_runs_are_exported_from_where_they_are_seen(open_app: Opened, store: Store, tmp_path: Path) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "one.json")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "one.json").exists)
        await pilot.press("escape", "a", "space", "space", "e")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "no" / "two.csv")
        await pilot.press("enter")
        await shows(pilot, "Cannot write")
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "two.csv")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "two.csv").exists)
    assert json.loads((tmp_path / "one.json").read_text())["run"]["status"] == "done"
    assert len({line.split(",")[0] for line in (tmp_path / "two.csv").read_text().splitlines()}) == 3


async def test_a_label_is_given_and_found(open_app: Opened, store: Store) -> None:
    made = remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "n", *"before the fix", "enter")
        await until(pilot, lambda: store.runs.find("before the fix").id == made[-1].id)
        await pilot.press("slash", *"fix")
        await shows(pilot, "1 shown")


async def test_filtering_and_sorting_show_what_they_say(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(120, 40)) as pilot:
        await pilot.press("a", "slash", *"status:failed")
        await shows(pilot, "12 runs, 1 shown")
        await pilot.press("escape", "escape")
        await shows(pilot, "12 runs")
        table = pilot.app.screen.query_one("#runs", Table)
        while "FPS↓" not in text_of(pilot):
            await pilot.press("s")
        shown: Any = table.rows
        rates = [shown.run_at(n).throughput_fps.mean for n in range(11)]
        assert rates == sorted(rates, reverse=True)
        await pilot.press("r")
        await shows(pilot, "FPS↑")
        await pilot.click("#runs", offset=(3, 0))
        await shows(pilot, "WHEN↓")


async def test_columns_are_ticked_and_a_hidden_one_does_not_sort(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "s")
        await shows(pilot, "MODEL↑")
        await pilot.press("v")
        await shows(pilot, "● WHEN")
        await pilot.press("j", "space")
        await until(pilot, lambda: "● MODEL" not in text_of(pilot))
        await pilot.press("enter")
        await shows(pilot, "WHEN↓")
        assert "MODEL" not in text_of(pilot)
        await pilot.press("S")  # to one that a narrow screen has no room for
        await shows(pilot, "12 runs, by run↑")


async def test_on_a_run_the_keys_of_models_mean_its_model(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("x")
        await shows(pilot, "Explore resnet-50 ")
        await pilot.press("escape", "tab", "x")
        await shows(pilot, "Explore bert-base")
        await pilot.press("escape", "r")
        await shows(pilot, "12 runs, 4 shown")


async def test_a_filter_that_cannot_be_meant_so_says_what_is_wrong(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "slash", *"fps>abc")
        await shows(pilot, "'abc' is not a number")
        await pilot.press("home", "ctrl+k", *"bogus:1")
        await shows(pilot, "there is no column 'bogus'")
        await pilot.press("home", "ctrl+k", *"fps>1")
        await until(pilot, lambda: "bogus" not in text_of(pilot))


async def test_a_run_that_failed_leads_to_its_settings_first(open_app: Opened, store: Store) -> None:
    run = a_run(spec=Spec(model=a_model().id, profile=False))
    store.models.save(run.model)
    store.runs.create(run, its_job(run))
    store.runs.finish(run.id, "failed", finished=run.created + 2, error="A batch of 7 is not possible.")
    async with open_app() as pilot:
        await pilot.press("tab", "enter", "2")
        await shows(pilot, "This run failed before its layers could be looked at")
        await pilot.press("1", "enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")


async def test_keys_pressed_while_history_opens_are_for_its_runs(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(store)
    focused: list[str | None] = []
    mounted = HistoryScreen.on_mount

    def on_mount(screen: HistoryScreen) -> None:
        focused.append(screen.focused and screen.focused.id)
        mounted(screen)

    monkeypatch.setattr(HistoryScreen, "on_mount", on_mount)
    async with open_app() as pilot:
        await pilot.press("a")
        await shows(pilot, "12 runs")
        assert focused == ["runs"]


async def test_two_marked_runs_are_compared(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(120, 40)) as pilot:
        await pilot.press("a", "c")
        await shows(pilot, "Mark two runs")
        await pilot.press("space", "space", "c")
        await shows(pilot, "B / A")
        await shows(pilot, "They were measured at different times.")


async def test_what_another_process_does_is_shown(open_app: Opened, store: Store, home: Path) -> None:
    remember(store)
    async with open_app() as pilot:
        await shows(pilot, "resnet-50")
        with open_store(home / "ovtui.db") as other:
            other.models.save(a_model("other00001", name="a-new-net"))
        await shows(pilot, "a-new-net", seconds=5)


async def test_names_from_files_are_shown_and_never_obeyed(
    open_app: Opened, store: Store, scripted: Callable[..., Scripted]
) -> None:
    model = a_model("hostile001", name=HOSTILE, path=f"/models/{HOSTILE}.onnx")
    store.models.save(model)
    run = a_run("hostile002", model, status="failed", label=HOSTILE, error=HOSTILE)
    from tests.store.samples import its_job

    store.runs.create(run, its_job(run))
    job = scripted(model=model)
    job.start()
    job.measure(disturbed=HOSTILE)
    async with open_app(size=(140, 40)) as pilot:
        await shows(pilot, "190.0 FPS")
        seen = [text_of(pilot)]
        for keys in (("escape",), ("enter",), ("escape", "tab", "tab", "enter"), ("escape", "a"), ("slash", *"red")):
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.2)
            seen.append(text_of(pilot))
    for text in seen:
        assert "\\x1b[31mred" in text, text
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert sum("[/foo] [bold]" in text for text in seen) >= 3  # the command to copy means it by its id


async def test_every_screen_has_help_with_its_keys(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app(size=(100, 60)) as pilot:
        for way, key in (((), "All runs"), (("a",), "Mark"), (("enter",), "Measure again"), (("m",), "Save preset")):
            for pressed in way:
                await pilot.press(pressed)
            await pilot.pause(0.3)
            await pilot.press("question_mark" if screen_name(pilot) != "ConfigureScreen" else "f1")
            await until(pilot, lambda: screen_name(pilot) == "HelpScreen")
            await shows(pilot, key)
            await pilot.press("escape")
            await pilot.pause()


def footer(pilot: Any) -> str:
    return text_of(pilot).splitlines()[-1]


async def test_the_footer_names_no_key_that_a_field_types(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "? Help  q Quit" in footer(pilot) and "/ Filter" in footer(pilot))
        await pilot.press("slash")
        await until(pilot, lambda: footer(pilot).split() == ["F1", "Help", "Esc", "Back"])


async def test_the_footer_offers_a_start_only_of_what_can_be_measured(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("enter", "down", "down", "down")
        await until(pilot, lambda: "Space Unfold" in footer(pilot))
        await pilot.press("space")
        await until(pilot, lambda: "Space Fold" in footer(pilot))
        await pilot.press("down", "4")
        await until(pilot, lambda: "F1 Help  ⏎ Start  Esc Back" in footer(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "⏎" not in footer(pilot))


@pytest.mark.parametrize("way", [("enter",), ("tab", "enter"), ("enter", "down", "down", "down", "space", "down")])
async def test_help_speaks_of_what_one_does_here(open_app: Opened, store: Store, way: tuple[str, ...]) -> None:
    remember(store)
    async with open_app(size=(100, 60)) as pilot:
        await pilot.press(*way)
        await pilot.press("f1")
        await shows(pilot, "F1 Help")
        for foreign in ("Focus Next", "Scroll Home", "Page Left", "cursor left", "palette"):
            assert foreign not in text_of(pilot)


async def test_a_database_that_cannot_be_read_is_said_once(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ovtui.errors import StoreError

    async with open_app() as pilot:
        app: Any = pilot.app

        def broken() -> int:
            raise StoreError("The disk that holds it is full.")

        monkeypatch.setattr(store, "changes", broken)
        app._look()
        app._look()
        await shows(pilot, "The disk that holds it is full.")
        assert len(app._notifications) == 1


async def test_the_mouse_opens_and_scrolls(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.click("#recent", offset=(5, 3))
        assert pilot.app.screen.query_one("#recent", Table).cursor == 2
        await pilot.click("#recent", offset=(5, 3))
        await until(pilot, lambda: screen_name(pilot) == "RunScreen")
        await pilot.click("KeyLine", offset=(12, 0))  # q: no, the first is ? and the second q
        await pilot.pause()


def test_the_spec_of_a_preset_belongs_to_no_model(store: Store) -> None:
    store.presets.save("x", Spec(model="m1", batch=3))
    assert store.presets.find("x") == Spec(model="", batch=3)


async def test_a_run_deleted_from_its_screen_leads_back_to_where_it_was_opened(open_app: Opened, store: Store) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("a", "enter")
        await shows(pilot, "What next")
        await pilot.press("D", "y")
        await until(pilot, lambda: screen_name(pilot) == "HistoryScreen")
        await shows(pilot, "11 runs")
        await pilot.pause(0.5)
        assert screen_name(pilot) == "HistoryScreen"
        await pilot.press("u")
        await shows(pilot, "12 runs")


async def test_old_runs_come_back_where_they_were(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ovtui.tui.screens import history

    monkeypatch.setattr(history, "_NEWEST", 3)
    remember(store)
    before = [run.id for run in store.runs.page()]
    async with open_app() as pilot:
        await pilot.press("a")
        await shows(pilot, "12 runs")
        await pilot.press("G", "space", "D", "y")
        await shows(pilot, "11 runs")
        await pilot.press("u")
        await shows(pilot, "12 runs")
        found: Any = pilot.app.screen.query_one("#runs", Table).rows
        assert [found.key(n) for n in range(12)] == before


async def test_a_run_that_ends_under_another_screen_is_a_result_when_one_comes_back(
    open_app: Opened, store: Store, scripted: Callable[..., Scripted]
) -> None:
    remember(store)
    job = scripted()
    job.start()
    job.measure()
    async with open_app() as pilot:
        await shows(pilot, "190.0 FPS")
        app: Any = pilot.app
        app.open_history()
        await shows(pilot, "13 runs")
        job.end()
        await until(pilot, lambda: not app.watching.live)
        await pilot.pause(0.5)
        await pilot.press("escape")
        await until(pilot, lambda: screen_name(pilot) == "RunScreen", seconds=5)


async def test_enter_twice_starts_one_run(open_app: Opened, store: Store, mlp: Path) -> None:
    async with open_app(model=str(mlp)) as pilot:
        await shows(pilot, "parameters")
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
        await pilot.pause(0.5)
        assert store.runs.count() == 1


async def test_a_file_that_was_written_anew_is_measured_as_it_is_now(
    open_app: Opened, store: Store, tmp_path: Path
) -> None:
    from tests import nets

    path = nets.mlp(tmp_path / "net.xml", width=16, layers=1)
    async with open_app(model=str(path)) as pilot:
        await shows(pilot, "parameters")
        nets.mlp(path, width=32, layers=1)
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        await pilot.press("enter")
        app: Any = pilot.app
        await until(pilot, lambda: any("has changed since it was" in told.message for told in app._notifications))
        await until(pilot, lambda: screen_name(pilot) == "LiveScreen")
        assert len(store.models.all()) == 2


async def test_what_cannot_be_written_is_said_and_the_app_goes_on(
    open_app: Opened, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ovtui.errors import StoreError
    from ovtui.store import Presets, Runs

    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.")

    remember(store)
    async with open_app(size=(120, 40)) as pilot:
        monkeypatch.setattr(Runs, "set_label", full)
        monkeypatch.setattr(Presets, "save", full)
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        await pilot.press("n", "x", "enter")
        await shows(pilot, "The disk is full.")
        await pilot.press("m")
        await shows(pilot, "$ ovtui run")
        await pilot.press("ctrl+s", "x", "enter")
        await pilot.pause(0.3)
        assert screen_name(pilot) == "ConfigureScreen"


@pytest.mark.parametrize("typed", ["/root/x", "/proc/1/fd/x", "x" * 300, "\x00", "//", "~nobody-of-that-name/x"])
async def test_whatever_is_typed_as_a_path_is_taken(open_app: Opened, store: Store, typed: str) -> None:
    remember(store)
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        pilot.app.screen.query_one("#path", Input).value = typed
        await pilot.press("enter", "escape", "escape", "escape")
        await pilot.pause(0.3)
    async with open_app() as pilot:
        await pilot.press("enter")
        await shows(pilot, "$ ovtui run")
        pilot.app.screen.query_one("#data", FormLine).value = typed
        await pilot.pause(0.2)
        assert screen_name(pilot) == "ConfigureScreen"


async def test_the_name_of_an_open_input_is_shown_and_not_obeyed(open_app: Opened, store: Store) -> None:
    from ovtui.records import Port

    port = Port(name="\x1b]0;owned\x07", type="f32", shape=("?", 3, 224, 224), layout="NCHW")
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        screen: Any = pilot.app.screen
        screen._found(a_model(inputs=(port,)))
        await shows(pilot, "owned")
        assert not set(text_of(pilot)) & {"\x1b", "\x07"}


@pytest.mark.parametrize(("typed", "batch"), [(None, 4), ("input[2,3,64,224]", None)])
async def test_an_open_shape_is_proposed_with_the_batch_that_was_set(
    open_app: Opened, store: Store, typed: str | None, batch: int | None
) -> None:
    run = a_run(spec=Spec(model=a_model().id, batch=4))
    store.models.save(run.model)
    last_settings.remember(store, run.spec)
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        importing: Any = pilot.app.screen
        importing._found(run.model)
        await shows(pilot, "input[4,3,224,224]")
        if typed is not None:
            importing.query_one("#shape", FormLine).value = typed
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        await shows(pilot, "$ ovtui run")
        configure: Any = pilot.app.screen
        assert configure._spec.batch == batch
        assert configure._spec.shapes == {"input": (4, 3, 224, 224) if typed is None else (2, 3, 64, 224)}


async def test_long_summaries_scroll_by_the_page(open_app: Opened, store: Store) -> None:
    remember(store, 4)
    async with open_app(size=(80, 16)) as pilot:
        await pilot.press("tab", "enter")
        await shows(pilot, "What next")
        before = text_of(pilot)
        await pilot.press("pagedown")
        await pilot.pause(0.2)
        assert text_of(pilot) != before
