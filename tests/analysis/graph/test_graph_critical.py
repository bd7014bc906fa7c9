"""The critical path by time, and how much slack everything else has."""

from __future__ import annotations

import pytest
from graph_samples import Net, inception
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph import model
from ovtui.analysis.graph.critical import critical
from ovtui.analysis.graph.model import Graph


def diamond(left: float | None, right: float | None) -> Graph:
    net = Net()
    top = net.add("Input", time=1.0)
    sides = [net.add("Relu", top, time=left), net.add("Relu", top, time=right)]
    net.add("Add", *sides, time=1.0)
    return net.graph()


def test_the_path_takes_the_longer_branch() -> None:
    found = critical(diamond(5.0, 2.0))
    assert found.path == (0, 1, 3)
    assert found.length_us == 7.0
    assert found.share == pytest.approx(7 / 9)


def test_slack_is_what_a_node_could_take_longer() -> None:
    assert critical(diamond(5.0, 2.0)).slack_us == (0.0, 0.0, 3.0, 0.0)


def test_a_chain_is_all_critical() -> None:
    net = Net()
    net.chain(net.add("Input"), "Relu", "Relu")
    assert critical(net.graph()).share == pytest.approx(1.0)


def test_an_unknown_time_counts_nothing() -> None:
    found = critical(diamond(None, 2.0))
    assert (found.path, found.length_us) == ((0, 2, 3), 4.0)
    assert found.slack_us[1] == 2.0


@pytest.mark.parametrize("graph", [Net().graph(), model.original(inception(1).profile())])
def test_without_times_there_is_no_path(graph: Graph) -> None:
    found = critical(graph)
    assert (found.path, found.length_us, found.share) == ((), 0.0, None)
    assert len(found.slack_us) == len(graph)


@given(st.lists(st.tuples(st.floats(0, 100), st.lists(st.integers(0, 20), max_size=3)), min_size=1, max_size=20))
def test_the_path_is_a_chain_and_no_longer_one_exists(data: list[tuple[float, list[int]]]) -> None:
    net = Net()
    for node, (time, sources) in enumerate(data):
        net.add("Relu", *{source for source in sources if source < node}, time=time)
    graph, found = net.graph(), critical(net.graph())
    times = [time for time, _ in data]
    assert sum(times[node] for node in found.path) == pytest.approx(found.length_us)
    for above, below in zip(found.path, found.path[1:], strict=False):
        assert above in {source.node for source in graph.inputs[below]}
    longest: list[float] = []
    for node, time in enumerate(times):
        longest.append(time + max((longest[source.node] for source in graph.inputs[node]), default=0.0))
    assert found.length_us == pytest.approx(max(longest))
    for node in found.path:
        assert found.slack_us[node] == pytest.approx(0.0, abs=1e-9)
    assert all(0 <= slack <= found.length_us for slack in found.slack_us)
