"""What a quantizer swallows in silence and a person wants to know: looked at as the samples go by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ovtui.engine.device.element_types import Array
from ovtui.errors import InputError
from ovtui.sanitize import plain

FEW = 10
_BYTES = 255
_CLEARLY_BYTES = 50


def holds_nan(values: Mapping[str, Array]) -> bool:
    """Whether nothing can be said of what comes out, since something that goes in is no number."""
    return any(array.dtype.kind == "f" and bool(np.isnan(array).any()) for array in values.values())


class Checker:
    """Sees each sample once. `notes` tells what is doubtful; what is wrong beyond doubt is raised."""

    def __init__(self, source: str) -> None:
        self._source = plain(source)
        self._seen: set[str] = set()
        self._empty: list[str] = []
        self._byte_like: dict[str, bool] = {}
        self._most: dict[str, float] = {}

    def look(self, name: str, values: Mapping[str, Array]) -> None:
        """InputError for a value that is no finite number."""
        if name in self._seen:
            return
        self._seen.add(name)
        telling = [array for array in values.values() if array.size > 1]  # one value says nothing by being one
        empty = bool(telling)
        for key, array in values.items():
            if not array.size:
                raise InputError(f"{self._source}: {plain(name, 80)} is empty.")
            if array.dtype.kind == "f":
                low, high = float(array.min()), float(array.max())
                if not (np.isfinite(low) and np.isfinite(high)):
                    raise InputError(
                        f"{self._source}: {plain(name, 80)} holds a value that is no finite number (NaN or infinity): "
                        "leave it out."
                    )
                whole = low >= 0 and high <= _BYTES and bool(np.all(array == np.rint(array)))
                self._byte_like[key] = self._byte_like.get(key, True) and whole
                self._most[key] = max(self._most.get(key, 0.0), high)
            else:
                low, high = int(array.min()), int(array.max())
            empty = empty and (array.size == 1 or low == high)
        if empty:
            self._empty.append(name)

    def end(self) -> list[str]:
        """What is doubtful about all of them; InputError when none holds anything."""
        if self._seen and len(self._empty) == len(self._seen):
            raise InputError(
                f"{self._source}: each of the {len(self._seen)} samples is one value all over, "
                "and nothing can be calibrated on that."
            )
        notes = []
        if self._empty:
            notes.append(
                f"{len(self._empty)} of the samples are one value all over, {plain(self._empty[0], 80)} first: "
                "they say nothing of what the model sees."
            )
        for key, alike in self._byte_like.items():
            if alike and self._most[key] > _CLEARLY_BYTES:
                notes.append(
                    f"Input '{plain(key, 60)}' gets whole numbers from 0 to {self._most[key]:g}, as pixels are that "
                    "nobody normalised: if the model was trained on normalised ones, this costs most of its accuracy."
                )
        if 0 < len(self._seen) < FEW:
            notes.append(
                f"{len(self._seen)} {'sample is' if len(self._seen) == 1 else 'samples are'} little to calibrate on: "
                "100 or more keep more of the accuracy."
            )
        return notes
