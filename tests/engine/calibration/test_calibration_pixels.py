"""Pixels, from a folder or an array: which can be read, at which size, and one at a time whatever the model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovtui.engine.device import preprocessing
from ovtui.engine.device.calibration.samples import open_samples
from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import Progress
from ovtui.errors import InputError
from ovtui.records import Data, Images, Model, Port, Recipe
from tests.store.samples import a_model

Image = pytest.importorskip("PIL.Image")

STATED = Images(mean=(10.0, 20.0, 30.0), scale=(2.0, 4.0, 8.0), channels="bgr")


def silent(message: object) -> None:
    pass


def model_of(shape: tuple[Any, ...], kind: str = "f32", layout: str | None = "NCHW") -> Model:
    port = Port(name="image", type=kind, shape=shape, layout=layout)
    return a_model(inputs=(port,), outputs=(Port(name="scores", type="f32", shape=(1, 4)),))


def opened(model: Model, path: Path, **other: Any) -> Any:
    return open_samples(model, Recipe(data=(Data(path=str(path)),), **other), limit=None, say=silent)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    root.mkdir()
    for number in range(3):
        Image.fromarray(noise(12, 10, 3)).save(root / f"{number}.png")
    return root


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    path = tmp_path / "pixels.npy"
    np.save(path, noise(5, 16, 24, 3))
    return path


# -- what can be read


def test_an_image_of_several_transparent_colours_can_be_read(folder: Path) -> None:
    palette = Image.fromarray(noise(12, 10, 3)).convert("P")
    palette.save(folder / "transparent.png", transparency=bytes([0] * 128 + [255] * 128))
    assert not opened(model_of((1, 3, 8, 8)), folder).skipped


def test_an_image_that_would_fill_the_memory_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(noise(40, 40, 3)).save(folder / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert opened(model_of((1, 3, 8, 8)), folder).skipped == ("bomb.png",)


def test_looking_at_images_tells_how_far_it_is_once_for_each_step(folder: Path) -> None:
    for number in range(3, 45):
        (folder / f"{number}.png").write_bytes((folder / "0.png").read_bytes())
    for number in range(9):
        (folder / f"broken{number}.png").write_bytes(b"nothing")
    told: list[Any] = []
    open_samples(model_of((1, 3, 8, 8)), Recipe(data=(Data(path=str(folder)),)), limit=None, say=told.append)
    assert [type(each) for each in told] == [Progress, Progress]


# -- batches


def test_a_model_of_a_fixed_batch_takes_images_one_by_one_and_says_so(folder: Path) -> None:
    found = opened(model_of((8, 3, 8, 8)), folder)
    assert found.shapes["image"] == (1, 3, 8, 8)
    assert found[0]["image"].shape == (1, 8, 8, 3)
    assert any("takes 8 images at a time; the version takes one" in note for note in found.notes)


@pytest.mark.parametrize(
    ("kind", "shape", "layout", "other", "one"),
    [
        ("f32", (8, 3, 8, 8), "NCHW", {"bake": False}, r"image\[1,3,8,8\]"),
        ("f32", (8, 3, 8, 8), "NCHW", {"shapes": {"image": (4, 3, 8, 8)}}, r"image\[1,3,8,8\]"),
        ("u8", (8, 8, 8, 3), "NHWC", {}, r"image\[1,8,8,3\]"),
    ],
    ids=["nothing built in", "a stated batch", "bytes"],
)
def test_a_fixed_batch_that_nothing_changes_is_refused_with_the_shape_to_state(
    folder: Path, kind: str, shape: tuple[int, ...], layout: str, other: dict[str, Any], one: str
) -> None:
    with pytest.raises(InputError, match=f"--shape '?{one}"):
        opened(model_of(shape, kind, layout), folder, **other)


def test_the_shape_that_is_told_is_taken(folder: Path) -> None:
    found = opened(model_of((8, 3, 8, 8)), folder, bake=False, shapes={"image": (1, 3, 8, 8)})
    assert found[0]["image"].shape == (1, 3, 8, 8)


# -- arrays of pixels


@pytest.mark.parametrize("bake", [True, False])
def test_a_model_of_any_size_takes_that_of_the_pixels(pixels: Path, bake: bool) -> None:
    found = opened(model_of(("?", 3, "?", "?")), pixels, images=STATED, bake=bake)
    assert found.shapes["image"] == (1, 3, 16, 24)
    assert found[0]["image"].shape == ((1, 16, 24, 3) if bake else (1, 3, 16, 24))


@pytest.mark.parametrize(("kind", "dtype"), [("f32", "float32"), ("f16", "float16"), ("bf16", "uint16")])
def test_pixels_without_anything_built_in_are_of_the_models_type(pixels: Path, kind: str, dtype: str) -> None:
    found = opened(model_of((1, 3, 16, 24), kind), pixels, images=STATED, bake=False)
    assert found[0]["image"].dtype == dtype


def test_no_pixels_at_all_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "none.npy", noise(0, 8, 8, 3))
    with pytest.raises(InputError, match=r"none\.npy holds no samples"):
        opened(model_of((1, 3, 8, 8)), tmp_path / "none.npy", images=STATED)


def test_whole_numbers_that_are_no_pixels_are_not_told_to_state_a_mean(tmp_path: Path) -> None:
    np.save(tmp_path / "table.npy", np.arange(20).reshape(4, 5))
    with pytest.raises(InputError, match=r"save it as float32 \(array\.astype\('float32'\)") as refused:
        opened(model_of((1, 5), layout=None), tmp_path / "table.npy", images=STATED)
    assert "--mean" not in str(refused.value)
    np.save(tmp_path / "first.npy", noise(4, 3, 8, 8))
    with pytest.raises(InputError, match=r"for uint8 pixels \[samples,H,W,C\]"):
        opened(model_of((1, 3, 8, 8)), tmp_path / "first.npy", images=STATED)


# -- what is built in


def network(layout: str, channels: int = 3) -> Any:
    """Gives out what it takes."""
    ov = openvino()
    shape = [{"N": 1, "C": channels, "H": 8, "W": 6}[axis] for axis in layout]
    x = ov.opset13.parameter(shape, np.float32, name="image")
    x.output(0).set_names({"image"})
    return ov.Model([ov.opset13.negative(x)], [x], "net")


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Linear between the two nearest pixels, whose centres are at halves."""

    def along(values: np.ndarray, size: int, axis: int) -> np.ndarray:
        length = values.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, length - 1)
        weight = (place - low).reshape([-1 if each == axis else 1 for each in range(values.ndim)])
        return np.take(values, low, axis) * (1 - weight) + np.take(values, high, axis) * weight

    return along(along(image.astype(np.float64), height, 0), width, 1)


def inferred(model: Any, values: np.ndarray) -> np.ndarray:
    return openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([values])[0]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [(16, 24), (4, 3), (8, 6)], ids=["larger", "smaller", "as they are"])
def test_images_of_another_size_are_resized_before_they_are_normalised(layout: str, size: tuple[int, int]) -> None:
    shape = tuple({"N": 1, "C": 3, "H": 8, "W": 6}[axis] for axis in layout)
    port = Port(name="image", type="f32", shape=shape, layout=layout)
    made = preprocessing.stated(port, shape, layout, STATED, size, bake=True)
    image = noise(*size, 3)
    normal = (resized(image, 8, 6)[:, :, ::-1] - STATED.mean) / STATED.scale
    expected = -(normal.transpose(2, 0, 1) if layout == "NCHW" else normal)
    assert np.allclose(inferred(preprocessing.prepared(network(layout), made), image[None])[0], expected, atol=1e-3)


def test_a_grey_image_has_no_order_of_channels() -> None:
    port = Port(name="image", type="f32", shape=(1, 1, 8, 6), layout="NCHW")
    made = preprocessing.stated(port, (1, 1, 8, 6), "NCHW", Images(channels="bgr"), None, bake=True)
    assert made.channels == "rgb"
    image = noise(8, 6, 1)
    found = inferred(preprocessing.prepared(network("NCHW", 1), made), image[None])
    assert np.allclose(found[0, 0], image[:, :, 0] / -255.0, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-320, 1e-45, 0.0, -0.0])
def test_a_scale_that_is_zero_in_float32_is_refused(scale: float) -> None:
    port = Port(name="image", type="f32", shape=(1, 3, 8, 6), layout="NCHW")
    with pytest.raises(InputError, match="cannot be 0"):
        preprocessing.stated(port, (1, 3, 8, 6), "NCHW", Images(scale=(scale,)), None, bake=True)
