"""OpenVINO's errors, of many lines with its own source files in them, as the one line that a person can use."""

from __future__ import annotations

import re

from ovtui.errors import sentence
from ovtui.text import plain

FAILURES = (RuntimeError, ValueError, IndexError, OverflowError, MemoryError, TypeError)
"""What OpenVINO's Python package raises: it translates C++ exceptions by their kind."""

_LIMIT = 300  # characters
_READ = 20_000  # characters looked at

_CHECK = re.compile(r"Check '(.*?)' failed at \S+?:\d+:?\s*", re.DOTALL)
_SOURCE = re.compile(r"(?:Exception from|at) [\w./\\-]+\.[ch]pp:\d+:?\s*")
_ONNX_NODE = re.compile(r"While validating ONNX node '<Node\((?P<kind>.*?)\): (?P<name>.*?)>':?\s*", re.DOTALL)
_NODE = re.compile(r"While validating node '.*?' with friendly_name '(?P<name>.*?)':?\s*", re.DOTALL)
_NOT_RECOGNISED = re.compile(r"Unable to read the model: .*? Please check that model format.*", re.DOTALL)
_NOISE = re.compile(
    r"FrontEnd API failed with \w+:?|Model wasn't fully converted\..*|Summary:|(?:Loading|Converting) input model"
    r"|-- Conversion is failed for.*|Shape inference input shapes .*|-- .* with a message:"
    r"|Not Implemented:"
    r"|\[ ?(?:ERROR|GENERAL_ERROR|NOT_FOUND) ?\]"
)
_CPP = re.compile(r"(?:std::|vector|map|basic_string|bitset|_M_)[\w:]*|sto[a-z]{1,3}|bad allocation")


def reason(error: BaseException | str) -> str:
    """The meaningful line of an error, with the node it is about; at most 300 safe characters, ending like a sentence.

    `Exception from src/…`, `Check '…' failed at …` and the like are left out.
    """
    if isinstance(error, MemoryError):
        return "There is not enough memory for it."
    text = str(error)[:_READ]
    if isinstance(error, UnicodeDecodeError):
        return "A name in it is not valid UTF-8."
    node = _ONNX_NODE.search(text) or _NODE.search(text)
    check = _CHECK.search(text)
    for clutter in (_ONNX_NODE, _NODE, _CHECK, _SOURCE):
        text = clutter.sub("\n", text)
    text = _NOT_RECOGNISED.sub("it is not recognised as a model of this format", text)
    lines = (_NOISE.sub("", line).strip().removeprefix("-- ") for line in text.splitlines())
    line = next((line for line in lines if line), "")
    if not line:
        line = f"it fails OpenVINO's check {check[1]}" if check else "OpenVINO gives no reason"
    elif _CPP.fullmatch(line):
        line = f"A value in it is out of range ({line})"
    if node is not None:
        name = plain(node["name"], 60)
        kind = plain(node.groupdict().get("kind") or "node", 30)
        line = f"{line.rstrip('.')} ({kind} '{name}')"
    return sentence(ValueError(plain(line, _LIMIT - 1)))
