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
    "__version__",
    "open",
    "plan",
    "robust",
    "select",
    "select_many",
    "verify",
    "verify_certificate",
]

#: Bytes to an address on a GPU, and what keeps the memory there.
_Allocate: TypeAlias = Callable[[int], tuple[int, object]]

@final
class Pool:
    """A pool in a file, a folder of files or a pattern: in memory where it fits, else read when it is needed; its values are checked when they are read. Made by `farpoint.open`."""

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
    def path(self) -> Path:
        """The path it was opened by."""
    def __len__(self) -> int: ...

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

def open(path: Any, name: str | None = None) -> Pool: ...
def plan(pool: Any, budget: int, metric: str, threads: int) -> str: ...
def robust(
    pool: Any,
    budget: int,
    terms: Any,
    robust_terms: Any,
    labeled_vectors: Any = None,
    tick: Callable[[float, float, float], object] | None = None,
) -> dict[str, Any]: ...
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
