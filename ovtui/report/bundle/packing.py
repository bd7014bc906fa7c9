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
from ovtui.report.atomic_write import opened
from ovtui.report.bundle.code import cmake, cpp, python
from ovtui.report.bundle.plan import Plan, as_document
from ovtui.report.bundle.readme import readme
from ovtui.sanitize import plain

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
    sources = [(file, f"model/{place}") for file, place in told.files]
    sources += [(file, f"extensions/{name}") for file, name in told.extensions]
    manifest |= {place: {"sha256": file.sha256, "bytes": file.bytes} for file, place in sources}
    contents["manifest.json"] = (
        msgspec.json.format(msgspec.json.encode({"schema": 1, "files": dict(sorted(manifest.items()))}), indent=2)
        + b"\n"
    )
    with opened(path) as file:
        # Without a time and a name of its own, so that equal bundles are equal files.
        with (
            gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for name in sorted(contents):
                archive.addfile(_entry(f"{told.name}/{name}", len(contents[name])), io.BytesIO(contents[name]))
            for source, place in sorted(sources, key=lambda each: each[1]):
                _add(archive, f"{told.name}/{place}", Path(source.path), source.bytes, source.sha256)
        return file.tell()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o644, 0
    return entry


def _add(archive: tarfile.TarFile, name: str, path: Path, size: int, sha256: str) -> None:
    """A file of the model, which is to be what was imported."""
    changed = InputError(f"{plain(path)} has changed since it was imported: import it again.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"Cannot read {plain(path)}: {error.strerror}.") from error
    with file:
        watched = _Watched(file, path)
        try:
            archive.addfile(_entry(name, size), watched)
        except OSError as error:
            if error.errno is None:  # tarfile's own: there is less of it than there was
                raise changed from error
            raise
        if watched.read(1) or watched.digest.hexdigest() != sha256:
            raise changed


class _Watched:
    """A file that is digested as it is read."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self.digest = hashlib.sha256()

    def read(self, size: int = _CHUNK) -> bytes:
        try:
            chunk = self._file.read(size)
        except OSError as error:
            raise InputError(f"Cannot read {plain(self._path)}: {error.strerror}.") from error
        self.digest.update(chunk)
        return chunk


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
