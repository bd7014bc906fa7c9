"""What a measurement found."""

from __future__ import annotations

from ovtui.records.base import Record


class Estimate(Record, frozen=True):
    """A mean with its doubt."""

    mean: float
    ci95: tuple[float, float] | None  # None: too few independent values
    converged: bool

    @property
    def half_width(self) -> float | None:
        """Half of the interval over the mean; None: not known. Of one that is cut at 0, the upper half tells."""
        if self.ci95 is None or self.mean <= 0:
            return None
        low, high = self.ci95
        return ((high - low) / 2 if low > 0 else high - self.mean) / self.mean


class Latency(Record, frozen=True):
    """Milliseconds. A percentile with too few inferences beyond it is weak; without any, it is None."""

    mean: float
    min: float
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p99_9: float | None
    max: float
    ci95: dict[str, tuple[float, float | None]] = {}  # percentile → interval; None: no upper end is known
    needs: dict[str, int] = {}  # percentile → inferences still needed until it is not weak
    weak: dict[str, bool] = {}  # percentile → true, for those that are weak

    def interval(self, name: str) -> tuple[float, float] | None:
        """The 95 % interval of a percentile; None where it is not known, or has no upper end."""
        low, high = self.ci95.get(name, (0.0, None))
        return None if high is None else (low, high)


class Quiet(Record, frozen=True):
    """The same run without the stretches in which the machine was disturbed."""

    share: float  # of the measured time
    throughput_fps: float


class QuotaStops(Record, frozen=True):
    """How a container's CPU quota stopped a measurement."""

    cores: float  # cores' worth of time that the quota gives
    periods: int  # of the quota, usually of 100 ms
    stopped: int  # periods in which the time was used up before their end
    seconds: float  # that it was stopped, of all cores together


class Result(Record, frozen=True):
    """What a run found out."""

    throughput_fps: Estimate  # batch × inferences per second
    inferences_per_s: float
    latency_ms: Latency
    inferences: int
    measured_s: float
    warmup_s: float
    warmup_steady: bool
    read_ms: float | None = None
    compile_ms: float | None = None
    first_inference_ms: float | None = None
    peak_rss_mb: float | None = None
    cpu_percent: float | None = None  # of one core, mean while measuring
    effective_samples: float | None = None  # time bins over their autocorrelation time
    refused: int = 0  # server mode: arrivals that found the queue full
    quiet: Quiet | None = None
    waiting: int = 0  # server mode: arrivals that waited or were being served when measuring ended
    backlog_grew: bool = False  # server mode: more arrived than were served, or the queue had not settled
    quota: QuotaStops | None = None  # None: no quota stopped it


class Series(Record, frozen=True):
    """What a run looked like over time: columns of equal length; None where a sensor was silent."""

    t_s: list[float]  # end of the window, since the first inference
    warming: list[bool]
    throughput_fps: list[float]
    p50_ms: list[float | None]
    p99_ms: list[float | None]
    cpu_percent: list[float | None]
    rss_mb: list[float | None]
    frequency_mhz: list[float | None]
    temperature_c: list[float | None]
    speed: list[float | None]  # of a fixed piece of work; 1 is the run's own first value
    disturbed: list[bool]


class Histogram(Record, frozen=True):
    """Latencies in log-linear buckets: counts of the buckets that are not empty."""

    lower_ns: list[int]
    upper_ns: list[int]
    counts: list[int]
