"""Recorded runs: their own doubt, and that of different times."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.comparison import run_scatter
from ovtui.analysis.comparison.paired import sentence
from ovtui.analysis.comparison.unpaired import ASSUMED, Scatter, basis, recorded, rests_on, scatter_of
from ovtui.analysis.t_quantile import normal_quantile, t_quantile
from ovtui.records import Estimate, Run
from tests.store.samples import a_result, a_run

QUIET = Scatter(deviation=0.001, runs=40, freedom=36)


def a_done_run(throughput: float = 100.0, *, half: float | None = 0.01, p50: float | None = None, **spec: Any) -> Run:
    """`half`: of its intervals, relative to the mean."""
    run = a_run(status="done", result=a_result(throughput))
    assert run.result is not None
    around = None if half is None else (throughput * (1 - half), throughput * (1 + half))
    latency = run.result.latency_ms
    if p50 is not None:
        ci95 = {} if half is None else {"p50": (p50 * (1 - half), p50 * (1 + half))}
        latency = msgspec.structs.replace(latency, p50=p50, ci95=ci95)
    result = msgspec.structs.replace(
        run.result,
        throughput_fps=Estimate(mean=throughput, ci95=around, converged=True),
        latency_ms=latency,
    )
    return msgspec.structs.replace(
        run, result=result, spec=msgspec.structs.replace(run.spec, **({"mode": "throughput"} | spec))
    )


def test_what_lies_within_the_scatter_of_runs_is_not_decided() -> None:
    found = recorded(a_done_run(), a_done_run(105.0))
    assert found.verdict == "undecided"
    assert found.ratio == pytest.approx(1.05)
    assert "measuring them in turn" in sentence(found)
    assert recorded(a_done_run(), a_done_run(120.0)).verdict == "faster"
    assert recorded(a_done_run(), a_done_run(80.0)).verdict == "slower"


def test_the_interval_holds_both_runs_and_twice_the_scatter() -> None:
    found = recorded(a_done_run(half=0.02), a_done_run(150.0, half=0.01))
    own = (0.02**2 + 0.01**2) / normal_quantile(0.975) ** 2
    width = normal_quantile(0.975) * math.sqrt(own + 2 * ASSUMED**2)
    assert found.ci95 is not None
    assert math.log(found.ci95[1] / 1.5) == pytest.approx(width, rel=1e-3)


def test_history_narrows_the_doubt_and_can_call_two_the_same() -> None:
    close = recorded(a_done_run(half=0.001), a_done_run(100.2, half=0.001), QUIET)
    assert close.verdict == "same"
    assert recorded(a_done_run(half=0.001), a_done_run(103.0, half=0.001), QUIET).verdict == "faster"


def test_a_scatter_that_is_hardly_known_widens_it() -> None:
    sure, unsure = (Scatter(0.01, freedom + 1, freedom) for freedom in (100, 3))
    wide, narrow = (recorded(a_done_run(half=1e-6), a_done_run(half=1e-6), each).ci95 for each in (unsure, sure))
    assert wide is not None
    assert narrow is not None
    assert math.log(wide[1]) / math.log(narrow[1]) == pytest.approx(
        t_quantile(0.975, 3) / t_quantile(0.975, 100), rel=1e-3
    )


def test_latency_runs_are_judged_by_their_median() -> None:
    a, b = (a_done_run(100.0, p50=p50, mode="latency") for p50 in (10.0, 5.0))
    assert recorded(a, b).ratio == pytest.approx(2.0)
    no_interval = a_done_run(100.0, p50=5.0, half=None, mode="latency")
    assert recorded(a, no_interval).ratio == pytest.approx(1.0)  # by throughput
    assert recorded(a, a_done_run(300.0, p50=5.0)).ratio == pytest.approx(3.0)  # another mode


def test_what_a_server_was_asked_for_is_not_its_speed() -> None:
    a, b = (a_done_run(rate, p50=p50, mode="server", rate=rate) for rate, p50 in ((50.0, 10.0), (70.0, 9.0)))
    assert basis((a, b)) is None
    assert recorded(a, b).ratio is None
    same_rate = a_done_run(50.0, p50=5.0, mode="server", rate=50.0)
    assert recorded(a, same_rate).ratio == pytest.approx(2.0)
    assert basis((a, a_done_run())) is None


def test_without_results_there_is_no_ratio() -> None:
    nothing = a_run(status="failed")
    for a, b in ((nothing, a_done_run()), (a_done_run(), nothing), (nothing, nothing)):
        found = recorded(a, b)
        assert (found.verdict, found.ratio, found.ci95) == ("undecided", None, None)
        assert sentence(found) == "Undecided: there are no results to compare"


@pytest.mark.parametrize("throughput", [0.0, math.nan, math.inf])
def test_a_figure_that_is_none_decides_nothing(throughput: float) -> None:
    assert recorded(a_done_run(), a_done_run(throughput)).ratio is None


def test_a_run_that_does_not_know_its_doubt_decides_nothing() -> None:
    found = recorded(a_done_run(), a_done_run(300.0, half=None))
    assert (found.verdict, found.ratio, found.ci95) == ("undecided", pytest.approx(3.0), None)
    assert recorded(a_done_run(), a_done_run(300.0, half=1.5)).ci95 is None  # an interval that reaches below 0


def test_scatter_is_pooled_within_specs() -> None:
    found = scatter_of([[100.0, 102.0, 98.0], [1000.0, 1000.0], [5.0], []])
    assert found is not None
    logs = [math.log(rate) for rate in (100.0, 102.0, 98.0)]
    squares = sum((value - sum(logs) / 3) ** 2 for value in logs)
    assert found == (pytest.approx(math.sqrt(squares / 3)), 5, 3, "throughput")


def test_the_scatter_is_that_of_the_figure_that_is_judged() -> None:
    """Throughput that scatters, and medians that do not."""
    runs = [a_done_run(100.0 + 10 * (n % 2), p50=10.0, mode="latency") for n in range(8)]
    by_p50, by_throughput = (
        run_scatter.scatter(runs, runs[:2], "p50"),
        run_scatter.scatter(runs, runs[:2], "throughput"),
    )
    assert by_p50 is not None
    assert by_throughput is not None
    assert by_p50.deviation == pytest.approx(0.0)
    assert by_throughput.deviation == pytest.approx(math.log(1.1) / 2 * math.sqrt(8 / 7))
    assert run_scatter.scatter(runs, runs[:2], None) is None


def test_precisions_of_one_model_are_no_scatter() -> None:
    """Three runs in bf16 are alike, three in f32 too, and half as fast."""
    fast = [a_done_run(200.0 + n, precision="bf16") for n in range(3)]
    slow = [a_done_run(100.0 + n, precision="f32") for n in range(3)]
    found = run_scatter.scatter([*fast, *slow], fast[:2], "throughput")
    assert found is not None
    assert found.runs == 6
    assert found.deviation < 0.01


def test_only_runs_in_the_modes_that_are_judged_tell_their_scatter() -> None:
    loud = [a_done_run(100.0 * (1 + n % 2), p50=10.0 * (1 + n % 2), mode="throughput") for n in range(8)]
    calm = [a_done_run(100.0, p50=10.0, mode="latency") for _ in range(5)]
    found = run_scatter.scatter([*loud, *calm], calm[:2], "p50")
    assert found is not None
    assert (found.runs, found.deviation) == (5, pytest.approx(0.0))


def test_too_few_runs_have_no_scatter() -> None:
    assert scatter_of([[100.0, 101.0, 99.0]]) is None
    assert scatter_of([[100.0, 101.0], [1.0], [2.0]]) is None
    assert scatter_of([[100.0, 0.0, math.nan, -1.0, 101.0]]) is None
    assert scatter_of([]) is None


def test_what_the_doubt_rests_on_is_said() -> None:
    assert rests_on() == (
        "They were measured at different times. Runs of one spec scatter by 3.0 % here (assumed), so that a "
        "difference below 9.8 % decides nothing."
    )
    assert "scatter by 0.5 % in throughput here (from 12 runs)" in rests_on(Scatter(0.005, 12, 9))
    assert "scatter by 0.5 % in median latency here" in rests_on(Scatter(0.005, 12, 9, "p50"))


RUNS = st.builds(
    a_done_run,
    st.floats(0.1, 1e5),
    half=st.one_of(st.none(), st.floats(0.0, 0.5)),
    p50=st.one_of(st.none(), st.floats(0.01, 1e4)),
    mode=st.sampled_from(["latency", "throughput", "manual"]),
)


@given(RUNS, RUNS, st.sampled_from([None, QUIET]))
def test_swapping_a_and_b_inverts_the_ratio(a: Run, b: Run, scatter: Scatter | None) -> None:
    there, back = recorded(a, b, scatter), recorded(b, a, scatter)
    other_way = {"faster": "slower", "slower": "faster"}
    assert back.verdict == other_way.get(there.verdict, there.verdict)
    assert there.ratio is not None
    assert back.ratio == pytest.approx(1 / there.ratio)
    if there.ci95 is not None:
        assert back.ci95 == pytest.approx((1 / there.ci95[1], 1 / there.ci95[0]))


@given(RUNS, st.floats(0.5, 2.0))
def test_more_doubt_never_makes_a_verdict(a: Run, factor: float) -> None:
    assert a.result is not None
    b = msgspec.structs.replace(
        a, result=msgspec.structs.replace(a.result, throughput_fps=Estimate(
            mean=a.result.throughput_fps.mean * factor, ci95=None, converged=False))
    )  # fmt: skip
    for left, right in ((a, b), (b, a)):
        if basis((left, right)) == "throughput":
            assert recorded(left, right).verdict == "undecided"


def with_median(run: Run, ci95: tuple[float, float | None]) -> Run:
    """Its median weak, with this interval."""
    assert run.result is not None
    latency = msgspec.structs.replace(run.result.latency_ms, ci95={"p50": ci95}, weak={"p50": True})
    return msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, latency_ms=latency))


def test_a_weak_median_is_judged_with_its_doubt() -> None:
    known = a_done_run(p50=10.0, mode="latency")
    weak = with_median(a_done_run(p50=5.0, mode="latency"), (3.5, 7.0))
    assert basis((known, weak)) == "p50"
    found = recorded(known, weak)
    assert (found.verdict, found.ratio) == ("faster", pytest.approx(2))
    assert found.ci95 is not None and found.ci95[0] < 1.5
    assert recorded(known, with_median(weak, (3.0, 12.0))).verdict == "undecided"


def test_a_median_without_an_upper_end_decides_nothing_and_has_its_ratio() -> None:
    known = a_done_run(p50=10.0, mode="latency")
    weak = with_median(a_done_run(p50=5.0, mode="latency"), (3.5, None))
    assert basis((known, weak)) == "throughput"
    found = recorded(known, weak, criterion="latency")
    assert (found.verdict, found.ratio, found.ci95) == ("undecided", pytest.approx(2), None)
