"""Which class each sample is of: by its folder, from a table in a text file, or from a .npy."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ovtui.engine.device.inputs import UNREADABLE
from ovtui.errors import InputError, sentence
from ovtui.sanitize import plain

Labels = list[int | None]

_DIGITS = 18  # of a number that can be a class; Python refuses to read one of thousands


def by_folder(files: Sequence[Path], root: Path, classes: int | None) -> tuple[Labels, str | None]:
    """A class for each subfolder, and why there is none; a folder that is flat has none, and says nothing.

    Folders named by numbers are those classes. Others are in alphabetical order, as most training code has them, but
    only if there are as many as the model knows.
    """
    folders = sorted({file.relative_to(root).parts[0] for file in files if len(file.relative_to(root).parts) > 1})
    nothing: Labels = [None] * len(files)
    if not folders:
        return nothing, None
    if classes is None:
        return nothing, "The folders are not taken as labels, since the model gives out no classes."
    if all(name.isdecimal() for name in folders):
        numbers = {name: int(name) for name in folders}
        beyond = [name for name in folders if numbers[name] >= classes]
        if beyond:
            raise InputError(
                f"The folder {plain(str(root / beyond[0]))} stands for class {plain(beyond[0], 20)}, "
                f"but the model knows 0 to {classes - 1}."
            )
    elif len(folders) == classes:
        numbers = {name: place for place, name in enumerate(folders)}
    else:
        return nothing, (
            f"The {len(folders)} folders are not taken as labels, since the model knows {classes} classes: "
            "name the folders by class number, or give --labels FILE.csv."
        )
    parts = [file.relative_to(root).parts for file in files]
    return [numbers[part[0]] if len(part) > 1 else None for part in parts], None


def from_file(path: Path, names: Sequence[str], classes: int | None) -> Labels:
    """Of samples by `names` (a file's path below its folder, or a row's number). InputError for what does not fit."""
    if classes is None:
        raise InputError(f"{plain(path)} labels classes, but the model gives out none.")
    return _of_array(path, names, classes) if path.suffix.lower() == ".npy" else _of_table(path, names, classes)


def _of_array(path: Path, names: Sequence[str], classes: int) -> Labels:
    try:
        with path.open("rb") as file:
            if file.read(6) != b"\x93NUMPY":
                raise ValueError("it is no .npy file")
        # Mapped, a file that claims to be larger than it is fills no memory.
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE as error:
        raise InputError(f"Cannot read labels from {plain(path)}: {plain(sentence(error), 200)}") from error
    values = found.reshape(-1)
    if values.dtype.kind not in "iu":
        raise InputError(f"{plain(path)} holds {values.dtype}, but labels are whole numbers.")
    if len(values) != len(names):
        raise InputError(f"{plain(path)} has {len(values)} labels for {len(names)} samples.")
    for row, value in enumerate(values.tolist()):
        if not 0 <= value < classes:
            raise InputError(
                f"{plain(path)}, row {row}: there is no class {value}; the model knows 0 to {classes - 1}."
            )
    return list(map(int, values.tolist()))


def _of_table(path: Path, names: Sequence[str], classes: int) -> Labels:
    places = {name: place for place, name in enumerate(names)}
    # A file may be named by itself where that is enough.
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(Path(name).name, []).append(name)
    for name, whole in alike.items():
        if len(whole) == 1:
            places.setdefault(name, places[whole[0]])
    found: Labels = [None] * len(names)
    rows = _rows(path)
    for number, row in rows:
        where = f"{plain(path)}, line {number}"
        if len(row) < 2:
            raise InputError(f"{where}: '{plain(','.join(row), 60)}' is not a file or row and a label.")
        name, label = _below(row[0].strip(), places), row[1].strip()
        if not label.isdecimal():
            if number == rows[0][0] and name not in places and name not in alike:
                continue  # a heading
            raise InputError(f"{where}: '{plain(label, 40)}' is no class number.")
        if len(label) > _DIGITS or int(label) >= classes:
            raise InputError(f"{where}: there is no class {plain(label, 20)}; the model knows 0 to {classes - 1}.")
        if name not in places and len(alike.get(name, ())) > 1:
            raise InputError(
                f"{where}: several folders have a '{plain(name, 80)}': say which, as in '{plain(alike[name][0], 120)}'."
            )
        if name not in places:
            raise InputError(f"{where}: there is no sample '{plain(name, 80)}' in the data.")
        if found[places[name]] not in (None, int(label)):
            raise InputError(
                f"{where}: '{plain(name, 80)}' is of class {plain(label, 20)}, "
                f"but a line before says {found[places[name]]}."
            )
        found[places[name]] = int(label)
    if names and all(label is None for label in found):
        raise InputError(f"{plain(path)} labels none of the samples: each line is a file or a row, and a class number.")
    return found


def _below(name: str, places: Mapping[str, int]) -> str:
    """A path as the samples have it, where the table tells it from a folder further up or with backslashes."""
    if name in places:
        return name
    parts = name.replace("\\", "/").split("/")
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in places), name)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and fields of a table whose fields stand apart by commas, semicolons, tabs or blanks."""
    try:
        text = _decoded(path.read_bytes())
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        # What parts the fields is in each line; a blank may be in a file's name, before the last one.
        for separator in ("\t", ";", ","):
            if lines and all(separator in line for _, line in lines):
                fields = csv.reader([line for _, line in lines], delimiter=separator)
                return [(number, row) for (number, _), row in zip(lines, fields, strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(f"Cannot read labels from {plain(path)}: {plain(sentence(error), 200)}") from error
    return [(number, line.rsplit(maxsplit=1)) for number, line in lines]


def _decoded(content: bytes) -> str:
    """Text as Windows and Unix write it: with a byte order mark or without."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf16 else "utf-8-sig")
