"""What was not the same when two runs were measured."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.comparison.confounders import differences, models, spec_differences
from ovtui.records import Data, Images, Run, Spec, Stop
from tests.store.samples import a_model, a_result, a_run, an_effective, an_environment


def done(environment: dict[str, Any] | None = None, effective: dict[str, Any] | None = None, **other: Any) -> Run:
    run = a_run(
        status="done",
        result=a_result(),
        effective=msgspec.structs.replace(an_effective(), **(effective or {})),
        environment=msgspec.structs.replace(an_environment(), **(environment or {})),
    )
    return msgspec.structs.replace(run, **other)


def test_what_differed_is_said_in_sentences() -> None:
    assert differences(done(), done({"openvino": "2025.1.0", "governor": "powersave"})) == [
        "Different OpenVINO: 2026.4.0 and 2025.1.0.",
        "Different governor: unknown and powersave.",
    ]
    assert differences(done(), done()) == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("host", "bench", "Different machine: edge and bench."),
        ("cpu", "Another", "Different processor: A processor and Another."),
        ("kernel", "6.2", "Different kernel: 6.1 and 6.2."),
        ("cores", 1, "Different usable cores: 2 and 1."),
        ("cpu_quota", 0.5, "Different usable cores: 2 and 0.5."),
        ("ovtui", "0.2", "Different ovtui: 0.1.0 and 0.2."),
        ("virtual", None, "Different hypervisor: kvm and unknown."),
        ("memory_mb", 16_000.0, "Different memory: 7,900 MB and 16,000 MB."),
    ],
)
def test_every_lasting_property_of_the_machine_is_compared(name: str, value: object, text: str) -> None:
    assert differences(done(), done({name: value})) == [text]


@pytest.mark.parametrize(
    "other", [{"temperature_c": 80.0}, {"load_1m": 3.0}, {"frequency_mhz": 800.0}, {"memory_mb": 7_890.0}]
)
def test_what_changes_from_moment_to_moment_is_not(other: dict[str, Any]) -> None:
    assert differences(done(), done(other)) == []


def test_another_driver_is_said() -> None:
    spec = msgspec.structs.replace(a_run().spec, device="AUTO")
    a = done(spec=spec)
    b = done(effective={"device_name": "A card", "execution_devices": ("GPU.0",)}, spec=spec)
    assert differences(a, b) == [
        "Different device: A processor and A card.",
        "Different execution devices: CPU and GPU.0.",
    ]
    assert differences(done(), b) == []  # another device was asked for, which the specs say
    moved = done({"cpu": "Another"}, {"device_name": "Another"})
    assert differences(done(), moved) == ["Different processor: A processor and Another."]


def test_an_unknown_machine_is_said() -> None:
    unknown = done(environment=None)
    unknown = msgspec.structs.replace(unknown, environment=None)
    assert differences(unknown, unknown) == []
    assert differences(unknown, done()) == ["Nothing is known of the machine on which A was measured."]
    assert differences(done(), unknown) == ["Nothing is known of the machine on which B was measured."]


def test_names_of_machines_are_made_safe() -> None:
    (said,) = differences(done(), done({"host": "\x1b[2J" + "x" * 4000}))
    assert "\x1b" not in said
    assert len(said) < 120


def test_how_models_are_related_is_said() -> None:
    parent = a_model("m1")
    version, other = a_model("m2", parent="m1", family="m1"), a_model("m3", parent="m1", family="m1")
    assert models(parent, parent) is None
    assert models(parent, version) == "B is a version of A's model."
    assert models(version, parent) == "A is a version of B's model."
    assert models(version, other) == "Both are versions of one model."
    assert models(parent, a_model("m4", name="\x1b[2J")) == "These are different models: net-m1 and \\x1b[2J."


def test_specs_that_differ_are_told_setting_by_setting() -> None:
    a = Spec(model="m", shapes={"x": (1, 3)}, properties={"NUM_STREAMS": "1", "SAME": "1"})
    b = Spec(
        model="m", mode="manual", streams=4, batch=8, shapes={"x": (8, 3)}, layouts={"x": "NC"},
        properties={"SAME": "1"}, stop=Stop(kind="iterations", iterations=100), data=(Data(path="a.npy", input="x"),),
        images=Images(mean=(1.0, 2.5), channels="bgr"),
    )  # fmt: skip
    assert spec_differences(a, b) == [
        "Mode: latency and manual.",
        "Batch: not set and 8.",
        "Streams: not set and 4.",
        "Stop: until ±1.0 %, 5–60 s and 100 inferences.",
        "Inputs: not set and x=a.npy.",
        "Images: not set and mean 1 2.5, channels bgr.",
        "Shape of x: [1,3] and [8,3].",
        "Layout of x: not set and NC.",
        "Property NUM_STREAMS: 1 and not set.",
    ]


def test_a_queue_counts_only_where_arrivals_wait() -> None:
    a, b = Spec(model="m"), Spec(model="m", queue=5)
    assert spec_differences(a, b) == []
    served = msgspec.structs.replace(a, mode="server"), msgspec.structs.replace(b, mode="server")
    assert spec_differences(*served) == ["Arrivals that may wait: 1000 and 5."]


@given(
    st.lists(
        st.builds(
            Spec,
            model=st.just("m"),
            mode=st.sampled_from(["latency", "server"]),
            streams=st.sampled_from([None, 1, 2]),
            seed=st.integers(0, 1),
            properties=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
            profile=st.booleans(),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_no_difference_is_said_of_equal_specs_and_some_of_others(specs: list[Spec]) -> None:
    a, b = (msgspec.structs.replace(spec, profile=True) for spec in specs)
    assert bool(spec_differences(*specs)) == (a != b)
    assert len(spec_differences(*specs)) == len(spec_differences(*reversed(specs)))
