"""What an OpenVINO IR's .xml says about its weights, read as a stream of tags and never as a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ovtui.engine.formats.files import opened, quoted
from ovtui.errors import InputError

_CHUNK = 1 << 20
_TAG = 1 << 16  # bytes of one tag that are looked at
_OLDEST = 10  # the first IR version that current OpenVINO reads

# One way only to match a comment: with two, a head full of comments takes exponential time.
_ROOT = re.compile(rb"(?:\s|<\?[^>]*\?>|<!--(?:(?!-->).)*-->)*<net(?=[\s/>])([^<]*)", re.DOTALL)
_WANTED = re.compile(rb"<(?:data\s([^<]*)|(!(?i:DOCTYPE|ENTITY))|(/net\s*>))")
_OFFSET = re.compile(rb"""(?:^|\s)offset\s*=\s*["'](\d+)["']""")
_SIZE = re.compile(rb"""(?:^|\s)size\s*=\s*["'](\d+)["']""")
_VERSION = re.compile(rb"""(?:^|\s)version\s*=\s*["'](\d{1,9})["']""")


def is_ir(head: bytes) -> bool:
    """Whether the root element in these first bytes is <net>."""
    return _ROOT.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def weights(path: Path, head: bytes) -> int | None:
    """How many bytes of weights the .xml needs; None: it has no constants.

    InputError: entities (whose expansion can fill any memory), an IR too old, a cut-off file, absurd numbers.
    """
    root = _ROOT.match(head.removeprefix(b"\xef\xbb\xbf"))
    attributes = root[1] if root else b""
    version = _VERSION.search(attributes)
    if version and int(version[1]) < _OLDEST:
        raise InputError(
            f"{quoted(path)} is IR version {int(version[1])}, which OpenVINO no longer reads; "
            "convert the original again."
        )
    needed: int | None = None
    closed = attributes.partition(b">")[0].endswith(b"/")
    for found in _tags(path):
        if found[2]:
            raise InputError(f"{quoted(path)} declares entities ({found[2].decode()}), which no OpenVINO IR has.")
        if found[3]:
            closed = True
            continue
        offset, size = _OFFSET.search(found[1]), _SIZE.search(found[1])
        if offset and size and b"element_type" in found[1]:  # other operations have an offset or a size too
            if max(len(offset[1]), len(size[1])) > 18:
                raise InputError(f"{quoted(path)} places a constant beyond any file; copy or convert it again.")
            needed = max(needed or 0, int(offset[1]) + int(size[1]))
    if not closed:
        raise InputError(f"{quoted(path)} is cut off: it has no </net> at its end; copy it again.")
    return needed


def _tags(path: Path) -> Iterator[re.Match[bytes]]:
    try:
        with opened(path) as file:
            rest = b""
            while chunk := file.read(_CHUNK):
                buffer = rest + chunk
                cut = max(buffer.rfind(b"<"), 0)
                yield from _WANTED.finditer(buffer, 0, cut)
                rest = buffer[cut:][:_TAG]
            yield from _WANTED.finditer(rest)
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {error.strerror}.") from error
