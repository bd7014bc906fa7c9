"""What makes two runs measurements of the same: everything but chance."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovtui.analysis.measurement_key import measurement_key, series_key
from ovtui.records import Data, Images, Run, Stop
from tests.store.samples import a_model, a_run, an_effective, an_environment

RUN = msgspec.structs.replace(a_run(status="done"), effective=an_effective(), environment=an_environment())


def but(**changes: Any) -> Run:
    return msgspec.structs.replace(RUN, **changes)


def asked(**settings: Any) -> Run:
    return but(spec=msgspec.structs.replace(RUN.spec, **settings))


OTHER_SETTINGS: dict[str, Any] = {
    "device": "GPU", "mode": "manual", "api": "async", "streams": 7, "threads": 3, "requests": 5,
    "layouts": {"image": "NHWC"}, "data": (Data(path="/x.npy"),), "images": Images(scale=(255.0,)),
    "precision": "bf16", "properties": {"A": "1"},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OTHER_SETTINGS))
def test_other_settings_are_another_series_and_another_measurement(name: str) -> None:
    other = asked(**{name: OTHER_SETTINGS[name]})
    assert series_key(other) != series_key(RUN)
    assert measurement_key(other) != measurement_key(RUN)


@pytest.mark.parametrize(
    "other",
    [
        asked(stop=Stop(kind="seconds", seconds=3)),
        asked(seed=9),
        asked(profile=False),
        asked(rate=5.0, queue=3),  # which says nothing outside of server mode
        but(label="another", id="another001", created=1.0),
        asked(batch=RUN.effective.batch if RUN.effective else None),  # as was measured anyway
    ],
)
def test_what_says_only_how_long_or_in_what_name_changes_nothing(other: Run) -> None:
    assert (series_key(other), measurement_key(other)) == (series_key(RUN), measurement_key(RUN))


def test_servers_are_told_apart_by_rate_and_queue() -> None:
    one = asked(mode="server", rate=10.0)
    for other in (asked(mode="server", rate=20.0), asked(mode="server", rate=10.0, queue=5)):
        assert series_key(other) != series_key(one)


@pytest.mark.parametrize(
    "changes",
    [
        {"effective": msgspec.structs.replace(an_effective(), streams=9)},
        {"effective": msgspec.structs.replace(an_effective(), threads=9)},
        {"effective": msgspec.structs.replace(an_effective(), precision="i8")},
        {"environment": msgspec.structs.replace(an_environment(), openvino="2030.1")},
        {"environment": msgspec.structs.replace(an_environment(), cores=99)},
        {"environment": msgspec.structs.replace(an_environment(), kernel="9.9")},
        {"model": msgspec.structs.replace(a_model(), sha256="f" * 64)},
    ],
)
def test_what_it_came_to_is_another_measurement_of_the_same_series(changes: dict[str, Any]) -> None:
    other = but(**changes)
    assert series_key(other) == series_key(RUN)
    assert measurement_key(other) != measurement_key(RUN)
