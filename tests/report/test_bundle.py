"""A bundle on its own: whole, checked, and run by somebody who has nothing but OpenVINO."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ovtui.report.bundle.code import cpp, python
from ovtui.report.bundle.plan import plan
from tests import nets
from tests.conftest import Ovtui
from tests.store.samples import a_model


def unpacked(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    return root


def told(text: str) -> dict[str, float]:
    return {found[1].strip(): float(found[2]) for found in re.finditer(r"^(.{15})([\d.]+)", text, re.MULTILINE)}


@pytest.fixture
def bundled(ovtui: Ovtui, tmp_path: Path):
    def make(*arguments: object) -> tuple[Path, str]:
        path = tmp_path / "bundle.tar.gz"
        done = ovtui("export", *arguments, "-o", path, "--bundle")
        assert done.code == 0, done.err
        return unpacked(path, tmp_path / "out"), done.err

    return make


@pytest.mark.parametrize("mode", ["latency", "throughput"])
def test_the_python_program_runs_as_the_run_did(ovtui: Ovtui, bundled: Any, cnn: Path, mode: str) -> None:
    run = ovtui("run", cnn, "--mode", mode, "-b", "2", "-n", "5", "--json").json["run"]
    root, _ = bundled(run["id"])
    done = subprocess.run(
        [sys.executable, root / "infer.py", "--seconds", "0.3"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        timeout=60,
    )
    found = told(done.stdout)
    assert found["requests"] == run["spec"]["requests"]
    assert found["inferences"] > 0
    spec = json.loads((root / "spec.json").read_text())
    assert spec["batch"] == 2
    assert spec["shapes"] == {"image": [2, 3, 32, 32]}
    assert spec["properties"]["PERFORMANCE_HINT"] == mode.upper()
    assert spec["measured"]["run"] == run["id"]


def test_integer_inputs_are_filled_too(ovtui: Ovtui, bundled: Any, embedding: Path) -> None:
    ovtui("import", embedding)
    root, said = bundled("embedding")
    assert "not measured yet" in said
    done = subprocess.run(
        [sys.executable, root / "infer.py", "--seconds", "0.2"], capture_output=True, text=True, check=True, timeout=60
    )
    assert told(done.stdout)["inferences"] > 0


def test_the_cpp_program_is_built_and_runs(ovtui: Ovtui, bundled: Any, cnn: Path) -> None:
    """Against the headers and the library of the installed OpenVINO."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no g++ here")
    import openvino

    package = Path(openvino.__file__).parent
    library = next((package / "libs").glob("libopenvino.so.*"), None)
    if not (package / "include" / "openvino" / "openvino.hpp").exists() or library is None:
        pytest.skip("this OpenVINO has no headers")
    run = ovtui("run", cnn, "-n", "5", "--json").json["run"]["id"]
    root, _ = bundled(run)
    command = [compiler, "-std=c++17", "-O1", f"-I{package / 'include'}", root / "infer.cpp", "-o", root / "infer"]
    built = subprocess.run(
        [*command, library, "-pthread", f"-Wl,-rpath,{package / 'libs'}", "-Wl,--allow-shlib-undefined"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    done = subprocess.run([root / "infer", "0.3"], capture_output=True, text=True, check=True, cwd=root, timeout=60)
    assert told(done.stdout)["requests"] == 1
    assert told(done.stdout)["inferences"] > 0


def test_every_file_is_in_the_manifest_with_its_digest(ovtui: Ovtui, bundled: Any, mlp: Path) -> None:
    ovtui("import", mlp)
    root, _ = bundled("mlp")
    listed = json.loads((root / "manifest.json").read_text())["files"]
    there = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    assert set(listed) == set(there) - {"manifest.json"}
    for name, entry in listed.items():
        content = there[name].read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert {"model/mlp.xml", "model/mlp.bin", "README.md", "CMakeLists.txt"} <= set(listed)


def test_the_same_bundle_is_the_same_file(ovtui: Ovtui, mlp: Path, tmp_path: Path) -> None:
    ovtui("import", mlp)
    for name in ("one.tar.gz", "two.tgz"):
        assert ovtui("export", "mlp", "-o", tmp_path / name, "--bundle").code == 0
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tgz").read_bytes()


def test_a_model_takes_the_settings_of_its_best_run(ovtui: Ovtui, bundled: Any, cnn: Path) -> None:
    ovtui("run", cnn, "-b", "1", "-n", "5")
    kept = ovtui("run", cnn, "--mode", "throughput", "-b", "8", "-t", "0.5", "--json").json["run"]
    slow = ovtui("run", cnn, "--mode", "server", "--rate", "20", "-t", "1", "--json").json["run"]
    root, _ = bundled("cnn")
    chosen = json.loads((root / "spec.json").read_text())["measured"]["run"]
    assert chosen != slow["id"]
    readme = (root / "README.md").read_text()
    assert "benchmark_app -m model/cnn.xml" in readme
    assert kept["model"]["sha256"] in readme


def test_a_model_file_that_changed_is_refused_and_nothing_is_written(ovtui: Ovtui, tmp_path: Path) -> None:
    path = nets.mlp(tmp_path / "net.xml", width=16, layers=1)
    ovtui("import", path)
    path.with_suffix(".bin").write_bytes(b"\0" * path.with_suffix(".bin").stat().st_size)
    refused = ovtui("export", "net", "-o", tmp_path / "b.tar.gz", "--bundle")
    assert refused.code == 2
    assert "has changed" in refused.err
    assert not list(tmp_path.glob("*b.tar.gz*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["net", "-o", "x.json", "--bundle"], ".tar.gz"),
        (["net", "-o", "x.tar.gz"], "--bundle"),
        (["net", "-o", "x.json"], "is a model"),
        (["net", "net", "-o", "x.tar.gz", "--bundle"], "one model"),
        (["absent", "-o", "x.tar.gz", "--bundle"], "absent"),
        (["net", "-o", "x.md", "--for", "latency"], "--bundle"),
        (["net", "-o", "nowhere/x.tgz", "--bundle"], "nowhere"),
    ],
)
def test_what_makes_no_bundle_is_refused(ovtui: Ovtui, tmp_path: Path, arguments: list[str], said: str) -> None:
    ovtui("import", nets.mlp(tmp_path / "net.xml", width=16, layers=1))
    refused = ovtui("export", *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_names_in_programs_are_data() -> None:
    hostile = 'a"; system("x"); \\ @DEVICE@ \'.xml'
    model = a_model()
    file = model.files[0].__class__(path=f"/m/{hostile}", bytes=1, sha256="0" * 64)
    made = plan(model.__class__(**{**{f: getattr(model, f) for f in model.__struct_fields__},
                                   "path": f"/m/{hostile}", "files": (file,)}), None, None)  # fmt: skip
    assert ascii(hostile) in python(made)
    compile(python(made), "infer.py", "exec")
    text = cpp(made)
    literal = re.search(r'MODEL = "((?:[^"\\]|\\[0-7]{3})*)";', text)
    assert literal
    assert re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), literal[1]) == hostile
