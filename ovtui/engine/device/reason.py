"""OpenVINO's errors, of many lines with its own source files in them, as the one line that a person can use."""

from __future__ import annotations

import re

from ovtui.errors import sentence
from ovtui.sanitize import plain

FAILURES = (RuntimeError, ValueError, IndexError, OverflowError, MemoryError, TypeError)
"""What OpenVINO's Python package raises: it translates C++ exceptions by their kind."""

_LIMIT = 300  # characters
_READ = 20_000  # characters looked at
_WANT_OF_MEMORY = "There is not enough memory for it."

_CHECK = re.compile(r"Check '(.*?)' failed at \S+?:\d+:?\s*", re.DOTALL)
_SOURCE = re.compile(r"(?:Exception from|at) [\w./\\-]+\.[ch]pp:\d+:?\s*")
_ONNX_NODE = re.compile(r"While validating ONNX node '<Node\((?P<kind>.*?)\): (?P<name>.*?)>':?\s*", re.DOTALL)
# The node of the model; only its name is needed, but what runs it may call its kind "Reference".
_NODE = re.compile(
    r"While validating node '(?:\w+::(?P<kind>\w+) )?.*?' with friendly_name '(?P<name>.*?)':?\s*", re.DOTALL
)
# The CPU plugin's own, while it infers: a line before the reason, or the beginning of the reason's line.
_CPU_NODE = re.compile(r"^Node (?P<name>.*) of type (?P<kind>\w+)$", re.MULTILINE)
_CPU_PREFIX = re.compile(
    r"^(?:\[CPU\] ?)?(?:Node )?(?P<kind>\w+) (?:node )?with name '(?P<name>.*?)'(?= |:|$)"
    r"[ ':]*(?:(?:has|have|contains?) )?",
    re.MULTILINE,
)
_REFERENCE = "Reference"
_NOT_RECOGNISED = re.compile(r"Unable to read the model: .*? Please check that model format.*", re.DOTALL)
_NOISE = re.compile(
    r"FrontEnd API failed with \w+:?|Model wasn't fully converted\..*|Summary:|(?:Loading|Converting) input model"
    r"|-- Conversion is failed for.*|Shape inference input shapes .*|-- .* with a message:"
    r"|Not Implemented:"
    r"|Standard exception from compilation library:|^\[cpu\] ?|^ParameterMismatch: "
    r"|\[ ?(?:ERROR|GENERAL_ERROR|NOT_FOUND) ?\]"
)
_LIBRARY = re.compile(r'(?:(?<=")|(?<= ))/\S*?/([^/\s"]+\.so(?:\.\d+)*)(?=["\s:])')
_GLUED = re.compile(r"(Wrong value \S+?)(for property)")
_CPP = re.compile(r"(?:std::|vector|map|basic_string|bitset|_M_)[\w:]*|sto[a-z]{1,3}")
_NO_MEMORY = re.compile(r"std::bad_alloc|bad allocation")


def reason(error: BaseException | str) -> str:
    """Why it failed and then the node it is about, on one line; at most 300 safe characters, ending like a sentence.

    `Exception from src/…`, `Check '…' failed at …` and the like are left out.
    """
    if isinstance(error, MemoryError):
        return _WANT_OF_MEMORY
    text = str(error)[:_READ]
    if isinstance(error, UnicodeDecodeError):
        return "A name in it is not valid UTF-8."
    check, node = _CHECK.search(text), _node(text)
    for clutter in (_ONNX_NODE, _NODE, _CHECK, _SOURCE, _CPU_NODE):
        text = clutter.sub("\n", text)
    text = _NOT_RECOGNISED.sub("it is not recognised as a model of this format", text)
    line = _first(text)
    if not line:
        line = f"it fails OpenVINO's check {check[1]}" if check else "OpenVINO gives no reason"
    elif _NO_MEMORY.fullmatch(line):
        return _WANT_OF_MEMORY
    elif _CPP.fullmatch(line):
        line = f"A value in it is out of range ({line})"
    if node is not None:
        line = f"{line.rstrip('.')} ({plain(node[0], 30)} '{plain(node[1], 60)}')"
    return sentence(ValueError(plain(line, _LIMIT - 1)))


def _node(text: str) -> tuple[str, str] | None:
    """Kind and name of the node, by whoever knows it best: the file's own, then the plugin's."""
    onnx = _ONNX_NODE.search(text)
    if onnx is not None:
        return onnx["kind"], onnx["name"]
    running = [*_CPU_NODE.finditer(text)] or [*_CPU_PREFIX.finditer(_SOURCE.sub("\n", text))]
    validated = _NODE.search(text)
    if running:  # in the body of a loop, the innermost comes last
        kind, name = running[-1]["kind"], running[-1]["name"]
        return (validated["kind"] or kind if validated and kind == _REFERENCE else kind), name
    return ("node", validated["name"]) if validated else None


def _first(text: str) -> str:
    """The first line that says something, with the next one where it only leads to that."""
    found = ""
    for whole in text.splitlines():
        line = _NOISE.sub("", _CPU_PREFIX.sub("", whole)).strip().removeprefix("-- ")
        found = f"{found} {line}".strip()
        if line and not line.endswith(":"):
            break
    return _GLUED.sub(r"\1 \2", _LIBRARY.sub(r"\1", found))
