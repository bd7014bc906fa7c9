"""Sizes that a model takes, found by trying."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ovtui.analysis.shape_search import OPEN, Trial, fitted, search
from ovtui.analysis.shapes import resolve
from ovtui.records import Port, StaticShape


def _if_known(*rules: tuple[str, int, int]) -> Trial:
    """A model of certain sizes, (input, place, size), that refuses others as soon as they are not open."""

    def accepts(shapes: dict[str, StaticShape]) -> bool:
        return all(shapes[name][i] in (OPEN, size) for name, i, size in rules)

    return accepts


def test_a_size_of_the_weights_is_found() -> None:
    found = search({"x": (1, 16)}, [(("x", 1),)], _if_known(("x", 1, 37)), of_model=[8, 37])
    assert found == {"x": (1, 37)}


def test_a_mask_is_as_long_as_what_is_past_and_what_is_new() -> None:
    def accepts(shapes: dict[str, StaticShape]) -> bool:
        new, past, mask = shapes["q"][1], shapes["past"][1], shapes["mask"][1]
        return OPEN in (new, past, mask) or mask in (1, new + past)

    shapes = {"q": (1, 128), "past": (1, 16), "mask": (1, 128)}
    choices = [(("q", 1),), (("past", 1),), (("mask", 1),)]
    assert search(shapes, choices, accepts) == {"q": (1, 128), "past": (1, 16), "mask": (1, 144)}


def test_dimensions_of_one_choice_change_together() -> None:
    found = search({"a": (5,), "b": (5, 2)}, [(("a", 0), ("b", 0))], _if_known(("b", 0, 64)))
    assert found == {"a": (64,), "b": (64, 2)}


def test_what_cannot_be_chosen_last_is_chosen_first() -> None:
    def accepts(shapes: dict[str, StaticShape]) -> bool:
        a, b = shapes["a"][0], shapes["b"][0]
        return OPEN in (a, b) or (a, b) == (64, 3)  # which is not seen while one of them is open

    assert search({"a": (128,), "b": (7,)}, [(("a", 0),), (("b", 0),)], accepts) is None
    assert search({"a": (128,), "b": (3,)}, [(("a", 0),), (("b", 0),)], accepts) == {"a": (64,), "b": (3,)}


def test_nothing_is_searched_where_what_was_asked_for_is_refused() -> None:
    assert search({"x": (9, 16)}, [(("x", 1),)], _if_known(("x", 0, 1))) is None


def test_it_gives_up_after_its_time() -> None:
    seconds = iter(range(1000))
    assert (
        search({"x": (1,)}, [(("x", 0),)], lambda shapes: shapes["x"][0] == OPEN, clock=lambda: next(seconds)) is None
    )
    assert next(seconds) < 5


def test_a_batch_that_is_refused_at_every_size_is_none() -> None:
    inputs = (Port(name="x", type="f32", shape=("?", 80)),)
    resolved = resolve(inputs, shapes={}, batch=None, layouts={}, data_shapes={})
    assert resolved.batch == 1 and "x" in resolved.guessed
    found = fitted(inputs, resolved, _if_known(("x", 0, 32)), batch=None)
    assert found is not None
    assert (found.shapes, found.batch, found.layouts) == ({"x": (32, 80)}, 1, {})
    assert fitted(inputs, resolved, _if_known(("x", 0, 32)), batch=4) is None


def test_what_is_past_is_as_long_as_all_without_what_is_new() -> None:
    def accepts(tried: dict[str, StaticShape]) -> bool:
        new, past = tried["new"][0], tried["past"][0]
        return max(new, past) < 99 if OPEN in (new, past) else new + past == 99

    shapes = {"all": (99,), "new": (128,), "past": (128,)}
    found = search(shapes, [(("new", 0),), (("past", 0),)], accepts)
    assert found is not None and found["new"][0] + found["past"][0] == 99


def test_no_size_is_found_beyond_the_range_of_an_input() -> None:
    """The model itself would take both as long as the first of them is, which the file does not allow."""

    def same(tried: dict[str, StaticShape]) -> bool:
        return OPEN in (tried["a"][1], tried["b"][1]) or tried["a"] == tried["b"]

    inputs = (Port(name="a", type="f32", shape=(1, "10..20")), Port(name="b", type="f32", shape=(1, "1..12")))
    resolved = resolve(inputs, shapes={}, batch=None, layouts={}, data_shapes={})
    assert resolved.shapes == {"a": (1, 16), "b": (1, 12)}
    found = fitted(inputs, resolved, same, batch=None)
    assert found is not None
    assert found.shapes == {"a": (1, 12), "b": (1, 12)}


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(1, 300), min_size=1, max_size=3), min_size=1))
def test_what_is_found_is_taken_and_differs_in_choices_only(true: dict[str, list[int]]) -> None:
    shapes = {name: tuple(16 for _ in sizes) for name, sizes in true.items()}
    choices = [((name, i),) for name, sizes in true.items() for i in range(1, len(sizes))]
    assume(choices)
    rules = [(name, i, true[name][i]) for ((name, i),) in choices]
    found = search(shapes, choices, _if_known(*rules), of_model=[size for *_, size in rules])
    assert found is not None
    assert _if_known(*rules)(found)
    assert all(found[name][0] == 16 for name in true)


def test_where_nothing_is_left_open_nothing_is_found() -> None:
    assert search({"x": (1,)}, [], lambda shapes: True) is None
