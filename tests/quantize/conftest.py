"""Tests with real NNCF: left out, with the reason, where the extra is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("nncf") is None:
        skip = pytest.mark.skip(reason="NNCF is not installed: pip install 'ovtui[quantize]'")
        for item in items:
            if FOLDER in item.path.parents:
                item.add_marker(skip)
