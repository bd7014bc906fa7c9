"""A made-up INT8 version of a small ResNet with all that belongs to it: accuracy, two comparisons, runs, layers."""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.analysis.accuracy.proportions import drop_of, proportion
from ovtui.records import (
    Accuracy,
    Candidate,
    Changed,
    ChannelRange,
    Comparison,
    Criterion,
    Data,
    Drift,
    Images,
    Job,
    Labelled,
    Layer,
    Operation,
    Optimization,
    OutputAgreement,
    PairedResult,
    Preprocessing,
    Preview,
    Profile,
    Recipe,
    Run,
    Spec,
)
from ovtui.report.optimized import Optimized
from ovtui.store import Store
from tests.analysis.profiles import a_layer, a_profile, an_operation
from tests.report.samples import a_latency, an_exported
from tests.store.samples import NOW, a_model, a_result, an_environment, its_job

PARENT = a_model(
    "resnetf320", name="resnet-18", path="/models/resnet-18.onnx", bytes=46_800_000, parameters=11_689_512,
    operation_types={"Convolution": 20, "Relu": 17, "Add": 9, "MatMul": 1},
)  # fmt: skip
VERSION = a_model(
    "resnetint8", name="resnet-18-int8", path="/data/ovtui/models/resnetint8/resnet-18-int8.xml", format="ir",
    bytes=11_900_000, family=PARENT.id, parent=PARENT.id, created=NOW + 40,
)  # fmt: skip
RECIPE = Recipe(
    subset=200,
    ignored=("/fc/Gemm",),
    data=(Data(path="/data/shapes"),),
    labels="/data/labels.csv",
    images=Images(mean=(123.7, 116.3, 103.5), scale=(58.4, 57.1, 57.4)),
)
PIXELS = Preprocessing(
    input="input", layout="NCHW", size=(224, 224), pixels=(480, 640), channels="bgr", mean=(103.5, 116.3, 123.7),
    scale=(57.4, 57.1, 58.4), guessed=("channels",),
)  # fmt: skip
THROUGHPUT = PairedResult(
    verdict="faster", ratio=1.93, ci95=(1.9, 1.96), ci90=(1.91, 1.95), ratios=(1.91, 1.93, 1.95, 1.93)
)  # fmt: skip
LATENCY = PairedResult(
    verdict="faster", ratio=1.66, ci95=(1.62, 1.7), ci90=(1.63, 1.69), ratios=(1.64, 1.66, 1.68, 1.66)
)

_BLOCKS = 3


def _drift() -> tuple[Drift, ...]:
    """The residual Add of the second block does the damage; the others lose little."""
    found = [Drift("/conv1/Conv", "Convolution", 36.0, 0.9999, 0.2, None)]
    ratio = 36.0
    for block in range(_BLOCKS):
        for name, type_, lost in (
            ("conv1/Conv", "Convolution", 0.8),
            ("conv2/Conv", "Convolution", 1.1),
            ("Add", "Add", (0.3, 3.4, 0.4)[block]),
        ):
            ratio -= lost
            found.append(Drift(f"/layer{block + 1}/{name}", type_, ratio, 0.998, 0.4, lost))
    return (*found, Drift("/fc/Gemm", "MatMul", None, 1.0, 0.0, 0.0))


def a_labelled(lost: int = 11, gained: int = 5, of: int = 1000, right: int = 950) -> Labelled:
    drop, interval = drop_of(lost, gained, of)
    return Labelled(
        parent_top1=proportion(right, of), version_top1=proportion(right - lost + gained, of), drop=drop,
        drop_ci95=interval, parent_top5=proportion(995, of), version_top5=proportion(994, of),
    )  # fmt: skip


def an_accuracy(**other: Any) -> Accuracy:
    """On 1,000 labelled samples."""
    plain = Accuracy(
        samples=1000,
        outputs=(OutputAgreement(output="logits", cosine=0.9991, sqnr_db=27.4, max_abs=0.31,
                                 top1=proportion(981, 1000)),),
        labelled=a_labelled(),
        changed=(
            Changed(sample="circle/0017.png", label=3, parent=3, version=5),
            Changed(sample="star/0002.png", label=7, parent=1, version=7),
        ),
        changes=19,
        drift=_drift(),
        drift_samples=8,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def without_labels(**other: Any) -> Accuracy:
    changed = tuple(msgspec.structs.replace(each, label=None) for each in an_accuracy().changed)
    return an_accuracy(**{"labelled": None, "changed": changed, **other})


def parent_profile() -> Profile:
    return _profile(False)


def version_profile() -> Profile:
    """The blocks in INT8; a Reorder put in before the last layer, which the recipe leaves as it was."""
    return _profile(True)


def _profile(quantized: bool) -> Profile:
    layers: list[Layer] = [a_layer("input", "Input", None, status="not_run")]
    operations: list[Operation] = [an_operation("input", "Parameter")]

    def put(name: str, type_: str, time: float, *, narrow: bool = True, does: str | None = None) -> None:
        kind: dict[str, Any] = {"precision": "u8", "kernel": "jit_avx2_I8"} if narrow and quantized else {}
        before = len(operations) - 1
        if quantized and narrow:
            operations.append(an_operation(f"{name}/fq_input_0", "FakeQuantize", (before,)))
            before += 1
        operations.append(an_operation(name, does or type_, (before,)))
        took = time / 2.2 if narrow and quantized else time
        layers.append(a_layer(name, type_, took, after=(len(layers) - 1,), **kind))

    put("/conv1/Conv", "Convolution", 420.0)
    for block in range(1, _BLOCKS + 1):
        put(f"/layer{block}/conv1/Conv", "Convolution", 610.0)
        put(f"/layer{block}/conv2/Conv", "Convolution", 590.0)
    put("/avgpool/GlobalAveragePool", "Pooling", 18.0, narrow=False, does="ReduceMean")
    if quantized:
        layers.append(
            a_layer("/fc/Gemm_reorder", "Reorder", 31.0, after=(len(layers) - 1,), original=(), kernel="jit_uni_f32")
        )
    put("/fc/Gemm", "FullyConnected", 55.0, narrow=False, does="MatMul")
    return a_profile(*layers, operations=tuple(operations))


def an_optimization(**other: Any) -> Optimization:
    plain = Optimization(
        id="optimize01",
        status="done",
        label="nightly",
        parent=PARENT,
        recipe=RECIPE,
        spec=Spec(model=PARENT.id),
        created=NOW,
        preprocessing=PIXELS,
        samples=200,
        skipped=("broken.png",),
        version=VERSION,
        accuracy=an_accuracy(),
        latency="latency001",
        throughput="through001",
        elapsed_s=95.0,
        finished=NOW + 95,
        environment=an_environment(),
        warnings=("Guessed for the images: channels.",),
    )
    return msgspec.structs.replace(plain, **other)


def a_failed_one(**other: Any) -> Optimization:
    """Nothing came of it."""
    nothing: dict[str, Any] = {
        "status": "failed", "version": None, "accuracy": None, "latency": None, "throughput": None, "samples": 0,
        "preprocessing": None, "error": "The disk is full: 12 MB are needed in /data.",
    }  # fmt: skip
    return an_optimization(**{**nothing, **other})


def whole(study: Optimization | None = None, **duels: PairedResult) -> Optimized:
    """With its comparisons, their runs and profiles, as far as it has a version. `duels`: latency, throughput."""
    study = study or an_optimization()
    known = {"latency": LATENCY, "throughput": THROUGHPUT} | duels
    found: dict[str, Comparison | None] = {"latency": None, "throughput": None}
    runs = {}
    if study.version is not None:
        modes: tuple[Criterion, ...] = ("latency", "throughput")
        for criterion in modes:
            comparison_id = study.latency if criterion == "latency" else study.throughput
            if comparison_id is None:
                continue
            own = [_measured(study, comparison_id, criterion, place, known[criterion]) for place in range(2)]
            runs.update({each.run.id: each for each in own})
            found[criterion] = _compared(study, comparison_id, criterion, known[criterion], [each.run for each in own])
    return Optimized(study, found["latency"], found["throughput"], runs)


def _measured(study: Optimization, comparison_id: str, mode: Criterion, place: int, duel: PairedResult) -> Any:
    model = (study.parent, study.version or study.parent)[place]
    rate = 100.0 * (duel.ratio or 1.0) if place else 100.0
    result = msgspec.structs.replace(
        a_result(rate), latency_ms=a_latency(1000 / rate), compile_ms=(310.0, 490.0)[place],
        peak_rss_mb=(260.0, 150.0)[place],
    )  # fmt: skip
    return an_exported(
        f"{comparison_id[:8]}{'ab'[place]}0", model=model, spec=Spec(model=model.id, mode=mode), result=result,
        profile=(parent_profile(), version_profile())[place] if mode == "latency" else None, part_of=comparison_id,
        label=study.label,
    )  # fmt: skip


def _compared(
    study: Optimization, comparison_id: str, mode: Criterion, duel: PairedResult, runs: list[Run]
) -> Comparison:
    return Comparison(
        id=comparison_id, status="done", label=None, criterion=mode,
        sides=tuple(Candidate(model=run.model, spec=run.spec, run=run.id) for run in runs), created=NOW + 60,
        duels=(duel,), pairs=60, elapsed_s=20.0, finished=NOW + 80, environment=study.environment,
    )  # fmt: skip


def put(store: Store, found: Optimized) -> Optimization:
    """All of it into the store, as a job that has ended leaves it."""
    study = found.study
    for model in (study.parent, study.version):
        if model is not None:
            store.models.save(model)
    for each in found.runs.values():
        store.runs.put(
            each.run, its_job(each.run), series=each.series, histogram=each.histogram, profile=each.profile
        )  # fmt: skip
    for comparison in (found.latency, found.throughput):
        if comparison is not None:
            store.studies.create(comparison, _job(study, comparison.id, "comparison", comparison.status))
    store.studies.create(study, _job(study, study.id, "optimization", study.status))
    return study


def _job(study: Optimization, job_id: str, kind: Any, status: Any) -> Job:
    return Job(
        id=job_id, kind=kind, status=status, folder=f"/jobs/{study.id}", created=study.created, model=study.parent.id
    )


def a_hostile_one(name: str, **other: Any) -> Optimized:
    """Everything in it that comes from outside has that name."""
    accuracy = an_accuracy(
        outputs=(msgspec.structs.replace(an_accuracy().outputs[0], output=name),),
        changed=(Changed(sample=name, label=1, parent=1, version=2),),
        drift=(Drift("first", "Convolution", 40.0, 1.0, 0.1, None), Drift(name, name, 20.0, 0.9, 1.0, 9.0)),
    )
    recipe = msgspec.structs.replace(
        RECIPE, ignored=(name,), ignored_patterns=(name,), data=(Data(path=f"/data/{name}", input=name or None),),
        labels=f"/data/{name}", layouts={name: "NCHW"}, shapes={name: (1, 3)},
    )  # fmt: skip
    study = an_optimization(
        **{
            "label": name,
            "parent": msgspec.structs.replace(PARENT, name=name, path=f"/models/{name}"),
            "version": msgspec.structs.replace(VERSION, name=name, path=f"/models/{name}"),
            "recipe": recipe,
            "accuracy": accuracy,
            "preprocessing": msgspec.structs.replace(PIXELS, input=name),
            "skipped": (name,),
            "warnings": (name,),
            "error": name,
            "environment": msgspec.structs.replace(an_environment(), host=name, cpu=name),
            **other,
        }
    )
    found = whole(study)
    layers = a_profile(
        a_layer("input", "Input", None, status="not_run"),
        a_layer(name, name, 40.0, after=(0,), precision=name, kernel=name, original=(name,)),
        operations=(an_operation("input", "Parameter"), an_operation(name, name, (0,))),
    )
    runs = {key: each._replace(profile=each.profile and layers) for key, each in found.runs.items()}
    return found._replace(runs=runs)


def a_preview(**other: Any) -> Preview:
    plain = Preview(
        samples=64,
        skipped=("broken.png",),
        labelled=60,
        classes=10,
        ranges=tuple(ChannelRange(input="input", channel=n, min=-2.1, max=2.6, mean=0.02 * n) for n in range(3)),
        thumbnail=("░▒▓█" * 8, "█▓▒░" * 8),
        preprocessing=PIXELS,
        warnings=("Guessed for the images: channels.",),
    )
    return msgspec.structs.replace(plain, **other)
