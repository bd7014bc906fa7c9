"""Static shapes: what the user says, what data brings, what is chosen; and layouts and batches."""

from __future__ import annotations

from math import prod

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.shapes import (
    LARGEST,
    Resolved,
    bounds,
    chosen_sizes,
    format_shape,
    parse_layout,
    parse_shape,
    resolve,
)
from ovtui.errors import InputError
from ovtui.records import Dim, Port, Shape


def _port(name: str, shape: Shape, type_: str = "f32", layout: str | None = None) -> Port:
    return Port(name=name, type=type_, shape=shape, layout=layout)


def _resolve(*ports: Port, batch: int | None = None, shapes=None, layouts=None, data=None) -> Resolved:
    return resolve(ports, shapes=shapes or {}, batch=batch, layouts=layouts or {}, data_shapes=data or {})


def _refused(*ports: Port, **asked) -> str:
    with pytest.raises(InputError) as refused:
        _resolve(*ports, **asked)
    said = str(refused.value)
    assert said.isprintable()
    return said


IMAGE = _port("x", ("?", 3, "?", "?"))


# Choices


def test_a_static_model_stays_as_it_is() -> None:
    found = _resolve(_port("x", (1, 3, 224, 224)))
    assert found == Resolved({"x": (1, 3, 224, 224)}, {"x": "NCHW"}, 1, False, (), frozenset({"x"}))


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (IMAGE, (1, 3, 224, 224)),
        (_port("x", ("?", "?", "?", 3)), (1, 224, 224, 3)),
        (_port("x", ("?", "?", "?", "?"), layout="NCHW"), (1, 3, 224, 224)),
        (_port("x", (1, 3, "?", 640)), (1, 3, 224, 640)),
        (_port("x", ("?", 3, "1..200", "256..")), (1, 3, 200, 256)),
        (_port("x", ("?", 3, "?", "?", "?")), (1, 3, 16, 112, 112)),
        (_port("x", ("?", "?", "?", "?", 3)), (1, 16, 112, 112, 3)),
        (_port("x", ("?", "?", 3, "?", "?")), (1, 16, 3, 112, 112)),
        (_port("x", ("?", "?", 3, "?", "?"), layout="NDCHW"), (1, 16, 3, 112, 112)),
        (_port("input_ids", ("?", "?"), "i64"), (1, 128)),
        (_port("input_ids", ("?", "1..64"), "i64"), (1, 64)),
        (_port("attention_mask", ("?", "?")), (1, 128)),
        (_port("attention_mask", ("?", 1, "?", "?")), (1, 1, 128, 128)),
        (_port("x", ("?", "?", 768)), (1, 128, 768)),
        (_port("x", (3, "?", "?")), (3, 224, 224)),
        (_port("x", ("?", "?")), (1, 16)),
        (_port("x", ("?",)), (1,)),
        (_port("x", ("?", 12, "?", 64)), (1, 12, 16, 64)),
        (_port("x", ("2..8", 3, 32, 32)), (2, 3, 32, 32)),
        (_port("x", ()), ()),
    ],
)
def test_a_dynamic_input_gets_a_sensible_shape(port: Port, expected: tuple[int, ...]) -> None:
    assert _resolve(port).shapes[port.name] == expected


def test_a_choice_is_said_with_the_option_that_changes_it() -> None:
    assert chosen_sizes((IMAGE,), _resolve(IMAGE)) == (
        "Input 'x' is dynamic [?,3,?,?]; measured as [1,3,224,224]: fix it with --shape 'x[1,3,224,224]'.",
    )


def test_a_dynamic_batch_alone_needs_no_note() -> None:
    found = _resolve(_port("x", ("?", 3, 32, 32)))
    assert (found.notes, found.choices) == ((), ())
    assert found.changed


def test_tokens_and_their_mask_get_one_length() -> None:
    ids, mask = _port("ids", ("?", "?"), "i64"), _port("mask", ("?", "16..100"), "i64")
    assert _resolve(ids, mask).shapes == {"ids": (1, 100), "mask": (1, 100)}
    assert _resolve(ids, mask, shapes={"ids": (1, 37)}).shapes == {"ids": (1, 37), "mask": (1, 37)}
    assert _resolve(ids, mask, data={"mask": (1, 41)}).shapes == {"ids": (1, 41), "mask": (1, 41)}


def test_an_unknown_rank_asks_for_a_shape() -> None:
    free = _port("x", None)
    assert "--shape 'x[1,3,224,224]'" in _refused(free)
    assert _resolve(free, shapes={"": (2, 5)}).shapes == {"x": (2, 5)}
    assert _resolve(free, data={"x": (1, 5)}).shapes == {"x": (1, 5)}


# What the user fixed


def test_a_fixed_shape_is_taken_and_needs_no_note() -> None:
    found = _resolve(IMAGE, shapes={"x": (1, 3, 64, 96)})
    assert (found.shapes, found.choices, found.changed) == ({"x": (1, 3, 64, 96)}, (), True)


@pytest.mark.parametrize("shape", [(1, 3, 64), (1, 3, -1, 64), (1, 3, 2**30, 2**30)])
def test_a_shape_the_model_cannot_have_is_refused(shape: tuple[int, ...]) -> None:
    assert "'x'" in _refused(IMAGE, shapes={"x": shape})


def test_a_static_size_may_be_changed_as_openvino_knows_whether_it_can() -> None:
    found = _resolve(_port("x", (1, 3, 224, 224)), shapes={"x": (1, 3, 320, 320)})
    assert (found.shapes, found.changed) == ({"x": (1, 3, 320, 320)}, True)


def test_a_refusal_says_what_is_allowed() -> None:
    said = _refused(_port("x", ("?", 3, "8..64", "?")), shapes={"x": (1, 3, 65, 64)})
    assert said == "Input 'x' cannot have shape [1,3,65,64]: the model allows [?,3,8..64,?]."


def test_an_unknown_input_names_the_closest() -> None:
    assert "did you mean 'image'?" in _refused(_port("image", (1, 3)), shapes={"imag": (1, 3)})
    assert "there is 'a', 'b'" in _refused(_port("a", (1,)), _port("b", (1,)), layouts={"zzz": "N"})


def test_without_a_name_the_only_input_is_meant() -> None:
    assert _resolve(IMAGE, shapes={"*": (1, 3, 8, 8)}).shapes == {"x": (1, 3, 8, 8)}
    assert "say for which input" in _refused(_port("a", ("?",)), _port("b", ("?",)), shapes={"": (1,)})


def test_data_brings_the_dynamic_sizes_and_not_the_batch() -> None:
    assert _resolve(IMAGE, data={"x": (1, 3, 48, 64)}).shapes == {"x": (1, 3, 48, 64)}
    assert _resolve(IMAGE, data={"x": (100, 3, 48, 64)}, batch=2).shapes == {"x": (2, 3, 48, 64)}
    assert _resolve(IMAGE, data={"x": (1, 3, 48, 64)}).choices == ()


def test_data_that_does_not_fit_is_left_to_whoever_loads_it() -> None:
    assert _resolve(IMAGE, data={"x": (1, 4, 48, 64)}).shapes == {"x": (1, 3, 224, 224)}
    assert _resolve(_port("x", (1, 3, 8, 8)), data={"x": (1, 3, 9, 9)}).shapes == {"x": (1, 3, 8, 8)}


# What was stated at the import


def _stated(port: Port, *shape: int) -> Port:
    return msgspec.structs.replace(port, stated=shape)


def test_what_was_stated_is_measured_and_needs_no_note() -> None:
    found = _resolve(_stated(IMAGE, 2, 3, 64, 48))
    assert found.shapes == {"x": (2, 3, 64, 48)}
    assert (found.batch, found.changed, found.choices) == (2, True, ())
    assert _resolve(_stated(_port("x", (1, 3, 224, 224)), 4, 3, 160, 160)).shapes == {"x": (4, 3, 160, 160)}
    assert _resolve(_stated(_port("x", None), 1, 7)).shapes == {"x": (1, 7)}


def test_a_batch_a_shape_and_data_come_before_what_was_stated() -> None:
    port = _stated(IMAGE, 2, 3, 64, 48)
    assert _resolve(port, batch=5).shapes == {"x": (5, 3, 64, 48)}
    assert _resolve(port, shapes={"x": (1, 3, 8, 8)}).shapes == {"x": (1, 3, 8, 8)}
    assert _resolve(port, data={"x": (9, 3, 32, 24)}).shapes == {"x": (2, 3, 32, 24)}
    assert _resolve(port, data={"x": (9, 4, 32, 24)}).shapes == {"x": (2, 3, 64, 48)}  # which does not fit


def test_a_length_that_somebody_brings_outdates_the_stated_ones() -> None:
    ids, mask = _stated(_port("ids", ("?", "?"), "i64"), 1, 32), _stated(_port("mask", ("?", "?"), "i64"), 1, 32)
    assert _resolve(ids, mask).shapes == {"ids": (1, 32), "mask": (1, 32)}
    assert _resolve(ids, mask, shapes={"ids": (1, 37)}).shapes == {"ids": (1, 37), "mask": (1, 37)}
    assert _resolve(ids, mask, data={"mask": (1, 41)}).shapes == {"ids": (1, 41), "mask": (1, 41)}
    other = _stated(_port("decoder_ids", ("?", "?"), "i64"), 1, 8)
    assert _resolve(ids, other).shapes == {"ids": (1, 32), "decoder_ids": (1, 8)}


# Batch and layout


def test_a_batch_sets_the_batch_dimension_of_every_input() -> None:
    found = _resolve(IMAGE, _port("scale", (1, 2)), batch=8)
    assert found.shapes == {"x": (8, 3, 224, 224), "scale": (8, 2)}
    assert (found.batch, found.changed) == (8, True)


def test_a_static_batch_can_be_changed() -> None:
    found = _resolve(_port("x", (1, 3, 32, 32)), batch=4)
    assert (found.shapes, found.batch, found.changed) == ({"x": (4, 3, 32, 32)}, 4, True)
    assert _resolve(_port("x", (1, 3, 32, 32)), shapes={"x": (4, 3, 32, 32)}).batch == 4


def test_a_guessed_layout_is_said_when_the_batch_depends_on_it() -> None:
    assert "taken as NCHW" in _resolve(_port("x", (1, 3, 32, 32)), batch=4).notes[0]
    assert _resolve(_port("x", (1, 3, 32, 32)), batch=1).notes == ()
    assert _resolve(_port("x", (1, 3, 32, 32), layout="NCHW"), batch=4).notes == ()


def test_a_layout_that_is_stated_beats_the_models() -> None:
    port = _port("x", (3, 1, 32, 32), layout="NCHW")
    found = _resolve(port, layouts={"x": "cnhw"}, batch=5)
    assert (found.shapes, found.layouts, found.guessed) == ({"x": (3, 5, 32, 32)}, {"x": "CNHW"}, frozenset())


def test_a_layout_may_be_open_in_the_middle() -> None:
    assert _resolve(_port("x", (7, 5, 3, 2)), layouts={"": "C...N"}, batch=4).shapes == {"x": (7, 5, 3, 4)}


def test_a_layout_of_another_rank_is_refused() -> None:
    assert "3 dimensions" in _refused(_port("x", (1, 3, 8)), layouts={"x": "NCHW"})


def test_a_model_without_a_batch_dimension_refuses_a_batch() -> None:
    assert "no batch dimension" in _refused(_port("x", ()), batch=2)
    assert _resolve(_port("x", ())).batch == _resolve(_port("x", ()), batch=1).batch == 1


def test_a_batch_outside_the_range_is_refused() -> None:
    assert "allows 1..4" in _refused(_port("x", ("1..4", 3, 8, 8)), batch=5)
    assert "not possible" in _refused(IMAGE, batch=0)


def test_batch_and_shape_must_agree() -> None:
    assert "contradicts" in _refused(IMAGE, shapes={"x": (2, 3, 8, 8)}, batch=4)


def test_stated_batches_must_be_equal() -> None:
    two, three = _port("a", (2, 8), layout="NC"), _port("b", (3, 8), layout="NC")
    assert "--batch" in _refused(two, three)
    assert _resolve(two, three, batch=4).shapes == {"a": (4, 8), "b": (4, 8)}


def test_a_static_list_beside_an_image_is_no_batch() -> None:
    found = _resolve(IMAGE, _port("boxes", (100, 4)), _port("threshold", (1,)), batch=2)
    assert found.shapes == {"x": (2, 3, 224, 224), "boxes": (100, 4), "threshold": (1,)}


def test_a_fixed_batch_is_followed_by_the_other_inputs() -> None:
    found = _resolve(IMAGE, _port("y", ("?", 10)), shapes={"x": (4, 3, 8, 8)})
    assert found.shapes["y"] == (4, 10)
    assert found.batch == 4


def test_absurd_shapes_are_refused() -> None:
    assert "would hold more than" in _refused(_port("x", (2**62, 2**62, 3)))


# What is a batch


@pytest.mark.parametrize("shape", [(100, 40), (8, 3, 224, 224), (8, 224, 224, 3), (100, 1, 40), (3, 224, 224), (26, 1)])
def test_a_static_dimension_that_nobody_calls_a_batch_is_none(shape: tuple[int, ...]) -> None:
    found = _resolve(_port("x", shape))
    assert (found.batch, found.shapes, found.changed) == (1, {"x": shape}, False)
    assert "states no batch dimension" in found.notes[0]
    assert "--layout 'x[N" in found.notes[0]
    assert "--layout 'x[N" in _refused(_port("x", shape), batch=4)
    stated = _resolve(_port("x", shape), layouts={"x": "N..."})
    assert (stated.batch, stated.notes) == (shape[0], ())


def test_nothing_is_said_of_lists_beside_a_batch_or_of_a_vector() -> None:
    assert _resolve(_port("image", (1, 3, 32, 32)), _port("boxes", (100, 4))).notes == ()
    assert _resolve(_port("wave", (16000,))).notes == ()


@pytest.mark.parametrize("shape", [(1, 40), ("?", 40), ("?", 3, 32, 32), ("1..8", 40)])
def test_a_dimension_that_is_one_or_open_is_a_batch(shape: Shape) -> None:
    assert _resolve(_port("x", shape), batch=4).batch == 4


def test_an_empty_input_is_one_inference_all_the_same() -> None:
    found = _resolve(_port("x", ("?", 4)), shapes={"x": (0, 4)})
    assert (found.shapes, found.batch) == ({"x": (0, 4)}, 1)
    assert _resolve(_port("x", (3, "?")), shapes={"x": (3, 0)}).shapes == {"x": (3, 0)}
    assert "'x'" in _refused(_port("x", (3, "2..8")), shapes={"x": (3, 0)})


# Dimensions of one name


def _named(name: str, shape: Shape, *symbols: str | None, type_: str = "f32") -> Port:
    return Port(name=name, type=type_, shape=shape, symbols=symbols)


FEATURES = _named("feat", ("?", "?", 80), "b", "t", None)
PAD = _named("pad", ("?", "?"), "b", "t")


def test_dimensions_of_one_name_have_one_size() -> None:
    assert _resolve(FEATURES, PAD).shapes == {"feat": (1, 128, 80), "pad": (1, 128)}
    assert _resolve(FEATURES, PAD, shapes={"pad": (1, 50)}).shapes == {"feat": (1, 50, 80), "pad": (1, 50)}
    assert _resolve(FEATURES, PAD, data={"feat": (1, 60, 80)}).shapes == {"feat": (1, 60, 80), "pad": (1, 60)}
    assert _resolve(FEATURES, PAD, batch=4).shapes == {"feat": (4, 128, 80), "pad": (4, 128)}


def test_a_batch_is_the_batch_wherever_its_name_stands() -> None:
    state = _named("state", (2, "?", 128), None, "batch", None)
    found = _resolve(_named("x", ("?", 40), "batch", None), state, batch=3)
    assert (found.shapes, found.batch) == ({"x": (3, 40), "state": (2, 3, 128)}, 3)
    time_major = _resolve(_named("x", ("?", "?", 40), "seq", "batch", None), batch=3)
    assert time_major.shapes == {"x": (128, 3, 40)}


def test_a_length_is_no_batch_even_if_it_comes_first() -> None:
    found = _resolve(_named("x", ("?", 80), "n_frames", None))
    assert (found.shapes, found.batch, found.layouts) == ({"x": (128, 80)}, 1, {})
    # Another input has it as its length, beside a batch of its own.
    found = _resolve(_named("x", ("?", 80), "k", None), _named("y", ("?", "?", 80), "b", "k", None))
    assert (found.layouts, found.shapes["x"][0]) == ({"y": "N..."}, found.shapes["y"][1])


def test_a_name_tells_a_usual_size() -> None:
    assert _resolve(_named("x", ("?", "?", "?", "?"), "b", "c", "h", "w")).shapes == {"x": (1, 3, 224, 224)}
    assert _resolve(_named("x", (1, 12, "?", 64), None, None, "past_sequence_length", None)).shapes["x"][2] == 128


def test_a_size_that_was_found_at_the_import_is_still_a_choice() -> None:
    port = msgspec.structs.replace(_port("x", ("?", "?")), fitting=(1, 37))
    found = _resolve(port)
    assert found.shapes == {"x": (1, 37)}
    assert chosen_sizes((port,), found)[0].endswith("--shape 'x[1,37]'.")
    assert _resolve(port, shapes={"x": (1, 5)}).shapes == {"x": (1, 5)}


# Laws

_DIMS: st.SearchStrategy[Dim] = st.one_of(
    st.integers(1, 64),
    st.just("?"),
    st.integers(1, 200).map(lambda low: f"{low}.."),
    st.tuples(st.integers(0, 50), st.integers(0, 300)).map(lambda pair: f"{pair[0]}..{pair[0] + pair[1] + 1}"),
)
_PORTS = st.lists(
    st.tuples(
        st.sampled_from(["ids", "mask", "image", "x", "y"]),
        st.lists(_DIMS, max_size=5).map(tuple),
        st.sampled_from(["f32", "i64", "u8", "boolean"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item[0],
).map(lambda items: tuple(_port(name, shape, type_) for name, shape, type_ in items))


@given(_PORTS, st.one_of(st.none(), st.integers(1, 64)))
def test_resolved_shapes_are_static_inside_the_ranges_and_resolve_to_themselves(
    ports: tuple[Port, ...], batch: int | None
) -> None:
    try:
        found = resolve(ports, shapes={}, batch=batch, layouts={}, data_shapes={})
    except InputError:
        return
    for port in ports:
        shape = found.shapes[port.name]
        assert port.shape is not None and len(shape) == len(port.shape)
        for size, dim in zip(shape, port.shape, strict=True):
            low, high = bounds(dim)
            inside = low <= size and (high is None or size <= high)
            assert inside or (isinstance(dim, int) and size == batch)
    assert found.changed == any(found.shapes[port.name] != port.shape for port in ports)
    again = resolve(ports, shapes=found.shapes, batch=found.batch, layouts={}, data_shapes={})
    assert (again.shapes, again.batch, again.layouts) == (found.shapes, found.batch, found.layouts)
    told = resolve(ports, shapes=found.shapes, batch=found.batch, layouts=found.layouts, data_shapes={})
    assert (told.shapes, told.batch) == (found.shapes, found.batch)
    stated = tuple(_stated(port, *found.shapes[port.name]) for port in ports)
    assert resolve(stated, shapes={}, batch=None, layouts=found.layouts, data_shapes={}).shapes == found.shapes


@given(st.text(), st.lists(st.integers(1, 200), max_size=4))
def test_a_shape_is_read_as_it_is_written(name: str, shape: list[int]) -> None:
    assert prod(shape) <= LARGEST
    assert parse_shape(format_shape(name, shape)) == (name, tuple(shape))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input[1,3,224,224]", ("input", (1, 3, 224, 224))),
        ("[1, 3]", ("", (1, 3))),
        ("a[0]/b:0[1,3]", ("a[0]/b:0", (1, 3))),
        ("x[]", ("x", ())),
        ("x[0,3]", ("x", (0, 3))),
    ],
)
def test_shapes_on_the_command_line(text: str, expected: tuple[str, tuple[int, ...]]) -> None:
    assert parse_shape(text) == expected


@pytest.mark.parametrize("text", ["", "x", "x[", "x[1", "x[1,]", "x[a]", "x[-1]", "x[1.5]", "x[?]", "x[²]",
                                  "x[9999999999999999999]", "x[1048577,1048577]", "x\x1b[1]y"])  # fmt: skip
def test_what_is_no_static_shape_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_shape(text)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NCHW", ("", "NCHW")),
        ("x[NCHW]", ("x", "NCHW")),
        ("[n,c,h,w]", ("", "NCHW")),
        ("a[0][N...]", ("a[0]", "N...")),
        ("?C", ("", "?C")),
    ],
)
def test_layouts_on_the_command_line(text: str, expected: tuple[str, str]) -> None:
    assert parse_layout(text) == expected


@pytest.mark.parametrize("text", ["", "x[]", "NN", "N1", "N......", "x[NCHW", "É"])
def test_what_is_no_layout_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_layout(text)
