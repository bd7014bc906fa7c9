"""Records as the text and the bytes that the database holds."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

from ovtui.errors import StoreError

T = TypeVar("T")


def to_text(record: object) -> str:
    """As JSON."""
    return msgspec.json.encode(record).decode()


def to_text_or_none(record: object | None) -> str | None:
    return None if record is None else to_text(record)


def to_bytes(record: object) -> bytes:
    """As compressed JSON."""
    return zlib.compress(msgspec.json.encode(record))


def from_text(text: str, kind: type[T]) -> T:
    """StoreError when the text is not such a record."""
    return _decoded(text, kind)


def from_text_or_none(text: str | None, kind: type[T]) -> T | None:
    return None if text is None else _decoded(text, kind)


def from_bytes(data: bytes, kind: type[T]) -> T:
    """StoreError when the bytes are not such a record."""
    try:
        return _decoded(zlib.decompress(data), kind)
    except zlib.error as error:
        raise StoreError(f"The database holds a damaged {kind.__name__.lower()}: {error}.") from error


def _decoded(data: str | bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise StoreError(f"The database holds a damaged or unknown {kind.__name__.lower()}: {error}.") from error
