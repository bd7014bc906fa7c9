"""Which format a model file has, whether it is whole, and which files belong to it; all before OpenVINO sees it.

OpenVINO asks each of its readers in turn and can wait, hang or swell on a file that is none of theirs. What is
refused here is refused at once, with what to do.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ovtui.engine.formats import ir_file, onnx_file
from ovtui.engine.formats.files import head, opened, quoted, regular, status
from ovtui.engine.formats.protobuf import MalformedError, Reader
from ovtui.errors import InputError
from ovtui.records import Format

FORMATS = (
    "OpenVINO IR (.xml and .bin), ONNX (.onnx), TensorFlow (a SavedModel folder, frozen .pb, .pbtxt or .meta), "
    "TensorFlow Lite (.tflite), Paddle (.pdmodel)"
)

_HEAD = 1 << 16  # bytes looked at to tell a format
_PROTOBUF_LIMIT = 1 << 31  # protobuf and flatbuffers count bytes in signed 32-bit numbers
_XML_LIMIT = 1 << 30
_ENTRIES = 10_000  # of a folder

SUFFIXES: dict[str, Format] = {
    ".xml": "ir",
    ".onnx": "onnx",
    ".pb": "tf_frozen",
    ".pbtxt": "tf_frozen",
    ".meta": "tf_meta",
    ".tflite": "tflite",
    ".pdmodel": "paddle",
}

_PYTORCH = "a PyTorch file, which only PyTorch can read; export it with torch.onnx.export, or with ov.convert_model"
_PYTORCH += " and ov.save_model in your own environment, and give the .onnx or .xml"
_PICKLE = "a Python pickle, which runs code when it is read; export the model to ONNX where it was trained"
_KERAS = "a Keras file; write a SavedModel with model.export('FOLDER') in your own environment, and give that folder"
_PADDLE_3 = (
    "a Paddle 3 program, which OpenVINO cannot read; save the model again as .pdmodel "
    "(FLAGS_enable_pir_api=0), or export it with paddle2onnx"
)
_DATA = "an array, not a model; give it as --data beside a model"

_REFUSED = {
    **dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt", ".pth.tar", ".safetensors"), _PYTORCH),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _PICKLE),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    **dict.fromkeys((".npy", ".npz"), _DATA),
}
"""What is refused by name. Longer suffixes are found first."""

_MAGIC = (
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself; fetch it with git lfs pull"),
    (b"\x89HDF", _KERAS),
    (b"\x93NUMPY", _DATA),
    (b"\x89PNG", "an image, not a model; give a folder of images as --data beside a model"),
    (b"\xff\xd8\xff", "an image, not a model; give a folder of images as --data beside a model"),
    (b"GIF8", "an image, not a model; give a folder of images as --data beside a model"),
    (b"RIFF", "an image or a sound, not a model; give data as --data beside a model"),
    (b"\x1f\x8b", "a gzip archive; unpack it and give the model in it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and give the model in it"),
    (b"\xfd7zXZ", "an xz archive; unpack it and give the model in it"),
    (b"BZh", "a bzip2 archive; unpack it and give the model in it"),
    (b"\x7fELF", "a program, not a model"),
    (b"%PDF", "a PDF document, not a model"),
    (b"GGUF", "a GGUF file, which holds a language model for llama.cpp; export the original to ONNX or OpenVINO IR"),
)


@dataclass(frozen=True)
class Checked:
    """A model that can be handed to OpenVINO: its format, and all files that belong to it (the first: as given)."""

    format: Format
    files: tuple[Path, ...]


def identify(path: Path) -> Format:
    """The format of a file or folder, by its name and its first bytes. InputError: none that OpenVINO reads."""
    if stat.S_ISDIR(status(path).st_mode):
        return _folder(path)
    size = regular(path).st_size
    if size == 0:
        raise InputError(f"{quoted(path)} is empty; copy or export it again.")
    name = path.name.lower()
    for suffix, what in sorted(_REFUSED.items(), key=lambda item: -len(item[0])):
        if name.endswith(suffix):
            raise InputError(f"{quoted(path)} is {what}.")
    start = head(path, _HEAD)
    format_ = SUFFIXES.get(path.suffix.lower())
    foreign = _foreign(start)
    if foreign is not None:
        raise InputError(f"{quoted(path)} is {foreign}.")
    if format_ is None:
        raise _unknown(path, start)
    if format_ == "ir":
        _limit(path, size, _XML_LIMIT, "an IR's .xml describes only the graph; convert the model again")
        if not ir_file.is_ir(start):
            _without_entities(path, start)
            raise InputError(f"{quoted(path)} is not an OpenVINO IR: its root element is not <net>; convert it again.")
    else:
        advice = "save the weights as external data (onnx.save_model(…, save_as_external_data=True))"
        advice = advice if format_ == "onnx" else "no reader takes that; convert the model to OpenVINO IR"
        _limit(path, size, _PROTOBUF_LIMIT, advice)
        if path.suffix.lower() == ".pbtxt":
            if not re.search(rb"\b(?:node|versions|library)\s*:?\s*\{", start):
                raise InputError(f"{quoted(path)} holds no TensorFlow graph as text; give a GraphDef.")
        elif ir_file.is_ir(start):
            raise InputError(f"{quoted(path)} holds an OpenVINO IR; give it the name {quoted(path.stem + '.xml')}.")
        elif (start[4:8] == b"TFL3") != (format_ == "tflite"):
            if format_ == "tflite":
                raise InputError(f"{quoted(path)} is not a TensorFlow Lite model; convert or copy it again.")
            raise InputError(f"{quoted(path)} holds a TensorFlow Lite model; name it {quoted(path.stem + '.tflite')}.")
        elif format_ != "tflite" and _is_text(start):
            raise InputError(f"{quoted(path)} is text, not a model; give {FORMATS}.")
    return format_


def check(path: Path) -> Checked:
    """What `identify` says, and the whole file looked through as far as OpenVINO's readers need protection.

    InputError: one sentence on which file is wrong and what to do.
    """
    format_ = identify(path)
    companions: list[Path] = []
    if format_ == "ir":
        companions = _bin(path)
    elif format_ == "onnx":
        companions = onnx_file.companions(path, onnx_file.read(path))
    elif format_ == "tf_saved_model":
        return Checked(format_, tuple(_saved_model(path)))
    elif format_ == "paddle":
        _fields(path, "a Paddle program", 1)
        weights = path.with_suffix(".pdiparams")
        companions = [weights] if weights.exists() else []
    elif format_ == "tf_meta":
        _fields(path, "a TensorFlow checkpoint's graph", 2)
        companions = _checkpoint(path)
    elif path.suffix.lower() == ".pb":
        _fields(path, "a frozen TensorFlow graph", 1)
    for companion in companions:
        regular(companion)
    return Checked(format_, (path, *companions))


def _foreign(start: bytes) -> str | None:
    """What a file is by its first bytes, and what to do, if that cannot be a model for OpenVINO."""
    for magic, what in _MAGIC:
        if start.startswith(magic):
            return what
    if start.startswith(b"PK\x03\x04"):
        if b"data.pkl" in start or b"archive_format" in start or b"/.format_version" in start:
            return _PYTORCH
        if b"model.weights.h5" in start or b"config.json" in start[:2000]:
            return _KERAS
        return _DATA if b".npy" in start[:200] else "a zip archive; unpack it and give the model in it"
    if start[:1] == b"\x80" and start[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return _PICKLE
    if start[257:262] == b"ustar":
        return "a tar archive; unpack it and give the model in it"
    if start[6:10] == b'\x00\x00{"':
        return _PYTORCH  # safetensors: the length of a JSON header, then the header
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<(?:!doctype\s+)?html", text, re.IGNORECASE):
        return "a web page, perhaps an error of the download; download the model again"
    if text.startswith(b"{") and re.search(rb'"base_code"|"pir"', start):
        return _PADDLE_3
    return None


def _unknown(path: Path, start: bytes) -> InputError:
    suffix = path.suffix.lower()
    beside = {".bin": ".xml", ".pdiparams": ".pdmodel", ".index": ".meta"}.get(suffix)
    if re.fullmatch(r"\.data-\d{5}-of-\d{5}", suffix):
        beside = ".meta"
    for content, right in ((ir_file.is_ir(start), ".xml"), (start[4:8] == b"TFL3", ".tflite")):
        if content:
            return InputError(f"{quoted(path)} holds a model under another name; name it {quoted(path.stem + right)}.")
    if beside is not None:
        main = path.with_suffix(beside)
        if main.is_file():
            return InputError(f"{quoted(path)} holds weights only; give {quoted(main)}, which is read with it.")
        return InputError(f"{quoted(path)} holds weights only; give the {beside} file that belongs to it.")
    what = "text, not a model" if _is_text(start) else "not a model in a format that can be read"
    return InputError(f"{quoted(path)} is {what}; give {FORMATS}.")


def _is_text(start: bytes) -> bool:
    """No control character but white space, and valid UTF-8 as far as it can be seen."""
    if re.search(rb"[\x00-\x08\x0e-\x1f]", start):
        return False
    try:
        start[: max(1, len(start) - 4)].decode()
    except UnicodeDecodeError:
        return False
    return True


def _limit(path: Path, size: int, limit: int, advice: str) -> None:
    if size >= limit:
        raise InputError(f"{quoted(path)} has {size:,} bytes, more than the format can hold; {advice}.")


def _folder(path: Path) -> Format:
    try:
        names = sorted(entry.name for entry in islice(path.iterdir(), _ENTRIES))
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {error.strerror}.") from error
    if "saved_model.pb" in names:
        graph = path / "saved_model.pb"
        size = regular(graph).st_size
        if size == 0:
            raise InputError(f"{quoted(graph)} is empty; copy or export it again.")
        _limit(graph, size, _PROTOBUF_LIMIT, "no reader takes that; convert the model to OpenVINO IR")
        return "tf_saved_model"
    models = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
    if len(models) == 1:
        raise InputError(f"{quoted(path)} is a folder; give the model in it: {quoted(path / models[0])}.")
    if models:
        some = ", ".join(quoted(name) for name in models[:5]) + (", …" if len(models) > 5 else "")
        raise InputError(f"{quoted(path)} is a folder with {len(models)} models; give one of them: {some}.")
    raise InputError(f"{quoted(path)} is a folder without a model; give {FORMATS}.")


def _saved_model(path: Path) -> list[Path]:
    graph = path / "saved_model.pb"
    _fields(graph, "a TensorFlow SavedModel", 2)
    parts = [graph]
    for folder in (path / "variables", path / "assets"):
        if folder.is_dir():
            parts += sorted(file for file in islice(folder.iterdir(), _ENTRIES) if file.is_file())
    return parts


def _bin(path: Path) -> list[Path]:
    start = head(path, _HEAD)
    _without_entities(path, start)
    needed = ir_file.weights(path, start)
    if needed is None:
        return []
    weights = path.with_suffix(".bin")
    if not weights.exists():
        raise InputError(f"{quoted(path)} needs its weights in {quoted(weights.name)}; put that file beside it.")
    size = regular(weights).st_size
    if size < needed:
        raise InputError(
            f"{quoted(weights)} is cut off: {quoted(path.name)} needs {needed:,} bytes of it, it has {size:,}; "
            "copy it again."
        )
    return [weights]


def _without_entities(path: Path, start: bytes) -> None:
    found = re.search(rb"<!(?:DOCTYPE|ENTITY)", start, re.IGNORECASE)
    if found:
        raise InputError(f"{quoted(path)} declares entities ({found[0].decode()}), which no OpenVINO IR has.")


def _checkpoint(path: Path) -> list[Path]:
    index = path.with_suffix(".index")
    shards = re.compile(re.escape(path.stem) + r"\.data-\d{5}-of-\d{5}")
    data = sorted(file for file in islice(path.parent.iterdir(), _ENTRIES) if shards.fullmatch(file.name))
    if not index.exists() or not data:
        wanted = f"{quoted(index.name)} and {quoted(path.stem + '.data-00000-of-00001')}"
        raise InputError(f"{quoted(path)} needs the checkpoint's weights, {wanted}; put them beside it.")
    return [index, *data]


def _fields(path: Path, what: str, wanted: int) -> None:
    """The top level must be protobuf with a message in field `wanted`."""
    seen = False
    try:
        with opened(path) as file:
            reader = Reader(file, file.seek(0, 2))
            for field in reader.fields():
                seen = seen or (field.id == wanted and field.value is None)
    except MalformedError as error:
        raise InputError(f"{quoted(path)} is not {what}: the file {error}; copy or export it again.") from error
    if not seen:
        hint = "; give the folder that holds it" if path.name == "saved_model.pb" else ""
        raise InputError(f"{quoted(path)} is not {what}{hint or '; copy or export it again'}.")
