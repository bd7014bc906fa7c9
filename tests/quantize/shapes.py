"""A small net that truly tells drawn shapes apart, so that what quantization costs can be seen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ovtui.engine.device.quiet import openvino

ov = openvino()
op = ov.opset13

CLASSES, SIZE = 8, 24
_TRAINING, _TEST, _RIDGE = 2400, 1200, 100.0
_CHANNELS = (16, 24, 32)


class Trained(NamedTuple):
    """The net as IR, and what nobody trained it on."""

    path: Path
    images: np.ndarray  # f32 [N,3,24,24]
    labels: np.ndarray  # i64 [N]


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images of shapes somewhere, of any size and colour."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, count)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    images = rng.normal(0, 0.35, (count, 3, SIZE, SIZE)).astype(np.float32)
    for place, label in enumerate(labels):
        across, down = rng.uniform(10, 14, 2)
        radius = rng.uniform(6, 9)
        mask = _mask(int(label), np.abs(x - across), np.abs(y - down), x - across, y - down, radius)
        images[place] += mask * rng.uniform(0.8, 1.6, (3, 1, 1))
    return images, labels


def _mask(label: int, dx: np.ndarray, dy: np.ndarray, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    inside = np.maximum(dx, dy) < radius
    distance = np.hypot(dx, dy)
    return (
        inside,
        distance < radius,
        (distance < radius) & (distance > radius - 3),
        inside & (np.minimum(dx, dy) < 2),
        inside & (np.abs(dx - dy) < 2.2),
        inside & (y % 5 < 2),
        inside & (x % 5 < 2),
        inside & (y > 2 * dx - radius),
    )[label].astype(np.float32)


def trained(folder: Path) -> Trained:
    """Convolutions of random kernels, whose features a matrix reads that was fitted by least squares."""
    images, labels = drawn(_TRAINING, 1)
    x, features = _features()
    found = _all(ov.Model([features], [x]), images)
    # ReLU features are all above zero: centred, the fit is a better one. They are not scaled: a feature that is nearly
    # always zero would get a weight a thousand times as large as others, and no 8 bits hold both.
    middle = found.mean(axis=0)
    centred = found - middle
    targets = np.eye(CLASSES)[labels] - 1 / CLASSES
    matrix = np.linalg.solve(centred.T @ centred + _RIDGE * np.eye(centred.shape[1]), centred.T @ targets)
    scores = op.matmul(features, op.constant(matrix.astype(np.float32)), False, False)
    scores.set_friendly_name("head")
    scores = op.add(scores, op.constant((-middle @ matrix)[np.newaxis].astype(np.float32)))
    scores.set_friendly_name("scores")
    scores.output(0).set_names({"scores"})
    path = folder / "shapes.xml"
    ov.save_model(ov.Model([scores], [x], "shapes"), path, compress_to_fp16=False)
    return Trained(path, *drawn(_TEST, 2))


def _features():
    rng = np.random.default_rng(0)
    x = op.parameter([1, 3, SIZE, SIZE], np.float32, name="image")
    x.output(0).set_names({"image"})
    x.set_layout(ov.Layout("NCHW"))
    y, depth = x, 3
    for number, channels in enumerate(_CHANNELS):
        kernel = rng.standard_normal((channels, depth, 3, 3)).astype(np.float32) * np.sqrt(2 / (9 * depth))
        bias = rng.uniform(-0.3, 0.1, (1, channels, 1, 1)).astype(np.float32)
        stride = [1, 1] if number == 0 else [2, 2]
        y = op.convolution(y, op.constant(kernel.astype(np.float32)), stride, [1, 1], [1, 1], [1, 1])
        y.set_friendly_name(f"conv{number}")
        y = op.relu(op.add(y, op.constant(bias)))
        y.set_friendly_name(f"relu{number}")
        depth = channels
    return x, op.reshape(y, op.constant(np.array([1, -1])), special_zero=False)


def _all(model, images: np.ndarray) -> np.ndarray:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([compiled(image[np.newaxis])[0] for image in images]).astype(np.float64)


def top1(path: Path, images: np.ndarray, labels: np.ndarray) -> float:
    """As OpenVINO computes it, without anything of ours."""
    return float(np.mean(_all(ov.Core().read_model(path), images).argmax(axis=1) == labels))
