"""Advice: each rule is triggered by one run and silent on another."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from ovtui import sentences
from ovtui.analysis import noise
from ovtui.analysis.advice import Advice, advise
from ovtui.records import (
    AnyRemark,
    Estimate,
    Lost,
    Profile,
    Quiet,
    QuotaStops,
    Run,
    RunSummary,
    Spec,
    Throttling,
    Unsteady,
)
from tests.analysis.profiles import CEILINGS, EMPTY, NO_COUNTERS, a_layer, a_profile, profiles
from tests.store.samples import NOW, a_model, a_result, a_run, an_effective, an_environment

replace = msgspec.structs.replace
MEGA = 1_000_000


def a_case(
    *,
    spec: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    effective: dict[str, Any] | None = None,
    environment: dict[str, Any] | None = None,
    **other: Any,
) -> Run:
    """A good run: one stream, 1,000 inferences a second, both cores busy, four physical cores of eight."""
    figures: dict[str, Any] = {"cpu_percent": 760.0, "inferences_per_s": 1000.0, "compile_ms": 300.0}
    plain = a_run(
        status="done",
        spec=replace(Spec(model=a_model().id), **(spec or {})),
        result=replace(a_result(), **(figures | (result or {}))),
        effective=replace(an_effective(), **({"streams": 1, "requests": 1, "threads": 4} | (effective or {}))),
        environment=replace(an_environment(), **({"cores": 8, "physical_cores": 4} | (environment or {}))),
    )
    return replace(plain, **other)


GOOD = a_profile(*(a_layer(f"l{n}", time_us=95.0) for n in range(10)), line=True, latency_us=1000.0)
TINY = a_profile(*(a_layer(f"l{n}", time_us=9.5) for n in range(100)), line=True, latency_us=1000.0)


def said(run: Run, profile: Profile | None = GOOD, **other: Any) -> dict[str, Advice]:
    found = advise(run, profile, **other)
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)
    keys = [each.key for each in found]
    assert len(keys) == len(set(keys))
    return {each.key: each for each in found}


def a_summary(throughput: float, **other: Any) -> RunSummary:
    plain = RunSummary(
        id="r9other000",
        status="done",
        label=None,
        model=a_model().id,
        model_name="net",
        device="CPU",
        mode="throughput",
        batch=4,
        streams=8,
        throughput_fps=Estimate(mean=throughput, ci95=None, converged=True),
        p50_ms=1.0,
        created=NOW,
        started=None,
        finished=None,
        error=None,
        warnings=0,
    )
    return replace(plain, **other)


def test_a_good_run_is_left_alone() -> None:
    assert said(a_case(), capabilities=("FP32",)) == {}
    assert said(a_case(), None) == {}


def test_a_run_that_goes_on_has_no_advice_yet() -> None:
    assert said(a_case(status="running", warnings=(Throttling(count=1),))) == {}


# -- the machine


def machine_warnings(**readings: Any) -> tuple[AnyRemark, ...]:
    """As they are written when a run ends."""
    samples = [
        noise.Sample(wall_s=1.0, **{name: values[n] for name, values in readings.items()})
        for n in range(len(next(iter(readings.values()))))
    ]
    return noise.remarks(samples, 8)


@pytest.mark.parametrize(
    "warnings",
    [
        machine_warnings(machine_cpu=[3.0] * 5, own_cpu=[1.0] * 5),
        machine_warnings(steal_share=[0.2] * 5),
        machine_warnings(speed=[1 + 0.005 * n for n in range(20)]),
        (Unsteady(),),
        (Lost(count=12),),
    ],
)
def test_noise_comes_first(warnings: tuple[AnyRemark, ...]) -> None:
    assert warnings
    run = a_case(warnings=warnings, result={"cpu_percent": 100.0})
    first = advise(run, TINY)[0]
    assert (first.key, first.spec) == ("noisy", run.spec)
    assert first.evidence == sentences.remark(warnings[0])


@pytest.mark.parametrize(
    "warnings",
    [
        machine_warnings(throttle_count=[1, 1, 4]),
        machine_warnings(speed=[1 - 0.01 * n for n in range(20)]),
    ],
)
def test_throttling_comes_before_everything(warnings: tuple[AnyRemark, ...]) -> None:
    run = a_case(warnings=(*machine_warnings(steal_share=[0.2] * 5), *warnings))
    assert [each.key for each in advise(run, GOOD)] == ["throttled", "noisy"]


def test_quiet_stretches_say_what_noise_cost() -> None:
    found = said(a_case(result={"quiet": Quiet(share=0.4, throughput_fps=120.0)}))["noisy"]
    assert found.evidence == "Only 40 % of the time was quiet."
    assert found.gain == "The quiet stretches gave 120.0 FPS, 20 % more."


def test_a_calm_machine_is_not_mentioned() -> None:
    run = a_case(warnings=("the layout NCHW was guessed",), result={"quiet": Quiet(share=1.0, throughput_fps=100.0)})
    assert not {"noisy", "throttled"} & set(said(run))


def test_what_counting_costs_is_said() -> None:
    known = replace(GOOD, overhead=0.34, overhead_ci95=(0.3, 0.38))
    assert "+34.0 % latency (30.0–38.0 %)" in said(a_case(), known)["counters"].evidence
    for overhead, ci95 in ((0.15, (0.14, 0.16)), (-0.1, (-0.2, 0.0)), (0.34, None), (0.34, (-0.1, 0.9)), (None, None)):
        assert "counters" not in said(a_case(), replace(GOOD, overhead=overhead, overhead_ci95=ci95))
    assert "counters" not in said(  # there are no times to read
        a_case(), replace(NO_COUNTERS, overhead=0.34, overhead_ci95=(0.3, 0.38))
    )


# -- settings


def test_idle_cores_suggest_throughput() -> None:
    run = a_case(result={"cpu_percent": 400.0}, spec={"requests": 1})
    found = said(run)["throughput"]
    assert found.evidence == "On average 4.0 of 8 cores were busy."
    assert found.gain is not None and "2.0 ×" in found.gain
    assert found.spec is not None
    assert (found.spec.mode, found.spec.requests) == ("throughput", None)


def test_idle_cores_in_throughput_mode_suggest_more_streams() -> None:
    run = a_case(result={"cpu_percent": 300.0}, spec={"mode": "throughput"}, effective={"streams": 2, "requests": 2})
    found = said(run)["streams"]
    assert found.spec is not None
    assert (found.title, found.spec.mode, found.spec.streams, found.spec.requests) == ("4 streams", "manual", 4, 4)


@pytest.mark.parametrize(
    "run",
    [
        a_case(result={"cpu_percent": 620.0}),
        a_case(result={"cpu_percent": None}),
        a_case(result={"cpu_percent": 300.0}, spec={"mode": "server", "rate": 10.0}),
        a_case(result={"cpu_percent": 300.0}, spec={"threads": 3}),
        a_case(result={"cpu_percent": 300.0}, effective={"execution_devices": ("GPU.0",)}),
        a_case(result={"cpu_percent": 300.0}, spec={"mode": "throughput"}, effective={"streams": 8}),
        a_case(result={"cpu_percent": 0.0}),
    ],
)
def test_busy_cores_need_no_more_streams(run: Run) -> None:
    assert not {"throughput", "streams"} & set(said(run))


def test_what_was_tried_is_known() -> None:
    run = a_case(result={"cpu_percent": 400.0})
    found = said(run, history=[a_summary(150.0), a_summary(170.0), a_summary(900.0, model="another")])["throughput"]
    assert found.gain == "Run r9other000 had 170.0 FPS that way, 1.70 × as many as this one."
    assert "throughput" not in said(run, history=[a_summary(101.0)])
    assert "throughput" in said(run, history=[a_summary(101.0, batch=1), a_summary(1.0, status="failed")])


def test_small_kernels_suggest_a_batch() -> None:
    found = said(a_case(), TINY)["batch"]
    assert found.evidence.startswith("100 of 100 layers take less than 20 µs each, together 100 % of the time")
    assert found.gain is None
    assert found.spec is not None
    assert found.spec.batch == 16


def test_the_roof_says_what_a_batch_may_give() -> None:
    layers = [a_layer(f"l{n}", time_us=10.0, flops=400_000, bytes=4) for n in range(100)]
    found = said(a_case(), a_profile(*layers, line=True, ceilings=CEILINGS))["batch"]
    assert found.gain is not None and found.gain.startswith("Up to 60 % less time")
    assert found.weight == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("run", "profile"),
    [
        (a_case(), GOOD),
        (a_case(), a_profile(a_layer(time_us=5.0), a_layer(time_us=900.0), line=True)),
        (a_case(), a_profile(*(a_layer(time_us=5.0) for _ in range(20)), a_layer(time_us=900.0), line=True)),
        (a_case(effective={"layouts": {}}), TINY),
        (a_case(effective={"batch": 64}), TINY),
        (a_case(spec={"shapes": {"input": (4, 3, 224, 224)}}), TINY),
        (a_case(spec={"mode": "server", "rate": 5.0}), TINY),
        (a_case(), None),
    ],
)
def test_large_kernels_need_no_batch(run: Run, profile: Profile | None) -> None:
    assert "batch" not in said(run, profile)


def test_a_batch_that_gave_nothing_is_not_suggested_again() -> None:
    run = a_case()
    assert "batch" not in said(run, TINY, history=[a_summary(102.0, mode="latency", batch=16)])
    better = said(run, TINY, history=[a_summary(180.0, mode="latency", batch=8)])["batch"]
    assert (better.title, better.weight) == ("batch 8", pytest.approx(1 - 1 / 1.8))


@pytest.mark.parametrize("api", ["async", "python"])
def test_the_way_of_asking_is_named_when_it_costs(api: str) -> None:
    found = said(a_case(spec={"api": api}, result={"inferences_per_s": 800.0}))
    assert "host" not in found
    assert found["api"].spec is not None
    assert found["api"].spec.api == "threads"
    assert "1.25 ms, of which its layers are 950.0 µs: 24 %" in found["api"].evidence
    assert found["api"].gain is not None and "1.32 ×" in found["api"].gain
    assert "api" not in said(a_case(spec={"api": api}, result={"inferences_per_s": 1020.0}))


def test_time_around_the_layers_is_named() -> None:
    slow = replace(GOOD, latency_us=None)
    found = said(a_case(result={"inferences_per_s": 500.0}), slow)
    assert "api" not in found
    assert "An inference takes 2.00 ms, its layers 950.0 µs: the other 1.05 ms (52 %)" in found["host"].evidence
    assert found["host"].spec is not None
    assert found["host"].spec.batch == 16
    two = said(a_case(result={"inferences_per_s": 500.0}), replace(slow, streams=2, requests=2))["host"]
    assert "An inference takes 4.00 ms" in two.evidence
    fixed = said(a_case(result={"inferences_per_s": 500.0}, spec={"shapes": {"input": (4, 3, 224, 224)}}), slow)["host"]
    assert fixed.spec is None


def test_a_run_that_was_disturbed_is_no_time_around_the_layers() -> None:
    """The pass with counters, driven in the same way, was quicker: what the run took beyond that is no rest."""
    assert "host" not in said(a_case(result={"inferences_per_s": 500.0}), GOOD)


@pytest.mark.parametrize(
    ("run", "profile"),
    [
        (a_case(), GOOD),
        (a_case(spec={"mode": "server", "rate": 5.0}, result={"inferences_per_s": 5.0}), GOOD),
        (a_case(result={"inferences_per_s": 500.0}), NO_COUNTERS),
        (a_case(result={"inferences_per_s": 20_000.0}), a_profile(a_layer(time_us=10.0))),  # 40 µs beside 10
    ],
)
def test_layers_that_explain_the_latency_are_no_host_bottleneck(run: Run, profile: Profile) -> None:
    assert "host" not in said(run, profile)


def test_more_threads_than_physical_cores_are_named() -> None:
    found = said(a_case(spec={"threads": 8}, effective={"threads": 8}))["threads"]
    assert found.evidence.startswith("8 threads work on 4 physical cores")
    assert found.spec is not None
    assert found.spec.threads == 4
    squeezed = said(a_case(effective={"threads": 8}, environment={"cores": 2}))["threads"]
    assert squeezed.evidence.startswith("8 threads work on 2 usable cores")


STOPS = QuotaStops(cores=2.5, periods=100, stopped=60, seconds=3.0)
"""In a container that gets two and a half cores' worth of time of eight."""
QUOTA = {"cores": 3, "physical_cores": 4, "cpu_quota": 2.5}


def test_threads_that_use_up_a_quota_early_are_too_many() -> None:
    run = a_case(environment=QUOTA, effective={"threads": 8}, result={"quota": STOPS, "cpu_percent": 250.0})
    found = said(run)
    assert set(found) == {"quota"}
    assert found["quota"].title == "2 threads"
    assert "60 of 100 periods" in found["quota"].evidence
    assert found["quota"].spec is not None
    assert found["quota"].spec.threads == 2
    unstopped = said(a_case(environment=QUOTA, effective={"threads": 8}, result={"cpu_percent": 250.0}))
    assert set(unstopped) == {"threads"}
    assert unstopped["threads"].title == "3 threads"
    assert "CPU quota of 2.5 cores" in unstopped["threads"].evidence


def test_threads_that_fit_a_quota_which_stops_them_all_the_same_call_for_a_larger_one() -> None:
    run = a_case(environment=QUOTA, effective={"threads": 2}, result={"quota": STOPS, "cpu_percent": 250.0})
    assert said(run)["quota"].title == "raise the CPU quota"
    assert said(run)["quota"].spec is None


def test_a_quota_that_is_used_up_leaves_no_core_idle() -> None:
    """Half of the cores lie idle, but nobody may use them."""
    assert "throughput" not in said(a_case(environment=QUOTA, result={"cpu_percent": 245.0}))
    idle = said(a_case(environment=QUOTA, result={"cpu_percent": 125.0}))["throughput"]
    assert idle.evidence.startswith("On average 1.2 of 2.5 cores were busy.")
    assert idle.gain is not None
    assert idle.gain.startswith("Up to 2.0 ×")


@pytest.mark.parametrize(
    "run",
    [
        a_case(spec={"threads": 4}),
        a_case(spec={"threads": 64}, effective={"threads": 4}),  # the device takes what it can
        a_case(effective={"threads": 8}),  # the device chose both threads of each core
        a_case(spec={"threads": 8}, effective={"threads": 8, "execution_devices": ("GPU",)}),
        a_case(spec={"threads": 8}, environment={"physical_cores": None}),
        a_case(effective={"threads": None}),
    ],
)
def test_threads_that_have_a_core_are_not(run: Run) -> None:
    assert "threads" not in said(run)


def test_long_compilation_suggests_a_cache() -> None:
    found = said(a_case(result={"compile_ms": 4200.0}, spec={"device": "HETERO:GPU,CPU", "mode": "throughput"}))[
        "cache"
    ]
    assert found.evidence.startswith("Compiling took 4.2 s")
    assert found.command == (
        'run m0model000 -d HETERO:GPU,CPU --mode throughput --property CACHE_DIR="$HOME/.cache/openvino"'
    )


@pytest.mark.parametrize(
    "run",
    [
        a_case(result={"compile_ms": 1900.0}),
        a_case(result={"compile_ms": None}),
        a_case(result={"compile_ms": 4200.0}, spec={"properties": {"CACHE_DIR": "/tmp/c"}}),
        a_case(result={"compile_ms": 4200.0}, effective={"properties": {"CACHE_DIR": "/tmp/c"}}),
    ],
)
def test_short_or_kept_compilation_does_not(run: Run) -> None:
    assert "cache" not in said(run)


# -- the layers

BOUND = [a_layer(f"c{n}", time_us=100.0, flops=5 * MEGA, bytes=40_000) for n in range(9)]
CONVOLUTIONS = a_profile(*BOUND, a_layer("softmax", "Softmax", 100.0), line=True, ceilings=CEILINGS)


def test_arithmetic_in_floating_point_suggests_int8() -> None:
    found = said(a_case(), CONVOLUTIONS, capabilities=("FP32", "INT8"))["int8"]
    assert found.evidence == (
        "Convolutions and matrix products in f32, bound by arithmetic, take 90 % of the time (9 layers)."
    )
    assert found.gain is not None and found.gain.startswith("Up to 2.5 × as fast")
    assert "3.0 × as fast as f32" in found.gain
    assert found.weight == pytest.approx(0.6)
    assert found.command == f"optimize {a_case().model.id} --data FOLDER"


def test_memory_limits_what_int8_can_give() -> None:
    layers = [a_layer(f"c{n}", time_us=100.0, flops=6 * MEGA, bytes=1_900_000) for n in range(9)]
    found = said(a_case(), a_profile(*layers, ceilings=CEILINGS), capabilities=("INT8",))["int8"]
    assert found.gain is not None and found.gain.startswith("Up to 3.0 ×")
    layers = [a_layer(f"c{n}", time_us=100.0, flops=10 * MEGA, bytes=1_900_000) for n in range(9)]
    narrow = replace(CEILINGS, gflops={"f32": 100.0, "i8": 1000.0})
    found = said(a_case(), a_profile(*layers, ceilings=narrow), capabilities=("INT8",))["int8"]
    assert found.gain is not None and found.gain.startswith("Up to 8.4 ×")  # 100 µs → 11.9 by memory, not 10


def test_int8_without_ceilings_promises_nothing() -> None:
    profile = replace(CONVOLUTIONS, ceilings=None)
    found = said(a_case(), profile, capabilities=("INT8",))["int8"]
    assert "bound by" not in found.evidence
    assert found.gain is not None and "once it is measured" in found.gain


def test_a_machine_that_gains_nothing_from_int8_is_told() -> None:
    slow = replace(CEILINGS, gflops={"f32": 100.0, "i8": 104.0})
    found = said(a_case(), replace(CONVOLUTIONS, ceilings=slow), capabilities=("INT8",))["int8"]
    assert found.title == "INT8 would not help here"
    assert "1.04 ×" in found.evidence
    assert (found.gain, found.spec, found.command) == (None, None, None)


@pytest.mark.parametrize(
    ("profile", "capabilities"),
    [
        (CONVOLUTIONS, ("FP32", "BF16")),
        (CONVOLUTIONS, ()),
        (a_profile(*(a_layer(precision="i8") for _ in range(9))), ("INT8",)),
        (a_profile(*(a_layer(type="Pooling") for _ in range(9))), ("INT8",)),
        (
            a_profile(*(a_layer(flops=10, bytes=MEGA) for _ in range(9)), ceilings=CEILINGS),
            ("INT8",),
        ),  # bound by memory
        (a_profile(a_layer(time_us=40.0), a_layer("s", "Softmax", 60.0)), ("INT8",)),
        (NO_COUNTERS, ("INT8",)),
    ],
)
def test_int8_is_not_suggested_where_it_has_no_hold(profile: Profile, capabilities: tuple[str, ...]) -> None:
    assert "int8" not in said(a_case(), profile, capabilities=capabilities)


def test_conversions_are_named_with_their_cause() -> None:
    profile = a_profile(
        a_layer("conv1", precision="u8"),
        a_layer("r1", "Reorder", 10.0, precision="u8", gives="f32"),
        a_layer("mvn", "MVN", 100.0),
        a_layer("r2", "Reorder", 20.0, gives="u8", layout="acdb"),
        a_layer("conv2", precision="u8", time_us=100.0, layout="acdb"),
        line=True,
    )
    found = said(a_case(), profile)["conversions"]
    assert "Converting alone takes 9.1 % of the layers' time (2 layers)" in found.evidence
    assert "f32→u8, abcd→acdb 20.00 µs (1 ×), u8→f32 10.00 µs (1 ×)" in found.evidence
    assert "1 layer in floating point between quantized ones" in found.evidence
    assert found.command == "layers r0run00000 --by precision"


@pytest.mark.parametrize(
    "profile",
    [
        a_profile(a_layer(time_us=96.0), a_layer("r", "Reorder", 4.0), line=True),
        a_profile(a_layer(), a_layer("r", "Reorder", None, status="optimized_out"), line=True),
        NO_COUNTERS,
    ],
)
def test_a_few_conversions_are_not(profile: Profile) -> None:
    assert "conversions" not in said(a_case(), profile)


def test_reference_kernels_are_named() -> None:
    slow = a_layer("\x1b[2Jgather", "Gather", 30.0, kernel="ref_any_i32")
    found = said(a_case(), a_profile(*GOOD.layers, slow))["reference"]
    assert "Reference kernels take 3.1 % of the layers' time (1 layer)" in found.evidence
    assert "ref_any_i32) 30.00 µs" in found.evidence
    assert found.evidence.isprintable()
    few = a_layer("gather", "Gather", 5.0, kernel="ref_any_i32")
    assert "reference" not in said(a_case(), a_profile(*GOOD.layers, few))


def test_a_reference_kernel_as_quick_as_memory_is_not_named() -> None:
    for time_us, named in ((30.0, False), (100.0, True)):
        copies = a_layer("concat", "Concat", time_us, kernel="ref_any_f32", flops=0, bytes=MEGA)  # 25 µs at 40 GB/s
        found = said(a_case(), a_profile(*GOOD.layers, copies, ceilings=CEILINGS))
        assert ("reference" in found) is named
    assert found["reference"].gain is not None
    assert found["reference"].gain.startswith("Up to 7.1 % less time")


def test_shapes_that_depend_on_values_are_named() -> None:
    open_ = a_layer("boxes", "NonMaxSuppression", 200.0, shape=("?", 4))
    found = said(a_case(), a_profile(*GOOD.layers, open_, a_layer("after", "Gather", 150.0, shape=("1..", 4))))[
        "shapes"
    ]
    assert found.evidence.startswith("From boxes (NonMaxSuppression) on")
    assert "27 %" in found.evidence
    assert "shapes" not in said(a_case())
    assert "shapes" not in said(a_case(), a_profile(*GOOD.layers, replace(open_, time_us=5.0)))


# -- whatever comes


@given(profiles())
def test_every_profile_has_an_answer(profile: Profile) -> None:
    for run in (a_case(), a_case(result={"cpu_percent": 1.0, "inferences_per_s": 0.0}), a_run(status="failed")):
        for advice in said(run, profile, capabilities=("INT8",)).values():
            assert advice.evidence.isprintable()
            assert advice.weight >= 0


@pytest.mark.parametrize("profile", [None, EMPTY, NO_COUNTERS])
def test_a_run_without_a_result_has_no_settings_to_change(profile: Profile | None) -> None:
    assert said(a_run(status="failed", error="It crashed."), profile) == {}
