"""Which files are models, which files belong to them, and one clear sentence for all others."""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import zipfile
from pathlib import Path

import onnx
import pytest

from ovtui.engine import formats
from ovtui.errors import InputError
from tests import hostile

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))


def _refused(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        formats.check(path)
    said = str(refused.value)
    assert said.isprintable() and said.endswith(".")
    return said


def _zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return path


# What is a model


def test_an_ir_and_its_weights(tmp_path: Path) -> None:
    text, weights = hostile.weighted()
    path = hostile.write({"m.xml": text.encode(), "m.bin": weights}, tmp_path)
    assert formats.check(path) == formats.Checked("ir", (path, tmp_path / "m.bin"))


def test_an_ir_without_constants_needs_no_weights(tmp_path: Path) -> None:
    path = hostile.write({"m.xml": b"\xef\xbb\xbf<!-- made by hand -->" + hostile.relu().encode()[21:]}, tmp_path)
    assert formats.check(path) == formats.Checked("ir", (path,))


def test_constants_are_found_wherever_the_stream_is_cut(tmp_path: Path) -> None:
    text, weights = hostile.weighted()
    for filler in range((1 << 20) - 900, (1 << 20) + 100, 37):
        comment = f"<!--{'x' * filler}-->"
        path = hostile.write(
            {"m.xml": text.replace("<layers>", comment + "<layers>").encode(), "m.bin": weights}, tmp_path
        )
        assert len(formats.check(path).files) == 2


def test_an_attribute_may_hold_an_arrow(tmp_path: Path) -> None:
    text = hostile.weighted()[0].replace('auto_broadcast="numpy"', 'equation="a,b->c" offset="1" size="99999"')
    path = hostile.write({"m.xml": text.encode(), "m.bin": b"\0" * 12}, tmp_path)
    assert len(formats.check(path).files) == 2


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_an_onnx_model(path: Path) -> None:
    assert formats.check(path) == formats.Checked("onnx", (path,))


def test_an_onnx_model_and_its_external_data(tmp_path: Path) -> None:
    tensors = (hostile.external("weights/w.bin"), hostile.external("weights/w.bin", offset=12))
    path = hostile.write({"m.onnx": hostile.onnx(initializers=tensors)}, tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w.bin").write_bytes(b"\0" * 24)
    assert formats.check(path).files == (path, tmp_path / "weights/w.bin")


def test_a_saved_model_with_its_variables(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").write_bytes(b"i")
    (tmp_path / "saved_model.pb").write_bytes(hostile.field(1, 1) + hostile.field(2, b""))
    found = formats.check(tmp_path)
    assert found.format == "tf_saved_model"
    assert [file.name for file in found.files] == ["saved_model.pb", "variables.index"]


def test_a_checkpoint_with_its_weights(tmp_path: Path) -> None:
    graph = hostile.field(2, hostile.field(1, b""))
    path = hostile.write(
        {"m.meta": graph, "m.index": b"i", "m.data-00000-of-00001": b"d", "other.index": b""}, tmp_path
    )
    assert [file.name for file in formats.check(path).files] == ["m.meta", "m.index", "m.data-00000-of-00001"]
    (tmp_path / "m.index").unlink()
    assert "'m.index'" in _refused(path)


def test_a_paddle_program_with_its_weights(tmp_path: Path) -> None:
    path = hostile.write({"m.pdmodel": hostile.field(1, b""), "m.pdiparams": b"w"}, tmp_path)
    assert formats.check(path) == formats.Checked("paddle", (path, tmp_path / "m.pdiparams"))


def test_a_link_to_a_model_is_followed(tmp_path: Path) -> None:
    target = hostile.write({"blob": hostile.onnx()}, tmp_path / "blobs")
    link = tmp_path / "model.onnx"
    link.symlink_to(target)
    assert formats.check(link).format == "onnx"


# What is none


@pytest.mark.parametrize("build", hostile.BUILDERS, ids=lambda build: build.__name__)
def test_hostile_files_are_refused_before_openvino_sees_them(build, tmp_path: Path) -> None:
    _refused(build(tmp_path))


@pytest.mark.parametrize("suffix", [".xml", ".onnx", ".pb", ".tflite", ".pdmodel", ".meta", ".pbtxt", ".what", ""])
def test_no_kind_of_file_makes_the_check_wait_or_swell(suffix: str, tmp_path: Path) -> None:
    assert "a FIFO" in _refused(hostile.fifo(tmp_path, suffix))
    _refused(hostile.sparse(tmp_path, suffix))


def test_what_is_there_but_no_file(tmp_path: Path) -> None:
    assert "There is no file" in _refused(tmp_path / "nothing.onnx")
    assert "a device" in _refused(Path("/dev/zero"))
    (tmp_path / "loop.onnx").symlink_to(tmp_path / "loop.onnx")
    _refused(tmp_path / "loop.onnx")
    _refused(Path("a\0b.onnx"))
    _refused(tmp_path / ("x" * 5000))
    _refused(Path(os.fsdecode(b"\xff\xfe.onnx")))
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "s.onnx"))
        assert "a socket" in _refused(tmp_path / "s.onnx")
    (tmp_path / "empty.onnx").touch()
    assert "is empty" in _refused(tmp_path / "empty.onnx")


def test_a_folder_names_the_model_in_it(tmp_path: Path) -> None:
    assert "without a model" in _refused(tmp_path)
    hostile.write({"one.onnx": hostile.onnx()}, tmp_path)
    assert "give the model in it: " in _refused(tmp_path) and "one.onnx" in _refused(tmp_path)
    hostile.write({"two.xml": b"x"}, tmp_path)
    assert "'one.onnx', 'two.xml'" in _refused(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m.pt", b"PK\x03\x04", "torch.onnx.export"),
        ("m.pth.tar", b"x", "torch.onnx.export"),
        ("M.SafeTensors", b"x", "ov.convert_model"),
        ("m.h5", b"\x89HDF\r\n", "model.export("),
        ("m.keras", b"PK\x03\x04", "model.export("),
        ("m.pkl", b"\x80\x04", "runs code"),
        ("m.bin", pickle.dumps([1]), "runs code"),
        ("m.model", b"\x89HDF\r\n", "model.export("),
        ("m.what", (16).to_bytes(8, "little") + b'{"w":{}}', "torch.onnx.export"),
        ("m.json", b'{"base_code":{"magic":"pir","version":1}}', "Paddle 3"),
        ("m.json", b'{"a":1}', "ONNX (.onnx)"),
        ("m.npy", b"\x93NUMPY", "--data"),
        ("m.onnx", b"\x93NUMPY\1\0", "--data"),
        ("m.onnx", b"\x89PNG\r\n\x1a\n", "an image"),
        ("m.onnx", b"\xff\xd8\xff\xe0", "an image"),
        ("m.tflite", b"\x1f\x8b\x08", "gzip"),
        ("m.onnx", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("m.onnx", b"\n<!DOCTYPE html><html>404", "web page"),
        ("m.gguf", b"GGUF\3\0\0\0", "llama.cpp"),
        ("m.bin", b"\0\1\2\3", ".xml file that belongs to it"),
        ("m.pdiparams", b"\0\1\2\3", ".pdmodel file"),
        ("m.data-00000-of-00001", b"\0\1\2\3", ".meta file"),
        ("m.what", b"\0\1\2\3", "SavedModel folder"),
        ("readme.txt", b"hello", "is text"),
        ("m.what", b"\x1c\0\0\0TFL3....", "name it 'm.tflite'"),
        ("m.onnx", b"\x1c\0\0\0TFL3....", "name it 'm.tflite'"),
        ("m.tflite", b"\x1c\0\0\0TFL2....", "not a TensorFlow Lite model"),
        ("m.onnx", hostile.relu().encode(), "name 'm.xml'"),
        ("m.txt", hostile.relu().encode(), "name it 'm.xml'"),
        ("m.xml", b"<?xml version='1.0'?><svg/>", "not <net>"),
        ("m.xml", b"\xff\xfe<\0n\0e\0t\0", "not <net>"),
        ("m.xml", b'<net name="m" version="7"><layers/></net>', "IR version 7"),
        ("m.xml", hostile.relu().encode()[:300], "cut off"),
        ("m.xml", b"<!---->" * 5000 + b"<svg/>", "not <net>"),
        ("m.pb", b"\x0a\x7f\x01", "cut off"),
        ("m.pb", b"\xff" * 64, "not protobuf"),
        ("m.pbtxt", b"hello", "GraphDef"),
        ("saved_model.pb", hostile.field(1, 1) + hostile.field(2, b"g"), "give the folder that holds it"),
        ("m.onnx", hostile.onnx()[:-3], "cut off"),
        ("m.onnx", b"\x08\x08", "no ONNX graph"),
        ("m.onnx", hostile.onnx().replace(b"\x08\x08\x3a", b"\x0b\x08\x3a", 1), "not protobuf"),
        ("m.onnx", hostile.onnx(opset=-1), "does not exist"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_file_is_and_what_to_do(
    name: str, content: bytes, expected: str, tmp_path: Path
) -> None:
    path = hostile.write({name: content}, tmp_path)
    said = _refused(path)
    assert expected in said
    assert name in said


def test_archives_are_told_apart(tmp_path: Path) -> None:
    assert "PyTorch" in _refused(_zip(tmp_path / "a.onnx", "archive/data.pkl"))
    assert "Keras" in _refused(_zip(tmp_path / "b.onnx", "metadata.json", "config.json", "model.weights.h5"))
    assert "an array" in _refused(_zip(tmp_path / "c.onnx", "x.npy"))
    assert "zip archive" in _refused(_zip(tmp_path / "d.onnx", "model.onnx"))


def test_weights_alone_name_the_model_beside_them(tmp_path: Path) -> None:
    hostile.write({"m.xml": b"x", "m.bin": b"\0\1\2"}, tmp_path)
    assert f"give '{tmp_path / 'm.xml'}'" in _refused(tmp_path / "m.bin")


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/passwd", "link.bin", "missing.bin", "short.bin", "pipe.bin", "a\0b"]
)
def test_external_data_must_be_whole_and_inside_the_folder(location: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"\0" * 12)
    folder = tmp_path / "model"
    path = hostile.write({"m.onnx": hostile.onnx(initializers=(hostile.external(location),))}, folder)
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "short.bin").write_bytes(b"\0" * 11)
    os.mkfifo(folder / "pipe.bin")
    _refused(path)


def test_companions_that_are_no_files_are_refused(tmp_path: Path) -> None:
    path = hostile.write({"m.xml": hostile.weighted()[0].encode()}, tmp_path)
    os.mkfifo(tmp_path / "m.bin")
    assert "a FIFO" in _refused(path)


def test_a_model_of_two_gigabytes_says_how_to_save_it(tmp_path: Path) -> None:
    assert "save_as_external_data" in _refused(hostile.sparse(tmp_path, ".onnx", 1 << 31))
    assert "1,073,741,824 bytes" in _refused(hostile.sparse(tmp_path, ".xml", 1 << 30))


def test_damaged_files_are_models_or_refused_and_nothing_else(tmp_path: Path) -> None:
    text, weights = hostile.weighted()
    seeds = [
        hostile.write({"ir.xml": text.encode(), "ir.bin": weights}, tmp_path),
        hostile.write({"net.onnx": hostile.onnx(initializers=(hostile.external("w.bin"),))}, tmp_path),
    ]
    for label, files in hostile.mutations(seeds, 1000, seed=1):
        path = hostile.write(files, tmp_path / "damaged")
        try:
            formats.check(path)
        except InputError as error:
            assert str(error).isprintable(), label


def test_mutations_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    seed = hostile.write({"net.onnx": hostile.onnx()}, tmp_path)
    assert list(hostile.mutations([seed], 50, 1)) == list(hostile.mutations([seed], 50, 1))
    assert list(hostile.mutations([seed], 50, 1)) != list(hostile.mutations([seed], 50, 2))


# Digests


def test_the_digest_of_one_file_is_its_own(tmp_path: Path) -> None:
    path = hostile.write({"m.onnx": b"abc"}, tmp_path)
    sha256, (file,) = formats.digest([path])
    assert sha256 == file.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert (file.path, file.bytes) == (str(path), 3)


def test_the_digest_of_several_files_is_that_of_their_sorted_lines(tmp_path: Path) -> None:
    paths = [tmp_path / "b.xml", tmp_path / "sub" / "a.bin"]
    paths[1].parent.mkdir()
    for path in paths:
        path.write_bytes(path.name.encode())
    lines = sorted(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {relative}\n"
        for name, relative in (("b.xml", "b.xml"), ("a.bin", "sub/a.bin"))
    )
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert formats.digest(paths)[0] == formats.digest(paths[::-1])[0] == expected


def test_a_file_that_vanishes_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        formats.digest([tmp_path / "gone.onnx"])


def test_a_file_that_changes_while_it_is_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"x" * 100)

    class Appending:
        """A hash during whose work someone appends to the file."""

        def update(self, _: bytes) -> None:
            with path.open("ab") as file:
                file.write(b"more")

    monkeypatch.setattr(hashlib, "sha256", Appending)
    with pytest.raises(InputError, match="changed while it was being read"):
        formats.digest([path])
