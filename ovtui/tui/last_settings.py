"""What a person set in Configure for a model: where Configure, Explore, Optimize and an A/B test of it begin.

Never what was measured otherwise: the options of a demo, of a line in a script or of an advice are of that one time.
"""

from __future__ import annotations

import msgspec

from ovtui.records import Spec
from ovtui.store import Store


def remember(store: Store, spec: Spec) -> None:
    """Keep it for its model. StoreError where nothing can be written."""
    store.settings.set(_key(spec.model), spec)


def recall(store: Store, model_id: str) -> Spec | None:
    """What was set last; None if nothing was."""
    spec = store.settings.get(_key(model_id), Spec)
    return None if spec is None else msgspec.structs.replace(spec, model=model_id)


def _key(model_id: str) -> str:
    return f"configured:{model_id}"
