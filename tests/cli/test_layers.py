"""`ovtui layers`: its document, its tables, what it picks and sorts, its files, and what it says when it cannot."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ovtui.cli.output import cells
from ovtui.records import Run
from ovtui.report.layers import LAYER_KEYS
from tests import profiled
from tests.analysis.profiles import CEILINGS, EMPTY, NO_COUNTERS, a_large_profile, a_layer, a_profile
from tests.cli.conftest import Keep, assert_safe
from tests.conftest import Ovtui
from tests.terminal import Terminal

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def names(outcome: Any) -> list[str]:
    return [row["name"] for row in outcome.json["rows"]]


def lines_of_layers(text: str) -> list[list[str]]:
    """The lines of the table of layers, as words."""
    return [words for line in text.splitlines() if (words := line.split()) and words[0].isdigit()]


# The document


def test_the_rows_are_those_of_the_contract(ovtui: Ovtui, mixnet: Run) -> None:
    content = ovtui("layers", mixnet.id, "--json").json
    profile = profiled.mixnet()
    assert content["run_id"] == mixnet.id
    assert {tuple(row) for row in content["rows"]} == {LAYER_KEYS}
    assert [row["order"] for row in content["rows"]] == list(range(len(profile.layers)))
    assert {row["status"] for row in content["rows"]} == {"executed", "optimized_out", "not_run"}
    (row,) = [row for row in content["rows"] if row["name"] == "Mixed_1/Branch_1/Conv2d_3x3"]
    assert row["type"] == "Convolution"
    assert row["kernel"] == "brgconv_avx512_vnni_i8"
    assert row["precision"] == "i8"
    assert row["time_us"] == 304.0
    assert row["shape"] == [1, 128, 28, 28]
    assert row["layout"] == "acdb"
    assert row["original_names"] == ["Mixed_1/Branch_1/Conv2d_3x3", "Mixed_1/Branch_1/Conv2d_3x3_relu"]
    assert row["gflops"] == pytest.approx(row["flops"] / row["time_us"] / 1e3)
    assert row["efficiency"] == pytest.approx(row["gflops"] / 300)
    assert row["bound"] == "compute"
    assert row["recoverable_us"] == pytest.approx(304 * (1 - row["efficiency"]))


def test_a_layer_above_the_ceiling_is_marked(ovtui: Ovtui, keep: Keep) -> None:
    """200 µs are the least for 20 MFLOP at 100 GFLOP/s; it took 100."""
    run = keep(a_profile(a_layer("quick", time_us=100.0, flops=20_000_000, bytes=4), a_layer("usual"), line=True,
                         ceilings=CEILINGS))  # fmt: skip
    rows = ovtui("layers", run.id, "--json").json["rows"]
    assert {row["name"]: row["above_ceiling"] for row in rows} == {"quick": True, "usual": False}
    (line,) = (line for line in ovtui("layers", run.id).out.splitlines() if line.rstrip().endswith("quick"))
    assert "200 %" in line and "above the ceiling" in line


def test_the_times_add_up(ovtui: Ovtui, mixnet: Run) -> None:
    content = ovtui("layers", "--json").json
    times = [row["time_us"] for row in content["rows"] if row["time_us"] is not None]
    assert content["total_us"] == pytest.approx(sum(times))
    assert sum(row["share"] or 0.0 for row in content["rows"]) == pytest.approx(1.0)
    assert content["rest_us"] == pytest.approx(content["latency_us"] - content["total_us"])
    assert content["overhead"] == 0.021
    assert content["ceilings"]["gflops"] == {"f32": 100.0, "i8": 300.0}


def test_each_operation_has_a_fate(ovtui: Ovtui, mixnet: Run) -> None:
    told = {each["name"]: each for each in ovtui("layers", "--json").json["operations"]}
    assert len(told) == len(profiled.mixnet().operations)
    for name, fate, layers in (
        ("head/MatMul", "executed", ["head/MatMul"]),
        ("head/MatMul_add", "fused", ["head/MatMul"]),
        ("head/Reshape", "optimized_out", ["head/Reshape"]),
        ("image", "not_run", ["image"]),
        ("Mixed_1/FakeQuantize", "folded", []),
    ):
        assert (told[name]["fate"], told[name]["layers"]) == (fate, layers)


def test_transitions_and_conversions_follow_the_edges(ovtui: Ovtui, mixnet: Run) -> None:
    content = ovtui("layers", "--json").json
    edges = {(each["from"], each["to"]): each["edges"] for each in content["transitions"]}
    # Four branches read what is quantized, and four what is converted back.
    assert edges["u8", "i8"] == 4
    assert edges["u8", "f32"] == 4
    assert edges["f32", "u8"] == edges["i8", "u8"] == 1
    assert ("i8", "f32") not in edges
    assert [(each["name"], each["cause"]) for each in content["conversions"]] == [
        ("image_abcd_acdb_stem/Conv2D", "abcd→acdb"),
        ("Mixed_1/dequantize", "u8→f32"),
        ("Mixed_1/quantize", "f32→u8"),
    ]
    assert [group["name"] for group in content["precisions"]] == ["f32", "i8", "u8"]


def test_advice_names_its_evidence_and_the_line_that_tries_it(ovtui: Ovtui, keep: Keep) -> None:
    mixnet = keep(msgspec.structs.replace(profiled.mixnet(), latency_us=None))
    found = {each["key"]: each for each in ovtui("layers", "--json").json["advice"]}
    assert set(found) == {"int8", "host", "reference"}
    assert found["reference"]["command"] == f"ovtui layers {mixnet.id} --by kernel"
    assert "head/CumSum" in found["reference"]["evidence"]
    assert found["host"]["command"] == "ovtui run mixnet -b 16 -t 10"
    assert found["int8"]["command"] == f"ovtui optimize {mixnet.model.id} --data FOLDER"
    text = ovtui("layers").out
    assert "quantize to INT8" in text
    assert "ovtui run mixnet -b 16 -t 10" in text


@pytest.mark.parametrize(
    ("by", "first", "count"), [("type", "Convolution", 9), ("precision", "f32", 3), ("block", "Mixed_0", 6)]
)
def test_layers_are_put_together(ovtui: Ovtui, mixnet: Run, by: str, first: str, count: int) -> None:
    content = ovtui("layers", "--by", by, "--json").json
    assert content["groups"][0]["name"] == first
    assert len(content["groups"]) == count
    assert sum(group["time_us"] or 0 for group in content["groups"]) == pytest.approx(content["total_us"])
    assert sum(group["layers"] for group in content["groups"]) == len(content["rows"])
    lines = ovtui("layers", "--by", by).out.splitlines()
    titles = next(at for at, line in enumerate(lines) if line.startswith(by.upper()))
    assert lines[titles + 1].startswith(first)


def test_by_precision_shows_the_matrix_and_the_conversions(ovtui: Ovtui, mixnet: Run) -> None:
    text = ovtui("layers", "--by", "precision").out
    assert re.search(r"^ +f32 +i8 +u8$", text, re.MULTILINE)
    assert re.search(r"^u8 +4 +4 +·$", text, re.MULTILINE)
    assert re.search(r"^f32→u8 +1 +44\.00 +1\.2 %$", text, re.MULTILINE)


def test_single_layers_come_without_groups(ovtui: Ovtui, mixnet: Run) -> None:
    assert "groups" not in ovtui("layers", "--json").json


# Picking and sorting


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("type:conv precision:i8 time>50us", 3),
        ("share>10%", 3),
        ("share>10", 3),
        ("kernel:ref", 1),
        ("block:Mixed_2", 9),
        ("fused:_relu", 19),
        ("status:optimized_out", 1),
        ("branch_1", 6),
        ("nothing-is-called-so", 0),
    ],
)
def test_a_filter_picks_rows_and_leaves_the_whole_as_it_is(ovtui: Ovtui, mixnet: Run, typed: str, count: int) -> None:
    content = ovtui("layers", "--filter", typed, "--json").json
    assert len(content["rows"]) == count
    assert content["total_us"] == pytest.approx(sum(each.time_us or 0.0 for each in profiled.mixnet().layers))


def test_a_filter_that_leaves_nothing_says_so(ovtui: Ovtui, mixnet: Run) -> None:
    outcome = ovtui("layers", "-f", "nothing-is-called-so")
    assert outcome.code == 0
    assert "No such layers." in outcome.err
    assert lines_of_layers(outcome.out) == []


def test_the_slowest_come_first_and_the_rest_is_counted(ovtui: Ovtui, mixnet: Run) -> None:
    outcome = ovtui("layers", "--top", "3")
    assert [line[0] for line in lines_of_layers(outcome.out)] == ["6", "24", "2"]
    assert "and 32 more layers; --top 0 shows all" in outcome.err
    everything = ovtui("layers", "--top", "0")
    assert len(lines_of_layers(everything.out)) == 35
    assert "more layer" not in everything.err


@pytest.mark.parametrize(
    ("column", "first"),
    [
        ("order", "image"),
        ("name", "head/AvgPool"),
        ("cumulative", "Mixed_0/Branch_1/Conv2d_3x3"),
        ("efficiency", "Mixed_2/Branch_1/Conv2d_3x3"),
        ("bytes", "stem/Conv2D"),
    ],
)
def test_any_column_sorts(ovtui: Ovtui, mixnet: Run, column: str, first: str) -> None:
    assert lines_of_layers(ovtui("layers", "--sort", column, "--top", "1").out)[0][-1] == first


def test_what_has_no_time_comes_last(ovtui: Ovtui, mixnet: Run) -> None:
    last = lines_of_layers(ovtui("layers", "--top", "0").out)[-3:]
    assert {line[-1] for line in last} == {"image", "head/Reshape", "scores"}
    assert any("optimized out" in " ".join(line) for line in last)


# Files


def test_a_json_file_holds_the_document(ovtui: Ovtui, mixnet: Run, tmp_path: Path) -> None:
    outcome = ovtui("layers", "--by", "type", "-o", tmp_path / "x.json")
    assert (outcome.code, outcome.out) == (0, "")
    assert json.loads((tmp_path / "x.json").read_text()) == ovtui("layers", "--by", "type", "--json").json


def test_a_csv_file_holds_a_row_for_each_layer(ovtui: Ovtui, mixnet: Run, tmp_path: Path) -> None:
    assert ovtui("layers", "-o", tmp_path / "x.csv", "--top", "1").code == 0
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert tuple(rows[0]) == LAYER_KEYS
    assert len(rows) == len(profiled.mixnet().layers)
    assert rows[2]["name"] == "stem/Conv2D"
    assert rows[2]["shape"] == "1x64x112x112"
    assert rows[2]["original_names"] == "stem/Conv2D stem/Conv2D_relu"
    assert float(rows[2]["time_us"]) == 420.0
    assert rows[0]["time_us"] == ""


def test_a_csv_file_without_layers_still_has_its_columns(ovtui: Ovtui, keep: Keep, tmp_path: Path) -> None:
    keep(EMPTY)
    ovtui("layers", "-o", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().splitlines() == [",".join(LAYER_KEYS)]


def test_no_name_becomes_a_formula(ovtui: Ovtui, keep: Keep, tmp_path: Path) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")
    keep(a_profile(*(a_layer(f"{s}", s, kernel=s, precision=s, layout=s, original=(s, "x")) for s in starts)))
    ovtui("layers", "-o", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        found = [(key, text) for row in csv.DictReader(file) for key, text in row.items()]
    texts = [text for key, text in found if key in ("name", "type", "kernel", "precision", "layout", "original_names")]
    assert len(texts) == 6 * len(starts)
    assert not [text for text in texts if text[:1] in ("=", "+", "-", "@", "\t", "\r")]


@pytest.mark.parametrize(("name", "says"), [("x.doc", "end its name with"), ("no/such/x.csv", "Cannot write")])
def test_a_file_that_cannot_be_written_is_explained(ovtui: Ovtui, mixnet: Run, name: str, says: str) -> None:
    outcome = ovtui("layers", "-o", name)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err


def test_the_place_of_a_file_is_told_safely(ovtui: Ovtui, mixnet: Run, tmp_path: Path) -> None:
    outcome = ovtui("layers", "-o", tmp_path / "\x1b[31mred.csv")
    assert outcome.code == 0
    assert_safe(outcome.err)


# What cannot be shown, and how that is said


def test_a_run_without_a_look_at_its_layers_says_how_to_get_one(ovtui: Ovtui, keep: Keep) -> None:
    run = keep(None)
    outcome = ovtui("layers")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"The layers of run {run.id} are not known." in outcome.err
    assert "ovtui run mixnet" in outcome.err


def test_a_run_that_goes_on_is_looked_at_later(ovtui: Ovtui, going_on: str) -> None:
    outcome = ovtui("layers", going_on)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"Run {going_on} is going on; its layers are looked at when it has been measured." in outcome.err


@pytest.mark.parametrize("by", ["layer", "type", "precision", "kernel", "block"])
def test_an_empty_profile_is_no_failure(ovtui: Ovtui, keep: Keep, by: str) -> None:
    keep(EMPTY)
    outcome = ovtui("layers", "--by", by)
    assert outcome.code == 0
    assert "The profile of this run holds no layers." in outcome.err
    content = ovtui("layers", "--by", by, "--json").json
    assert (content["rows"], content["total_us"], content["operations"]) == ([], None, [])


def test_a_device_without_counters_says_so(ovtui: Ovtui, keep: Keep) -> None:
    keep(NO_COUNTERS)
    outcome = ovtui("layers")
    assert "This device gives no times of layers." in outcome.out
    assert [line[-1] for line in lines_of_layers(outcome.out)] == [f"layer{n}" for n in range(5)]
    content = ovtui("layers", "--by", "type", "--json").json
    assert content["total_us"] is None
    assert {row["time_us"] for row in content["rows"]} == {row["share"] for row in content["rows"]} == {None}
    assert content["groups"][0]["time_us"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "There is no run 'nothing'."),
        (["--by", "colour"], "'colour' is not one of"),
        (["--sort", "colour"], "'colour' is not one of"),
        (["--top", "-1"], "-1 is not in the range"),
        (["--top", "many"], "'many' is not a valid integer"),
        (["--filter", "time>soon"], "The filter 'time>soon' is not finished"),
        (["--filter", "conv time>"], "The filter 'time>' is not finished"),
        (["--filter", "conv", "--by", "type"], "give one of the two"),
        (["one", "two"], "unexpected extra argument"),
    ],
)
def test_a_wrong_value_is_bad_usage(ovtui: Ovtui, mixnet: Run, arguments: list[str], says: str) -> None:
    outcome = ovtui("layers", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert says in ovtui("layers", *arguments, "--json").json["error"]


def test_nothing_measured_yet_says_how_to_begin(ovtui: Ovtui) -> None:
    outcome = ovtui("layers")
    assert outcome.code == 2
    assert outcome.err == "ovtui: Nothing was measured yet. `ovtui run MODEL` does.\n"


# Names from files


@pytest.mark.parametrize("by", ["layer", "type", "precision", "kernel", "block"])
def test_no_name_commands_the_terminal(ovtui: Ovtui, keep: Keep, by: str) -> None:
    keep(profiled.hostile())
    outcome = ovtui("layers", "--by", by)
    assert outcome.code == 0
    assert_safe(outcome.out + outcome.err)
    document = ovtui("layers", "--by", by, "--json")
    assert_safe(document.out)
    assert names(document) == list(profiled.HOSTILE_NAMES)


@pytest.mark.parametrize("by", ["layer", "kernel"])
def test_a_terminal_gets_lines_that_fit(
    keep: Keep, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    narrow = [name for name in profiled.HOSTILE_NAMES if cells(name) == len(name)]
    hostile = profiled.hostile()
    keep(a_profile(*(each for each in hostile.layers if each.name in narrow), notes=hostile.notes))
    one = terminal("layers", "--by", by)
    assert one.wait() == 0
    assert_safe(_STYLE.sub("", one.seen).replace("\r\n", "\n"))
    assert max(cells(line) for line in _STYLE.sub("", one.seen).splitlines()) <= 80


def test_names_that_occur_twice_are_two_layers(ovtui: Ovtui, keep: Keep) -> None:
    keep(profiled.hostile())
    assert names(ovtui("layers", "-f", "twice", "--json")) == ["twice", "twice"]


# How it is made


def test_openvino_and_the_app_stay_away(mixnet: Run) -> None:
    for arguments in (["layers"], ["layers", "--json"], ["layers", "--by", "precision"]):
        assert _imported(arguments) == "[]"


def _imported(arguments: list[str]) -> str:
    """Of what a quick command does without, what it has loaded."""
    program = (
        "import sys\nfrom ovtui.__main__ import main\n"
        f"sys.argv = ['ovtui', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as left:\n    assert not left.code\n"
        "print('LOADED', sorted({'openvino', 'textual', 'numpy', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].removeprefix("LOADED ")


def test_five_thousand_layers_are_shown(ovtui: Ovtui, keep: Keep) -> None:
    profile = a_large_profile()
    keep(profile)
    assert len(ovtui("layers", "--json").json["rows"]) == len(profile.layers)
    assert len(lines_of_layers(ovtui("layers", "--top", "0").out)) == len(profile.layers)
