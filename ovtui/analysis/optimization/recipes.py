"""Recipes without what does nothing in them."""

from __future__ import annotations

import msgspec

from ovtui.records import Recipe

_OF_INT8 = ("preset", "model_type", "subset", "max_drop")
_OF_DATA = ("labels", "max_drop", "images", "pixels", "bake")
_USUAL = Recipe()


def used(recipe: Recipe) -> Recipe:
    """What its method does not know, and what is of data that it does not have, as usual: else it is refused."""
    method = recipe.method
    unused = [
        *(_OF_INT8 if method != "int8" else ()),
        *(("ignored", "ignored_patterns") if method == "fp16" else ()),
        *(("symmetric",) if method not in ("int8-weights", "int4-weights") else ()),
        *(("group_size", "ratio") if method != "int4-weights" else ()),
        *(_OF_DATA if not recipe.data else ("random",)),
    ]
    return msgspec.structs.replace(recipe, **{name: getattr(_USUAL, name) for name in unused})
