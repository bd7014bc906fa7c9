"""Which class each sample is of: by its folder, from a .csv, or from a .npy."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ovtui.errors import InputError, sentence
from ovtui.text import plain

Labels = list[int | None]


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
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
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
    for name in names:
        places.setdefault(Path(name).name, places[name])
    found: Labels = [None] * len(names)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Cannot read labels from {plain(path)}: {plain(sentence(error), 200)}") from error
    for number, row in rows:
        where = f"{plain(path)}, line {number}"
        if len(row) < 2:
            raise InputError(f"{where}: '{plain(','.join(row), 60)}' is not a file or row and a label.")
        name, label = row[0].strip(), row[1].strip()
        if not label.isdecimal():
            if number == rows[0][0] and name not in places:
                continue  # a heading
            raise InputError(f"{where}: '{plain(label, 40)}' is no class number.")
        if int(label) >= classes:
            raise InputError(f"{where}: there is no class {plain(label, 20)}; the model knows 0 to {classes - 1}.")
        if name not in places:
            raise InputError(f"{where}: there is no sample '{plain(name, 80)}' in the data.")
        found[places[name]] = int(label)
    return found
