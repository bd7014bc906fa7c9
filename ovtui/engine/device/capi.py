"""OpenVINO's C API through ctypes: a blocking call releases the GIL and costs what it costs in C++.

The library is in every openvino wheel; prototypes from its openvino/c/*.h. Nothing of the Python package is
imported, which saves half a second, 50 MB, and everything that package does at import.

The C API has no call for a model's state. What its `ov_infer_request_t` holds is a `std::shared_ptr<ov::InferRequest>`,
whose first word is the pointer that the exported `ov::InferRequest::reset_state()` takes.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ovtui.engine.device.reason import reason
from ovtui.errors import OvtuiError


class DeviceError(OvtuiError):
    """OpenVINO said no; the message is its own reason."""


class _Property(ctypes.Structure):
    _fields_ = (("key", c_char_p), ("value", c_char_p))


class _Shape(ctypes.Structure):
    _fields_ = (("rank", c_int64), ("dims", POINTER(c_int64)))


class _Dimension(ctypes.Structure):
    _fields_ = (("min", c_int64), ("max", c_int64))


class _PartialShape(ctypes.Structure):
    _fields_ = (("rank", _Dimension), ("dims", POINTER(_Dimension)))


class _Version(ctypes.Structure):
    _fields_ = (("build", c_char_p), ("description", c_char_p))


class _Devices(ctypes.Structure):
    _fields_ = (("names", POINTER(c_char_p)), ("size", c_size_t))


_PROTOTYPES = {
    "ov_get_openvino_version": (POINTER(_Version),),
    "ov_core_create": (POINTER(c_void_p),),
    "ov_core_add_extension": (c_void_p, c_char_p),
    "ov_core_read_model": (c_void_p, c_char_p, c_char_p, POINTER(c_void_p)),
    "ov_core_compile_model_props": (
        c_void_p, c_void_p, c_char_p, c_size_t, POINTER(_Property), POINTER(c_void_p),
    ),
    "ov_core_get_property": (c_void_p, c_char_p, c_char_p, POINTER(c_void_p)),
    "ov_core_get_available_devices": (c_void_p, POINTER(_Devices)),
    "ov_model_reshape_by_port_indexes": (c_void_p, POINTER(c_size_t), POINTER(_PartialShape), c_size_t),
    "ov_partial_shape_create": (c_int64, POINTER(_Dimension), POINTER(_PartialShape)),
    "ov_compiled_model_get_property": (c_void_p, c_char_p, POINTER(c_void_p)),
    "ov_compiled_model_create_infer_request": (c_void_p, POINTER(c_void_p)),
    "ov_infer_request_get_input_tensor_by_index": (c_void_p, c_size_t, POINTER(c_void_p)),
    "ov_infer_request_get_output_tensor_by_index": (c_void_p, c_size_t, POINTER(c_void_p)),
    "ov_infer_request_infer": (c_void_p,),
    "ov_infer_request_start_async": (c_void_p,),
    "ov_infer_request_wait": (c_void_p,),
    "ov_tensor_get_shape": (c_void_p, POINTER(_Shape)),
    "ov_tensor_set_shape": (c_void_p, _Shape),
    "ov_tensor_get_byte_size": (c_void_p, POINTER(c_size_t)),
    "ov_tensor_data": (c_void_p, POINTER(c_void_p)),
    "ov_tensor_set_string_data": (c_void_p, POINTER(c_char_p), c_size_t),
}  # fmt: skip


def _load() -> ctypes.CDLL:
    spec = importlib.util.find_spec("openvino")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder, "libs").glob("libopenvino_c.*")):
            library = ctypes.CDLL(str(path))
            for name, arguments in _PROTOTYPES.items():
                function = getattr(library, name)
                function.argtypes = arguments
                function.restype = c_int
            library.ov_get_last_err_msg.restype = c_char_p
            library.ov_free.argtypes = (c_void_p,)
            library.ov_free.restype = None
            return library
    raise DeviceError("OpenVINO is not installed here: pip install openvino")


_INVALID_PARAMETER = -14
_library = _load()


@functools.cache
def _load_reset() -> Callable[[c_void_p], None]:
    """`ov::InferRequest::reset_state()` by its name in the Itanium C++ ABI, that of Linux and macOS."""
    for path in sorted(Path(_library._name).parent.glob("libopenvino.*")):
        with contextlib.suppress(AttributeError):
            reset = ctypes.CDLL(str(path))._ZN2ov12InferRequest11reset_stateEv
            reset.argtypes, reset.restype = (c_void_p,), None
            found: Callable[[c_void_p], None] = reset
            return found
    raise DeviceError("This OpenVINO cannot reset a model's state but through Python: use --api python.")


infer = _library.ov_infer_request_infer
start_async = _library.ov_infer_request_start_async
wait = _library.ov_infer_request_wait


def last_error() -> str:
    """OpenVINO's reason for the last call that failed in this thread."""
    return reason((_library.ov_get_last_err_msg() or b"no reason given").decode(errors="replace"))


def _check(status: int) -> None:
    if status:
        raise DeviceError(last_error())


def _take(text: c_void_p) -> str:
    """The string behind a pointer that is ours to free."""
    try:
        return (ctypes.cast(text, c_char_p).value or b"").decode(errors="replace")
    finally:
        _library.ov_free(text)


def version() -> str:
    """The build, as in `2026.4.1-22982-…`."""
    found = _Version()
    _check(_library.ov_get_openvino_version(byref(found)))
    return (found.build or b"").decode(errors="replace")


class Core:
    """The plugins of this machine, and the door to everything else. Lives as long as the process."""

    def __init__(self) -> None:
        self._core = c_void_p()
        _check(_library.ov_core_create(byref(self._core)))

    def devices(self) -> list[str]:
        """What is really there: "CPU", "GPU.0", …"""
        found = _Devices()
        _check(_library.ov_core_get_available_devices(self._core, byref(found)))
        return [(found.names[i] or b"").decode() for i in range(found.size)]

    def property(self, device: str, key: str) -> str:
        text = c_void_p()
        _check(_library.ov_core_get_property(self._core, device.encode(), key.encode(), byref(text)))
        return _take(text)

    def extend(self, path: str) -> None:
        """Load a library with operations of its own. This runs its code."""
        _check(_library.ov_core_add_extension(self._core, path.encode()))

    def read(self, path: str) -> c_void_p:
        model = c_void_p()
        _check(_library.ov_core_read_model(self._core, path.encode(), None, byref(model)))
        return model

    def compile(self, model: c_void_p, device: str, properties: dict[str, str]) -> CompiledModel:
        pairs = (_Property * len(properties))(*(_Property(k.encode(), v.encode()) for k, v in properties.items()))
        compiled = c_void_p()
        _check(
            _library.ov_core_compile_model_props(
                self._core, model, device.encode(), len(properties), pairs, byref(compiled)
            )
        )
        return CompiledModel(compiled)


def reshape(model: c_void_p, shapes: dict[int, tuple[int, ...]]) -> None:
    """Give inputs, by their place, a shape of at least one dimension (the C API makes a scalar a list); -1: open."""
    count = len(shapes)
    partial = (_PartialShape * count)()
    for i, shape in enumerate(shapes.values()):
        assert shape
        dims = (_Dimension * len(shape))(*(_Dimension(size, size) for size in shape))  # open: -1 to -1, not 0 to -1
        _check(_library.ov_partial_shape_create(len(shape), dims, byref(partial[i])))
    _check(_library.ov_model_reshape_by_port_indexes(model, (c_size_t * count)(*shapes), partial, count))


class CompiledModel:
    """A model made ready for a device."""

    def __init__(self, handle: c_void_p) -> None:
        self._handle = handle

    def property(self, key: str) -> str:
        text = c_void_p()
        _check(_library.ov_compiled_model_get_property(self._handle, key.encode(), byref(text)))
        return _take(text)

    def request(self) -> Request:
        request = c_void_p()
        _check(_library.ov_compiled_model_create_infer_request(self._handle, byref(request)))
        return Request(request)


class Request:
    """An infer request; `handle` is what `infer`, `start_async` and `wait` take."""

    def __init__(self, handle: c_void_p) -> None:
        self.handle = handle

    def input_bytes(self, index: int) -> npt.NDArray[np.uint8]:
        """The memory of an input, to be filled once before the loop."""
        return _bytes(self._input(index))

    def resize_input(self, index: int, shape: tuple[int, ...]) -> None:
        """Give the tensor of an input whose sizes are open its sizes."""
        dims = (c_int64 * len(shape))(*shape)
        _check(_library.ov_tensor_set_shape(self._input(index), _Shape(len(shape), dims)))

    def set_strings(self, index: int, values: list[bytes]) -> None:
        """Fill an input of strings."""
        _check(_library.ov_tensor_set_string_data(self._input(index), (c_char_p * len(values))(*values), len(values)))

    def _input(self, index: int) -> c_void_p:
        tensor = c_void_p()
        _check(_library.ov_infer_request_get_input_tensor_by_index(self.handle, index, byref(tensor)))
        return tensor

    def output(self, index: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """A copy of an output in its shape."""
        tensor = c_void_p()
        _check(_library.ov_infer_request_get_output_tensor_by_index(self.handle, index, byref(tensor)))
        shape = _Shape()
        status = _library.ov_tensor_get_shape(tensor, byref(shape))
        if status != _INVALID_PARAMETER:  # which is how it tells a scalar
            _check(status)
        values: npt.NDArray[Any] = _bytes(tensor).view(dtype)
        shaped: npt.NDArray[Any] = values.reshape([shape.dims[i] for i in range(shape.rank)]).copy()
        return shaped

    def infer(self) -> None:
        _check(infer(self.handle))

    def reset(self) -> Callable[[], None]:
        """What resets its state to the initial one, some 0.7 µs a call; never while it infers."""
        return functools.partial(_load_reset(), ctypes.cast(self.handle, POINTER(c_void_p))[0])


def _bytes(tensor: c_void_p) -> npt.NDArray[np.uint8]:
    size, data = c_size_t(), c_void_p()
    _check(_library.ov_tensor_get_byte_size(tensor, byref(size)))
    if not size.value:
        return np.empty(0, dtype=np.uint8)
    _check(_library.ov_tensor_data(tensor, byref(data)))
    return np.ctypeslib.as_array(ctypes.cast(data, POINTER(ctypes.c_uint8)), (size.value,))
