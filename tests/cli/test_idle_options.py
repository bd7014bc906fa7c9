"""An option that would do nothing is refused, by the name that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovtui.records import Comparison
from ovtui.store import open_store
from tests.conftest import Ovtui


@pytest.fixture
def images(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "images"
    folder.mkdir()
    image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "0.png")
    return folder


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("explore net --queue 5", "--queue is for --server"),
        ("explore net --server --latency-limit 5 --memory-limit 1", "--memory-limit does nothing with --server"),
        ("explore net --server --latency-limit 5 --fresh", "--fresh does nothing with --server"),
        ("explore --resume last --latency-limit 5", "leave --latency-limit out"),
        ("explore --resume last --batches 1,2", "leave --batches out"),
        ("explore --resume last --server", "leave --server out"),
        ("explore --latency-limit 5", "Say which MODEL"),
        ("compare --interleave", "Say which SIDES"),
        ("compare a b --no-profile", "--no-profile is for measuring"),
        ("compare a b --shape [1,3]", "--shape is for measuring"),
        ("compare a b --property A=B", "--property is for measuring"),
        ("optimize net --method fp16 --mean 1", "--mean is for images: give --data"),
        ("optimize net --random --preset performance --channels bgr", "--channels is for images: give --data"),
        ("optimize net --random --no-bake", "--no-bake is for images: give --data"),
    ],
)
def test_it_is_refused(ovtui: Ovtui, line: str, said: str) -> None:
    refused = ovtui(*line.split())
    assert refused.code == 2
    assert said in refused.err


def test_what_a_preset_does_not_bring_is_missing_with_it_too(ovtui: Ovtui, mlp: Path, cnn: Path, images: Path) -> None:
    ovtui("run", mlp, "-n", "5", "--save-preset", "plain")
    for option, said in ((("--queue", "5"), "--queue is for --mode server"), (("--mean", "5"), "give --data")):
        refused = ovtui("run", mlp, "--preset", "plain", *option)
        assert (refused.code, said in refused.err) == (2, True)
    brought = ("run", cnn, "-n", "5", "--data", images, "--save-preset", "pictures")
    assert ovtui(*brought).code == 0
    again = ovtui("run", cnn, "--preset", "pictures", "--mean", "5", "--json").json["run"]
    assert again["spec"]["images"]["mean"] == [5.0]


def test_what_is_stated_of_images_is_said_to_be_idle_where_there_are_none(
    ovtui: Ovtui, cnn: Path, images: Path, tmp_path: Path
) -> None:
    array = tmp_path / "d.npy"
    np.save(array, np.zeros((1, 3, 32, 32), np.float32))

    def warnings(*options: object) -> list[str]:
        told: list[str] = ovtui("run", cnn, "-n", "5", *options, "--json").json["run"]["warnings"]
        return [each for each in told if "taken as they are" in each]

    (told,) = warnings("--data", array, "--mean", "5")
    assert "d.npy" in told
    assert warnings("--data", array) == []
    assert warnings("--data", images, "--mean", "5") == []


def test_runs_that_are_measured_in_turn_take_what_the_line_says(
    ovtui: Ovtui, cnn: Path, images: Path, home: Path
) -> None:
    run = ovtui("run", cnn, "-n", "5", "--profile", "--json").json["run"]["id"]
    line: tuple[Any, ...] = ("compare", "--interleave", run, run, "-t", "2", "--detach", "--json")
    told = ovtui(*line, "--data", images, "--mean", "3", "--channels", "bgr", "--no-profile").json
    with open_store(home / "ovtui.db", readonly=True) as store:
        comparison = store.studies.of(Comparison).find(told["id"])
    spec = comparison.sides[0].spec
    assert (spec.images.mean, spec.images.channels, spec.profile) == ((3.0,), "bgr", False)
    assert spec.stop.iterations == 5
    refused = ovtui(*line, "--mean", "3")
    assert (refused.code, "give --data" in refused.err) == (2, True)
