"""Arrays that are no pool as they lie: copied once, and said so. Called by the extension where it cannot borrow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from farpoint._frameworks import is_torch

#: Types of value that pools have, by NumPy's and PyTorch's names.
FITTING = ("float32", "float16", "bfloat16", "uint8", "int8")
#: DLPack's devices whose memory the host reads: its own, and pinned.
HOST = (1, 3)
#: Frames between a warning here and the caller of `select`.
DEPTH = 5


def fitting(array: Any, what: str, reason: str) -> Any:
    """`array` as a pool: row-major, native byte order, float64 rounded to float32. `what` it is, and why it is none as it lies.

    Raises TypeError for values that are not numbers or would lose something unsaid, such as int64.
    """
    if is_torch(array):
        return _torch(array, what, reason)
    if hasattr(array, "dtype") and hasattr(array, "astype"):
        return _numpy_like(array, what, reason)
    if hasattr(array, "__dlpack__") and array.__dlpack_device__()[0] in HOST:
        return _numpy_like(np.from_dlpack(array), what, reason)
    if hasattr(array, "__dlpack__") or hasattr(array, "__cuda_array_interface__"):
        raise TypeError(f"the {what} {reason}: make a copy that is as a pool is, row-major, of float32 say")
    return _from_objects(array, what)


def _from_objects(rows: Any, what: str) -> np.ndarray:
    """A list of rows, or what else NumPy makes arrays of: there is no type to be kept, so float32 needs no warning."""
    array = np.asarray(rows)
    if array.ndim == 0:
        raise TypeError(f"the {what} is a {type(rows).__name__}, not an array of shape (n, d)")
    if array.dtype.kind in "iuf" and array.dtype.name not in FITTING:
        return _rounded(array)
    if array.dtype.name not in FITTING:
        raise TypeError(f"the {what} is a {type(rows).__name__} of {array.dtype} values; pass an (n, d) array of float32")
    return np.ascontiguousarray(array)


def _rounded(array: Any) -> Any:
    """float32, infinite where a value overflows it: the engine then names the row."""
    with np.errstate(over="ignore"):
        return _row_major(array, np.dtype(np.float32))


def _row_major(array: Any, dtype: np.dtype) -> Any:
    """A copy; JAX's arrays are row-major whatever is asked."""
    order = {} if type(array).__module__.startswith("jax") else {"order": "C"}
    return array.astype(dtype, **order)


def _numpy_like(array: Any, what: str, reason: str) -> Any:
    """NumPy's arrays, and those with the same methods: CuPy's, JAX's."""
    if array.dtype.name == "float64":
        _tell(array, what, reason, "rounded to float32")
        return _rounded(array)
    if array.dtype.name not in FITTING:
        raise TypeError(_no_such_values(what, array.dtype, "a.astype('float32')"))
    _tell(array, what, reason, "copied")
    return _row_major(array, array.dtype.newbyteorder("="))


def _torch(tensor: Any, what: str, reason: str) -> Any:
    import torch

    if tensor.dtype == torch.float64:
        _tell(tensor, what, reason, "rounded to float32")
        return tensor.to(torch.float32).contiguous()
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in FITTING:
        raise TypeError(_no_such_values(what, name, "tensor.float()"))
    _tell(tensor, what, reason, "copied")
    return tensor.contiguous()


def _no_such_values(what: str, dtype: Any, remedy: str) -> str:
    return f"the {what} has {dtype} values; a pool has float32, float16, bfloat16, uint8 or int8: pass {remedy}"


def _tell(array: Any, what: str, reason: str, done: str) -> None:
    n_bytes = getattr(array, "nbytes", 0)
    warnings.warn(f"the {what} {reason}: {done} in memory ({n_bytes:,} bytes)", stacklevel=DEPTH)
