"""What a run's result is worth: how well its mean is known, and whether a server kept up."""

from __future__ import annotations

import math

from ovtui.analysis.confidence import FEWEST
from ovtui.analysis.measurement import ENOUGH, LONG_S
from ovtui.records import (
    AnyRemark,
    BacklogGrew,
    BeyondCapacity,
    NotConverged,
    NotConvergedReason,
    Refused,
    Result,
    Spec,
    StillWaiting,
    Unsteady,
)

_MANY = 100  # inferences, which would do for an interval, had they taken longer


def of_worth(result: Result, spec: Spec, *, noisy: bool) -> list[AnyRemark]:
    """What a reader must know of it, most important first.

    `noisy`: something was seen to disturb it; else there is nothing to quiet.
    """
    found: list[AnyRemark] = []
    if spec.mode == "server":
        found += _of_the_server(result, spec)
    elif not result.throughput_fps.converged:
        found.append(_not_converged(result, spec, noisy=noisy))
    # Below two seconds there is nothing to judge steadiness by; whoever asks for less does not want to know.
    if not result.warmup_steady and result.warmup_s >= 2:
        found.append(Unsteady())
    return found


def _not_converged(result: Result, spec: Spec, *, noisy: bool) -> NotConverged:
    """Why a mean is not known well enough."""
    target, estimate, inferences = spec.stop.ci, result.throughput_fps, result.inferences
    if estimate.ci95 is None:
        if inferences < FEWEST:
            return NotConverged(
                reason="no-interval-few-inferences", target=target, found=inferences, needed=FEWEST
            )  # fmt: skip
        short = inferences < _MANY
        return NotConverged(reason="no-interval-short-inferences" if short else "no-interval-short-time", target=target)
    half = estimate.half_width
    independent = math.floor(result.effective_samples or 0)

    def because(reason: NotConvergedReason, found: float = 0, needed: int = 0) -> NotConverged:
        return NotConverged(
            # A state that is kept makes each inference another one: that is no noise.
            reason=reason, target=target, half_width=half, found=found, needed=needed, noisy=noisy,
            state_kept=spec.keep_state,
        )  # fmt: skip

    if half is None or half > target:
        return because("wide")
    if inferences < 2 * ENOUGH:
        return because("few-inferences", inferences, 2 * ENOUGH)
    if independent < ENOUGH:
        return because("few-independent-values", independent, ENOUGH)
    if result.measured_s < LONG_S:
        return because("slow-noise", result.measured_s)
    return because("late")


def _of_the_server(result: Result, spec: Spec) -> list[AnyRemark]:
    """An open loop is judged by its mean latency; its throughput is the rate that was asked for, or capacity."""
    found: list[AnyRemark] = []
    if not result.throughput_fps.converged:
        found.append(NotConverged(reason="random-arrivals", target=spec.stop.ci))
    expected = (spec.rate or 0) * result.measured_s
    # Arrivals scatter as a Poisson process does; three times that is no scatter.
    if expected - result.inferences > max(0.05 * expected, 3 * math.sqrt(expected)):
        found.append(BeyondCapacity(served=result.inferences_per_s, rate=spec.rate or 0))
    elif result.backlog_grew and not result.refused:
        found.append(BacklogGrew())
    if result.refused:
        found.append(Refused(count=result.refused))
    if result.waiting and result.backlog_grew:
        found.append(StillWaiting(count=result.waiting))
    return found
