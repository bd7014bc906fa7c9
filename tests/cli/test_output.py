"""Texts that are cut to the columns they have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ovtui.cli.output import cells, cut


@given(st.text("ab層é/", max_size=40), st.integers(4, 40))
def test_what_is_cut_fits_and_keeps_both_ends(text: str, width: int) -> None:
    found = cut(text, width)
    assert cells(found) <= width
    if cells(text) <= width:
        assert found == text
    else:
        head, tail = found.split("…")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert cells(found) >= width - 2


def test_a_wide_name_is_cut_by_columns() -> None:
    assert cut("層" * 40, 20) == "層" * 5 + "…" + "層" * 4
