"""Layers of two profiles, filtered as one types."""

from __future__ import annotations

import pytest

from ovtui.analysis.comparison.layer_matching import matched
from ovtui.analysis.comparison.row_filter import matching, only, terms
from tests.analysis.profiles import a_layer, a_profile

ROWS = matched(
    a_profile(
        a_layer("stem/conv", time_us=100.0, kernel="brgconv_f32"),
        a_layer("head/matmul", "MatMul", 40.0, kernel="brgemm_f32"),
        a_layer("head/cumsum", "CumSum", 30.0, kernel="ref_any"),
    ),
    a_profile(
        a_layer("stem/conv", time_us=40.0, precision="i8", kernel="brgconv_i8"),
        a_layer("head/matmul", "MatMul", 41.0, kernel="brgemm_f32"),
        a_layer("head/loop", "Loop", None, kernel=None),
    ),
)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["stem/conv", "head/matmul", "head/loop", "head/cumsum"]),
        ("HEAD matmul", ["head/matmul"]),
        ("brgconv_i8", ["stem/conv"]),  # of either side
        ("brgconv_f32", ["stem/conv"]),
        ("precision:i8", ["stem/conv"]),
        ("type=loop", ["head/loop"]),
        ("kernel:ref", ["head/cumsum"]),
        ("delta<-25us", ["stem/conv", "head/cumsum"]),
        ("delta>0.5", ["head/matmul"]),
        ("a>0.05ms", ["stem/conv"]),
        ("ratio=0.4", ["stem/conv"]),
        ("share>50%", ["stem/conv"]),
        ("share>50", ["stem/conv"]),
        ("only:a", ["head/cumsum"]),
        ("only:b", ["head/loop"]),
        ("delta>", ["stem/conv", "head/matmul", "head/loop", "head/cumsum"]),  # half a term holds for everything
    ],
)
def test_what_is_typed_leaves(typed: str, names: list[str]) -> None:
    assert sorted(row.name for row in matching(ROWS, terms(typed))) == sorted(names)


def test_a_layer_of_one_side_says_whose_it_is() -> None:
    assert {row.name: only(row) for row in ROWS} == {
        "stem/conv": None, "head/matmul": None, "head/cumsum": "A", "head/loop": "B",
    }  # fmt: skip
