"""The bytes of every element type of OpenVINO, held against what OpenVINO makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from ovtui.engine.device import element_types
from tests import nets

ov, op = nets.ov, nets.op
SUB_BYTE = ["u1", "u2", "u3", "u4", "u6", "i4"]
FEW_BITS = ["f8e4m3", "f8e5m2", "f8e8m0", "f4e2m1", "nf4"]


def meaning(kind: str, encoded: np.ndarray, count: int) -> np.ndarray:
    """What OpenVINO reads from these bytes, as float32."""
    tensor = ov.Tensor(getattr(ov.Type, kind), ov.Shape([count]))
    tensor.data.reshape(-1).view(np.uint8)[:] = np.ascontiguousarray(encoded).reshape(-1).view(np.uint8)
    x = op.parameter([count], getattr(ov.Type, kind))
    outputs = [ov.Tensor(ov.Type.f32, ov.Shape([count]))]
    assert ov.Model([op.convert(x, "f32")], [x]).evaluate(outputs, [tensor])
    return np.array(outputs[0].data)


def test_every_type_of_this_openvino_is_known() -> None:
    types = (getattr(ov.Type, name) for name in dir(ov.Type))
    named = {each.get_type_name() for each in types if isinstance(each, ov.Type)}
    assert named - {"dynamic"} == element_types.KINDS


@pytest.mark.parametrize("kind", sorted(element_types.KINDS - {"string"}))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 9, 25])
def test_there_are_as_many_bytes_as_in_a_tensor(kind: str, count: int) -> None:
    values = np.zeros(count, dtype=element_types.holder(kind))
    assert element_types.encode(values, kind).nbytes == ov.Tensor(getattr(ov.Type, kind), ov.Shape([count])).byte_size


@pytest.mark.parametrize("kind", SUB_BYTE)
def test_packed_whole_numbers_mean_what_they_were(kind: str) -> None:
    span = element_types.span(kind)
    values = np.random.default_rng(0).integers(span.least, span.most + 1, 101)
    assert meaning(kind, element_types.encode(values, kind), 101).tolist() == values.tolist()


@pytest.mark.parametrize("kind", FEW_BITS)
def test_each_code_decodes_as_openvino_decodes_it(kind: str) -> None:
    known = element_types.decoded(kind)
    codes = np.arange(len(known), dtype=np.uint8)
    packed = codes if len(known) == 256 else codes[::2] | codes[1::2] << 4
    assert np.array_equal(meaning(kind, packed, len(known)), known.astype(np.float32), equal_nan=True)


@pytest.mark.parametrize("kind", FEW_BITS)
def test_a_value_becomes_the_nearest_one_that_the_type_has(kind: str) -> None:
    values = np.random.default_rng(0).standard_normal(500).astype(np.float32) * np.float32(3)
    known = element_types.decoded(kind)
    known = known[np.isfinite(known)]
    got = meaning(kind, element_types.encode(values, kind), 500)
    nearest = np.abs(values[:, None].astype(np.float64) - known).min(axis=1)
    assert np.allclose(np.abs(values - got), nearest, atol=1e-7)


@pytest.mark.parametrize(("kind", "value"), [("f8e4m3", 448.0), ("f8e5m2", 57344.0), ("f4e2m1", 6.0), ("nf4", 1.0)])
def test_beyond_the_largest_value_it_is_taken(kind: str, value: float) -> None:
    both = np.array([1e30, -1e30], dtype=np.float32)
    assert meaning(kind, element_types.encode(both, kind), 2).tolist() == [value, -value]


def test_bfloat16_keeps_the_upper_half_of_a_float() -> None:
    assert element_types.encode(np.array([1.0, -2.0], dtype=np.float32), "bf16").tolist() == [0x3F80, 0xC000]
