"""The hierarchy: blocks from names, else from structure; each one run of rows, folded or not."""

from __future__ import annotations

import random

import pytest
from graph_samples import Net, chain, densenet, inception, of_edges, profile, transformer, unet
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.graph import model
from ovtui.analysis.graph.blocks import WHOLE, Block, Blocks
from ovtui.analysis.graph.model import Graph, own
from ovtui.analysis.graph.scopes import label, paths
from ovtui.records import Body, Edge, Layer, Operation, Tensor
from tests.hostile import NAMES


def outline(blocks: Blocks, block: int = WHOLE) -> list[str]:
    """What is in a block: names of nodes, labels of blocks with what is in them further in."""
    found = []
    for child in blocks.blocks[block].children:
        if child >= 0:
            found.append(blocks.graph.nodes[child].name)
        else:
            found.append(blocks.blocks[~child].label)
            found += [f"  {line}" for line in outline(blocks, ~child)]
    return found


def named(*names: str, edges: list[tuple[int, int]] | None = None) -> Blocks:
    """A chain of nodes of these names, or with these edges."""
    pairs = edges if edges is not None else [(node, node + 1) for node in range(len(names) - 1)]
    return Blocks(of_edges(len(names), pairs, names=names))


def top(blocks: Blocks) -> list[Block]:
    """The outermost blocks."""
    return [blocks.blocks[~child] for child in blocks.blocks[WHOLE].children if child < 0]


# Names


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("conv", ()),
        ("layer1.0.conv", ("layer1", "layer1.0")),
        ("Mixed_3b/Branch_1/Conv", ("Mixed_3b", "Mixed_3b/Branch_1")),
        ("encoder::layer::7::add", ("encoder", "encoder::layer", "encoder::layer::7")),
        ("/layer1/layer1.0/conv", ("layer1", "layer1/layer1.0")),
        ("__module.fc/aten::linear/MatMul", ("__module", "__module.fc", "__module.fc/aten::linear")),
        ("aten::add/Add", ("aten::add",)),
        ("", ()),
        ("///", ()),
        ("...", ()),
        ("::", ()),
    ],
)
def test_a_name_tells_its_blocks(name: str, path: tuple[str, ...]) -> None:
    assert paths(of_edges(1, [], names=[name])) == [path]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("encoder.layer.7", "layer.7"),
        ("encoder/layer/7", "layer/7"),
        ("encoder::layer::7", "layer::7"),
        ("model.22/cv2.0/cv2.0.1", "cv2.0.1"),
        ("Mixed_3b/Branch_1", "Branch_1"),
        ("__module.fc/aten::linear", "aten::linear"),
        ("layer1", "layer1"),
        ("7", "7"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_a_block_is_called_by_the_end_of_its_name(block: str, said: str) -> None:
    assert label(block) == said


def test_a_layer_is_where_the_operations_are_that_it_was_made_of() -> None:
    layer = Layer("fused", "Convolution", None, None, 0, "executed", (), (), ("a.b.conv", "a.b.relu"))
    across = Layer("across", "Subgraph", None, None, 1, "executed", (), (), ("a.x", "c.y"))
    assert paths(model.runtime(profile([layer, across]))) == [("a", "a.b"), ("c",)]


def test_what_the_device_put_in_is_where_its_consumer_is() -> None:
    layers = [
        Layer(name, "x", None, None, order, "executed", inputs, (), original)
        for order, (name, inputs, original) in enumerate(
            [
                ("input", (), ("input",)),
                ("reorder_of_a.conv", (Edge(0),), ()),
                ("conv", (Edge(1),), ("a.conv",)),
                ("relu", (Edge(2),), ("a.relu",)),
                ("back", (Edge(3),), ()),
                ("out", (Edge(4),), ("out",)),
            ]
        )
    ]
    layers += [Layer(f"n{n}", "x", None, None, n, "executed", (Edge(3),), (), (f"a.n{n}",)) for n in (6, 7)]
    assert paths(model.runtime(profile(layers)))[:6] == [(), ("a",), ("a",), ("a",), ("a",), ()]


def test_names_that_mostly_say_nothing_are_not_asked() -> None:
    assert paths(of_edges(5, [(0, 1)], names=["n1", "n2", "n3", "a/n4", "a/n5"])) == [()] * 5


# Blocks by name


def test_scopes_become_blocks_within_each_other() -> None:
    assert outline(Blocks(inception(2).graph())) == [
        "input",
        "Mixed_0",
        "  Inception/Mixed_0/Branch_0/Conv2d",
        "  Inception/Mixed_0/Branch_1/Convolution_2",
        "  Inception/Mixed_0/Branch_1/Convolution_3",
        "  Branch_2",
        "    Inception/Mixed_0/Branch_2/Convolution_4",
        "    Inception/Mixed_0/Branch_2/Convolution_5",
        "    Inception/Mixed_0/Branch_2/Convolution_6",
        "  Inception/Mixed_0/Branch_3/MaxPool_7",
        "  Inception/Mixed_0/Branch_3/Convolution_8",
        "  Inception/Mixed_0/concat",
        "Mixed_1",
        *[f"  {line}" for line in outline(Blocks(inception(2).graph()), 3)],
        "output",
    ]


def test_levels_that_divide_nothing_are_left_out() -> None:
    blocks = named(*[f"__module.model.{part}.n{n}" for part in ("a", "b") for n in range(3)])
    assert [(block.label, block.name, block.depth) for block in top(blocks)] == [
        ("a", "__module.model.a", 0),
        ("b", "__module.model.b", 0),
    ]


def test_a_block_of_nearly_everything_gives_way_to_those_in_it() -> None:
    blocks = Blocks(transformer(6).graph())
    assert [block.label for block in top(blocks)] == ["embeddings", "layer.0 … layer.5"]
    assert [blocks.blocks[~child].label for child in top(blocks)[1].children] == [f"layer.{n}" for n in range(6)]


def test_two_nodes_are_no_block() -> None:
    assert outline(named("a/x", "a/y", "b/x", "b/y", "b/z")) == ["a/x", "a/y", "b", "  b/x", "  b/y", "  b/z"]


def test_a_scope_that_a_path_leaves_and_enters_again_is_split() -> None:
    """As when one ReLU object is used in several places."""
    names = [f"{scope}/{n}" for n, scope in enumerate("aaa bbb aaa bbb".replace(" ", ""))]
    blocks = named(*names)
    assert [(block.label, block.part, block.nodes) for block in top(blocks)] == [
        ("a", (1, 2), 3),
        ("b", (1, 2), 3),
        ("a", (2, 2), 3),
        ("b", (2, 2), 3),
    ]


def test_scopes_that_are_not_in_a_cycle_stay_whole_beside_one() -> None:
    names = [*(f"x/{n}" for n in range(4)), "a/0", "b/0", "a/1", "b/1", "a/2", "b/2", *(f"y/{n}" for n in range(4))]
    assert outline(named(*names)) == [
        "x", "  x/0", "  x/1", "  x/2", "  x/3",
        "a/0", "b/0", "a/1", "b/1", "a/2", "b/2",
        "y", "  y/0", "  y/1", "  y/2", "  y/3",
    ]  # fmt: skip


def test_a_block_stays_together_when_it_was_executed_in_turns_with_another() -> None:
    names = ["in", "a/0", "b/0", "a/1", "b/1", "a/2", "b/2", "out"]
    pairs = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 7)]
    assert [(block.label, block.part, block.nodes) for block in top(named(*names, edges=pairs))] == [
        ("a", None, 3),
        ("b", None, 3),
    ]


# Blocks by structure


def test_without_names_residual_blocks_are_found() -> None:
    net = Net()
    node = net.add("Input")
    for _ in range(12):
        node = net.add("Add", net.chain(node, "Convolution", "Convolution", "Convolution"), node)
    blocks = Blocks(net.graph())
    assert len(top(blocks)) == 1
    assert (top(blocks)[0].copies, top(blocks)[0].label) == (12, "Convolution … Add")
    assert {blocks.blocks[~child].nodes for child in top(blocks)[0].children} == {4}


def test_without_names_the_layers_of_a_transformer_are_found() -> None:
    blocks = Blocks(transformer(12, named=False).graph())
    layers = next(block for block in top(blocks) if block.copies)
    assert layers.copies == 12
    assert layers.nodes == 12 * 30


def test_without_names_inception_modules_are_found() -> None:
    net = inception(8)
    net.names = [f"n{number}" for number in range(len(net.names))]
    assert [block.nodes for block in top(Blocks(net.graph()))] == [72]
    assert top(Blocks(net.graph()))[0].copies == 8


@pytest.mark.parametrize("types", [["Relu"], ["MatMul", "Add"], ["MatMul", "Add", "Relu"], list("ABCDEFGHIJK")])
def test_a_chain_of_5000_nodes_folds_into_few_rows(types: list[str]) -> None:
    blocks = Blocks(chain(5000, types).graph())
    assert max(len(block.children) for block in blocks.blocks) <= 110
    assert max(block.depth for block in blocks.blocks) <= 3


def test_a_long_chain_without_a_pattern_folds_too() -> None:
    spread = random.Random(1)
    blocks = Blocks(chain(5000, [spread.choice("ABCDEFGH") for _ in range(5000)]).graph())
    assert max(len(block.children) for block in blocks.blocks) <= 110


def test_patterns_that_run_into_each_other_are_told_apart() -> None:
    for types in ("ABC" * 20 + "ABD" * 20, "ABC" * 20 + "DBC" * 20):
        check(Blocks(chain(121, types).graph()))


def test_a_short_graph_without_names_is_shown_as_it_is() -> None:
    assert len(Blocks(chain(30).graph()).blocks) == 1


def test_the_end_that_gathers_a_dense_block_belongs_to_none_of_its_layers() -> None:
    net = densenet(12)
    net.names = [f"n{number}" for number in range(len(net.names))]
    blocks = Blocks(net.graph())
    dense = [block for block in blocks.blocks if block.nodes == 6 and block.label == "Concat … Convolution"]
    assert len(dense) >= 11


# What a block is


def test_a_block_sums_what_is_known_of_its_nodes() -> None:
    net = Net()
    for name, time in (("a/x", 2.0), ("a/y", None), ("a/z", 1.5), ("b/x", None), ("b/y", None), ("b/z", None)):
        net.add("Relu", name=name, time=time)
    first, second = top(Blocks(net.graph()))
    assert (first.nodes, first.time_us, first.flops) == (3, 3.5, 3000)
    assert second.time_us is None


def test_blocks_of_equal_structure_and_shapes_are_twins() -> None:
    blocks = Blocks(inception(3).graph())
    modules = top(blocks)
    assert [block.twins for block in modules] == [3, 3, 3]
    assert list(blocks.twins(modules[0].number)) == [block.number for block in modules]


def test_other_shapes_or_edges_are_no_twins() -> None:
    def build(*, shape: tuple[int, ...] = (1, 8), skip: bool = False) -> list[int]:
        net = Net()
        node = net.add("Input")
        for scope in ("a/", "b/"):
            changed = scope == "b/"
            inner = net.chain(node, "Relu", "Relu", scope=scope, shape=shape if changed else (1, 8))
            node = net.add("Add", inner, inner - 1 if changed and skip else inner, name=f"{scope}end")
        return [block.twins for block in top(Blocks(net.graph()))]

    assert build() == [2, 2]
    assert build(shape=(1, 9)) == [1, 1]
    assert build(skip=True) == [1, 1]


def test_what_a_block_reads_from_above_makes_no_difference() -> None:
    net = transformer(3)
    assert {block.twins for block in top(Blocks(net.graph())) if block.label.startswith("layer")} == {3}


def test_the_slow_one_among_twins_is_an_outlier() -> None:
    net = inception(4)
    slow = next(node for node, name in enumerate(net.names) if name.startswith("Inception/Mixed_2/Branch_2"))
    net.times = [1.0] * len(net.times)
    net.times[slow] = 12.0
    found = {block.label: block.slower for block in top(Blocks(net.graph()))}
    assert found == {"Mixed_0": None, "Mixed_1": None, "Mixed_2": pytest.approx(20 / 9), "Mixed_3": None}


def test_two_twins_are_too_few_to_tell_which_is_slow() -> None:
    net = inception(2)
    net.times = [50.0 if "Mixed_1" in name else 1.0 for name in net.names]
    assert {block.slower for block in Blocks(net.graph()).blocks if block.depth == 0} == {None}


def test_the_blocks_around_a_node_are_told_outermost_first() -> None:
    blocks = Blocks(inception(2).graph())
    node = next(node.number for node in blocks.graph.nodes if node.name == "Inception/Mixed_1/Branch_2/Convolution_13")
    assert [blocks.blocks[block].label for block in blocks.around(node)] == ["Mixed_1", "Branch_2"]
    assert blocks.around(0) == []


# Laws


def check(blocks: Blocks) -> None:
    """Every block is one run of places, and no path leaves it and comes back."""
    graph = blocks.graph
    assert sorted(blocks.order) == list(range(len(graph)))
    assert all(blocks.place[node] == place for place, node in enumerate(blocks.order))
    for node in range(len(graph)):
        assert all(blocks.place[source.node] < blocks.place[node] for source in graph.inputs[node])
    for block in blocks.blocks:
        held = []
        for child in block.children:
            inner = blocks.blocks[~child] if child < 0 else None
            assert inner is None or (inner.parent, inner.depth) == (block.number, block.depth + 1)
            held += blocks.order[inner.start : inner.stop] if inner else [child]
        assert tuple(held) == blocks.order[block.start : block.stop]
        if block.number != WHOLE:
            assert block.nodes >= 3
            assert convex(graph, set(held))
    for node in range(len(graph)):
        inner = blocks.blocks[blocks.block_of[node]]
        assert node in inner.children


def convex(graph: Graph, inside: set[int]) -> bool:
    """No path from a node inside leads through one outside to one inside."""
    left: set[int] = set()
    for node in graph.order:
        sources = {source.node for source in graph.inputs[node]}
        if node in inside:
            if sources & left:
                return False
        elif sources & (inside | left):
            left.add(node)
    return True


@pytest.mark.parametrize("net", [inception(3), densenet(8), unet(3), transformer(4), transformer(8, named=False)])
def test_blocks_of_known_nets_are_convex(net: Net) -> None:
    for make in (model.runtime, model.original):
        check(Blocks(make(net.profile())))


_SCOPES = ["", "a/", "a/b/", "a/c/", "d.", "d.0.", "d.1.", "e::f::", "a/b/c/d/"]


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=120),
    st.lists(st.sampled_from(_SCOPES), min_size=60, max_size=60),
)
def test_blocks_of_any_graph_are_convex(count: int, pairs: list[tuple[int, int]], scopes: list[str]) -> None:
    edges = {(low, high) for pair in pairs for low, high in (sorted(pair),) if low < high < count}
    check(Blocks(of_edges(count, edges, names=[f"{scope}n{n}" for n, scope in enumerate(scopes[:count])])))


@given(st.integers(50, 300), st.integers(1, 6), st.integers(0, 10_000), st.booleans())
def test_blocks_of_large_random_graphs_are_convex(count: int, near: int, seed: int, scoped: bool) -> None:
    pick = random.Random(seed)
    edges = {(max(0, node - 1 - int(pick.expovariate(1 / near))), node) for node in range(1, count) for _ in (1, 2)}
    names, scope = [], "a/"
    for node in range(count):
        if pick.random() < 0.2:
            scope = pick.choice(_SCOPES)
        names.append(f"{scope if scoped else ''}n{node}")
    check(Blocks(of_edges(count, edges, names=names)))


@pytest.mark.parametrize("name", [*NAMES, "", "/", "a/", "/a", ".", "::", "a//b"], ids=ascii)
def test_hostile_names_make_blocks_all_the_same(name: str) -> None:
    check(named(*[name] * 5))
    check(named(*[f"{name}/{n}" for n in range(5)]))
    check(named(*[f"x{n}/{name}" for n in range(5)]))


def test_names_of_a_thousand_levels_are_cut() -> None:
    blocks = named(*["/".join(str(n) for n in range(1000)) + f"/{n % 2}/{n}" for n in range(20)])
    check(blocks)
    assert max(block.depth for block in blocks.blocks) < 20


def test_an_empty_graph_is_an_empty_block() -> None:
    blocks = Blocks(of_edges(0, []))
    assert [(block.nodes, block.children, block.parent) for block in blocks.blocks] == [(0, (), -1)]


# Bodies


def with_a_body(*outer: str) -> Blocks:
    """A chain of nodes of these names around the body of a loop, which is the last node but one."""
    body = Body(owner=len(outer) + 2, name="loop/body", trips=3)
    names = (*outer, "loop/body/x", "loop/body/a", "loop/body/y", "loop", "end")
    inside = range(len(outer), len(outer) + 3)
    return Blocks(
        own([
            Operation(
                name, "Relu", (Edge(place - 1),) if place else (), (Tensor("f32", (1,)),),
                within=body if place in inside else None,
            )
            for place, name in enumerate(names)
        ])
    )  # fmt: skip


@pytest.mark.parametrize("outer", [("x",), ("a", "b", "c", "d", "e", "f"), ("net.in.a", "net.in.b", "net.in.c")])
def test_a_body_is_a_block_of_its_own_whatever_names_say(outer: tuple[str, ...]) -> None:
    """The nodes around it, which have no scope or another one, are not in it."""
    blocks = with_a_body(*outer)
    body = next(block for block in blocks.blocks if block.label == "loop")
    inside = sorted(blocks.order[body.start : body.stop])
    assert inside == [len(outer), len(outer) + 1, len(outer) + 2]
