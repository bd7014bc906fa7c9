"""What an OpenVINO IR's .xml says about its weights, read as a stream of tags and never as a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ovtui.engine.formats.files import head, opened, quoted
from ovtui.errors import InputError
from ovtui.sanitize import plain

_CHUNK = 1 << 20
_TAG = 1 << 16  # bytes of one tag that are looked at
_OLDEST, _NEWEST = 10, 11  # IR versions that current OpenVINO reads

# One way only to match a comment: with two, a head full of comments takes exponential time.
_ROOT = re.compile(rb"(?:\s|<\?[^>]*\?>|<!--(?:(?!-->).)*-->)*<net(?=[\s/>])([^<]*)", re.DOTALL)
_WANTED = re.compile(rb"<(?:data\s([^<]*)|(!(?i:DOCTYPE|ENTITY))|(/net\s*>))")
_OFFSET = re.compile(rb"""(?:^|\s)offset\s*=\s*["'](\d+)["']""")
_SIZE = re.compile(rb"""(?:^|\s)size\s*=\s*["'](\d+)["']""")
_LAYER = re.compile(rb"<(?:layer\s([^<]*)|Runtime_version\s([^<]*))")
_TYPE = re.compile(rb"""(?:^|\s)type\s*=\s*["']([^"']{1,80})["']""")
_OPSET = re.compile(rb"""(?:^|\s)version\s*=\s*["']([^"']{1,80})["']""")
_RELEASE = re.compile(rb"""(?:^|\s)value\s*=\s*["'](\d{4})\.(\d{1,3})(?:\.(\d{1,3}))?""")
_SHOWN = 5  # operations that are named
_VERSION = re.compile(rb"""(?:^|\s)version\s*=\s*["'](\d{1,9})["']""")


def is_ir(head: bytes) -> bool:
    """Whether the root element in these first bytes is <net>."""
    return _ROOT.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def weights(path: Path, head: bytes) -> int | None:
    """How many bytes of weights the .xml needs; None: it has no constants.

    InputError: entities (whose expansion can fill any memory), an IR too old, a cut-off file, absurd numbers.
    """
    root = _ROOT.match(head.removeprefix(b"\xef\xbb\xbf"))
    attributes = root[1] if root else b""
    version = _VERSION.search(attributes)
    if version and int(version[1]) < _OLDEST:
        raise InputError(
            f"{quoted(path)} is IR version {int(version[1])}, which OpenVINO no longer reads; "
            "convert the original again."
        )
    needed: int | None = None
    closed = attributes.partition(b">")[0].endswith(b"/")
    for found in _tags(path):
        if found[2]:
            raise InputError(f"{quoted(path)} declares entities ({found[2].decode()}), which no OpenVINO IR has.")
        if found[3]:
            closed = True
            continue
        offset, size = _OFFSET.search(found[1]), _SIZE.search(found[1])
        if offset and size and b"element_type" in found[1]:  # other operations have an offset or a size too
            if max(len(offset[1]), len(size[1])) > 18:
                raise InputError(f"{quoted(path)} places a constant beyond any file; copy or convert it again.")
            needed = max(needed or 0, int(offset[1]) + int(size[1]))
    if not closed:
        raise InputError(f"{quoted(path)} is cut off: it has no </net> at its end; copy it again.")
    return needed


def why_unread(path: Path, reason: str, installed: str, opset: int) -> str:
    """Why OpenVINO could not read an IR, as the rest of a sentence: what the file needs, else OpenVINO's own `reason`.

    `installed`: OpenVINO's version here; `opset`: the newest of its operation sets. A newer OpenVINO is named by the
    one that wrote the file, which it says.
    """
    root = _ROOT.match(head(path, _TAG).removeprefix(b"\xef\xbb\xbf"))
    version = _VERSION.search(root[1]) if root else None
    newest, of_extensions, written = (0, ""), dict[str, None](), None
    for tag in _tags(path, _LAYER):
        if tag[2] is not None:
            written = _RELEASE.search(tag[2]) or written
            continue
        kind, set_ = _TYPE.search(tag[1]), _OPSET.search(tag[1])
        name = plain(kind[1].decode(errors="replace"), 60) if kind else "?"
        number = re.fullmatch(rb"opset(\d{1,4})", set_[1]) if set_ else None
        if number:
            newest = max(newest, (int(number[1]), name))
        elif set_:
            of_extensions[name] = None
    here = _release(installed)
    reasons = []
    if version and int(version[1]) > _NEWEST:
        reasons.append(f"it is IR version {int(version[1])}, and OpenVINO {here} reads up to {_NEWEST}")
    if newest[0] > opset:
        reasons.append(f"{newest[1]} is of opset{newest[0]}, and OpenVINO {here} has up to opset{opset}")
    if reasons:
        return f"{' and '.join(reasons)}; {_newer(written, here)}."
    if of_extensions:
        some = ", ".join(list(of_extensions)[:_SHOWN]) + (", …" if len(of_extensions) > _SHOWN else "")
        return (
            f"{some} {'is an operation' if len(of_extensions) == 1 else 'are operations'} of an extension; import it "
            "with the library that holds it: --extension FILE, whose code then runs."
        )
    if written and _numbers(_by(written)) > _numbers(here):
        return f"{reason.rstrip('.')}; {_newer(written, here)}."
    return reason


def _by(written: re.Match[bytes]) -> str:
    return ".".join(part.decode() for part in written.groups() if part)


def _newer(written: re.Match[bytes] | None, here: str) -> str:
    if not written or _numbers(_by(written)) <= _numbers(here):
        return "install a newer one (pip install -U openvino), or convert the original with this one"
    wanted = f"{int(written[1])}.{int(written[2])}"
    return (
        f"it was written by OpenVINO {_by(written)}: pip install -U 'openvino>={wanted}', "
        f"or convert the original with {here}"
    )


def _release(version: str) -> str:
    """`2026.4.1-22982-e213a147257` as `2026.4.1`."""
    return version.partition("-")[0]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())


def _tags(path: Path, wanted: re.Pattern[bytes] = _WANTED) -> Iterator[re.Match[bytes]]:
    try:
        with opened(path) as file:
            rest = b""
            while chunk := file.read(_CHUNK):
                buffer = rest + chunk
                cut = max(buffer.rfind(b"<"), 0)
                yield from wanted.finditer(buffer, 0, cut)
                rest = buffer[cut:][:_TAG]
            yield from wanted.finditer(rest)
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be read: {error.strerror}.") from error
