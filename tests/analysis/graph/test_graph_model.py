"""A profile's two graphs: sound whatever the file says, ordered as it is said, and linked by names."""

from __future__ import annotations

import math

import pytest
from graph_samples import Net, inception, profile
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph import model
from ovtui.analysis.graph.linking import counterpart, link
from ovtui.analysis.graph.model import Graph, Source, Use
from ovtui.records import Edge, Layer, Operation, Tensor


def layer(name: str, *inputs: tuple[int, int], order: int = 0, time: float | None = 1.0, original: str = "") -> Layer:
    return Layer(
        name=name,
        type="Convolution",
        kernel="jit_avx2",
        precision="f32",
        order=order,
        status="executed",
        inputs=tuple(Edge(*each) for each in inputs),
        outputs=(Tensor("f32", (1, 8, 4, 4), "acdb"),),
        original=tuple(original.split()),
        time_us=time,
        flops=10,
        bytes=20,
    )


def operation(name: str, *inputs: int, type_: str = "Relu") -> Operation:
    return Operation(name, type_, tuple(Edge(source) for source in inputs), (Tensor("i8", (2, 3)),), 7)


def runtime(*layers: Layer) -> Graph:
    return model.runtime(profile(layers))


def original(*operations: Operation) -> Graph:
    return model.original(profile(operations=operations))


def leads_down(graph: Graph) -> bool:
    place = {node: place for place, node in enumerate(graph.order)}
    return all(place[source.node] < place[node] for node in range(len(graph)) for source in graph.inputs[node])


# What a node knows


def test_a_layer_knows_what_the_device_said() -> None:
    node = runtime(layer("conv", original="a b")).nodes[0]
    assert (node.name, node.type, node.kernel, node.precision) == ("conv", "Convolution", "jit_avx2", "f32")
    assert (node.shape, node.layout, node.time_us, node.flops, node.bytes) == ((1, 8, 4, 4), "acdb", 1.0, 10, 20)
    assert (node.status, node.original) == ("executed", ("a", "b"))


def test_an_operation_has_no_time_and_no_kernel() -> None:
    node = original(operation("relu")).nodes[0]
    assert (node.name, node.type, node.precision, node.shape, node.flops) == ("relu", "Relu", "i8", (2, 3), 7)
    assert (node.kernel, node.layout, node.time_us, node.bytes, node.status) == (None, None, None, None, None)


def test_edges_are_known_from_both_sides() -> None:
    graph = runtime(layer("a"), layer("b", (0, 0), order=1), layer("c", (0, 1), (1, 0), order=2))
    assert graph.inputs == ((), (Source(0, 0),), (Source(0, 1), Source(1, 0)))
    assert graph.uses == ((Use(0, 1), Use(1, 2)), (Use(0, 2),), ())
    assert graph.edges == 3


def test_what_is_read_twice_is_an_edge_twice() -> None:
    graph = runtime(layer("x"), layer("square", (0, 0), (0, 0), order=1))
    assert graph.inputs[1] == (Source(0, 0), Source(0, 0))


def test_the_total_is_the_sum_of_known_times() -> None:
    assert runtime(layer("a", time=2.5), layer("b", time=None), layer("c", time=0.5)).total_us == 3.0
    assert runtime(layer("a", time=None)).total_us is None


# Order


def test_layers_stand_in_the_order_of_execution() -> None:
    graph = runtime(layer("c", (2, 0), order=10), layer("a", order=2), layer("b", (1, 0), order=9))
    assert [graph.nodes[node].name for node in graph.order] == ["a", "b", "c"]


def test_a_layer_that_was_executed_before_its_producer_stands_below_it() -> None:
    graph = runtime(layer("late", (1, 0), order=0), layer("early", order=1), layer("last", (0, 0), order=2))
    assert graph.order == (1, 0, 2)
    assert graph.left_out == 0


def test_operations_follow_a_branch_to_its_end() -> None:
    graph = original(
        operation("x"), operation("a1", 0), operation("b1", 0), operation("a2", 1), operation("b2", 2),
        operation("sum", 3, 4),
    )  # fmt: skip
    assert [graph.nodes[node].name for node in graph.order] == ["x", "a1", "a2", "b1", "b2", "sum"]


def test_an_input_stands_where_it_is_needed() -> None:
    graph = original(operation("ids"), operation("mask"), operation("a", 0), operation("b", 2), operation("sum", 3, 1))
    assert [graph.nodes[node].name for node in graph.order] == ["ids", "a", "b", "mask", "sum"]


# Files that are wrong


@pytest.mark.parametrize("source", [-1, 2, 99, 1 << 40])
def test_edges_to_nowhere_are_left_out(source: int) -> None:
    graph = runtime(layer("a"), layer("b", (source, 0), (0, 0), order=1))
    assert graph.inputs[1] == (Source(0, 0),)
    assert graph.left_out == 1


def test_a_node_that_feeds_itself_does_not() -> None:
    graph = original(operation("a", 0), operation("b", 0))
    assert graph.left_out == 1
    assert graph.order == (0, 1)


@pytest.mark.parametrize("make", [model.runtime, model.original])
def test_cycles_are_broken(make: object) -> None:
    layers = [layer(f"n{i}", ((i - 1) % 4, 0), order=i) for i in range(4)]
    operations = [operation(f"n{i}", (i - 1) % 4) for i in range(4)]
    graph = make(profile(layers, operations))  # type: ignore[operator]
    assert graph.order == (0, 1, 2, 3)
    assert graph.left_out == 1
    assert leads_down(graph)


def test_an_empty_profile_is_an_empty_graph() -> None:
    for graph in (runtime(), original()):
        assert (len(graph), graph.order, graph.edges, graph.total_us) == (0, (), 0, None)


def test_a_time_that_is_none_is_not_known() -> None:
    graph = runtime(layer("a", time=math.nan), layer("b", time=-1.0), layer("c", time=math.inf))
    assert [node.time_us for node in graph.nodes] == [None, None, None]


@given(
    st.lists(
        st.tuples(st.integers(-3, 5), st.lists(st.tuples(st.integers(-2, 14), st.integers(-1, 3)), max_size=4)),
        max_size=12,
    )
)
def test_any_graph_becomes_a_sound_one(data: list[tuple[int, list[tuple[int, int]]]]) -> None:
    layers = [layer("same", *inputs, order=order) for order, inputs in data]
    operations = [operation("same", *[source for source, _ in inputs]) for _, inputs in data]
    for graph in (model.runtime(profile(layers)), model.original(profile(operations=operations))):
        assert sorted(graph.order) == list(range(len(data)))
        assert leads_down(graph)
        assert graph.edges + graph.left_out == sum(len(inputs) for _, inputs in data)
        uses = sorted((source, use.port, use.node) for source, found in enumerate(graph.uses) for use in found)
        assert uses == sorted((s.node, s.port, node) for node, found in enumerate(graph.inputs) for s in found)


@given(st.integers(2, 60), st.integers(0, 1000))
def test_what_is_in_order_stays_in_order(count: int, seed: int) -> None:
    layers = [layer(f"n{i}", ((i * seed) % i, 0) if i else (-1, 0), order=i) for i in range(count)]
    assert model.runtime(profile(layers)).order == tuple(range(count))


# From one graph to the other


def fused() -> tuple[list[Layer], list[Operation]]:
    """input, conv and relu in one layer, a reorder, a product."""
    layers = [
        layer("x", original="x"),
        layer("relu", (0, 0), order=1, original="conv relu"),
        layer("relu_acdb_abcd", (1, 0), order=2),
        layer("product", (2, 0), order=3),
    ]
    operations = [
        operation("x", type_="Parameter"), operation("conv", 0), operation("relu", 1), operation("product", 2),
    ]  # fmt: skip
    return layers, operations


def test_a_layer_leads_to_all_operations_in_it_and_each_back() -> None:
    linkage = link(profile(*fused()))
    assert set(linkage.layers[1]) == {1, 2}
    assert list(linkage.operations[1]) == list(linkage.operations[2]) == [1]


def test_a_layer_that_is_called_like_an_operation_leads_to_it() -> None:
    assert list(link(profile(*fused())).layers[3]) == [3]


def test_an_operation_may_have_become_several_layers() -> None:
    layers = [layer("a", original="op"), layer("b", (0, 0), order=1, original="op")]
    assert set(link(profile(layers, [operation("op")])).operations[0]) == {0, 1}


def test_names_that_lead_nowhere_link_nothing() -> None:
    linkage = link(profile([layer("a", original="gone lost")], [operation("other")]))
    assert [list(each) for each in (*linkage.layers, *linkage.operations)] == [[], []]


def test_equal_names_link_all_that_have_them() -> None:
    linkage = link(profile([layer("a", original="op")], [operation("op"), operation("op")]))
    assert set(linkage.layers[0]) == {0, 1}


def test_a_selection_without_a_counterpart_goes_where_its_neighbour_leads() -> None:
    found = profile(*fused())
    graph, linkage = model.runtime(found), link(found)
    assert not linkage.layers[2]
    assert counterpart(graph, linkage.layers, 1) in (1, 2)
    assert counterpart(graph, linkage.layers, 2) == 3
    assert counterpart(graph, [()] * 4, 2) is None


def test_the_samples_are_linked_one_to_one() -> None:
    net: Net = inception(1)
    linkage = link(net.profile())
    assert [list(each) for each in linkage.layers] == [[node] for node in range(len(net.types))]
