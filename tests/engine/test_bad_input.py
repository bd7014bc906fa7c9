"""Bad input gets one sentence and the right exit status, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import hostile, nets
from tests.conftest import Outcome, Ovtui


def refused(outcome: Outcome, *says: str, code: int = 2) -> None:
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    last = outcome.err.rstrip("\n").split("\n")[-1]
    for text in says:
        assert text in last


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-d", "GPU.7"], "no device 'GPU.7' here: OpenVINO finds"),
        (["-d", "HETERO:CPU,FPGA"], "no device 'FPGA' here"),
        (["-d", "cpu\x1b[31m"], "no device 'cpu\\x1b[31m' here"),
        (["--property", "NUM_STREMS=1"], "Did you mean NUM_STREAMS"),
        (["--property", "NUM_STREAMS=many"], "does not take these settings"),
        (["--property", "PERFORMANCE_HINT=FAST"], "does not take these settings"),
        (["--property", "NOVALUE"], "is not KEY=VALUE"),
        (["--streams", "0"], "not in the range"),
        (["--streams", "10000"], "not in the range"),
        (["--streams", "1000"], "takes 1 to"),
        (["--requests", "0"], "not in the range"),
        (["-b", "0"], "not in the range"),
        (["-t", "0"], "not in the range"),
        (["-t", "nan"], "'nan'"),
        (["--until-ci", "0%"], "between 0 and 100"),
        (["-t", "1", "-n", "5"], "only one of --seconds, --iterations and --until-ci"),
        (["--mode", "server"], "needs --rate"),
        (["--rate", "5"], "needs --mode server"),
        (["--mode", "server", "--rate", "nan"], "'nan'"),
        (["--mode", "server", "--rate", "0.01", "-t", "1"], "-t 500 or more"),
        (["--shape", "nonsense"], "nonsense"),
        (["--shape", "other[1,3,32,32]"], "other"),
        (["--shape", "image[1,3,32]"], "image"),
        (["--shape", "image[1,3,0,32]"], "image"),
        (["--layout", "image[XXXX]"], "XXXX"),
        (["--data", "/nowhere/x.npy"], "does not exist"),
        (["--data", "/dev/zero"], "neither a file nor a folder"),
        (["--mean", "1,a"], "'1,a'"),
        (["--mean", "nan"], "'nan'"),
        (["--mean", "1,2,3"], "give --data"),
        (["--queue", "5"], "--mode server"),
        (["--mode", "fast"], "fast"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_that_cannot_be_is_explained(ovtui: Ovtui, cnn: Path, arguments: list[str], says: str) -> None:
    refused(ovtui("run", cnn, "--quiet", *arguments), says)


def test_a_batch_for_a_model_that_has_none_is_explained(ovtui: Ovtui, tmp_path: Path) -> None:
    refused(ovtui("run", nets.no_batch(tmp_path / "scalar.xml"), "-b", "4", "--quiet"), "batch")


@pytest.mark.parametrize(
    "array", [np.ones((1, 3, 31, 32), dtype=np.float32), np.ones((1, 3, 32, 32), dtype=np.complex128)]
)
def test_data_of_the_wrong_shape_or_type_are_explained(
    ovtui: Ovtui, cnn: Path, tmp_path: Path, array: np.ndarray
) -> None:
    np.save(tmp_path / "x.npy", array)
    refused(ovtui("run", cnn, "--data", tmp_path / "x.npy", "--quiet"), "image")


@pytest.mark.parametrize("name", ["nothing.onnx", "", "x" * 5000, "a\x1b[2Jb"])
def test_a_model_that_is_not_there_is_named(ovtui: Ovtui, name: str) -> None:
    outcome = ovtui("run", name, "--quiet")
    assert outcome.code == 2
    assert "\x1b" not in outcome.err
    assert len(outcome.err) < 1000


def test_errors_under_json_are_a_document_too(ovtui: Ovtui) -> None:
    outcome = ovtui("run", "nothing.onnx", "--json")
    assert outcome.code == 2
    assert "nothing.onnx" in outcome.json["error"]


def test_a_failed_run_under_json_is_a_document(ovtui: Ovtui, cnn: Path) -> None:
    outcome = ovtui("run", cnn, "-d", "GPU.7", "--json")
    assert outcome.code == 2
    assert outcome.json["run"]["status"] == "failed"
    assert "GPU.7" in outcome.json["run"]["error"]


def test_usage_errors_under_json_are_a_document(ovtui: Ovtui, cnn: Path) -> None:
    outcome = ovtui("run", cnn, "--streams", "0", "--json")
    assert outcome.code == 2
    assert "--streams" in outcome.json["error"]


def test_arguments_that_are_no_text_are_refused(ovtui: Ovtui, mlp: Path, home: Path) -> None:
    outcome = ovtui("import", mlp, "--name", os.fsdecode(b"\xff"))
    assert outcome.code == 2
    assert "UTF-8" in outcome.err
    assert not home.exists()


def test_the_home_of_a_user_who_does_not_exist_is_a_missing_file(ovtui: Ovtui) -> None:
    refused(ovtui("run", "~nobody-of-that-name/m.onnx"), "~nobody-of-that-name")


def test_output_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ovtui", "doctor"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("ovtui: ")
    assert "Traceback" not in done.stderr


def test_json_never_commands_a_terminal(ovtui: Ovtui, tmp_path: Path) -> None:
    name = "a\x7f\x9b31m\u202eb\u2028–"
    path = tmp_path / "net.xml"
    path.write_text(hostile.relu(name=name), encoding="utf-8")
    outcome = ovtui("import", path, "--json")
    assert outcome.code == 0, outcome.err
    assert all(line.isprintable() for line in outcome.out.split("\n"))
    assert outcome.json["model"]["inputs"][0]["name"] == name


def test_a_folder_with_the_name_of_a_model_does_not_hide_it(ovtui: Ovtui, mlp: Path, tmp_path: Path) -> None:
    ovtui("import", mlp, "--name", "net")
    (tmp_path / "net").mkdir()
    assert ovtui("run", "net", "-n", "5", "--quiet").code == 0


def test_a_run_that_does_not_exist_is_named(ovtui: Ovtui) -> None:
    for command in (["attach", "zzzz"], ["cancel", "zzzz"], ["export", "zzzz", "-o", "x.csv"]):
        outcome = ovtui(*command)
        assert outcome.code == 2
        assert "zzzz" in outcome.err


def test_a_corrupt_database_is_kept_aside_and_said(ovtui: Ovtui, home: Path, mlp: Path) -> None:
    ovtui("run", mlp, "-n", "5")
    database = home / "ovtui.db"
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"not a database at all" * 100)
    outcome = ovtui("history")
    assert outcome.code == 0
    assert "kept as" in outcome.err
    assert len(list(home.glob("ovtui.db.corrupt-*"))) == 1
    assert ovtui("run", mlp, "-n", "5").code == 0


def test_a_newer_data_folder_is_left_alone(ovtui: Ovtui, home: Path, mlp: Path) -> None:
    ovtui("run", mlp, "-n", "5")
    program = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('PRAGMA user_version = 999')"
    subprocess.run([sys.executable, "-c", program, home / "ovtui.db"], check=True)
    for command in (["history"], ["run", mlp, "-n", "5"], ["models"]):
        outcome = ovtui(*command)
        assert outcome.code == 1
        assert "newer ovtui" in outcome.err


needs_mount = pytest.mark.skipif(
    os.geteuid() != 0
    or subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0,
    reason="mounting a small or read-only disk needs root",
)


def _in_namespace(script: str, home: Path, *arguments: object) -> Outcome:
    """Run a shell script where mounts are private; `$1` is the data folder, `$2` python."""
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script, "bash", str(home), sys.executable, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


@needs_mount
def test_a_full_disk_is_said_and_loses_nothing(home: Path, mlp: Path) -> None:
    script = """
        mount -t tmpfs -o size=3m tmpfs "$1"
        "$2" -m ovtui run "$3" -n 5 --quiet > /dev/null || exit 90
        head -c 10M /dev/zero > "$1/filler" 2> /dev/null
        "$2" -m ovtui run "$3" -n 5 --quiet; code=$?
        rm "$1/filler"
        "$2" -m ovtui history >&2 || exit 91
        "$2" -m ovtui run "$3" -n 5 --quiet > /dev/null || exit 92
        exit $code
    """
    outcome = _in_namespace(script, home, mlp)
    assert outcome.code == 1, outcome.err
    assert "full" in outcome.err or "No space left" in outcome.err
    assert outcome.err.count(" done") == 1


@needs_mount
def test_a_read_only_data_folder_can_be_read(ovtui: Ovtui, home: Path, mlp: Path) -> None:
    run = ovtui("run", mlp, "-n", "5", "--json").json["run"]["id"]
    script = """
        mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"
        "$2" -m ovtui history || exit 90
        "$2" -m ovtui models > /dev/null || exit 91
        "$2" -m ovtui attach "$4" > /dev/null || exit 92
        "$2" -m ovtui run "$3" -n 5 --quiet
    """
    outcome = _in_namespace(script, home, mlp, run)
    assert outcome.code == 1, outcome.err
    assert run in outcome.out
    assert "Cannot write to the data folder" in outcome.err
