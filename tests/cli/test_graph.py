"""`ovtui graph`: lanes, DOT and JSON of what the device runs and of the model's own, and what it says if it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ovtui.cli.output import cells
from ovtui.records import OwnGraph, Run
from ovtui.store import open_store
from tests import profiled
from tests.analysis.profiles import EMPTY, NO_COUNTERS, a_large_profile, a_layer, a_profile
from tests.cli.conftest import Keep, assert_safe
from tests.cli.test_layers import _imported
from tests.conftest import Ovtui
from tests.store.samples import NOW, a_model
from tests.terminal import Terminal

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
PROFILE = profiled.mixnet()


# The document


def test_the_document_holds_the_nodes_and_the_edges(ovtui: Ovtui, mixnet: Run) -> None:
    content = ovtui("graph", mixnet.id, "--json").json
    assert content["kind"] == "runtime"
    assert content["total_us"] == pytest.approx(sum(each.time_us or 0.0 for each in PROFILE.layers))
    assert [node["place"] for node in content["nodes"]] == list(range(len(PROFILE.layers)))
    node = content["nodes"][2]
    assert node == {
        "place": 2, "name": "stem/Conv2D", "type": "Convolution", "kernel": "brgconv_avx512_f32", "precision": "f32",
        "shape": [1, 64, 112, 112], "layout": "acdb", "time_us": 420.0, "flops": PROFILE.layers[2].flops,
        "bytes": PROFILE.layers[2].bytes, "status": "executed",
        "original_names": ["stem/Conv2D", "stem/Conv2D_relu"], "body": None,
    }  # fmt: skip
    edges = {(edge["source"], edge["target"]) for edge in content["edges"]}
    assert edges == {(edge.source, place) for place, layer in enumerate(PROFILE.layers) for edge in layer.inputs}


def test_the_models_own_graph_has_no_times(ovtui: Ovtui, mixnet: Run) -> None:
    content = ovtui("graph", "--ir", "--json").json
    assert (content["kind"], content["total_us"]) == ("original", None)
    assert {node["name"] for node in content["nodes"]} == {each.name for each in PROFILE.operations}
    text = ovtui("graph", "--ir").out
    assert "the model's own graph" in text
    assert "FLOPs" in text.splitlines()[1]
    assert "µs" not in text


# Which graph is meant


def test_a_model_means_its_newest_run_with_layers(ovtui: Ovtui, keep: Keep, mixnet: Run) -> None:
    newest = keep(PROFILE, "run0000002", created=NOW + 10)
    keep(None, "run0000003", created=NOW + 20)
    assert newest.id in ovtui("graph", "mixnet").out.splitlines()[0]


def test_a_model_that_was_only_imported_has_its_own_graph(ovtui: Ovtui, home: Path) -> None:
    with open_store(home / "ovtui.db") as store:
        store.models.save(profiled.MIXNET, OwnGraph(operations=PROFILE.operations, shapes={}))
    assert len(ovtui("graph", "mixnet", "--ir", "--json").json["nodes"]) == len(PROFILE.operations)
    outcome = ovtui("graph", "mixnet")
    assert (outcome.code, outcome.out) == (2, "")
    for way in ("`ovtui run mixnet`", "`ovtui graph mixnet --ir`"):
        assert way in outcome.err


def test_a_model_whose_graph_was_not_kept_says_how_to_get_it(ovtui: Ovtui, home: Path) -> None:
    with open_store(home / "ovtui.db") as store:
        store.models.save(a_model("older00001", name="older"))
    outcome = ovtui("graph", "older", "--ir")
    assert (outcome.code, outcome.out) == (2, "")
    assert "`ovtui import /models/older00001.onnx` reads it again" in outcome.err


def test_a_run_without_a_look_at_its_layers_says_how_to_get_one(ovtui: Ovtui, keep: Keep) -> None:
    keep(None)
    outcome = ovtui("graph")
    assert (outcome.code, outcome.out) == (2, "")
    assert "are not known. Measure with them: ovtui run mixnet" in outcome.err


def test_a_run_that_goes_on_is_looked_at_later(ovtui: Ovtui, going_on: str) -> None:
    outcome = ovtui("graph", going_on)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is going on" in outcome.err


# Lanes


def test_a_row_for_each_node_beside_its_lanes(ovtui: Ovtui, mixnet: Run) -> None:
    lines = ovtui("graph", "--fold", "none").out.splitlines()
    assert lines[0] == f"mixnet  {mixnet.id}  what the device runs"
    assert re.fullmatch(r"35 nodes, 43 edges, 3\.59 ms, critical path .* ms \(\d\d %\)", lines[1])
    rows = [line for line in lines[2:] if re.match(r"[│├─┤╮╯┴┬ ]*[●○]", line)]
    assert len(rows) == len(PROFILE.layers)
    assert re.match(r"●─+┬?─*╮ +MaxPool  Pooling  \[1,64,56,56\] +88\.00  2\.5 %  ", rows[3])
    assert rows[6].rstrip().endswith("760.0   21 %  ████████")


def test_blocks_fold(ovtui: Ovtui, mixnet: Run) -> None:
    lines = ovtui("graph", "--fold", "all").out.splitlines()[2:]
    assert [line.split()[1:3] for line in lines if "▸" in line] == [
        ["▸", name] for name in ("stem", "Mixed_0", "Mixed_1", "Mixed_2", "head")
    ]
    assert len(lines) == 7
    bars = [line.count("█") for line in lines]
    assert bars.index(max(bars)) == 2  # of what is seen, not of what is folded away
    assert bars.count(max(bars)) == 1


def test_what_is_found_is_opened(ovtui: Ovtui, mixnet: Run) -> None:
    text = ovtui("graph", "--fold", "all", "--find", "type:cumsum").out
    assert "1 found" in text.splitlines()[1]
    assert "▾ head" in text
    assert "CumSum" in text
    assert "▸ Mixed_0" in text
    nothing = ovtui("graph", "--fold", "all", "--find", "nothing-is-called-so")
    assert (nothing.code, "0 found" in nothing.out) == (0, True)


def test_a_poor_console_gets_characters_that_it_has(ovtui: Ovtui, mixnet: Run) -> None:
    text = ovtui("graph", TERM="linux").out
    assert not set("●○│├┤─╮╯╭╰┴┬▾▸") & set(text)
    assert "- Mixed_0" in text


def test_a_terminal_gets_lines_that_fit(keep: Keep, terminal: Callable[..., Terminal]) -> None:
    keep(profiled.hostile())
    for options in ((), ("--ir",)):
        one = terminal("graph", *options)
        assert one.wait() == 0
        text = _STYLE.sub("", one.seen).replace("\r\n", "\n")
        assert_safe(text)
        assert max(cells(line) for line in text.splitlines()) <= 80


# Files and other programs


def test_dot_declares_each_node_and_joins_them(ovtui: Ovtui, mixnet: Run, tmp_path: Path) -> None:
    text = ovtui("graph", "--dot").out
    assert text.startswith("digraph {\n")
    assert text.endswith("}\n")
    declared = re.findall(r'^  n(\d+) \[label="', text, re.MULTILINE)
    assert sorted(map(int, declared)) == list(range(len(PROFILE.layers)))
    edges = re.findall(r"^  n(\d+) -> n(\d+)", text, re.MULTILINE)
    assert len(edges) == sum(len(layer.inputs) for layer in PROFILE.layers)
    assert ovtui("graph", "-o", tmp_path / "x.dot").code == 0
    assert (tmp_path / "x.dot").read_text() == text


def test_a_json_file_holds_the_document(ovtui: Ovtui, mixnet: Run, tmp_path: Path) -> None:
    assert ovtui("graph", "--ir", "-o", tmp_path / "x.json").out == ""
    both = ovtui("graph", "--ir", "-o", tmp_path / "again.json", "--json")
    assert (
        both.json == json.loads((tmp_path / "x.json").read_text()) == json.loads((tmp_path / "again.json").read_text())
    )


@pytest.mark.parametrize(("name", "says"), [("x.png", "end its name with"), ("no/such/x.dot", "Cannot write")])
def test_a_file_that_cannot_be_written_is_explained(ovtui: Ovtui, mixnet: Run, name: str, says: str) -> None:
    outcome = ovtui("graph", "-o", name)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err


# What cannot be shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "There is no run 'nothing'."),
        (["nothing"], "No model is called so either"),
        (["--fold", "some"], "'some' is not one of"),
        (["a", "b"], "unexpected extra argument"),
    ],
)
def test_a_wrong_value_is_bad_usage(ovtui: Ovtui, mixnet: Run, arguments: list[str], says: str) -> None:
    outcome = ovtui("graph", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert says in ovtui("graph", *arguments, "--json").json["error"]


def test_nothing_measured_yet_says_how_to_begin(ovtui: Ovtui) -> None:
    assert ovtui("graph").err == "ovtui: Nothing was measured yet. `ovtui run MODEL` does.\n"


def test_an_empty_graph_is_no_failure(ovtui: Ovtui, keep: Keep) -> None:
    keep(EMPTY)
    for options in ((), ("--ir",), ("--fold", "none"), ("--find", "x")):
        outcome = ovtui("graph", *options)
        assert outcome.code == 0
        assert "0 nodes, 0 edges" in outcome.out
    assert ovtui("graph", "--json").json["nodes"] == []
    assert ovtui("graph", "--dot").out.startswith("digraph {")


def test_a_graph_without_times_shows_shapes(ovtui: Ovtui, keep: Keep) -> None:
    keep(NO_COUNTERS)
    lines = ovtui("graph").out.splitlines()
    assert lines[1] == "5 nodes, 4 edges"
    assert lines[-1] == "● layer4  Convolution  [1,8,4,4]"


def test_no_name_commands_the_terminal(ovtui: Ovtui, keep: Keep) -> None:
    keep(profiled.hostile())
    for options in ((), ("--ir",), ("--dot",), ("--ir", "--dot"), ("--json",), ("--fold", "none")):
        outcome = ovtui("graph", *options)
        assert outcome.code == 0
        assert_safe(outcome.out + outcome.err)


def test_a_quote_in_a_name_does_not_end_it_in_dot(ovtui: Ovtui, keep: Keep) -> None:
    keep(a_profile(a_layer('a"]; evil [label="b\\'), a_layer("c\\")))
    for line in ovtui("graph", "--dot").out.splitlines():
        if re.match(r" *n\d", line):
            assert re.fullmatch(r' *n\d+ \[label="(\\.|[^"\\])*", fillcolor="#\w+"(, fontcolor=white)?\]', line)
    assert "evil" not in re.sub(r'"(\\.|[^"\\])*"', "", ovtui("graph", "--dot").out)


def test_five_thousand_nodes_are_drawn(ovtui: Ovtui, keep: Keep) -> None:
    keep(a_large_profile())
    folded = ovtui("graph").out.splitlines()
    assert len(folded) < 120
    everything = ovtui("graph", "--fold", "none").out.splitlines()
    assert len([line for line in everything if re.search("[●○]", line)]) == 5_000


def test_openvino_and_the_app_stay_away(mixnet: Run) -> None:
    for arguments in (["graph"], ["graph", "--json"], ["graph", "--ir", "--dot"]):
        assert _imported(arguments) == "[]"


# What it cannot do


@pytest.mark.parametrize("typed", ["time>x", "conv time>", "type:"])
def test_half_a_term_is_refused(ovtui: Ovtui, mixnet: Run, typed: str) -> None:
    outcome = ovtui("graph", "--find", typed)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is not finished, or its number is none" in outcome.err


def test_two_forms_at_once_are_refused(ovtui: Ovtui, mixnet: Run) -> None:
    outcome = ovtui("graph", "--dot", "--json")
    assert outcome.code == 2
    assert "give one of the two" in outcome.err
