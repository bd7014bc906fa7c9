"""Exploring: the best settings within limits, what is known already, failures that stop nothing, and arrival rates."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests import nets
from tests.conftest import Ovtui, PastOf
from tests.engine.test_jobs import events, processes, until, whole


def test_a_search_finds_a_best_setting_and_keeps_each_probe_as_a_run(ovtui: Ovtui, cnn: Path) -> None:
    told = ovtui("explore", cnn, "--batches", "1,2,4", "--streams", "1,2", "--json").json
    assert told["status"] == "done"
    measured = [cell for cell in told["cells"] if cell["state"] == "measured"]
    assert len(measured) >= 3
    assert {run["id"] for run in told["runs"]} == {cell["run"] for cell in measured}
    rates = {cell["run"]: cell["throughput_fps"]["mean"] for cell in measured}
    assert rates[told["best"]["id"]] >= 0.5 * max(rates.values())  # of a probe each: the race knows better
    assert told["best"]["spec"]["streams"] in (1, 2)
    assert told["best"]["id"] in told["pareto"]
    assert ovtui("history", "--json").json["runs"] == []
    assert ovtui("explore", told["id"], "--json").json["best"] == told["best"]
    done = ovtui("explore", "--resume", told["id"])
    assert (done.code, "is done" in done.err) == (2, True)
    listed = ovtui("explore", "--json").json["explorations"]
    assert [each["id"] for each in listed] == [told["id"]]


def test_what_was_measured_is_not_measured_again_unless_it_is_asked_for(ovtui: Ovtui, cnn: Path) -> None:
    arguments = ("explore", cnn, "--cells", "1x1,2x1", "-t", "2", "--json")
    first = ovtui(*arguments).json
    again = ovtui(*arguments).json
    assert [cell["state"] for cell in first["cells"]] == ["measured", "measured"]
    known = {cell["run"]: cell["throughput_fps"] for cell in first["cells"]}
    sure = {
        run for run, found in known.items()
        if found["ci95"] is not None and (found["ci95"][1] - found["ci95"][0]) / 2 <= 0.05 * found["mean"]
    }  # fmt: skip
    reused = {cell["run"] for cell in again["cells"] if cell["state"] == "reused"}
    assert reused == sure
    fresh = ovtui(*arguments, "--fresh").json
    assert {cell["state"] for cell in fresh["cells"]} == {"measured"}


def test_a_batch_the_model_cannot_take_fails_and_stops_nothing(ovtui: Ovtui, net_folder: Path) -> None:
    model = nets.no_batch(net_folder / "scalar.xml")
    told = ovtui("explore", model, "--all", "--batches", "1,2,4", "--streams", "1", "-t", "0.3", "--json").json
    states = {cell["setting"]["batch"]: cell for cell in told["cells"]}
    assert states[1]["state"] == "measured"
    assert {states[2]["state"], states[4]["state"]} == {"failed"}
    assert "batch" in states[2]["reason"]
    shown = ovtui("explore", model, "--all", "--batches", "1,2", "--streams", "1", "-t", "0.3").out
    assert "failed" in shown


def test_more_streams_than_the_device_takes_fail_with_the_reason(ovtui: Ovtui, cnn: Path) -> None:
    told = ovtui("explore", cnn, "--cells", "1x1,1x1000", "-t", "0.3", "--json").json
    one, many = told["cells"]
    assert one["state"] == "measured"
    assert many["state"] == "failed"
    assert "streams" in many["reason"]


def test_a_limit_nothing_meets_says_the_nearest_miss(ovtui: Ovtui, cnn: Path) -> None:
    arguments = ("explore", cnn, "--cells", "1x1,2x1", "-t", "0.5", "--latency-limit", "0.001")
    told = ovtui(*arguments, "--json").json
    assert told["best"] is None
    assert any("Nothing keeps p50" in warning and "the nearest is batch" in warning for warning in told["warnings"])


def test_the_best_keeps_the_limit(ovtui: Ovtui, cnn: Path) -> None:
    grid = ("--cells", "1x1,64x1", "-t", "1")
    free = ovtui("explore", cnn, *grid, "--json").json

    def medians_of(found: dict[str, Any]) -> dict[str, float]:
        latencies = {cell["run"]: cell["latency_ms"] for cell in found["cells"]}
        # Where there are too few for a median, a limit is held against the slowest.
        return {run: latency["p50"] or latency["max"] for run, latency in latencies.items()}

    limit = sum(medians_of(free).values()) / 2
    told = ovtui("explore", cnn, *grid, "--latency-limit", f"{limit:.4f}", "--json").json
    medians = medians_of(told)
    keeping = {run for run, median in medians.items() if median <= limit}
    best = told["best"] and told["best"]["id"]
    assert best in keeping if keeping else best is None, (limit, medians, told["warnings"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batches", "0"], "batch"),
        (["--batches", ""], "batch"),
        (["--streams", "5-2"], "stream"),
        (["--cells", "1x"], "1x"),
        (["--cells", "1x1", "--streams", "2"], "leave the axes out"),
        (["--server"], "--latency-limit"),
        (["--server", "--latency-limit", "5", "--batches", "1,2"], "leave the grid out"),
        (["--percentile", "99"], "give a limit"),
        (["--latency-limit", "nan"], "number"),
        (["-d", "NOTHING"], "NOTHING"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(ovtui: Ovtui, cnn: Path, arguments: list[str], said: str) -> None:
    refused = ovtui("explore", cnn, *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_cancelled_it_keeps_what_was_measured_and_goes_on_later(ovtui: Ovtui, cnn: Path, home: Path) -> None:
    arguments = ("--all", "--batches", "1-8", "--streams", "1", "-t", "3")
    started = ovtui("explore", cnn, *arguments, "--detach", "--json").json["id"]

    def two_are_known() -> bool:
        told = [e["study"]["cells"] for e in events(home, started) if e["event"] == "study"]
        return bool(told) and sum(cell["state"] == "measured" for cell in told[-1]) >= 2

    until(two_are_known, 60)
    assert ovtui("cancel", started, "--json").json["status"] == "cancelled"
    assert not processes(started)
    kept = next(e for e in ovtui("explore", "--json").json["explorations"] if e["id"] == started)
    known = {cell["run"] for cell in kept["cells"] if cell["state"] == "measured"}
    assert len(known) >= 2
    assert all(cell["state"] in ("open", "measured") for cell in kept["cells"])
    whole(home)
    resumed = ovtui("explore", "--resume", started, "--detach", "--json").json["id"]

    def one_is_taken_over() -> bool:
        told = [e["study"]["cells"] for e in events(home, resumed) if e["event"] == "study"]
        return bool(told) and any(cell["state"] == "reused" and cell["run"] in known for cell in told[-1])

    until(one_is_taken_over, 60)
    ovtui("cancel", resumed)


def test_killed_it_is_found_and_its_runs_are_there(ovtui: Ovtui, cnn: Path, home: Path) -> None:
    started = ovtui(
        "explore", cnn, "--all", "--batches", "1-8", "--streams", "1", "-t", "1", "--detach", "--json"
    ).json["id"]
    until(lambda: sum(e["event"] == "study" and any(c["run"] for c in e["study"]["cells"])
                      for e in events(home, started)), 60)  # fmt: skip
    family = processes(started)
    os.kill(family[0].pid, signal.SIGKILL)
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
    kept = next(e for e in ovtui("explore", "--json").json["explorations"] if e["id"] == started)
    assert kept["status"] == "interrupted"
    assert kept["runs"]
    whole(home)


def test_the_highest_arrival_rate_under_a_limit_is_one_that_turns_confirmed(ovtui: Ovtui, cnn: Path) -> None:
    told = ovtui(
        "explore", cnn, "--server", "--latency-limit", "20", "--percentile", "95", "-t", "30", "--json", timeout=200
    ).json  # fmt: skip
    loads = told["loads"]
    assert loads
    assert [load["rate"] for load in loads] == sorted(load["rate"] for load in loads)
    kept = [load for load in loads if load["kept"]]
    if not kept:  # a machine that stalls for 20 ms again and again
        assert told["best"] is None
        return
    assert told["best"]["id"] == kept[-1]["run"]
    assert told["best"]["spec"]["rate"] == kept[-1]["rate"]
    assert all(0 <= load["missed"] <= 1 for load in loads)
    for load in kept:
        assert load["missed"] <= 0.075  # half as many again, where few were counted
        assert load["missed_ci95"][0] <= 0.05
        assert load["rate"] < told["capacity_per_s"]
    assert all(load["ground"] for load in loads if load["kept"] is False)


def test_a_run_beyond_capacity_counts_who_still_waits(ovtui: Ovtui, cnn: Path) -> None:
    run = ovtui("run", cnn, "--mode", "server", "--rate", "50000", "-t", "1", "--no-profile", "--json").json["run"]
    assert run["result"]["waiting"] >= 500
    assert run["result"]["backlog_grew"]
    assert not run["result"]["throughput_fps"]["converged"]
    assert any("beyond capacity" in warning for warning in run["warnings"])
    assert any("still waited at the end" in warning for warning in run["warnings"])


def test_a_rate_search_under_an_impossible_limit_says_what_an_inference_takes(ovtui: Ovtui, cnn: Path) -> None:
    told = ovtui("explore", cnn, "--server", "--latency-limit", "0.002", "--json").json
    assert told["best"] is None
    assert any("an inference alone takes" in warning for warning in told["warnings"])


@pytest.mark.parametrize("ending", ["json", "csv", "md", "html"])
def test_an_exploration_becomes_a_file(ovtui: Ovtui, mlp: Path, tmp_path: Path, past_of: PastOf, ending: str) -> None:
    explored = ("explore", mlp, "--cells", "1x1", "-t", "0.3", "--json")
    told = past_of("an exploration of one cell", lambda: ovtui(*explored).json)
    path = tmp_path / f"found.{ending}"
    assert ovtui("export", told["id"], "-o", path).code == 0
    assert told["best"]["id"] in path.read_text()
