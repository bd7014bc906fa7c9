"""Which earlier runs stand for a setting."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from ovtui.analysis.exploration.reuse import why_not
from ovtui.records import Data, Estimate, Images, Model, Run, Setting, Spec
from tests.store.samples import NOW, a_model, a_result, a_run, an_effective, an_environment

MODEL = a_model()
SPEC = Spec(model=MODEL.id, seed=7)
SETTING = Setting(batch=4, streams=2)  # as `an_effective` has it


def earlier(model: Model = MODEL, **spec: Any) -> Run:
    asked = Spec(model=model.id, mode="manual", batch=4, streams=2)
    return a_run(
        model=model,
        status="done",
        spec=structs.replace(asked, **spec),
        effective=an_effective(),
        environment=an_environment(),
        result=a_result(),
        finished=NOW,
    )


def reason(run: Run, setting: Setting = SETTING, **other: Any) -> str | None:
    given = {"model": MODEL, "spec": SPEC, "environment": an_environment(), "now": NOW + 86_400}
    return why_not(run, setting, **(given | other))


def test_the_same_measurement_stands() -> None:
    assert reason(earlier()) is None


def test_seed_label_and_profile_do_not_matter() -> None:
    assert reason(structs.replace(earlier(seed=3, profile=False), label="mine")) is None


def test_another_import_of_the_same_file_stands() -> None:
    again = structs.replace(a_model("m1again0000"), sha256=MODEL.sha256)
    assert reason(earlier(again)) is None


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"device": "GPU"}, "another device"),
        ({"api": "async"}, "another way of making requests"),
        ({"precision": "bf16"}, "another precision"),
        ({"properties": {"KEY": "1"}}, "other properties"),
        ({"data": (Data(path="/x"),)}, "other input data"),
        ({"images": Images(channels="rgb")}, "other image settings"),
        ({"shapes": {"input": (1, 3, 32, 32)}}, "other shapes"),
        ({"mode": "server", "rate": 5.0}, "at random"),
        ({"threads": 2}, "threads were chosen in another way"),
        ({"mode": "throughput"}, "threads were chosen in another way"),
        ({"requests": 2}, "requests were chosen in another way"),
    ],
)
def test_another_spec_does_not(spec: dict[str, Any], says: str) -> None:
    said = reason(earlier(**spec))
    assert said is not None and says in said and said.endswith(".")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (Setting(batch=8, streams=2), "with batch 4"),
        (Setting(batch=4, streams=1), "with 2 streams"),
        (Setting(batch=4, streams=2, threads=1), "with 2 threads"),
        (Setting(batch=4, streams=2, requests=4), "with 2 requests"),
    ],
)
def test_another_setting_does_not(setting: Setting, says: str) -> None:
    said = reason(earlier(), setting)
    assert said is not None and says in said


def test_what_was_asked_for_by_hand_stands_for_a_setting_that_asks_for_it() -> None:
    wanted = Setting(batch=4, streams=2, threads=2, requests=2)
    assert reason(earlier(threads=2, requests=2), wanted) is None
    assert reason(earlier(mode="throughput"), wanted) is None


def test_what_the_device_chose_here_may_have_been_asked_for_there() -> None:
    by_hand = earlier(threads=2)
    assert reason(by_hand, known=an_effective()) is None
    assert reason(by_hand, known=structs.replace(an_effective(), threads=1)) is not None
    assert reason(by_hand, known=structs.replace(an_effective(), streams=1)) is not None


def test_a_device_that_does_not_tell_its_streams_has_those_asked_for() -> None:
    silent = structs.replace(earlier(), effective=structs.replace(an_effective(), streams=None))
    assert reason(silent) is None
    said = reason(silent, Setting(batch=4, streams=1))
    assert said is not None and "2 streams" in said


def test_shapes_are_the_same_but_for_the_batch() -> None:
    asked = earlier(shapes={"input": (4, 3, 224, 224)})
    known = structs.replace(an_effective(), batch=1, shapes={"input": (1, 3, 224, 224)})
    larger = structs.replace(known, shapes={"input": (1, 3, 256, 256)})
    turned = structs.replace(known, layouts={"input": "NHWC"})
    assert reason(asked, known=known) is None
    assert reason(asked, known=larger) == reason(asked, known=turned) == "It was measured with other shapes."
    unnamed = structs.replace(known, layouts={})
    bare = structs.replace(asked, effective=structs.replace(an_effective(), layouts={}))
    assert reason(bare, known=unnamed) == "It was measured with other shapes."


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"host": "rack\x1b[2J"}, "another machine: edge, not rack\\x1b[2J"),
        ({"cpu": "B"}, "another processor"),
        ({"cores": 8}, "another number of usable cores: 2, not 8"),
        ({"cpu_quota": 1.5}, "another number of usable cores: 2, not 1.5"),
        ({"openvino": "2027.0"}, "another version of OpenVINO"),
        ({"governor": "powersave"}, "another governor: unknown, not powersave"),
    ],
)
def test_another_machine_does_not(environment: dict[str, Any], says: str) -> None:
    said = reason(earlier(), environment=structs.replace(an_environment(), **environment))
    assert said is not None and says in said


def test_another_ovtui_or_kernel_does_not_matter() -> None:
    assert reason(earlier(), environment=structs.replace(an_environment(), ovtui="9", kernel="9")) is None


def test_another_file_does_not() -> None:
    assert reason(earlier(a_model("m1other0000"))) == "It was measured with another file."


@pytest.mark.parametrize("interval", [None, (94.0, 106.0)])
def test_a_doubtful_throughput_does_not(interval: tuple[float, float] | None) -> None:
    estimate = Estimate(mean=100.0, ci95=interval, converged=False)
    said = reason(structs.replace(earlier(), result=structs.replace(a_result(), throughput_fps=estimate)))
    assert said is not None and "only known to ±" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"status": "failed"}, "It was failed."),
        ({"status": "cancelled"}, "It was cancelled."),
        ({"result": None}, "It has no result."),
    ],
)
def test_what_is_not_done_does_not(change: dict[str, Any], says: str) -> None:
    assert reason(structs.replace(earlier(), **change)) == says


def test_an_old_one_does_not() -> None:
    assert reason(earlier(), now=NOW + 30 * 86_400) is None
    assert reason(earlier(), now=NOW + 31 * 86_400) == "It is 31 days old; at most 30 are taken."
