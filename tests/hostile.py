"""Files that break readers: damaged, absurd, or made to be. Written by hand, byte by byte, without OpenVINO.

A builder takes a folder and returns the path to import. `mutations` makes any number of damaged models from real ones.
"""

from __future__ import annotations

import os
import pickle
import random
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

Files = dict[str, bytes]
"""A model as file name → content; the first is the one to import."""

NAMES = (
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "[bold red]markup[/] [link=file:///etc/passwd]x[/link]",
    "\u202egnp.elif\u202c\u200b\ufeff",
    "very/" * 800,
    "幅広い名前" * 20,
    "a\nb\tc\rd",
    "'; DROP TABLE models; --",
    "x[1,3]",
    "e\u0301" * 40,
)
"""Names that command terminals, look like markup, turn the line around, are long, wide, or syntax elsewhere."""

# OpenVINO IR by hand

Port = tuple[str, tuple[int, ...]]
"""Precision and shape."""


def layer(id_: int, type_: str, name: str, data: str, inputs: list[Port], outputs: list[Port], opset: int = 1) -> str:
    """One <layer>; ports are numbered through, inputs first."""
    ports = ""
    for tag, group, first in (("input", inputs, 0), ("output", outputs, len(inputs))):
        if group:
            body = "".join(_port(first + i, port, name if tag == "output" else None) for i, port in enumerate(group))
            ports += f"<{tag}>{body}</{tag}>"
    return (
        f'<layer id="{id_}" name={quoteattr(name)} type="{type_}" version="opset{opset}"><data {data}/>{ports}</layer>'
    )


def _port(id_: int, port: Port, name: str | None) -> str:
    dims = "".join(f"<dim>{dim}</dim>" for dim in port[1])
    names = "" if name is None else f" names={quoteattr(name.replace(',', chr(92) + ','))}"
    return f'<port id="{id_}" precision="{port[0].upper()}"{names}>{dims}</port>'


def net(layers: list[str], edges: list[tuple[int, int, int, int]]) -> str:
    """The whole .xml; edges are (from layer, from port, to layer, to port)."""
    lines = "".join(f'<edge from-layer="{a}" from-port="{b}" to-layer="{c}" to-port="{d}"/>' for a, b, c, d in edges)
    return (
        f'<?xml version="1.0"?>\n<net name="m" version="11"><layers>{"".join(layers)}</layers>'
        f"<edges>{lines}</edges><rt_info/></net>\n"
    )


def relu(shape: tuple[int, ...] = (1, 3), name: str = "x") -> str:
    """One Relu over one input; no weights."""
    text = ",".join(map(str, shape))
    port: Port = ("fp32", shape)
    return net(
        [
            layer(0, "Parameter", name, f'shape="{text}" element_type="f32"', [], [port]),
            layer(1, "ReLU", f"{name}/relu", "", [port], [port]),
            layer(2, "Result", f"{name}/result", "", [port], []),
        ],
        [(0, 0, 1, 0), (1, 1, 2, 0)],
    )


def weighted(size: int = 12) -> tuple[str, bytes]:
    """An Add of a constant [1, 3]; `size`: how many bytes the .xml says the constant has."""
    port: Port = ("fp32", (1, 3))
    text = net(
        [
            layer(0, "Parameter", "x", 'shape="1,3" element_type="f32"', [], [port]),
            layer(1, "Const", "w", f'element_type="f32" shape="1,3" offset="0" size="{size}"', [], [port]),
            layer(2, "Add", "add", 'auto_broadcast="numpy"', [port, port], [port]),
            layer(3, "Result", "result", "", [port], []),
        ],
        [(0, 0, 2, 0), (1, 0, 2, 1), (2, 2, 3, 0)],
    )
    return text, struct.pack("<3f", 1, 2, 3)


def folding(operation: str, type_: str, a: bytes, b: bytes, data: str) -> tuple[str, bytes]:
    """x + operation(a, b) of two constants, which OpenVINO computes while it compiles."""
    port: Port = ({"i32": "i32", "u8": "u8"}[type_], (1,))
    size = len(a)
    text = net(
        [
            layer(0, "Parameter", "x", f'shape="1" element_type="{type_}"', [], [port]),
            layer(1, "Const", "a", f'element_type="{type_}" shape="1" offset="0" size="{size}"', [], [port]),
            layer(2, "Const", "b", f'element_type="{type_}" shape="1" offset="{size}" size="{size}"', [], [port]),
            layer(3, operation, "fold", data, [port, port], [port]),
            layer(4, "Add", "add", 'auto_broadcast="numpy"', [port, port], [port]),
            layer(5, "Result", "result", "", [port], []),
        ],
        [(1, 0, 3, 0), (2, 0, 3, 1), (0, 0, 4, 0), (3, 2, 4, 1), (4, 2, 5, 0)],
    )
    return text, a + b


def _ir(folder: Path, name: str, text: str, weights: bytes | None = None) -> Path:
    path = folder / f"{name}.xml"
    path.write_text(text)
    if weights is not None:
        path.with_suffix(".bin").write_bytes(weights)
    return path


# Protobuf by hand


def varint(value: int) -> bytes:
    """A number as protobuf writes it (negative: as 64 bits)."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """A field: a number as varint, bytes or text with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx(*, opset: int = 17, initializers: tuple[bytes, ...] = (), name: str = "x") -> bytes:
    """An ONNX model of one Relu over a float [1, 3]."""
    shape = field(2, field(1, field(1, 1)) + field(1, field(1, 3)))
    kind = field(2, field(1, field(1, 1) + shape))
    node = field(1, field(1, name) + field(2, "y") + field(3, "relu") + field(4, "Relu"))
    graph = node + field(2, "g") + b"".join(field(5, tensor) for tensor in initializers)
    graph += field(11, field(1, name) + kind) + field(12, field(1, "y") + kind)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, opset))


def external(location: str, *, offset: int = 0, length: int = 12) -> bytes:
    """A TensorProto w, float [1, 3], whose values are in a file."""
    entries = {"location": location, "offset": str(offset), "length": str(length)}
    pairs = b"".join(field(13, field(1, key) + field(2, value)) for key, value in entries.items())
    return field(1, 1) + field(1, 3) + field(2, 1) + field(8, "w") + pairs + field(14, 1)


# What is named in the tests


def fifo(folder: Path, suffix: str = ".xml") -> Path:
    """A FIFO: whoever opens it waits for a writer that never comes."""
    path = folder / f"pipe{suffix}"
    os.mkfifo(path)
    return path


def sparse(folder: Path, suffix: str = ".onnx", size: int = 8 << 30) -> Path:
    """8 GB that take no room on the disk, and all of it in memory."""
    path = folder / f"sparse{suffix}"
    with path.open("wb") as file:
        file.truncate(size)
    return path


def entity_bomb(folder: Path) -> Path:
    """Entities that expand to a billion copies."""
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE net [{entities}]><net name="&a9;" version="11"/>'
    return _ir(folder, "bomb", text)


def hidden_entities(folder: Path) -> Path:
    """The same behind a comment that is longer than any head one would look at."""
    text = f'<net name="m" version="11"><!--{"x" * 200_000}--><!DOCTYPE net [<!ENTITY a "b">]></net>'
    return _ir(folder, "hidden", text)


def endless_opset(folder: Path) -> Path:
    """OpenVINO looks for an operation in each opset below the one named, one after the other."""
    path = folder / "opset.onnx"
    path.write_bytes(onnx(opset=2**40))
    return path


def text_renamed(folder: Path) -> Path:
    path = folder / "text.onnx"
    path.write_text("This is not a model.\n" * 20)
    return path


def truncated_bin(folder: Path) -> Path:
    text, weights = weighted()
    return _ir(folder, "truncated", text, weights[:5])


def absurd_offset(folder: Path) -> Path:
    return _ir(folder, "offset", weighted(10**30)[0], b"\0" * 12)


def xml_without_bin(folder: Path) -> Path:
    return _ir(folder, "lonely", weighted()[0])


def absurd_shapes(folder: Path) -> Path:
    """Dimensions of 2^62, whose product overflows."""
    return _ir(folder, "absurd", relu((2**62, 2**62, 3)))


def pickled(folder: Path) -> Path:
    """A pickle under the name of a model."""
    path = folder / "pickle.onnx"
    path.write_bytes(pickle.dumps({"state_dict": list(range(1000))}))
    return path


def hostile_name(folder: Path, index: int = 0) -> Path:
    """A model whose input, operation and output have the name `NAMES[index]`."""
    return _ir(folder, f"name{index}", relu(name=NAMES[index]))


def divide_overflow(folder: Path) -> Path:
    """INT_MIN / -1: the processor traps (SIGFPE) while OpenVINO folds constants."""
    pair = struct.pack("<i", -(2**31)), struct.pack("<i", -1)
    return _ir(folder, "divide", *folding("Divide", "i32", *pair, 'auto_broadcast="numpy" m_pythondiv="false"'))


def modulo_zero(folder: Path) -> Path:
    """A floor_mod of bytes by 0: the same trap."""
    return _ir(folder, "modulo", *folding("FloorMod", "u8", b"\x07", b"\x00", 'auto_broadcast="numpy"'))


BUILDERS: tuple[Callable[[Path], Path], ...] = (
    fifo,
    sparse,
    entity_bomb,
    hidden_entities,
    endless_opset,
    text_renamed,
    truncated_bin,
    absurd_offset,
    xml_without_bin,
    pickled,
)
"""What must be refused before OpenVINO sees it."""

CRASHES: tuple[Callable[[Path], Path], ...] = (divide_overflow, modulo_zero)
"""What ends the process that compiles it."""

# Mutations


def mutations(seed_files: list[Path], count: int, seed: int) -> Iterator[tuple[str, Files]]:
    """`count` damaged models, the same for the same seed: what was done, and the files to `write`.

    Seeds are .xml (with the .bin beside it) or .onnx.
    """
    seeds: list[Files] = []
    for path in seed_files:
        beside = path.with_suffix(".bin")
        parts = [path, beside] if path.suffix == ".xml" and beside.exists() else [path]
        seeds.append({part.name: part.read_bytes() for part in parts})
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        files = dict(rng.choice(seeds))
        main = next(iter(files))
        target = rng.choice(list(files)) if rng.random() < 0.2 else main
        kinds = list(_ANY)
        if target.endswith(".xml"):
            kinds += _TEXT * 3
        elif target.endswith(".onnx"):
            kinds += _PROTOBUF * 2
        done = []
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            kind = rng.choice(kinds)
            files[target] = kind(files[target], rng)
            done.append(kind.__name__.strip("_"))
        yield f"{number:05d} {target}: {' + '.join(done)}", files


def write(files: Files, folder: Path) -> Path:
    """Put the files into `folder`; the path to import."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(files))


def _flip_bits(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64)) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 4, 64, 1024, len(data) // 3 + 1)))


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _delete(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _duplicate(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 16)) + data[end:]


def _overwrite(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + rng.choice((b"\0", b"\xff", b"\x80", b" ")) * (end - start) + data[end:]


def _one_match(pattern: bytes, data: bytes, rng: random.Random) -> re.Match[bytes] | None:
    found = list(re.finditer(pattern, data))
    return rng.choice(found) if found else None


_NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"4611686018427387904",
    b"9" * 19,
    b"9" * 40,
    b"?",
)


def _inflate_number(data: bytes, rng: random.Random) -> bytes:
    found = _one_match(rb"(?<=[\">,\s])-?\d+(?=[\"<,\s])", data, rng)
    return data if found is None else data[: found.start()] + rng.choice(_NUMBERS) + data[found.end() :]


def _swap_types(data: bytes, rng: random.Random) -> bytes:
    a, b = (_one_match(rb'(?<= type=")[^"]*', data, rng) for _ in range(2))
    return data if a is None or b is None else data[: a.start()] + b[0] + data[a.end() :]


def _swap_tags(data: bytes, rng: random.Random) -> bytes:
    found = _one_match(rb"(?<=<)/?\w+", data, rng)
    tags = (b"layer", b"/layer", b"data", b"port", b"/port", b"edge", b"dim", b"input", b"net", b"rt_info")
    return data if found is None else data[: found.start()] + rng.choice(tags) + data[found.end() :]


def _inject_name(data: bytes, rng: random.Random) -> bytes:
    found = _one_match(rb'(?<= name=|names=)"[^"]*"', data, rng)
    name = quoteattr(rng.choice(NAMES)).encode()
    return data if found is None else data[: found.start()] + name + data[found.end() :]


def _swap_precision(data: bytes, rng: random.Random) -> bytes:
    found = _one_match(rb'(?<=element_type=")\w+', data, rng)
    types = (b"i4", b"u1", b"f16", b"bf16", b"f64", b"i64", b"string", b"boolean", b"dynamic", b"f8e4m3", b"nf4")
    return data if found is None else data[: found.start()] + rng.choice(types) + data[found.end() :]


def _inflate_varint(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + varint(rng.choice((2**31, 2**32, 2**40, 2**62, -1))) + data[at + 1 :]


def _swap_field(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.randrange(1, 31) << 3 | rng.choice((0, 1, 2, 2, 2, 5))]) + data[at + 1 :]


def _inject_text(data: bytes, rng: random.Random) -> bytes:
    """Over as many bytes of a name, so that lengths still hold."""
    found = _one_match(rb"[A-Za-z_/]{4,}", data, rng)
    if found is None:
        return data
    name = rng.choice(NAMES).encode()
    room = len(found[0])
    return data[: found.start()] + (name * (room // len(name) + 1))[:room] + data[found.end() :]


_ANY = (_flip_bits, _truncate, _delete, _duplicate, _overwrite)
_TEXT = [_inflate_number, _swap_types, _swap_tags, _inject_name, _swap_precision]
_PROTOBUF = [_inflate_varint, _swap_field, _inject_text]
