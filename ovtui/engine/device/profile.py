"""Profile: the same spec once more, shortly and with counters on, for where the time goes.

A pass of its own, since counters cost throughput: the run's own numbers never see them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ovtui.analysis.layer_cost import Costs
from ovtui.analysis.layers import STILL
from ovtui.analysis.precisions import computed_in, normal
from ovtui.analysis.traffic import Read, traffic
from ovtui.engine.device.bodies import OWNERS
from ovtui.engine.device.counting import Counted, Counting, arrangement, count
from ovtui.engine.device.measure import prepare
from ovtui.engine.device.operations import edges, port_shape, port_type
from ovtui.engine.device.reason import FAILURES, reason
from ovtui.engine.messages import At, Profiled, Say
from ovtui.engine.tasks import ProfileTask
from ovtui.errors import OvtuiError
from ovtui.records import Layer, LayerStatus, Operation, Phase, Profile, StaticShape, Tensor


def profile(task: ProfileTask, say: Say) -> None:
    """OvtuiError with the reason when the device cannot."""
    spec = task.spec
    device = Counting()
    effective = prepare(device, task.model, spec, say)
    arranged = arrangement(spec, effective)
    say(At(phase=Phase(name="profiling")))
    try:
        counted = count(device, arranged.requests, on_cpu=arranged.on_cpu, gathered=arranged.gathered)
        empty_us = device.empty_us(arranged.streams)
        original = device.original(gathered=arranged.gathered)
        layers = _layers(device, counted, original, effective.precision)
    except FAILURES as error:
        raise OvtuiError(f"The layers could not be profiled: {reason(error)}") from error
    cost = counted.cost
    found = Profile(
        layers=tuple(layers),
        operations=original,
        inferences=len(counted.latencies),
        requests=effective.requests,
        streams=arranged.streams,
        latency_us=round(float(np.mean(counted.latencies)), 2),
        median_us=round(float(np.median(counted.latencies)), 2),
        overhead=None if cost is None else round(cost.mean, 4),
        overhead_ci95=None if cost is None else (round(cost.ci95[0], 4), round(cost.ci95[1], 4)),
        counters=_has_counters(counted, layers),
        empty_us=None if empty_us is None else round(empty_us, 2),
    )
    ran_on = {name.strip("()") for name in effective.execution_devices}
    say(Profiled(profile=found, device=ran_on.pop() if len(ran_on) == 1 else ""))


def _has_counters(counted: Counted, layers: list[Layer]) -> bool:
    """Whether layers without a time were too short for whole microseconds, which a CPU tells as not run at all.

    Counters of which none has the name of a layer tell nothing of them.
    """
    if not set(counted.names).intersection(layer.name for layer in layers):
        return False
    return bool(counted.names) and (bool(counted.times.mean_us.any()) or "executed" not in counted.statuses)


def _layers(device: Counting, counted: Counted, original: tuple[Operation, ...], computing: str | None) -> list[Layer]:
    """The executed graph without constants, in the order of execution."""
    ran = {name for name, status in zip(counted.names, counted.statuses, strict=True) if status == "executed"}
    nodes = _reached(device.executed(), ran)
    parts: dict[str, int] = dict(zip(reversed(counted.names), reversed(counted.parts), strict=True))
    # Each of the models that HETERO made of one counts its order from 0; one runs after the other.
    nodes.sort(key=lambda node: (_part(node, parts), _order(node)))
    places = {node.get_name(): place for place, node in enumerate(nodes)}
    mean, spread, low, high = counted.times
    # Names need not be unique: the first node of a name takes the first counter of that name.
    columns: dict[str, list[int]] = defaultdict(list)
    for column in range(len(counted.names) - 1, -1, -1):
        columns[counted.names[column]].append(column)
    made = [tuple(filter(None, (_told(node, "originalLayersNames") or "").split(","))) for node in nodes]
    told = {str(node.get_friendly_name()) for node in nodes}.union(*made)
    costs = Costs(original, told)
    layers = []
    for order, (node, made_of) in enumerate(zip(nodes, made, strict=True)):
        name, kind = str(node.get_friendly_name()), _told(node, "layerType") or str(node.get_type_name())
        place = columns[name].pop() if columns[name] else None
        status: LayerStatus = "not_run" if place is None else counted.statuses[place]
        kernel, precision = _told(node, "primitiveType"), _told(node, "runtimePrecision", lower=True)
        if kind in OWNERS:  # the device tells the type of its first input; what is inside computes as all layers may
            precision = computing or precision
        outputs = _outputs(node)
        work = costs.of(kind, name, made_of, _shapes(node), outputs)
        read = [*_read(node), *(Read(tensor, constant=True) for tensor in work.constants)]
        timed = place is not None and status == "executed" and bool(mean.any())
        # What a CPU tells as not run may have been too short for its counters.
        bounded = (
            counted.on_cpu and place is not None and (timed or (status == "not_run" and kind.lower() not in STILL))
        )
        layers.append(
            Layer(
                name=name,
                type=kind,
                kernel=kernel,
                precision=precision,
                order=order,
                status=status,
                inputs=edges(node, places),
                outputs=outputs,
                original=made_of,
                time_us=round(float(mean[place]), 2) if timed else None,
                # What is below the resolution of the counters is not known to be nothing.
                spread_us=round(float(spread[place]), 2) if timed and (spread[place] or not bounded) else None,
                flops=work.flops,
                bytes=traffic(kind, read, outputs, computed_in(kernel, precision)) if status == "executed" else 0,
                low_us=round(float(low[place]), 2) if bounded else None,
                high_us=round(float(high[place]), 2) if bounded else None,
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
        precision = (normal(precisions[index]) if index < len(precisions) else None) or port_type(port)
        layout = layouts[index] if index < len(layouts) and layouts[index] else None
        found.append(Tensor(type=precision, shape=port_shape(port.get_partial_shape()), layout=layout))
    return tuple(found)


def _read(node: Any) -> list[Read]:
    """What it reads, constants included."""
    found = []
    for index in range(node.get_input_size()):
        value = node.input_value(index)
        source, port = value.get_node(), value.get_index()
        outputs = _outputs(source)
        if port < len(outputs):
            found.append(Read(outputs[port], (source.get_name(), port), _told(source, "layerType") == "Const"))
    return found


def _shapes(node: Any) -> list[StaticShape]:
    found = []
    for index in range(node.get_input_size()):
        partial = node.get_input_partial_shape(index)
        found.append(() if partial.is_dynamic else tuple(int(dim.get_length()) for dim in partial))
    return found
