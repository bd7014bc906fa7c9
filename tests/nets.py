"""Small real models, made with OpenVINO's own operations."""

from __future__ import annotations

import itertools
import zlib
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


def _weights(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32) * 0.1


def mlp(path: Path, *, width: int, layers: int) -> Path:
    return perceptron(path, [width] * (layers + 1))


def perceptron(path: Path, widths: list[int]) -> Path:
    """Matrix products from each width to the next."""
    x = _parameter([1, widths[0]], np.float32, "x")
    y = x
    for wide, out in itertools.pairwise(widths):
        y = op.relu(op.matmul(y, op.constant(_weights(wide, out)), False, False))
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def cnn(path: Path, *, channels: int, size: int, layers: int, batch: int | None = None) -> Path:
    batch = batch or (1 if size > 0 else -1)
    x = _parameter([batch, 3, size, size], np.float32, "image")
    x.set_layout(ov.Layout("NCHW"))
    y, depth = x, 3
    for _ in range(layers):
        kernel = op.constant(_weights(channels, depth, 3, 3))
        y = op.relu(op.convolution(y, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
        depth = channels
    y.output(0).set_names({"features"})
    return _save([y], [x], path)


def open_classifier(path: Path, *, channels: int = 16, classes: int = 10) -> Path:
    """Batch, height and width are open; what comes out is a row of scores."""
    x = _parameter([-1, 3, -1, -1], np.float32, "image")
    y, depth = x, 3
    for number in range(2):
        kernel = op.constant(_weights(channels, depth, 3, 3, seed=number + 1))
        y = op.relu(op.convolution(y, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
        depth = channels
    y = op.reshape(op.reduce_mean(y, [2, 3], True), np.array([0, channels]), True)
    y = op.matmul(y, op.constant(_weights(channels, classes, seed=7)), False, False)
    y.output(0).set_names({"scores"})
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


def rigid(path: Path) -> Path:
    """What is added to the image has its shape: it takes no other one."""
    x = _parameter([1, 3, 8, 8], np.float32, "image")
    y = op.add(x, op.constant(_weights(1, 3, 8, 8)))
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def boxes(path: Path) -> Path:
    """An image, and four numbers beside it."""
    x, b = _parameter([1, 3, 8, 8], np.float32, "image"), _parameter([1, 4], np.float32, "boxes")
    y = op.relu(op.convolution(x, op.constant(_weights(4, 3, 3, 3)), [1, 1], [1, 1], [1, 1], [1, 1]))
    y = op.add(op.reduce_mean(y, op.constant(np.array([2, 3], np.int64)), False), b)
    y.output(0).set_names({"y"})
    return _save([y], [x, b], path)


def chain(path: Path, *, layers: int) -> Path:
    """A chain that no plugin can shorten: softmax after softmax, along axes in turn."""
    x = _parameter([4, 4], np.float32, "x")
    y = x
    for index in range(layers):
        y = op.softmax(y, index % 2)
        y.set_friendly_name(f"model.layers.{index // 10}.softmax_{index % 10}")
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def transformer(path: Path, *, layers: int, width: int = 64, heads: int = 4, length: int = 16) -> Path:
    """An encoder as BERT's: names with scopes, and a mask that feeds every layer."""
    x = _parameter([1, length, width], np.float32, "embeddings")
    mask = _parameter([1, 1, 1, length], np.float32, "mask")
    y = x
    for number in range(layers):
        scope = f"encoder.layer.{number}"
        y = _encoder_layer(y, mask, scope, width, heads, length)
    y.output(0).set_names({"hidden"})
    return _save([y], [x, mask], path)


def _encoder_layer(x, mask, scope: str, width: int, heads: int, length: int):
    def named(node, name: str):
        node.set_friendly_name(f"{scope}/{name}")
        return node

    def dense(node, wide: int, out: int, name: str):
        # Equal ones would be computed once.
        weights = op.constant(_weights(wide, out, seed=zlib.crc32(f"{scope}/{name}".encode())))
        product = named(op.matmul(node, weights, False, False), f"{name}/MatMul")
        return named(op.add(product, op.constant(_weights(1, 1, out))), f"{name}/Add")

    def split(node, order: list[int], name: str):
        shape = op.constant(np.array([1, length, heads, width // heads]))
        parts = named(op.reshape(node, shape, special_zero=False), f"attention/{name}/Reshape")
        return named(op.transpose(parts, op.constant(np.array(order))), f"attention/{name}/Transpose")

    def normal(node, name: str):
        steady = named(op.mvn(node, op.constant(np.array([2])), True, 1e-5, "inside_sqrt"), f"{name}/MVN")
        scaled = named(op.multiply(steady, op.constant(_weights(1, 1, width))), f"{name}/Multiply")
        return named(op.add(scaled, op.constant(_weights(1, 1, width))), f"{name}/Add")

    query = split(dense(x, width, width, "attention/query"), [0, 2, 1, 3], "query")
    key = split(dense(x, width, width, "attention/key"), [0, 2, 3, 1], "key")
    value = split(dense(x, width, width, "attention/value"), [0, 2, 1, 3], "value")
    scores = named(op.matmul(query, key, False, False), "attention/scores")
    masked = named(op.add(scores, mask), "attention/masked")
    weights = named(op.softmax(masked, 3), "attention/softmax")
    context = named(op.matmul(weights, value, False, False), "attention/context")
    joined = named(op.transpose(context, op.constant(np.array([0, 2, 1, 3]))), "attention/join")
    flat = named(op.reshape(joined, op.constant(np.array([1, length, width])), special_zero=False), "attention/flat")
    attended = normal(named(op.add(dense(flat, width, width, "attention/output"), x), "attention/residual"), "norm1")
    hidden = named(op.gelu(dense(attended, width, 4 * width, "ffn/up"), "erf"), "ffn/gelu")
    return normal(named(op.add(dense(hidden, 4 * width, width, "ffn/down"), attended), "ffn/residual"), "norm2")


def mixed(path: Path, *, channels: int = 32, size: int = 28) -> Path:
    """Two convolutions that compute in 8 bits, one in floating point between them, by where numbers are rounded."""
    x = _parameter([1, channels, size, size], np.float32, "x")
    y = x
    for number, eight_bits in enumerate((True, False, True)):
        weights = op.constant(_weights(channels, channels, 3, 3))
        data = y
        if eight_bits:
            low, high = op.constant(np.float32(-4)), op.constant(np.float32(4))
            data = op.fake_quantize(y, low, high, low, high, 256)
            least, most = op.constant(np.float32(-0.5)), op.constant(np.float32(0.5))
            weights = op.fake_quantize(weights, least, most, least, most, 255)
        convolved = op.convolution(data, weights, [1, 1], [1, 1], [1, 1], [1, 1])
        convolved.set_friendly_name(f"conv{number}")
        y = op.relu(convolved)
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def _linear(y, wide: int, out: int, seed: int, *, bias: bool):
    """A product with weights; without a bias, a CPU gives its layer an empty one of no type."""
    product = op.matmul(y, op.constant(_weights(out, wide, seed=seed)), False, True)
    return op.add(product, op.constant(_weights(1, 1, out, seed=seed))) if bias else product


def _normal(y, width: int):
    steady = op.mvn(y, op.constant(np.array([2])), True, 1e-5, "inside_sqrt")
    return op.add(op.multiply(steady, op.constant(_weights(1, 1, width))), op.constant(_weights(1, 1, width)))


def vit(path: Path, *, layers: int = 2, width: int = 96, heads: int = 4, size: int = 64, patch: int = 8) -> Path:
    """A vision transformer: patches by a convolution, one product for queries, keys and values that is split."""
    x = _parameter([1, 3, size, size], np.float32, "image")
    length = (size // patch) ** 2
    stride = [patch, patch]
    y = op.convolution(x, op.constant(_weights(width, 3, patch, patch)), stride, [0, 0], [0, 0], [1, 1])
    y = op.transpose(op.reshape(y, np.array([1, width, length]), False), op.constant(np.array([0, 2, 1])))
    for number in range(layers):
        seed = 10 * number
        joined = op.reshape(
            _linear(_normal(y, width), width, 3 * width, seed, bias=False),
            np.array([1, length, 3, heads, width // heads]), False,
        )  # fmt: skip
        parts = op.split(op.transpose(joined, op.constant(np.array([2, 0, 3, 1, 4]))), op.constant(np.int64(0)), 3)
        query, key, value = (op.squeeze(part, op.constant(np.array([0]))) for part in parts.outputs())
        scores = op.softmax(op.matmul(query, key, False, True), 3)
        context = op.transpose(op.matmul(scores, value, False, False), op.constant(np.array([0, 2, 1, 3])))
        y = op.add(
            y, _linear(op.reshape(context, np.array([1, length, width]), False), width, width, seed + 1, bias=True)
        )
        hidden = op.gelu(_linear(_normal(y, width), width, 4 * width, seed + 2, bias=False), "erf")
        y = op.add(y, _linear(hidden, 4 * width, width, seed + 3, bias=True))
    first = op.gather(y, op.constant(np.array([0])), op.constant(np.int64(1)))
    y = _linear(first, width, 10, 99, bias=False)
    y.output(0).set_names({"scores"})
    return _save([y], [x], path)


def convnext(path: Path, *, blocks: int = 2, width: int = 48, size: int = 32) -> Path:
    """Depthwise convolutions of 7 × 7, and products along the channels."""
    x = _parameter([1, 3, size, size], np.float32, "image")
    y = op.convolution(x, op.constant(_weights(width, 3, 4, 4)), [4, 4], [0, 0], [0, 0], [1, 1])
    for number in range(blocks):
        depthwise = op.constant(_weights(width, 1, 1, 7, 7, seed=number))
        z = op.group_convolution(y, depthwise, [1, 1], [3, 3], [3, 3], [1, 1])
        z = op.transpose(z, op.constant(np.array([0, 2, 3, 1])))
        z = op.mvn(z, op.constant(np.array([3])), True, 1e-6, "inside_sqrt")
        z = op.gelu(_linear(z, width, 4 * width, 10 + number, bias=False), "erf")
        z = _linear(z, 4 * width, width, 20 + number, bias=False)
        y = op.add(y, op.transpose(z, op.constant(np.array([0, 3, 1, 2]))))
    y = op.reduce_mean(y, op.constant(np.array([2, 3])), False)
    y.output(0).set_names({"features"})
    return _save([y], [x], path)


def compressed(path: Path, *, width: int = 512) -> Path:
    """Products with weights of 8 and of 4 bits, which a kernel expands."""
    x = _parameter([1, width], np.float32, "x")
    numbers = np.random.default_rng(0)
    eight = op.constant(numbers.integers(0, 255, (width, width)).astype(np.uint8))
    scaled = op.multiply(
        op.subtract(op.convert(eight, "f32"), op.convert(op.constant(np.full((width, 1), 128, np.uint8)), "f32")),
        op.constant(np.full((width, 1), 0.01, np.float32)),
    )
    y = op.relu(op.matmul(x, scaled, False, True))
    packed = numbers.integers(0, 255, (width, width // 2)).astype(np.uint8)
    four = op.constant(ov.Tensor(packed, ov.Shape([width, 4, width // 4]), ov.Type.u4))
    groups = op.constant(np.full((width, 4, 1), 0.01, np.float32))
    expanded = op.reshape(op.multiply(op.convert(four, "f32"), groups), np.array([width, width]), False)
    y = op.matmul(y, expanded, False, True)
    y.output(0).set_names({"y"})
    return _save([y], [x], path)


def movers(path: Path, *, rows: int = 1024, width: int = 256) -> Path:
    """Operations that take a part of something, or put one into it."""
    x = _parameter([rows, width], np.float32, "x")
    ids = _parameter([1, 16], np.int64, "ids")
    axis, table = op.constant(np.int64(0)), op.constant(_weights(20_000, 64))
    two = op.constant(np.array([3, 4]))
    flat = op.reshape(ids, np.array([16]), False)
    made = [
        op.slice(x, op.constant([0]), op.constant([64]), op.constant([1])),
        op.strided_slice(x, op.constant([99, 0]), op.constant([163, 0]), op.constant([1, 1]), [0, 1], [0, 1]),
        op.gather(table, ids, axis),
        op.gather_nd(x, op.constant(np.arange(16).reshape(16, 1))),
        op.embedding_bag_offsets_sum(table, flat, op.constant(np.array([0, 4, 8]))),
        op.pad(op.relu(x), op.constant([1, 1]), op.constant([1, 1]), "constant", op.constant(np.float32(0))),
        op.tile(op.sqrt(x), op.constant([1, 2])),
        op.scatter_update(op.tanh(x), two, op.constant(_weights(2, width)), axis),
        op.scatter_nd_update(op.exp(x), op.constant(np.array([[5], [6]])), op.constant(_weights(2, width))),
        op.transpose(op.split(op.sin(x), op.constant(np.int64(1)), 2).output(1), op.constant(np.array([1, 0]))),
    ]  # fmt: skip
    return _save([op.result(each) for each in made], [x, ids], path)


def counter(path: Path) -> Path:
    """A state that each inference adds its input to: what comes out is the sum of all since the last reset."""
    x = _parameter([1, 4], np.float32, "x")
    before = op.read_value(op.constant(np.zeros((1, 4), np.float32)), "total", np.float32, [1, 4])
    after = op.add(before, x)
    after.output(0).set_names({"total"})
    ov.save_model(ov.Model([op.result(after)], [op.assign(after, "total")], [x], path.stem), path, False)
    return path


def language_model(path: Path, *, words: int = 50, width: int = 16) -> Path:
    """One layer of attention with its cache as state, and the inputs that stateful exports have.

    The mask must be as long as the cache with the new tokens: an inference that goes on with an old cache fails.
    """
    ids, mask, positions = (
        _parameter([-1, -1], np.int64, name) for name in ("input_ids", "attention_mask", "position_ids")
    )
    beams = _parameter([-1], np.int32, "beam_idx")
    zero, one = op.constant(np.int64(0)), op.constant(np.int64(1))
    x = op.gather(op.constant(_weights(words, width)), op.convert(ids, "i32"), zero)
    x = op.add(x, op.unsqueeze(op.convert(positions, "f32"), op.constant(np.int64(2))))
    batch = op.gather(op.shape_of(ids), op.constant(np.array([0])), zero)
    empty = op.broadcast(op.constant(np.float32(0)), op.concat([batch, op.constant(np.array([0, width]))], 0))
    cache = op.gather(op.read_value(empty, "past", np.float32, [-1, -1, width]), beams, zero)
    keys = op.concat([cache, op.matmul(x, op.constant(_weights(width, width, seed=2)), False, False)], 1)
    scores = op.add(op.matmul(x, keys, False, True), op.unsqueeze(op.convert(mask, "f32"), one))
    out = op.matmul(op.softmax(scores, 2), keys, False, False)
    logits = op.matmul(out, op.constant(_weights(width, words, seed=3)), False, False)
    logits.output(0).set_names({"logits"})
    sinks, inputs = [op.assign(keys, "past")], [ids, mask, positions, beams]
    ov.save_model(ov.Model([op.result(logits)], sinks, inputs, path.stem), path, False)
    return path
