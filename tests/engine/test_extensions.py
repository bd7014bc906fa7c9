"""Operations of a model's own: loaded where they were given, kept with the model, refused once the library changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ovtui.engine.device.capi import DeviceError
from ovtui.engine.device.extensions import trusted
from ovtui.engine.device.measure import _changed, session
from ovtui.engine.formats import digest
from ovtui.errors import InputError
from ovtui.records import File
from tests import nets
from tests.conftest import Ovtui
from tests.engine.test_feeding import APIS, inferred, output
from tests.report.bundles import a_record, ran, unpacked

ov, op = nets.ov, nets.op
WHEEL = Path(ov.__file__).parent


def compiled(*arguments: object) -> None:
    """With the headers and the library that OpenVINO's wheel brings."""
    library = next((WHEEL / "libs").glob("libopenvino.so*"), None)
    compiler = shutil.which("c++")
    if compiler is None or library is None or not (WHEEL / "include/openvino/openvino.hpp").exists():
        pytest.skip("there is no C++ compiler, or no headers of OpenVINO")
    words = [compiler, "-std=c++17", "-O0", *arguments, f"-I{WHEEL / 'include'}", library, "-lpthread"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("extension") / "libtriple.so"
    compiled("-fPIC", "-shared", Path(__file__).with_name("triple.cpp"), "-o", path)
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A model of matrix products around the operation that OpenVINO does not have."""
    x = nets._parameter([-1, 16], np.float32, "x")
    y = op.relu(op.matmul(x, op.constant(np.eye(16, dtype=np.float32)), False, False))
    y = op.matmul(y, op.constant(np.eye(16, dtype=np.float32)), False, False)
    path = nets._save([y], [x], tmp_path / "own.xml")
    text = path.read_text()
    assert text.count('type="ReLU" version="opset1"') == 1
    path.write_text(text.replace('type="ReLU" version="opset1"', 'type="Triple" version="extension"'))
    return path


@pytest.fixture
def copied(library: Path, tmp_path: Path) -> Iterator[Path]:
    """A library that may be spoilt."""
    yield Path(shutil.copy(library, tmp_path / "libtriple.so"))


@pytest.mark.parametrize("api", APIS)
def test_the_operation_is_computed_through_every_api(api: str, own: Path, library: Path) -> None:
    ones = np.ones((2, 16), np.float32)
    device = inferred(api, own, [ones], {0: (2, 16)}, extensions=(str(library),))
    assert output(device).tolist() == (3 * ones).tolist()


@pytest.mark.parametrize("api", APIS)
def test_sizes_that_the_file_leaves_open_stay_open_and_the_inputs_have_them(api: str, own: Path, library: Path) -> None:
    """What an extension says of shapes is not trusted: a wrong word only shows where the model is made static."""
    device = session(api)
    device.read(str(own), (str(library),))
    device.compile("CPU", {})
    device.create(2, reset=False)
    for request in range(2):
        device.resize(request, 0, (3, 16))
        device.fill(request, 0, np.ones((3, 16), np.float32))
    device.infer(0)
    assert output(device).tolist() == [[3.0] * 16] * 3


def test_only_stated_sizes_reshape_a_model_with_an_extension(own: Path, cnn: Path, library: Path) -> None:
    model = a_record(cnn)
    (port,) = model.inputs
    named = msgspec.structs.replace(model, extensions=digest([library])[1])
    open_ = msgspec.structs.replace(named, inputs=(msgspec.structs.replace(port, shape=("?", 3, 32, "1..64")),))
    assert _changed(open_, {port.name: (4, 3, 32, 32)}) == {}
    assert _changed(open_, {port.name: (4, 3, 16, 32)}) == {0: (-1, 3, 16, -1)}
    assert _changed(named, {port.name: (4, 3, 32, 32)}) == {0: (4, 3, 32, 32)}


@pytest.mark.parametrize("api", APIS)
def test_without_the_library_nothing_is_loaded(api: str, own: Path) -> None:
    with pytest.raises(DeviceError):
        inferred(api, own, [np.ones((2, 16), np.float32)], {0: (2, 16)})


def test_a_model_of_an_extension_says_what_it_needs(ovtui: Ovtui, own: Path) -> None:
    refused = ovtui("import", own)
    assert refused.code == 2
    assert "Triple is an operation of an extension" in refused.err
    assert "--extension FILE" in refused.err


def test_a_model_keeps_its_extension(ovtui: Ovtui, own: Path, copied: Path, tmp_path: Path) -> None:
    model = ovtui("import", own, "--extension", copied, "--json").json["model"]
    _, (known,) = digest([copied])
    assert model["extensions"] == [{"path": str(copied), "bytes": known.bytes, "sha256": known.sha256}]
    assert f"extension  {copied}" in ovtui("import", own).out  # again, without a word on it

    run = ovtui("run", own, "-n", 50, "--profile", "--json").json["run"]
    assert run["result"]["inferences"] >= 50
    rows = ovtui("layers", run["id"], "--json").json["rows"]
    assert "Reference" in {row["type"] for row in rows}
    page = tmp_path / "run.md"
    assert ovtui("export", run["id"], "-o", page).code == 0
    assert f"ovtui import {own} --extension {copied}" in page.read_text()

    version = ovtui("optimize", "own", "--method", "fp16", "--no-compare", "--json").json["version"]
    assert version["extensions"] == model["extensions"]

    root = tmp_path / "bundle"
    assert ovtui("export", run["id"], "-o", tmp_path / "own.tar.gz", "--bundle").code == 0
    root = unpacked(tmp_path / "own.tar.gz", root)
    copied.unlink()
    assert ran(root)["inferences"] > 0
    assert (root / "extensions/libtriple.so").stat().st_size == known.bytes
    compiled(root / "infer.cpp", "-o", root / "infer")
    where = {**os.environ, "LD_LIBRARY_PATH": str(WHEEL / "libs")}
    done = subprocess.run(
        [root / "infer", "0.1"], cwd=root, env=where, capture_output=True, text=True, check=False, timeout=60
    )
    assert "latency p50" in done.stdout, done.stderr

    gone = ovtui("run", "own", "-n", 50)
    assert (gone.code, str(copied) in gone.err) == (2, True)


def test_a_library_that_changed_is_not_loaded(ovtui: Ovtui, own: Path, copied: Path) -> None:
    assert ovtui("import", own, "--extension", copied).code == 0
    with copied.open("ab") as file:
        file.write(b"\0")
    refused = ovtui("run", "own", "-n", 50)
    assert refused.code == 2
    assert "has changed" in refused.err
    assert f"--extension {copied}" in refused.err
    assert ovtui("import", own, "--extension", copied).code == 0
    assert ovtui("run", "own", "-n", 50).code == 0


def test_what_is_no_library_is_one_sentence(ovtui: Ovtui, own: Path) -> None:
    refused = ovtui("import", own, "--extension", own)
    assert refused.code == 2
    assert "cannot load the extension" in refused.err
    assert ovtui("import", own, "--extension", own.with_name("none.so")).code == 2


def test_a_digest_is_what_is_trusted(tmp_path: Path) -> None:
    path = tmp_path / "library.so"
    path.write_bytes(b"code")
    _, known = digest([path])
    assert trusted(known) == (str(path),)
    with pytest.raises(InputError, match="has changed"):
        trusted((File(path=str(path), bytes=4, sha256="0" * 64),))


def test_a_model_without_extensions_needs_no_line_of_its_own(cnn: Path) -> None:
    from ovtui.report.pages.common import register

    assert register(a_record(cnn)) is None
