"""The house is as its plan says: style, types, and arrows that point down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = sorted((ROOT / "ovtui").rglob("*.py"))
# What each room may import of ours. `engine` and `report` are beside each other; faces see everything but each other.
OF_OTHERS = {"database or disk is full", "PRAGMA integrity_check(1)"}  # SQLite has no codes for these
FACE = {
    "records", "errors", "kinds", "sanitize", "paths", "terminal", "formatting", "sentences", "specs", "analysis",
    "store", "engine", "report",
}  # fmt: skip
ALLOWED = {
    "records": set(),
    "errors": set(),
    "kinds": {"records"},
    "sanitize": set(),
    "paths": {"errors", "sanitize"},
    "terminal": {"formatting"},
    "formatting": {"records"},
    "sentences": {"records", "formatting"},
    "specs": {"records", "errors", "sanitize"},
    "analysis": {"records", "errors", "sanitize", "formatting", "sentences"},
    "store": {"records", "errors", "kinds", "sanitize", "paths"},
    "engine": {"records", "errors", "kinds", "sanitize", "paths", "formatting", "analysis", "store"},
    "report": {"records", "errors", "sanitize", "analysis", "formatting", "sentences"},
    "cli": FACE,
    "tui": FACE,
}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _circles() -> list[str]:
    """Modules that import themselves over others; imports within functions count."""
    modules = {_module(path): _imports(path) for path in CODE}
    # `from ovtui.store import faults` needs the package, too, but not what its __init__ offers.
    packages = {name for name in modules if any(other.startswith(f"{name}.") for other in modules)}
    above = TopologicalSorter({name: used & set(modules) - packages - {name} for name, used in modules.items()})
    try:
        above.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _tool(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    _tool("ruff", "check", "--no-cache", ".")


def test_ruff_would_format_nothing() -> None:
    _tool("ruff", "format", "--no-cache", "--check", ".")


def test_mypy_finds_nothing() -> None:
    _tool("mypy")


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_below(path: Path) -> None:
    room = path.relative_to(ROOT / "ovtui").parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):  # the door leads to both faces
        return
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("ovtui.")}
    assert used - {room, "__version__"} <= ALLOWED[room]


def test_no_modules_import_each_other() -> None:
    assert _circles() == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_sql_and_openvino_stay_in_their_rooms(path: Path) -> None:
    top = {name.split(".")[0] for name in _imports(path)}
    where = path.relative_to(ROOT / "ovtui").as_posix()
    assert "sqlite3" not in top or where.startswith("store/")
    assert not {"openvino", "openvino_telemetry"} & top or where.startswith("engine/device/")


_PROSE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
_TESTS_OF_TEXT = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "index", "find"}


def _texts_decided_on(path: Path) -> Iterator[str]:
    """Literals of several words that something is compared with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            held = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TESTS_OF_TEXT:
            held = node.args
        else:
            continue
        for part in held:
            for one in ast.walk(part) if not isinstance(part, ast.Call) else ():
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and _PROSE.search(one.value):
                    yield one.value


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_decided_on_a_text_for_people(path: Path) -> None:
    assert [text for text in _texts_decided_on(path) if text not in OF_OTHERS] == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--version"], {"openvino", "textual", "numpy", "asyncio", "sqlite3", "rich"}),
        (["history"], {"openvino", "textual", "numpy", "asyncio", "rich"}),
        (["history", "--json"], {"openvino", "textual", "numpy", "asyncio", "rich"}),
        (["models"], {"openvino", "textual", "numpy", "asyncio", "rich"}),
    ],
)
def test_quick_commands_import_little(arguments: list[str], unwanted: set[str], home: Path) -> None:
    program = (
        "import sys\nfrom ovtui.__main__ import main\n"
        f"sys.argv = ['ovtui', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('UNWANTED', sorted({unwanted!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "UNWANTED []" in done.stdout
