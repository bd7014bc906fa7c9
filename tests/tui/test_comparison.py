"""Comparing in the app: recorded runs, comparisons measured in turn, live and ended, and rankings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from ovtui.analysis.comparison.attribution import of_recorded
from ovtui.engine import client
from ovtui.records import Candidate, Comparison, Criterion, Model, Spec
from ovtui.store import Store
from ovtui.tui.app import OvtuiApp
from ovtui.tui.screens.run import RunScreen
from ovtui.tui.widgets.tabbar import TabBar
from ovtui.tui.widgets.table import Table
from tests import profiled
from tests.store.samples import NOW, a_model, an_environment
from tests.tui import comparisons as made
from tests.tui.conftest import Opened, Step, keys, painted, screen_name, shows, text_of, until

HOSTILE = "\x1b[2J\x1b[31m[bold]net[/foo] :smile: \u202egnp.elif " + "very/" * 80
SIZES = ((80, 24), (160, 50))
Snap = Callable[..., bool]


@pytest.fixture
def comparing(store: Store) -> Iterator[Callable[..., made.ComparisonJob]]:
    found: list[made.ComparisonJob] = []

    def make(**options: Any) -> made.ComparisonJob:
        found.append(made.ComparisonJob(store, **options))
        return found[-1]

    yield make
    for each in found:
        each.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Candidate], Criterion]]:
    """What the app would have measured in turn; it is told that it cannot be."""
    asked: list[tuple[list[Candidate], Criterion]] = []

    async def start(sides: list[Candidate], criterion: Criterion, **other: Any) -> Any:
        from ovtui.errors import OvtuiError

        asked.append((sides, criterion))
        raise OvtuiError("Nothing is measured in this test.")

    async def as_it_is(app: OvtuiApp, model: Model) -> Model:
        return model

    monkeypatch.setattr(client, "start_comparison", start)
    monkeypatch.setattr(OvtuiApp, "_as_it_is_now", as_it_is)
    return asked


def app_of(pilot: Pilot[Any]) -> OvtuiApp:
    assert isinstance(pilot.app, OvtuiApp)
    return pilot.app


def table(pilot: Pilot[Any], name: str) -> Table:
    return pilot.app.screen.query_one(name, Table)


def column(pilot: Pilot[Any], name: str, key: str) -> list[str]:
    """The texts of a column, from the first row to the last."""
    rows = table(pilot, name).rows
    return [rows.cells(index)[key].text for index in range(len(rows))]


async def opened(pilot: Pilot[Any], *ids: str) -> None:
    app_of(pilot).open_compare(ids)
    await painted(pilot)


# -- two recorded runs


async def test_runs_marked_in_history_are_compared(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await pilot.press("a", "c")
        await shows(pilot, "Mark two runs with the space bar")
        await pilot.press("space", "space", "c")
        await until(pilot, lambda: screen_name(pilot) == "ComparisonScreen")
        await shows(pilot, "A mixnet-int8")  # marked first, as the newest
        await shows(pilot, "A is a version of B's model.")
        await shows(pilot, "B is 1.83 × slower")
        await shows(pilot, "They were measured at different times")
        await pilot.press("x")
        await shows(pilot, "B is 1.83 × faster")
        assert column(pilot, "#criteria", "ratio")[0] == "1.830"


async def test_what_differs_in_the_machine_comes_before_the_verdict(open_app: Opened, store: Store) -> None:
    a, _ = made.two_runs(store)
    store.runs.set_environment(a.id, msgspec.structs.replace(an_environment(), governor="powersave", openvino="2026.3"))
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        lines = text_of(pilot).split("\n")
        where = next(n for n, line in enumerate(lines) if "! Different OpenVINO: 2026.3 and 2026.4.0." in line)
        assert where < next(n for n, line in enumerate(lines) if "B is 1.83 ×" in line)
        await pilot.press("d")
        await shows(pilot, "Different governor: powersave and unknown.")
        await pilot.press("escape")
        assert screen_name(pilot) == "ComparisonScreen"


async def test_a_small_screen_says_how_to_see_all_that_differs(open_app: Opened, store: Store) -> None:
    a, _ = made.two_runs(store)
    other = msgspec.structs.replace(
        an_environment(), host="a-machine-of-some-other-team", cpu="Quite another processor @ 3.1 GHz",
        governor="powersave", openvino="2025.1.0-18503-6fec06580ab-releases/2025/1", kernel="5.15.0-1052-aws",
        cores=16, memory_mb=64_000.0,
    )  # fmt: skip
    store.runs.set_environment(a.id, other)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await shows(pilot, "… (d: all)")
        assert "usable cores" not in text_of(pilot)
        assert table(pilot, "#criteria").size.height >= 6
        await pilot.press("d")
        await shows(pilot, "Different usable cores: 16 and 2.")


async def test_near_runs_are_undecided_and_m_measures_them_in_turn(
    open_app: Opened, store: Store, started: list[tuple[list[Candidate], Criterion]]
) -> None:
    made.two_runs(store, ratio=1.02)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await shows(pilot, "Undecided: B has between")
        await pilot.press("m")
        await shows(pilot, "Nothing is measured in this test.")
    ((sides, criterion),) = started
    assert [side.model.name for side in sides] == ["mixnet", "mixnet-int8"]
    assert [side.spec.model for side in sides] == ["mixnet0001", "mixnet0002"]
    assert [side.run for side in sides] == [None, None]  # the runs that there are stay as they are
    assert criterion == "latency"


async def test_random_arrivals_do_not_take_turns(
    open_app: Opened, store: Store, started: list[tuple[list[Candidate], Criterion]]
) -> None:
    spec = Spec(model="mixnet0001", mode="server", rate=20.0)
    profiled.add(store, None, "run000000a", result=made.result(20.0))
    profiled.add(store, None, "run000000b", result=made.result(20.0), spec=spec)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("m")
        await shows(pilot, "Random arrivals do not take turns")
    assert not started


async def test_a_run_is_not_compared_with_itself(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000a")
        await shows(pilot, "A run cannot be compared with itself")
        assert screen_name(pilot) == "HomeScreen"


async def test_a_run_is_compared_from_its_own_screen(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        app_of(pilot).open_run("run000000a")
        await painted(pilot)
        await pilot.press("c")
        await shows(pilot, "Compare this run with")
        await shows(pilot, "MODEL MODE BATCH STREAMS FPS LABEL")  # what tells it from others
        await pilot.press(*"int8", "enter")
        await until(pilot, lambda: screen_name(pilot) == "ComparisonScreen")
        await shows(pilot, "B is 1.83 × faster")


async def test_a_deleted_run_ends_its_comparison(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        app_of(pilot).remove(["run000000b"])
        await until(pilot, lambda: screen_name(pilot) == "HomeScreen")


async def test_names_from_files_are_shown_and_never_obeyed(open_app: Opened, store: Store) -> None:
    model = a_model("hostile001", name=HOSTILE, path=f"/models/{HOSTILE}.onnx")
    profiled.add(store, profiled.hostile(), "run000000a", result=made.result(10.0), label=HOSTILE)
    profiled.add(store, profiled.hostile(), "run000000b", model=model, result=made.result(11.0), label=HOSTILE)
    async with open_app(size=(160, 50)) as pilot:
        await opened(pilot, "run000000a", "run000000b")
        for key in ("2", "j", "j", "j", "3", "b", "b", "d"):
            await pilot.press(key)
            await painted(pilot)
            shown = text_of(pilot)
            assert "\x1b" not in shown
            assert "\u202e" not in shown
        await shows(pilot, "These are different models")


# -- layers


async def test_layers_come_by_what_explains_the_difference(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("2")
        await shows(pilot, "They are marked *.")
        assert column(pilot, "#delta-table", "mark")[:9] == ["*"] * 8 + [""]
        deltas = column(pilot, "#delta-table", "delta")
        assert deltas[:3] == ["−524.4", "+301.0", "−236.0"]
        assert column(pilot, "#delta-table", "precision")[0] == "f32→i8"
        ratios = column(pilot, "#delta-table", "ratio")
        assert ratios[:3] == ["0.31", "only B", "only A"]
        await shows(pilot, "brgconv_avx512_f32→brgconv_avx512_vnni_i8")
        await pilot.press("j")
        await shows(pilot, "Only B has it, 301.0 µs")


async def test_a_layer_has_its_interval_and_the_rest_is_told(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("2")
        await shows(pilot, "1 of them differs the other way, by +301.0 µs: against the verdict.")
        await shows(pilot, "Not attributable: −18.88 µs")
        await shows(pilot, "Δ −624.6 to −424.2 µs")


async def test_layers_that_were_counted_in_turn_are_marked_as_that_found(open_app: Opened, store: Store) -> None:
    a, b = made.two_runs(store)
    found = of_recorded(store.runs.profile(a.id), store.runs.profile(b.id))
    assert found is not None
    rows = tuple(msgspec.structs.replace(row, marked=row.delta_us > 0) for row in found.rows)
    known = msgspec.structs.replace(found, rows=rows, instances=6)
    made.keep(store, made.a_study(runs=(a.id, b.id), layers=(known,)))
    async with open_app() as pilot:
        app_of(pilot).open_study("study00001")
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await pilot.press("2")
        await shows(pilot, "They are marked *.")
        assert column(pilot, "#delta-table", "mark")[:3] == ["", "*", ""]
        await pilot.press("x")
        await shows(pilot, "+524.4")
        assert column(pilot, "#delta-table", "mark")[:3] == ["", "*", ""]


async def test_layers_are_filtered_and_cut_off_below_a_threshold(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("2", "t", "t", "t", "t")
        await shows(pilot, "8 of 36 layers with |Δ| of 10 µs or more")
        await pilot.press("T", "T")
        await shows(pilot, "|Δ| of 2 µs or more")
        pilot.app.screen.query_one("#delta-filter", Input).value = "delta>"
        await shows(pilot, "The filter 'delta>' is not finished, or its number is none: delta>50us does.")
        pilot.app.screen.query_one("#delta-filter", Input).value = "branch_1 precision:i8 delta<-60us"
        await shows(pilot, "2 of 36 layers")
        pilot.app.screen.query_one("#delta-filter", Input).value = "only:b"
        await shows(pilot, "1 of 36 layers")
        assert column(pilot, "#delta-table", "name") == ["head/Scan"]
        await pilot.press("escape")
        await shows(pilot, "of the gain of 827.4 µs.")
        assert len(table(pilot, "#delta-table").rows) == 36
        await pilot.press("escape")
        await until(pilot, lambda: screen_name(pilot) == "HomeScreen")


async def test_enter_shows_a_layer_in_the_graph_of_the_run_that_has_it(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        for row, run, line in ((0, "mixnet-int8", "brgconv_avx512_vnni_i8"), (2, "mixnet ", "CumSum")):
            await pilot.press("2", "g", *"j" * row, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
            await painted(pilot)
            assert pilot.app.screen.query_one(TabBar).active == "tab-graph"
            await shows(pilot, run)
            await shows(pilot, line)
            await pilot.press("escape")
            await painted(pilot)


async def test_groups_lead_to_their_layers(open_app: Opened, store: Store) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("3")
        await shows(pilot, "By [type]")
        assert column(pilot, "#group-table", "name")[0] == "Convolution"
        await pilot.press("b")
        await shows(pilot, "By type [precision]")
        assert set(column(pilot, "#group-table", "name")[:2]) == {"f32", "i8"}
        await pilot.press("b", "b", "j", "enter")
        await shows(pilot, "1 of 36 layers in Loop")


async def test_without_a_profile_the_layers_say_what_to_do(
    open_app: Opened, store: Store, started: list[tuple[list[Candidate], Criterion]]
) -> None:
    made.two_runs(store, profiles=False)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("2")
        await shows(pilot, "Neither side has a profile")
        await shows(pilot, "press m")
        await pilot.press("m")
        await shows(pilot, "Nothing is measured in this test.")
    assert [side.spec.profile for side in started[0][0]] == [True, True]


async def test_different_models_are_matched_as_far_as_they_can_be(open_app: Opened, store: Store) -> None:
    made.two_runs(store, other=a_model("another001", name="another"))
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await shows(pilot, "These are different models: mixnet and another.")
        await pilot.press("2")
        await shows(pilot, "Different models: layers are matched as far as names and shapes go.")


# -- measured in turn


async def test_a_comparison_is_followed_until_it_is_decided(
    open_app: Opened, store: Store, comparing: Callable[..., made.ComparisonJob]
) -> None:
    made.two_runs(store)
    job = comparing()
    job.start()
    async with open_app() as pilot:
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")  # what goes on is what one comes back to
        await shows(pilot, "instance 1: loading …")
        assert pilot.app.screen.query_one(TabBar).active == "tab-instances"
        job.measure(made.DOUBTFUL)
        await shows(pilot, "Undecided: about")
        await shows(pilot, "1.014 × 95 % CI 0.971 – 1.060 4 instances")
        await shows(pilot, "about 41 s left instance 5: taking turns …")
        assert "B slower │ B faster" in text_of(pilot)
        await pilot.press("2")
        await shows(pilot, "until then the instances tell what is known")
        job.measure(made.FASTER, eta_s=None)
        await shows(pilot, "So far: B is 3.3 % faster (2.8–3.9 %).")
        job.end(runs=("run000000a", "run000000b"))
        await shows(pilot, "Measured in turn, by throughput: 6 instances, 144 turns of each side, 39 s.")
        await until(pilot, lambda: pilot.app.screen.query_one(TabBar).active == "tab-criteria")
        assert column(pilot, "#criteria", "ratio")[0] == "1.830"
        await pilot.press("x")
        await shows(pilot, "B is 3.2 % slower")


async def test_escape_leaves_it_going_on_and_home_leads_back(
    open_app: Opened, comparing: Callable[..., made.ComparisonJob]
) -> None:
    job = comparing()
    job.start()
    job.measure(made.FASTER[:3])
    async with open_app() as pilot:
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await pilot.press("escape")
        await until(pilot, lambda: screen_name(pilot) == "HomeScreen")
        await shows(pilot, "It goes on.")
        await shows(pilot, "mixnet / mixnet-int8")
        await shows(pilot, "1.035 × ±")
        await pilot.press("w")
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await pilot.press("escape")
        await painted(pilot)
        table(pilot, "#live").focus()
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")


async def test_cancelling_asks_first(
    open_app: Opened, comparing: Callable[..., made.ComparisonJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[str] = []
    monkeypatch.setattr(OvtuiApp, "cancel", lambda app, job_id: cancelled.append(job_id))
    job = comparing()
    job.start()
    async with open_app() as pilot:
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await pilot.press("c")
        await shows(pilot, "End this comparison?")
        await pilot.press("n")
        assert not cancelled
        job.measure(made.DOUBTFUL)
        await shows(pilot, "4 instances")
        await pilot.press("c")
        await shows(pilot, "What it has measured is kept.")
        await pilot.press("y")
        await until(pilot, lambda: cancelled == ["study00001"])
        job.end("cancelled")
        await shows(pilot, "It was cancelled.")
        await shows(pilot, "there are no figures to compare")


async def test_a_comparison_that_failed_says_why(open_app: Opened, store: Store) -> None:
    made.keep(store, made.a_study((), status="failed", error="B: the model needs 12 GB, and 7 are free."))
    async with open_app() as pilot:
        app_of(pilot).open_study("study00001")
        await shows(pilot, "Nothing was measured. It failed.")
        await shows(pilot, "! B: the model needs 12 GB, and 7 are free.")


async def test_of_more_than_two_sides_each_is_held_against_the_first(open_app: Opened, store: Store) -> None:
    third = a_model("third00001", name="a-third")
    study = made.a_study(made.FIRM, models=(profiled.MIXNET, made.INT8, third), runs=(None, None, None))
    slower = msgspec.structs.replace(study.duels[0], verdict="same", ratio=1.0, ci95=(0.99, 1.01), ratios=(1.0,) * 4)
    made.keep(store, msgspec.structs.replace(study, duels=(study.duels[0], slower)))
    async with open_app() as pilot:
        app_of(pilot).open_study("study00001")
        await shows(pilot, "B is 1.83 × faster")
        await shows(pilot, "B is number 1 of 2")
        await pilot.press("right_square_bracket")
        await shows(pilot, "B a-third")
        await shows(pilot, "No difference: within ±2 %.")
        await pilot.press("right_square_bracket")
        await shows(pilot, "B mixnet-int8")


async def test_comparisons_are_listed_and_opened(open_app: Opened, store: Store) -> None:
    async with open_app() as pilot:
        app_of(pilot).open_studies("comparison")
        await shows(pilot, "No A/B test yet")
        made.two_runs(store)
        made.keep(store, made.a_study(made.FASTER, label="nightly"))
        made.keep(store, made.a_study(made.DOUBTFUL, study_id="study00002", created=NOW + 9000))
        await pilot.press("a")
        await painted(pilot)
        await pilot.press("C")
        await shows(pilot, "Undecided: about")
        await pilot.press(*"nightly", "enter")
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await shows(pilot, "B is 3.3 % faster (2.8–3.9 %).")


async def test_two_models_on_home_are_measured_in_turn(
    open_app: Opened, store: Store, started: list[tuple[list[Candidate], Criterion]]
) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await painted(pilot)
        table(pilot, "#models").focus()
        await pilot.press("c")
        await shows(pilot, "Measure mixnet in turn with")
        await pilot.press("enter")
        await shows(pilot, "Nothing is measured in this test.")
    ((sides, criterion),) = started
    assert [side.model.name for side in sides] == ["mixnet", "mixnet-int8"]
    assert msgspec.structs.replace(sides[0].spec, model="") == msgspec.structs.replace(sides[1].spec, model="")
    assert criterion == "latency"


async def test_what_is_copied_is_what_the_tab_shows(open_app: Opened, store: Store, home: Path) -> None:
    made.two_runs(store)
    made.keep(store, made.a_study(made.FIRM, runs=("run000000a", "run000000b")))
    async with open_app() as pilot:
        app_of(pilot).open_study("study00001")
        await painted(pilot)
        for tab, expected in (
            ("1", "throughput, FPS\t190.0 ±0.6 %\t347.7 ±0.6 %\t1.830"),
            ("2", "−524.4\t63 %\t760.0\t235.6\t0.31\tf32→i8\tConvolution"),
            ("3", "Loop\t+301.0\t−36 %\t–\t301.0\t0 → 1"),
            ("4", "2\t1.850"),
        ):
            await pilot.press(tab, "y")
            await until(pilot, lambda expected=expected: expected in (home / "copied.txt").read_text())  # type: ignore[misc]


async def test_the_demo_model_is_really_measured_in_turn(
    open_app: Opened, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "start_comparison", partial(client.start_comparison, seconds=2))
    job = await client.start_import(home / "demo" / "demo.xml", name="demo", demo=True)
    model = store.models.get((await job.result()).model or "")
    assert model is not None
    one, four = (Candidate(model=model, spec=Spec(model=model.id, mode="manual", batch=batch)) for batch in (1, 4))
    async with open_app() as pilot:
        app_of(pilot).measure_in_turn([one, four], "throughput")
        await until(pilot, lambda: screen_name(pilot) == "AbTestScreen")
        await shows(pilot, "instance 1: taking turns", seconds=120)
        await shows(pilot, "Batch: 1 and 4.")
        await shows(pilot, "Measured in turn, by throughput: 4 instances", seconds=120)
        await until(pilot, lambda: len(table(pilot, "#criteria").rows) > 0)
        for _ in range(200):  # its end opens the criteria, whenever that is
            await pilot.press("2")
            await pilot.pause(0.3)
            if len(table(pilot, "#delta-table").rows):
                break
        assert len(table(pilot, "#delta-table").rows) > 0, text_of(pilot)
    (study,) = store.studies.of(Comparison).newest()
    assert study.status == "done"
    assert len(study.duels[0].ratios) == 4


# -- files


async def exported(pilot: Pilot[Any], path: Path) -> str:
    """What is written there."""
    await pilot.press("e")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")
    await until(pilot, path.exists)
    return path.read_text()


async def test_recorded_runs_are_exported_as_they_are_shown(open_app: Opened, store: Store, tmp_path: Path) -> None:
    made.two_runs(store)
    async with open_app() as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await pilot.press("x")
        written = json.loads(await exported(pilot, tmp_path / "x.json"))
        assert written["sentence"] == "B is 1.83 × slower (1.68–1.99), by median latency"
        assert [side["id"] for side in written["sides"]] == ["run000000b", "run000000a"]
        assert "measured at different times" in written["warnings"][0]
        report = await exported(pilot, tmp_path / "x.md")
        assert "B is 1.83 × slower (1.68–1.99), by median latency." in report
        assert "Runs of one spec scatter" in report


async def test_why_servers_are_not_judged_is_exported(open_app: Opened, store: Store, tmp_path: Path) -> None:
    for run_id, rate in (("run000000a", 20.0), ("run000000b", 30.0)):
        spec = Spec(model="mixnet0001", mode="server", rate=rate)
        profiled.add(store, None, run_id, result=made.result(rate), spec=spec)
    why = "Undecided: how fast a server is at one rate says nothing of others; their latencies tell"
    async with open_app(size=(160, 50)) as pilot:
        await opened(pilot, "run000000a", "run000000b")
        await shows(pilot, f"{why}.")
        written = json.loads(await exported(pilot, tmp_path / "x.json"))
        assert (written["sentence"], written["duels"][0]["sentence"]) == (why, why)
        assert written["criterion"] is None
        report = await exported(pilot, tmp_path / "x.md")
    assert f"{why}." in report
    assert "criterion" not in report
    assert "--interleave" not in report


async def test_a_comparison_measured_in_turn_is_exported(open_app: Opened, store: Store, tmp_path: Path) -> None:
    made.two_runs(store)
    made.keep(store, made.a_study(made.FIRM, runs=("run000000a", "run000000b")))
    async with open_app() as pilot:
        app_of(pilot).open_study("study00001")
        await painted(pilot)
        page = await exported(pilot, tmp_path / "x.html")
        assert "comparison study00001" in page
        assert "Mixed_0/Branch_1/Conv2d_3x3" in page


async def test_a_comparison_that_goes_on_is_not_exported(
    open_app: Opened, store: Store, comparing: Callable[..., made.ComparisonJob]
) -> None:
    job = comparing()
    job.start()
    async with open_app() as pilot:
        app_of(pilot).open_study(job.study.id)
        await painted(pilot)
        await pilot.press("e")
        await pilot.pause()
        assert screen_name(pilot) == "AbTestScreen"


async def test_ranked_runs_are_exported_the_best_first(open_app: Opened, store: Store, tmp_path: Path) -> None:
    made.two_runs(store)
    profiled.add(store, None, "run000000c", created=NOW + 100, result=made.result(180.0))
    async with open_app(size=(120, 40)) as pilot:
        app_of(pilot).open_compare(["run000000a", "run000000b", "run000000c"])
        await painted(pilot)
        written = json.loads(await exported(pilot, tmp_path / "x.json"))
        assert [run["id"] for run in written["runs"]] == ["run000000b", "run000000a", "run000000c"]
        await pilot.press("space")
        assert json.loads(await exported(pilot, tmp_path / "y.json"))["run"]["id"] == "run000000b"


# -- more than two runs


async def test_more_than_two_marked_runs_are_ranked(
    open_app: Opened, store: Store, started: list[tuple[list[Candidate], Criterion]]
) -> None:
    made.two_runs(store)
    profiled.add(store, None, "run000000c", created=NOW + 100, result=made.result(180.0))
    profiled.add(store, None, "run000000d", created=NOW + 200, result=None)
    async with open_app(size=(120, 40)) as pilot:
        await pilot.press("a")
        await painted(pilot)
        await pilot.press("space", "space", "space", "space", "c")
        await until(pilot, lambda: screen_name(pilot) == "RankingScreen")
        await shows(pilot, "The best is faster than all 2 others.")
        assert column(pilot, "#ranked", "rank") == ["1", "2", "3", "–"]
        assert column(pilot, "#ranked", "figure")[-1] == "–"
        await pilot.press("space", "space", "c")
        await until(pilot, lambda: screen_name(pilot) == "ComparisonScreen")
        await pilot.press("escape")
        await until(pilot, lambda: screen_name(pilot) == "RankingScreen")
        await pilot.press("m")
        await shows(pilot, "Nothing is measured in this test.")
    assert len(started[0][0]) == 4


# -- pictures


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def snap(request: pytest.FixtureRequest, snap_compare: Any, store: Store, one_moment: None) -> Snap:
    def compare(open_it: Callable[[OvtuiApp], None], *pressed: str) -> bool:
        async def step(pilot: Pilot[Any]) -> None:
            await painted(pilot)
            open_it(app_of(pilot))
            await painted(pilot)
            press: Step = keys(*pressed)
            await press(pilot)

        return bool(snap_compare(OvtuiApp(store), terminal_size=request.param, run_before=step))

    return compare


def _recorded(app: OvtuiApp) -> None:
    app.open_compare(["run000000a", "run000000b"])


def _in_turn(app: OvtuiApp) -> None:
    app.open_study("study00001")


@pytest.mark.parametrize("tab", ["1", "2", "3"])
def test_recorded_runs(snap: Snap, store: Store, tab: str) -> None:
    a, _ = made.two_runs(store)
    store.runs.set_environment(a.id, msgspec.structs.replace(an_environment(), governor="powersave"))
    assert snap(_recorded, tab)


def test_all_that_differs(snap: Snap, store: Store) -> None:
    made.two_runs(store)
    assert snap(_recorded, "d")


@pytest.mark.parametrize("tab", ["1", "4"])
def test_faster(snap: Snap, store: Store, tab: str) -> None:
    made.two_runs(store)
    made.keep(store, made.a_study(made.FASTER, runs=("run000000a", "run000000b")))
    assert snap(_in_turn, tab)


def test_undecided(snap: Snap, store: Store) -> None:
    made.two_runs(store, ratio=1.01)
    busy = ("The machine was busy 12 % of the time.",)
    made.keep(store, made.a_study(made.DOUBTFUL, runs=("run000000a", "run000000b"), warnings=busy))
    assert snap(_in_turn, "4")


def test_a_comparison_going_on(snap: Snap, comparing: Callable[..., made.ComparisonJob]) -> None:
    job = comparing()
    job.start()
    job.measure(made.DOUBTFUL)
    assert snap(lambda app: None)


def test_home_while_a_comparison_goes_on(snap: Snap, comparing: Callable[..., made.ComparisonJob]) -> None:
    job = comparing()
    job.start()
    job.measure(made.FASTER[:3])
    assert snap(lambda app: None, "escape")


def test_a_ranking(snap: Snap, store: Store) -> None:
    made.two_runs(store)
    for number, rate in enumerate((345.0, 180.0, 90.0)):
        model = a_model(f"model0000{number}", name=f"net-{number}")
        profiled.add(store, None, f"run000000{number}", model=model, result=made.result(rate))
    profiled.add(store, None, "run0000003", created=NOW + 900, result=None)
    assert snap(lambda app: app.open_compare([f"run000000{which}" for which in "ab0123"]))


def test_instances_without_colour(
    snap_compare: Any, store: Store, monkeypatch: pytest.MonkeyPatch, one_moment: None
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    made.two_runs(store)
    made.keep(store, made.a_study(made.FASTER, runs=("run000000a", "run000000b")))

    async def step(pilot: Pilot[Any]) -> None:
        app_of(pilot).open_study("study00001")
        await painted(pilot)
        await pilot.press("4")

    assert snap_compare(OvtuiApp(store), terminal_size=(80, 24), run_before=step)
