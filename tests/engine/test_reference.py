"""The engine computes what the models' makers computed: the nine real topologies of the onnx package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.runner import Runner

from ovtui.engine.device.native import Native
from tests.conftest import Ovtui

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
MODELS = sorted(LIGHT.glob("light_*.onnx"))


def test_all_nine_are_there() -> None:
    assert len(MODELS) == 9


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_output_agrees_with_the_reference(path: Path, tmp_path: Path) -> None:
    model = onnx.load(path, load_external_data=False)
    reference = onnx.TensorProto()
    reference.ParseFromString(path.with_name(f"{path.stem}_output_0.pb").read_bytes())
    expected = numpy_helper.to_array(reference)

    engine = _engine(path, model)
    found = engine.requests[0].output(0, expected.dtype)
    assert found.shape == expected.shape
    if path.stem == "light_squeezenet":
        # Its constant weights make a thousand equal logits of 9.5e9, whose last digit depends on the kernel that made
        # them (the widest vectors leave a remainder of eight channels to another one); softmax makes 1/8 or 0 of that.
        # So the logits are compared: what the reference says of them, and to the precision of a float.
        engine = _engine(_without_softmax(model, tmp_path), model)
        logits = engine.requests[0].output(0, expected.dtype)
        assert np.allclose(expected, expected.flat[0])
        assert np.ptp(logits) <= 1e-6 * np.abs(logits).max()
        return
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_each_is_imported_and_measured(ovtui: Ovtui, path: Path) -> None:
    run = ovtui("run", path, "-n", "3", "--json").json["run"]
    assert run["status"] == "done"
    assert run["model"]["format"] == "onnx"
    assert run["model"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert run["result"]["inferences"] == 3
    assert run["result"]["throughput_fps"]["mean"] > 0
    (model,) = ovtui("models", "--json").json["models"]
    assert model["flops"] > 1e8
    assert model["parameters"] > 1e5


def _without_softmax(model: onnx.ModelProto, folder: Path) -> Path:
    last = model.graph.node[-1]
    assert last.op_type == "Softmax"
    (output,) = model.graph.output
    output.name = last.input[0]
    model.graph.node.remove(last)
    onnx.save(model, folder / "logits.onnx")
    return folder / "logits.onnx"


def _engine(path: Path, model: onnx.ModelProto) -> Native:
    """The model after its first inference."""
    engine = Native()
    engine.read(str(path), ())
    # Some processors would compute in bfloat16 unless told.
    engine.compile("CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
    engine.create(1, reset=False)
    engine.fill(0, 0, what_the_onnx_runner_feeds(model))
    engine.infer(0)
    return engine


def what_the_onnx_runner_feeds(model: onnx.ModelProto) -> np.ndarray:
    """The input that belongs to the references."""
    weights = {tensor.name for tensor in model.graph.initializer}
    (image,) = (i for i in model.graph.input if i.name not in weights)
    return Runner.generate_dummy_data(image)
