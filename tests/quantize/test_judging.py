"""Versions held against their parent in this process: accuracy, agreement, and the operation that does the damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovtui.engine.device.optimization import judge, judging, optimize
from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import AnyMessage, Judged, Progress, Said
from ovtui.engine.tasks import AccuracyTask, OptimizeTask
from ovtui.errors import InputError
from ovtui.records import Accuracy, Data, Images, Recipe, Spec
from tests import nets
from tests.quantize import shapes
from tests.quantize.conftest import record

ov = openvino()
HEAVY = 40.0


def judged(parent: Path, version: Path, precision: Any = "f32", **recipe: Any) -> tuple[Accuracy, list[AnyMessage]]:
    heard: list[AnyMessage] = []
    task = AccuracyTask(
        parent_model=record(parent),
        version=record(version),
        recipe=Recipe(**recipe),
        spec=Spec(model=parent.stem, precision=precision),
    )
    judge(task, heard.append)
    (told,) = [message for message in heard if isinstance(message, Judged)]
    return told.accuracy, heard


def damaged(parent: Path, path: Path, name: str) -> Path:
    """The parent with noise on the weights of one operation."""
    model = ov.Core().read_model(parent)
    (found,) = [node for node in model.get_ops() if node.get_friendly_name() == name]
    weights = found.input_value(1).get_node()
    values = np.array(weights.data)
    noise = np.random.default_rng(5).standard_normal(values.shape) * values.std() / 2
    worse = ov.opset13.constant((values + noise).astype(np.float32))
    found.input(1).replace_source_output(worse.output(0))
    ov.save_model(model, path, compress_to_fp16=False)
    return path


@pytest.fixture(scope="module")
def int8(trained: shapes.Trained, data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judged") / "int8.xml"
    recipe = Recipe(data=(data,), subset=60)
    optimize(OptimizeTask(model=record(trained.path), recipe=recipe, path=str(path)), lambda _: None)
    return path


def test_accuracy_is_that_of_openvino_alone(trained: shapes.Trained, data: Data, labels: Path, int8: Path) -> None:
    accuracy, _ = judged(trained.path, int8, data=(data,), labels=str(labels))
    assert accuracy.labelled is not None
    count = len(trained.labels)
    for share, path in ((accuracy.labelled.parent_top1, trained.path), (accuracy.labelled.version_top1, int8)):
        assert share.of == accuracy.samples == count
        assert share.hits / count == shapes.top1(path, trained.images, trained.labels)
    low, high = accuracy.labelled.drop_ci95
    assert low < accuracy.labelled.drop < high
    assert accuracy.labelled.parent_top5 is not None
    assert accuracy.labelled.parent_top5.hits >= accuracy.labelled.parent_top1.hits
    assert len(accuracy.changed) == min(accuracy.changes, 50)
    assert accuracy.meaningless is False


def test_without_labels_it_is_agreement_over_300_samples(trained: shapes.Trained, data: Data, int8: Path) -> None:
    accuracy, _ = judged(trained.path, int8, data=(data,))
    assert accuracy.labelled is None
    assert accuracy.samples == 300
    (output,) = accuracy.outputs
    assert output.top1 is not None
    assert output.top1.hits == 300 - accuracy.changes > 270
    assert output.cosine is not None
    assert output.sqnr_db is not None
    assert output.cosine > 0.98
    assert output.sqnr_db > 15


def test_a_model_is_its_own_equal(trained: shapes.Trained, data: Data) -> None:
    accuracy, _ = judged(trained.path, trained.path, data=(data,))
    (output,) = accuracy.outputs
    assert (output.sqnr_db, output.max_abs, accuracy.changes) == (None, 0.0, 0)
    assert {drift.sqnr_db for drift in accuracy.drift} == {None}
    assert {drift.loss_db for drift in accuracy.drift} <= {0.0, None}


@pytest.mark.parametrize("name", ["conv1", "conv2", "head"])
def test_the_operation_that_was_damaged_has_lost_most(
    trained: shapes.Trained, data: Data, tmp_path: Path, name: str
) -> None:
    worse = damaged(trained.path, tmp_path / "damaged.xml", name)
    accuracy, _ = judged(trained.path, worse, data=(data,))
    assert accuracy.drift_samples == 8
    losses = {drift.name: drift.loss_db for drift in accuracy.drift if drift.loss_db is not None}
    assert max(losses, key=lambda each: losses[each]) == name
    assert losses[name] > HEAVY


def test_layers_are_found_again_in_a_version(trained: shapes.Trained, data: Data, int8: Path) -> None:
    accuracy, _ = judged(trained.path, int8, data=(data,))
    names = [drift.name for drift in accuracy.drift]
    wanted = ["conv0", "relu0", "conv1", "relu1", "conv2", "relu2", "head", "scores"]
    assert [name for name in names if name in wanted] == wanted
    assert not {drift.type for drift in accuracy.drift} & {"Constant", "FakeQuantize", "Parameter", "Result"}


def test_groups_of_layers_tell_the_same_as_all_at_once(
    trained: shapes.Trained, data: Data, int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, _ = judged(trained.path, int8, data=(data,))
    monkeypatch.setattr(judging, "_TAPPED_BYTES", 1.0)
    one_by_one, heard = judged(trained.path, int8, data=(data,))
    assert [drift.name for drift in one_by_one.drift] == [drift.name for drift in at_once.drift]
    for one, other in zip(one_by_one.drift, at_once.drift, strict=True):
        assert one.sqnr_db == pytest.approx(other.sqnr_db, abs=0.01)
    looking = [each for each in heard if isinstance(each, Progress) and each.phase.name == "looking-at-layers"]
    assert looking[-1].total == looking[-1].done == len(at_once.drift)


def test_where_shapes_are_open_layers_are_as_near_as_the_outputs(tmp_path: Path) -> None:
    path, version = nets.open_classifier(tmp_path / "open.xml"), tmp_path / "open-int8.xml"
    np.save(tmp_path / "x.npy", np.random.default_rng(3).standard_normal((20, 3, 24, 24)).astype(np.float32))
    data = Data(path=str(tmp_path / "x.npy"))
    recipe = Recipe(data=(data,), subset=20)
    optimize(OptimizeTask(model=record(path), recipe=recipe, path=str(version)), lambda _: None)
    accuracy, _ = judged(path, version, data=(data,))
    (output,) = accuracy.outputs
    assert output.sqnr_db is not None
    assert output.sqnr_db > 10
    ratios = [drift.sqnr_db for drift in accuracy.drift if drift.sqnr_db is not None]
    assert len(ratios) > 5
    assert min(ratios) > 10


def test_what_is_no_number_is_left_out_and_said(trained: shapes.Trained, int8: Path, tmp_path: Path) -> None:
    images = trained.images[:20].copy()
    images[3, 0, 0, 0] = np.nan
    np.save(tmp_path / "nan.npy", images)
    accuracy, heard = judged(trained.path, int8, data=(Data(path=str(tmp_path / "nan.npy")),))
    assert accuracy.samples == 19
    (output,) = accuracy.outputs
    assert output.cosine is not None and output.cosine > 0.9
    assert all(drift.sqnr_db is None or np.isfinite(drift.sqnr_db) for drift in accuracy.drift)
    told = [each.text for each in heard if isinstance(each, Said)]
    assert any("1 of the 20 samples" in text and text.endswith("row 3 first.") for text in told)
    np.save(tmp_path / "nan.npy", np.full_like(images, np.nan))
    with pytest.raises(InputError, match="none is left to judge by"):
        judged(trained.path, int8, data=(Data(path=str(tmp_path / "nan.npy")),))


def test_it_tells_how_far_it_is(trained: shapes.Trained, data: Data, int8: Path) -> None:
    _, heard = judged(trained.path, int8, data=(data,))
    steps = [each for each in heard if isinstance(each, Progress)]
    assert list(dict.fromkeys(each.phase.name for each in steps)) == ["judging", "looking-at-layers"]
    assert [steps[0].done, steps[0].total] == [0, 300]
    assert (steps[-1].done, steps[-1].total) == (steps[-1].total, steps[-1].total)


def test_what_is_measured_on_noise_is_called_meaningless(trained: shapes.Trained, int8: Path) -> None:
    accuracy, _ = judged(trained.path, int8, random=True)
    assert accuracy.meaningless is True
    assert accuracy.labelled is None


def test_a_version_with_its_preprocessing_built_in_is_given_the_same_bytes(
    trained: shapes.Trained, labels: Path, tmp_path: Path
) -> None:
    bytes_in = np.clip(trained.images.transpose(0, 2, 3, 1) * 50 + 100, 0, 255).astype(np.uint8)
    np.save(tmp_path / "bytes.npy", bytes_in)
    recipe: dict[str, Any] = {
        "data": (Data(path=str(tmp_path / "bytes.npy")),),
        "labels": str(labels),
        "images": Images(mean=(100.0,), scale=(50.0,)),
        "subset": 60,
    }
    path = tmp_path / "baked.xml"
    heard: list[AnyMessage] = []
    optimize(OptimizeTask(model=record(trained.path), recipe=Recipe(**recipe), path=str(path)), heard.append)
    version = ov.Core().read_model(path)
    assert version.input(0).get_element_type().get_type_name() == "u8"
    assert list(version.input(0).get_shape()) == [1, shapes.SIZE, shapes.SIZE, 3]
    accuracy, _ = judged(trained.path, path, **recipe)
    assert accuracy.labelled is not None
    assert accuracy.labelled.parent_top1.hits > 0.85 * accuracy.samples
    assert abs(accuracy.labelled.drop) <= 0.01


def test_open_shapes_take_those_of_the_samples(dynamic: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((12, 3, 20, 28)).astype(np.float32))
    accuracy, _ = judged(dynamic, dynamic, data=(Data(path=str(tmp_path / "x.npy")),))
    assert (accuracy.samples, accuracy.changes) == (12, 0)
