"""Profile: the same spec once more, shortly and with counters on, for where the time goes.

A pass of its own, since counters cost throughput: the run's own numbers never see them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ovtui.analysis import layer_cost
from ovtui.engine.device.counting import Counted, Counting, count
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.operations import edges, port_shape, port_type
from ovtui.engine.device.properties import gathered_requests
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import At, Profiled, Say
from ovtui.errors import OvtuiError
from ovtui.records import Layer, LayerStatus, Model, Operation, Profile, Spec, StaticShape, Tensor
from ovtui.text import plain


def profile(model: Model, spec: Spec, say: Say) -> None:
    """The whole task; OvtuiError with the reason when the device cannot."""
    device = Counting()
    effective = prepare(device, model, spec, say)
    # No more than run side by side: a request that waits for its stream would count the waiting as its own.
    streams = max(1, min(effective.streams or 1, effective.requests))
    gathered = gathered_requests(spec.device)
    if gathered is not None and effective.requests < gathered:
        raise OvtuiError(
            f"The layers were not timed: {plain(spec.device)} runs {gathered} requests as one inference, and only "
            f"{effective.requests} were in flight."
        )
    say(At(phase="profiling"))
    try:
        counted = count(
            device,
            streams if gathered is None else effective.requests,
            on_cpu=all(name.strip("()").startswith("CPU") for name in effective.execution_devices),
            gathered=gathered is not None,
        )
        original = device.original(gathered=gathered is not None)
        layers = _layers(device, counted, original)
    except FAILURES as error:
        raise OvtuiError(f"The layers could not be profiled: {reason(error)}") from error
    found = Profile(
        layers=tuple(layers),
        operations=original,
        inferences=len(counted.latencies),
        requests=effective.requests,
        streams=streams,
        latency_us=round(float(np.mean(counted.latencies)), 2),
        median_us=round(float(np.median(counted.latencies)), 2),
        overhead=None,
        counters=_has_counters(counted, layers),
    )
    ran_on = {name.strip("()") for name in effective.execution_devices}
    say(Profiled(profile=found, device=ran_on.pop() if len(ran_on) == 1 else ""))


def _has_counters(counted: Counted, layers: list[Layer]) -> bool:
    """Whether layers without a time took less than a microsecond, which a CPU tells as not run at all.

    Counters of which none has the name of a layer tell nothing of them.
    """
    if not set(counted.names).intersection(layer.name for layer in layers):
        return False
    return bool(counted.names) and (bool(counted.times[0].any()) or "executed" not in counted.statuses)


def _layers(device: Counting, counted: Counted, original: tuple[Operation, ...]) -> list[Layer]:
    """The executed graph without constants, in the order of execution."""
    ran = {name for name, status in zip(counted.names, counted.statuses, strict=True) if status == "executed"}
    nodes = _reached(device.executed(), ran)
    parts: dict[str, int] = dict(zip(reversed(counted.names), reversed(counted.parts), strict=True))
    # Each of the models that HETERO made of one counts its order from 0; one runs after the other.
    nodes.sort(key=lambda node: (_part(node, parts), _order(node)))
    places = {node.get_name(): place for place, node in enumerate(nodes)}
    mean, spread = counted.times
    # Names need not be unique: the first node of a name takes the first counter of that name.
    columns: dict[str, list[int]] = defaultdict(list)
    for column in range(len(counted.names) - 1, -1, -1):
        columns[counted.names[column]].append(column)
    made = [tuple(filter(None, (_told(node, "originalLayersNames") or "").split(","))) for node in nodes]
    told = {str(node.get_friendly_name()) for node in nodes}.union(*made)
    costs = layer_cost.Costs(original, told)
    layers = []
    for order, (node, made_of) in enumerate(zip(nodes, made, strict=True)):
        name, kind = str(node.get_friendly_name()), _told(node, "layerType") or str(node.get_type_name())
        place = columns[name].pop() if columns[name] else None
        status: LayerStatus = "not_run" if place is None else counted.statuses[place]
        outputs = _outputs(node)
        timed = place is not None and status == "executed" and bool(mean.any())
        layers.append(
            Layer(
                name=name,
                type=kind,
                kernel=_told(node, "primitiveType"),
                precision=_told(node, "runtimePrecision", lower=True),
                order=order,
                status=status,
                inputs=edges(node, places),
                outputs=outputs,
                original=made_of,
                time_us=round(float(mean[place]), 2) if timed else None,
                spread_us=round(float(spread[place]), 2) if timed else None,
                flops=costs.flops(kind, name, made_of, _shapes(node), outputs),
                bytes=layer_cost.traffic(kind, _read(node), outputs) if status == "executed" else 0,
            )
        )
    return layers


def _reached(nodes: list[Any], ran: set[str]) -> list[Any]:
    """What follows from an input, or was executed: the rest is constants, folded when the model was compiled."""
    reached: set[str] = set()
    kept = []
    for node in nodes:
        begins = (_told(node, "layerType") or node.get_type_name()) in ("Input", "Parameter")
        follows = any(node.input_value(i).get_node().get_name() in reached for i in range(node.get_input_size()))
        if begins or follows or str(node.get_friendly_name()) in ran:
            reached.add(node.get_name())
            kept.append(node)
    return kept


def _part(node: Any, parts: dict[str, int]) -> int:
    """The model that it is in; of one without a counter, the last of those that it reads."""
    name = str(node.get_friendly_name())
    if name not in parts:
        read = [node.input_value(i).get_node() for i in range(node.get_input_size())]
        parts[name] = max((_part(each, parts) for each in read), default=0)
    return parts[name]


def _order(node: Any) -> int:
    """As a number: as text, 10 would come before 9."""
    text = _told(node, "execOrder") or ""
    return int(text) if text.isdigit() else 1 << 30


def _told(node: Any, key: str, *, lower: bool = False) -> str | None:
    """What the device says of a node; None for nothing, and for what it calls undefined."""
    info = node.get_rt_info()
    text = str(info[key].astype(str)) if key in info else ""
    if text.lower() in ("", "undefined", "unspecified", "not_executed"):
        return None
    return text.lower() if lower else text


def _outputs(node: Any) -> tuple[Tensor, ...]:
    layouts = (_told(node, "outputLayouts") or "").split(",")
    precisions = (_told(node, "outputPrecisions", lower=True) or "").split(",")
    found = []
    for index, port in enumerate(node.outputs()):
        precision = precisions[index] if index < len(precisions) and precisions[index] else port_type(port)
        layout = layouts[index] if index < len(layouts) and layouts[index] else None
        found.append(Tensor(type=precision, shape=port_shape(port.get_partial_shape()), layout=layout))
    return tuple(found)


def _read(node: Any) -> list[Tensor]:
    """What it reads, constants included."""
    found = []
    for index in range(node.get_input_size()):
        value = node.input_value(index)
        outputs = _outputs(value.get_node())
        if value.get_index() < len(outputs):
            found.append(outputs[value.get_index()])
    return found


def _shapes(node: Any) -> list[StaticShape]:
    found = []
    for index in range(node.get_input_size()):
        partial = node.get_input_partial_shape(index)
        found.append(() if partial.is_dynamic else tuple(int(dim.get_length()) for dim in partial))
    return found
