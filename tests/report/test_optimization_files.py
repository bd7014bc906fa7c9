"""An optimization in files: the contract, figures as numbers, and no name that is a formula, an element or a row."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from ovtui.records import PairedResult, Recipe
from ovtui.report.documents import optimization_document
from ovtui.report.files import ENDINGS, optimization_csv, write_optimization
from ovtui.report.optimized import Optimized
from ovtui.report.pages import markdown
from ovtui.report.pages.of_optimization import optimization_report, preprocessing_in_words
from tests.report.optimization_samples import (
    LATENCY,
    PIXELS,
    a_failed_one,
    a_hostile_one,
    an_accuracy,
    an_optimization,
    whole,
    without_labels,
)
from tests.report.samples import HOSTILE
from tests.report.test_html import Page

UNDECIDED = PairedResult(verdict="undecided", seconds_more=12.0)
_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def through_json(found: Optimized) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(msgspec.json.encode(optimization_document(*found)))
    return decoded


def rows(found: Optimized) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(optimization_csv(*found).decode(), newline="")))


def as_markdown(found: Optimized) -> str:
    return markdown.render(optimization_report(*found)).decode()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_says_the_format(ending: str, tmp_path: Path) -> None:
    marks = {".csv": "optimize01,figure", ".json": '"schema": 1', ".md": "# resnet-18", ".html": "<!DOCTYPE html>"}
    write_optimization(tmp_path / f"x{ending}", *whole())
    assert marks[ending] in (tmp_path / f"x{ending}").read_text()


# JSON


def test_the_document_has_every_key_of_the_contract() -> None:
    found = through_json(whole())
    assert set(found) >= {
        "id", "status", "label", "version", "parent", "recipe", "size_ratio", "speedup", "accuracy", "preprocessing",
        "samples", "skipped", "layers", "comparisons", "elapsed_s", "environment", "warnings", "error", "verdict",
    }  # fmt: skip
    assert set(through_json(whole(a_failed_one()))) == set(found)


def test_the_speedup_is_that_of_throughput_where_it_is_known() -> None:
    both = through_json(whole())["speedup"]
    assert (both["ratio"], both["ci95"]) == (1.93, [1.9, 1.96])
    assert both["latency"] == {"verdict": "faster", "ratio": 1.66, "ci95": [1.62, 1.7]}
    alone = through_json(whole(an_optimization(throughput=None)))["speedup"]
    assert (alone["ratio"], alone["ci95"], alone["throughput"]) == (1.66, [1.62, 1.7], None)
    assert through_json(whole(a_failed_one()))["speedup"] == {
        "ratio": None, "ci95": None, "latency": None, "throughput": None,
    }  # fmt: skip


def test_a_throughput_that_is_not_known_yet_leaves_the_speedup_to_latency() -> None:
    found = through_json(whole(throughput=UNDECIDED))["speedup"]
    assert (found["ratio"], found["ci95"]) == (LATENCY.ratio, [1.62, 1.7])
    assert found["throughput"]["verdict"] == "undecided"


def test_the_document_says_what_became_of_each_layer() -> None:
    layers = {each["name"]: each for each in through_json(whole())["layers"]}
    conv, last = layers["/layer1/conv1/Conv"], layers["/fc/Gemm"]
    assert (conv["precision_before"], conv["precision_after"], conv["int8"]) == ("f32", "u8", True)
    assert conv["time_after_us"] == pytest.approx(conv["time_before_us"] / 2.2)
    assert (last["int8"], last["why"]) == (False, "the recipe says to ignore it")
    assert layers["/fc/Gemm_reorder"]["conversion"]


def test_a_file_in_json_holds_what_was_measured(tmp_path: Path) -> None:
    write_optimization(tmp_path / "x.json", *whole())
    found = json.loads((tmp_path / "x.json").read_text())
    assert [each["spec"]["mode"] for each in found["measured"]] == ["latency"] * 2 + ["throughput"] * 2
    assert [each["profile"] is not None for each in found["measured"]] == [True, True, False, False]


# CSV


def test_a_table_has_the_speed_as_numbers() -> None:
    found = {row["name"]: row for row in rows(whole()) if row["part"] == "speed"}
    assert set(found) == {"latency", "throughput"}
    speed = found["throughput"]
    assert (speed["change"], speed["ratio"]) == ("faster", "1.93")
    assert (speed["ci95_low"], speed["ci95_high"]) == ("1.9", "1.96")


def test_a_table_has_the_accuracy_as_numbers() -> None:
    found = {row["name"]: row for row in rows(whole()) if row["part"] == "accuracy"}
    assert (found["top-1"]["parent"], found["top-1"]["version"]) == ("0.95", "0.944")
    low, high = an_accuracy().labelled.drop_ci95  # type: ignore[union-attr]
    drop = found["top-1 drop"]
    assert (float(drop["version"]), float(drop["ci95_low"]), float(drop["ci95_high"])) == (0.006, low, high)
    assert (found["top-5"]["parent"], found["top-5"]["version"]) == ("0.995", "0.994")


def test_a_table_without_labels_has_the_agreement() -> None:
    found = rows(whole(an_optimization(accuracy=without_labels())))
    assert not [row for row in found if row["part"] == "accuracy"]
    (output,) = (row for row in found if row["part"] == "output")
    assert (output["name"], output["version"], output["sqnr_db"]) == ("logits", "0.981", "27.4")
    assert 0.97 < float(output["ci95_low"]) < 0.981 < float(output["ci95_high"]) < 0.99


def test_a_table_has_a_row_for_each_layer_with_its_times() -> None:
    found = {row["name"]: row for row in rows(whole()) if row["part"] == "layer"}
    stem = found["/conv1/Conv"]
    assert (stem["parent"], stem["version"], stem["int8"]) == ("f32", "u8", "True")
    assert float(stem["time_parent_us"]) == pytest.approx(420.0)
    assert float(stem["time_version_us"]) == pytest.approx(420.0 / 2.2)
    assert found["/fc/Gemm"]["why"] == "the recipe says to ignore it"


def test_a_table_of_what_failed_has_its_head() -> None:
    assert rows(whole(a_failed_one())) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_and_no_name_makes_a_row(name: str) -> None:
    found = a_hostile_one(name)
    assert len(rows(found)) == len(rows(a_hostile_one("name")))
    for line in csv.reader(io.StringIO(optimization_csv(*found).decode(), newline="")):
        for cell in line:
            assert cell[:1] not in "=+@\t\r" or not cell
            assert not cell.startswith("-") or float(cell) < 0


# Reports


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_adds_no_element_and_no_attribute(name: str) -> None:
    harmless, hostile = (Counter(Page(optimization_report(*a_hostile_one(each))).elements) for each in ("name", name))
    # An empty name may leave its own field out.
    assert hostile == harmless if name else not hostile - harmless


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_name_is_only_ever_text_in_markdown(name: str) -> None:
    def structure(found: Optimized) -> Counter[str]:
        return Counter(token.type for token in _READER.parse(as_markdown(found)))

    assert structure(a_hostile_one(name)) == structure(a_hostile_one("name"))


def test_a_report_has_the_figures_side_by_side() -> None:
    text = as_markdown(whole())
    assert "| size on disk | 46.8 MB | 11.9 MB | 3.93 × smaller |" in text
    assert "| throughput, FPS | 100.0 ±1.0 % | 193.0 ±1.0 % | 1.93 × faster (1.90–1.96) |" in text


def test_a_report_has_the_doubt_about_accuracy_and_the_samples_that_changed() -> None:
    text = as_markdown(whole())
    assert "| top-1 | 95 % (93.47–96.19 %) | 94.4 % (92.8–95.66 %) |" in text
    assert "| `star/0002.png` | 7 | 1 | 7 |" in text


def test_the_worst_operation_stands_first() -> None:
    text = as_markdown(whole()).split("Where it parts from its parent")[1]
    assert text.index("/layer2/Add") < text.index("/layer1/conv2/Conv")


def test_the_drift_is_drawn_in_html() -> None:
    page = Page(optimization_report(*whole()))
    assert "The operations that add most noise: signal over noise behind each" in page.text
    assert "svg" in {tag for tag, _ in page.elements}


def test_a_report_says_why_a_layer_is_not_in_int8_and_how_to_make_it_again() -> None:
    text = as_markdown(whole())
    row = next(line for line in text.splitlines() if line.startswith("| `/fc/Gemm` | FullyConnected"))
    assert row.endswith("the recipe says to ignore it |")
    assert "ovtui optimize /models/resnet-18.onnx --subset 200 --ignore=/fc/Gemm" in text


def test_a_report_of_noise_says_that_it_means_nothing() -> None:
    noise = an_optimization(recipe=Recipe(random=True), accuracy=an_accuracy(labelled=None, meaningless=True))
    assert "of accuracy, this says nothing" in as_markdown(whole(noise))


def test_a_report_of_what_failed_has_the_reason_and_no_figures() -> None:
    text = as_markdown(whole(a_failed_one()))
    assert "No version was made: The disk is full" in text
    assert "What it gained" not in text


def test_pixels_that_are_turned_around_are_said_to_come_in_the_usual_order() -> None:
    told = preprocessing_in_words(PIXELS) or ""
    assert told.startswith("built in: takes bytes [1,480,640,3], red first; turned to blue first, resized to 224×224")
    outside = preprocessing_in_words(msgspec.structs.replace(PIXELS, baked=False)) or ""
    assert outside.startswith("not built in: to be given 224×224, blue first")


def test_pixels_without_colours_have_no_order() -> None:
    grey = msgspec.structs.replace(PIXELS, mean=(120.0,), scale=(60.0,))
    for channels in ("rgb", "bgr"):
        told = preprocessing_in_words(msgspec.structs.replace(grey, channels=channels)) or ""
        assert "takes bytes [1,480,640,1]; resized to 224×224" in told
        assert "first" not in told
