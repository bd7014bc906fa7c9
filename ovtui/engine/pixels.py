"""Whether data are images: what is remembered of those concerns nothing else."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from ovtui.records import Data, Model

FLOATS = ("f32", "f16", "bf16", "f64")
_UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def are_images(model: Model, data: Sequence[Data]) -> bool:
    """Whether there are some in it: a folder, or pixels [samples,H,W,C] for an input that is to be normalised."""
    paths = [Path(each.path) for each in data]
    if any(path.is_dir() for path in paths):
        return True
    normalised = len(model.inputs) == 1 and model.inputs[0].type in FLOATS
    try:
        return normalised and any(_are_pixels(file) for path in paths for file in _arrays(path))
    except _UNREADABLE:  # which whoever reads all of it says
        return False


def _arrays(path: Path) -> Iterator[IO[bytes]]:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                yield file


def _are_pixels(file: IO[bytes]) -> bool:
    """By its header alone: an array may be larger than the memory."""
    from numpy.lib import format as npy

    read = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return looks_like_pixels(dtype, shape)


def looks_like_pixels(dtype: Any, shape: Sequence[int]) -> bool:
    """Bytes [samples,H,W,C] of one channel or three."""
    return bool(dtype == "uint8" and len(shape) == 4 and shape[3] in (1, 3))
