"""The nouns: plain, typed, immutable, serialisable. Imports nothing of ours.

Units are in the names. A missing value is None, never a guess. Everything here turns into JSON with
`msgspec.json.encode` and back, checked, with `msgspec.json.decode(..., type=...)`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Dim: TypeAlias = int | str
"""A dimension: a number, `"?"` (any), or `"1..8"` (a range; `"1.."` without an upper bound)."""
Shape: TypeAlias = tuple[Dim, ...] | None
"""None: the rank itself is unknown."""
StaticShape: TypeAlias = tuple[int, ...]

Format = Literal["ir", "onnx", "tf_saved_model", "tf_frozen", "tf_meta", "tflite", "paddle"]
Mode = Literal["latency", "throughput", "manual", "server"]
Api = Literal["threads", "async", "python"]
Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
JobKind = Literal["import", "run", "comparison", "exploration", "optimization"]
Channels = Literal["rgb", "bgr"]

LIVE: frozenset[Status] = frozenset({"queued", "running"})
"""The states that need a living process behind them."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of all records: immutable, keyword-only."""


class File(Record, frozen=True):
    """One file of a model."""

    path: str
    bytes: int
    sha256: str


class Port(Record, frozen=True):
    """An input or output of a model as it was read, before anything fixed its shape."""

    name: str
    type: str  # OpenVINO's name: f32, i64, u8, boolean, string, …
    shape: Shape
    layout: str | None = None  # "NCHW", from the file, or None
    index_limit: int | None = None  # for an integer input that indexes a table: the table's length
    stated: StaticShape | None = None  # said when it was imported: what is measured, if nobody says more
    symbols: tuple[str | None, ...] = ()  # what the file calls its open dimensions; empty where it names none
    fitting: StaticShape | None = None  # found at the import by trying, where the usual sizes are refused
    orders_state: bool = False  # it says, for each sample, whose state goes on: `beam_idx` of a language model


class Model(Record, frozen=True):
    """An imported file and what was read from it."""

    id: str
    name: str
    path: str
    format: Format
    sha256: str  # of the file; of the sorted list of "digest  name" lines where a model has several files
    bytes: int
    files: tuple[File, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operations: int  # without constants, parameters and results
    operation_types: dict[str, int]
    parameters: int  # elements of all constant weights
    weight_precisions: dict[str, int]  # type → elements
    flops: int | None  # one inference at `flops_shapes`; a multiply-add counts as two
    flops_shapes: dict[str, StaticShape]
    notes: tuple[str, ...]  # what was guessed or could not be read, in sentences
    created: float  # seconds since 1970
    family: str  # id of the first model of the family
    parent: str | None = None
    converted: tuple[File, ...] = ()  # an IR made at the import of what can only be read with shapes, the .xml first
    states: int | None = None  # variables that it keeps between inferences; None: imported before that was read
    extensions: tuple[File, ...] = ()  # libraries with operations of its own, loaded wherever the model is read

    @property
    def readable(self) -> str:
        """The path of what OpenVINO reads."""
        return self.converted[0].path if self.converted else self.path

    @property
    def stateful(self) -> bool:
        """Whether an inference depends on those before it."""
        return bool(self.operation_types.get("ReadValue") if self.states is None else self.states)


class Stop(Record, frozen=True):
    """When a measurement ends: at a confidence, after a time, or after a count."""

    kind: Literal["ci", "seconds", "iterations"] = "ci"
    ci: float = 0.01  # half-width of the 95 % interval over the mean
    seconds: float = 60.0  # kind "seconds": how long; kind "ci": the longest
    min_seconds: float = 5.0  # kind "ci": the shortest
    iterations: int = 0


class Images(Record, frozen=True):
    """How a folder of images becomes tensors. None means: guessed from the model, and said."""

    mean: tuple[float, ...] | None = None  # per channel, in the model's channel order, on 0–255
    scale: tuple[float, ...] | None = None  # divisor per channel
    channels: Channels | None = None


class Data(Record, frozen=True):
    """A source of input values: a .npy or .npz file, or a folder of images."""

    path: str
    input: str | None = None  # the model's input it is for; None: the only one, or by the names in an .npz


class Spec(Record, frozen=True):
    """Everything that defines a measurement, as it was asked for. None means: left to the device."""

    model: str  # id
    device: str = "CPU"
    mode: Mode = "latency"
    api: Api = "threads"
    batch: int | None = None
    streams: int | None = None
    threads: int | None = None
    requests: int | None = None
    rate: float | None = None  # server mode: arrivals per second
    queue: int = 1000  # server mode: arrivals that may wait; one more is refused, and counted
    stop: Stop = Stop()
    shapes: dict[str, StaticShape] = {}
    layouts: dict[str, str] = {}
    data: tuple[Data, ...] = ()
    images: Images = Images()
    seed: int = 0
    precision: Literal["f32", "bf16", "f16"] | None = None
    properties: dict[str, str] = {}
    profile: bool = True  # look at the layers afterwards, in a pass of its own
    keep_state: bool = False  # of a model that has some: from one inference to the next, as in one long conversation


class Effective(Record, frozen=True):
    """What the device made of a spec: the values that were measured with."""

    batch: int
    requests: int
    streams: int | None
    threads: int | None
    precision: str | None
    shapes: dict[str, StaticShape]
    layouts: dict[str, str]
    inputs: dict[str, str]  # input → where its values came from, in words
    execution_devices: tuple[str, ...]
    device_name: str | None
    properties: dict[str, str]  # what was set, hints included
    state: Literal["reset", "kept"] | None = None  # between inferences; None: the model has none


class Environment(Record, frozen=True):
    """The machine and the software as they were when the run was made."""

    host: str
    cpu: str
    cores: int  # that this process may use
    physical_cores: int | None
    memory_mb: float
    os: str
    kernel: str
    python: str
    openvino: str
    ovtui: str
    governor: str | None
    frequency_mhz: float | None
    temperature_c: float | None
    load_1m: float | None
    virtual: str | None  # hypervisor, where the machine says so


class Estimate(Record, frozen=True):
    """A mean with its doubt."""

    mean: float
    ci95: tuple[float, float] | None  # None: too few independent values
    converged: bool

    @property
    def doubt(self) -> float | None:
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


class Compact(Record, frozen=True, array_like=True):
    """Base of records that come by the thousand: kept as lists of values, without the names."""


class Tensor(Compact, frozen=True):
    """What an operation gives out."""

    type: str  # OpenVINO's name: f32, u8, …
    shape: Shape
    layout: str | None = None  # as the device lays it out: abcd, acdb, aBcd8b, …; None in a model's own graph


class Edge(Compact, frozen=True):
    """Where an input comes from."""

    source: int  # place in the list of operations or layers
    port: int = 0  # which of its outputs


class Body(Compact, frozen=True):
    """Where an operation lies that a Loop, a TensorIterator or an If executes."""

    owner: int  # place of that operation in the list; it comes after all that it executes
    name: str  # `loop/body`, `choice/then`: the beginning of the operation's name
    trips: int  # executions for each of its owner's, as they are counted; 0: it is the other branch that is counted
    assumed: bool = False  # only values decide: one trip is counted, and of branches the one with more arithmetic
    constants: tuple[Tensor, ...] = ()  # that it reads, unless an operation before it does


class Operation(Compact, frozen=True):
    """A node of the model's own graph, at the shapes that were measured. Constants are left out."""

    name: str
    type: str  # of OpenVINO's opsets: Convolution, MatMul, Parameter, Result, …
    inputs: tuple[Edge, ...]
    outputs: tuple[Tensor, ...]
    flops: int | None = None  # of all its executions in one inference; None: cannot be counted
    attributes: str = ""  # as the model has them, and its constants: `strides 2,2  constant f32[64,3,7,7]`
    within: Body | None = None  # None: of the model itself


class OwnGraph(Record, frozen=True):
    """A model's own graph as it was read."""

    operations: tuple[Operation, ...]  # in topological order
    shapes: dict[str, StaticShape]  # of the inputs; empty: as they stand in the file


LayerStatus = Literal["executed", "optimized_out", "not_run"]


class Layer(Compact, frozen=True):
    """A node of the graph that the device runs. Constants are left out."""

    name: str
    type: str  # the device's: Convolution, FullyConnected, Reorder, Subgraph, …
    kernel: str | None  # the primitive: brgconv_avx2_f32, jit_avx2, ref_any, …
    precision: str | None  # that it computes in
    order: int  # place in the order of execution
    status: LayerStatus
    inputs: tuple[Edge, ...]
    outputs: tuple[Tensor, ...]
    original: tuple[str, ...]  # names of the model's operations that became this layer
    time_us: float | None = None  # mean over the inferences of the pass; None: the device does not say
    spread_us: float | None = None  # standard deviation of the means of stretches of the pass; None: below resolution
    flops: int | None = None
    bytes: int | None = None  # read and written, weights included
    low_us: float | None = None  # the mean time is above this: the device counts in whole µs; None: no such bound
    high_us: float | None = None  # and below this, also where it tells no time at all


class Ceilings(Record, frozen=True):
    """What a device can do at most, measured with large operations, all its threads working on one inference."""

    device: str
    machine: str  # processor, usable cores and OpenVINO's version: what it holds for
    gflops: dict[str, float]  # precision → 10⁹ FLOPs per second
    gbytes: tuple[tuple[int, float], ...]  # working set in bytes → 10⁹ bytes per second, as many read as written
    measured: float  # seconds since 1970
    again: bool = False  # measured more than once: these are the highest
    reads: tuple[tuple[int, float], ...] = ()  # the same where bytes are only read
    method: int = 0  # how it was measured; what was measured in an older way is measured anew
    times: int = 1  # measurings that are in it
    operations_gflops: dict[str, float] = {}  # by the measuring alone: `gflops` is higher where a layer reached more


class Profile(Record, frozen=True):
    """Where time goes: a second, short pass of the same spec with the device's counters on."""

    layers: tuple[Layer, ...]  # in the order of execution
    operations: tuple[Operation, ...]  # in topological order
    inferences: int
    requests: int  # of the run
    streams: int  # inferences side by side, in the run as in the pass
    latency_us: float | None  # mean of the pass's own inferences
    median_us: float | None
    overhead: float | None  # of the counters: counted over uncounted inferences that took turns, less one
    ceilings: Ceilings | None = None
    notes: tuple[str, ...] = ()
    counters: bool | None = None  # whether the device times layers, if only in whole µs; None: not kept
    overhead_ci95: tuple[float, float] | None = None  # None: not known, as in what was kept before
    empty_us: float | None = None  # what an inference of a single element takes in the pass


class Run(Record, frozen=True):
    """One measurement of one spec."""

    id: str
    status: Status
    label: str | None
    model: Model
    spec: Spec
    created: float
    started: float | None = None
    finished: float | None = None
    effective: Effective | None = None
    environment: Environment | None = None
    result: Result | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    part_of: str | None = None  # id of the comparison or exploration that made it


Criterion = Literal["throughput", "latency"]
Verdict = Literal["faster", "slower", "same", "undecided"]


class Side(Record, frozen=True):
    """One of those that are compared."""

    model: Model
    spec: Spec
    run: str | None = None  # id of what it was measured as


class Duel(Record, frozen=True):
    """A side against the first one, A. `ratio` is its speed over A's: above 1, it is the faster one."""

    verdict: Verdict
    ratio: float | None = None  # None: too little is known yet
    ci95: tuple[float, float] | None = None
    ci90: tuple[float, float] | None = None
    seconds_more: float | None = None  # undecided: measuring time after which it would be decided
    ratios: tuple[float, ...] = ()  # of each instance: both sides started afresh


class LayerDifference(Compact, frozen=True):
    """How much longer a layer takes in B than in A."""

    place_a: int | None  # in the layers of A's profile; None: A has no such layer
    place_b: int | None
    delta_us: float  # B less A, where a layer that is not there counts as nothing
    ci95: tuple[float, float] | None
    marked: bool  # it holds beside all others: see `analysis.comparing.attribution`


class LayerDifferences(Record, frozen=True):
    """What differs between the layers of A and B, and how well that is known."""

    rows: tuple[LayerDifference, ...]  # of the layers that tell a time on a side
    instances: int  # both sides started afresh and counted in turn; 0: two passes at different times
    rest_ci95: tuple[float, float] | None = None  # of what the layers without a mark differ by, together; in µs


class Comparison(Record, frozen=True, tag_field="study", tag="comparison"):
    """Models or specs measured in turn, and what came of it."""

    id: str
    status: Status
    label: str | None
    criterion: Criterion
    sides: tuple[Side, ...]  # A, B, …
    created: float
    duels: tuple[Duel, ...] = ()  # of each side but the first
    pairs: int = 0  # turns of each side, all instances together
    elapsed_s: float = 0.0
    eta_s: float | None = None
    finished: float | None = None
    environment: Environment | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    layers: tuple[LayerDifferences | None, ...] = ()  # of each side but the first; None, or none at all: not known

    def layers_of(self, place: int) -> LayerDifferences | None:
        """What is known of the layers of the side at this place (1, 2, …) against those of the first."""
        return self.layers[place - 1] if len(self.layers) >= place else None


Percentile = Literal["p50", "p90", "p95", "p99"]


class Limits(Record, frozen=True):
    """What settings must keep to count as the best ones. None: no limit."""

    latency_ms: float | None = None
    percentile: Percentile = "p50"  # of the latency that is limited
    memory_mb: float | None = None


class Setting(Record, frozen=True):
    """A point of an exploration."""

    batch: int
    streams: int
    threads: int | None = None
    requests: int | None = None


class Grid(Record, frozen=True):
    """The settings that are explored: all of these with each other, or only the chosen ones."""

    batches: tuple[int, ...]
    streams: tuple[int, ...]
    threads: tuple[int | None, ...] = (None,)
    requests: tuple[int | None, ...] = (None,)
    chosen: tuple[Setting, ...] = ()  # empty: all
    search: bool = True  # look for the best; else measure each


CellState = Literal["open", "measuring", "measured", "reused", "failed"]


class Cell(Record, frozen=True):
    """A setting and what is known of it."""

    setting: Setting
    state: CellState = "open"
    run: str | None = None  # id
    throughput_fps: Estimate | None = None
    latency_ms: Latency | None = None
    peak_rss_mb: float | None = None
    rounds: int = 0  # of the race of the best
    reason: str | None = None  # why it failed


class Load(Record, frozen=True):
    """An arrival rate that was tried, and whether it keeps the limit."""

    rate: float  # arrivals per second
    state: CellState = "open"
    run: str | None = None  # id
    latency_ms: Latency | None = None  # from the scheduled arrival
    missed: float | None = None  # share of arrivals above the limit, the refused ones included
    missed_ci95: tuple[float, float] | None = None  # over turns
    kept: bool | None = None
    expected: float | None = None  # share above the limit, from service times
    waiting: int = 0  # arrivals that nobody had served when its turns ended, all turns together
    ground: Literal["misses", "backlog", "service times", "capacity"] | None = None  # why it is not kept


class Exploration(Record, frozen=True, tag_field="study", tag="exploration"):
    """The search for the best settings, or for the highest arrival rate under a limit (`loads`)."""

    id: str
    status: Status
    label: str | None
    model: Model
    spec: Spec  # what all of them share
    grid: Grid
    limits: Limits
    created: float
    seconds: float | None = None  # of each setting's turn, where somebody said it
    cells: tuple[Cell, ...] = ()
    loads: tuple[Load, ...] = ()
    best: str | None = None  # id of the best run
    pareto: tuple[str, ...] = ()  # ids: nothing else has more throughput and less latency
    elapsed_s: float = 0.0
    eta_s: float | None = None
    finished: float | None = None
    environment: Environment | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    capacity: float | None = None  # of a rate search: arrivals per second that can be served at most


Method = Literal["int8", "fp16", "int8-weights", "int4-weights"]
"""Post-training quantization of weights and activations; half-precision weights on disk; compressed weights only."""
Preset = Literal["performance", "mixed"]


class Recipe(Record, frozen=True):
    """Everything that makes a version of a model, so that it can be made again. None: left to the method."""

    method: Method = "int8"
    # int8
    preset: Preset = "mixed"
    model_type: Literal["transformer"] | None = None
    subset: int = 300  # samples that calibrate
    max_drop: float | None = None  # 0.01: quantize only as far as top-1 drops by a point at most
    # int8 and compressed weights
    ignored: tuple[str, ...] = ()  # names of operations that stay as they are
    ignored_patterns: tuple[str, ...] = ()  # regular expressions of such names
    # compressed weights
    symmetric: bool = True
    group_size: int | None = None  # weights that share a scale; -1: a whole channel
    ratio: float | None = None  # int4: share of the weights that become 4 bits; the rest becomes 8
    # what calibrates, and what accuracy is measured on
    data: tuple[Data, ...] = ()
    labels: str | None = None  # a .csv of file or row and label, or a .npy of labels
    random: bool = False  # calibrate with noise, asked for in words: accuracy means nothing then
    images: Images = Images()
    layouts: dict[str, str] = {}
    shapes: dict[str, StaticShape] = {}
    pixels: tuple[int, int] | None = None  # height, width of the images the version takes; None: the model's own
    bake: bool = True  # images: the version takes bytes, and normalises them itself
    seed: int = 0


class Preprocessing(Record, frozen=True):
    """How pixels become what a model takes; a version that was made from images has it built in."""

    input: str
    layout: str  # the model's: NCHW or NHWC
    size: tuple[int, int]  # height, width that the model takes
    pixels: tuple[int, int]  # height, width of the images that are given to it
    channels: Channels
    mean: tuple[float, ...]  # per channel in the model's order, on 0–255
    scale: tuple[float, ...]
    guessed: tuple[str, ...] = ()  # which of these nobody stated
    baked: bool = True


class ChannelRange(Record, frozen=True):
    """What a channel of an input holds, over the samples that were looked at."""

    input: str
    channel: int | None  # None: an input without channels
    min: float
    max: float
    mean: float


class Preview(Record, frozen=True):
    """What data looks like before it is used."""

    samples: int  # that were looked at, which may be the first ones of many
    skipped: tuple[str, ...]  # names of files that cannot be read
    labelled: int  # samples with a label
    classes: int | None  # different labels
    ranges: tuple[ChannelRange, ...]  # as the model gets them
    thumbnail: tuple[str, ...]  # the first image in characters, a line each; empty without images
    preprocessing: Preprocessing | None
    warnings: tuple[str, ...]


class Proportion(Record, frozen=True):
    """A share of samples, with its doubt."""

    hits: int
    of: int
    ci95: tuple[float, float]


class Labelled(Record, frozen=True):
    """Parent and version on the same labelled samples."""

    parent_top1: Proportion
    version_top1: Proportion
    drop: float  # share of the samples: the parent's top-1 less the version's
    drop_ci95: tuple[float, float]  # paired
    parent_top5: Proportion | None = None  # None: there are no more than five classes
    version_top5: Proportion | None = None


class Changed(Record, frozen=True):
    """A sample of which parent and version say different things."""

    sample: str
    label: int | None
    parent: int  # class
    version: int


class OutputAgreement(Record, frozen=True):
    """How near an output of the version is to the parent's, over all samples."""

    output: str
    cosine: float | None  # mean over the samples; None: an output that is zero
    sqnr_db: float | None  # the parent's energy over that of the difference; None: no difference at all
    max_abs: float
    top1: Proportion | None  # samples with the same class; None: no output of classes


class Drift(Compact, frozen=True):
    """How far the output of an operation of the version is from the parent's."""

    name: str
    type: str
    sqnr_db: float | None
    cosine: float | None
    max_abs: float
    loss_db: float | None  # what this operation lost of what came in; None: nothing to compare with


class Accuracy(Record, frozen=True):
    """What a version says against what its parent says."""

    samples: int
    outputs: tuple[OutputAgreement, ...]
    labelled: Labelled | None = None
    changed: tuple[Changed, ...] = ()  # the first ones
    changes: int = 0  # all of them
    drift: tuple[Drift, ...] = ()  # in the order of execution
    drift_samples: int = 0
    meaningless: bool = False  # measured on noise


class Optimization(Record, frozen=True, tag_field="study", tag="optimization"):
    """A version made of a model, and what it gained and cost."""

    id: str
    status: Status
    label: str | None
    parent: Model
    recipe: Recipe
    spec: Spec  # what both are measured with, but for the mode
    created: float
    phase: str = ""
    progress: float | None = None  # of the phase, 0 to 1
    eta_s: float | None = None
    preprocessing: Preprocessing | None = None
    samples: int = 0  # that calibrated
    skipped: tuple[str, ...] = ()  # files that could not be read
    version: Model | None = None
    accuracy: Accuracy | None = None
    latency: str | None = None  # id of the comparison of parent and version, one request at a time
    throughput: str | None = None  # id of the one with as many as the device wants
    elapsed_s: float = 0.0
    finished: float | None = None
    environment: Environment | None = None
    nncf: str | None = None  # version of NNCF, where it took part
    warnings: tuple[str, ...] = ()
    error: str | None = None


class Job(Record, frozen=True):
    """Work in its own process. A run has the id of its job."""

    id: str
    kind: JobKind
    status: Status
    folder: str
    created: float
    started: float | None = None
    finished: float | None = None
    pid: int | None = None
    pid_started: float | None = None  # tells the process from a later one with the same number
    model: str | None = None  # id; an import knows it when it is done
    error: str | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is made by another job, in whose folder it tells what it does."""
        return bool(self.folder) and not self.folder.endswith(self.id)


class RunFilter(Record, frozen=True):
    """Which runs: those for which everything given holds."""

    model: str | None = None  # id
    family: str | None = None  # id
    device: str | None = None
    mode: Mode | None = None
    status: Status | None = None
    since: float | None = None  # created then or later
    part_of: str | None = None  # id of a comparison or exploration; None: only runs that are no part of one


class RunSummary(Record, frozen=True):
    """A line of history: what a list shows of a run."""

    id: str
    status: Status
    label: str | None
    model: str  # id
    model_name: str
    device: str
    mode: Mode
    batch: int | None  # that was measured with, or as long as that is not known, that was asked for
    streams: int | None
    throughput_fps: Estimate | None
    p50_ms: float | None
    created: float
    started: float | None
    finished: float | None
    error: str | None
    warnings: int
    p50_weak: bool = False  # too few independent inferences beyond it
