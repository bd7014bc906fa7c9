"""Bytes that layers must move at the least: what of each input, for each kind of layer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.traffic import Read, bits_of, bytes_of, traffic
from ovtui.records import Shape, Tensor


def f32(*shape: int | str) -> Tensor:
    return Tensor("f32", shape)


def i32(*shape: int) -> Tensor:
    return Tensor("i32", shape)


def moved(type_: str, read: list[Tensor], *written: Tensor) -> int | None:
    return traffic(type_, [Read(tensor) for tensor in read], written)


@pytest.mark.parametrize(
    ("type_", "read", "written", "expected"),
    [
        # 64 of 4,096 rows: what is taken is read and written, and no more.
        ("StridedSlice", [f32(4096, 1024), i32(2), i32(2), i32(2)], [f32(64, 1024)], 2 * 64 * 4096 + 24),
        ("Slice", [f32(4096, 1024), i32(1)], [f32(64, 1024)], 2 * 64 * 4096 + 4),
        ("strided_slice", [f32(4096, 1024)], [f32(64, 1024)], 2 * 64 * 4096),  # as a GPU tells it
        ("Crop", [f32(9, 9)], [f32(3, 3)], 72),
        ("Split", [f32(8, 6), i32(1)], [f32(4, 6), f32(4, 6)], 2 * 192 + 4),
        ("VariadicSplit", [f32(8, 6), i32(1), i32(2)], [f32(3, 6), f32(5, 6)], 2 * 192 + 12),
        ("Gather", [f32(30_000, 768), i32(1, 128), i32(1)], [f32(1, 128, 768)], 2 * 128 * 768 * 4 + 129 * 4),
        ("GatherElements", [f32(100, 100), i32(5, 5)], [f32(5, 5)], 300),
        ("GatherND", [f32(100, 100), i32(5, 1)], [f32(5, 100)], 2 * 2000 + 20),
        ("Gather", [Tensor("u8", (30_000, 768)), i32(4)], [f32(4, 768)], 4 * 768 + 16 + 4 * 768 * 4),
        ("Gather", [f32(2, 8), i32(10)], [f32(10, 8)], 64 + 40 + 320),  # rows that are asked for again lie in a cache
        # Each of 7 rows is read, though only 2 sums come out of it.
        ("EmbeddingBagOffsets", [f32(50, 6), i32(7), i32(2)], [f32(2, 6)], 7 * 24 + 36 + 48),
        ("EmbeddingBagPacked", [f32(50, 6), i32(2, 3)], [f32(2, 6)], 6 * 24 + 24 + 48),
        ("EmbeddingSegmentsSum", [f32(50, 6), i32(7), i32(7), i32(1)], [f32(4, 6)], 7 * 24 + 60 + 96),
        ("Pad", [f32(8, 8), i32(2), i32(2), f32(1)], [f32(10, 10)], 256 + 16 + 4 + 400),
        ("Pad", [f32(8, 8), i32(2), i32(2)], [f32(4, 4)], 64 + 16 + 64),  # of negative sizes: it cuts
        # What is put into a tensor that is changed where it lies.
        ("ScatterUpdate", [f32(4096, 1024), i32(2), f32(2, 1024), i32(1)], [f32(4096, 1024)], 12 + 2 * 8192),
        ("ScatterNDUpdate", [f32(100, 10), i32(3, 1), f32(3, 10)], [f32(100, 10)], 12 + 240),
        ("ScatterElementsUpdate", [f32(100, 10), i32(3, 10), f32(3, 10), i32(1)], [f32(100, 10)], 124 + 240),
        ("SliceScatter", [f32(100, 10), f32(5, 10), i32(1), i32(1)], [f32(100, 10)], 208 + 200),
        ("Concatenation", [f32(2, 8), f32(3, 8)], [f32(5, 8)], 320),
        ("Tile", [f32(2, 8), i32(2)], [f32(4, 16)], 64 + 8 + 256),
        ("Broadcast", [f32(1, 8), i32(2)], [f32(4, 8)], 32 + 8 + 128),
        ("ROIAlign", [f32(1, 256, 200, 200), f32(2, 4), i32(2)], [f32(2, 256, 7, 7)], 2 * 2 * 256 * 49 * 4 + 40),
        ("ROIPooling", [f32(1, 8, 9, 9), f32(1, 5)], [f32(1, 8, 2, 2)], 2 * 128 + 20),
        ("Interpolate", [f32(1, 3, 64, 64), i32(2)], [f32(1, 3, 8, 8)], 2 * 768 + 8),
        ("Interpolate", [f32(1, 3, 8, 8), i32(2)], [f32(1, 3, 64, 64)], 768 + 8 + 49_152),
        ("NonZero", [f32(4, 4)], [i32(2, 16)], 64 + 128),
        ("ShapeOf", [f32(4096, 4096)], [i32(2)], 8),
        ("Reshape", [f32(4, 4), i32(1)], [f32(16)], 0),
        ("Input", [], [f32(4, 4)], 0),
        # A stride of 2 leaves out three of four pixels of a 1 × 1 filter, and none of a 3 × 3 one.
        ("Convolution", [f32(1, 8, 56, 56), f32(16, 8, 1, 1)], [f32(1, 16, 28, 28)], 4 * (8 * 784 + 128 + 16 * 784)),
        ("Convolution", [f32(1, 8, 56, 56), f32(16, 8, 3, 3)], [f32(1, 16, 28, 28)],
         4 * (8 * 3136 + 16 * 72 + 16 * 784)),
        ("Convolution", [f32(1, 8, 9, 9), f32(2, 4, 4, 1, 1)], [f32(1, 8, 9, 9)], 4 * (648 + 32 + 648)),
        ("FullyConnected", [f32(4, 64), f32(32, 64), Tensor("dynamic", (0,))], [f32(4, 32)], 4 * (256 + 2048 + 128)),
        ("Reorder", [f32(4, 4)], [Tensor("bf16", (4, 4))], 64 + 32),
    ],
)  # fmt: skip
def test_each_kind_moves_what_it_must(type_: str, read: list[Tensor], written: list[Tensor], expected: int) -> None:
    assert moved(type_, read, *written) == expected


@pytest.mark.parametrize("type_", ["dynamic", "undefined", "string", "f32", "", "nf4", "boolean"])
def test_what_has_no_elements_has_no_bytes(type_: str) -> None:
    assert bytes_of(Tensor(type_, (0,))) == bytes_of(Tensor(type_, (4, 0, 8))) == 0


@pytest.mark.parametrize(("type_", "bits"), [("u1", 1), ("i4", 4), ("u3", 3), ("nf4", 4), ("f4e2m1", 4), ("f8e4m3", 8),
                                             ("boolean", 8), ("bf16", 16), ("f64", 64), ("string", 256)])  # fmt: skip
def test_every_type_that_holds_something_has_a_size(type_: str, bits: int) -> None:
    assert bits_of(type_) == bits


def test_elements_of_less_than_a_byte_share_bytes() -> None:
    assert bytes_of(Tensor("u4", (3, 3))) == 5


@pytest.mark.parametrize(
    ("stored", "computed", "each"),
    [("f32", "bf16", 2), ("f32", "f16", 2), ("f32", "f32", 4), ("f16", "f32", 2), ("bf16", "bf16", 2),
     ("u8", "bf16", 1), ("u8", "f32", 1), ("f32", "u8", 4), ("f32", None, 4), ("i8", "i8", 1)],
)  # fmt: skip
def test_weights_count_as_they_are_executed(stored: str, computed: str | None, each: int) -> None:
    """Stored wide, they are converted once, when the model is compiled; stored narrow, a kernel expands them."""
    weights = Read(Tensor(stored, (100, 100)), constant=True)
    nothing = Tensor("f32", (0,))
    assert traffic("FullyConnected", [Read(nothing), weights], [nothing], computed) == 10_000 * each


def test_activations_count_as_the_device_tells_them() -> None:
    assert traffic("Subgraph", [Read(f32(100))], [Tensor("bf16", (100,))], "bf16") == 600


def test_a_tensor_that_is_read_twice_is_moved_once() -> None:
    square = [Read(f32(100), ("x", 0)), Read(f32(100), ("x", 0)), Read(f32(100), ("x", 1))]
    assert traffic("Eltwise", square, [f32(100)]) == 1200


def test_a_constant_is_copied_before_it_is_changed() -> None:
    data = Read(f32(100, 10), constant=True)
    assert traffic("ScatterUpdate", [data, Read(i32(2)), Read(f32(2, 10))], [f32(100, 10)]) == 4000 + 8 + 80 + 4000


@pytest.mark.parametrize("shape", [None, ("?", 8), ("1..4", 8)])
def test_what_is_open_is_not_guessed(shape: Shape) -> None:
    assert moved("Eltwise", [Tensor("f32", shape)], f32(4, 8)) is None
    assert moved("Eltwise", [f32(4, 8)], Tensor("f32", shape)) is None
    assert moved("FullyConnected", [f32(4, 8), Tensor("dynamic", (8, 8))], f32(4, 8)) is None


def test_of_an_open_table_the_rows_are_known() -> None:
    assert moved("Gather", [f32("?", 8), i32(2)], f32(2, 8)) == 64 + 8 + 64


_KINDS = ("StridedSlice", "Split", "Gather", "GatherND", "Pad", "ROIAlign", "EmbeddingBagOffsets", "ScatterUpdate",
          "ScatterNDUpdate", "SliceScatter", "Convolution", "Eltwise", "Reshape", "ShapeOf", "Unheard")  # fmt: skip
_shapes = st.lists(st.integers(0, 20), max_size=5).map(tuple)


@given(st.sampled_from(_KINDS), st.lists(_shapes, max_size=5), st.lists(_shapes, max_size=3))
def test_no_kind_moves_more_than_all_of_it(type_: str, read: list[tuple[int, ...]], written: list) -> None:
    ins, outs = [f32(*shape) for shape in read], [f32(*shape) for shape in written]
    found = moved(type_, ins, *outs)
    assert found is not None
    assert 0 <= found <= sum(bytes_of(tensor) or 0 for tensor in (*ins, *outs))
