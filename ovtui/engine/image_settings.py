"""How images become a family's inputs: stated once, and kept for whoever does not say otherwise."""

from __future__ import annotations

from ovtui.records import Images, Model
from ovtui.store import Store


def remember(store: Store, model: Model, images: Images) -> None:
    """Keep what a version of the family was made with."""
    if images != Images():
        store.settings.set(_key(model), images)


def recall(store: Store, model: Model) -> Images:
    """As it was stated last; empty if nobody did."""
    return store.settings.get(_key(model), Images) or Images()


def _key(model: Model) -> str:
    return f"images:{model.family}"
