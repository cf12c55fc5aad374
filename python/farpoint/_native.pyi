"""The extension module: what python/src has. The package checks arguments and says what is meant; this is private."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__version__: Final[str]

__all__ = [
    "Batch",
    "Counts",
    "Pool",
    "Shard",
    "__version__",
    "bound",
    "budget",
    "coordinate",
    "coverage",
    "ids_of_rows",
    "open",
    "open_part",
    "outline",
    "plan",
    "program",
    "program_on_cluster",
    "read_ids",
    "read_rows",
    "read_weights",
    "report",
    "robust",
    "rows_of_ids",
    "select",
    "select_many",
    "verify",
    "verify_certificate",
]

#: Bytes to an address on a GPU, and what keeps the memory there.
_Allocate: TypeAlias = Callable[[int], tuple[int, object]]

@final
class Pool:
    """A pool in a file, a folder of files or a pattern: in memory where it fits, else read when it is needed. Made by `farpoint.open`."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``."""
    @property
    def dtype(self) -> str:
        """How values are stored: 'f32', 'f16', 'bf16', 'u8' or 'i8'."""
    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
    @property
    def notices(self) -> list[str]:
        """What was converted on the way in, a sentence each."""
    @property
    def files(self) -> list[Path]:
        """The files that the rows come from, in their order."""
    @property
    def first_rows(self) -> list[int]:
        """The row at which each of `files` begins."""
    @property
    def skipped(self) -> NDArray[np.int64]:
        """The rows that were left out, as `skip_bad` asks."""
    @property
    def path(self) -> Path | str:
        """The path it was opened by; an address, as ``s3://``, stays a string."""
    def __array__(self, *_arguments: Any, **_options: Any) -> None: ...
    def __len__(self) -> int: ...

@final
class Shard:
    """Consecutive rows of a pool, held for a coordinator, in a thread of their own."""

    def __new__(
        cls,
        pool: Any,
        *,
        device: str = "auto",
        threads: int = 0,
        weights: NDArray[np.float32] | None = None,
        exclude: NDArray[np.int64] | None = None,
        stream: int | None = None,
    ) -> Shard: ...
    @property
    def rows(self) -> int:
        """Rows held."""
    @property
    def dimensions(self) -> int:
        """Values a row."""
    @property
    def dtype(self) -> str:
        """How values are stored."""
    def answer(self, common: bytes, own: bytes) -> bytes:
        """The answer to a message of these two parts. A shard's errors are in it, and raised by the coordinator."""
    def settled(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Each row's distance to its nearest center, and that center, ``(n,)`` each, after a selection that was asked for them."""
    def close(self) -> None:
        """Ends what the shard computes, and its thread."""

@final
class Counts:
    """The engine's counts; JSON as text."""

@final
class Batch:
    """Selections from small pools on a GPU, prepared once and queued as often as wanted."""

    def __new__(cls, pools: Any, terms: Any, stream: int | None = None, allocate: _Allocate | None = None) -> Batch: ...
    def queue(self, pools: Any, stream: int | None = None) -> None: ...
    def set_first(self, first: list[int], stream: int) -> None: ...
    def check(self, pools: Any, stream: int | None = None) -> None: ...
    @property
    def picks_address(self) -> int: ...

def open(
    path: Any,
    name: str | None = None,
    memory: str | None = None,
    scratch: Any = None,
    columns: str | None = None,
    dtype: str | None = None,
    format: str | None = None,
    skip_bad: str | None = None,
) -> Pool: ...
def open_part(
    files: list[str],
    start: int,
    end: int,
    name: str | None = None,
    memory: str | None = None,
    scratch: Any = None,
    columns: str | None = None,
    dtype: str | None = None,
    format: str | None = None,
) -> Pool:
    """Some rows of the pool that the files are, in this order."""

def outline(
    paths: list[str], name: str | None = None, columns: str | None = None, dtype: str | None = None, format: str | None = None
) -> Pool:
    """The pool at one path, or of several files in their order, without its values: for its shape, its files and the ids of its rows."""

def budget(text: str, rows: int) -> int: ...
def plan(pool: Any, budget: int, terms: Any, labeled_vectors: Any = None, outliers: int | None = None) -> str: ...
def bound(constants: Any, rows: int, radius: float, uncovered: int) -> tuple[float, float, float, float, bool]:
    """Covering, uncovered and Hoeffding's term of the bound, their sum, and whether it says nothing."""

def coverage(pool: Any, centers: NDArray[np.int64], terms: Any, labeled_vectors: Any = None) -> NDArray[np.float64]:
    """The counted rows' distances to their nearest centers, the least first."""

def ids_of_rows(pool: Pool, source: str, rows: list[int]) -> list[str | int]: ...
def program(words: list[str]) -> int: ...
def program_on_cluster(
    words: list[str],
    outline: Callable[[str, str | None], tuple[int, int, str] | None],
    select: Callable[[list[str], int | None, bool, dict[str, Any]], tuple[Any, ...]],
) -> int: ...
def read_ids(path: str) -> list[str | int]: ...
def rows_of_ids(pool: Pool, source: str, wanted: set[str]) -> dict[str, int]: ...
def read_rows(path: str) -> NDArray[np.int64]:
    """The rows that a file lists, ``(m,)`` int64, as `farpoint select` reads it."""

def read_weights(path: str) -> NDArray[np.float32]:
    """The weights in a file, ``(n,)`` float32, as `farpoint select` reads it."""

def report(pool: Any, answered: Any, terms: Any, name: str, labeled_vectors: Any = None) -> str:
    """The page of a selection, as HTML."""

def robust(
    pool: Any,
    budget: int,
    terms: Any,
    robust_terms: Any,
    labeled_vectors: Any = None,
    tick: Callable[[float, float, float], object] | None = None,
) -> dict[str, Any]: ...
def coordinate(
    call: Callable[[bytes, dict[int, bytes]], dict[int, bytes]],
    shards: list[str],
    budget: int | None,
    terms: Any,
    labeled_vectors: Any = None,
    tick: Callable[[int, int, float], object] | None = None,
    settle: bool = False,
    picked: Callable[[list[int]], object] | None = None,
) -> dict[str, Any]:
    """Selects from the rows of all shards, in their order. `call` delivers a message: the part common to all shards, and each one's own.
    `picked` is told of picks now and then, those that the run goes on from included, each once and in order."""

def select(
    pool: Any,
    budget: int | None,
    terms: Any,
    labeled_vectors: Any = None,
    tick: Callable[[int, int, float], object] | None = None,
    stream: int | None = None,
    allocate: _Allocate | None = None,
) -> dict[str, Any]: ...
def select_many(pools: Any, terms: dict[str, Any]) -> NDArray[np.int64]: ...
def verify(
    pool: Any,
    centers: NDArray[np.int64],
    radii: NDArray[np.float64] | None,
    terms: Any,
    labeled_vectors: Any = None,
) -> tuple[bool, str]: ...
def verify_certificate(pool: Any, certificate: str, terms: Any, labeled_vectors: Any = None) -> tuple[bool, str]: ...
