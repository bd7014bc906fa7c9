"""A graph for other programs."""

from __future__ import annotations

import json
import re

import pytest
from graph_samples import Net, inception, of_edges

from ovtui.analysis.graph.blocks import Blocks
from ovtui.analysis.graph.export import document, dot
from tests.hostile import NAMES

_NODE = re.compile(r' *n(\d+) \[label="((?:[^"\\]|\\.)*)", fillcolor="#[0-9a-f]{6}"(, fontcolor=white)?\]')
_EDGE = re.compile(r'  n(\d+) -> n(\d+)( \[label="\[[\d,]*\]"\])?')
_FRAME = re.compile(r' *subgraph cluster_\d+ \{ label="((?:[^"\\]|\\.)*)"')


def test_dot_tells_nodes_and_edges_with_their_shapes() -> None:
    lines = dot(of_edges(2, [(0, 1)])).splitlines()
    assert lines[0] == "digraph {"
    assert lines[2].startswith('  n0 [label="Relu\\nRelu_0\\n0 µs"')
    assert lines[-2:] == ['  n0 -> n1 [label="[1,8]"]', "}"]


def test_blocks_are_frames_within_each_other() -> None:
    graph = inception(2).graph()
    text = dot(graph, Blocks(graph))
    assert text.count("subgraph") == len(Blocks(graph).blocks) - 1
    assert text.count("{") == text.count("}")
    assert len(re.findall(r"^ *n\d+ \[", text, re.MULTILINE)) == len(graph)


@pytest.mark.parametrize("name", [*NAMES, "", '"', "\\", '\\"]; evil [', "</table>", "a\\nb", "\\"], ids=ascii)
@pytest.mark.parametrize("framed", [False, True])
def test_no_name_leaves_its_quotes(name: str, framed: bool) -> None:
    graph = of_edges(4, [(0, 1), (1, 2), (2, 3)], names=["x", *[f"{name}/{name}"] * 3])
    lines = dot(graph, Blocks(graph) if framed else None).splitlines()
    assert lines[0] == "digraph {" and lines[-1] == "}"
    for line in lines[2:-1]:
        assert line.strip() == "}" or _NODE.fullmatch(line) or _EDGE.fullmatch(line) or _FRAME.fullmatch(line), line
        assert line.isprintable()


def test_the_document_is_json() -> None:
    net = Net()
    x = net.add("Input", name="\x1b[2J", time=None)
    net.add("Relu", x, (x, 1), name="relu", time=2.5)
    found = json.loads(json.dumps(document(net.graph())))
    assert found["kind"] == "runtime"
    assert found["total_us"] == 2.5
    assert found["nodes"][0]["name"] == "\x1b[2J"
    assert found["nodes"][1]["shape"] == [1, 8]
    assert found["edges"] == [{"source": 0, "port": 0, "target": 1}, {"source": 0, "port": 1, "target": 1}]


def test_an_empty_graph_is_a_document_too() -> None:
    assert document(Net().graph())["nodes"] == []
    assert dot(Net().graph()).endswith("}\n")
