"""What a job is to do, one record for each kind: the content of its job.json."""

from __future__ import annotations

import secrets
from typing import TypeAlias

import msgspec

from ovtui.records import Comparison, Exploration, Model, Optimization, Spec, StaticShape

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread


def new_id() -> str:
    """Fifty random bits in ten letters: short to type by its beginning, unique for millions of runs."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """Base of all; the tag is the kind of job."""

    id: str = msgspec.field(default_factory=new_id)

    @property
    def kind(self) -> str:
        return str(type(self).__struct_config__.tag)


class ImportJobSpec(JobSpec, frozen=True, tag="import"):
    """Read a model file and keep what it says."""

    path: str
    name: str | None = None
    demo: bool = False  # build the demo model at `path` first
    shapes: dict[str, StaticShape] = {}
    layouts: dict[str, str] = {}
    extensions: tuple[str, ...] = ()  # paths
    limit_s: float | None = None


class RunJobSpec(JobSpec, frozen=True, tag="run"):
    """Measure a model with one spec."""

    model: Model
    spec: Spec
    label: str | None = None


class ComparisonJobSpec(JobSpec, frozen=True, tag="comparison"):
    """Measure candidates interleaved."""

    study: Comparison  # as it begins
    seconds: float | None = None  # the longest


class ExplorationJobSpec(JobSpec, frozen=True, tag="exploration"):
    """Look for the best settings; in server mode, for the highest arrival rate."""

    study: Exploration
    seconds: float | None = None  # of each setting's turn; in server mode, the longest
    fresh: bool = False  # measure what was measured earlier, too
    resumes: str | None = None  # the id of the exploration that it continues


class OptimizationJobSpec(JobSpec, frozen=True, tag="optimization"):
    """Make a version of a model."""

    study: Optimization
    seconds: float | None = None  # the longest of each comparison
    compare: bool = True  # measure parent and version interleaved afterwards


AnyJobSpec: TypeAlias = ImportJobSpec | RunJobSpec | ComparisonJobSpec | ExplorationJobSpec | OptimizationJobSpec

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AnyJobSpec).decode
