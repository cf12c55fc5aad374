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
