"""Finding nodes in a graph."""

from __future__ import annotations

import pytest
from graph_samples import Net, of_edges

from ovtui.analysis.graph import model
from ovtui.analysis.graph.finding import consumers, next_bottleneck, producers, search
from ovtui.analysis.graph.model import Graph


def graph() -> Graph:
    net = Net()
    x = net.add("Input", name="image", shape=(1, 3, 224, 224), time=None)
    conv = net.add("Convolution", x, name="Mixed_3b/Conv", shape=(1, 64, 112, 112), time=120.0)
    relu = net.add("Relu", conv, name="Mixed_3b/Relu", shape=(1, 64, 112, 112), time=40.0)
    pool = net.add("Pooling", conv, name="Mixed_3b/Pool", shape=(1, 640, 1, 1), time=10.0)
    net.add("Concat", relu, pool, relu, name="Mixed_3b/concat", shape=(1, 704, 7, 7), time=3.0)
    return net.graph()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("mixed_3B", [1, 2, 3, 4]),
        ("mixed conv", [1]),
        ("type:conv", [1]),
        ("type=concat", [4]),
        ("kernel:jit", [0, 1, 2, 3, 4]),
        ("kernel:ref", []),
        ("precision:FP32", []),
        ("precision:f32", [0, 1, 2, 3, 4]),
        ("shape:1x64", [1, 2]),
        ("shape:[1,64,112,112]", [1, 2]),
        ("shape:112", [1, 2]),
        ("time>50us", [1]),
        ("time>50", [1]),
        ("time<0.02ms", [3, 4]),
        ("time=120", [1]),
        ("mixed time>20us type:relu", [2]),
        ("flops>1k", []),
        ("type:", [0, 1, 2, 3, 4]),
        ("shape:", [0, 1, 2, 3, 4]),
    ],
)
def test_everything_typed_must_hold(typed: str, found: list[int]) -> None:
    assert search(graph(), typed) == found


def test_found_nodes_stand_from_top_to_bottom() -> None:
    net = Net()
    for name in ("c", "a", "b"):
        net.add("Relu", name=name)
    found = model.original(net.profile())
    assert search(found, "type:relu") == list(found.order)


def test_bottlenecks_go_from_the_worst_on_and_round() -> None:
    values = [None, 50.0, 1.0, 30.0, 9.0, 10.0]
    assert next_bottleneck(values, None) == 1
    assert next_bottleneck(values, 1) == 3
    assert next_bottleneck(values, 3) == 1
    assert next_bottleneck(values, 1, -1) == 3


def test_from_a_node_that_is_no_bottleneck_the_worst_is_next() -> None:
    values = [None, 50.0, 1.0, 30.0, 9.0, 10.0]
    assert next_bottleneck(values, 2) == 1
    assert next_bottleneck(values, 2, -1) == 3


def test_without_values_there_is_no_bottleneck() -> None:
    assert next_bottleneck([], None) is None
    assert next_bottleneck([None, 0.0], 0) is None


def test_among_equals_all_are_bottlenecks() -> None:
    assert [next_bottleneck([1.0] * 100, node) for node in (None, 0, 98, 99)] == [0, 1, 99, 0]


def test_producers_and_consumers_are_each_told_once() -> None:
    found = graph()
    assert producers(found, 4) == [2, 3]
    assert consumers(found, 1) == [2, 3]
    assert consumers(found, 4) == []
    assert consumers(of_edges(4, [(0, 3), (0, 2), (0, 1)]), 0) == [1, 2, 3]
