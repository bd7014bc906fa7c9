"""What is said of a server search is the same wherever it is said."""

from __future__ import annotations

import msgspec

from ovtui.analysis.exploration.max_rate import remarks
from ovtui.cli.follow import progress
from ovtui.report.pages.best import best_load
from ovtui.report.pages.of_rates import highest
from tests.report.samples import a_load, a_server_search

LUCKY = a_server_search(
    loads=tuple(
        msgspec.structs.replace(a_load(rate, 10.0, 0.02), kept=rate == 100) for rate in (70.0, 80.0, 95.0, 100.0, 105.0)
    ),
    best=None,
)
"""Only 100/s kept the limit, and all lower ones missed it."""


def test_a_lucky_rate_is_no_answer_anywhere() -> None:
    assert best_load(LUCKY) is None
    assert progress(LUCKY) == ""
    assert highest(LUCKY).startswith(
        "No rate that was tried keeps p99 ≤ 20 ms without a lower one that misses it; the lowest, 70.00 per second"
    )
    (note,) = remarks(LUCKY.loads, LUCKY.limits, bound=None, capacity=120.0, seconds=120.0)
    assert "No rate that was tried keeps the limit without a lower one that misses it; the lowest, 70/s" in note


def test_the_answer_says_how_far_it_is_from_capacity() -> None:
    study = msgspec.structs.replace(a_server_search(), capacity=120.0)
    assert "79.2 % of capacity" in highest(study)
