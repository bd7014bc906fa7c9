"""A bundle as a .tar.gz: written whole or not at all, file by file, and the same bytes for the same content."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import IO

import msgspec

from ovtui.errors import InputError
from ovtui.report.bundle.code import cmake, cpp, python
from ovtui.report.bundle.plan import Plan, as_document
from ovtui.report.bundle.readme import readme
from ovtui.report.put import opened
from ovtui.text import plain

ENDINGS = (".tar.gz", ".tgz")
_CHUNK = 1 << 20


def pack(path: Path, told: Plan) -> int:
    """Write it; its size in bytes. InputError for another ending, a place that refuses, a model file that changed."""
    if not path.name.lower().endswith(ENDINGS):
        raise InputError(f"A bundle is a .tar.gz: end {plain(path)} with {' or '.join(ENDINGS)}.")
    texts = {
        "CMakeLists.txt": cmake(),
        "README.md": readme(told),
        "infer.cpp": cpp(told),
        "infer.py": python(told),
        "spec.json": msgspec.json.format(msgspec.json.encode(as_document(told)), indent=2).decode() + "\n",
    }
    contents = {name: text.encode() for name, text in texts.items()}
    manifest = {name: {"sha256": _digest(content), "bytes": len(content)} for name, content in contents.items()}
    manifest |= {f"model/{place}": {"sha256": file.sha256, "bytes": file.bytes} for file, place in told.files}
    contents["manifest.json"] = msgspec.json.format(
        msgspec.json.encode({"schema": 1, "files": dict(sorted(manifest.items()))}), indent=2
    )
    with opened(path) as file:
        # Without a time and a name of its own, so that equal bundles are equal files.
        with (
            gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for name in sorted(contents):
                archive.addfile(_entry(f"{told.name}/{name}", len(contents[name])), io.BytesIO(contents[name]))
            for source, place in sorted(told.files, key=lambda each: each[1]):
                _add(archive, f"{told.name}/model/{place}", Path(source.path), source.bytes, source.sha256)
        return file.tell()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o644, 0
    return entry


def _add(archive: tarfile.TarFile, name: str, path: Path, size: int, sha256: str) -> None:
    """A file of the model, which is to be what was imported."""
    try:
        with path.open("rb") as file:
            watched = _Watched(file)
            archive.addfile(_entry(name, size), watched)
            rest = file.read(1)
    except OSError as error:
        raise InputError(f"Cannot read {plain(path)}: {error.strerror or 'it is shorter than it was'}.") from error
    if rest or watched.digest.hexdigest() != sha256:
        raise InputError(f"{plain(path)} has changed since it was imported: import it again.")


class _Watched:
    """A file that is digested as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = _CHUNK) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
