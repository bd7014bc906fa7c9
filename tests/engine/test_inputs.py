"""What a model is fed with: sane random values, arrays that fit, images as they are meant."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ovtui.engine.device import inputs as feed
from ovtui.errors import InputError
from ovtui.records import Data, Images, Port, Spec

IMAGE = Port(name="image", type="f32", shape=(1, 3, 8, 6), layout="NCHW")
SPEC = Spec(model="m")
STATED_NOTHING = Images()


def fill(
    port: Port, *, data: tuple[Data, ...] = (), images: Images = STATED_NOTHING, requests: int = 2
) -> feed.Filling:
    sources = feed.open_data(data, (port,), images)
    shape = tuple(d for d in port.shape or () if isinstance(d, int))
    return feed.filling(sources, port, shape, port.layout, SPEC, 0, requests)


def test_every_request_gets_other_values_and_the_seed_repeats_them() -> None:
    filling = fill(IMAGE)
    assert not np.array_equal(filling.values(0), filling.values(1))
    assert np.array_equal(filling.values(1), fill(IMAGE).values(1))
    assert "seed 0" in filling.words


@pytest.mark.parametrize(
    ("port", "low", "high"),
    [
        (Port(name="input_ids", type="i64", shape=(1, 64), index_limit=50), 0, 49),
        (Port(name="position_ids", type="i64", shape=(1, 64), index_limit=50), 0, 49),
        (Port(name="attention_mask", type="i32", shape=(1, 64)), 1, 1),
        (Port(name="token_type_ids", type="i64", shape=(1, 64)), 0, 0),
        (Port(name="lengths", type="i64", shape=(1, 64)), 0, 1),
        (Port(name="pixels", type="u8", shape=(1, 8, 8, 3)), 0, 255),
        (Port(name="flag", type="boolean", shape=(1,)), 1, 1),
        (Port(name="tiny", type="i8", shape=(1, 64), index_limit=50_000), 0, 127),
    ],
)
def test_integers_stay_in_ranges_a_model_can_take(port: Port, low: int, high: int) -> None:
    values = fill(port).values(0)
    assert values.dtype == np.dtype(feed.DTYPES[port.type])
    assert low <= values.min() <= values.max() <= high


@pytest.mark.parametrize(
    "shape",
    [(1, 3, 8, 6), (5, 3, 8, 6), (5, 1, 3, 8, 6)],
    ids=["one sample", "samples along the batch", "samples before the shape"],
)
def test_an_array_is_one_sample_or_a_row_of_them(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.save(tmp_path / "x.npy", array)
    filling = fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),))
    samples = array.reshape(-1, 1, 3, 8, 6)
    for request in range(2):
        assert np.array_equal(filling.values(request), samples[request % len(samples)])


def test_an_npz_names_its_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", image=np.ones((1, 3, 8, 6), dtype=np.float32))
    filling = fill(IMAGE, data=(Data(path=str(tmp_path / "x.npz")),))
    assert (filling.values(0) == 1).all()


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones((1, 3, 8, 7), dtype=np.float32), "does not fit input 'image'"),
        (np.ones((3, 8, 6), dtype=np.float32), "does not fit input 'image'"),
        (np.ones((1, 3, 8, 6), dtype=np.complex64), "takes f32"),
        (np.array([["a"]]), "does not fit"),
    ],
)
def test_an_array_that_does_not_fit_is_refused_with_what_would(tmp_path: Path, array: np.ndarray, says: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError, match=says):
        fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),))


def test_integers_that_overflow_the_input_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((1, 4), 300, dtype=np.int64))
    port = Port(name="x", type="i8", shape=(1, 4))
    with pytest.raises(InputError, match="beyond input 'x' of type i8"):
        fill(port, data=(Data(path=str(tmp_path / "x.npy")),))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04broken", b"text"])
def test_a_file_that_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(InputError, match="Cannot read data"):
        fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),))


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("image", b"text")
    with pytest.raises(InputError, match="other than arrays"):
        fill(IMAGE, data=(Data(path=str(tmp_path / "x.npz")),))


def test_a_pickled_array_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="it holds Python objects, not numbers"):
        fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),))


def test_a_file_that_is_not_there_is_not_taken_for_objects(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        fill(IMAGE, data=(Data(path=str(tmp_path / "objects.npy")),))


def test_what_is_no_array_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("junk")
    with pytest.raises(InputError, match=r"no \.npy and no \.npz file"):
        fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),))


def test_values_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((1, 3, 8, 6), np.nan, dtype=np.float32))
    (note,) = fill(IMAGE, data=(Data(path=str(tmp_path / "x.npy")),)).notes
    assert "no finite numbers" in note


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A red and a blue image, and one that is broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (60, 40), (255, 0, 0)).save(folder / "a.png")
    Image.new("RGB", (60, 40), (0, 0, 255)).save(folder / "b.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_images_are_resized_scaled_and_laid_out(photos: Path) -> None:
    filling = fill(IMAGE, data=(Data(path=str(photos)),))
    red = filling.values(0)
    assert red.shape == (1, 3, 8, 6)
    assert np.allclose(red[0, 0], 1)
    assert np.allclose(red[0, 1:], 0)


def test_what_was_guessed_for_images_is_said(photos: Path) -> None:
    guess, *_ = fill(IMAGE, data=(Data(path=str(photos)),)).notes
    assert "scale 255" in guess
    assert "Guessed for the images: channels, mean, scale (8×6 NCHW, rgb, mean 0, scale 255)" in guess
    stated = Images(mean=(0.0,), scale=(1.0,), channels="rgb")
    assert not any("Guessed" in note for note in fill(IMAGE, data=(Data(path=str(photos)),), images=stated).notes)


def test_images_that_no_request_takes_are_said(photos: Path) -> None:
    filling = fill(IMAGE, data=(Data(path=str(photos)),), requests=1)
    assert filling.words.startswith("1 image of ")
    assert any("1 of 3 images are used" in note for note in filling.notes)


def test_mean_scale_and_channel_order_are_the_models(photos: Path) -> None:
    images = Images(mean=(1.0, 2.0, 5.0), scale=(1.0, 1.0, 10.0), channels="bgr")
    red = fill(IMAGE, data=(Data(path=str(photos)),), images=images).values(0)
    assert [float(red[0, c, 0, 0]) for c in range(3)] == [-1.0, -2.0, 25.0]


def test_a_broken_image_is_left_out_and_said(photos: Path) -> None:
    notes = fill(IMAGE, data=(Data(path=str(photos)),), requests=5).notes
    assert any("1 of the images cannot be read" in note and "broken.jpg" in note for note in notes)


def test_bytes_take_images_as_they_are(photos: Path) -> None:
    port = Port(name="image", type="u8", shape=(1, 8, 6, 3), layout="NHWC")
    red = fill(port, data=(Data(path=str(photos)),)).values(0)
    assert red.dtype == np.uint8
    assert red[0, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("images", "says"),
    [(Images(scale=(0.0,)), "cannot be 0"), (Images(mean=(1.0, 2.0)), "one number or 3")],
)
def test_impossible_preprocessing_is_refused(photos: Path, images: Images, says: str) -> None:
    with pytest.raises(InputError, match=says):
        fill(IMAGE, data=(Data(path=str(photos)),), images=images)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image"):
        fill(IMAGE, data=(Data(path=str(tmp_path)),))


def test_missing_pillow_names_the_command_that_installs_it(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(InputError, match=r"pip install 'ovtui\[images\]'"):
        fill(IMAGE, data=(Data(path=str(photos)),))
