"""Graphs to lay out: small nets by hand, and in outline the well-known ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from ovtui.analysis.graph import model
from ovtui.analysis.graph.model import Graph
from ovtui.records import Edge, Layer, Operation, Profile, Tensor

Shape = tuple[int, ...]


class Net:
    """A net that is put together node by node; each call returns the new node's index."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.names: list[str] = []
        self.inputs: list[list[Edge]] = []
        self.shapes: list[Shape] = []
        self.times: list[float | None] = []

    def add(
        self,
        type_: str,
        *sources: int | tuple[int, int],
        name: str = "",
        shape: Shape = (1, 8),
        time: float | None = 1.0,
    ) -> int:
        self.types.append(type_)
        self.names.append(name or f"{type_}_{len(self.names)}")
        edges = [(source, 0) if isinstance(source, int) else source for source in sources]
        self.inputs.append([Edge(source, port) for source, port in edges])
        self.shapes.append(shape)
        self.times.append(time)
        return len(self.types) - 1

    def chain(self, source: int, *types: str, scope: str = "", shape: Shape = (1, 8)) -> int:
        """Nodes one after another; the last one."""
        for type_ in types:
            source = self.add(type_, source, name=f"{scope}{type_}_{len(self.names)}" if scope else "", shape=shape)
        return source

    def profile(self) -> Profile:
        """Executed as it was put together; the model's own graph is the same."""
        layers, operations = [], []
        for index, type_ in enumerate(self.types):
            inputs, name = tuple(self.inputs[index]), self.names[index]
            outputs = (Tensor("f32", self.shapes[index], "abcd"),)
            layers.append(
                Layer(
                    name=name,
                    type=type_,
                    kernel="jit_avx2",
                    precision="f32",
                    order=index,
                    status="executed",
                    inputs=inputs,
                    outputs=outputs,
                    original=(name,),
                    time_us=self.times[index],
                    flops=1000,
                    bytes=4000,
                )
            )
            operations.append(Operation(name, type_, inputs, outputs, 1000))
        return profile(layers, operations)

    def graph(self) -> Graph:
        return model.runtime(self.profile())


def profile(layers: Iterable[Layer] = (), operations: Iterable[Operation] = ()) -> Profile:
    return Profile(
        layers=tuple(layers),
        operations=tuple(operations),
        inferences=10,
        requests=1,
        streams=1,
        latency_us=None,
        median_us=None,
        overhead=None,
    )


def of_edges(count: int, edges: Iterable[tuple[int, int]], *, names: Sequence[str] = ()) -> Graph:
    """`count` nodes and (producer, consumer) pairs, executed as they are numbered."""
    inputs: list[list[int]] = [[] for _ in range(count)]
    for producer, consumer in edges:
        inputs[consumer].append(producer)
    net = Net()
    for node in range(count):
        net.add("Relu", *inputs[node], name=names[node] if names else "", time=float(node % 7))
    return net.graph()


def chain(length: int, types: Sequence[str] = ("Relu",)) -> Net:
    net = Net()
    node = net.add("Input")
    for index in range(length - 1):
        node = net.add(types[index % len(types)], node)
    return net


def inception(modules: int = 3) -> Net:
    """Modules of four branches that end in a concatenation."""
    net = Net()
    node = net.add("Input", name="input")
    for count in range(modules):
        at = f"Inception/Mixed_{count}"
        first = net.add("Convolution", node, name=f"{at}/Branch_0/Conv2d")
        second = net.chain(node, "Convolution", "Convolution", scope=f"{at}/Branch_1/")
        third = net.chain(node, "Convolution", "Convolution", "Convolution", scope=f"{at}/Branch_2/")
        fourth = net.chain(node, "MaxPool", "Convolution", scope=f"{at}/Branch_3/")
        node = net.add("Concat", first, second, third, fourth, name=f"{at}/concat")
    net.add("Output", node, name="output")
    return net


def densenet(layers: int = 40) -> Net:
    """One dense block: each layer reads what all those before it have made."""
    net = Net()
    node = net.add("Input", name="input")
    made = [net.add("MaxPool", node, name="pool0")]
    for count in range(layers):
        at = f"dense1.layer{count}."
        node = net.add("Concat", *made, name=f"{at}concat")
        made.append(net.chain(node, "ScaleShift", "Relu", "Convolution", "Relu", "Convolution", scope=at))
    node = net.add("Concat", *made, name="transition.concat")
    net.chain(node, "Convolution", "AvgPool", "Output", scope="transition.")
    return net


def unet(depth: int = 4) -> Net:
    """Down and up again; each level on the way up reads what the same one on the way down has made."""
    net = Net()
    node = net.add("Input", name="input")
    skips = []
    for level in range(depth):
        node = net.chain(node, "Convolution", "Relu", "Convolution", "Relu", scope=f"down{level}.")
        skips.append(node)
        node = net.add("MaxPool", node, name=f"down{level}.pool")
    node = net.chain(node, "Convolution", "Relu", "Convolution", "Relu", scope="bottom.")
    for level in reversed(range(depth)):
        node = net.add("ConvolutionBackpropData", node, name=f"up{level}.upsample")
        node = net.add("Concat", node, skips[level], name=f"up{level}.concat")
        node = net.chain(node, "Convolution", "Relu", "Convolution", "Relu", scope=f"up{level}.")
    net.chain(node, "Convolution", "Output", scope="head.")
    return net


def transformer(layers: int = 12, *, named: bool = True, seed: int = 1) -> Net:
    """An encoder: attention and two products in each layer, residual sums, and a mask that every layer reads."""
    net, spread = Net(), random.Random(seed)

    def add(type_: str, *sources: int | tuple[int, int], at: str) -> int:
        name = f"encoder.{at}{type_}_{len(net.names)}" if named else f"{type_}_{len(net.names)}"
        return net.add(type_, *sources, name=name, time=spread.uniform(1, 20))

    ids, mask = net.add("Parameter", name="input_ids"), net.add("Parameter", name="attention_mask")
    node = add("Gather", ids, at="embeddings.")
    node = add("MVN", add("Add", node, at="embeddings."), at="embeddings.")
    mask = net.chain(mask, "Unsqueeze", "Convert", "Multiply")
    for count in range(layers):
        at = f"layer.{count}."
        heads = []
        for part in ("query", "key", "value"):
            inner = f"{at}attention.{part}."
            product = add("Add", add("MatMul", node, at=inner), at=inner)
            heads.append(add("Transpose", add("Reshape", product, at=inner), at=inner))
        inner = f"{at}attention."
        scores = add("Multiply", add("MatMul", heads[0], heads[1], at=inner), at=inner)
        weights = add("Softmax", add("Add", scores, mask, at=inner), at=inner)
        context = add("Transpose", add("MatMul", weights, heads[2], at=inner), at=inner)
        product = add("Add", add("MatMul", add("Reshape", context, at=inner), at=inner), at=inner)
        node = add("MVN", add("Add", product, node, at=inner), at=inner)
        inner = f"{at}output."
        wide = add("Gelu", add("Add", add("MatMul", node, at=inner), at=inner), at=inner)
        product = add("Add", add("MatMul", wide, at=inner), at=inner)
        node = add("MVN", add("Add", product, node, at=inner), at=inner)
    net.add("Result", add("Tanh", add("MatMul", node, at="pooler."), at="pooler."), name="result")
    return net
