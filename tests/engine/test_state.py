"""Models that keep state between inferences: reset before each unless asked otherwise, however requests are made."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ovtui.engine import ring
from ovtui.engine.device import loops
from ovtui.engine.device.counting import Counting
from ovtui.engine.device.measure import Session, session
from ovtui.engine.device.native import Native
from ovtui.engine.device.queue import Queue
from ovtui.engine.device.read import inspected
from tests import nets
from tests.conftest import Ovtui

APIS = ["threads", "async", "python"]
REQUESTS = 2


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nets.counter(tmp_path_factory.mktemp("state") / "counter.xml")


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nets.language_model(tmp_path_factory.mktemp("state") / "lm.xml")


def totals(device: Session) -> list[float]:
    """What each request has added up by its last inference."""
    outputs: list[npt.NDArray[np.float32]]
    if isinstance(device, Native):
        outputs = [request.output(0, np.float32) for request in device.requests]
    else:
        assert isinstance(device, Queue)
        outputs = [device._queue[request].get_output_tensor(0).data for request in range(REQUESTS)]
    return [float(values.reshape(-1)[0]) for values in outputs]


def loaded(api: str, path: Path, *, reset: bool) -> Session:
    device = session(api)
    device.read(str(path), ())
    device.compile("CPU", {})
    device.create(REQUESTS, reset=reset)
    for request in range(REQUESTS):
        device.fill(request, 0, np.ones((1, 4), np.float32))
    device.infer(0)  # as the trial before a measurement, which leaves something in the state
    return device


def looped(device: Session, api: str, *, open_loop: bool = False, least: int = 30) -> list[int]:
    """Let the loops run until each request has inferred so often; how often that was."""
    shared = ring.Ring(ring.create())
    lanes = shared.open_lanes(REQUESTS)
    stop = shared.stop_word

    def watch() -> None:
        while min(lane.position[0] for lane in lanes) < 2 * least:
            time.sleep(0.001)
        stop[0] = 1

    watching = threading.Thread(target=watch)
    watching.start()
    if open_loop:
        line = loops.Line(loops.arrivals(5000, 0, time.perf_counter_ns()), 1000, shared)
        error = device.open_loop(api, line, lanes, stop)
    else:
        error = device.closed(api, lanes, stop)
    watching.join()
    assert error is None
    return [lane.position[0] // 2 for lane in lanes]


@pytest.mark.parametrize("open_loop", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("api", APIS)
def test_each_inference_begins_with_the_initial_state(api: str, counter: Path, *, open_loop: bool) -> None:
    device = loaded(api, counter, reset=True)
    for _ in range(2):  # turns
        looped(device, api, open_loop=open_loop)
        assert totals(device) == [1.0] * REQUESTS


@pytest.mark.parametrize("open_loop", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("api", APIS)
def test_a_state_that_is_kept_goes_on(api: str, counter: Path, *, open_loop: bool) -> None:
    device = loaded(api, counter, reset=False)
    counts = looped(device, api, open_loop=open_loop)
    assert totals(device) == [counts[0] + 1, counts[1]]


def test_the_pass_for_layers_resets_too(counter: Path) -> None:
    device = Counting()
    device.read(str(counter), ())
    device.compile("CPU", {})
    device.create(REQUESTS, reset=True)
    for request in range(REQUESTS):
        device.fill(request, 0, np.ones((1, 4), np.float32))
    for _ in range(3):
        device.together(REQUESTS)
        assert totals(device) == [1.0] * REQUESTS


def test_state_and_what_orders_it_are_found_by_structure(language_model: Path, counter: Path) -> None:
    facts, _ = inspected(language_model)
    assert facts["states"] == 1
    assert [port.name for port in facts["inputs"] if port.orders_state] == ["beam_idx"]
    assert facts["inputs"][3].layout == "N"
    assert inspected(counter)[0]["states"] == 1


@pytest.mark.parametrize(
    ("axis", "shape", "found"), [(0, [-1, -1, 4], True), (-3, [1, -1, 4], True), (1, [-1, -1, 4], True),
                                 (2, [-1, -1, 4], False), (-1, [1, 2, 4], False)],
)  # fmt: skip
def test_it_is_the_batch_of_the_state_that_is_indexed(
    tmp_path: Path, axis: int, shape: list[int], *, found: bool
) -> None:
    ov, op = nets.ov, nets.op
    x, places = nets._parameter([1, 2, 4], np.float32, "x"), nets._parameter([-1], np.int64, "places")
    state = op.read_value(x, "state", np.float32, shape)
    chosen = op.gather(state, op.convert(places, "i32"), op.constant(np.int64(axis)))
    path = tmp_path / "net.xml"
    ov.save_model(ov.Model([op.result(chosen)], [op.assign(state, "state")], [x, places], "net"), path)
    assert inspected(path)[0]["inputs"][1].orders_state is found


def test_what_only_has_the_name_orders_nothing(tmp_path: Path) -> None:
    ov, op = nets.ov, nets.op
    ids = op.parameter([1], np.int32, name="beam_idx")
    ids.output(0).set_names({"beam_idx"})
    table = op.constant(np.zeros((7, 3), np.float32))
    path = tmp_path / "names.xml"
    ov.save_model(ov.Model([op.gather(table, ids, op.constant(np.int64(0)))], [ids], "names"), path)
    facts, _ = inspected(path)
    assert (facts["states"], facts["inputs"][0].orders_state, facts["inputs"][0].index_limit) == (0, False, 7)


@pytest.mark.parametrize("api", APIS)
def test_a_language_model_is_measured_whatever_its_length(ovtui: Ovtui, language_model: Path, api: str) -> None:
    run = ovtui("run", language_model, "--api", api, "-n", 50, "-b", 3, "--json").json["run"]
    assert run["status"] == "done"
    assert run["result"]["inferences"] >= 50
    assert run["spec"]["state"] == "reset"
    assert run["spec"]["keep_state"] is False
    assert run["spec"]["shapes"] == {
        "input_ids": [3, 128], "attention_mask": [3, 128], "position_ids": [3, 128], "beam_idx": [3],
    }  # fmt: skip
    assert run["spec"]["inputs"]["beam_idx"].startswith("0–2")


def test_a_kept_state_is_said_and_shown(ovtui: Ovtui, counter: Path) -> None:
    done = ovtui("run", counter, "-n", 100, "--keep-state", "--json")
    run = done.json["run"]
    assert (run["spec"]["state"], run["spec"]["keep_state"]) == ("kept", True)
    assert any("state is kept" in warning for warning in run["warnings"])
    assert "state      reset before each inference" in ovtui("run", counter, "-n", 100).out


def test_a_cache_that_a_wrong_state_breaks_says_so(ovtui: Ovtui, language_model: Path) -> None:
    failed = ovtui("run", language_model, "-n", 50, "--keep-state")
    assert failed.code == 1
    assert "state" in failed.err


def test_a_model_imported_before_states_were_read_is_read_again(ovtui: Ovtui, language_model: Path) -> None:
    import msgspec

    from ovtui.store import open_store

    model = ovtui("import", language_model, "--json").json["model"]
    with open_store() as store:
        old = store.models.get(model["id"])
        assert old is not None
        inputs = tuple(msgspec.structs.replace(port, orders_state=False) for port in old.inputs)
        store.models.save(msgspec.structs.replace(old, states=None, inputs=inputs))
    again = ovtui("import", language_model, "--json").json["model"]
    assert (again["id"], again["states"]) == (model["id"], 1)
    assert [port["orders_state"] for port in again["inputs"]] == [False, False, False, True]
