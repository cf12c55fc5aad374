"""What may be said about a selection, checked and as the extension takes it."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, KeysView, ValuesView
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from farpoint import _native
from farpoint._frameworks import is_torch, on_host_tensor, readable


class Terms(NamedTuple):
    """The options of a selection as the extension reads them: rows as int64, masks as rows, weights as float32."""

    metric: str
    labeled: np.ndarray | None
    weights: np.ndarray | None
    exclude: np.ndarray | None
    resume: np.ndarray | None
    stop_radius: float | None
    first: str | int
    seed: int
    device: str
    threads: int
    #: Whether every row's nearest center is asked for.
    assign: bool


def terms(
    n: int | None,
    *,
    metric: Any = "euclidean",
    labeled: Any = None,
    exclude: Any = None,
    first: Any = "lowest",
    seed: Any = None,
    device: Any = "auto",
    threads: Any = 0,
    assign: bool = False,
    weights: Any = None,
    resume: Any = None,
    stop_radius: Any = None,
) -> Terms:
    """The options of a selection from a pool of `n` rows, if that is known.

    Raises TypeError for what is no row or number, ValueError for masks and numbers out of range.
    """
    return Terms(
        name("metric", metric),
        rows("labeled", labeled, n),
        None if weights is None else as_weights(weights),
        rows("exclude", exclude, n),
        rows("resume", resume, n),
        number("stop_radius", stop_radius),
        as_first(first),
        as_seed(seed, first),
        as_device(device),
        count("threads", threads),
        assign,
    )


def as_device(given: Any) -> str:
    """A device's name, or the names of several GPUs as one."""
    if not isinstance(given, (list, tuple)):
        return given if isinstance(given, str) else str(given)
    gpus = [one if isinstance(one, str) else str(one) for one in given]
    for gpu in gpus:
        if not gpu.startswith("cuda:") or not gpu.removeprefix("cuda:").isdecimal():
            raise ValueError(f"device {gpu!r} is no GPU: a list names GPUs, such as ['cuda:0', 'cuda:1']")
    if not gpus:
        raise ValueError("no GPU is named: name some, such as ['cuda:0', 'cuda:1']")
    return "cuda:" + ",".join(gpu.removeprefix("cuda:") for gpu in gpus)


def count(name: str, number: Any, beyond: int = 2**63) -> int:
    """A whole number that is not negative."""
    try:
        number = operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not a {type(number).__name__}") from None
    if not 0 <= number < beyond:
        raise ValueError(f"{name} {number} is not a number from 0 to {beyond - 1}")
    return number


def number(name: str, given: Any) -> float | None:
    """A number; what is not asked for is None."""
    if given is None and name != "gap":
        return None
    try:
        if isinstance(given, (str, bytes)):
            raise TypeError
        return float(given)
    except (TypeError, RuntimeError):
        raise TypeError(f"{name} is a number, not a {type(given).__name__}") from None
    except (OverflowError, ValueError):
        raise ValueError(f"{name} is not a finite number") from None


def name(option: str, given: Any) -> str:
    """A name; the extension knows which there are."""
    if isinstance(given, str):
        return given
    raise TypeError(f"{option} is a name, not a {type(given).__name__}")


def rows_of(pool: Any) -> int | None:
    """How many rows `pool` has, where it says so before it is lent."""
    shape = getattr(pool, "shape", None)
    if isinstance(shape, tuple) and shape:
        return shape[0]
    try:
        return len(pool)
    except TypeError:
        return None


def budget(number: Any, stop_radius: Any, n: int | None = None) -> int | None:
    """New centers to choose from `n` rows, if that is known; may be left out where a radius says when to stop."""
    if number is not None:
        return rows_to_choose(number, n)
    if stop_radius is None:
        raise ValueError("give a budget, a stop_radius or both: nothing says when to stop")
    return None


def stop_radius(radius: Any, similarity: Any, metric: Any) -> Any:
    """The radius at which to stop: as given, or the chord of a cosine similarity."""
    if similarity is None:
        return radius
    if radius is not None:
        raise ValueError("stop_radius and stop_similarity both say when to stop: pass one of them")
    if metric != "cosine":
        raise ValueError("stop_similarity is of metric='cosine' alone: pass that, or stop_radius")
    cosine = number("stop_similarity", similarity)
    if cosine is None or not -1 <= cosine <= 1:
        raise ValueError(f"stop_similarity {cosine} is no cosine similarity, a number from -1 to 1")
    return math.sqrt(2 - 2 * cosine)


def rows_to_choose(number: Any, n: int | None) -> int:
    """A number of rows, also as text ("1e3", "1,000"), or a share of `n` of them, as text ("10%") or as a float between 0 and 1 (0.1),
    rounded down, to one row at least. A float is taken for the decimal that it is written as.

    Raises TypeError for what is neither, ValueError for other texts and where it is not known how many rows there are.
    """
    is_share = isinstance(number, float) and 0 < number < 1
    if not is_share and not isinstance(number, str):
        return count("budget", number)
    text = f"{Decimal(repr(float(number))) * 100:f}%" if is_share else number
    if n is None and text.endswith("%"):
        raise ValueError(
            f"budget {number!r} is a share of the rows, and how many there are in all is not known here: pass their number"
        )
    return _native.budget(text, n or 0)


def host(values: Any) -> np.ndarray:
    """An array in host memory, of whatever library."""
    if is_torch(values):
        values = on_host_tensor(values)
        return (values.float() if values.is_floating_point() and values.dtype.itemsize == 2 else values).numpy()
    return np.asarray(values.get() if type(values).__module__.startswith("cupy") else values)


def rows(name: str, given: Any, n: int | None) -> np.ndarray | None:
    """Pool rows, of which a mask over the pool names those that are true."""
    if given is None:
        return None
    array = host(_listed(name, given))
    if array.ndim != 1:
        hint = " (vectors from elsewhere are labeled_vectors)" if name == "labeled" else ""
        raise ValueError(f"{name} has {array.ndim} dimensions; it is a list of pool rows or a mask over the pool{hint}")
    if array.dtype.kind == "b":
        if n is not None and len(array) != n:
            raise ValueError(f"the mask {name} has {len(array)} entries for {n} rows")
        return np.flatnonzero(array)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has {array.dtype} values; rows are integers")
    if array.dtype == np.uint64 and array.max() >= 2**63:
        raise IndexError(f"{name} row {array.max()} is not in the pool")
    return np.ascontiguousarray(array, dtype=np.int64)


def _listed(name: str, given: Any) -> Any:
    """The rows of a selection, of what is gone through but once, and those of a set: in order, where their order means nothing."""
    if hasattr(given, "centers") and hasattr(given, "radii" if name == "resume" else "centers"):
        return given.centers
    if isinstance(given, (set, frozenset)):
        if name == "resume":
            raise TypeError("resume is a set, which has no order: pass the picks in the order they were made")
        return sorted(given)
    if isinstance(given, (Iterator, KeysView, ValuesView)):
        return list(given)
    return given


def as_weights(given: Any) -> np.ndarray:
    """One number a row, rounded to float32 whatever they are."""
    array = host(given)
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        raise TypeError(f"weights are a list of one number a row, not {array.dtype} of shape {array.shape}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def as_first(given: Any) -> str | int:
    """A name or a pool row."""
    if isinstance(given, str):
        return given
    try:
        row = operator.index(given)
    except TypeError:
        raise TypeError(f"first is a row or a name, not a {type(given).__name__}") from None
    if not -(2**63) <= row < 2**63:
        raise IndexError(f"first row {row} is not in the pool")
    return row


def as_seed(given: Any, first: Any) -> int:
    """What draws the first center, 0 where nothing is said. Raises ValueError where it would draw nothing."""
    if given is None:
        return 0
    seed = count("seed", given, 2**64)
    if not isinstance(first, str) or first != "random":
        raise ValueError(f"seed {seed} draws nothing with first={first!r}: pass first='random', or no seed")
    return seed


def vectors(given: Any) -> Any:
    """Labeled vectors, copied to host memory where they lie on a GPU: there are few of them, beside the pool. None if there are none yet."""
    shape = getattr(given, "shape", None)
    if given == [] if shape is None else (len(shape) == 2 and shape[0] == 0):
        return None
    if is_torch(given):
        return on_host_tensor(readable(given))
    library = type(given).__module__.partition(".")[0]
    if library == "cupy":
        return given.get()
    return np.asarray(given) if library in ("jax", "jaxlib") else given
