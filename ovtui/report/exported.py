"""A run with everything that is kept beside it: what leaves."""

from __future__ import annotations

from typing import NamedTuple

from ovtui.records import Histogram, Profile, Run, Series


class Exported(NamedTuple):
    """None: there is none, or it is not wanted."""

    run: Run
    series: Series | None = None
    histogram: Histogram | None = None
    profile: Profile | None = None
