"""A model, and the files and ports that it has."""

from __future__ import annotations

from typing import Literal

from ovtui.records.base import Record, Shape, StaticShape

Format = Literal["ir", "onnx", "tf_saved_model", "tf_frozen", "tf_meta", "tflite", "paddle"]


class File(Record, frozen=True):
    """One file of a model."""

    path: str
    bytes: int
    sha256: str


class Port(Record, frozen=True):
    """An input or output of a model as it was read, before anything fixed its shape."""

    name: str
    type: str  # OpenVINO's name: f32, i64, u8, boolean, string, …
    shape: Shape
    layout: str | None = None  # "NCHW", from the file, or None
    index_limit: int | None = None  # for an integer input that indexes a table: the table's length
    stated: StaticShape | None = None  # said when it was imported: what is measured, if nobody says more
    symbols: tuple[str | None, ...] = ()  # what the file calls its open dimensions; empty where it names none
    fitting: StaticShape | None = None  # found at the import by trying, where the usual sizes are refused
    orders_state: bool = False  # it says, for each sample, whose state goes on: `beam_idx` of a language model


class Model(Record, frozen=True):
    """An imported file and what was read from it."""

    id: str
    name: str
    path: str
    format: Format
    sha256: str  # of the file; of the sorted list of "digest  name" lines where a model has several files
    bytes: int
    files: tuple[File, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operations: int  # without constants, parameters and results
    operation_types: dict[str, int]
    parameters: int  # elements of all constant weights
    weight_precisions: dict[str, int]  # type → elements
    flops: int | None  # one inference at `flops_shapes`; a multiply-add counts as two
    flops_shapes: dict[str, StaticShape]
    notes: tuple[str, ...]  # what was guessed or could not be read, in sentences
    created: float  # seconds since 1970
    family: str  # id of the first model of the family
    parent: str | None = None
    converted: tuple[File, ...] = ()  # an IR made at the import of what can only be read with shapes, the .xml first
    states: int | None = None  # variables that it keeps between inferences; None: imported before that was read
    extensions: tuple[File, ...] = ()  # libraries with operations of its own, loaded wherever the model is read

    @property
    def readable(self) -> str:
        """The path of what OpenVINO reads."""
        return self.converted[0].path if self.converted else self.path

    @property
    def stateful(self) -> bool:
        """Whether an inference depends on those before it."""
        return bool(self.operation_types.get("ReadValue") if self.states is None else self.states)
