"""Versions made in this process with real NNCF, of a net whose accuracy is known."""

from __future__ import annotations

import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovtui.engine.device.optimization import optimize
from ovtui.engine.device.optimization.making import write
from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import AnyMessage, At, Optimized, Progress, Said
from ovtui.engine.tasks import OptimizeTask
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Data, Model, Recipe
from tests import nets
from tests.quantize import shapes
from tests.quantize.conftest import record

ov = openvino()
CALIBRATING = 60


class Made:
    """A version, and what was said while it was made."""

    def __init__(self, parent: Path, folder: Path, **recipe: Any) -> None:
        self.heard: list[AnyMessage] = []
        self.recipe = Recipe(**recipe)
        self.path = folder / f"{parent.stem}-{self.recipe.method}.xml"
        task = OptimizeTask(model=record(parent), recipe=self.recipe, path=str(self.path))
        optimize(task, self.heard.append)

    @property
    def model(self) -> Any:
        return ov.Core().read_model(self.path)

    def told(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


@pytest.fixture(scope="module")
def trained_int8(trained: shapes.Trained, data: Data, labels: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(trained.path, tmp_path_factory.mktemp("int8"), data=(data,), labels=str(labels), subset=CALIBRATING)


def quantized(model: Any) -> set[str]:
    """Names of operations whose weights are 8-bit numbers, unpacked again by a few operations."""
    found = set()
    for node in model.get_ops():
        if node.get_type_name() in ("Convolution", "MatMul"):
            source = node.input_value(1).get_node()
            while source.get_type_name() in ("FakeQuantize", "Multiply", "Subtract", "Convert"):
                source = source.input_value(0).get_node()
            if source.get_type_name() == "Constant" and source.get_element_type().get_type_name() in ("i8", "u8"):
                found.add(str(node.get_friendly_name()))
    return found


def weight_types(model: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in model.get_ops():
        if node.get_type_name() == "Constant":
            kind = node.get_element_type().get_type_name()
            found[kind] = found.get(kind, 0) + int(np.prod(list(node.get_shape())))
    return found


def test_the_net_of_these_tests_knows_its_shapes(trained: shapes.Trained) -> None:
    assert shapes.top1(trained.path, trained.images, trained.labels) > 0.85


def test_int8_costs_a_point_at_most(trained: shapes.Trained, trained_int8: Made) -> None:
    before, after = (shapes.top1(path, trained.images, trained.labels) for path in (trained.path, trained_int8.path))
    assert before - after <= 0.01
    assert quantized(trained_int8.model) == {"conv0", "conv1", "conv2", "head"}


def test_int8_is_what_nncf_makes_of_the_same_samples(
    trained: shapes.Trained, trained_int8: Made, tmp_path: Path
) -> None:
    import nncf

    order = np.random.default_rng(0).permutation(len(trained.images))[:CALIBRATING]
    dataset = nncf.Dataset([trained.images[place][np.newaxis] for place in order])
    direct = nncf.quantize(
        ov.Core().read_model(trained.path), dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=CALIBRATING
    )
    ov.save_model(direct, tmp_path / "direct.xml", compress_to_fp16=False)
    ours, theirs = (
        ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        for path in (trained_int8.path, tmp_path / "direct.xml")
    )
    for image in trained.images[:50]:
        np.testing.assert_array_equal(ours(image[np.newaxis])[0], theirs(image[np.newaxis])[0])


def test_it_tells_how_far_it_is(trained_int8: Made) -> None:
    assert [at.phase.name for at in trained_int8.told(At)] == ["reading", "preparing", "saving"]
    collecting = [each for each in trained_int8.told(Progress) if each.phase.name == "collecting-statistics"]
    assert (collecting[0].done, collecting[0].total) == (0, CALIBRATING)
    assert collecting[-1].done == CALIBRATING
    (told,) = trained_int8.told(Optimized)
    assert (told.samples, told.skipped, told.preprocessing) == (CALIBRATING, (), None)
    assert told.shapes == {"image": (1, 3, 24, 24)}
    assert told.nncf


def test_nothing_of_nncf_reaches_the_terminal(
    trained: shapes.Trained, data: Data, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Made(trained.path, tmp_path, data=(data,), subset=10)
    assert capfd.readouterr().out == ""


def test_nncf_cannot_phone_home(trained_int8: Made) -> None:
    from nncf.telemetry import wrapper

    assert sys.modules["openvino_telemetry"] is None
    assert wrapper.telemetry is wrapper.NNCFTelemetryStub or not isinstance(wrapper.telemetry, wrapper.NNCFTelemetry)


def test_one_sample_is_enough_and_is_called_little(trained: shapes.Trained, data: Data, tmp_path: Path) -> None:
    made = Made(trained.path, tmp_path, data=(data,), subset=1)
    assert made.told(Optimized)[0].samples == 1
    assert any("1 sample is little" in said.text for said in made.told(Said))


def test_ignored_operations_stay_as_they_are(trained: shapes.Trained, data: Data, tmp_path: Path) -> None:
    made = Made(trained.path, tmp_path, data=(data,), subset=10, ignored=("conv1",), ignored_patterns=("hea.*",))
    assert quantized(made.model) == {"conv0", "conv2"}


@pytest.mark.parametrize("method", ["int8", "int8-weights"])
def test_an_unknown_name_to_ignore_is_answered_with_those_near_it(
    trained: shapes.Trained, data: Data, tmp_path: Path, method: str
) -> None:
    with pytest.raises(InputError, match=r"no operation 'convv1'.*'conv1'"):
        Made(trained.path, tmp_path, method=method, data=(data,), ignored=("convv1",))


@pytest.mark.parametrize(("pattern", "said"), [("nothing.*", "begins"), ("(", "regular expression")])
def test_a_pattern_that_means_nothing_is_refused(
    trained: shapes.Trained, data: Data, tmp_path: Path, pattern: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Made(trained.path, tmp_path, data=(data,), ignored_patterns=(pattern,))


@pytest.mark.parametrize("labelled", [True, False])
def test_a_limit_on_the_drop_is_kept(
    trained: shapes.Trained, data: Data, labels: Path, tmp_path: Path, labelled: bool
) -> None:
    recipe = {"labels": str(labels)} if labelled else {}
    made = Made(trained.path, tmp_path, data=(data,), subset=20, max_drop=0.01, **recipe)
    before, after = (shapes.top1(path, trained.images, trained.labels) for path in (trained.path, made.path))
    assert before - after <= 0.015
    assert quantized(made.model)
    assert any("Without labels" in said.text for said in made.told(Said)) is not labelled


def test_a_limit_that_leaves_nothing_quantized_is_called_the_reason(
    trained: shapes.Trained, data: Data, tmp_path: Path
) -> None:
    with pytest.raises(OvtuiError, match="Nothing in shapes stays quantized: to keep the drop within 0 points"):
        Made(trained.path, tmp_path, data=(data,), subset=20, max_drop=0.0)


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        ({"method": "int8-weights"}, "i8"),
        ({"method": "int8-weights", "symmetric": False}, "u8"),
        ({"method": "int4-weights", "group_size": 32, "ratio": 1.0}, "i4"),
        ({"method": "int4-weights", "group_size": 32, "ratio": 1.0, "symmetric": False}, "u4"),
        ({"method": "fp16"}, "f16"),
    ],
)
def test_weights_become_what_was_asked_for(encoder: Path, tmp_path: Path, recipe: dict[str, Any], kind: str) -> None:
    made = Made(encoder, tmp_path, **recipe)
    found = weight_types(made.model)
    assert found[kind] > 20_000
    assert made.path.with_suffix(".bin").stat().st_size < 0.6 * encoder.with_suffix(".bin").stat().st_size
    assert made.told(Optimized)[0].samples == 0


@pytest.mark.parametrize(("width", "fitting"), [(100, 100), (131, -1), (192, 96)])
def test_weights_share_a_scale_in_groups_that_fit(tmp_path: Path, width: int, fitting: int) -> None:
    net = nets.mlp(tmp_path / "net.xml", width=width, layers=4)
    made = Made(net, tmp_path, method="int4-weights")
    assert weight_types(made.model)["i4"] >= 2 * width * width
    shared = f"groups of {fitting}" if fitting > 0 else "all weights of a channel"
    assert any(f"{shared} share a scale" in note.text for note in made.told(Said))
    with pytest.raises(InputError, match=rf"--group-size 128 does not divide .*{width} weights: take {fitting}"):
        Made(net, tmp_path, method="int4-weights", group_size=128)


def test_groups_fit_what_an_error_does_not_name_too(tmp_path: Path) -> None:
    """NNCF names the channels that a group does not divide, and not those that it does."""
    net = nets.perceptron(tmp_path / "net.xml", [128, 96, 128, 256, 96, 128, 128])
    made = Made(net, tmp_path, method="int4-weights")
    assert weight_types(made.model)["i4"] > 50_000
    assert any("groups of 32 share a scale" in note.text for note in made.told(Said))
    with pytest.raises(InputError, match="take 32"):
        Made(net, tmp_path, method="int4-weights", group_size=64)


def test_half_precision_needs_no_nncf(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    assert weight_types(Made(encoder, tmp_path, method="fp16").model)["f16"] > 20_000
    with pytest.raises(InputError, match=r"pip install 'ovtui\[quantize\]'"):
        Made(encoder, tmp_path, method="int8-weights")


def test_what_is_quantized_is_not_quantized_again(trained_int8: Made, data: Data, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="quantized already"):
        Made(trained_int8.path, tmp_path, data=(data,))


def test_what_is_compressed_is_not_compressed_again(encoder: Path, tmp_path: Path) -> None:
    first = Made(encoder, tmp_path, method="int8-weights")
    with pytest.raises(InputError, match="compressed already"):
        Made(first.path, tmp_path / "again", method="int4-weights")


def test_a_net_that_quantized_itself_is_not_quantized_again(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="quantized already"):
        Made(nets.mixed(tmp_path / "mixed.xml"), tmp_path, random=True, subset=5)


@pytest.mark.parametrize(("method", "word"), [("int8", "quantized"), ("int8-weights", "compressed")])
def test_a_net_without_anything_to_make_smaller_is_told_so(tmp_path: Path, method: str, word: str) -> None:
    chain = nets.chain(tmp_path / "chain.xml", layers=3)
    with pytest.raises(OvtuiError, match=f"Nothing in chain could be {word}"):
        Made(chain, tmp_path, method=method, random=method == "int8", subset=5)
    assert not (tmp_path / f"chain-{method}.xml").exists()


def test_int8_without_data_is_refused(trained: shapes.Trained, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="samples"):
        Made(trained.path, tmp_path)


def test_open_shapes_stay_open_whatever_the_samples_have(dynamic: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((12, 3, 20, 28)).astype(np.float32))
    made = Made(dynamic, tmp_path, data=(Data(path=str(tmp_path / "x.npy")),))
    assert str(made.model.input(0).get_partial_shape()) == str(ov.Core().read_model(dynamic).input(0).partial_shape)


@pytest.mark.parametrize("recipe", [{"random": True, "subset": 5}, {"method": "int8-weights"}, {"method": "fp16"}])
def test_shapes_that_were_stated_are_those_of_the_version(
    dynamic: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    made = Made(dynamic, tmp_path, shapes={"image": (1, 3, 20, 28)}, **recipe)
    assert list(made.model.input(0).get_shape()) == [1, 3, 20, 28]


def test_a_shape_that_the_model_does_not_take_is_named(dynamic: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dynamic does not take the shape \[1, 4, 20, 28\]"):
        Made(dynamic, tmp_path, method="fp16", shapes={"image": (1, 4, 20, 28)})


def _limited(most: int, do: Callable[[], object]) -> None:
    """While no file may grow beyond `most` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        do()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("most", [0, 3_000])
def test_what_cannot_be_written_whole_is_not_left_in_part(encoder: Path, tmp_path: Path, most: int) -> None:
    model = ov.Core().read_model(encoder)
    (tmp_path / "out").mkdir()
    with pytest.raises(OvtuiError, match=r"Cannot write version\.xml"):
        _limited(most, lambda: write(model, tmp_path / "out" / "version.xml", half=False))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_named(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "version.xml"
    for file in (out, out.with_suffix(".bin"), out.with_suffix(".probe")):
        file.symlink_to("/dev/full")
    with pytest.raises(OvtuiError, match=r"Cannot write version\.xml: No space left on device\."):
        write(ov.Core().read_model(encoder), out, half=False)
    assert [path for path in tmp_path.iterdir() if path.is_symlink()] == []


def test_a_parent_that_has_gone_is_named(encoder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gone.xml"
    shutil.copy(encoder, copy)
    shutil.copy(encoder.with_suffix(".bin"), copy.with_suffix(".bin"))
    model: Model = record(copy)
    copy.unlink()
    with pytest.raises(InputError, match=r"cannot read .*gone\.xml"):
        optimize(OptimizeTask(model=model, recipe=Recipe(method="fp16"), path=str(tmp_path / "x.xml")), print)
