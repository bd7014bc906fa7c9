"""Walking the fields of a protobuf file without loading it: what is skipped costs nothing, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_FIELDS = 5_000_000  # more than any real model has at the levels that are looked at; bounds the time for a hostile one
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types; groups (3, 4) are used by no model format


class MalformedError(Exception):
    """Not protobuf, or cut off; `str(error)` completes "the file …"."""


class Field(NamedTuple):
    """One field: a number (`number`, `value`), or a span of the file (`start` to `end`)."""

    id: int
    value: int | None  # of a varint; None for all others
    start: int
    end: int


class Reader:
    """Fields of messages in a file. Reads positions, not a mapping: a file that shrinks is an error, not a SIGBUS."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = _FIELDS
        self.size = size

    def fields(self, start: int = 0, end: int | None = None) -> Iterator[Field]:
        """The fields of the message in that span (the whole file, unless told)."""
        end = self.size if end is None else end
        while start < end:
            field = self._field(start, end)
            start = field.end
            yield field

    def content(self, field: Field, limit: int) -> bytes:
        """The bytes of a field that is text."""
        if field.end - field.start > limit:
            raise MalformedError(f"has a name of {field.end - field.start:,} bytes")
        self._file.seek(field.start)
        return self._file.read(field.end - field.start)

    def _field(self, start: int, end: int) -> Field:
        self._left -= 1
        if self._left < 0:
            raise MalformedError(f"has more than {_FIELDS:,} fields")
        self._file.seek(start)
        data = self._file.read(min(20, end - start))  # a tag and a varint are at most ten bytes each
        tag, used = _varint(data, 0)
        kind = tag & 7
        if kind == _VARINT:
            value, used = _varint(data, used)
            return _checked(Field(tag >> 3, value, start, start + used))
        if kind == _BYTES:
            length, used = _varint(data, used)
        elif kind in {_FIXED32, _FIXED64}:
            length = 4 if kind == _FIXED32 else 8
        else:
            raise MalformedError("is not protobuf")
        begin = start + used
        if begin + length > end:
            raise MalformedError("is cut off")
        return _checked(Field(tag >> 3, None, begin, begin + length))


def _checked(field: Field) -> Field:
    if not 0 < field.id < 1 << 29:
        raise MalformedError("is not protobuf")
    return field


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedError("is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise MalformedError("is not protobuf")
