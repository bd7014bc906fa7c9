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

from ovtui.errors import InputError
from ovtui.records import Images, Port, StaticShape
from ovtui.text import plain

if TYPE_CHECKING:
    from types import ModuleType

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


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
        stated = layout is not None and set(layout) >= {"C", "H", "W"} and len(layout) == 4
        order = layout if stated and layout is not None else ("NHWC" if shape[3] in (1, 3) else "NCHW")
        n, c, h, w = (shape[order.index(axis)] for axis in "NCHW")
        if c not in (1, 3):
            raise InputError(
                f"Input '{plain(port.name, 60)}' {list(shape)} has {c} channels in layout {order}, images have 1 or 3: "
                "state the layout with --layout."
            )
        asked = self._images
        channels = asked.channels or "rgb"
        mean = self._per_channel(asked.mean, c, "--mean", 0.0)
        default_scale = 1.0 if port.type == "u8" else 255.0
        scale = self._per_channel(asked.scale, c, "--scale", default_scale)
        if not np.all(np.isfinite(scale)) or np.any(scale == 0):
            raise InputError("--scale divides: it cannot be 0.")

        @lru_cache(maxsize=64)
        def sample(path: Path) -> Floats | None:
            pixels = self.pixels(path, h, w, c)
            if pixels is None:
                return None
            values = pixels[:, :, ::-1] if channels == "bgr" else pixels
            return (values.astype(np.float32) - mean) / scale

        good, bad = self._readable(sample, n * requests)
        axes = ["HWC".index(axis) for axis in order if axis != "N"]

        def batch(request: int) -> Floats:
            parts = [sample(good[(request * n + i) % len(good)]) for i in range(n)]
            return np.stack([part.transpose(axes) for part in parts if part is not None], axis=order.index("N"))

        guessed = [
            word
            for word, given in (
                (f"layout {order}", stated),
                (f"{channels} channels", asked.channels is not None or c == 1),
                (f"mean {_words(mean)}", asked.mean is not None),
                (f"scale {_words(scale)}", asked.scale is not None),
            )
            if not given
        ]
        words = (
            f"{len(good)} images of {plain(self.path)}, resized to {h}×{w}, {order}, {channels}, "
            f"mean {_words(mean)}, scale {_words(scale)}"
        )
        notes = []
        if guessed:
            notes.append(
                f"Guessed for the images: {', '.join(guessed)}. State them with --layout, --channels, --mean, --scale."
            )
        if bad:
            first = plain(bad[0].name, 60)
            notes.append(f"{len(bad)} of the images cannot be read and are left out, '{first}' first.")
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

    @staticmethod
    def _per_channel(given: tuple[float, ...] | None, channels: int, option: str, default: float) -> Floats:
        values = (default,) if given is None else given
        if len(values) not in (1, channels):
            raise InputError(f"{option} takes one number or {channels}, one for each channel, not {len(values)}.")
        return np.asarray(values, dtype=np.float32)


def _words(values: Floats) -> str:
    return ",".join(f"{value:g}" for value in values.tolist())
