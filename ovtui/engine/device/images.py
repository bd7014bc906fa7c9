"""A folder of images as tensors: layout, size, channel order, mean and scale, each stated or guessed and said."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ovtui.engine.device.preprocessing import Pixels, applied, guesses, in_words, stated
from ovtui.errors import InputError
from ovtui.records import Images, Port, StaticShape
from ovtui.sanitize import plain

if TYPE_CHECKING:
    from types import ModuleType

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})

Floats = npt.NDArray[np.float32]


def _pillow() -> ModuleType:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise InputError("Reading images needs Pillow: pip install 'ovtui[images]'") from error


class ImageFolder:
    """The images of a folder and how they become the values of an input."""

    def __init__(self, path: Path, images: Images) -> None:
        self._pil = _pillow()
        self.path = path
        self._images = images
        try:
            self.files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        except OSError as error:
            raise InputError(f"Cannot list {plain(path)}: {error.strerror}.") from error
        if not self.files:
            raise InputError(f"There is no image in {plain(path)} ({', '.join(sorted(SUFFIXES))}).")

    def pixels(self, path: Path, height: int, width: int, channels: int) -> Pixels | None:
        """An image as bytes [height, width, channels], red first; None for one that cannot be read."""
        try:
            with warnings.catch_warnings():
                # Pillow warns of much that does no harm, such as damaged EXIF or several transparent colours, and only
                # warns of an image that would fill the memory.
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", self._pil.DecompressionBombWarning)
                with self._pil.open(path) as image:
                    resized = image.convert("RGB" if channels == 3 else "L").resize((width, height))
                    return np.array(resized, dtype=np.uint8).reshape(height, width, channels)
        except (OSError, ValueError, SyntaxError, EOFError, Warning, self._pil.DecompressionBombError):
            return None

    def prepare(
        self, port: Port, shape: StaticShape, layout: str | None, requests: int
    ) -> tuple[Callable[[int], Floats], str, tuple[str, ...]]:
        """A function from request to a batch of shape `shape`, what was done in words, and notes."""
        made = stated(port, shape, layout, self._images, None, bake=False)
        axis = made.layout.index("N")
        number = shape[axis]

        @lru_cache(maxsize=64)
        def sample(path: Path) -> Floats | None:
            pixels = self.pixels(path, *made.size, len(made.mean))
            return None if pixels is None else applied(made, pixels)

        good, bad = self._readable(sample, number * requests)

        def batch(request: int) -> Floats:
            parts = [sample(good[(request * number + i) % len(good)]) for i in range(number)]
            return np.concatenate([part for part in parts if part is not None], axis=axis)

        notes = list(guesses(made))
        if bad:
            first = plain(bad[0].name, 60)
            notes.append(f"{len(bad)} of the images cannot be read and are left out, '{first}' first.")
        left = len(self.files) - len(good) - len(bad)
        if left:
            notes.append(f"{len(good)} of {len(self.files)} images are used, one for each place of a request.")
        words = f"{len(good)} image{'' if len(good) == 1 else 's'} of {plain(self.path)}, resized to {in_words(made)}"
        return batch, words, tuple(notes)

    def _readable(self, sample: Callable[[Path], Floats | None], wanted: int) -> tuple[list[Path], list[Path]]:
        good: list[Path] = []
        bad: list[Path] = []
        for path in self.files:
            if len(good) >= wanted:
                break
            (bad if sample(path) is None else good).append(path)
        if not good:
            raise InputError(f"None of the {len(bad)} images in {plain(self.path)} can be read.")
        return good, bad
