"""What an ONNX file says about itself before OpenVINO sees it: its versions, and the files its weights are in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ovtui.engine.formats.files import opened, quoted
from ovtui.engine.formats.protobuf import Field, MalformedError, Reader
from ovtui.errors import InputError
from ovtui.sanitize import plain

_VERSION = 1000  # real opsets are below 30; OpenVINO tries every version below the one named, so 2**40 hangs it
_NAME = 1 << 14  # bytes of a file name

# Field numbers of onnx.proto.
_IR_VERSION, _GRAPH, _OPSET_IMPORT = 1, 7, 8  # ModelProto
_DOMAIN, _OPSET_VERSION = 1, 2  # OperatorSetIdProto
_INITIALIZER, _INPUT = 5, 11  # GraphProto
_INPUT_NAME, _TYPE = 1, 2  # ValueInfoProto
_TENSOR = 1  # TypeProto
_SHAPE = 2  # TypeProto.Tensor
_DIM = 1  # TensorShapeProto
_DIM_PARAM = 2  # TensorShapeProto.Dimension
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # TensorProto
_KEY, _VALUE = 1, 2  # StringStringEntryProto
_EXTERNAL = 1  # TensorProto.DataLocation


@dataclass(frozen=True)
class Header:
    """`external`: file, as the model names it → bytes it must have."""

    ir_version: int
    opset: int  # the highest of any domain
    external: dict[str, int]


def read(path: Path) -> Header:
    """The header. InputError: cut off, not ONNX, or versions that cannot be."""
    try:
        with opened(path) as file:
            return _header(path, Reader(file, os.fstat(file.fileno()).st_size))
    except MalformedError as error:
        raise InputError(
            f"{quoted(path)} is not a whole ONNX model: the file {error}; copy or export it again."
        ) from error
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {plain(error.strerror, 100)}.") from error


def symbols(path: Path) -> dict[str, tuple[str | None, ...]]:
    """Input → what the file calls each of its dimensions: a name, which stands for one size wherever it is, or None."""
    found: dict[str, tuple[str | None, ...]] = {}
    try:
        with opened(path) as file:
            reader = Reader(file, os.fstat(file.fileno()).st_size)
            for graph in _parts(reader.fields(), _GRAPH):
                for port in _parts(reader.fields(graph.start, graph.end), _INPUT):
                    name, dimensions = _port(reader, port)
                    found[name] = dimensions
    except (MalformedError, OSError, UnicodeDecodeError):  # whoever reads the model says so
        return {}
    return found


def _port(reader: Reader, port: Field) -> tuple[str, tuple[str | None, ...]]:
    names = _parts(reader.fields(port.start, port.end), _INPUT_NAME)
    spans = [port]
    for step in (_TYPE, _TENSOR, _SHAPE, _DIM):
        spans = [inner for span in spans for inner in _parts(reader.fields(span.start, span.end), step)]
    called = (_parts(reader.fields(dimension.start, dimension.end), _DIM_PARAM) for dimension in spans)
    return _text(reader, names) or "", tuple(_text(reader, name) for name in called)


def _text(reader: Reader, fields: list[Field]) -> str | None:
    """The last of the texts, as protobuf has it; None without one, and for an empty one."""
    return reader.content(fields[-1], _NAME).decode() or None if fields else None


def _parts(fields: Iterator[Field], number: int) -> list[Field]:
    """The messages or texts among fields that have a number."""
    return [field for field in fields if field.id == number and field.value is None]


def companions(path: Path, header: Header) -> list[Path]:
    """The files with external data, checked: inside the model's folder, there, and long enough."""
    folder = path.parent.resolve()
    files: list[Path] = []
    for location, needed in sorted(header.external.items()):
        if Path(location).is_absolute() or ".." in Path(location).parts:
            raise _outside(path, location)
        file = path.parent / location
        try:
            if not file.resolve().is_relative_to(folder):
                raise _outside(path, location)
            found = file.stat()
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"The weights of {quoted(path)} are in {quoted(location)}, which cannot be read; put it "
                "beside the model."
            ) from error
        if not stat.S_ISREG(found.st_mode):
            raise InputError(
                f"The weights of {quoted(path)} should be in {quoted(location)}, but that is not a plain file."
            )
        if found.st_size < needed:
            raise InputError(
                f"{quoted(file)} is cut off: {quoted(path.name)} needs {needed:,} bytes of it, "
                f"it has {found.st_size:,}; copy it again."
            )
        files.append(file)
    return files


def _outside(path: Path, location: str) -> InputError:
    return InputError(
        f"{quoted(path)} keeps weights in {quoted(location)}, outside its own folder, which OpenVINO does not read; "
        "copy all files into one folder (cp -L follows links) or save the model again."
    )


def _header(path: Path, reader: Reader) -> Header:
    ir_version = opset = 0
    external: dict[str, int] = {}
    graph = False
    for field in reader.fields():
        if field.id == _IR_VERSION:
            ir_version = field.value or 0
        elif field.id == _OPSET_IMPORT and field.value is None:
            for part in reader.fields(field.start, field.end):
                if part.id == _OPSET_VERSION:
                    opset = max(opset, part.value or 0)
        elif field.id == _GRAPH and field.value is None:
            graph = True
            for part in reader.fields(field.start, field.end):
                if part.id == _INITIALIZER and part.value is None:
                    _initializer(reader, part, external)
    if not graph:
        raise InputError(f"{quoted(path)} holds no ONNX graph; give a file that torch.onnx.export or onnx.save wrote.")
    for what, version in (("IR version", ir_version), ("opset", opset)):
        if version > _VERSION:
            raise InputError(f"{quoted(path)} says that it needs ONNX {what} {version}, which does not exist.")
    return Header(ir_version, opset, external)


def _initializer(reader: Reader, tensor: Field, external: dict[str, int]) -> None:
    entries: dict[bytes, bytes] = {}
    where = 0
    for field in reader.fields(tensor.start, tensor.end):
        if field.id == _DATA_LOCATION:
            where = field.value or 0
        elif field.id == _EXTERNAL_DATA and field.value is None:
            pair = {part.id: part for part in reader.fields(field.start, field.end) if part.value is None}
            if _KEY in pair and _VALUE in pair:
                entries[reader.content(pair[_KEY], _NAME)] = reader.content(pair[_VALUE], _NAME)
    if where != _EXTERNAL:
        return
    try:
        location = entries.get(b"location", b"").decode()
    except UnicodeDecodeError:
        raise MalformedError("names a file that is not valid UTF-8") from None
    if not location or "\0" in location:
        raise MalformedError("has external weights but does not say in which file")
    needed = _count(entries.get(b"offset", b"0")) + _count(entries.get(b"length", b"0"))
    external[location] = max(external.get(location, 0), needed)


def _count(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise MalformedError("has an external weight at a place that is not a number")
    return int(text)
