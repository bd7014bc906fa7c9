"""What a run says of its own worth, in sentences."""

import msgspec
import pytest

from ovtui import sentences
from ovtui.analysis.worth import of_worth
from ovtui.engine.jobs.comparison import pairs_of
from ovtui.engine.jobs.layer_turns import is_slow
from ovtui.records import Estimate, Latency, Result, Spec, Stop


def verdicts(found: Result, spec: Spec, *, noisy: bool) -> list[str]:
    return sentences.remarks(of_worth(found, spec, noisy=noisy))


def result(half: float | None, *, inferences: int = 5000, n_eff: float = 50.0, measured_s: float = 10.0) -> Result:
    ci95 = None if half is None else (100 * (1 - half), 100 * (1 + half))
    latency = Latency(mean=10, min=9, p50=10, p90=None, p95=None, p99=None, p99_9=None, max=11)
    return Result(
        throughput_fps=Estimate(mean=100, ci95=ci95, converged=False),
        inferences_per_s=100,
        latency_ms=latency,
        inferences=inferences,
        measured_s=measured_s,
        warmup_s=2,
        warmup_steady=True,
        effective_samples=n_eff,
    )


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (result(0.11), "±11 % (target ±1 %)"),
        (result(0.018), "±1.8 % (target ±1 %)"),
        (result(0.008), "±0.8 %, but slow noise cannot be excluded in 10 s"),
        (result(0.008, n_eff=7.9), "±0.8 %, but from 7 of the 10 independent values needed"),
        (result(0.008, inferences=12), "±0.8 %, but from 12 of the 20 inferences needed"),
        (result(None, inferences=1), "only 1 of the 8 inferences needed for a confidence interval"),
        (result(None, inferences=50), "too few inferences for a confidence interval"),
        (result(None), "too short a time for a confidence interval"),
    ],
)
def test_not_converged_says_what_was_reached_and_what_was_wanted(found: Result, says: str) -> None:
    (first, *_) = verdicts(found, Spec(model="m"), noisy=False)
    assert first.startswith(f"NOT CONVERGED: {says}")
    assert "measure longer with -t" in first


def test_the_target_is_the_one_that_was_asked_for() -> None:
    spec = Spec(model="m", stop=Stop(ci=0.005))
    assert "(target ±0.5 %)" in verdicts(result(0.02), spec, noisy=False)[0]


def test_only_a_machine_that_was_disturbed_is_to_be_quieted() -> None:
    disturbed, calm = (verdicts(result(0.11), Spec(model="m"), noisy=noisy)[0] for noisy in (True, False))
    assert disturbed.endswith("measure longer with -t, or quiet the machine.")
    assert calm.endswith("measure longer with -t.")


def test_a_converged_run_says_nothing() -> None:
    found = result(0.01)
    sure = msgspec.structs.replace(found, throughput_fps=msgspec.structs.replace(found.throughput_fps, converged=True))
    assert verdicts(sure, Spec(model="m"), noisy=True) == []


def test_an_instance_of_slow_models_has_fewer_turns() -> None:
    assert pairs_of([0.03, 0.03]) == 17
    assert pairs_of([2.0, 2.0]) == 4
    assert pairs_of([10.0, 10.0]) == 1


def test_layers_of_slow_models_are_not_interleaved() -> None:
    """Three instances of four inferences of each side would take two minutes at 5 s each, and 24 s at 1 s."""
    assert is_slow([5.0, 5.0])
    assert not is_slow([1.0, 1.0])
    assert is_slow([0.1, 5.5])
