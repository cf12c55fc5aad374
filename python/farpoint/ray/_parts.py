"""Parts of a pool, one a shard: what a node needs to know to open its own rows, again too if its process is started again."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from farpoint import _native, _terms

#: A file as it was when it was opened: its length and the time it was last changed, in nanoseconds.
Stamp = tuple[int, int]


class Meant(NamedTuple):
    """What is meant in files, as `farpoint.open` takes it."""

    name: str | None = None
    columns: str | None = None
    dtype: str | None = None
    format: str | None = None


@dataclass(frozen=True)
class Files:
    """Rows of files, which the shard opens by their names."""

    files: tuple[str, ...]
    #: Rows of these files, counted from the first file's first.
    start: int
    end: int
    name: str | None
    memory: str | None
    scratch: str | None
    id_column: str | None
    #: The row at which each file begins, counted alike.
    first_rows: tuple[int, ...]
    meant: Meant = Meant()

    @property
    def label(self) -> str:
        first, last = os.path.basename(self.files[0]), os.path.basename(self.files[-1])
        return first if len(self.files) == 1 else f"{first} ... {last}"

    def open(self) -> Any:
        """The pool: in memory where it fits, else read when it is needed."""
        return self._part(list(self.files), self.start, self.end)

    def _part(self, files: list[str], start: int, end: int) -> Any:
        return _native.open_part(files, start, end, self.name, self.memory, self.scratch, *self.meant[1:])

    def ids(self) -> Any:
        """The rows' ids, by their column of the Parquet files; None where none is asked for."""
        if self.id_column is None:
            return None
        import pyarrow.parquet

        columns = [pyarrow.parquet.read_table(file, columns=[self.id_column]).column(0) for file in self.files]
        return _joined_column(columns)[self.start : self.end]

    def stamps(self) -> dict[str, Stamp]:
        """The files as they are now. Objects in a store have none: their rows are looked at."""
        return {file: _stamp(file) for file in self.files if not _is_object(file)}

    def sources(self) -> list[list[Any]]:
        meant = [word for word in self.meant[1:] if word is not None]
        return [["file", file, self.name, *meant] for file in self.files]

    @property
    def samples(self) -> int:
        """Stamps tell files apart. Each row of an object takes requests of its own."""
        return 3 if any(map(_is_object, self.files)) else 0

    def prints(self, rows: Sequence[int]) -> list[str]:
        return [self._print(self.start + row) for row in rows]

    def _print(self, row: int) -> str:
        at = bisect_right(self.first_rows, row) - 1
        if not _is_object(self.files[at]):
            return ""
        start = row - self.first_rows[at]
        return _print_of(self._part([self.files[at]], start, start + 1))


@dataclass(frozen=True)
class Lance:
    """Rows of a version of a Lance dataset, in the order of a scan."""

    uri: str
    version: int
    storage: dict[str, str] | None
    column: str
    start: int
    end: int
    id_column: str | None

    samples: ClassVar[int] = 64

    @property
    def label(self) -> str:
        return os.path.basename(self.uri.rstrip("/"))

    def open(self) -> Any:
        """The column's rows as an array in memory."""
        batches = self._dataset().scanner([self.column], **self._rows()).to_batches()
        return _filled((vectors(batch.column(0), self.column) for batch in batches), self.end - self.start)

    def ids(self) -> Any:
        """The rows' ids; None where none are asked for."""
        if self.id_column is None:
            return None
        return self._dataset().scanner([self.id_column], **self._rows()).to_table().column(0)

    def stamps(self) -> dict[str, Stamp]:
        """A version does not change."""
        return {}

    def sources(self) -> list[list[Any]]:
        return [["lance", self.uri, self.version, self.column]]

    def prints(self, rows: Sequence[int]) -> list[str]:
        taken = self._dataset().take([self.start + row for row in rows], columns=[self.column])
        return [_print(row) for row in vectors(taken.column(0), self.column)]

    def _rows(self) -> dict[str, Any]:
        return {"offset": self.start, "limit": self.end - self.start, "scan_in_order": True}

    def _dataset(self) -> Any:
        import lance

        return lance.dataset(self.uri, version=self.version, storage_options=self.storage)


@dataclass(frozen=True)
class Blocks:
    """Rows of objects in Ray's object store: arrays, or blocks of a Ray Dataset."""

    #: In a list, so that Ray does not fetch what it is given as an argument.
    refs: list[Any]
    column: str | None
    id_column: str | None
    #: Of the first block among all.
    first: int

    samples: ClassVar[int] = 64

    @property
    def label(self) -> str:
        last = self.first + len(self.refs) - 1
        return f"block {self.first}" if last == self.first else f"blocks {self.first} to {last}"

    def open(self) -> Any:
        """The blocks' rows as one array: where there is one alone, as it lies in the object store."""
        arrays = self._arrays()
        if not arrays:
            raise ValueError("these blocks have no rows")
        for other in arrays[1:]:
            if (other.shape[1:], other.dtype) != (arrays[0].shape[1:], arrays[0].dtype):
                has = f"rows of {arrays[0].shape[1:]} {arrays[0].dtype} values and of {other.shape[1:]} {other.dtype}"
                raise ValueError(f"the blocks of a pool must agree: these hold {has}")
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def ids(self) -> Any:
        """The rows' ids; None where none are asked for."""
        if self.id_column is None:
            return None
        return _joined_column([block.column(self.id_column) for block in self._blocks()])

    def stamps(self) -> dict[str, Stamp]:
        """Objects have no files."""
        return {}

    def sources(self) -> list[list[Any]]:
        return [["objects", self.column]]

    def prints(self, rows: Sequence[int]) -> list[str]:
        arrays = self._arrays()
        first_rows = np.cumsum([0, *map(len, arrays)]).tolist()
        found = [(bisect_right(first_rows, row) - 1, row) for row in rows]
        return [_print(arrays[at][row - first_rows[at]]) for at, row in found]

    def _arrays(self) -> list[Any]:
        return [array for array in map(self._array, self._blocks()) if len(array)]

    def _blocks(self) -> list[Any]:
        import ray

        return ray.get(self.refs)

    def _array(self, block: Any) -> Any:
        if self.column is not None:
            return vectors(block.column(self.column), self.column)
        if not hasattr(block, "shape") or not hasattr(block, "dtype"):
            raise TypeError(f"these references are to a {type(block).__name__}: a pool is of references to arrays (n, d)")
        return block


#: Each says by `sources` what it is read from, without its rows. `prints` has a digest of each of some rows, counted from its first one;
#: the part is known by `samples` of them, as far as stamps do not tell.
Part = Files | Lance | Blocks


def spread(rows: int, samples: int) -> list[int]:
    """At most so many rows of so many, spread evenly, the first and the last among them."""
    if samples < 2 or rows <= samples:
        return list(range(min(rows, samples)))
    return [at * (rows - 1) // (samples - 1) for at in range(samples)]


def _print(row: Any) -> str:
    return hashlib.blake2b(np.ascontiguousarray(row).tobytes(), digest_size=8).hexdigest()


def _print_of(pool: Any) -> str:
    """Of a pool of one row: its distance from a vector of whole numbers, to the bit: the extension shows no values of a pool that is open."""
    probe = (np.arange(pool.shape[1]) * 7919 % 509).astype(np.float32)[None]
    asked = _terms.terms(1, device="cpu", threads=1)
    return float(_native.select(pool, 1, asked, probe)["initial_radius"]).hex()


def _is_object(file: str) -> bool:
    return "://" in file


def vectors(column: Any, name: str) -> np.ndarray:
    """An Arrow column of lists of equal length, or of Ray's tensors, as ``(n, d)``; borrowed where it lies so."""
    import pyarrow

    chunks = column.chunks if isinstance(column, pyarrow.ChunkedArray) else [column]
    arrays = [_vectors(chunk, name) for chunk in chunks if len(chunk)]
    if not arrays:
        return np.empty((0, 0), np.float32)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _vectors(array: Any, name: str) -> np.ndarray:
    import pyarrow

    if array.null_count:
        raise ValueError(f"the column {name!r} has {array.null_count} rows without a vector: leave them out")
    if isinstance(array, pyarrow.ExtensionArray) and hasattr(array, "to_numpy") and not hasattr(array.type, "list_size"):
        return np.ascontiguousarray(array.to_numpy(zero_copy_only=False))
    kind = array.type
    if pyarrow.types.is_fixed_size_list(kind):
        return array.flatten().to_numpy(zero_copy_only=False).reshape(len(array), kind.list_size)
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        lengths = np.diff(array.offsets.to_numpy())
        if len(set(lengths.tolist())) > 1:
            raise ValueError(f"the column {name!r} has vectors of {lengths.min()} and of {lengths.max()} values")
        return array.flatten().to_numpy(zero_copy_only=False).reshape(len(array), -1)
    raise TypeError(f"the column {name!r} holds {kind}, not vectors")


def _joined_column(columns: Sequence[Any]) -> Any:
    import pyarrow

    chunks = [chunk for column in columns for chunk in getattr(column, "chunks", [column])]
    return pyarrow.chunked_array(chunks)


def _filled(arrays: Any, rows: int) -> np.ndarray:
    """The arrays one after another in one, without a second copy of all."""
    filled, at = np.empty((0, 0)), 0
    for array in arrays:
        if at == 0:
            filled = np.empty((rows, *array.shape[1:]), array.dtype)
        filled[at : at + len(array)] = array
        at += len(array)
    if at != rows:
        raise ValueError(f"{at} rows were read where {rows} were told of")
    return filled


def _stamp(file: str) -> Stamp:
    found = os.stat(file)
    return found.st_size, found.st_mtime_ns
