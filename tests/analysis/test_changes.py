"""Change points are found where runs became slower, not where they scatter; and what changed there is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from ovtui.analysis.arrays import Floats
from ovtui.analysis.changes import (
    FEWEST,
    TELLS,
    change_points,
    drift_sentence,
    drifts,
    latest,
    no_change,
    sentences,
    series_of,
    title,
)
from ovtui.records import Estimate, Run, Spec, Stop
from ovtui.sanitize import is_safe
from tests.store.samples import NOW, a_model, a_result, a_run, an_effective, an_environment


def scattered(random: np.random.Generator, n: int, scatter: float, resemblance: float = 0.0) -> Floats:
    """Logarithms of n runs: normal, each resembling the one before."""
    news = random.normal(size=n) * scatter
    news[1:] *= (1 - resemblance**2) ** 0.5
    for now in range(1, n):
        news[now] += resemblance * news[now - 1]
    return news


def places(logs: Floats, error: float = 0.004) -> list[int]:
    return change_points(np.exp(logs).tolist(), [error] * len(logs))


def stepping(sizes: Sequence[int], levels: Sequence[float]) -> Floats:
    return np.log1p(np.repeat(levels, sizes))


def alarms(make: Callable[[np.random.Generator], Floats], trials: int = 300) -> tuple[float, float]:
    """The shares of histories in which a step is told, and a drift."""
    random = np.random.default_rng(1)
    steps = gradual = 0
    for _ in range(trials):
        logs = make(random)
        found = places(logs)
        steps += bool(found)
        gradual += bool(drifts(np.exp(logs).tolist(), found))
    return steps / trials, gradual / trials


@pytest.mark.parametrize("n", [12, 30, 100])
@pytest.mark.parametrize(("scatter", "resemblance"), [(0.01, 0.0), (0.03, 0.3), (0.08, 0.0), (0.01, 0.5), (0.03, 0.8)])
def test_stable_runs_raise_few_false_alarms(scatter: float, resemblance: float, n: int) -> None:
    assert max(alarms(lambda random: scattered(random, n, scatter, resemblance))) <= 0.05


@pytest.mark.parametrize("n", [12, 30, 100])
@pytest.mark.parametrize("size", [0.05, 0.1])
def test_three_bad_runs_in_a_row_are_no_step(n: int, size: float) -> None:
    def bad(random: np.random.Generator) -> Floats:
        logs = scattered(random, n, 0.01)
        begin = int(random.integers(0, n - 2))
        logs[begin : begin + 3] -= size
        return logs

    assert alarms(bad)[0] <= 0.05


@pytest.mark.parametrize(("n", "told"), [(12, 0.3), (30, 0.9), (100, 0.95)])
def test_a_drift_is_no_step_and_told_as_a_drift(n: int, told: float) -> None:
    steps, gradual = alarms(lambda random: scattered(random, n, 0.01) - np.linspace(0, 0.1, n))
    assert steps <= 0.05
    assert gradual >= told


@pytest.mark.parametrize("n", [30, 100])
def test_a_step_of_five_percent_at_one_percent_of_scatter_is_found(n: int) -> None:
    random = np.random.default_rng(4)
    found = [places(stepping([n // 2, n // 2], [0, 0.05]) + scattered(random, n, 0.01)) for _ in range(300)]
    assert sum(len(each) == 1 and abs(each[0] - n // 2) <= 2 for each in found) >= 0.9 * 300


def test_a_neighbour_that_disturbs_some_runs_is_no_change() -> None:
    def disturbed(random: np.random.Generator) -> Floats:
        return scattered(random, 30, 0.01) - (random.random(30) < 0.15) * random.uniform(0.03, 0.08, 30)

    assert max(alarms(disturbed)) <= 0.02


@pytest.mark.parametrize("n", [4, 6, 9, 10, 14])
def test_short_series_raise_as_few(n: int) -> None:
    assert max(alarms(lambda random: scattered(random, n, 0.03))) <= 0.02


@pytest.mark.parametrize("step", [-0.05, 0.05])
def test_a_step_of_five_percent_is_found_in_twenty_runs(step: float) -> None:
    random = np.random.default_rng(4)
    found = [places(stepping([10, 10], [0, step]) + scattered(random, 20, 0.01)) for _ in range(300)]
    near = [each for each in found if len(each) == 1 and abs(each[0] - 10) <= 3]
    assert len(near) >= 0.85 * 300


def test_a_regression_that_was_mended_is_two_changes() -> None:
    random = np.random.default_rng(5)
    found = [places(stepping([15, 15, 15], [0, -0.06, 0]) + scattered(random, 45, 0.012)) for _ in range(100)]
    both = [each for each in found if len(each) == 2 and abs(each[0] - 15) <= 3 and abs(each[1] - 30) <= 3]
    assert len(both) >= 90


def test_two_runs_on_each_side_tell_a_step_beyond_doubt_and_no_other() -> None:
    assert places(np.log([100.0, 101, 70, 71])) == [2]
    assert places(np.log([100.0, 101, 92, 93])) == []
    assert places(np.log([100.0, 101, 70])) == []


def test_the_runs_own_doubt_counts() -> None:
    logs = np.log([100.0, 101, 70, 71])
    assert places(logs, error=0.15) == []
    longer = stepping([10, 10], [0, -0.05]) + scattered(np.random.default_rng(1), 20, 0.001)
    assert places(longer, error=0.001) == [10]
    assert places(longer, error=0.10) == []


def test_a_step_that_matters_to_nobody_is_none() -> None:
    calm = scattered(np.random.default_rng(6), 40, 0.001)
    assert places(stepping([20, 20], [0, -0.015]) + calm, error=0.0) == []
    assert places(stepping([20, 20], [0, -0.03]) + calm, error=0.0) == [20]


def test_one_run_apart_is_no_change() -> None:
    calm = scattered(np.random.default_rng(7), 20, 0.01)
    calm[12] -= 0.4
    assert places(calm) == []


@pytest.mark.parametrize("values", [[], [5.0], [5.0] * 4, [5.0] * 40])
def test_what_never_varies_has_no_change(values: list[float]) -> None:
    assert change_points(values, [0.0] * len(values)) == []


def test_the_same_runs_give_the_same_places_in_any_unit() -> None:
    logs = stepping([30, 20, 30], [0, -0.04, 0.03]) + scattered(np.random.default_rng(8), 80, 0.02)
    assert places(logs) == places(logs) == places(logs + 7.0) != []


def test_a_thousand_runs_take_a_fraction_of_a_second() -> None:
    steps = stepping([200] * 5, [0, -0.05, 0, 0.04, 0])
    logs = steps + scattered(np.random.default_rng(9), 1000, 0.02)
    began = time.process_time()
    found = places(logs)
    assert time.process_time() - began < 1.0  # 0.1 s on an idle core
    assert len(found) == 4
    assert all(abs(at - 200 * (n + 1)) <= 8 for n, at in enumerate(found))


# -- runs


def measured(n: int, rate: float, **other: Any) -> Run:
    """The nth run of a spec, an hour after the one before; latency p50 is 1000 / rate ms."""
    result = a_result(rate)
    latency = msgspec.structs.replace(result.latency_ms, p50=1000 / rate)
    plain = a_run(
        f"run{n:04}",
        status="done",
        created=NOW + 3600 * n,
        spec=Spec(model="m0model000", mode="throughput"),
        effective=an_effective(),
        environment=an_environment(),
        result=msgspec.structs.replace(result, latency_ms=latency),
    )
    return msgspec.structs.replace(plain, **other)


def nightly(before: int = 10, after: int = 10, factor: float = 0.9, **later: Any) -> list[Run]:
    """Runs of one spec that become `factor` times as fast, and differ from then on in `later`."""
    wave = [1 + 0.004 * (n * 7 % 5 - 2) for n in range(before + after)]
    return [measured(n, 100 * wave[n]) for n in range(before)] + [
        measured(n, 100 * factor * wave[n], **later) for n in range(before, before + after)
    ]


def test_a_change_is_told_with_its_run_its_size_and_what_else_changed() -> None:
    newer = msgspec.structs.replace(an_environment(), openvino="2026.5.0")
    (series,) = series_of(reversed(nightly(environment=newer)))
    (change,) = series.changes
    assert (change.at, change.run.id, change.slower) == (10, "run0010", True)
    assert (change.runs_before, change.runs_after) == (10, 10)
    assert change.ratio == pytest.approx(0.9, abs=0.002)
    assert change.ci95[0] < 0.9 < change.ci95[1]
    assert change.ci95[1] - change.ci95[0] < 0.02
    assert change.circumstances == ("Different OpenVINO: 2026.4.0 and 2026.5.0.",)
    told = sentences(change, series.figure)
    assert told.startswith("since 20")
    for text in ("run run0010: 10 % slower (", " → 90.00 FPS. Different OpenVINO: 2026.4.0 and 2026.5.0."):
        assert text in told


def test_latency_counts_where_latency_was_measured() -> None:
    spec = Spec(model="m0model000", mode="latency")
    runs = [msgspec.structs.replace(run, spec=spec) for run in nightly(factor=1.25)]
    (series,) = series_of(runs)
    (change,) = series.changes
    assert series.figure == "p50_ms"
    assert not change.slower
    assert change.ratio == pytest.approx(0.8, abs=0.002)
    assert "20 % faster" in sentences(change, series.figure)
    assert "10.00 → 8.00 ms p50" in sentences(change, series.figure)


def test_a_drift_is_told_with_its_size_from_its_first_run_to_its_last() -> None:
    runs = [measured(n, 100 * (1 - 0.005 * n) * (1 + 0.002 * (n * 7 % 5 - 2))) for n in range(24)]
    (series,) = series_of(runs)
    assert series.changes == ()
    (drift,) = series.drifts
    assert (drift.run.id, drift.last.id, drift.runs, drift.slower) == ("run0000", "run0023", 24, True)
    assert drift.ratio == pytest.approx(0.885, abs=0.01)
    assert drift.ci95[0] < drift.ratio < drift.ci95[1]
    told = drift_sentence(drift, series.figure)
    assert told.startswith("11 % slower, gradually over 24 runs (")
    assert told.endswith(" FPS.")
    assert latest(series) == f"drift: {told}"


def test_a_drift_after_a_step_is_what_happened_last() -> None:
    levels = [*[100.0] * 15, *(80.0 - 0.5 * n for n in range(20))]
    (series,) = series_of([measured(n, level * (1 + 0.002 * (n * 7 % 5 - 2))) for n, level in enumerate(levels)])
    assert [change.at for change in series.changes] == [15]
    assert [drift.at for drift in series.drifts] == [15]
    assert latest(series).startswith("drift: ")


def test_a_few_runs_leave_the_size_of_a_change_in_doubt() -> None:
    (series,) = series_of(nightly(2, 2, factor=0.7))
    (change,) = series.changes
    assert change.ci95[1] - change.ci95[0] > 0.05


def test_another_content_of_the_file_and_other_streams_are_circumstances() -> None:
    model = a_model("m0model001", path=a_model().path, sha256="f" * 64)
    streams = msgspec.structs.replace(an_effective(), streams=8)
    (series,) = series_of(nightly(model=model, effective=streams))
    (change,) = series.changes
    digest = a_model().sha256[:8]
    assert change.circumstances == (
        f"Different content of the model's file: SHA-256 {digest} and ffffffff.",
        "Different streams: 2 and 8.",
    )


def test_what_changed_a_run_beside_the_place_is_found_too() -> None:
    runs = nightly()
    newer = msgspec.structs.replace(an_environment(), kernel="6.9")
    runs[11:] = [msgspec.structs.replace(run, environment=newer) for run in runs[11:]]
    (change,) = series_of(runs)[0].changes
    assert change.at == 10
    assert change.circumstances == ("Different kernel: 6.1 and 6.9.",)


def test_a_change_without_a_known_cause_says_so() -> None:
    (series,) = series_of(nightly())
    assert sentences(series.changes[0], series.figure).endswith("Nothing else that is recorded changed there.")


@pytest.mark.parametrize(
    "other",
    [
        {"spec": Spec(model="m0model000", mode="latency")},
        {"spec": Spec(model="m0model000", mode="throughput", device="GPU")},
        {"spec": Spec(model="m0model000", mode="throughput", api="async")},
        {"spec": Spec(model="m0model000", mode="throughput", streams=2)},
        {"spec": Spec(model="m0model000", mode="throughput", precision="bf16")},
        {"spec": Spec(model="m0model000", mode="throughput", properties={"A": "1"})},
        {"effective": msgspec.structs.replace(an_effective(), batch=8)},
        {"environment": msgspec.structs.replace(an_environment(), host="another")},
        {"model": a_model("m0model001")},
    ],
)
def test_other_specs_machines_and_models_are_other_series(other: dict[str, Any]) -> None:
    found = series_of([measured(0, 100.0), measured(1, 50.0, **other)])
    assert [len(series.runs) for series in found] == [1, 1]
    assert found[0].runs[0].id == "run0001"


def test_stop_rule_and_seed_make_no_other_series() -> None:
    other = Spec(model="m0model000", mode="throughput", seed=7, stop=Stop(kind="seconds", seconds=3))
    assert [len(series.runs) for series in series_of([measured(0, 100.0), measured(1, 50.0, spec=other)])] == [2]


def test_server_runs_are_told_apart_by_rate_and_compared_by_latency() -> None:
    slow, fast = (Spec(model="m0model000", mode="server", rate=rate) for rate in (10.0, 20.0))
    found = series_of([measured(0, 100.0, spec=slow), measured(1, 100.0, spec=fast)])
    assert [(len(series.runs), series.figure) for series in found] == [(1, "p50_ms")] * 2


def test_runs_that_ended_early_or_lack_the_figure_are_left_out() -> None:
    silent = a_result()
    silent = msgspec.structs.replace(silent, throughput_fps=Estimate(mean=0.0, ci95=None, converged=False))
    runs = [
        measured(0, 100.0),
        measured(1, 10.0, status="cancelled"),
        measured(2, 10.0, result=None),
        measured(3, 1.0, result=silent),
    ]
    assert [[run.id for run in series.runs] for series in series_of(runs)] == [["run0000"]]
    assert series_of([]) == []


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (1, "1 run: a large change shows from 4 on, a small one from 10."),
        (FEWEST - 1, "3 runs: a large change shows from 4 on, a small one from 10."),
        (FEWEST, "no large change in 4 runs; a small one shows from 10 on."),
        (TELLS, "no change in 10 runs."),
    ],
)
def test_a_series_without_a_change_says_what_it_would_take(runs: int, says: str) -> None:
    (series,) = series_of(nightly(runs, 0))
    assert no_change(series) == says
    assert series.missing == max(0, FEWEST - runs)


def test_a_title_names_what_was_asked_for_and_is_safe_to_show() -> None:
    evil = "\x1b[31m\u202e" + "x" * 4000
    spec = Spec(
        model="m", device=evil, mode="server", rate=20, streams=3, properties={evil: evil}, shapes={evil: (1, 2)}
    )
    run = measured(0, 10.0, spec=spec, environment=msgspec.structs.replace(an_environment(), host=evil))
    (series,) = series_of([run])
    text = title(series)
    assert all(is_safe(c) for c in text)
    assert len(text) < 500
    for part in ("server on ", "batch 4", "streams 3", "20 arrivals per second", "[1,2]", "machine "):
        assert part in text
    assert title(series_of([measured(0, 1.0)])[0]) == "throughput on CPU, batch 4, machine edge"


def test_a_weak_median_counts_with_its_doubt_and_not_without() -> None:
    """Ten runs of 10 ms, then ten of 12, whose medians are weak."""

    def a_median(number: int, ms: float, ci95: tuple[float, float | None], *, weak: bool) -> Run:
        latency = msgspec.structs.replace(
            a_result().latency_ms, p50=ms, ci95={"p50": ci95}, weak={"p50": True} if weak else {}
        )
        result = msgspec.structs.replace(a_result(), latency_ms=latency)
        return a_run(f"median{number:04}", status="done", created=NOW + number, result=result)

    def changes(low: float, high: float | None) -> int:
        before = [a_median(n, 10 + 0.01 * (n % 3), (9.9, 10.1), weak=False) for n in range(10)]
        after = [a_median(10 + n, 12 + 0.01 * (n % 3), (low, high), weak=True) for n in range(10)]
        (series,) = series_of([*before, *after])
        assert len(series.runs) == (20 if high is not None else 10)
        return len(series.changes)

    assert changes(11.8, 12.2) == 1
    assert changes(2.0, 40.0) == 0
    assert changes(11.8, None) == 0
