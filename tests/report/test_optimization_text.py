"""An optimization on the command line: the verdict, what to do now, all versions side by side, and data beforehand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from ovtui.cli import output, show_optimization
from ovtui.cli.commands.optimize import command
from ovtui.cli.finish import finish
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Optimization, PairedResult, Recipe
from ovtui.store import Store, open_store
from tests.cli.conftest import assert_safe
from tests.report.optimization_samples import (
    PARENT,
    VERSION,
    a_failed_one,
    a_hostile_one,
    a_labelled,
    a_preview,
    an_accuracy,
    an_optimization,
    put,
    whole,
    without_labels,
)
from tests.report.samples import HOSTILE
from tests.store.samples import a_model

Show = Callable[[Optimization], str]


@pytest.fixture
def kept(home: Path) -> Iterator[Store]:
    with open_store(home / "ovtui.db") as store:
        yield store


@pytest.fixture
def show(kept: Store, capsys: pytest.CaptureFixture[str]) -> Show:
    """Keeps an optimization, and gives what is printed when it has ended."""

    def shown(study: Optimization) -> str:
        put(kept, whole(study))
        finish(Optimization, study.id, None, as_json=False)
        return capsys.readouterr().out

    return shown


@pytest.fixture(autouse=True)
def no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setattr(output, "columns", lambda: 80)


def commands(text: str) -> list[list[str]]:
    lines = (line.split("next", 1)[-1].strip() for line in text.splitlines())
    return [shlex.split(line) for line in lines if line.startswith("ovtui ")]


def test_it_begins_with_the_verdict(show: Show) -> None:
    lines = show(an_optimization()).splitlines()
    assert lines[0].startswith("resnet-18  int8 mixed, 200 samples, 1 ignored  optimize01")
    assert lines[1].split(None, 1)[1].startswith("INT8 is 1.66 × faster in latency (1.62–1.70), 1.93 × faster")


def test_figures_stand_side_by_side(show: Show) -> None:
    cells = [line.split("  ") for line in show(an_optimization()).splitlines() if line.startswith("top-1 ")]
    assert [cell.strip() for cell in cells[0] if cell] == ["top-1", "95 %", "94.4 %", "0.6 points less (−0.21 to 1.52)"]


def test_without_labels_it_says_how_often_both_agree(show: Show) -> None:
    text = show(an_optimization(accuracy=without_labels()))
    assert "same top-1" in text
    assert "without labels nobody knows which of them is right" in text
    assert "points less" not in text


def test_the_worst_layers_come_with_how_to_ignore_them(show: Show) -> None:
    lines = show(an_optimization()).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("SQNR dB")) + 1
    assert lines[first].split() == ["28.50", "3.40", "Add", "/layer2/Add"]
    assert "--ignore" in lines[first - 2]


def test_it_says_how_much_is_in_int8_and_what_the_version_takes(show: Show) -> None:
    text = show(an_optimization())
    assert "7 of 9 layers with 95 % of the time compute in INT8." in text
    assert "takes bytes [1,480,640,3], red first; turned to blue first" in text
    assert "  !          Guessed for the images: channels." in text


def test_a_version_that_was_not_measured_is_to_be_measured_next(show: Show) -> None:
    assert ["ovtui", "run", VERSION.name] in commands(show(an_optimization(latency=None, throughput=None)))


def test_a_version_that_was_measured_is_to_be_taken_along(show: Show) -> None:
    found = commands(show(an_optimization()))
    assert found[0] == ["ovtui", "export", VERSION.name, "-o", f"{VERSION.name}.tar.gz", "--bundle"]


def test_what_lost_too_much_comes_with_recipes_to_try(show: Show) -> None:
    lost = an_accuracy(labelled=a_labelled(lost=40, gained=5))
    recipe = msgspec.structs.replace(an_optimization().recipe, preset="performance", subset=20)
    found = [line for line in commands(show(an_optimization(accuracy=lost, recipe=recipe))) if line[1] == "optimize"]
    assert found
    assert all(line[2] == PARENT.name for line in found)
    assert [line for line in found if "--preset" not in line]


@pytest.mark.parametrize("name", ["it's; reboot #", "$(reboot)", "a b", "`x`", "x | y"])
def test_a_line_to_paste_holds_a_name_as_one_word(show: Show, name: str) -> None:
    version = msgspec.structs.replace(VERSION, name=name)
    line = next(each for each in commands(show(an_optimization(version=version))) if each[1] == "export")
    assert line == ["ovtui", "export", name, "-o", f"{name}.tar.gz", "--bundle"]


def test_what_failed_says_why_on_stderr(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(kept, whole(a_failed_one()))
    assert finish(Optimization, "optimize01", None, as_json=False).status == "failed"
    told = capsys.readouterr()
    assert "FAILED" in told.out.splitlines()[0]
    assert told.err == "ovtui: The disk is full: 12 MB are needed in /data.\n"


def test_one_that_never_came_to_the_store_is_an_error(kept: Store) -> None:
    with pytest.raises(OvtuiError, match="optimize77 is not in the store"):
        finish(Optimization, "optimize77", None, as_json=False)


def test_a_script_gets_one_document(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(kept, whole())
    finish(Optimization, "optimize01", None, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["id"], found["version"]["id"]) == (1, "optimize01", VERSION.id)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_commands_the_terminal(kept: Store, name: str) -> None:
    put(kept, a_hostile_one(name))
    for arguments in ([], ["--json"], [PARENT.id, "--versions"], [PARENT.id, "--versions", "--json"]):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0, result.output
        assert_safe(result.output)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_in_the_text_of_one_commands_the_terminal(
    kept: Store, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(kept, a_hostile_one(name))
    for as_json in (False, True):
        finish(Optimization, "optimize01", None, as_json=as_json)
        assert_safe(capsys.readouterr().out)


@pytest.mark.usefixtures("narrow")
def test_it_fits_eighty_columns(show: Show, kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    long = msgspec.structs.replace(VERSION, name="a-rather-long-name-of-a-net-" * 2 + "int8")
    text = show(an_optimization(version=long))
    three(kept)
    show_optimization.ways(kept, PARENT)
    show_optimization.preview(a_preview())
    text += capsys.readouterr().out
    assert [line for line in text.splitlines() if output.cells(line) > 80] == []


# All versions of a model


def three(store: Store) -> None:
    """INT8 quick and less accurate, INT4 slow and more; FP16 as the parent."""
    for number, (recipe, ratio, hits) in enumerate((
        (Recipe(random=False), 1.93, 5), (Recipe(method="int4-weights"), 0.8, 1), (Recipe(method="fp16"), 1.0, 0),
    )):  # fmt: skip
        study = an_optimization(
            id=f"optimize1{number}", recipe=recipe, samples=0,
            latency=f"{number}latency0", throughput=f"{number}through0",
            accuracy=an_accuracy(labelled=a_labelled(lost=hits, gained=0)), created=1_790_000_000.0 + number,
            version=msgspec.structs.replace(VERSION, id=f"version00{number}", name=f"net-{number}"),
        )  # fmt: skip
        duel = PairedResult(verdict="faster", ratio=ratio, ci95=(ratio * 0.99, ratio * 1.01))
        put(store, whole(study, latency=duel, throughput=duel))


def test_all_versions_stand_side_by_side_with_those_that_nothing_beats(
    kept: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    three(kept)
    show_optimization.ways(kept, PARENT)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    marked = {line[-1] for line in lines if line[:1] == ["●"] or line[1:2] == ["●"]}
    assert {"net-0"} <= marked
    assert "net-1" not in marked


def test_accuracy_is_drawn_over_speed(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    three(kept)
    show_optimization.ways(kept, PARENT)
    head, chart = capsys.readouterr().out.split("nothing is both faster and more accurate")
    letters = {line.split()[-1]: line.split()[0] for line in head.splitlines() if "net-" in line}
    rows = [line.partition("│")[2] for line in chart.splitlines() if "│" in line]
    places = {
        letter: (row, line.index(letter)) for row, line in enumerate(rows) for letter in line.strip() if letter != " "
    }
    (quick, slow, same) = (places[letters[name]] for name in ("net-0", "net-1", "net-2"))
    assert quick[0] > slow[0] > same[0] == 0  # less accurate, lower
    assert slow[1] == 0 < same[1] < quick[1]  # faster, further to the right
    assert chart.split("│")[0].strip() == "95.00 %"
    assert chart.splitlines()[-1].split() == ["0.80", "×", "1.93", "×"]


def test_few_versions_are_not_drawn(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(kept, whole())
    show_optimization.ways(kept, PARENT)
    assert "│" not in capsys.readouterr().out


def test_a_model_without_versions_is_told_how_to_get_one(kept: Store) -> None:
    model = a_model("lonely0001")
    kept.models.save(model)
    with pytest.raises(InputError, match="ovtui optimize MODEL --data FOLDER"):
        show_optimization.ways(kept, model)


# Data beforehand


def test_a_preview_has_the_picture_its_values_and_what_was_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    show_optimization.preview(a_preview())
    text = capsys.readouterr().out
    assert "64 samples, 1 left out" in text
    assert "60 samples of 10 classes" in text
    assert "░▒▓█░▒▓█" in text
    assert ["input", "0", "-2.10", "0", "2.60"] in [line.split() for line in text.splitlines()]
    assert "Guessed for the images: channels." in text


def test_a_preview_without_images_has_no_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    show_optimization.preview(a_preview(thumbnail=(), preprocessing=None, labelled=0, classes=None, skipped=()))
    text = capsys.readouterr().out
    assert "pixels" not in text
    assert "labels" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_in_a_preview_commands_the_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    ranges = tuple(msgspec.structs.replace(each, input=name) for each in a_preview().ranges)
    show_optimization.preview(a_preview(ranges=ranges, warnings=(name,), skipped=(name,)))
    assert_safe(capsys.readouterr().out)
