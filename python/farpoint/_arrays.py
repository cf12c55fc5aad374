"""Arrays that are no pool as they lie, and what holds arrays: made a pool once, and said so. Called by the extension where it cannot borrow.

One rule for all of them: the six types of values that pools have are kept, and everything else is a TypeError, whole numbers of other
widths included: which float has them is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from farpoint._floats import row_major, tell, type_name, untyped
from farpoint._frameworks import is_torch

#: Types of value that pools have, by NumPy's and PyTorch's names.
FITTING = ("float64", "float32", "float16", "bfloat16", "uint8", "int8")
#: The same of a frame's columns, as pandas, polars, DuckDB and Arrow name them, in lower case.
COLUMNS = (*FITTING, "float", "double", "halffloat")
#: DLPack's devices whose memory the host reads: its own, and pinned.
HOST = (1, 3)
#: What may be done about values that a pool has not, by the kind of NumPy's type.
REMEDIES = {
    "b": "pass a.astype('uint8')",
    "c": "pass np.hstack([a.real, a.imag]).astype('float32'), between whose rows distances are the same",
    "i": "pass a.astype('float32'), which rounds whole numbers beyond 2**24, or 'float64', which rounds those beyond 2**53",
    "O": "pass np.stack(a) if each entry is a row, else a.astype('float32')",
}


def fitting(pool: Any, what: str, reason: str) -> Any:
    """`pool` as a pool: row-major, native byte order. `what` it is, and why it is none as it lies.

    Raises TypeError for values that are not numbers or would lose something unsaid, such as int64.
    """
    if is_torch(pool):
        return _torch(pool, what, reason)
    if _is_array(pool):
        return _array(pool, what, reason)
    if hasattr(pool, "__dlpack__") and pool.__dlpack_device__()[0] in HOST:
        return _array(np.from_dlpack(pool), what, reason)
    if hasattr(pool, "__dlpack__") or hasattr(pool, "__cuda_array_interface__"):
        raise TypeError(f"the {what} {reason}: make a copy that is as a pool is, row-major, of float32 say")
    return _container(pool, what)


def _is_array(pool: Any) -> bool:
    """Whether it is NumPy's array, or has the same methods, as CuPy's and JAX's do."""
    lends = hasattr(pool, "__dlpack__") or hasattr(pool, "__cuda_array_interface__")
    return isinstance(pool, np.ndarray) or (lends and hasattr(pool, "astype"))


def _container(rows: Any, what: str) -> Any:
    """A data frame, a table, lists of rows, or what else NumPy makes arrays of."""
    if hasattr(rows, "toarray"):
        raise TypeError(f"the {what} is sparse: pass a.toarray()")
    _check_columns(rows, what)
    array = np.asanyarray(rows)
    kind = type(rows).__name__
    if array.ndim == 0:
        raise TypeError(f"the {what} is a {kind}, not an array of shape (n, d)")
    what = f"{what}, a {kind},"
    is_untyped = array.dtype.kind in "iu" and array.dtype.name not in FITTING or array.dtype.name == "float64"
    if is_untyped and isinstance(rows, (list, tuple)):
        return untyped(array, what)
    if array.dtype.name in FITTING and array.dtype.isnative and array.flags.c_contiguous:
        return array
    reason = "is not row-major without gaps" if array.dtype.isnative else f"has {array.dtype.str} values"
    return _array(array, what, reason)


def _check_columns(frame: Any, what: str) -> None:
    """Columns have types of their own, which NumPy brings to a common one: of int64 beside float32 that is float64, which has not every int64."""
    for name, dtype in _columns(frame):
        type_of_column = str(dtype).lower().partition("[")[0]
        if type_of_column not in COLUMNS:
            may_be_rows = any(word in type_of_column for word in ("list", "array", "object"))
            remedy = f"if it holds the rows, pass np.stack(a[{name!r}].to_numpy())" if may_be_rows else "leave it out, or cast it"
            raise TypeError(
                f"the {what}, a {type(frame).__name__}, has the column {name!r} of {dtype} values; a pool has float32, float64, "
                f"float16, uint8 or int8: {remedy}"
            )


def _columns(frame: Any) -> Iterable[tuple[Any, Any]]:
    """Names and types of the columns of frames (pandas, polars) and of Arrow's tables; nothing else has any."""
    if hasattr(frame, "columns") and hasattr(frame, "dtypes"):
        return zip(frame.columns, frame.dtypes)
    if type(frame).__module__.partition(".")[0] == "pyarrow" and hasattr(frame, "schema"):
        return [(column.name, column.type) for column in frame.schema]
    return ()


def _array(array: Any, what: str, reason: str) -> Any:
    if type_name(array) not in FITTING:
        kind = array.dtype.kind
        raise _no_such_values(what, array.dtype, REMEDIES.get("i" if kind == "u" else kind, "make numbers of them, of float32"))
    tell(f"the {what} {reason}: copied", array)
    return row_major(array, array.dtype.newbyteorder("="))


def _torch(tensor: Any, what: str, reason: str) -> Any:
    import torch

    name = type_name(tensor)
    if name not in FITTING:
        remedy = "pass tensor.float(), which rounds whole numbers beyond 2**24, or .double(), which rounds those beyond 2**53"
        if tensor.is_complex():
            remedy = "pass torch.view_as_real(tensor).flatten(1).float(), between whose rows distances are the same"
        elif tensor.dtype == torch.bool:
            remedy = "pass tensor.to(torch.uint8)"
        raise _no_such_values(what, name, remedy)
    tell(f"the {what} {reason}: copied", tensor)
    return tensor.contiguous()


def _no_such_values(what: str, dtype: Any, remedy: str) -> TypeError:
    return TypeError(f"the {what} has {dtype} values; a pool has float32, float64, float16, bfloat16, uint8 or int8: {remedy}")
