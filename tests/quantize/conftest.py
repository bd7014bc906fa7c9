"""Tests with real NNCF: left out, with the reason, where the extra is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ovtui.engine.device.read import inspected
from ovtui.records import Data, Model
from tests import nets
from tests.quantize import shapes

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("nncf") is None:
        skip = pytest.mark.skip(reason="NNCF is not installed: pip install 'ovtui[quantize]'")
        for item in items:
            if FOLDER in item.path.parents:
                item.add_marker(skip)


def record(path: Path) -> Model:
    """A model as an import would register it, its digests aside."""
    facts, _ = inspected(path)
    return Model(
        id=path.stem, name=path.stem, path=str(path), format="ir" if path.suffix == ".xml" else "onnx", sha256="",
        bytes=0, files=(), created=0.0, family=path.stem, **facts,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(net_folder: Path) -> shapes.Trained:
    return shapes.trained(net_folder)


@pytest.fixture(scope="session")
def data(trained: shapes.Trained, net_folder: Path) -> Data:
    np.save(net_folder / "shapes.npy", trained.images)
    return Data(path=str(net_folder / "shapes.npy"))


@pytest.fixture(scope="session")
def labels(trained: shapes.Trained, net_folder: Path) -> Path:
    np.save(net_folder / "labels.npy", trained.labels)
    return net_folder / "labels.npy"


@pytest.fixture(scope="session")
def encoder(net_folder: Path) -> Path:
    """A transformer's encoder of two layers: matrix products."""
    return nets.transformer(net_folder / "encoder.xml", layers=2)
