"""Optimizing as a job: a version with its parent, measured in turn; broken off or refused, nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovtui.store import open_store
from tests import nets
from tests.conftest import Ovtui
from tests.engine.test_jobs import events, processes, until, whole


@pytest.fixture(scope="module")
def heavy(net_folder: Path) -> Path:
    """A net whose calibration on hundreds of samples takes long enough to break in."""
    return nets.cnn(net_folder / "heavy.xml", channels=32, size=96, layers=12)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "samples.npy"
    np.save(path, np.random.default_rng(0).standard_normal((40, 3, 32, 32)).astype(np.float32))
    return path


def versions(home: Path) -> list[Path]:
    folder = home / "versions"
    return sorted(folder.iterdir()) if folder.exists() else []


def optimized(ovtui: Ovtui, *arguments: object) -> dict[str, Any]:
    return ovtui("optimize", *arguments, "--json", timeout=300).json


def test_both_are_measured_at_the_same_shapes(ovtui: Ovtui, net_folder: Path, tmp_path: Path) -> None:
    """Of a model of a fixed batch, as many as its version takes; and those that were stated at the import."""
    model = nets.open_classifier(net_folder / "stated.xml")
    ovtui("import", model, "--shape", "image[1,3,40,40]")
    told = optimized(ovtui, "stated", "--method", "fp16", "--no-compare")
    assert told["version"]["inputs"][0]["stated"] == [1, 3, 40, 40]
    image = pytest.importorskip("PIL.Image")
    four = nets.cnn(net_folder / "four.xml", channels=8, size=16, layers=2, batch=4)
    images = tmp_path / "images"
    images.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)):
        image.fromarray(pixels).save(images / f"{number}.png")
    told = optimized(ovtui, four, "--data", images, "--mean", "0", "--scale", "255", "-t", "1")
    assert shapes_measured(ovtui, told) == [[1, 3, 16, 16], [1, 16, 16, 3]]


def shapes_measured(ovtui: Ovtui, told: dict[str, Any]) -> list[list[int]]:
    compared = ovtui("compare", told["comparisons"]["latency"], "--json").json
    with open_store() as store:
        runs = [store.runs.find(compared[side]["id"]) for side in ("a", "b")]
    return [list(shape) for run in runs if run.effective is not None for shape in run.effective.shapes.values()]


def test_a_version_is_made_held_against_its_parent_and_measured(
    ovtui: Ovtui, cnn: Path, samples: Path, home: Path
) -> None:
    told = optimized(ovtui, cnn, "--data", samples, "-t", "4")
    assert told["status"] == "done"
    assert told["recipe"]["data"][0]["path"] == str(samples)
    assert told["samples"] == 40
    assert told["version"]["parent"] == told["parent"]["id"]
    assert told["version"]["family"] == told["parent"]["family"]
    assert told["size_ratio"] == pytest.approx(told["version"]["bytes"] / told["parent"]["bytes"])
    assert told["version"]["weight_precisions"]["i8"] > 0
    low, high = told["speedup"]["ci95"]
    assert low < told["speedup"]["ratio"] < high
    assert told["accuracy"]["outputs"][0]["cosine"] > 0.9
    assert {layer["int8"] for layer in told["layers"]} >= {True}
    assert [path.name for path in versions(home)] == [Path(told["version"]["path"]).parent.name]
    listed = {model["name"]: model for model in ovtui("models", "--json").json["models"]}
    assert listed["cnn-int8"]["id"] == told["version"]["id"]
    for comparison in told["comparisons"].values():
        assert ovtui("compare", comparison, "--json").json["a"]["model"]["id"] == told["parent"]["id"]
    again = ovtui("run", "cnn-int8", "-n", "5", "--json").json["run"]
    assert again["model"]["id"] == told["version"]["id"]
    listed_ways = ovtui("optimize", "cnn", "--versions")
    assert "int8" in listed_ways.out
    assert [each["id"] for each in ovtui("optimize", "--json").json["optimizations"]] == [told["id"]]
    assert ovtui("export", told["id"], "-o", home / "all.html").code == 0


def test_half_precision_needs_no_data_and_says_what_was_not_looked_at(ovtui: Ovtui, mlp: Path, tmp_path: Path) -> None:
    told = optimized(ovtui, mlp, "--method", "fp16", "--no-compare")
    assert told["version"]["weight_precisions"]["f16"] > 0
    assert told["accuracy"] is None
    assert told["comparisons"] == {"latency": None, "throughput": None}
    assert any("--data" in warning for warning in told["warnings"])
    bundle = tmp_path / "last.tar.gz"  # of what was done last, where nothing was measured by itself
    assert ovtui("export", "last", "-o", bundle, "--bundle").code == 0
    assert bundle.exists()


def test_noise_is_asked_for_in_words_and_marked(ovtui: Ovtui, cnn: Path) -> None:
    refused = ovtui("optimize", cnn)
    assert refused.code == 2
    assert "--random" in refused.err
    told = optimized(ovtui, cnn, "--random", "--subset", "5", "--no-compare")
    assert told["accuracy"]["meaningless"] is True


def test_what_was_stated_of_images_is_remembered_for_the_family(ovtui: Ovtui, cnn: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 50, 3)).astype(np.uint8)
        image.fromarray(pixels).save(folder / f"{number}.png")
    refused = ovtui("optimize", cnn, "--data", folder, "--mean", "1,2", "--no-compare")  # it has three channels
    assert (refused.code, "one number or 3" in refused.err) == (2, True)
    assert ovtui("optimize", cnn, "--data", folder, "--preview", "--json").json["preview"]["preprocessing"]["guessed"]
    first = optimized(ovtui, cnn, "--data", folder, "--mean", "120", "--scale", "60", "--no-compare")
    assert first["preprocessing"]["mean"] == [120.0] * 3
    assert first["version"]["inputs"][0]["type"] == "u8"
    seen = ovtui("optimize", cnn, "--data", folder, "--preview", "--json").json["preview"]
    assert seen["preprocessing"]["scale"] == [60.0] * 3
    assert seen["samples"] == 12
    assert len(seen["thumbnail"]) > 4
    array = tmp_path / "d.npy"
    np.save(array, np.zeros((4, 3, 32, 32), np.float32) + np.arange(32, dtype=np.float32))
    others = ovtui("optimize", cnn, "--data", array, "--preview", "--json").json["preview"]
    assert [text for text in others["warnings"] if "taken as they are" in text] == []  # nobody stated anything of it


def test_cancelled_it_leaves_nothing_half_made(ovtui: Ovtui, heavy: Path, home: Path) -> None:
    started = ovtui("optimize", heavy, "--random", "--subset", "100000", "--detach", "--json").json["id"]
    until(lambda: [e for e in events(home, started) if e["event"] == "study" and e["study"]["progress"]], 90)
    family = processes(started)
    assert ovtui("cancel", started, "--json").json["status"] == "cancelled"
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
    assert versions(home) == []
    whole(home)


def test_killed_it_is_found_and_its_remains_are_removed(ovtui: Ovtui, heavy: Path, home: Path) -> None:
    started = ovtui("optimize", heavy, "--random", "--subset", "100000", "--detach", "--json").json["id"]
    until(lambda: [e for e in events(home, started) if e["event"] == "study" and e["study"]["progress"]], 90)
    family = processes(started)
    os.kill(family[0].pid, signal.SIGKILL)
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
    kept = ovtui("optimize", "--json").json["optimizations"][0]
    assert (kept["id"], kept["status"]) == (started, "interrupted")
    assert versions(home) == []
    whole(home)


def test_what_the_data_hides_is_refused_in_a_sentence(ovtui: Ovtui, cnn: Path, tmp_path: Path, home: Path) -> None:
    data = np.random.default_rng(0).standard_normal((20, 3, 32, 32)).astype(np.float32)
    data[7, 0, 0, 0] = np.nan
    np.save(tmp_path / "holed.npy", data)
    refused = ovtui("optimize", cnn, "--data", tmp_path / "holed.npy", "--no-compare")
    assert refused.code == 2
    assert "holed.npy" in refused.err
    np.save(tmp_path / "small.npy", data[:, :, :16, :16])
    refused = ovtui("optimize", cnn, "--data", tmp_path / "small.npy", "--no-compare")
    assert refused.code == 2
    assert "[1, 3, 32, 32]" in refused.err or "[1,3,32,32]" in refused.err
    assert versions(home) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--random", "--max-drop", "1%"], "--max-drop"),
        (["--random", "--ratio", "0.5"], "--ratio"),
        (["--random", "--ignore-pattern", "("], "regular expression"),
        (["--method", "fp16", "--ignore", "x"], "--ignore"),
        (["--method", "int8-weights", "--group-size", "64"], "--group-size"),
        (["--random", "--labels", "absent.csv"], "absent.csv"),
        (["--random", "--pixels", "0x5"], "0x5"),
        (["--data", "absent"], "absent"),
        (["--method", "fp16", "-d", "NOPE"], "no device 'NOPE'"),
    ],
)
def test_recipes_that_contradict_themselves_are_refused(
    ovtui: Ovtui, cnn: Path, arguments: list[str], said: str
) -> None:
    refused = ovtui("optimize", cnn, *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_it_is_watched_from_another_terminal_and_survives_the_one_that_started_it(
    ovtui: Ovtui, cnn: Path, samples: Path
) -> None:
    started = ovtui("optimize", cnn, "--data", samples, "--no-compare", "--detach", "--json").json["id"]
    told = json.loads(ovtui("attach", started, "--json").out)
    assert (told["id"], told["status"]) == (started, "done")
