"""Every layer that a device executes has its bytes, its FLOPs and what binds it, on every topology the tests know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from ovtui.analysis.roofline import roofline
from ovtui.analysis.traffic import static
from ovtui.engine.device import demo
from ovtui.records import Layer, Profile
from tests import nets
from tests.conftest import Ovtui
from tests.engine.test_profile import profile_of

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def _demo(path: Path) -> Path:
    demo.build(path)
    return path


MADE: dict[str, Callable[[Path], Path]] = {
    "demo": _demo,
    "mlp": lambda path: nets.mlp(path, width=256, layers=3),
    "cnn": lambda path: nets.cnn(path, channels=16, size=32, layers=3),
    "embedding": lambda path: nets.embedding(path, rows=1000),
    "mixed": nets.mixed,
    "bert": lambda path: nets.transformer(path, layers=2),
    "vit": nets.vit,
    "convnext": nets.convnext,
    "compressed": nets.compressed,
    "movers": nets.movers,
}
LARGE = sorted({path.stem for path in LIGHT.glob("light_*.onnx")} - {"light_squeezenet", "light_shufflenet"})
TOPOLOGIES = [
    "light_squeezenet",
    "light_shufflenet",
    *(pytest.param(name, marks=pytest.mark.nightly) for name in LARGE),
    *MADE,
]


def without_roofline(profile: Profile) -> list[Layer]:
    """Of the executed layers whose shapes are known, those of which bytes, FLOPs, bound or efficiency is not."""
    found = []
    for layer, roof in zip(profile.layers, roofline(profile), strict=True):
        if layer.status != "executed" or any(static(tensor.shape) is None for tensor in layer.outputs):
            continue
        works = layer.bytes is None or layer.flops is None or layer.bytes or layer.flops
        if works and (
            layer.bytes is None or layer.flops is None or roof.bound is None or (layer.time_us and not roof.efficiency)
        ):
            found.append(layer)
    return found


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_no_executed_layer_is_without_a_roofline(ovtui: Ovtui, tmp_path: Path, name: str) -> None:
    path = MADE[name](tmp_path / f"{name}.xml") if name in MADE else LIGHT / f"{name}.onnx"
    _, profile = profile_of(ovtui, path)
    assert profile.ceilings is not None
    assert without_roofline(profile) == []
    assert any(layer.status == "executed" for layer in profile.layers)  # those under a microsecond are told as not run
    for row in ovtui("layers", "--json").json["rows"]:
        above = (row["efficiency"] or 0) > 1.1 and (row["time_us"] or 0) >= 20
        assert row["above_ceiling"] is above


@pytest.mark.parametrize(("name", "products"), [("mlp", 3), ("vit", 3), ("convnext", 4), ("compressed", 2)])
def test_products_without_a_bias_have_bytes(ovtui: Ovtui, tmp_path: Path, name: str, products: int) -> None:
    """The plugin gives them an empty input of no type in its place."""
    _, profile = profile_of(ovtui, MADE[name](tmp_path / f"{name}.xml"), "--precision", "f32")
    layers = [layer for layer in profile.layers if layer.type == "FullyConnected" and layer.status == "executed"]
    assert len(layers) >= products
    assert all(layer.bytes for layer in layers)


def test_weights_of_a_product_count_as_the_kernel_moves_them(ovtui: Ovtui, tmp_path: Path) -> None:
    """Kept as f32, bf16, 8 or 4 bits: so many bytes each, with what else is read and written."""
    path = nets.mlp(tmp_path / "mlp.xml", width=512, layers=2)
    for precision, each in (("f32", 4), ("bf16", 2)):
        _, profile = profile_of(ovtui, path, "--precision", precision)
        layers = [layer for layer in profile.layers if layer.type == "FullyConnected"]
        assert len(layers) == 2
        if layers[0].precision != precision:
            continue  # a processor without it
        assert all(abs((layer.bytes or 0) - each * 512 * 512) <= 2 * 4 * 512 for layer in layers)
    _, profile = profile_of(ovtui, nets.compressed(tmp_path / "compressed.xml", width=512), "--precision", "f32")
    eight, four = (layer for layer in profile.layers if layer.type == "FullyConnected")
    assert 512 * 512 < (eight.bytes or 0) < 1.1 * 512 * 512
    assert 512 * 256 < (four.bytes or 0) < 1.2 * 512 * 256
