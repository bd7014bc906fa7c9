"""Where the time goes, on real models: layers that add up, FLOPs that agree, names traced back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest

from ovtui.analysis.ceilings import METHOD
from ovtui.analysis.fusion import origins
from ovtui.analysis.layer_groups import groups
from ovtui.analysis.layers import balance, time_text, total_range
from ovtui.analysis.transitions import transitions
from ovtui.engine.device.demo import build
from ovtui.engine.device.quiet import openvino
from ovtui.engine.events import AnyEvent, PhaseBegan
from ovtui.engine.folder import EventReader, JobFolder
from ovtui.records import Ceilings, Profile
from ovtui.store import open_store
from tests import nets
from tests.conftest import Ovtui

_ceilings: list[Ceilings] = []
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def profile_of(ovtui: Ovtui, path: Path, *options: object) -> tuple[dict[str, Any], Profile]:
    """Measure shortly, with the pass; the run and its profile."""
    if _ceilings:  # measured by the first of these tests
        with open_store() as store:
            store.settings.set("ceilings:CPU", _ceilings[0])
    run = ovtui("run", path, "-t", "0.3", "--profile", "--json", *options).json["run"]
    assert run["status"] == "done", run
    with open_store() as store:
        found = store.runs.profile(run["id"])
    assert found is not None, run["warnings"]
    if found.ceilings is not None and found.ceilings.device == "CPU":
        _ceilings[:] = [found.ceilings]
    return run, found


def test_the_layers_add_up_to_the_inference(ovtui: Ovtui) -> None:
    _, profile = profile_of(ovtui, LIGHT / "light_resnet50.onnx")
    total = sum(layer.time_us or 0 for layer in profile.layers)
    assert profile.latency_us is not None
    assert total == pytest.approx(profile.latency_us, rel=0.05)
    assert profile.inferences >= 5
    assert profile.overhead is not None
    assert profile.overhead_ci95 is not None
    assert profile.overhead_ci95[0] <= profile.overhead <= profile.overhead_ci95[1]
    assert profile.empty_us is not None
    assert 0 < profile.empty_us < profile.latency_us
    executed = [layer for layer in profile.layers if layer.status == "executed" and layer.time_us]
    assert len(executed) > 50
    assert any(layer.spread_us is not None for layer in executed)
    assert all(layer.spread_us is None or layer.spread_us > 0 for layer in executed)  # 0.00 would be no knowledge
    for layer in executed:
        assert layer.low_us is not None
        assert layer.high_us is not None
        assert 0 <= layer.low_us <= (layer.time_us or 0) <= layer.high_us
    assert any(layer.kernel for layer in executed)
    assert [layer.order for layer in profile.layers] == list(range(len(profile.layers)))


def test_the_flops_of_resnet_50_are_those_counted_by_hand(ovtui: Ovtui) -> None:
    _, profile = profile_of(ovtui, LIGHT / "light_resnet50.onnx")
    by_layers = sum(layer.flops or 0 for layer in profile.layers)
    by_operations = sum(operation.flops or 0 for operation in profile.operations)
    assert by_layers == pytest.approx(resnet_50_flops(), rel=0.02)
    assert by_layers == pytest.approx(by_operations, rel=0.02)


def resnet_50_flops() -> int:
    """Convolutions and the last product, a multiply-add as two."""
    total = 2 * 112 * 112 * 64 * 3 * 49
    width, side = 64, 56
    for stage, (blocks, depth) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            # The stride is in the 3 × 3 convolution ("version 1.5").
            out = side // stride
            total += 2 * depth * (side * side * width + out * out * (9 * depth + 4 * depth))
            if not block:
                total += 2 * out * out * width * 4 * depth
            width, side = 4 * depth, out
    return total + 2 * 2048 * 1000


def test_the_flops_of_the_demo_are_those_of_mobilenet_v2_counted_by_hand(ovtui: Ovtui, tmp_path: Path) -> None:
    path = tmp_path / "demo.xml"
    build(path)
    _, profile = profile_of(ovtui, path)
    by_hand = 112 * 112 * 32 * (2 * 3 * 9 + 2)  # products, bias and ReLU6
    side, width = 112, 32
    # Expansion, output channels, repetitions, first stride (Sandler et al. 2018, table 2).
    for t, out, repetitions, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                       (6, 160, 3, 2), (6, 320, 1, 1)):  # fmt: skip
        for repetition in range(repetitions):
            after = side // first if not repetition else side
            by_hand += side * side * t * width * (2 * width + 2) * (t > 1)
            by_hand += (
                after * after * (t * width * (2 * 9 + 2) + out * (2 * t * width + 1 + (after == side and width == out)))
            )
            side, width = after, out
    by_hand += side * side * 1280 * (2 * width + 3) + 2 * 1280 * 1000
    assert sum(layer.flops or 0 for layer in profile.layers) == pytest.approx(by_hand, rel=0.02)


def test_a_mixed_model_goes_from_precision_to_precision_along_its_edges(ovtui: Ovtui, tmp_path: Path) -> None:
    _, profile = profile_of(ovtui, nets.mixed(tmp_path / "mixed.xml"), "--precision", "f32")
    at = {layer.original[0] if layer.original else layer.name: layer for layer in profile.layers}
    computed = [layer.precision for name, layer in at.items() if layer.type == "Convolution"]
    assert [precision in ("i8", "u8") for precision in computed] == [True, False, True]
    matrix = transitions(profile)
    eight = {name for name in matrix.precisions if name in ("i8", "u8")}
    into = sum(cell.edges for (a, b), cell in matrix.cells.items() if a not in eight and b in eight)
    out_of = sum(cell.edges for (a, b), cell in matrix.cells.items() if a in eight and b not in eight)
    assert (into, out_of) == (2, 2)  # into each convolution in 8 bits, and out of it again
    assert matrix.unknown == 0


def test_a_transformer_keeps_the_names_of_its_blocks(ovtui: Ovtui, tmp_path: Path) -> None:
    _, profile = profile_of(ovtui, nets.transformer(tmp_path / "transformer.xml", layers=3))
    blocks = {group.name for group in groups(profile, "block")}
    assert {f"encoder.layer.{number}" for number in range(3)} <= blocks
    lost = [operation.name for operation, origin in zip(profile.operations, origins(profile).operations, strict=True)
            if operation.type == "MatMul" and origin.fate == "folded"]  # fmt: skip
    assert not lost
    width, length = 64, 16
    by_hand = 3 * 2 * length * (4 * width * width + 2 * 4 * width * width + 2 * length * width)
    assert sum(layer.flops or 0 for layer in profile.layers) == pytest.approx(
        by_hand, rel=0.1
    )  # and the pointwise rest


def test_flops_follow_the_batch(ovtui: Ovtui, cnn: Path) -> None:
    one = profile_of(ovtui, cnn)[1]
    four = profile_of(ovtui, cnn, "-b", "4")[1]
    flops = [sum(layer.flops or 0 for layer in profile.layers) for profile in (one, four)]
    assert flops[1] == 4 * flops[0]
    by_hand = sum(2 * 16 * depth * 9 * 32 * 32 for depth in (3, 16, 16, 16))
    assert flops[0] == pytest.approx(by_hand, rel=0.02)


def test_a_layer_knows_what_was_fused_into_it(ovtui: Ovtui, cnn: Path) -> None:
    _, profile = profile_of(ovtui, cnn)
    types = {operation.name: operation.type for operation in profile.operations}
    convolutions = [layer for layer in profile.layers if layer.type == "Convolution"]
    assert len(convolutions) == 4
    for layer in convolutions:
        assert {types[name] for name in layer.original if name in types} >= {"Convolution", "Relu"}


def test_edges_lead_from_the_input_to_the_output(ovtui: Ovtui, cnn: Path) -> None:
    _, profile = profile_of(ovtui, cnn)
    for nodes in (profile.layers, profile.operations):
        reached = {index for index, node in enumerate(nodes) if not node.inputs}
        assert len(reached) == 1
        for index, node in enumerate(nodes):
            assert all(edge.source < index for edge in node.inputs)
            if any(edge.source in reached for edge in node.inputs):
                reached.add(index)
        assert len(reached) == len(nodes)


def test_several_inputs_and_outputs_and_an_open_batch(ovtui: Ovtui, tmp_path: Path) -> None:
    ov = openvino()
    op = ov.opset13
    a, b = op.parameter([-1, 8], np.float32, name="a"), op.parameter([-1, 8], np.float32, name="b")
    weights = op.constant(np.ones((8, 8), np.float32))
    product = op.matmul(op.add(a, b), weights, False, False)
    path = tmp_path / "two.xml"
    ov.save_model(ov.Model([op.relu(product), op.tanh(product)], [a, b], "two"), path)
    _, profile = profile_of(ovtui, path, "-b", "2")
    ends = [layer for layer in profile.layers if layer.type == "Output"]
    begins = [layer for layer in profile.layers if layer.type == "Input"]
    assert (len(begins), len(ends)) == (2, 2)
    assert begins[0].outputs[0].shape == (2, 8)


def test_the_way_of_asking_and_the_streams_are_those_of_the_run(ovtui: Ovtui, cnn: Path) -> None:
    run, profile = profile_of(ovtui, cnn, "--mode", "manual", "--streams", "2", "--requests", "4", "--api", "async")
    assert run["spec"]["streams"] == 2
    assert (profile.streams, profile.requests) == (2, 4)


def test_ceilings_are_measured_once_and_kept(ovtui: Ovtui, cnn: Path) -> None:
    _ceilings.clear()
    first = profile_of(ovtui, cnn)[1].ceilings
    second = profile_of(ovtui, cnn)[1].ceilings
    assert first is not None
    assert first == second
    assert first.gflops["f32"] > 1
    assert all(rate > 0.5 for _, rate in (*first.gbytes, *first.reads))
    assert [size for size, _ in first.gbytes] == [size for size, _ in first.reads]
    assert (first.method, first.times) == (METHOD, 1)
    assert ovtui("doctor", "--json").json["ceilings"]["CPU"]["gflops"] == first.gflops


def test_a_device_without_counters_says_so(ovtui: Ovtui, cnn: Path) -> None:
    """AUTO gives the graph of the device beneath it, or nothing: either way there is a profile or a reason."""
    run = ovtui("run", cnn, "-t", "0.3", "--profile", "--json", "-d", "AUTO").json["run"]
    assert run["status"] == "done"
    with open_store() as store:
        profile = store.runs.profile(run["id"])
    if profile is None:
        assert any("layers" in warning for warning in run["warnings"])
    else:
        assert any(layer.time_us for layer in profile.layers) or profile.notes


def test_a_pass_that_dies_leaves_the_measurement(ovtui: Ovtui, cnn: Path) -> None:
    run, profile = interrupted_pass(ovtui, cnn, lambda job: job.children()[0].kill())
    assert run["status"] == "done"
    assert run["result"]["inferences"] > 10
    # On a busy machine it may have been the next process that was hit, which looks for the ceilings.
    unknown = any("layers are unknown" in warning and "killed" in warning for warning in run["warnings"])
    assert unknown or (profile is not None and profile.ceilings is None), run["warnings"]


def test_cancelling_the_pass_leaves_the_measurement(ovtui: Ovtui, cnn: Path) -> None:
    run, profile = interrupted_pass(ovtui, cnn, lambda job: job.terminate())
    assert run["status"] == "done"
    assert profile is None
    assert any("not looked at" in warning for warning in run["warnings"])


def test_a_job_killed_in_its_pass_keeps_what_it_measured(ovtui: Ovtui, cnn: Path) -> None:
    run, _ = interrupted_pass(ovtui, cnn, lambda job: job.kill())
    assert run["status"] == "interrupted"
    assert run["result"]["inferences"] > 10


def interrupted_pass(
    ovtui: Ovtui, path: Path, interrupt: Callable[[psutil.Process], None]
) -> tuple[dict[str, Any], Profile | None]:
    """A run to whose job something happens while it looks at the layers; what became of it."""
    run_id = ovtui("run", path, "-t", "0.5", "--profile", "--detach", "--json").json["run"]["id"]
    reader = EventReader(JobFolder(run_id))
    events: list[AnyEvent] = []
    deadline = time.monotonic() + 60
    while not any(isinstance(event, PhaseBegan) and event.phase.name == "profiling" for event in events):
        assert time.monotonic() < deadline
        events += reader.read()
        time.sleep(0.02)
    with open_store() as store:
        row = store.jobs.get(run_id)
    assert row is not None
    assert row.pid is not None
    interrupt(psutil.Process(row.pid))
    ovtui("attach", run_id, "-q")
    run = next(run for run in ovtui("history", "--json").json["runs"] if run["id"] == run_id)
    with open_store() as store:
        return run, store.runs.profile(run_id)


def test_a_run_without_the_pass_has_no_profile(ovtui: Ovtui, cnn: Path) -> None:
    run = ovtui("run", cnn, "-t", "0.3", "--no-profile", "--json").json["run"]
    with open_store() as store:
        assert store.runs.profile(run["id"]) is None


def test_the_counters_never_touch_the_run_itself(ovtui: Ovtui, cnn: Path) -> None:
    run, _ = profile_of(ovtui, cnn)
    assert "PERF_COUNT" not in json.dumps(run["spec"])


def test_hostile_names_and_names_twice(ovtui: Ovtui, tmp_path: Path) -> None:
    ov = openvino()
    op = ov.opset13
    x = op.parameter([1, 64], np.float32, name="x")
    y = x
    for name in ("\x1b[31mred", "[bold]b[/]", "n" * 4000, "twice", "twice", "層" * 40, "a,b"):
        y = op.matmul(y, op.constant(np.ones((64, 64), np.float32)), False, False)
        y.set_friendly_name(name)
        y = op.softmax(y, 1)
    path = tmp_path / "hostile.xml"
    ov.save_model(ov.Model([y], [x], "hostile"), path)
    _, profile = profile_of(ovtui, path)
    assert sum(layer.type == "FullyConnected" for layer in profile.layers) == 7
    assert all(layer.flops for layer in profile.layers if layer.type == "FullyConnected")


def test_each_layer_has_the_arithmetic_of_its_own_operation(ovtui: Ovtui, tmp_path: Path) -> None:
    ov = openvino()
    op = ov.opset13
    x = op.parameter([1, 64], np.float32, name="x")
    y = x
    for width in (64, 32):
        y = op.matmul(y, op.constant(np.ones((64, width), np.float32)), False, False)
        y.set_friendly_name("dup")
        y = op.softmax(y, 1)
    path = tmp_path / "dup.xml"
    ov.save_model(ov.Model([y], [x], "dup"), path)
    _, profile = profile_of(ovtui, path)
    products = [layer for layer in profile.layers if layer.type == "FullyConnected"]
    assert [layer.flops for layer in products] == [2 * 64 * 64, 2 * 64 * 32]
    executed = [
        [profile.layers[place] for place in origin.layers]
        for operation, origin in zip(profile.operations, origins(profile).operations, strict=True)
        if operation.name == "dup"
    ]
    assert executed == [[layer] for layer in products]


def test_layers_too_short_to_be_timed_are_told_from_a_device_without_counters(ovtui: Ovtui, tmp_path: Path) -> None:
    ov = openvino()
    x = ov.opset13.parameter([], np.float32, name="x")
    path = tmp_path / "scalar.xml"
    ov.save_model(ov.Model([ov.opset13.add(x, ov.opset13.constant(np.float32(1)))], [x], "scalar"), path)
    _, profile = profile_of(ovtui, path)
    assert profile.counters
    assert profile.notes == ()
    assert "gives no times" not in balance(profile).text


def test_a_long_chain_is_kept_small(ovtui: Ovtui, tmp_path: Path) -> None:
    """5,000 layers in at most 400 kB of the store."""
    path = nets.chain(tmp_path / "chain.xml", layers=5000)
    _, profile = profile_of(ovtui, path)
    assert len(profile.layers) >= 5000
    with open_store() as store:
        (row,) = store.database.rows("SELECT length(data) AS size FROM profiles")
    assert row["size"] <= 400_000


def test_the_graph_of_a_model_is_there_before_it_is_measured(ovtui: Ovtui, cnn: Path) -> None:
    model = ovtui("import", cnn, "--json").json["model"]
    with open_store() as store:
        graph = store.models.graph(model["id"])
    assert graph is not None
    assert [operation.type for operation in graph.operations].count("Convolution") == 4
    assert sum(operation.flops or 0 for operation in graph.operations) == model["flops"]


def test_the_shortest_layers_have_a_range_and_their_sum_fits_the_inference(ovtui: Ovtui, tmp_path: Path) -> None:
    """Convolutions of about a microsecond in a row."""
    ov = openvino()
    op, numbers = ov.opset13, np.random.default_rng(0)
    x = op.parameter([1, 16, 4, 4], np.float32, name="x")
    y = x
    for _ in range(20):
        weights = op.constant(numbers.standard_normal((16, 16, 3, 3)).astype(np.float32) * 0.1)
        y = op.relu(op.convolution(y, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    path = tmp_path / "short.xml"
    ov.save_model(ov.Model([y], [x], "short"), path)
    _, profile = profile_of(ovtui, path, "--precision", "f32")
    convolutions = [layer for layer in profile.layers if layer.type == "Convolution"]
    assert len(convolutions) == 20
    bounds = [(layer.low_us, layer.high_us) for layer in convolutions]
    assert all(low is not None and high is not None and high - low < 3 for low, high in bounds)
    total = total_range(profile)
    assert total is not None
    assert profile.latency_us is not None
    assert total[0] < profile.latency_us
    assert all(time_text(layer) is not None for layer in convolutions)
