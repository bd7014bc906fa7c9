"""What is said of a server search is the same wherever it is said."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec

from ovtui.cli.follow import found
from ovtui.engine.job.loads import Loads
from ovtui.report.pages.found import best_load
from ovtui.report.pages.of_rates import highest
from tests.report.samples import a_load, a_server_search

LUCKY = a_server_search(
    loads=tuple(
        msgspec.structs.replace(a_load(rate, 10.0, 0.02), kept=rate == 100) for rate in (70.0, 80.0, 95.0, 100.0, 105.0)
    ),
    best=None,
)
"""Only 100/s kept the limit, and all lower ones missed it."""


def concluded(*loads: object) -> list[str]:
    """What the job notes at the end of a search that found these."""
    notes: list[str] = []
    search = Loads(SimpleNamespace(note=notes.append))  # type: ignore[arg-type]
    search._tried = [SimpleNamespace(load=load) for load in loads]  # type: ignore[misc]
    search._conclude()
    return notes


def test_a_lucky_rate_is_no_answer_anywhere() -> None:
    assert best_load(LUCKY) is None
    assert found(LUCKY) == ""
    assert highest(LUCKY).startswith(
        "No rate that was tried keeps p99 ≤ 20 ms without a lower one that misses it; the lowest, 70.00 per second"
    )
    (note,) = concluded(*LUCKY.loads)
    assert "100/s kept the limit, and a lower rate missed it" in note
    assert "No rate that was tried keeps the limit without a lower one that misses it; the lowest, 70/s" in note
    assert "The answer is" not in note


def test_a_lucky_rate_above_an_answer_is_told_beside_it() -> None:
    first = msgspec.structs.replace(LUCKY.loads[0], kept=True)
    (note,) = concluded(first, *LUCKY.loads[1:])
    assert "The answer is below all that missed" in note
    assert "No rate" not in note


def test_an_answer_without_luck_needs_no_note() -> None:
    assert concluded(*a_server_search().loads) == []
