"""The actor that holds one part of the pool."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from typing import Any, NamedTuple

import numpy as np

from farpoint import _native
from farpoint.ray._hashes import hashes, kind_of, plain
from farpoint.ray._parts import Part, Stamp, spread

#: Names of the files that shards write distances to.
WRITTEN = re.compile(r"(distances|assignment)-\d{5}-of-row-\d{12}\.npy")


class About(NamedTuple):
    """Who an actor is, before it has opened anything."""

    version: str
    node: str
    #: Another one each time that its process is started.
    life: str


class Opened(NamedTuple):
    """A part of the pool that is open."""

    rows: int
    dimensions: int
    dtype: str
    stamps: dict[str, Stamp]
    #: Of some of its rows.
    prints: list[str]


class Holder:
    """Holds one part: opens it on its own node, and answers the coordinator.

    Its process may end and be started again; it then has another `life`, in which nothing is open.
    """

    def __init__(self, device: str, threads: int) -> None:
        self._device, self._threads = device, threads
        self._part: Any = None
        self._life = f"process {os.getpid()}, {uuid.uuid4().hex}"
        self._shard: Any = None
        self._opened: Opened | None = None
        #: Of the ids of this part, while the driver compares them.
        self._hashes: np.ndarray | None = None

    def about(self) -> About:
        """Who this is. Opens nothing."""
        import ray

        return About(_native.__version__, ray.util.get_node_ip_address(), self._life)

    def open(self, part: Part, known: Opened | None) -> Opened:
        """Open the part, unless it is open; `known` is what it was when it was opened first."""
        self._part = part
        if known is not None:
            self._check_stamps(known.stamps)
        if self._opened is None:
            stamps = part.stamps()
            self._shard = shard = _native.Shard(part.open(), device=self._device, threads=self._threads)
            prints = part.prints(spread(shard.rows, part.samples))
            self._opened = Opened(shard.rows, shard.dimensions, shard.dtype, stamps, prints)
        if known is not None and self._opened._replace(stamps=known.stamps) != known:
            raise OSError(f"{part.label} was changed after the run began: it has other rows; begin again")
        return self._opened

    def answer(self, life: str, common: bytes, own: bytes) -> bytes | None:
        """The shard's answer; None of a process that was started again and has nothing open yet."""
        if life != self._life or not self.is_unchanged():
            return None
        return self._shard.answer(common, own)

    def is_unchanged(self) -> bool | None:
        """Whether files are what they were when they were opened: True, or OSError; None where a new process has nothing open."""
        if self._opened is None:
            return None
        self._check_stamps(self._opened.stamps)
        return True

    def prints(self, rows: list[int]) -> list[str] | None:
        """Digests of rows of this part; None where a new process has none."""
        return None if self._part is None else self._part.prints(rows)

    def written(self, folder: str) -> list[str]:
        """The files of distances that a folder has, as this node sees it."""
        return sorted(filter(WRITTEN.fullmatch, os.listdir(folder))) if os.path.isdir(folder) else []

    def write(self, folder: str, number: int, first: int) -> list[str] | None:
        """Write each row's distance and nearest center to files of this shard's. Their names; None where a new process has none."""
        if self._shard is None:
            return None
        distances, assignment = self._shard.settled()
        names = []
        for kind, values in (("distances", distances), ("assignment", assignment)):
            path = os.path.join(folder, f"{kind}-{number:05}-of-row-{first:012}.npy")
            _save(path, values)
            names.append(path)
        return names

    def table(self, first: int) -> tuple[Any, int | None]:
        """Each row, its distance, its nearest center and, where there are ids, its id, as an Arrow table; and how many there are, None where
        a new process has none."""
        import pyarrow

        if self._shard is None:
            return None, None
        distances, assignment = self._shard.settled()
        columns: dict[str, Any] = {"row": first + np.arange(len(distances)), "min_distance": distances, "assignment": assignment}
        ids = self._part.ids()
        if ids is not None:
            columns["id"] = ids
        return pyarrow.table(columns), len(distances)

    def ids(self, rows: np.ndarray) -> list[Any] | None:
        """The ids of rows of this part; None where a new process has none."""
        return None if self._part is None else self._part.ids().take(rows).to_pylist()

    def hash_ids(self, first: int) -> str | None:
        """Hash the ids. What kind they are of; None where a new process has none. Raises ValueError for a row without an id."""
        if self._part is None:
            return None
        ids = plain(self._part.ids())
        kind = kind_of(ids.type)
        if ids.null_count:
            row = first + int(np.flatnonzero(ids.is_null().to_numpy())[0])
            raise ValueError(f"row {row} has no id in the column {self._part.id_column!r}: ids must tell rows apart")
        self._hashes = hashes(ids)
        return kind

    def id_hashes(self, bucket: int, buckets: int) -> np.ndarray | None:
        """The hashes of ids that fall into one of so many buckets, in order; None where a new process has none."""
        if self._part is None:
            return None
        hashed = self._hashed()
        half = np.uint64(32)
        return np.sort(hashed[(hashed >> half) * np.uint64(buckets) >> half == bucket])

    def ids_of(self, hashed: np.uint64) -> list[Any] | None:
        """The ids of this hash; None where a new process has none."""
        if self._part is None:
            return None
        return self._part.ids().take(np.flatnonzero(self._hashed() == hashed)).to_pylist()

    def forget_hashes(self) -> bool:
        """The driver has compared them."""
        self._hashes = None
        return True

    def _hashed(self) -> np.ndarray:
        """A process that was started again has them to make."""
        if self._hashes is None:
            self._hashes = hashes(plain(self._part.ids()))
        return self._hashes

    def _check_stamps(self, known: dict[str, Stamp]) -> None:
        for file, now in self._part.stamps().items():
            if known.get(file) != now:
                raise OSError(f"{file} was changed after the run began: its length or time is another one; begin again")


def _save(path: str, values: np.ndarray) -> None:
    """The file is written whole or not at all."""
    beside = path + ".part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(beside, "wb") as file:
            np.save(file, values)
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise OSError(f"{path}: {error.strerror or error}") from error
