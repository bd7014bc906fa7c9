"""Where the precision changes: along real edges, by which conversions, around which islands."""

from __future__ import annotations

import pytest
from hypothesis import given

from ovtui.analysis import precisions
from ovtui.analysis.transitions import causes, conversions, islands, links, runs, transitions
from ovtui.records import Profile
from tests.analysis.profiles import EMPTY, NO_COUNTERS, a_layer, a_profile, an_operation, profiles

BYTES = 8 * 4 * 4  # elements of a made-up layer's output


def test_one_switch_is_one_transition() -> None:
    """Twelve layers of which the last six are quantized: the predecessor counted three."""
    profile = a_profile(*(a_layer(f"l{n}", precision="f32" if n < 6 else "i8") for n in range(12)), line=True)
    found = transitions(profile)
    assert found.precisions == ("f32", "i8")
    assert {pair: cell.edges for pair, cell in found.cells.items()} == {
        ("f32", "f32"): 5, ("f32", "i8"): 1, ("i8", "i8"): 5,
    }  # fmt: skip
    assert found.changes == 1
    assert found.cells["f32", "i8"].bytes == BYTES * 4
    assert found.cells["i8", "i8"].bytes == 5 * BYTES


def test_a_row_is_the_producer_and_a_column_the_consumer() -> None:
    profile = a_profile(a_layer(precision="u8"), a_layer(precision="bf16"), line=True)
    assert set(transitions(profile).cells) == {("u8", "bf16")}


def test_edges_are_followed_through_what_is_optimized_out() -> None:
    profile = a_profile(
        a_layer("a", precision="f32"),
        a_layer("b", precision="i8"),
        a_layer("concat", "Concat", None, after=(0, 1), status="optimized_out"),
        a_layer("reshape", "Reshape", None, after=(2,), status="optimized_out", shape=(1, 16)),
        a_layer("c", precision="i8", after=(3, 0)),
    )
    assert links(profile.layers) == [(0, 4, 64), (1, 4, 64), (0, 4, BYTES * 4)]  # the smallest tensor on the way
    assert {pair: cell.edges for pair, cell in transitions(profile).cells.items()} == {
        ("f32", "i8"): 2,
        ("i8", "i8"): 1,
    }


def test_two_parts_of_a_producer_cross_together() -> None:
    profile = a_profile(
        a_layer("split", outputs=2),
        a_layer("concat", "Concat", None, after=((0, 0), (0, 1)), status="optimized_out", shape=(2, 8, 4, 4)),
        a_layer("c", after=(1,)),
    )
    assert links(profile.layers) == [(0, 2, 2 * BYTES * 4)]


def test_an_unknown_precision_is_counted_apart() -> None:
    profile = a_profile(a_layer(precision=None), a_layer(precision="f32"), a_layer(precision="undefined"), line=True)
    assert transitions(profile).unknown == 2
    assert transitions(profile).cells == {}


def test_bytes_that_no_shape_tells_are_unknown() -> None:
    profile = a_profile(a_layer(shape=("?", 3)), a_layer(shape=None), a_layer(gives="undefined"), a_layer(), line=True)
    assert [link.bytes for link in links(profile.layers)] == [None, None, None]
    assert transitions(profile).cells["f32", "f32"] == (3, None)


def test_a_chain_of_doubled_passes_stays_small() -> None:
    layers = [a_layer("a")]
    layers += [a_layer(f"p{n}", "Concat", None, after=(n, n), status="optimized_out") for n in range(200)]
    layers.append(a_layer("z", after=(200,)))
    assert len(links(a_profile(*layers).layers)) == 1


@given(profiles())
def test_the_matrix_sums_to_the_real_edges_of_known_precision(profile: Profile) -> None:
    layers = profile.layers
    known = [precisions.normal(layer.precision) is not None for layer in layers]

    def sources(place: int) -> list[int]:
        """By the definition: each edge to the executed layers behind it."""
        found: list[int] = []
        for edge in layers[place].inputs:
            found += [edge.source] if runs(layers[edge.source]) else sorted(set(sources(edge.source)))
        return found

    edges = [(source, place) for place, layer in enumerate(layers) if runs(layer) for source in sources(place)]
    found = transitions(profile)
    assert sum(cell.edges for cell in found.cells.values()) == sum(known[a] and known[b] for a, b in edges)
    assert found.unknown == sum(not (known[a] and known[b]) for a, b in edges)


def test_conversions_say_their_cause() -> None:
    profile = a_profile(
        a_layer("input", "Input", None, status="not_run", layout="abcd"),
        a_layer("r1", "Reorder", 10.0, layout="acdb"),
        a_layer("r2", "Reorder", 30.0, gives="u8", layout="acdb"),
        a_layer("r3", "Reorder", 5.0, gives="f32", layout="abcd"),
        a_layer("r4", "Reorder", 2.0, gives="f32", layout="abcd"),
        a_layer("c", "Convert", 3.0, gives="i64", layout=None),
        line=True,
    )
    found = conversions(profile)
    assert [each.cause for each in found] == ["f32→u8", "abcd→acdb", "u8→f32, acdb→abcd", "f32→i64", "copy"]
    assert found[0].share == pytest.approx(0.6)
    assert not any(each.fused for each in found)


def test_a_conversion_that_begins_the_graph_has_an_unknown_cause() -> None:
    assert conversions(a_profile(a_layer("r", "Reorder")))[0].cause == "unknown"


def test_fused_conversions_are_listed_apart() -> None:
    profile = a_profile(
        a_layer("a", "Reorder", 1.0),
        a_layer("quantize", "Subgraph", 50.0, gives="u8"),
        a_layer("conv", "Convolution", 70.0, precision="u8", gives="f32"),
        a_layer("add", "Eltwise", 5.0),
        line=True,
    )
    found = conversions(profile)
    assert [(each.fused, each.cause, each.time_us) for each in found] == [
        (False, "unknown", 1.0), (True, "u8→f32", 70.0), (True, "f32→u8", 50.0),
    ]  # fmt: skip


def test_indices_and_truth_values_are_no_conversions() -> None:
    profile = a_profile(
        a_layer("ids", "Input", None, precision="i64", status="not_run"),
        a_layer("gather", "Gather", after=(0,)),
        a_layer("shape", "ShapeOf", after=(1,), gives="i32"),
        a_layer("greater", "Eltwise", after=(1,), gives="u8"),
        a_layer("is-large", "Eltwise", after=(1, 1), gives="u8", original=("x", "y")),
        operations=(an_operation("greater", "Greater"), an_operation("y", "LessEqual")),
    )
    assert conversions(profile) == []


def test_what_is_not_executed_converts_nothing() -> None:
    assert conversions(a_profile(a_layer(), a_layer("r", "Reorder", None, status="optimized_out"), line=True)) == []


def test_causes_are_summed() -> None:
    profile = a_profile(
        a_layer("i", time_us=None, layout="abcd"),
        a_layer("a", "Reorder", 10.0, after=(0,), layout="acdb"),
        a_layer("b", "Reorder", 20.0, after=(0,), layout="acdb"),
        a_layer("c", "Reorder", 25.0, after=(0,), gives="u8"),
    )
    assert [(each.cause, each.layers, each.time_us) for each in causes(conversions(profile))] == [
        ("abcd→acdb", 2, 30.0), ("f32→u8", 1, 25.0),
    ]  # fmt: skip


def test_a_float_layer_between_quantized_ones_is_an_island() -> None:
    profile = a_profile(
        a_layer("head", precision="f32"),
        a_layer("q", "Reorder", 1.0, gives="u8"),
        a_layer("conv1", precision="u8"),
        a_layer("r1", "Reorder", 3.0, precision="u8", gives="f32"),
        a_layer("mvn", "MVN", 10.0, precision="f32"),
        a_layer("view", "Reshape", None, status="optimized_out"),
        a_layer("softmax", "Softmax", 20.0, precision="f32"),
        a_layer("r2", "Reorder", 4.0, gives="u8"),
        a_layer("conv2", precision="i8"),
        a_layer("tail", precision="f32"),
        line=True,
    )
    assert islands(profile) == [((4, 6), (3, 7), 37.0)]


def test_a_float_layer_beside_the_end_is_no_island() -> None:
    profile = a_profile(a_layer(precision="u8"), a_layer(precision="f32"), a_layer(precision="f32"), line=True)
    assert islands(profile) == []
    assert islands(a_profile(a_layer(precision="f32"), a_layer(precision="u8"), line=True)) == []


@pytest.mark.parametrize("profile", [EMPTY, NO_COUNTERS])
def test_little_is_enough(profile: Profile) -> None:
    assert transitions(profile).changes == 0
    assert conversions(profile) == []
    assert islands(profile) == []


@given(profiles())
def test_whatever_the_graph_there_is_an_answer(profile: Profile) -> None:
    assert {each.place for each in conversions(profile)} <= set(range(len(profile.layers)))
    for island in islands(profile):
        assert all(precisions.normal(profile.layers[each].precision) in precisions.FLOATS for each in island.places)
