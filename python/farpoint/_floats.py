"""What becomes of numbers of types that pools have not: float32 or float64, whichever has them all. Whole numbers are never rounded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from farpoint._frameworks import is_torch
from farpoint._warnings import warn

#: Types of value that pools have, by NumPy's and PyTorch's names.
POOLS = ("float64", "float32", "float16", "bfloat16", "uint8", "int8")
#: float32 has every whole number up to this one, and not the next.
EXACT_SINGLE = 2**24
#: float64 has every one up to this, and not the next.
EXACT_DOUBLE = 2**53


def as_floats(samples: Any, what: str) -> Any:
    """`samples` as float32 or float64, for those who take any numbers: arrays, tensors, data frames and lists, of any shape, row-major.

    float64 stays, whole numbers become the first of the two that has them all, and everything else float32. Raises TypeError for whole numbers
    beyond 2**53, and for what is no real number; wider floats are rounded to float64 with a warning.
    """
    array = samples if is_torch(samples) else np.asarray(samples)
    if not _is_real(array):
        raise TypeError(f"the {what} has {type_name(array)} values, which are no real numbers: a pool cannot hold them")
    if _is_whole(array):
        return as_type(array, of_whole(array, what))
    if array.dtype.itemsize > 8:
        tell(f"the {what} has {type_name(array)} values: rounded to float64", array)
    return as_type(array, "float64" if array.dtype.itemsize > 4 else "float32")


def untyped(array: np.ndarray, what: str) -> np.ndarray:
    """What NumPy made of lists of Python's numbers, which have no type: float32 if no number changes by it, else float64.

    Raises TypeError for whole numbers beyond 2**53. Of larger floats a warning says that NumPy may have rounded whole numbers to them.
    """
    if array.dtype.kind in "iu":
        return as_type(array, of_whole(array, what))
    if np.array_equal(as_type(array, "float32"), array, equal_nan=True) and (np.abs(array) < EXACT_DOUBLE).all():
        return as_type(array, "float32")
    if (np.isfinite(array) & (np.abs(array) >= EXACT_DOUBLE)).any():
        tell(f"the {what} has numbers of 2**53 or more: as float64, which has not every whole one", array)
    return as_type(array, "float64")


def as_type(array: Any, name: str) -> Any:
    """Values of the type of that name, row-major; infinite where one overflows it."""
    if is_torch(array):
        import torch

        return array.to(getattr(torch, name)).contiguous()
    with np.errstate(over="ignore"):
        return row_major(array, np.dtype(name))


def row_major(array: Any, dtype: np.dtype) -> Any:
    """A copy, unless it lies so already; JAX's arrays are row-major whatever is asked."""
    order = {} if type(array).__module__.startswith("jax") else {"order": "C", "copy": False}
    return array.astype(dtype, **order)


def of_whole(array: Any, what: str) -> str:
    """The type that has all of these whole numbers, of an array or a tensor. Raises TypeError if none has."""
    if math.prod(array.shape) == 0:
        return "float32"
    ends = _largest_of_unsigned(array) if is_torch(array) and not array.dtype.is_signed else (int(array.max()), int(array.min()))
    largest = max(ends, key=abs)
    if abs(largest) > EXACT_DOUBLE:
        raise TypeError(
            f"the {what} holds {largest}, and float64 has not every whole number beyond 2**53 = {EXACT_DOUBLE:,}: scale or shift the "
            "values, or pass floats if rounding them is meant"
        )
    return "float32" if abs(largest) <= EXACT_SINGLE else "float64"


def _largest_of_unsigned(tensor: Any) -> tuple[int, ...]:
    """PyTorch finds no largest of its unsigned types."""
    return (int(tensor.cpu().numpy().max()),)


def _is_real(array: Any) -> bool:
    if is_torch(array):
        return not array.is_complex()
    return array.dtype.kind in "biuf" or type_name(array) == "bfloat16"


def _is_whole(array: Any) -> bool:
    if is_torch(array):
        return not array.is_floating_point() and type_name(array) != "bool"
    return array.dtype.kind in "iu"


def tell(done: str, array: Any) -> None:
    """Say what is done to an array, and how large it is."""
    warn(f"{done} in memory ({getattr(array, 'nbytes', 0):,} bytes)")


def type_name(array: Any) -> str:
    """The type of an array's or a tensor's values, as NumPy names it."""
    return str(array.dtype).removeprefix("torch.") if is_torch(array) else array.dtype.name
