"""What becomes of numbers that are not float32's: float64 is rounded and said to be, whole numbers are never rounded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from farpoint._frameworks import is_torch
from farpoint._warnings import warn

#: float32 has every whole number up to this one, and not the next.
EXACT = 2**24
#: From here on float64, which NumPy makes of whole numbers beside others, has not every one either.
EXACT_DOUBLE = 2**53


def as_float32(samples: Any, what: str) -> Any:
    """`samples` as float32, for those who take any numbers: arrays, tensors, data frames and lists, of any shape, row-major.

    float64 is rounded with a warning. Raises TypeError for whole numbers beyond 2**24, and for what is no real number.
    """
    array = samples if is_torch(samples) else np.asarray(samples)
    check(array, what)
    return rounded(array)


def check(array: Any, what: str) -> None:
    """Say of an array or tensor that it will be rounded to float32, or raise TypeError, as `as_float32` does."""
    if not _is_real(array):
        raise TypeError(f"the {what} has {type_name(array)} values, which are no real numbers: float32 cannot hold them")
    if _is_whole(array):
        check_whole(array, what)
    elif array.dtype.itemsize > 4:
        tell_rounded(array, what)


def rounded_once(pool: Any, what: str) -> Any:
    """A pool that is selected from several times: float64, of an array or a tensor, as float32 from now on; all else as it is."""
    if type_name(pool) != "float64":
        return pool
    tell_rounded(pool, what)
    return rounded(pool)


def untyped(array: np.ndarray, what: str) -> np.ndarray:
    """What NumPy made of lists of Python's numbers, which have no type: float32 without a word, if no number changes by it.

    Raises TypeError for whole numbers beyond 2**24; floats that change are rounded with a warning.
    """
    if array.dtype.kind in "iu":
        check_whole(array, what)
        return rounded(array)
    single = rounded(array)
    is_same = np.array_equal(single, array, equal_nan=True) and (np.abs(array) < EXACT_DOUBLE).all()
    if not is_same:
        tell_rounded(array, what)
    return single


def rounded(array: Any) -> Any:
    """float32, row-major; infinite where a value overflows it: the engine then names the row."""
    if is_torch(array):
        import torch

        return array.to(torch.float32).contiguous()
    with np.errstate(over="ignore"):
        return row_major(array, np.dtype(np.float32))


def row_major(array: Any, dtype: np.dtype) -> Any:
    """A copy, unless it lies so already; JAX's arrays are row-major whatever is asked."""
    order = {} if type(array).__module__.startswith("jax") else {"order": "C", "copy": False}
    return array.astype(dtype, **order)


def check_whole(array: Any, what: str) -> None:
    """Raise TypeError if float32 has not all of these whole numbers, of an array or a tensor."""
    if math.prod(array.shape) == 0:
        return
    if is_torch(array) and not array.dtype.is_signed:
        array = array.double()  # PyTorch finds no largest of its unsigned types
    for number in (int(array.max()), int(array.min())):
        if abs(number) > EXACT:
            raise TypeError(
                f"the {what} holds {number}, and float32 has not every whole number beyond 2**24 = {EXACT:,}: scale or shift the "
                "values, or pass floats if rounding them is meant"
            )


def _is_real(array: Any) -> bool:
    if is_torch(array):
        return not array.is_complex()
    return array.dtype.kind in "biuf" or type_name(array) == "bfloat16"


def _is_whole(array: Any) -> bool:
    if is_torch(array):
        return not array.is_floating_point() and type_name(array) != "bool"
    return array.dtype.kind in "iu"


def tell_rounded(array: Any, what: str) -> None:
    tell(f"the {what} has {type_name(array)} values: rounded to float32", array)


def tell(done: str, array: Any) -> None:
    """Say what is done to an array, and how large it is."""
    warn(f"{done} in memory ({getattr(array, 'nbytes', 0):,} bytes)")


def type_name(array: Any) -> str:
    """The type of an array's or a tensor's values, as NumPy names it."""
    return str(array.dtype).removeprefix("torch.") if is_torch(array) else array.dtype.name
