"""The built-in model: an image classifier shaped like MobileNetV2, with weights from a seed.

It measures like a real network and knows nothing: for `ovtui demo` and the first minute with the tool.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import At, Built, Say
from ovtui.engine.tasks import DemoTask
from ovtui.records import Phase

CLASSES = 1000
# Expansion, output channels, repetitions, first stride: table 2 of Sandler et al. 2018, arXiv:1801.04381.
_BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def demo(task: DemoTask, say: Say) -> None:
    """Write the demo model where it is wanted."""
    say(At(phase=Phase(name="building")))
    build(Path(task.path))
    say(Built())


def build(path: Path) -> None:
    """Write the model to `path` (an .xml) and its weights beside it; the same bytes every time.

    The .xml appears last and whole, so that a model that is there is complete.
    """
    ov = openvino()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.stem}.{os.getpid()}.xml")
    ov.serialize(_Network(ov).model(), str(made), str(made.with_suffix(".bin")))
    made.with_suffix(".bin").replace(path.with_suffix(".bin"))
    made.replace(path)


class _Network:
    """Names every node itself: a name that OpenVINO makes up counts the nodes of the process."""

    def __init__(self, ov: Any) -> None:
        self._ov = ov
        self._op = ov.opset13
        # The stream of RandomState is frozen for all versions of numpy, and uniform values need no libm.
        self._random = np.random.RandomState(2018)

    def model(self) -> Any:
        image = self._op.parameter([1, 3, 224, 224], np.float32, name="image")
        image.set_layout(self._ov.Layout("NCHW"))
        image.output(0).set_names({"image"})
        x = self._convolution(image, "stem", 3, 32, kernel=3, stride=2)
        channels, number = 32, 0
        for expansion, out, repetitions, first_stride in _BLOCKS:
            for repetition in range(repetitions):
                number += 1
                stride = first_stride if repetition == 0 else 1
                x = self._block(x, f"block{number}", channels, out, expansion, stride)
                channels = out
        x = self._convolution(x, "head", channels, 1280, kernel=1)
        axes = self._constant("classifier/pool/axes", np.array([2, 3], np.int64))
        x = self._named("classifier/pool", self._op.reduce_mean(x, axes, keep_dims=False))
        weights = self._constant("classifier/weights", self._uniform((CLASSES, 1280), 1280))
        x = self._named("classifier/matmul", self._op.matmul(x, weights, False, True))
        bias = self._constant("classifier/bias", self._uniform((1, CLASSES), 1280))
        x = self._named("classifier", self._op.add(x, bias))
        x = self._named("probabilities", self._op.softmax(x, axis=1))
        x.output(0).set_names({"probabilities"})
        result = self._named("probabilities/result", self._op.result(x))
        return self._ov.Model([result], [image], "ovtui-demo")

    def _block(self, x: Any, name: str, channels: int, out: int, expansion: int, stride: int) -> Any:
        """Expand, filter each channel, project; and add the input where the shape allows it."""
        wide = channels * expansion
        y = x if expansion == 1 else self._convolution(x, f"{name}/expand", channels, wide, kernel=1)
        y = self._convolution(y, f"{name}/depthwise", wide, wide, kernel=3, stride=stride, groups=wide)
        y = self._convolution(y, f"{name}/project", wide, out, kernel=1, relu=False)
        return self._named(f"{name}/add", self._op.add(x, y)) if stride == 1 and channels == out else y

    def _convolution(
        self,
        x: Any,
        name: str,
        channels: int,
        out: int,
        *,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        relu: bool = True,
    ) -> Any:
        """Convolution, bias (as batch normalisation leaves it) and ReLU6."""
        inside = channels // groups
        shape = (out, inside, kernel, kernel) if groups == 1 else (groups, out // groups, inside, kernel, kernel)
        weights = self._constant(f"{name}/weights", self._uniform(shape, inside * kernel**2))
        convolve = self._op.convolution if groups == 1 else self._op.group_convolution
        pads = [kernel // 2] * 2
        y = self._named(f"{name}/conv", convolve(x, weights, [stride] * 2, pads, pads, [1, 1]))
        bias = self._constant(f"{name}/bias", self._uniform((1, out, 1, 1), inside * kernel**2))
        y = self._named(f"{name}/bias_add", self._op.add(y, bias))
        return self._named(f"{name}/relu6", self._op.clamp(y, 0.0, 6.0)) if relu else y

    def _uniform(self, shape: tuple[int, ...], fan_in: int) -> npt.NDArray[np.float32]:
        """Values whose sums of `fan_in` products keep the scale through a ReLU (He et al. 2015)."""
        bound = (6 / fan_in) ** 0.5
        values: npt.NDArray[np.float64] = self._random.random_sample(shape)
        scaled: npt.NDArray[np.float32] = ((values * 2 - 1) * bound).astype(np.float32)
        return scaled

    def _constant(self, name: str, values: npt.NDArray[Any]) -> Any:
        return self._named(name, self._op.constant(values))

    def _named(self, name: str, node: Any) -> Any:
        node.set_friendly_name(name)
        return node
