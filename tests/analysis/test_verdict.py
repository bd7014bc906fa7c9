"""What a run says in a sentence, and what it suggests to measure next."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovtui.analysis.verdict import suggestions, verdict
from ovtui.records import Estimate, Run
from tests.store.samples import a_result, a_run, an_effective, an_environment


def done(**other: object) -> Run:
    run = a_run(status="done", result=a_result(), effective=an_effective(), environment=an_environment())
    return msgspec.structs.replace(run, **other)


def unsure(run: Run) -> Run:
    assert run.result
    doubtful = Estimate(mean=100.0, ci95=(90.0, 110.0), converged=False)
    return msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, throughput_fps=doubtful))


def test_a_quiet_converged_run_is_good() -> None:
    said = verdict(done())
    assert said.level == "good"
    assert "±1.0 %" in said.text


def test_a_warning_is_pointed_at() -> None:
    assert verdict(done(warnings=("the machine was busy",))).level == "warning"


def test_a_run_that_did_not_converge_says_so_first() -> None:
    said = verdict(unsure(done()))
    assert said.level == "warning"
    assert "not known well enough" in said.text


@pytest.mark.parametrize("status", ["failed", "interrupted", "cancelled"])
def test_a_run_that_did_not_end_says_what_is_kept(status: str) -> None:
    assert verdict(done(status=status)).level == "bad"
    assert "until then" in verdict(done(status=status)).text
    assert verdict(done(status=status, result=None, error="It crashed.")).text == "It crashed."


def test_a_server_is_judged_by_its_latency() -> None:
    run = done()
    served = msgspec.structs.replace(run, spec=msgspec.structs.replace(run.spec, mode="server", rate=50.0))
    assert verdict(served).text.startswith("p50 9.90 ms, p99 14.00 ms at 100.0 FPS")


def test_doubt_is_answered_by_measuring_longer() -> None:
    first = suggestions(unsure(done()))[0]
    assert first.short == "longer"
    assert first.spec.stop.kind == "seconds"
    assert first.spec.stop.seconds >= 4 * a_result().measured_s
    assert first.why == "Measure for 1 min: 6 times as long narrows the doubt to 1/2."


def test_what_longer_gives_is_told_only_where_something_is_known() -> None:
    run = unsure(done())
    assert run.result is not None

    def told(**result: Any) -> str:
        found = suggestions(msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, **result)))
        return next((each.why for each in found if each.short == "longer"), "")

    nothing = Estimate(mean=100.0, ci95=None, converged=False)
    assert told(throughput_fps=nothing) == "Measure for 1 min: so little tells nothing of the doubt."
    assert told(measured_s=20.0).endswith(": four times as long halves the doubt.")
    assert told(measured_s=30_000.0).endswith(": 2.9 times as long narrows the doubt to 59% of it.")
    assert told(measured_s=86_400.0) == ""


def test_latency_and_throughput_suggest_each_other() -> None:
    run = done()
    for mode, other in (("latency", "throughput"), ("throughput", "latency")):
        spec = msgspec.structs.replace(run.spec, mode=mode)
        assert other in [s.spec.mode for s in suggestions(msgspec.structs.replace(run, spec=spec))]


def test_a_failed_run_can_be_tried_again() -> None:
    run = done(status="failed", result=None)
    assert suggestions(run)[0].spec == run.spec


def test_a_server_suggestion_has_a_rate_below_capacity() -> None:
    run = done()
    fast = msgspec.structs.replace(run, spec=msgspec.structs.replace(run.spec, mode="throughput"))
    (server,) = [s for s in suggestions(fast) if s.spec.mode == "server"]
    assert server.spec.rate == pytest.approx(0.7 * 100 / 4, rel=0.1)
