"""The pass with counters, on a device whose times are known: its clock moves only while it infers."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ovtui.engine.device import counting

TRUE_US = np.array([0.3, 1.05, 1.9, 2.5, 50.0])


class Scripted:
    """A CPU: for each layer the sum of its executions in whole µs over their number, whole again."""

    def __init__(self, layers_us: Any = TRUE_US, *, cost: float = 0.0, noise: float = 0.0, room: bool = True) -> None:
        self._numbers = np.random.default_rng(5)
        self._layers_us, self._cost, self._noise, self._room = layers_us, cost, noise, room
        self._sums = np.floor(30 * layers_us)  # the first inference, which was slow
        self._count = 1
        self.now = 0.0
        self.inferences = {"counted": 0, "uncounted": 0}
        self.opened = False

    def _infer(self, kind: str, layers_us: Any, factor: float) -> list[float]:
        latency = (layers_us.sum() + 5.0) * factor * self._numbers.lognormal(0, self._noise)
        self.inferences[kind] += 1
        self.now += latency / 1e6
        return [latency]

    def together(self, count: int) -> list[float]:
        self._sums += np.floor(self._layers_us)
        self._count += 1
        return self._infer("counted", self._layers_us, 1 + self._cost)

    def uncounted(self, count: int) -> list[float]:
        return self._infer("uncounted", self._layers_us, 1.0)

    def open_uncounted(self, count: int) -> bool:
        self.opened = self._room
        return self._room

    def counters(self, request: int) -> list[Any]:
        told = self._sums // self._count
        return [
            SimpleNamespace(
                node_name=f"layer{place}",
                real_time=timedelta(microseconds=float(time)),
                status=SimpleNamespace(name="EXECUTED" if time else "NOT_RUN"),
            )
            for place, time in enumerate(told)
        ]


def counted(device: Scripted, monkeypatch: pytest.MonkeyPatch) -> counting.Counted:
    monkeypatch.setattr(counting, "time", SimpleNamespace(monotonic=lambda: device.now))
    return counting.count(device, 1, on_cpu=True)


def test_what_counting_costs_and_how_long_layers_take_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Scripted(cost=0.1, noise=0.05)
    found = counted(device, monkeypatch)
    assert found.cost is not None
    assert found.cost.mean == pytest.approx(0.1, abs=0.02)
    assert found.cost.ci95[0] < 0.1 < found.cost.ci95[1]
    assert found.cost.ci95[0] > 0
    assert found.statuses == ["not_run", *["executed"] * 4]
    times = found.times
    assert np.all((times.low_us <= TRUE_US) & (times.high_us >= TRUE_US))
    assert np.all(times.high_us - times.low_us < 2.5)
    assert times.high_us[0] < 2
    # Both took turns, for about as long.
    assert device.inferences["uncounted"] == pytest.approx(device.inferences["counted"], rel=0.2)
    assert device.now < 4.0


def test_a_pass_of_a_model_of_forty_seconds_has_no_second_model_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Scripted(np.array([40e6]))
    found = counted(device, monkeypatch)
    assert (found.cost, device.opened, device.inferences["uncounted"]) == (None, False, 0)
    assert device.inferences["counted"] <= 5
    assert found.times.low_us[0] <= 40e6 <= found.times.high_us[0]


@pytest.mark.parametrize("layer_s", [0.05, 0.3, 0.6, 3.0])
def test_the_time_of_a_pass_is_bounded(layer_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Scripted(np.array([layer_s * 1e6]))
    counted(device, monkeypatch)
    assert device.now < 26.0


def test_without_room_for_a_second_model_nothing_is_said_of_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    found = counted(Scripted(cost=0.3, room=False), monkeypatch)
    assert found.cost is None
    assert found.times.mean_us[4] == pytest.approx(50.0, abs=1.5)
