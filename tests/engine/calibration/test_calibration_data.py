"""What calibrates: samples in a seeded order, labels that are believed only where they fit, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovtui.engine.device import preprocessing
from ovtui.engine.device.calibration import checks, labels
from ovtui.engine.device.calibration.preview import looked_at, ranges, thumbnail
from ovtui.engine.device.calibration.samples import open_samples
from ovtui.engine.device.quiet import openvino
from ovtui.errors import InputError
from ovtui.records import Data, Images, Model, Port, Recipe
from tests.store.samples import a_model

Image = pytest.importorskip("PIL.Image")

PORT = Port(name="image", type="f32", shape=(1, 3, 8, 8), layout="NCHW")
MODEL = a_model(inputs=(PORT,), outputs=(Port(name="scores", type="f32", shape=(1, 4)),))


def silent(message: object) -> None:
    pass


def recipe_of(path: Path, **other: Any) -> Recipe:
    return Recipe(data=(Data(path=str(path)),), **other)


def opened(path: Path, model: Model = MODEL, limit: int | None = None, **other: Any) -> Any:
    return open_samples(model, recipe_of(path, **other), limit=limit, say=silent)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(40, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 8, 8), np.float32))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four classes of three images."""
    root = tmp_path / "images"
    for label in range(4):
        (root / str(label)).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(10 * label + number).integers(0, 256, (12, 10, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / str(label) / f"{number}.png")
    return root


# -- samples


def test_the_first_samples_are_the_same_for_any_limit_and_mix_what_lies_in_order(arrays: Path) -> None:
    few, all_of_them = opened(arrays, limit=5), opened(arrays)
    assert few.names == all_of_them.names[:5]
    assert sorted(all_of_them.names, key=lambda name: int(name.split()[1])) != all_of_them.names
    assert {float(each["image"][0, 0, 0, 0]) for each in all_of_them[:]} == set(range(40))
    assert few[0]["image"].shape == (1, 3, 8, 8)


def test_another_seed_is_another_order(arrays: Path) -> None:
    assert opened(arrays, seed=1).names != opened(arrays).names


def test_a_shape_that_does_not_fit_names_the_file_and_both_shapes(tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.zeros((5, 3, 4, 4), np.float32))
    with pytest.raises(InputError, match=r"small\.npy has shape \[5, 3, 4, 4\].*\[1, 3, 8, 8\]"):
        opened(tmp_path / "small.npy")


def test_bytes_for_a_floating_input_are_to_be_normalised_first(tmp_path: Path) -> None:
    np.save(tmp_path / "bytes.npy", np.zeros((5, 3, 8, 8), np.uint8))
    with pytest.raises(InputError, match="--mean and --scale"):
        opened(tmp_path / "bytes.npy")


def test_bytes_with_a_stated_mean_are_pixels(tmp_path: Path) -> None:
    np.save(tmp_path / "bytes.npy", np.full((5, 8, 8, 3), 10, np.uint8))
    found = opened(tmp_path / "bytes.npy", images=Images(mean=(4.0,), scale=(2.0,)))
    assert found.preprocessing.mean == (4.0,) * 3
    assert found[0]["image"].dtype == np.uint8
    plain = opened(tmp_path / "bytes.npy", images=Images(mean=(4.0,), scale=(2.0,)), bake=False)
    assert float(plain[0]["image"][0, 0, 0, 0]) == 3.0


def test_without_data_noise_is_only_for_who_asks() -> None:
    with pytest.raises(InputError, match="--random"):
        open_samples(MODEL, Recipe(), limit=3, say=silent)
    found = open_samples(MODEL, Recipe(random=True), limit=3, say=silent)
    assert len(found) == 3
    assert any("means nothing" in note for note in found.notes)


def test_two_inputs_take_an_array_each(tmp_path: Path) -> None:
    two = a_model(inputs=(
        Port(name="a", type="f32", shape=(1, 4)), Port(name="b", type="i64", shape=(1, 2)),
    ))  # fmt: skip
    np.savez(tmp_path / "both.npz", a=np.ones((6, 4), np.float32), b=np.ones((6, 2), np.int64))
    assert set(opened(tmp_path / "both.npz", two)[0]) == {"a", "b"}
    np.savez(tmp_path / "uneven.npz", a=np.ones((6, 4), np.float32), b=np.ones((5, 2), np.int64))
    with pytest.raises(InputError, match="different numbers"):
        opened(tmp_path / "uneven.npz", two)
    np.save(tmp_path / "one.npy", np.ones((6, 4), np.float32))
    with pytest.raises(InputError, match="no data for input 'b'"):
        open_samples(two, Recipe(data=(Data(path=str(tmp_path / "one.npy"), input="a"),)), limit=2, say=silent)


def test_a_corrupt_image_is_named_and_left_out(folder: Path) -> None:
    (folder / "0" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    found = opened(folder)
    assert len(found) == 11
    assert found.skipped == ("0/0.png",)
    assert any("0/0.png" in note for note in found.notes)
    for place in range(4):
        for path in (folder / str(place)).iterdir():
            path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="None of the 12 images"):
        opened(folder)


# -- labels


def test_folders_named_by_numbers_are_classes(folder: Path) -> None:
    found = opened(folder)
    assert [int(name.split("/")[0]) for name in found.names] == found.labels


def test_other_folders_are_classes_in_order_if_there_are_as_many(folder: Path) -> None:
    for number, name in enumerate(("cat", "dog", "emu", "fox")):
        (folder / str(number)).rename(folder / name)
    found = opened(folder)
    assert {name.split("/")[0]: label for name, label in zip(found.names, found.labels, strict=True)} == {
        "cat": 0, "dog": 1, "emu": 2, "fox": 3,
    }  # fmt: skip
    for path in (folder / "fox").iterdir():
        path.unlink()
    fewer = opened(folder)
    assert set(fewer.labels) == {None}
    assert any("3 folders" in note and "--labels" in note for note in fewer.notes)


def test_a_folder_beyond_the_models_classes_is_refused(folder: Path) -> None:
    (folder / "3").rename(folder / "7")
    with pytest.raises(InputError, match="0 to 3"):
        opened(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0/0.png,9\n", "line 1: there is no class 9"),
        ("file,label\n0/0.png,1\nabsent.png,1\n", "line 3: there is no sample 'absent.png'"),
        ("0/0.png,cat\n", "'cat' is no class number"),
        ("0/0.png\n", "not a file or row and a label"),
        ("0/0.png,\x1b[31m\n", r"\\x1b\[31m"),
        ("0/0.png," + "9" * 5000 + "\n", "there is no class 9999"),
        ("0/0.png,1\n\n0/0.png,2\n", "line 3: '0/0.png' is of class 2, but a line before says 1"),
        ("0.png,1\n", "line 1: several folders have a '0.png': say which, as in '0/0.png'"),
    ],
)
def test_labels_that_do_not_exist_are_refused_by_their_line(folder: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        opened(folder, labels=str(tmp_path / "labels.csv"))


@pytest.mark.parametrize(
    "content",
    [
        b"0/0.png 1\n0/1.png 2\n",  # as ImageNet's val.txt
        b"0/0.png;1\r\n0/1.png;2\r\n",
        b"\xef\xbb\xbffile;label\r\n0/0.png;1\r\n0/1.png;2\r\n",
        b"0/0.png\t1\r0/1.png\t2\r",
        "file,label\n0/0.png,1\n0/1.png,2".encode("utf-16"),
        b"val/0/0.png 1\nval/0/1.png 2\n",
        b"val\\0\\0.png,1\nval\\0\\1.png,2\n",
        b"\n  \n0/0.png  1\n\n0/1.png 2\n\n",
    ],
)
def test_tables_are_read_as_programs_and_people_write_them(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    found = opened(folder, labels=str(tmp_path / "labels.txt"))
    told = {name: label for name, label in zip(found.names, found.labels, strict=True) if label is not None}
    assert told == {"0/0.png": 1, "0/1.png": 2}


@pytest.mark.parametrize("text", ["", "file,label\n"])
def test_labels_that_label_nothing_are_refused(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=r"labels\.csv labels none of the samples"):
        opened(folder, labels=str(tmp_path / "labels.csv"))


def test_what_is_for_pixels_is_not_passed_over_where_there_are_none(arrays: Path) -> None:
    with pytest.raises(InputError, match="--pixels is for images"):
        opened(arrays, pixels=(8, 8))
    notes = opened(arrays, images=Images(mean=(1.0,))).notes
    assert any("taken as they are" in note for note in notes)


def test_labels_of_a_table_are_by_file_or_by_row(folder: Path, arrays: Path, tmp_path: Path) -> None:
    (tmp_path / "files.csv").write_text("name,class\n0/0.png,2\n1/0.png,3\n")
    found = opened(folder, labels=str(tmp_path / "files.csv"))
    told = {name: label for name, label in zip(found.names, found.labels, strict=True) if label is not None}
    assert told == {"0/0.png": 2, "1/0.png": 3}
    assert any("10 of the 12" in note for note in found.notes)
    (tmp_path / "rows.csv").write_text("".join(f"{row},{row % 4}\n" for row in range(40)))
    by_row = opened(arrays, labels=str(tmp_path / "rows.csv"))
    assert all(int(name.split()[1]) % 4 == label for name, label in zip(by_row.names, by_row.labels, strict=True))
    np.save(tmp_path / "rows-labels.npy", np.arange(40) % 4)
    assert opened(arrays, labels=str(tmp_path / "rows-labels.npy")).labels == by_row.labels
    np.save(tmp_path / "short.npy", np.arange(4))
    with pytest.raises(InputError, match="4 labels for 40 samples"):
        opened(arrays, labels=str(tmp_path / "short.npy"))


def test_a_file_is_named_by_itself_where_there_is_one_of_the_name(folder: Path, tmp_path: Path) -> None:
    (folder / "2" / "1.png").rename(folder / "2" / "alone.png")
    (tmp_path / "labels.csv").write_text("alone.png,3\n")
    found = opened(folder, labels=str(tmp_path / "labels.csv"))
    assert {name for name, label in zip(found.names, found.labels, strict=True) if label == 3} == {"2/alone.png"}


@pytest.mark.parametrize("hostile", ["archive", "broken archive", "larger than it is"])
def test_a_file_that_holds_no_array_of_labels_is_refused(folder: Path, tmp_path: Path, hostile: str) -> None:
    path = tmp_path / "labels.npy"
    if hostile == "archive":
        with path.open("wb") as file:
            np.savez(file, np.arange(12))
    elif hostile == "broken archive":
        path.write_bytes(b"PK\x03\x04broken")
    else:
        with path.open("wb") as file:
            header = {"descr": "<i8", "fortran_order": False, "shape": (10**13,)}
            np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(InputError, match=r"Cannot read labels from .*labels\.npy"):
        opened(folder, labels=str(path))


def test_rows_without_a_label_are_counted(arrays: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("3,1\n")
    found = opened(arrays, labels=str(tmp_path / "rows.csv"))
    assert any("39 of the 40 samples have no label" in note for note in found.notes)


def test_a_model_without_classes_has_no_labels(folder: Path) -> None:
    features = msgspec.structs.replace(MODEL, outputs=(Port(name="f", type="f32", shape=(1, 8, 4, 4)),))
    assert set(opened(folder, features).labels) == {None}
    with pytest.raises(InputError, match="gives out none"):
        labels.from_file(Path("x.csv"), ["a"], None)


# -- checks


def test_what_is_no_number_is_refused_by_its_name() -> None:
    checker = checks.Checker("data.npy")
    checker.look("row 1", {"x": np.ones((1, 4), np.float32) * np.arange(4, dtype=np.float32)})
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(InputError, match="row 7 holds a value that is no finite number"):
            checks.Checker("data.npy").look("row 7", {"x": np.array([[0, bad]], np.float32)})


def test_nothing_but_zeros_is_refused_and_some_are_said() -> None:
    empty = {"x": np.zeros((1, 4), np.float32)}
    checker = checks.Checker("data.npy")
    checker.look("row 0", empty)
    with pytest.raises(InputError, match="one value all over"):
        checker.end()
    checker.look("row 1", {"x": np.arange(4, dtype=np.float32)})
    assert any("row 0 first" in note for note in checker.end())


def test_an_input_of_a_single_value_is_not_taken_for_empty() -> None:
    checker = checks.Checker("data.npy")
    for row in range(12):
        checker.look(f"row {row}", {"x": np.array([[row / 2]], np.float32)})
    assert checker.end() == []
    both = {"threshold": np.ones(1, np.float32), "image": np.zeros((1, 4), np.float32)}
    beside = checks.Checker("data.npz")
    beside.look("row 0", both)
    with pytest.raises(InputError, match="one value all over"):
        beside.end()


def test_pixels_that_nobody_normalised_and_few_samples_are_said() -> None:
    checker = checks.Checker("data.npy")
    checker.look("row 0", {"x": np.arange(200, dtype=np.float32)})
    notes = checker.end()
    assert any("nobody" in note for note in notes)
    assert any("1 sample is little" in note for note in notes)


# -- preprocessing


def network(layout: str, channels: int = 3, size: int = 8) -> Any:
    """Gives out what it takes."""
    ov = openvino()
    shape = [{"N": 1, "C": channels, "H": size, "W": size}[axis] for axis in layout]
    x = ov.opset13.parameter(shape, np.float32, name="image")
    x.output(0).set_names({"image"})
    return ov.Model([ov.opset13.relu(ov.opset13.add(x, np.float32(100)))], [x], "net")


@settings(deadline=None, max_examples=12)
@given(
    layout=st.sampled_from(["NCHW", "NHWC"]),
    channels=st.sampled_from(["rgb", "bgr"]),
    mean=st.tuples(*[st.floats(0, 200, width=32)] * 3),
    scale=st.tuples(*[st.floats(1, 255, width=32)] * 3),
)
def test_what_is_built_in_is_what_numpy_does(layout: str, channels: Any, mean: Any, scale: Any) -> None:
    shape = tuple({"N": 1, "C": 3, "H": 8, "W": 8}[axis] for axis in layout)
    port = msgspec.structs.replace(PORT, shape=shape, layout=layout)
    made = preprocessing.stated(
        port, shape, layout, Images(mean=mean, scale=scale, channels=channels), None, bake=True
    )  # fmt: skip
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    core = openvino().Core()
    config = {"INFERENCE_PRECISION_HINT": "f32"}
    baked = core.compile_model(preprocessing.prepared(network(layout), made), "CPU", config)
    own = core.compile_model(network(layout), "CPU", config)
    before = own([preprocessing.applied(made, pixels)])[0]
    assert np.allclose(baked([pixels[np.newaxis]])[0], before, atol=1e-3)


def test_images_of_another_size_are_resized_by_the_version() -> None:
    made = preprocessing.stated(PORT, (1, 3, 8, 8), "NCHW", Images(mean=(0.0,), scale=(1.0,)), (16, 24), bake=True)
    model = preprocessing.prepared(network("NCHW"), made)
    assert list(model.input(0).shape) == [1, 16, 24, 3]
    flat = np.full((1, 16, 24, 3), 7, np.uint8)
    assert np.allclose(openvino().Core().compile_model(model, "CPU")([flat])[0], 107, atol=0.5)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (Images(scale=(0.0,)), "cannot be 0"),
        (Images(mean=(1.0, 2.0)), "takes one number or 3"),
        (Images(mean=(float("nan"),)), "finite"),
    ],
)
def test_numbers_that_cannot_be_are_refused(images: Images, said: str) -> None:
    with pytest.raises(InputError, match=said):
        preprocessing.stated(PORT, (1, 3, 8, 8), "NCHW", images, None, bake=True)


def test_what_nobody_stated_is_named() -> None:
    made = preprocessing.stated(PORT, (1, 3, 8, 8), None, Images(mean=(1.0,)), None, bake=True)
    assert made.guessed == ("layout", "channels", "scale")
    assert made.scale == (255.0,) * 3


# -- the preview


def test_the_preview_shows_what_the_network_sees(folder: Path) -> None:
    told = looked_at(MODEL, recipe_of(folder, images=Images(mean=(127.5,), scale=(127.5,))), silent)
    assert (told.samples, told.labelled, told.classes) == (12, 12, 4)
    assert [each.channel for each in told.ranges] == [0, 1, 2]
    assert all(-1 <= each.min < each.mean < each.max <= 1 for each in told.ranges)
    assert len(told.thumbnail) == 8
    assert any("Guessed" in warning for warning in told.warnings)


def test_a_thumbnail_is_dark_where_the_image_is() -> None:
    image = np.zeros((1, 20, 20, 3))
    image[:, :, 10:] = 255
    for line in thumbnail(image, "NHWC"):
        assert set(line[: len(line) // 2 - 1]) == {" "}
        assert set(line[len(line) // 2 + 1 :]) == {"@"}
    assert set("".join(thumbnail(np.full((1, 3, 9, 9), 4.0), "NCHW"))) == {" "}


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=20))
def test_a_range_holds_all_its_values(values: list[float]) -> None:
    (found,) = ranges("x", [np.array(values, np.float32)[None]], None)
    assert found.min == min(values)
    assert found.max == max(values)
    assert found.min <= found.mean <= found.max or np.isclose(found.min, found.max)
