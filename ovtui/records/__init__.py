"""The nouns: plain, typed, immutable, serialisable. Imports nothing of ours.

Units are in the names. A missing value is None, never a guess. Everything here turns into JSON with
`msgspec.json.encode` and back, checked, with `msgspec.json.decode(..., type=...)`.
"""

from __future__ import annotations

from ovtui.records.accuracy import Accuracy, Changed, Drift, Labelled, OutputAgreement, Proportion
from ovtui.records.base import LIVE, Compact, Dim, Record, Shape, StaticShape, Status
from ovtui.records.comparison import (
    Candidate,
    Comparison,
    Criterion,
    LayerDifference,
    LayerDifferences,
    PairedResult,
    Verdict,
)
from ovtui.records.environment import Environment
from ovtui.records.exploration import Cell, CellState, Exploration, Grid, Limits, Percentile, RatePoint, Setting
from ovtui.records.graph import Body, Edge, Operation, OwnGraph, Tensor
from ovtui.records.job import Job
from ovtui.records.model import File, Format, Model, Port
from ovtui.records.optimization import ChannelRange, Method, Optimization, Preprocessing, Preset, Preview, Recipe
from ovtui.records.phase import STARTING, STEADY, Phase
from ovtui.records.profile import Ceilings, Layer, LayerStatus, Profile
from ovtui.records.remarks import (
    AnyRemark,
    BacklogGrew,
    BeyondCapacity,
    CpuQuota,
    Lost,
    NotConverged,
    NotConvergedReason,
    OtherProcesses,
    Refused,
    Remark,
    SpeedChange,
    Steal,
    StillWaiting,
    Throttling,
    Unsteady,
)
from ovtui.records.result import Estimate, Histogram, Latency, Quiet, QuotaStops, Result, Series
from ovtui.records.run import Effective, Run, RunFilter, RunSummary
from ovtui.records.spec import Api, Channels, Data, Images, Mode, Spec, Stop
from ovtui.records.study import Study

__all__ = [
    "LIVE",
    "STARTING",
    "STEADY",
    "Accuracy",
    "AnyRemark",
    "Api",
    "BacklogGrew",
    "BeyondCapacity",
    "Body",
    "Candidate",
    "Ceilings",
    "Cell",
    "CellState",
    "Changed",
    "ChannelRange",
    "Channels",
    "Compact",
    "Comparison",
    "CpuQuota",
    "Criterion",
    "Data",
    "Dim",
    "Drift",
    "Edge",
    "Effective",
    "Environment",
    "Estimate",
    "Exploration",
    "File",
    "Format",
    "Grid",
    "Histogram",
    "Images",
    "Job",
    "Labelled",
    "Latency",
    "Layer",
    "LayerDifference",
    "LayerDifferences",
    "LayerStatus",
    "Limits",
    "Lost",
    "Method",
    "Mode",
    "Model",
    "NotConverged",
    "NotConvergedReason",
    "Operation",
    "Optimization",
    "OtherProcesses",
    "OutputAgreement",
    "OwnGraph",
    "PairedResult",
    "Percentile",
    "Phase",
    "Port",
    "Preprocessing",
    "Preset",
    "Preview",
    "Profile",
    "Proportion",
    "Quiet",
    "QuotaStops",
    "RatePoint",
    "Recipe",
    "Record",
    "Refused",
    "Remark",
    "Result",
    "Run",
    "RunFilter",
    "RunSummary",
    "Series",
    "Setting",
    "Shape",
    "Spec",
    "SpeedChange",
    "StaticShape",
    "Status",
    "Steal",
    "StillWaiting",
    "Stop",
    "Study",
    "Tensor",
    "Throttling",
    "Unsteady",
    "Verdict",
]
