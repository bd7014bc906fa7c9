"""What `ovtui cancel` says that it keeps is there."""

from __future__ import annotations

from typing import Any

import pytest

from ovtui.cli.kinds import output_of
from tests.report.optimization_samples import a_failed_one, an_optimization
from tests.report.samples import a_cell, a_comparison, a_server_search, an_exploration
from tests.store.samples import a_result, a_run

NONE = a_comparison(duels=(), sides=())


@pytest.mark.parametrize(
    ("ended", "something"),
    [
        (a_run(result=a_result()), True),
        (a_run(), False),
        (a_comparison(), True),
        (NONE, False),
        (an_exploration(), True),
        (an_exploration(cells=(), best=None), False),
        (an_exploration(cells=(a_cell(1, 1), a_cell(1, 2, 90.0, 11.0, state="reused")), best=None), False),
        (a_server_search(), True),
        (a_server_search(loads=(), best=None), False),
        (an_optimization(), True),
        (a_failed_one(), False),
    ],
)
def test_it_says_so_only_of_what_there_is(ended: Any, something: bool) -> None:
    assert output_of(type(ended)).is_kept(ended) is something
