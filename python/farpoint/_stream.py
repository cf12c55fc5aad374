"""Pools that come batch by batch: selected from whole at the end, or by as many rows as may be kept."""

from __future__ import annotations

import os
import struct
import tempfile
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from farpoint import _native, _select, _terms
from farpoint._floats import POOLS, type_name
from farpoint._frameworks import is_torch, on_host_tensor, readable
from farpoint._selection import Selection

#: Bytes of an .npy file's header.
HEADER = 128
#: Bytes of rows that are read where the system keeps the file in memory. Of more, the selection decides what it holds.
MAPPED = 1 << 30
#: NumPy's names of the types of pools; it has none for bfloat16.
NAMES = {"float64": "<f8", "float32": "<f4", "float16": "<f2", "bfloat16": "<V2", "uint8": "|u1", "int8": "|i1"}


class Stream:
    """A pool that comes batch by batch, and what `select` picks from all of it: the same rows and radii as from one array.

        with farpoint.Stream() as stream:
            for images in loader:
                stream.add(model(images))
            picks = stream.select(1_000)

    Rows are written to a file without a name as they come, and are gone with the stream, or its process. While batches come it takes memory for
    one batch. A selection then takes what it takes of a pool on disk: d + 40 bytes a row and a fixed workspace; with more memory left, rows
    are held. Rows are numbered in the order they come.

    Parameters
    ----------
    scratch : path, optional
        Folder of the file, on a disk with room for all rows; the system's folder for temporary files where it is not given.
    memory : int or text, optional
        What the process may hold during a selection, in bytes or as ``"4GB"``.
    """

    def __init__(self, *, scratch: str | os.PathLike[str] | None = None, memory: int | str | None = None) -> None:
        self._memory = None if memory is None else str(memory)
        self._file: BinaryIO = tempfile.TemporaryFile(dir=scratch, prefix="farpoint-")
        self._file.write(bytes(HEADER))
        self._rows, self._d, self._dtype = 0, 0, ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows so far, and values a row, 0 before the first batch."""
        return self._rows, self._d

    def __len__(self) -> int:
        return self._rows

    def add(self, batch: Any) -> range:
        """Take in the rows of `batch`, ``(n, d)``: an array or a tensor, on the host or a GPU. The numbers that they have from now on.

        Raises ValueError for rows of another length and values that are not finite, TypeError for another type than before or one that pools
        have not, OSError where the file cannot be written, such as on a full disk: the rows before stay.
        """
        values, dtype = _values(batch)
        _check_alike(values.shape[1], dtype, self._d, self._dtype)
        _check_finite(values, dtype, self._rows)
        self._d, self._dtype = values.shape[1], dtype
        start = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(_raw(values, dtype).reshape(-1).view(np.uint8).data)
            self._file.flush()
        except OSError:
            self._file.truncate(start)
            raise
        self._rows += len(values)
        return range(self._rows - len(values), self._rows)

    def select(self, budget: Any = None, **options: Any) -> Selection:
        """`farpoint.select` from all rows so far, with its options. More rows may follow, and another selection.

        Raises what it raises; ValueError where no row came yet.
        """
        if not self._rows:
            raise ValueError("no row came yet: add some")
        return _select.select(self._pool(), budget, **options)

    def _pool(self) -> Any:
        """The rows so far."""
        is_brain = self._dtype == "bfloat16"
        if self._memory is None and not is_brain and self._file.seek(0, os.SEEK_END) <= MAPPED:
            return np.memmap(self._file, NAMES[self._dtype], "r", HEADER, self.shape)
        self._file.seek(0)
        self._file.write(_header(self._dtype, self.shape))
        self._file.flush()
        path = f"/proc/self/fd/{self._file.fileno()}"
        return _native.open(path, None, self._memory, None, None, "bf16" if is_brain else None, "npy", None)

    def close(self) -> None:
        """Let the rows go."""
        self._file.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class BoundedSelection(NamedTuple):
    """Picks of a stream of which few rows were kept."""

    #: The rows, by their numbers in the stream, farthest first.
    centers: np.ndarray
    #: No row of the stream is farther from a center than this. Proven: the radius of the kept rows, and `excess`.
    radius: float
    #: How far a row that was not kept may be from one that was.
    excess: float
    #: Rows kept.
    kept: int


class BoundedStream:
    """A pool that comes batch by batch and is too large to keep: of all rows at most `keep` are, spread so that none is far from one.

        stream = farpoint.BoundedStream(keep=20_000)
        for images in loader:
            stream.add(model(images))
        picks = stream.select(1_000)
        picks.radius  # proven: no row that ever came is farther from a pick

    Kept rows are farther than a threshold from one another; what comes nearer to one is left out. With more rows than may be kept the threshold
    is doubled, and those that are nearer to each other go. So the radius of `budget` picks, of at most half of `keep`, is at most ten times
    the least possible one, and what it is at most is known. Time O(n keep d) at worst.

    Source: Charikar, Chekuri, Feder & Motwani, "Incremental Clustering and Dynamic Information Retrieval", STOC 1997, of which this is the doubling
    algorithm with more rows kept than are picked.

    Parameters
    ----------
    keep : int
        Rows that may be kept, at least 2; twice the budget or more.
    metric : {'euclidean', 'cosine'}
        As of `farpoint.select`.
    threads : int
        CPU threads; 0 is one a core.
    """

    def __init__(self, keep: int, *, metric: str = "euclidean", threads: int = 0) -> None:
        self._keep = _terms.count("keep", keep)
        if self._keep < 2:
            raise ValueError(f"keep {keep} leaves nothing to choose from: keep twice the budget or more")
        self._options: dict[str, Any] = {"metric": _terms.name("metric", metric), "threads": threads, "device": "cpu"}
        self._seen, self._dtype = 0, ""
        self._rows, self._numbers = np.empty((0, 0)), np.empty(0, np.int64)
        #: How far apart kept rows are; unknown while all are kept.
        self._threshold: float | None = None
        self._excess = 0.0

    def __len__(self) -> int:
        """Rows that came so far."""
        return self._seen

    @property
    def excess(self) -> float:
        """No row that came is farther than this from one that is kept."""
        return self._excess

    @property
    def kept(self) -> np.ndarray:
        """The numbers of the rows that are kept, in the order they came."""
        return np.sort(self._numbers)

    def add(self, batch: Any) -> range:
        """Take in the rows of `batch`, ``(n, d)``: an array or a tensor, on the host or a GPU. The numbers that they have.

        Raises as `Stream.add`.
        """
        values, dtype = _values(batch)
        _check_alike(values.shape[1], dtype, self._rows.shape[1] if self._dtype else 0, self._dtype)
        _check_finite(values, dtype, self._seen)
        first, values = self._seen, values.astype(np.float32) if dtype == "bfloat16" else values
        if not self._dtype:
            self._rows, self._dtype = np.empty((0, values.shape[1]), values.dtype), dtype
        for start in range(0, len(values), self._keep):
            part = values[start : start + self._keep]
            self._take(part, first + start + np.arange(len(part)))
        self._seen += len(values)
        return range(first, self._seen)

    def select(self, budget: Any, **options: Any) -> BoundedSelection:
        """Select `budget` of the kept rows, with the options ``first``, ``seed`` and ``progress`` of `farpoint.select`.

        Raises ValueError for a budget beyond half of `keep`, of which the bound says nothing, or beyond the rows kept.
        """
        number = _terms.rows_to_choose(budget, len(self._rows))
        if number > self._keep // 2:
            raise ValueError(f"budget {number} is more than half of keep {self._keep}: keep at least {2 * number} rows")
        found = _select.select(self._rows, number, **self._options, **options)
        return BoundedSelection(self._numbers[found.centers], found.radius + self._excess, self._excess, len(self._rows))

    def _take(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        known = len(self._rows)
        self._rows, self._numbers = np.concatenate([self._rows, rows]), np.concatenate([self._numbers, numbers])
        if self._threshold is not None:
            # What is near a kept row is left out.
            self._excess = max(self._excess, self._reduce(self._threshold, known))
        elif len(self._rows) > self._keep:
            found = _select.select(self._rows, self._keep // 2, stop_radius=0.0, **self._options)
            self._threshold = self._excess = found.radius
            self._retain(found.centers)
        while len(self._rows) > self._keep:
            self._threshold = 2 * self._threshold if self._threshold else self._least()
            self._excess += self._reduce(self._threshold, 0)

    def _reduce(self, threshold: float, known: int) -> float:
        """Keep rows that are farther than `threshold` from one another, of which the first `known` are; how far the others are from one."""
        if known == len(self._rows):
            return 0.0
        found = _select.select(self._rows, labeled=range(known), stop_radius=threshold, **self._options)
        self._retain(np.concatenate([np.arange(known), found.centers]))
        return found.radius

    def _least(self) -> float:
        """A first threshold where all rows so far were alike."""
        return _select.select(self._rows, self._keep // 2, **self._options).radius

    def _retain(self, at: np.ndarray) -> None:
        self._rows, self._numbers = self._rows[at], self._numbers[at]


def _values(batch: Any) -> tuple[np.ndarray, str]:
    """The values of a batch on the host, row-major, and the name of their type; bfloat16 of PyTorch, which NumPy has not, as float32."""
    batch = readable(batch)
    if not hasattr(batch, "shape") or not hasattr(batch, "dtype"):
        raise TypeError(f"a batch is an array of shape (n, d), not a {type(batch).__name__}")
    dtype = type_name(batch)
    if dtype not in POOLS:
        raise TypeError(f"the batch has {dtype} values; a pool has {', '.join(POOLS)}: cast them")
    if len(batch.shape) != 2 or not batch.shape[1]:
        raise ValueError(f"the batch has shape {tuple(batch.shape)}; it is (n, d): n rows of d values")
    if is_torch(batch):
        tensor = on_host_tensor(batch)
        return np.ascontiguousarray((tensor.float() if dtype == "bfloat16" else tensor).numpy()), dtype
    return np.ascontiguousarray(_terms.host(batch)), dtype


def _check_alike(d: int, dtype: str, before: int, dtype_before: str) -> None:
    if dtype_before and d != before:
        raise ValueError(f"the batch has rows of {d} values, and those before have {before}")
    if dtype_before and dtype != dtype_before:
        raise TypeError(f"the batch has {dtype} values, and those before have {dtype_before}")


def _check_finite(values: np.ndarray, dtype: str, first: int) -> None:
    """Refuse values that are not finite, by the number that their row would have."""
    if dtype in ("uint8", "int8"):
        return
    if not np.isfinite(values).all():
        row, dimension = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"row {first + row}, {row} of the batch, holds {values[row, dimension]} at dimension {dimension}; every value must be finite"
        )


def _raw(values: np.ndarray, dtype: str) -> np.ndarray:
    """The bytes to write: of bfloat16 the upper half of float32's."""
    if dtype == "bfloat16" and values.dtype == np.float32:
        return np.ascontiguousarray((values.view(np.uint32) >> 16).astype(np.uint16))
    return values


def _header(dtype: str, shape: tuple[int, int]) -> bytes:
    """An .npy file's of version 1.0. Source: NumPy's documentation of `numpy.lib.format`."""
    text = f"{{'descr': '{NAMES[dtype]}', 'fortran_order': False, 'shape': {shape}, }}"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", HEADER - 10)
    return start + text.encode().ljust(HEADER - 11) + b"\n"
