"""Arrays in a GPU's memory without an array library: by the driver alone, which here is the project's test bed or a real one."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np


@cache
def driver() -> ctypes.CDLL:
    """The driver, its first GPU's primary context current in this thread."""
    library = ctypes.CDLL("libcuda.so.1")
    context = ctypes.c_void_p()
    check(library.cuInit(0))
    check(library.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
    check(library.cuCtxSetCurrent(context))
    return library


def make_current() -> None:
    """The same context in another thread."""
    context = ctypes.c_void_p()
    check(driver().cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))
    check(driver().cuCtxSetCurrent(context))


def check(result: int) -> None:
    """Raise what the driver refused."""
    if result:
        raise RuntimeError(f"the driver answers {result}")


def stream() -> int:
    """A stream of its own."""
    handle = ctypes.c_void_p()
    check(driver().cuStreamCreate(ctypes.byref(handle), 1))
    return handle.value or 0


class Memory:
    """Bytes on the device, freed with this."""

    def __init__(self, n_bytes: int) -> None:
        address = ctypes.c_uint64()
        check(driver().cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(n_bytes)))
        self.address, self.n_bytes = address.value, n_bytes

    def write(self, array: np.ndarray) -> None:
        source = array.ctypes.data_as(ctypes.c_void_p)
        check(driver().cuMemcpyHtoD_v2(ctypes.c_uint64(self.address), source, ctypes.c_size_t(array.nbytes)))

    def read(self, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
        array = np.empty(shape, dtype)
        target = array.ctypes.data_as(ctypes.c_void_p)
        check(driver().cuMemcpyDtoH_v2(target, ctypes.c_uint64(self.address), ctypes.c_size_t(array.nbytes)))
        return array

    def __del__(self) -> None:
        driver().cuMemFree_v2(ctypes.c_uint64(self.address))


class DeviceArray:
    """A copy of a NumPy array on the device, lent by ``__cuda_array_interface__``; `strides` in bytes."""

    def __init__(self, array: np.ndarray, *, on: int | None = 1, strides: tuple[int, ...] | None = None) -> None:
        array = np.ascontiguousarray(array)
        self.memory = Memory(max(array.nbytes, 1))
        self.memory.write(array)
        self.shape, self.dtype, self.stream, self.strides = array.shape, array.dtype, on, strides

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.memory.address, False),
            "strides": self.strides,
            "version": 3,
            "stream": self.stream,
        }


class _Tensor(ctypes.Structure):
    """`DLManagedTensorVersioned`, the `DLTensor` written out at its end."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("data", ctypes.c_uint64),
        ("device_type", ctypes.c_int),
        ("device_id", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class DLPackArray:
    """A copy of a NumPy array on the device, lent by ``__dlpack__`` alone. `dtype` is DLPack's (code, bits); `skipped` leading values are
    left out by a byte offset; `strides` are in values."""

    def __init__(
        self,
        array: np.ndarray,
        dtype: tuple[int, int],
        *,
        skipped: int = 0,
        device_type: int = 2,
        strides: tuple[int, ...] | None = None,
    ) -> None:
        array = np.ascontiguousarray(array)
        offset = skipped * array.itemsize
        padded = np.concatenate([np.full(offset, 0xFF, np.uint8), array.reshape(-1).view(np.uint8)])
        self.memory = Memory(padded.nbytes)
        self.memory.write(padded)
        #: What each call of ``__dlpack__`` was asked.
        self.asked: list[dict[str, Any]] = []
        self._rows, sides = len(array), ctypes.c_int64 * array.ndim
        strides_in_values = sides(*strides) if strides else None
        self._tensor = _Tensor(
            1,
            0,
            None,
            None,
            0,
            self.memory.address,
            device_type,
            0,
            array.ndim,
            *dtype,
            1,
            sides(*array.shape),
            strides_in_values,
            offset,
        )

    def __len__(self) -> int:
        return self._rows

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._tensor.device_type, 0

    def __dlpack__(self, **asked: Any) -> Any:
        self.asked.append(asked)
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return make(ctypes.addressof(self._tensor), b"dltensor_versioned", None)
