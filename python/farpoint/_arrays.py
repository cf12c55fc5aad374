"""Arrays that are no pool as they lie: copied once, and said so. Called by the extension where it cannot borrow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from farpoint._frameworks import is_torch

#: Types of value that pools have, by NumPy's and PyTorch's names.
FITTING = ("float32", "float16", "bfloat16", "uint8", "int8")
#: Frames between a warning here and the caller of `select`.
DEPTH = 5


def fitting(array: Any, reason: str) -> Any:
    """`array` as a pool: row-major, native byte order, float64 rounded to float32. `reason` is why it is none as it lies.

    Raises TypeError for values that are not numbers or would lose something unsaid, such as int64.
    """
    if not hasattr(array, "dtype"):
        return _from_objects(array)
    if not hasattr(array, "shape"):
        raise TypeError(f"the pool is a {type(array).__name__}, not an array of shape (n, d)")
    if is_torch(array):
        return _torch(array, reason)
    return _numpy_like(array, reason)


def _from_objects(rows: Any) -> np.ndarray:
    """A list of rows, or what else NumPy makes arrays of: there is no type to be kept, so float32 needs no warning."""
    array = np.asarray(rows)
    if array.dtype.kind in "iuf" and array.dtype.name not in FITTING:
        return _rounded(array)
    if array.dtype.name not in FITTING:
        raise TypeError(f"the pool is a {type(rows).__name__} of {array.dtype} values; pass an (n, d) array of float32")
    return np.ascontiguousarray(array)


def _rounded(array: np.ndarray) -> np.ndarray:
    """float32, infinite where a value overflows it: the engine then names the row."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _numpy_like(array: Any, reason: str) -> Any:
    """NumPy's arrays, and CuPy's, which have the same methods."""
    native = array.dtype.newbyteorder("=") if array.dtype.byteorder == ">" else array.dtype
    if array.dtype.name == "float64":
        _tell(array, reason, "rounded to float32")
        rounded = array.astype(np.float32, order="C")
        return rounded
    if array.dtype.name not in FITTING:
        raise TypeError(
            f"the pool has {array.dtype} values; a pool has float32, float16, bfloat16, uint8 or int8: pass a.astype('float32')"
        )
    _tell(array, reason, "copied")
    return array.astype(native, order="C")


def _torch(tensor: Any, reason: str) -> Any:
    import torch

    if tensor.layout != torch.strided:
        raise TypeError(f"the pool is a {tensor.layout} tensor: pass tensor.to_dense()")
    if tensor.dtype == torch.float64:
        _tell(tensor, reason, "rounded to float32")
        return tensor.to(torch.float32).contiguous()
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in FITTING:
        raise TypeError(f"the pool has {name} values; a pool has float32, float16, bfloat16, uint8 or int8: pass tensor.float()")
    _tell(tensor, reason, "copied")
    return tensor.resolve_neg().contiguous()


def _tell(array: Any, reason: str, what: str) -> None:
    n_bytes = getattr(array, "nbytes", 0)
    warnings.warn(f"the array {reason}: {what} in memory ({n_bytes:,} bytes)", stacklevel=DEPTH)
