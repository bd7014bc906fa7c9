"""The command line that is shown for a recipe makes the same version."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.optimization.recipes import used
from ovtui.cli.commands.optimize import _asked, command
from ovtui.records import Data, Images, Method, Recipe, Spec
from ovtui.report.optimize_command import optimize_arguments, optimize_command
from ovtui.specs import percent

HERE = str(Path(__file__).absolute())
NOT_OF_THE_RECIPE = {"model", "seconds", "compare", "preview", "versions", "label", "detach", "quiet", "as_json"}

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00[]="), min_size=1, max_size=12).map(str.strip)
keys = names.filter(bool)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
divisors = st.floats(0.01, 1e6).map(lambda x: float(f"{x:.6g}"))
shares = st.integers(1, 999).map(lambda n: n / 1000)
drops = st.integers(1, 999).map(lambda n: percent(f"{n / 10}%"))  # as it was typed
methods: tuple[Method, ...] = ("int8", "fp16", "int8-weights", "int4-weights")


def lists(of: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, ...] | None]:
    return st.none() | st.lists(of, min_size=1, max_size=4).map(tuple)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """As they may be on record: with what does nothing in them, too, which was not always refused."""
    data = draw(st.sampled_from([(), (Data(path=HERE),), (Data(path=HERE, input="ids"),)]))
    return Recipe(
        method=draw(st.sampled_from(methods)),
        preset=draw(st.sampled_from(["mixed", "performance"])),
        model_type=draw(st.sampled_from([None, "transformer"])),
        subset=draw(st.integers(1, 100_000)),
        max_drop=draw(st.none() | drops),
        ignored=tuple(draw(st.lists(keys, max_size=3))),
        ignored_patterns=draw(st.sampled_from([(), ("^block.*",), ("-x", "a b|c")])),
        symmetric=draw(st.booleans()),
        group_size=draw(st.sampled_from([None, -1, 1, 128])),
        ratio=draw(st.none() | shares),
        data=data,
        random=not data,
        images=Images(
            mean=draw(lists(numbers)), scale=draw(lists(divisors)), channels=draw(st.sampled_from([None, "bgr"]))
        ),
        layouts=draw(st.dictionaries(keys, st.sampled_from(["NCHW", "N...", "?C"]), max_size=2)),
        shapes=draw(st.dictionaries(keys, st.lists(st.integers(1, 999), max_size=4).map(tuple), max_size=2)),
        pixels=draw(st.none() | st.tuples(st.integers(1, 4096), st.integers(1, 4096))),
        bake=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32)),
    )


def asked(line: list[str]) -> tuple[Recipe, Spec]:
    with command.make_context("optimize", line[2:]) as context:
        given = context.params
        return _asked(**{name: value for name, value in given.items() if name not in NOT_OF_THE_RECIPE})


@given(recipes())
def test_what_is_shown_is_taken_and_parsed_back_to_the_same_recipe(recipe: Recipe) -> None:
    line = optimize_arguments("a model", recipe, Spec(model="x"), label="label")
    assert line[:3] == ["ovtui", "optimize", "a model"]
    assert asked(line)[0] == used(recipe)
    assert command.make_context("optimize", line[2:]).params["label"] == "label"


def test_what_both_are_measured_with_is_given_back() -> None:
    spec = Spec(model="", device="GPU.1", threads=3, precision="f16", properties={"A_KEY": "it's"})
    found = asked(optimize_arguments("net", Recipe(random=True), spec))[1]
    assert (found.device, found.threads, found.precision) == ("GPU.1", 3, "f16")
    assert found.properties == {"A_KEY": "it's"}


def test_labels_are_given_back(tmp_path: Path) -> None:
    labels = tmp_path / "the labels.csv"
    labels.touch()
    recipe = Recipe(data=(Data(path=str(tmp_path)),), labels=str(labels))
    assert asked(optimize_arguments("net", recipe, Spec(model="")))[0] == recipe


def test_defaults_are_not_spelled_out() -> None:
    assert optimize_command("net", Recipe(), Spec(model="x")) == "ovtui optimize net"


@pytest.mark.parametrize(("drop", "text"), [(0.01, "1%"), (0.005, "0.5%"), (0.1, "10%")])
def test_a_drop_is_in_points_of_a_hundred(drop: float, text: str) -> None:
    line = optimize_command("net", Recipe(max_drop=drop, data=(Data(path=HERE),)), Spec(model=""))
    assert line == f"ovtui optimize net --max-drop {text} --data {HERE}"


def test_it_can_be_pasted_into_a_shell() -> None:
    line = optimize_command("it's; rm -rf /", Recipe(ignored=("$(reboot)",)), Spec(model=""))
    assert shlex.split(line) == ["ovtui", "optimize", "it's; rm -rf /", "--ignore=$(reboot)"]
