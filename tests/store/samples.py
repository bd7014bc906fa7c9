"""Made-up models and runs; run as a program, a writer: `samples.py DATABASE MODEL_ID NAME COUNT`."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import msgspec

from ovtui.kinds import kind_of
from ovtui.records import (
    Candidate,
    Comparison,
    Effective,
    Environment,
    Estimate,
    Exploration,
    File,
    Grid,
    Histogram,
    Job,
    Latency,
    Limits,
    Model,
    Optimization,
    Port,
    Recipe,
    Result,
    Run,
    Series,
    Spec,
    Study,
)
from ovtui.store import Store, open_store

NOW = 1_790_000_000.0


def a_model(model_id: str = "m0model000", **other: Any) -> Model:
    digest = (model_id.encode().hex() * 8)[:64]
    plain = Model(
        id=model_id,
        name=f"net-{model_id}",
        path=f"/models/{model_id}.onnx",
        format="onnx",
        sha256=digest,
        bytes=102_000_000,
        files=(File(path=f"/models/{model_id}.onnx", bytes=102_000_000, sha256=digest),),
        inputs=(Port(name="input", type="f32", shape=("?", 3, "1..512", 224), layout="NCHW"),),
        outputs=(Port(name="logits", type="f32", shape=None),),
        operations=122,
        operation_types={"Convolution": 53, "Relu": 49, "Add": 16},
        parameters=25_557_032,
        weight_precisions={"f32": 25_557_032},
        flops=8_200_000_000,
        flops_shapes={"input": (1, 3, 224, 224)},
        notes=("the layout NCHW was guessed",),
        created=NOW,
        family=model_id,
    )
    return msgspec.structs.replace(plain, **other)


def a_run(run_id: str = "r0run00000", model: Model | None = None, **other: Any) -> Run:
    model = model or a_model()
    plain = Run(id=run_id, status="queued", label=None, model=model, spec=Spec(model=model.id), created=NOW)
    return msgspec.structs.replace(plain, **other)


def its_job(run: Run, **other: Any) -> Job:
    plain = Job(
        id=run.id, kind="run", status=run.status, folder=f"/jobs/{run.id}", created=run.created, model=run.model.id
    )
    return msgspec.structs.replace(plain, **other)


def an_effective() -> Effective:
    return Effective(
        batch=4,
        requests=2,
        streams=2,
        threads=2,
        precision="f32",
        shapes={"input": (4, 3, 224, 224)},
        layouts={"input": "NCHW"},
        inputs={"input": "random values"},
        execution_devices=("CPU",),
        device_name="A processor",
        properties={"PERFORMANCE_HINT": "THROUGHPUT"},
    )


def an_environment() -> Environment:
    return Environment(
        host="edge",
        cpu="A processor",
        cores=2,
        physical_cores=1,
        memory_mb=7_900.0,
        os="A system 1",
        kernel="6.1",
        python="3.11.7",
        openvino="2026.4.0",
        ovtui="0.1.0",
        governor=None,
        frequency_mhz=2_400.0,
        temperature_c=None,
        load_1m=0.2,
        virtual="kvm",
    )


def a_result(throughput: float = 100.0) -> Result:
    return Result(
        throughput_fps=Estimate(mean=throughput, ci95=(throughput * 0.99, throughput * 1.01), converged=True),
        inferences_per_s=throughput,
        latency_ms=Latency(
            mean=10.0, min=9.0, p50=9.9, p90=11.0, p95=12.0, p99=14.0, p99_9=None, max=20.0, needs={"p99_9": 9_000}
        ),
        inferences=1_000,
        measured_s=10.0,
        warmup_s=1.5,
        warmup_steady=True,
    )


def a_comparison(study_id: str = "s0study000", **other: Any) -> Comparison:
    side = Candidate(model=a_model(), spec=Spec(model=a_model().id))
    plain = Comparison(
        id=study_id, status="running", label=None, criterion="latency", sides=(side, side), created=NOW
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def an_exploration(study_id: str = "e0explore0", **other: Any) -> Exploration:
    plain = Exploration(
        id=study_id, status="done", label=None, model=a_model(), spec=Spec(model=a_model().id),
        grid=Grid(batches=(1,), streams=(1,)), limits=Limits(), created=NOW + 1,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def an_optimization(study_id: str = "o0optimize", **other: Any) -> Optimization:
    plain = Optimization(
        id=study_id, status="done", label=None, parent=a_model(), recipe=Recipe(method="fp16"),
        spec=Spec(model=a_model().id), created=NOW + 2,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def its_study_job(study: Study) -> Job:
    return Job(
        id=study.id, kind=kind_of(type(study)).name, status=study.status, folder=f"/jobs/{study.id}",
        created=study.created, model=a_model().id,
    )  # fmt: skip


def a_series(windows: int = 3) -> Series:
    zeros, silent = [0.5] * windows, [None] * windows
    return Series(
        t_s=[0.25 * n for n in range(windows)],
        warming=[False] * windows,
        throughput_fps=zeros,
        p50_ms=[*zeros],
        p99_ms=[*silent],
        cpu_percent=[*zeros],
        rss_mb=[*zeros],
        frequency_mhz=[*silent],
        temperature_c=[*silent],
        speed=[*zeros],
        disturbed=[False] * windows,
    )


def a_histogram() -> Histogram:
    return Histogram(lower_ns=[1_000_000, 2_000_000], upper_ns=[1_100_000, 2_200_000], counts=[900, 100])


def add_finished(store: Store, run: Run) -> None:
    """As a worker does it."""
    store.runs.create(run, its_job(run))
    store.runs.set_environment(run.id, an_environment())
    store.runs.set_effective(run.id, an_effective())
    store.runs.finish(
        run.id,
        "done",
        finished=run.created + 12,
        result=a_result(),
        series=a_series(),
        histogram=a_histogram(),
        warnings=("the machine was busy",),
    )


def fill(store: Store, count: int) -> None:
    """`count` finished runs over ten models, a minute apart, two devices, three modes; some failed."""
    models = [a_model(f"m{n}filling00", family="m0filling00") for n in range(10)]
    run = a_run("template00", models[0], status="done", effective=an_effective(), environment=an_environment())
    with store.transaction():
        for model in models:
            store.models.save(model)
        store.runs.create(run, its_job(run))
        store.runs.finish(
            run.id, "done", finished=NOW, result=a_result(), series=a_series(240), histogram=a_histogram()
        )
        for table, values in {
            "jobs": {"id": "name", "created": "at"},
            "runs": {
                "id": "name",
                "created": "at",
                "model": "'m' || (n * 7 % 10) || 'filling00'",
                "device": "iif(n % 3, 'CPU', 'GPU')",
                "mode": "iif(n % 2, 'latency', iif(n % 4, 'throughput', 'manual'))",
                "status": "iif(n % 50, 'done', 'failed')",
            },
            "details": {"run": "name"},
            "series": {"run": "name"},
            "histograms": {"run": "name"},
        }.items():
            columns = [row["name"] for row in store.database.rows(f"PRAGMA table_info({table})")]
            key = columns[0]
            store.database.write(
                f"""
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count),
                places AS (SELECT n, n * 7919 % 1000003 AS place, {NOW} + n * 60 AS at FROM numbers),
                named AS (SELECT n, at, printf('%08xzz', place * 4099) AS name FROM places)
                INSERT INTO {table} ({", ".join(columns)})
                SELECT {", ".join(values.get(column, column) for column in columns)}
                FROM named CROSS JOIN {table} WHERE {table}.{key} = 'template00'
                """,
                {"count": count},
            )
        store.runs.delete("template00")


def write(path: Path, model_id: str, name: str, count: int) -> None:
    """Add runs, saying each one's id once it is on the disk."""
    model = a_model(model_id)
    words = random.Random(name)
    with open_store(path) as store:
        store.models.save(model)
        for n in range(count):
            run = a_run(f"{name}{n:05}", model, created=NOW + n, label="x" * words.randrange(3000))
            add_finished(store, run)
            print(run.id, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
