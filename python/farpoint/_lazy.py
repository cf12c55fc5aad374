"""Arrays whose values lie in files, or are still to be computed, until they are asked for: those of h5py, zarr, xarray and dask.

Each is read once, by whole chunks, into the memory that is the pool's from then on: beside it there is one block at a time. Ctrl-C ends that
between two blocks.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from farpoint._reading import Reading

#: Bytes of a block, about. A larger chunk is a block of its own.
BLOCK = 32 << 20

#: Rows and columns of a block.
Region = tuple[slice, slice]


class Lazy(NamedTuple):
    """An array that is not in memory."""

    shape: tuple[int, ...]
    #: As values will be in memory: in the machine's byte order.
    dtype: np.dtype
    #: Reads all values into an array of that shape and type.
    fill: Callable[[np.ndarray, Reading], None]

    def read(self, what: str) -> np.ndarray:
        """The values. Of an array that is not ``(n, d)`` none is read: its shape is all that will be looked at."""
        if len(self.shape) != 2 or 0 in self.shape:
            return np.broadcast_to(np.zeros((), self.dtype), self.shape)
        values = np.empty(self.shape, self.dtype)
        # Signals come to the caller's thread, which waits: in the midst of a read h5py's own callbacks would swallow Ctrl-C.
        with Reading(what, self.shape[0]) as reading, ThreadPoolExecutor(1) as reader:
            done = reader.submit(self.fill, values, reading)
            try:
                done.result()
            except BaseException:
                reading.stop()
                raise
        return values


def lazy(array: Any) -> Lazy | None:
    """How `array` is read, if its values are not in memory."""
    if _is_a(array, "xarray", "DataArray"):
        if array.chunks is not None:
            return lazy(array.data)
        return None if array.variable._in_memory else _by_regions(array, _preferred(array), _copy_of_values)
    if _is_a(array, "dask.array", "Array"):
        return _of_dask(array)
    if _is_of_h5py(array):
        return _by_regions(array, getattr(array, "chunks", None), _read_direct if hasattr(array, "read_direct") else _copy)
    if _is_a(array, "zarr", "Array"):
        return _by_regions(array, getattr(array, "shards", None) or array.chunks, _of_zarr())
    return None


def _is_a(array: Any, module: str, name: str) -> bool:
    """Whether it is of that type, without importing its library."""
    library = sys.modules.get(module)
    return library is not None and isinstance(array, getattr(library, name))


def _is_of_h5py(array: Any) -> bool:
    """A data set, or one seen as another type; not one without values."""
    is_dataset = _is_a(array, "h5py", "Dataset") or (type(array).__module__.startswith("h5py.") and hasattr(array, "dtype"))
    return is_dataset and getattr(array, "shape", None) is not None


def _by_regions(array: Any, chunks: tuple[int, ...] | None, read: Callable[[Any, np.ndarray, Region], None]) -> Lazy | None:
    if array.dtype.kind == "O":
        return None

    def fill(values: np.ndarray, reading: Reading) -> None:
        done = 0
        for region in regions(values.shape, chunks, values.itemsize):
            read(array, values, region)
            done += values[region].size
            reading.has(done // values.shape[1])

    return Lazy(array.shape, array.dtype.newbyteorder("="), fill)


def regions(shape: tuple[int, ...], chunks: tuple[int, ...] | None, itemsize: int) -> Iterator[Region]:
    """An array ``(n, d)`` in blocks of whole chunks, so that no chunk is read twice: all columns of them, where such a block is not too large."""
    n, d = shape
    rows, columns = chunks or (1, d)
    per_block = max(1, BLOCK // (rows * columns * itemsize))
    across = min(per_block, -(-d // columns))
    height, width = rows * max(1, per_block // across), columns * across
    for row in range(0, n, height):
        for column in range(0, d, width):
            yield slice(row, min(n, row + height)), slice(column, min(d, column + width))


def _read_direct(dataset: Any, values: np.ndarray, region: Region) -> None:
    dataset.read_direct(values, region, region)


def _copy(array: Any, values: np.ndarray, region: Region) -> None:
    values[region] = array[region]


def _of_zarr() -> Callable[[Any, np.ndarray, Region], None]:
    """Since zarr 3 chunks may be decoded to where they are wanted; a copy costs a third of the rate."""
    cpu = getattr(getattr(sys.modules["zarr"], "buffer", None), "cpu", None)
    if cpu is None:
        return _copy

    def read(array: Any, values: np.ndarray, region: Region) -> None:
        out = cpu.NDBuffer.from_numpy_array(values[region])
        array.get_basic_selection(region, out=out, prototype=cpu.buffer_prototype)

    return read


def _copy_of_values(array: Any, values: np.ndarray, region: Region) -> None:
    """A part of xarray's array, which is not kept as the whole one would be."""
    values[region] = array[region].values


def _preferred(array: Any) -> tuple[int, ...] | None:
    """The chunks in the file behind xarray's array."""
    chunks = array.encoding.get("preferred_chunks") or {}
    return tuple(chunks.get(name, size) for name, size in array.sizes.items()) if chunks else None


def _of_dask(array: Any) -> Lazy | None:
    """The graph is run once, whatever its chunks share: each chunk that is ready goes to its place."""
    is_known = all(isinstance(size, int) or float(size).is_integer() for sizes in array.chunks for size in sizes)
    if not is_known or type(array._meta) is not np.ndarray or array.dtype.kind == "O":
        return None

    def fill(values: np.ndarray, reading: Reading) -> None:
        target = _Target(values, reading)
        if _runs_here(array):
            import dask.array

            dask.array.store(array, target, lock=False)
            return
        computed = array.persist()
        for region in regions(values.shape, (array.chunks[0][0], array.chunks[1][0]), values.itemsize):
            target[region] = computed[region].compute()

    return Lazy(array.shape, array.dtype.newbyteorder("="), fill)


def _runs_here(array: Any) -> bool:
    """Whether dask will compute in this process, where the memory is."""
    import dask

    scheduler = dask.base.get_scheduler(collections=[array])
    return scheduler in (None, dask.threaded.get, dask.local.get_sync)


class _Target:
    """Where dask's threads put their chunks."""

    def __init__(self, values: np.ndarray, reading: Reading) -> None:
        self._values, self._reading = values, reading
        self._lock, self._done = threading.Lock(), 0

    def __setitem__(self, region: Region, chunk: Any) -> None:
        self._values[region] = chunk
        with self._lock:
            self._done += chunk.size
            self._reading.has(self._done // self._values.shape[1])
