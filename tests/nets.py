"""Small real models, made with OpenVINO's own operations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ovtui.engine.device.quiet import openvino

ov = openvino()
op = ov.opset13


def _save(outputs: list, inputs: list, path: Path) -> Path:
    ov.save_model(ov.Model(outputs, inputs, path.stem), path, compress_to_fp16=False)
    return path


def _parameter(shape: list[int], dtype: type, name: str):
    node = op.parameter(shape, dtype, name=name)
    node.output(0).set_names({name})
    return node


def _weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32) * 0.1


def mlp(path: Path, *, width: int, layers: int) -> Path:
    x = _parameter([1, width], np.float32, "x")
    y = x
    for _ in range(layers):
        y = op.relu(op.matmul(y, op.constant(_weights(width, width)), False, False))
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def cnn(path: Path, *, channels: int, size: int, layers: int) -> Path:
    batch = 1 if size > 0 else -1
    x = _parameter([batch, 3, size, size], np.float32, "image")
    x.set_layout(ov.Layout("NCHW"))
    y, depth = x, 3
    for _ in range(layers):
        kernel = op.constant(_weights(channels, depth, 3, 3))
        y = op.relu(op.convolution(y, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
        depth = channels
    y.output(0).set_names({"features"})
    return _save([y], [x], path)


def embedding(path: Path, *, rows: int) -> Path:
    ids = _parameter([1, 16], np.int64, "input_ids")
    mask = _parameter([1, 16], np.int64, "attention_mask")
    table = op.constant(_weights(rows, 8))
    found = op.gather(table, ids, op.constant(np.int64(0)))
    kept = op.multiply(found, op.unsqueeze(op.convert(mask, "f32"), op.constant(np.int64(2))))
    kept.output(0).set_names({"hidden"})
    return _save([kept], [ids, mask], path)


def takes_an_axis(path: Path) -> Path:
    """A model whose integer input is a shape: random zeros and ones break it."""
    x = _parameter([2, 6], np.float32, "x")
    target = _parameter([2], np.int64, "target_shape")
    y = op.reshape(x, target, special_zero=False)
    y.output(0).set_names({"y"})
    return _save([y], [x, target], path)


def no_batch(path: Path) -> Path:
    """A model over one scalar."""
    x = _parameter([], np.float32, "x")
    y = op.exp(x)
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def chain(path: Path, *, layers: int) -> Path:
    """A chain that no plugin can shorten: softmax after softmax, along axes in turn."""
    x = _parameter([4, 4], np.float32, "x")
    y = x
    for index in range(layers):
        y = op.softmax(y, index % 2)
        y.set_friendly_name(f"model.layers.{index // 10}.softmax_{index % 10}")
    y.output(0).set_names({"y"})
    return _save([y], [x], path)
