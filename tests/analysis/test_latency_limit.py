"""Whether a latency keeps a limit."""

import msgspec
import pytest

from ovtui.analysis.latency_limit import Standing, limited_ms, spread, standing
from tests.weak import WEAK


@pytest.mark.parametrize(("limit", "said"), [(9.9, "broken"), (10.0, "kept"), (10.4, "kept")])
def test_a_well_known_percentile_decides_by_its_value(limit: float, said: Standing) -> None:
    assert standing(WEAK, "p50", limit) == said


@pytest.mark.parametrize(
    ("limit", "said"), [(11.4, "broken"), (11.6, "doubtful"), (13.0, "doubtful"), (15.9, "doubtful"), (16.0, "kept")]
)
def test_a_weak_percentile_decides_by_its_interval(limit: float, said: Standing) -> None:
    assert standing(WEAK, "p95", limit) == said


@pytest.mark.parametrize(("limit", "said"), [(12.4, "broken"), (12.6, "doubtful"), (1e6, "doubtful")])
def test_without_an_upper_end_no_limit_is_surely_kept(limit: float, said: Standing) -> None:
    assert standing(WEAK, "p99", limit) == said


def test_a_limit_below_every_inference_is_broken_though_the_interval_has_no_end() -> None:
    three = msgspec.structs.replace(WEAK, ci95={"p50": (0.0, None)}, weak={"p50": True})
    assert [standing(three, "p50", limit) for limit in (7.9, 8.1)] == ["broken", "doubtful"]


def test_what_has_no_percentile_is_judged_by_its_slowest() -> None:
    few = msgspec.structs.replace(WEAK, p99=None, ci95={}, weak={})
    assert limited_ms(few, "p99") == 16
    assert [standing(few, "p99", limit) for limit in (15.9, 16.0)] == ["broken", "kept"]


def test_the_spread_of_a_percentile_is_that_of_its_interval() -> None:
    assert spread(WEAK, "p50") == pytest.approx(0.1 / 3.92, rel=0.01)
    assert spread(WEAK, "p99") is None
