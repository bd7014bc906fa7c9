"""A bundle on its own: whole, checked, and run by somebody who has nothing but OpenVINO."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest

from ovtui.errors import InputError
from ovtui.records import Data, File, Model, Port
from ovtui.report.bundle import pack
from ovtui.report.bundle.code import cpp, python
from ovtui.report.bundle.feeding import span
from ovtui.report.bundle.plan import plan
from ovtui.report.bundle.readme import benchmark_app, readme
from ovtui.store import Store, open_store
from tests import nets
from tests.conftest import Ovtui
from tests.report import samples
from tests.report.bundles import (
    a_measured,
    a_record,
    commands,
    export,
    keep,
    packed,
    ran,
    spec_of,
    taken,
    told,
)
from tests.report.optimization_samples import VERSION, an_optimization, put, whole
from tests.store.samples import a_model, a_run, its_job

ov = nets.ov


@pytest.fixture
def store(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with open_store() as opened:
        yield opened


@pytest.fixture(scope="module")
def net(cnn: Path) -> Model:
    return a_record(cnn)


@pytest.fixture
def tiny(tmp_path: Path) -> Model:
    """A model of one's own, whose files may be spoilt."""
    return a_record(nets.mlp(tmp_path / "tiny.xml", width=16, layers=1), "tinymodel0")


def replaced(record: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(record, **fields)


# The programs


@pytest.mark.parametrize("mode", ["latency", "throughput"])
def test_the_python_program_runs_as_the_run_did(ovtui: Ovtui, tmp_path: Path, cnn: Path, mode: str) -> None:
    run = ovtui("run", cnn, "--mode", mode, "-b", "2", "-n", "5", "--json").json["run"]
    root, said = taken(tmp_path, run["id"])
    assert re.fullmatch(r"Wrote .*bundle\.tar\.gz, [\d.]+ kB\.\n", said)
    found = ran(root)
    assert found["requests"] == run["spec"]["requests"]
    assert found["inferences"] > 0
    assert found["throughput"] == pytest.approx(2 * found["inferences/s"], rel=0.01)
    assert found["latency p50"] > 0
    spec = spec_of(root)
    assert {key: spec[key] for key in ("mode", "batch", "streams", "threads", "precision", "layouts", "shapes")} == {
        key: run["spec"][key] for key in ("mode", "batch", "streams", "threads", "precision", "layouts", "shapes")
    }
    assert spec["properties"]["PERFORMANCE_HINT"] == mode.upper()
    assert spec["measured"]["run"] == run["id"]
    assert spec["openvino"] == run["environment"]["openvino"]


def test_latency_is_measured_one_at_a_time_and_throughput_with_a_queue(net: Model) -> None:
    one, many = (python(plan(net, a_measured(net, mode=mode), None)) for mode in ("latency", "throughput"))
    assert "request.infer(" in one
    assert "AsyncInferQueue" not in one
    assert "AsyncInferQueue(compiled, REQUESTS)" in many
    assert "set_callback" not in many  # it can keep the program from ending


def test_several_requests_in_latency_mode_are_in_flight_together(net: Model, tmp_path: Path) -> None:
    root = packed(plan(net, a_measured(net, mode="latency", requests=3), None), tmp_path)
    assert ran(root)["requests"] == 3


def test_integer_inputs_are_filled_too(embedding: Path, tmp_path: Path) -> None:
    root = packed(plan(a_record(embedding), None, None), tmp_path)
    assert ran(root)["inferences"] > 0
    assert "SPANS = [(0, 50), (1, 2)]" in (root / "infer.py").read_text()


def test_an_onnx_model_with_weights_beside_it_is_loaded_from_the_bundle(tmp_path: Path) -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [helper.make_tensor_value_info("x", kind, ["n", 64])],
        [helper.make_tensor_value_info("y", kind, ["n", 64])], [weights],
    )  # fmt: skip
    (tmp_path / "weights").mkdir()
    path = tmp_path / "net.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(made, path, save_as_external_data=True, location="weights/w.bin", size_threshold=0)
    root = packed(plan(a_record(path), None, None), tmp_path)
    for file in (path, tmp_path / "weights" / "w.bin"):
        file.unlink()
    assert (root / "model" / "weights" / "w.bin").exists()
    assert ran(root)["inferences"] > 0


def test_half_precision_of_both_kinds_holds_what_was_given(tmp_path: Path) -> None:
    """Numpy has no bfloat16: the same bits would be another number."""
    ports = [nets.op.parameter([2, 3], ov.Type.bf16, name="b"), nets.op.parameter([], ov.Type.f16, name="h")]
    for port in ports:
        port.output(0).set_names({port.get_friendly_name()})
    outputs = [nets.op.convert(port, "f32") for port in ports]
    path = tmp_path / "halves.xml"
    ov.save_model(ov.Model(outputs, ports, "halves"), path, compress_to_fp16=False)
    root = packed(plan(a_record(path), None, None), tmp_path)
    assert ran(root)["inferences"] > 0
    program = runpy.run_path(str(root / "infer.py"))
    request = ov.Core().compile_model(path, "CPU").create_infer_request()
    program["fill"](request, [np.full((2, 3), 1.5), np.float32(-2)])
    request.infer()
    assert (request.get_output_tensor(0).data == 1.5).all()
    assert request.get_output_tensor(1).data == -2


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (Port(name="x", type="f32", shape=(1, 3)), None),
        (Port(name="attention_mask", type="f32", shape=(1, 3)), (1, 2)),
        (Port(name="on", type="boolean", shape=(1,)), (1, 2)),
        (Port(name="ids", type="i64", shape=(1, 16), index_limit=50), (0, 50)),
        (Port(name="ids", type="i8", shape=(1, 16), index_limit=5000), (0, 128)),
        (Port(name="token_type_ids", type="i64", shape=(1, 16), index_limit=2), (0, 1)),
        (Port(name="pixels", type="u8", shape=(1, 8, 8, 3)), (0, 256)),
        (Port(name="flags", type="u8", shape=(1, 8)), (0, 2)),
    ],
)
def test_inputs_hold_values_that_their_kind_can_take(port: Port, expected: tuple[int, int] | None) -> None:
    assert span(port) == expected


def test_the_cpp_program_is_built_with_cmake_and_runs(embedding: Path, tmp_path: Path) -> None:
    """As the README says, against the headers and the library of the installed OpenVINO."""
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        pytest.skip("there is no cmake or no C++ compiler here")
    utils = pytest.importorskip("openvino.utils")
    if not Path(utils.get_cmake_path(), "OpenVINOConfig.cmake").exists():
        pytest.skip("this OpenVINO has nothing for cmake")
    model = a_record(embedding)
    root = packed(plan(model, a_measured(model, mode="throughput", streams=1, requests=2), None), tmp_path)
    block = commands((root / "README.md").read_text(), "cmake").replace("infer 10", "infer 0.1")
    done = subprocess.run(
        ["sh", "-ec", block], capture_output=True, text=True, check=False, cwd=root, timeout=240, env=with_python()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = told(done.stdout)
    assert found["requests"] == 2
    assert found["inferences"] > 0


def with_python() -> dict[str, str]:
    """The environment where `python` and its tools are those of the tests."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "spec",
    [
        {"mode": "latency", "threads": 1, "precision": "f32"},
        {"mode": "manual", "streams": 2, "requests": 2, "properties": {"ENABLE_CPU_PINNING": "NO"}},
    ],
    ids=["hint", "manual"],
)
def test_benchmark_app_takes_the_line(net: Model, tmp_path: Path, spec: dict[str, Any]) -> None:
    if shutil.which("benchmark_app", path=with_python()["PATH"]) is None:
        pytest.skip("there is no benchmark_app here")
    root = packed(plan(net, a_measured(net, batch=2, **spec), None), tmp_path)
    line = commands((root / "README.md").read_text(), "benchmark_app").replace("-t 10", "-niter 4")
    done = subprocess.run(
        ["sh", "-ec", line], capture_output=True, text=True, check=False, cwd=root, timeout=120, env=with_python()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Batch Size: 2" in done.stdout or "Model batch size: 2" in done.stdout


def test_streams_beside_a_hint_go_into_a_file_for_benchmark_app(net: Model) -> None:
    beside = benchmark_app(plan(net, a_measured(net, mode="throughput", streams=2), None))
    assert beside.startswith("""printf '%s' '{"CPU": {"NUM_STREAMS": "2"}}' > settings.json\n""")
    assert "-hint throughput -api async" in beside
    assert "-nstreams" not in beside
    by_hand = benchmark_app(plan(net, a_measured(net, mode="manual", streams=2), None))
    assert "-hint none -api async -nireq 2 -nstreams 2" in by_hand
    assert "settings.json" not in by_hand


# The archive


def test_every_file_is_in_the_manifest_with_its_digest(net: Model, tmp_path: Path) -> None:
    root = packed(plan(net, None, None), tmp_path)
    listed = json.loads((root / "manifest.json").read_text())["files"]
    there = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    assert set(listed) == set(there) - {"manifest.json"}
    for name, entry in listed.items():
        content = there[name].read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert {"model/cnn.xml", "model/cnn.bin", "README.md", "CMakeLists.txt"} <= set(listed)


def test_the_same_bundle_is_the_same_file(net: Model, tmp_path: Path) -> None:
    for name in ("one.tar.gz", "two.tgz"):
        assert pack(tmp_path / name, plan(net, None, None)) == (tmp_path / name).stat().st_size
    content = (tmp_path / "one.tar.gz").read_bytes()
    assert content == (tmp_path / "two.tgz").read_bytes()
    assert content[4:8] == b"\0" * 4  # gzip's time
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        assert {(each.mtime, each.uid, each.gid, each.uname) for each in archive} == {(0, 0, 0, "")}


def test_a_folder_of_files_keeps_its_structure(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "variables").mkdir(parents=True)
    kept = []
    for name in ("saved_model.pb", "variables/variables.index"):
        (folder / name).write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        kept.append(File(path=str(folder / name), bytes=len(name), sha256=digest))
    model = a_model(path=str(folder), format="tf_saved_model", files=tuple(kept))
    root = packed(plan(model, None, None), tmp_path)
    assert (root / "model/saved/variables/variables.index").read_bytes() == b"variables/variables.index"
    assert spec_of(root)["model"]["file"] == "model/saved"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_bytes(b"\0"),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    ],
    ids=["other", "shorter", "longer"],
)
def test_a_model_file_that_changed_is_refused_and_nothing_is_written(tiny: Model, tmp_path: Path, spoil: Any) -> None:
    spoil(Path(tiny.path).with_suffix(".bin"))
    with pytest.raises(InputError, match=r"tiny\.bin has changed"):
        pack(tmp_path / "b.tar.gz", plan(tiny, None, None))
    assert not list(tmp_path.glob("*b.tar.gz*"))


def test_a_model_file_that_is_gone_is_named(tiny: Model, tmp_path: Path) -> None:
    Path(tiny.path).with_suffix(".bin").unlink()
    with pytest.raises(InputError, match=r"Cannot read .*tiny\.bin"):
        pack(tmp_path / "b.tar.gz", plan(tiny, None, None))


def test_what_was_there_stays_when_a_bundle_fails(tiny: Model, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(b"before")
    Path(tiny.path).with_suffix(".bin").unlink()
    with pytest.raises(InputError):
        pack(path, plan(tiny, None, None))
    assert path.read_bytes() == b"before"


# Names from files


def test_names_in_programs_are_data() -> None:
    hostile = 'a"; system("x"); \\ @DEVICE@ \'.xml'
    file = File(path=f"/m/{hostile}", bytes=1, sha256="0" * 64)
    made = plan(a_model(path=f"/m/{hostile}", files=(file,)), None, None)
    assert ascii(hostile) in python(made)
    compile(python(made), "infer.py", "exec")
    literal = re.search(r'MODEL = "((?:[^"\\]|\\[0-7]{3})*)";', cpp(made))
    assert literal
    assert re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), literal[1]) == hostile


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_no_name_leaves_the_folder_or_breaks_out_of_its_place(tmp_path: Path, name: str) -> None:
    weights = tmp_path / "w"
    weights.write_bytes(b"w")
    file = File(path=str(weights), bytes=1, sha256=hashlib.sha256(b"w").hexdigest())
    port = Port(name=name, type="f32", shape=(1, 3))
    model = a_model(name=name, path=str(weights), files=(file,), inputs=(port,), outputs=(port,))
    run = a_measured(model, device="CPU", properties={"KEY": name})
    pack(tmp_path / "b.tgz", plan(model, run, None))
    with tarfile.open(tmp_path / "b.tgz") as archive:
        names = archive.getnames()
    folder = names[0].split("/")[0]
    assert re.fullmatch(r"[\w.-]+", folder)
    assert folder.strip(".")
    assert all(".." not in each.split("/") and each.startswith(f"{folder}/") for each in names)
    made = plan(model, run, None)
    compile(python(made), "infer.py", "exec")
    for text in (python(made), cpp(made), readme(made)):
        assert all(c == "\n" or c.isprintable() for c in text)
    line = commands(readme(made), "benchmark_app")
    assert subprocess.run(["sh", "-nc", line], check=False, timeout=20).returncode == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b"])
def test_paths_outside_the_models_folder_come_inside(name: str) -> None:
    file = File(path=str(Path("/m", name)), bytes=1, sha256="0" * 64)
    made = plan(a_model(path="/m/net.onnx", files=(a_model().files[0], file)), None, None)
    places = [place for _, place in made.files]
    assert all(not place.startswith("/") and ".." not in place.split("/") for place in places)


def test_a_file_with_a_control_character_in_its_name_is_refused() -> None:
    file = File(path="/m/a\x1b[2J.onnx", bytes=1, sha256="0" * 64)
    with pytest.raises(InputError, match="control characters") as refused:
        plan(a_model(path=file.path, files=(file,)), None, None)
    assert str(refused.value).isprintable()


def test_two_files_of_one_name_are_refused() -> None:
    kept = tuple(File(path=f"/{place}/w.bin", bytes=1, sha256="0" * 64) for place in "ab")
    with pytest.raises(InputError, match="one name"):
        plan(a_model(path="/m/net.onnx", files=kept), None, None)


# What it says


def test_what_only_this_machine_knows_stays_on_it(net: Model, tmp_path: Path) -> None:
    run = a_measured(net)
    host = replaced(run.environment, host="the-name-of-the-host")
    data = replaced(run.spec, data=(Data(path="/home/me/secret.npy"),))
    path = tmp_path / "b.tgz"
    pack(path, plan(net, replaced(run, environment=host, spec=data), an_optimization()))
    content = gzip.decompress(path.read_bytes())
    assert b"A processor" in content
    for text in (b"the-name-of-the-host", b"secret.npy", b"/data/shapes", b"/data/labels.csv"):
        assert text not in content


def test_a_version_names_its_parent_its_recipe_and_what_pixels_it_takes(net: Model, tmp_path: Path) -> None:
    root = packed(plan(net, None, an_optimization()), tmp_path)
    text = (root / "README.md").read_text()
    assert "A version of `resnet-18`: int8 mixed, 200 samples, 1 ignored." in text
    assert "takes bytes [1,480,640,3]" in text
    spec = spec_of(root)
    assert (spec["parent"], spec["recipe"]["method"]) == ("resnet-18", "int8")


def test_a_server_run_says_that_the_programs_run_closed_loop(net: Model) -> None:
    assert "with 20.00 arrivals per second" in readme(plan(net, a_measured(net, mode="server", rate=20.0), None))


# What is taken along


def test_a_model_takes_the_settings_of_the_best_run_for_its_aim(store: Store, net: Model, tmp_path: Path) -> None:
    quick = a_measured(net, "quick00000", fps=50.0, p50=2.0)
    busy = a_measured(net, "busy000000", fps=500.0, p50=30.0, mode="throughput", batch=8)
    part = a_measured(net, "part000000", fps=900.0, p50=40.0, mode="throughput", batch=16)
    keep(store, quick, busy, replaced(part, part_of="someexplor"))
    for number, (options, expected) in enumerate([((), "part000000"), (("--for", "latency"), "quick00000")]):
        (tmp_path / str(number)).mkdir()
        root, _ = taken(tmp_path / str(number), "cnn", *options)
        assert spec_of(root)["measured"]["run"] == expected


def test_a_model_that_was_not_measured_says_so(store: Store, net: Model, tmp_path: Path) -> None:
    store.models.save(net)
    root, said = taken(tmp_path, net.path)
    assert "not measured yet" in said
    assert "not measured yet" in (root / "README.md").read_text()
    spec = spec_of(root)
    assert (spec["measured"], spec["properties"]) == (None, {"PERFORMANCE_HINT": "THROUGHPUT"})


def test_a_model_that_was_not_measured_keeps_its_aim(store: Store, net: Model, tmp_path: Path) -> None:
    store.models.save(net)
    root, _ = taken(tmp_path, "cnn", "--for", "latency")
    spec = spec_of(root)
    assert (spec["mode"], spec["properties"]) == ("latency", {"PERFORMANCE_HINT": "LATENCY"})


def test_an_exploration_takes_its_best_run(store: Store, net: Model, tmp_path: Path) -> None:
    keep(store, a_measured(net, "other00000", fps=900.0), a_measured(net, "best000000", mode="throughput"))
    study = samples.an_exploration(model=net, best="best000000")
    store.studies.create(study, its_job(a_run(study.id, net), kind="exploration"))
    root, _ = taken(tmp_path, study.id)
    assert spec_of(root)["measured"]["run"] == "best000000"


def test_an_optimization_takes_its_version(store: Store, net: Model, tmp_path: Path) -> None:
    version = replaced(net, id=VERSION.id, name="resnet-18-int8", family=VERSION.family, parent=VERSION.parent)
    put(store, whole(an_optimization(version=version)))
    root, _ = taken(tmp_path, "optimize01")
    found = spec_of(root)
    assert (found["model"]["name"], found["mode"]) == ("resnet-18-int8", "throughput")
    assert found["parent"] == "resnet-18"


def test_a_run_that_ended_before_its_settings_were_taken_is_refused(store: Store, net: Model) -> None:
    keep(store, a_run("failed0000", net, status="failed", error="no"))
    refused = export("failed0000", "-o", "x.tgz", "--bundle").refused
    assert refused is not None
    assert "before a device had taken its settings" in refused


def test_a_comparison_is_of_several(store: Store) -> None:
    study = samples.a_comparison()
    for side in study.sides:
        store.models.save(side.model)
    store.studies.create(study, its_job(a_run(study.id, study.sides[0].model), kind="comparison"))
    refused = export(study.id, "-o", "x.tgz", "--bundle").refused
    assert refused is not None
    assert "name one of its runs" in refused


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tiny", "-o", "x.json", "--bundle"], ".tar.gz"),
        (["tiny", "-o", "x.tar.gz"], "--bundle"),
        (["tiny", "-o", "x.json"], "is a model"),
        (["tiny", "tiny", "-o", "x.tar.gz", "--bundle"], "one model"),
        (["absent", "-o", "x.tar.gz", "--bundle"], "no model and no run 'absent'"),
        (["tiny", "-o", "x.md", "--for", "latency"], "--bundle"),
        (["tiny", "-o", "nowhere/x.tgz", "--bundle"], "nowhere"),
    ],
)
def test_what_makes_no_bundle_is_refused(
    store: Store, tiny: Model, tmp_path: Path, arguments: list[str], said: str
) -> None:
    store.models.save(tiny)
    refused = export(*arguments).refused
    assert refused is not None
    assert said in refused
    assert not list(tmp_path.glob("x.*"))
