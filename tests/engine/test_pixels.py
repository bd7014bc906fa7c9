"""Which data are images."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from ovtui.engine.pixels import are_images
from ovtui.records import Data, Model, Port
from tests.store.samples import a_model

FLOATS = a_model(inputs=(Port(name="x", type="f32", shape=(1, 3, 8, 8)),))
BYTES = msgspec.structs.replace(FLOATS, inputs=(Port(name="x", type="u8", shape=(1, 8, 8, 3)),))
PIXELS = np.zeros((2, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("model", "array", "yes"),
    [
        (FLOATS, PIXELS, True),
        (FLOATS, PIXELS[..., :1], True),
        (FLOATS, PIXELS.astype(np.float32), False),
        (FLOATS, PIXELS.transpose(0, 3, 1, 2), False),
        (BYTES, PIXELS, False),
    ],
)
def test_arrays_are_images_when_they_are_pixels_to_normalise(
    model: Model, array: np.ndarray, yes: bool, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", x=array)
    for name in ("a.npy", "a.npz"):
        assert are_images(model, [Data(path=str(tmp_path / name))]) is yes


def test_a_folder_is_of_images_and_rubbish_is_not(tmp_path: Path) -> None:
    assert are_images(BYTES, [Data(path=str(tmp_path))])
    rubbish = tmp_path / "x.npy"
    rubbish.write_bytes(b"\x93NUMPY\x01\x00\xff\xffrubbish")
    for path in (rubbish, tmp_path / "none.npy"):
        assert not are_images(FLOATS, [Data(path=str(path))])
    assert not are_images(FLOATS, [])
