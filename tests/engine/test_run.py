"""Measuring real models by command: modes, stop rules, ways of asking, inputs, and the contract's JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import nets
from tests.conftest import Ovtui


def test_a_run_is_the_documented_document(ovtui: Ovtui, cnn: Path) -> None:
    run = ovtui("run", cnn, "-t", "1", "--json").json["run"]
    assert run["status"] == "done"
    assert run["model"]["name"] == "cnn"
    assert run["model"]["format"] == "ir"
    spec, result, environment = run["spec"], run["result"], run["environment"]
    assert (spec["device"], spec["mode"], spec["api"]) == ("CPU", "latency", "threads")
    assert (spec["batch"], spec["streams"], spec["requests"]) == (1, 1, 1)
    assert spec["threads"] >= 1
    assert spec["inputs"]["image"].startswith("random")
    throughput, latency = result["throughput_fps"], result["latency_ms"]
    assert throughput["ci95"][0] <= throughput["mean"] <= throughput["ci95"][1]
    assert throughput["mean"] == pytest.approx(result["inferences_per_s"])
    assert latency["min"] <= latency["mean"] <= latency["max"]
    assert set(latency) >= {"mean", "min", "p50", "p90", "p95", "p99", "p99_9", "max"}
    assert result["inferences"] == pytest.approx(throughput["mean"] * result["measured_s"], rel=0.3)
    assert result["peak_rss_mb"] > 30
    assert min(result["read_ms"], result["compile_ms"], result["first_inference_ms"]) > 0
    assert environment["openvino"].startswith("20")
    assert environment["cores"] >= 1


def test_latency_and_throughput_agree_for_one_request(ovtui: Ovtui, cnn: Path) -> None:
    """One request after the other: the mean latency is the inverse of the rate, but for the loop's own work."""
    result = ovtui("run", cnn, "-t", "1", "--json").json["run"]["result"]
    assert result["latency_ms"]["mean"] * result["inferences_per_s"] / 1000 == pytest.approx(1, rel=0.5)


def test_throughput_counts_inputs_not_inferences(ovtui: Ovtui, cnn: Path) -> None:
    run = ovtui("run", cnn, "-b", "4", "-t", "1", "--json").json["run"]
    assert run["spec"]["batch"] == 4
    assert run["spec"]["shapes"]["image"][0] == 4
    assert run["result"]["throughput_fps"]["mean"] == pytest.approx(4 * run["result"]["inferences_per_s"])


@pytest.mark.parametrize("api", ["threads", "async", "python"])
def test_every_way_of_asking_measures(ovtui: Ovtui, cnn: Path, api: str) -> None:
    run = ovtui("run", cnn, "--mode", "throughput", "--api", api, "-t", "0.5", "--json").json["run"]
    assert run["spec"]["api"] == api
    assert run["spec"]["properties"]["PERFORMANCE_HINT"] == "THROUGHPUT"
    assert run["result"]["inferences"] > 10


def test_manual_mode_takes_streams_threads_and_requests(ovtui: Ovtui, cnn: Path) -> None:
    arguments = ("--mode", "manual", "--streams", "1", "--threads", "1", "--requests", "3", "-t", "0.5")
    spec = ovtui("run", cnn, *arguments, "--json").json["run"]["spec"]
    assert (spec["streams"], spec["threads"], spec["requests"]) == (1, 1, 3)
    assert "PERFORMANCE_HINT" not in spec["properties"]
    assert spec["auto"] == ["batch", "precision"]


@pytest.mark.parametrize("api", ["threads", "async", "python"])
def test_server_mode_serves_the_rate_that_was_asked_for(ovtui: Ovtui, mlp: Path, api: str) -> None:
    run = ovtui("run", mlp, "--mode", "server", "--rate", "200", "--api", api, "-t", "3", "--json").json["run"]
    low, high = run["result"]["throughput_fps"]["ci95"]
    assert low - 40 < 200 < high + 40
    assert run["result"]["refused"] == 0


def test_a_rate_beyond_capacity_is_refused_and_said(ovtui: Ovtui, cnn: Path) -> None:
    arguments = ("--mode", "server", "--rate", "100000", "--queue", "10", "-t", "0.5")
    run = ovtui("run", cnn, *arguments, "--json").json["run"]
    assert run["result"]["refused"] > 1000
    assert any("refused" in warning for warning in run["warnings"])


def test_iterations_are_exact(ovtui: Ovtui, mlp: Path) -> None:
    result = ovtui("run", mlp, "-n", "1234", "--json").json["run"]["result"]
    assert result["inferences"] == 1234


def test_a_confidence_ends_the_run(ovtui: Ovtui, cnn: Path) -> None:
    """When it ends is a matter of time, and so of a scripted device; here a busy machine may delay it to the last."""
    run = ovtui("run", cnn, "--until-ci", "60%", "--json").json["run"]
    assert run["spec"]["stop"]["ci"] == 0.6
    assert 5 <= run["result"]["measured_s"] < 61


def test_a_percentile_without_an_inference_beyond_it_is_null_and_one_with_few_is_weak(ovtui: Ovtui, mlp: Path) -> None:
    latency = ovtui("run", mlp, "-n", "50", "--json").json["run"]["result"]["latency_ms"]
    assert latency["p99"] is None
    assert latency["needs"]["p99"] > 0
    assert latency["ci95"]["p90"][0] <= latency["p90"] <= latency["max"]
    assert latency["weak"]["p90"] is True
    assert latency["needs"]["p90"] >= 150


def test_a_dynamic_model_gets_a_static_shape_that_is_said(ovtui: Ovtui, dynamic: Path) -> None:
    run = ovtui("run", dynamic, "-n", "5", "--json").json["run"]
    assert run["spec"]["shapes"]["image"] == [1, 3, 224, 224]
    assert any("[1,3,224,224]" in warning and "--shape" in warning for warning in run["warnings"])


def test_a_shape_fixes_a_dynamic_model(ovtui: Ovtui, dynamic: Path) -> None:
    run = ovtui("run", dynamic, "--shape", "image[2,3,40,48]", "-n", "5", "--json").json["run"]
    assert run["spec"]["shapes"]["image"] == [2, 3, 40, 48]
    assert run["spec"]["batch"] == 2
    assert not any("is dynamic" in warning for warning in run["warnings"])


def test_a_shape_stated_at_the_import_is_what_is_measured(ovtui: Ovtui, dynamic: Path) -> None:
    model = ovtui("import", dynamic, "--shape", "[2,3,16,16]", "--layout", "NCHW", "--json").json["model"]
    assert model["inputs"][0]["stated"] == [2, 3, 16, 16]
    assert model["inputs"][0]["layout"] == "NCHW"
    assert None in model["outputs"][0]["shape"] or "?" in model["outputs"][0]["shape"]
    assert "measured at" in ovtui("import", dynamic).out
    run = ovtui("run", model["name"], "-n", "5", "--json").json["run"]
    assert run["spec"]["shapes"]["image"] == [2, 3, 16, 16]
    assert not any("is dynamic" in warning for warning in run["warnings"])
    other = ovtui("run", model["name"], "-n", "5", "-b", "1", "--shape", "[1,3,8,8]", "--json").json["run"]
    assert other["spec"]["shapes"]["image"] == [1, 3, 8, 8]
    batch = ovtui("run", model["name"], "-n", "5", "-b", "3", "--json").json["run"]
    assert batch["spec"]["shapes"]["image"] == [3, 3, 16, 16]
    again = ovtui("import", dynamic, "--shape", "[1,3,24,24]", "--json").json["model"]["inputs"][0]
    assert (again["stated"], again["layout"]) == ([1, 3, 24, 24], "NCHW")  # what was said before stays
    explored = ovtui("explore", model["name"], "--cells", "1x1,2x1", "-t", "0.3", "--json").json
    measured = [run["spec"]["shapes"]["image"] for run in explored["runs"]]
    assert sorted(measured) == [[1, 3, 24, 24], [2, 3, 24, 24]]


def test_a_shape_that_the_model_does_not_take_is_refused_at_the_import(ovtui: Ovtui, tmp_path: Path) -> None:
    rigid = nets.rigid(tmp_path / "rigid.xml")
    refused = ovtui("import", rigid, "--shape", "image[1,3,16,16]")
    assert refused.code == 2
    assert "does not take 'image' [1, 3, 16, 16]" in refused.err
    assert ovtui("run", rigid, "-n", "3", "--json").json["run"]["spec"]["shapes"]["image"] == [1, 3, 8, 8]


def test_what_is_guessed_at_the_import_stays_a_guess(ovtui: Ovtui, tmp_path: Path) -> None:
    boxes = nets.boxes(tmp_path / "boxes.xml")
    image, found = ovtui("import", boxes, "--layout", "image[NCHW]", "--json").json["model"]["inputs"]
    assert (image["layout"], found["layout"]) == ("NCHW", None)
    run = ovtui("run", boxes, "-b", "4", "-n", "3", "--json").json["run"]
    assert any("layout of input 'boxes' is not stated" in warning for warning in run["warnings"])


def test_data_bring_the_shape_of_a_dynamic_model(ovtui: Ovtui, dynamic: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((7, 3, 32, 24), dtype=np.float32))
    run = ovtui("run", dynamic, "--data", tmp_path / "x.npy", "-n", "5", "--json").json["run"]
    assert run["spec"]["shapes"]["image"] == [1, 3, 32, 24]
    assert "x.npy" in run["spec"]["inputs"]["image"]


def test_several_inputs_are_filled_each_in_its_way(ovtui: Ovtui, embedding: Path) -> None:
    spec = ovtui("run", embedding, "-n", "5", "--json").json["run"]["spec"]
    assert "0–49" in spec["inputs"]["input_ids"]
    assert "ones" in spec["inputs"]["attention_mask"]


def test_generated_integers_that_break_a_model_name_the_input_that_wants_data(ovtui: Ovtui, tmp_path: Path) -> None:
    outcome = ovtui("run", nets.takes_an_axis(tmp_path / "axis.xml"), "-n", "5")
    assert outcome.code == 2
    assert "--data target_shape=" in outcome.err


def test_real_values_make_that_model_run(ovtui: Ovtui, tmp_path: Path) -> None:
    np.save(tmp_path / "shape.npy", np.array([3, 4]))
    model = nets.takes_an_axis(tmp_path / "axis.xml")
    outcome = ovtui("run", model, "--data", f"target_shape={tmp_path / 'shape.npy'}", "-n", "5")
    assert outcome.code == 0, outcome.err


def test_properties_and_precision_reach_the_device(ovtui: Ovtui, cnn: Path) -> None:
    arguments = ("--property", "ENABLE_CPU_PINNING=NO", "--precision", "f32", "-n", "5")
    spec = ovtui("run", cnn, *arguments, "--json").json["run"]["spec"]
    assert spec["properties"]["ENABLE_CPU_PINNING"] == "NO"
    assert spec["precision"] == "f32"


def test_a_label_finds_the_run_again(ovtui: Ovtui, mlp: Path) -> None:
    ovtui("run", mlp, "-n", "5", "--label", "before the change")
    runs = ovtui("history", "--json").json["runs"]
    assert [run["label"] for run in runs] == ["before the change"]


def test_progress_goes_to_stderr_in_plain_lines(ovtui: Ovtui, mlp: Path) -> None:
    outcome = ovtui("run", mlp, "-t", "0.5")
    assert "compiling\n" in outcome.err
    assert "\x1b" not in outcome.err
    assert "throughput" in outcome.out


def test_quiet_says_nothing_on_the_way(ovtui: Ovtui, mlp: Path) -> None:
    assert ovtui("run", mlp, "-n", "5", "--quiet").err == ""


def test_a_registered_model_is_measured_by_its_name(ovtui: Ovtui, mlp: Path) -> None:
    model = ovtui("import", mlp, "--name", "my net", "--json").json["model"]
    by_name = ovtui("run", "my net", "-n", "5", "--json").json["run"]
    by_id = ovtui("run", model["id"][:6], "-n", "5", "--json").json["run"]
    assert by_name["model"]["id"] == by_id["model"]["id"] == model["id"]


def test_a_file_that_changed_is_read_again_and_said(ovtui: Ovtui, tmp_path: Path) -> None:
    path = nets.mlp(tmp_path / "net.xml", width=16, layers=1)
    before = ovtui("run", path, "-n", "5", "--json").json["run"]["model"]
    nets.mlp(path, width=16, layers=2)
    outcome = ovtui("run", "net", "-n", "5", "--json")
    after = outcome.json["run"]["model"]
    assert after["sha256"] != before["sha256"]
    assert "has changed" in outcome.err
