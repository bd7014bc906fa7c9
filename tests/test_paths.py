"""Where the data folder is, and what is said where there is no place for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ovtui import paths
from ovtui.errors import InputError

WITHOUT_HOME = """
import os, pwd, sys

def nobody(number):
    raise KeyError(f'getpwuid(): uid not found: {number}')

pwd.getpwuid = nobody
from ovtui.tui import start
start.check_terminal = lambda: None
from ovtui.__main__ import main
sys.argv[0] = 'ovtui'
main()
"""
SENTENCE = "There is no home directory here that could hold the data: set OVTUI_HOME to a folder."


def without_home(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The command line of a user id that has neither HOME nor an entry in passwd."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "PYTHONPATH", "LANG")}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_HOME, *arguments],
        capture_output=True, text=True, timeout=120, check=False, env=kept | more, cwd=folder, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    ["", "doctor", "models", "history", "demo", "run x", "import x.onnx", "explore x", "compare a b", "optimize x",
     "layers x", "graph x", "export x -o y", "label x y", "delete x", "attach", "cancel x", "serve", "x.onnx"],
)  # fmt: skip
def test_without_a_home_each_command_names_what_to_set(arguments: str, tmp_path: Path) -> None:
    done = without_home(*arguments.split(), folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"ovtui: {SENTENCE}\n")
    assert list(tmp_path.iterdir()) == []  # nor does a folder called ~ appear


def test_a_script_gets_it_as_a_document(tmp_path: Path) -> None:
    done = without_home("doctor", "--json", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (2, {"schema": 1, "error": SENTENCE})


def test_with_a_data_folder_no_home_is_needed(tmp_path: Path) -> None:
    done = without_home("models", "--json", folder=tmp_path, OVTUI_HOME=str(tmp_path / "data"))
    assert (done.returncode, json.loads(done.stdout)["models"]) == (0, [])


def test_a_tilde_without_a_home_is_no_folder_of_that_name(tmp_path: Path) -> None:
    done = without_home("models", folder=tmp_path, OVTUI_HOME="~/data")
    assert done.returncode == 2
    assert done.stderr == "ovtui: There is no home directory here for the ~ of OVTUI_HOME=~/data: write a whole path.\n"


def test_a_relative_data_folder_and_lock_are_the_same_ones_for_jobs_which_work_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVTUI_HOME", "data")
    monkeypatch.setenv("OVTUI_LOCK", "lock")
    given = paths.for_jobs()
    assert (given["OVTUI_HOME"], given["OVTUI_LOCK"]) == (str(tmp_path / "data"), str(tmp_path / "lock"))
    assert given["PATH"] == os.environ["PATH"]


def test_a_relative_data_folder_in_a_folder_that_is_gone_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("OVTUI_HOME", "data")
    with pytest.raises(InputError, match="working folder is gone, and OVTUI_HOME=data"):
        paths.home()
