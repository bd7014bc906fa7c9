"""AUTO, MULTI, HETERO and BATCH: what OpenVINO compiles is measured, layer by layer, and what is not there is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ovtui.analysis.ceilings import METHOD
from ovtui.analysis.layers import balance
from ovtui.engine.device import capi, profile
from ovtui.engine.device.counting import Counting, in_parts
from ovtui.engine.device.properties import bare, check_device, gathered_requests, within
from ovtui.engine.device.quiet import openvino
from ovtui.errors import InputError
from ovtui.records import Ceilings, Layer, Profile
from ovtui.store import open_store
from tests.conftest import Ovtui

ov = openvino()
op = ov.opset13

COMPILED = """
CPU|AUTO|AUTO:CPU|AUTO:-GPU|AUTO:CPU,-GPU|AUTO:CPU(2)|MULTI:CPU|MULTI:CPU(2)|MULTI:CPU ,CPU|HETERO:CPU|HETERO:CPU,CPU
BATCH:CPU|BATCH:CPU(4)|BATCH:AUTO|BATCH:AUTO(4)|BATCH:MULTI:CPU
"""
ABSENT = {name: name for name in ("GPU", "NPU", "GPU.1", "FOO", "cpu", "", "CPU(2)", "CPU.0")} | {
    "AUTO:GPU,CPU": "GPU",
    "HETERO:NPU,CPU": "NPU",
    "MULTI:CPU,GPU(2)": "GPU",
    "BATCH:GPU(4)": "GPU",
    "BATCH:AUTO:FOO": "FOO",
}


@pytest.mark.parametrize("device", COMPILED.strip().replace("\n", "|").split("|"))
def test_what_openvino_compiles_is_accepted(device: str, mlp: Path) -> None:
    core = capi.Core()
    core.compile(core.read(str(mlp)), device, {})  # else this is no example
    check_device(device, core.devices())


@pytest.mark.parametrize(("device", "named"), ABSENT.items())
def test_a_device_that_is_not_there_is_refused_with_those_that_are(device: str, named: str) -> None:
    with pytest.raises(InputError, match=r"OpenVINO finds CPU, XPU\.") as refused:
        check_device(device, ["CPU", "XPU"])
    assert f"no device '{named}' here" in str(refused.value)


@pytest.mark.parametrize(
    ("device", "available"),
    [("GPU", "GPU.0 GPU.1"), ("GPU.1", "GPU.0 GPU.1"), ("GPU.0", "GPU"), ("HETERO:GPU.0,CPU", "CPU GPU"),
     ("BATCH:GPU(16)", "GPU"), ("MULTI:GPU(4),CPU(2)", "CPU GPU"), ("AUTO:", "CPU")],
)  # fmt: skip
def test_a_device_has_a_number_or_is_the_only_one_of_its_kind(device: str, available: str) -> None:
    check_device(device, available.split())


@pytest.mark.parametrize(
    ("device", "said"),
    [("BATCH:CPU(0)", "CPU(0): the batch in parentheses is a whole number from 1."),
     ("MULTI:CPU(x)", "CPU(x): the number of requests in parentheses is a whole number from 1."),
     ("MULTI:CPU()", "CPU(): the number of requests in parentheses is a whole number from 1.")],
)  # fmt: skip
def test_a_number_in_parentheses_is_looked_at(device: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        check_device(device, ["CPU"])
    assert str(refused.value) == said


def test_a_virtual_device_alone_needs_to_be_told_what_it_combines(ovtui: Ovtui, mlp: Path) -> None:
    assert bare("AUTO", ["CPU"]) is bare("BATCH:CPU", ["CPU"]) is None
    refused = ovtui("run", mlp, "-d", "MULTI", "-t", "0.3")
    assert (refused.code, "MULTI needs the devices that it combines, as in MULTI:CPU." in refused.err) == (2, True)
    told = ovtui("run", mlp, "-d", "MULTI", "--property", "MULTI_DEVICE_PRIORITIES=CPU", "-t", "0.3", "--json").json
    assert told["run"]["status"] == "done"


@pytest.mark.parametrize(
    ("told", "expected"),
    [("{CPU:{ENABLE_MMAP:YES,NUM_STREAMS:2,PERF_COUNT:NO}}", "2"),
     ("{'CPU': {'NUM_STREAMS': 2, 'INFERENCE_PRECISION_HINT': <Type: 'bfloat16'>}}", "2"),
     ("{CPU:{NUM_STREAMS:2},GPU:{NUM_STREAMS:4}}", None), ("", None)],
)  # fmt: skip
def test_what_the_only_device_behind_a_virtual_one_says_of_itself(told: str, expected: str | None) -> None:
    assert within(told, "NUM_STREAMS") == expected
    if "Type" in told:
        assert within(told, "INFERENCE_PRECISION_HINT") == "<Type: 'bfloat16'>"


def test_the_batch_that_is_gathered_is_what_the_device_is_called_with() -> None:
    assert [gathered_requests(d) for d in ("BATCH:CPU(16)", "BATCH:CPU", "MULTI:CPU(2)", "CPU")] == [
        16,
        None,
        None,
        None,
    ]


def test_counters_of_several_models_are_told_apart_and_names_that_look_so_are_names() -> None:
    assert in_parts(["subgraph0: x", "subgraph10: y: z"]) == ([0, 10], ["x", "y: z"])
    assert in_parts(["subgraph0: x", "y"]) == ([0, 0], ["subgraph0: x", "y"])
    assert in_parts([]) == ([], [])


# So high, and measured so often, that nothing is measured anew and no layer raises them.
CEILINGS = Ceilings(
    device="CPU",
    machine="",
    gflops={"f32": 1e6, "bf16": 1e6, "i8": 1e6},
    gbytes=((1 << 20, 1e4),),
    measured=0.0,
    method=METHOD,
    times=100,
)


def profile_on(ovtui: Ovtui, path: Path, device: str, *options: object) -> tuple[dict[str, Any], Profile]:
    """A short run with its pass, on a machine whose ceilings are known."""
    from ovtui.engine.environment import environment
    from ovtui.engine.jobs.layer_pass import machine_of

    with open_store() as store:
        machine = machine_of(environment(capi.version()))
        known = msgspec.structs.replace(CEILINGS, machine=machine)
        store.settings.set("ceilings:CPU", known)
    run = ovtui("run", path, "-t", "0.3", "--profile", "--json", "-d", device, *options).json["run"]
    assert run["status"] == "done", run
    with open_store() as store:
        found = store.runs.profile(run["id"])
    assert found is not None, run["warnings"]
    return run, found


def times(found: Profile) -> dict[str, float | None]:
    """Of the convolutions: what takes about a microsecond is executed at one time and not at another."""
    return {layer.name: layer.time_us for layer in found.layers if layer.type == "Convolution"}


@pytest.mark.parametrize("device", ["HETERO:CPU", "MULTI:CPU(2)", "AUTO"])
def test_layers_are_timed_as_on_the_device_itself(ovtui: Ovtui, cnn: Path, device: str) -> None:
    _, own = profile_on(ovtui, cnn, "CPU")
    run, found = profile_on(ovtui, cnn, device)
    assert set(times(found)) == set(times(own))
    assert all(times(found).values())
    assert balance(found).ratio is not None
    assert "microsecond" not in balance(found).text
    assert found.ceilings is not None  # those of the device behind it: nothing was measured anew
    assert found.ceilings.gflops == CEILINGS.gflops
    assert run["spec"]["streams"] == 1
    assert run["spec"]["threads"] is not None


def test_batch_counts_inputs_of_requests_and_layers_of_the_inference_it_makes_of_them(ovtui: Ovtui, cnn: Path) -> None:
    _, own = profile_on(ovtui, cnn, "CPU")
    run, found = profile_on(ovtui, cnn, "BATCH:CPU(4)", "--mode", "throughput")
    assert run["spec"]["batch"] == 1  # of a request
    assert run["result"]["throughput_fps"]["mean"] == pytest.approx(run["result"]["inferences_per_s"])
    assert run["spec"]["requests"] % 4 == 0
    alone = {layer.name: layer.flops for layer in own.layers if layer.type == "Convolution"}
    gathered = {layer.name: layer.flops for layer in found.layers if layer.type == "Convolution"}
    assert gathered == {name: 4 * (flops or 0) for name, flops in alone.items()}
    assert all(layer.time_us for layer in found.layers if layer.type == "Convolution")


def test_fewer_requests_than_a_batch_gathers_are_told(ovtui: Ovtui, mlp: Path) -> None:
    run = ovtui("run", mlp, "-d", "BATCH:CPU(4)", "-n", "1", "--property", "AUTO_BATCH_TIMEOUT=20", "--json").json[
        "run"
    ]
    assert any("BATCH:CPU(4) waits for 4 requests" in warning for warning in run["warnings"])


class Split(Counting):
    """HETERO over two devices, where there is only one: the CPU's plugin once more, under another name."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model
        library = next((Path(ov.__file__).parent / "libs").glob("libopenvino_intel_cpu_plugin.*"))
        self._core.register_plugin(str(library), "XCPU")
        self.compile("HETERO:CPU,XCPU", {})
        self.create(1, reset=False)

    @staticmethod
    def net() -> Any:
        """Four convolutions; the two in the middle are said to be for the other device."""
        x = y = op.parameter([1, 8, 64, 64], np.float32, name="x")
        weights = np.random.default_rng(0).standard_normal((8, 8, 3, 3)).astype(np.float32)
        for number in range(4):
            held = op.constant(weights)
            y = op.convolution(y, held, [1, 1], [1, 1], [1, 1], [1, 1])
            y.set_friendly_name(f"conv{number}")
            for node in (held, y):
                node.get_rt_info()["affinity"] = "XCPU" if number in (1, 2) else "CPU"
        result = op.result(y)
        x.get_rt_info()["affinity"] = result.get_rt_info()["affinity"] = "CPU"
        return ov.Model([result], [x], "net")


def test_layers_of_a_model_that_hetero_cut_are_in_the_order_of_execution_with_their_times() -> None:
    device = Split(Split.net())
    counted = profile.count(device, 1, on_cpu=True)
    assert max(counted.parts) == 2
    layers: list[Layer] = profile._layers(device, counted, device.original(), None)
    convolutions = [layer for layer in layers if layer.type == "Convolution"]
    assert [layer.name for layer in convolutions] == ["conv0", "conv1", "conv2", "conv3"]
    assert all(layer.time_us and layer.time_us > 5 for layer in convolutions)
    assert [layer.order for layer in layers] == list(range(len(layers)))
    assert all(edge.source < layer.order for layer in layers for edge in layer.inputs)
    assert profile._has_counters(counted, layers)


def test_counters_of_other_names_are_no_counters_of_these_layers() -> None:
    device = Split(Split.net())
    counted = profile.count(device, 1, on_cpu=True)
    strange = counted._replace(names=[f"other {name}" for name in counted.names])
    layers = profile._layers(device, strange, device.original(), None)
    assert not profile._has_counters(strange, layers)
    assert all(layer.time_us is None for layer in layers)
