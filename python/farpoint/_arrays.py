"""Arrays that are no pool as they lie, and what holds arrays: made a pool once, and said so. Called by the extension where it cannot borrow.

One rule for all of them: the six types of values that pools have are kept, and everything else is a TypeError, whole numbers of other
widths included: which float has them is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from farpoint._columns import COLUMNS, column_of_rows, stacked
from farpoint._floats import POOLS, row_major, tell, type_name, untyped
from farpoint._frameworks import is_torch
from farpoint._lazy import lazy

#: DLPack's devices whose memory the host reads: its own, and pinned.
HOST = (1, 3)
#: What may be done about values that a pool has not, by the kind of NumPy's type.
REMEDIES = {
    "b": "pass {a}.astype('uint8')",
    "c": "pass np.hstack([{a}.real, {a}.imag]).astype('float32'), between whose rows distances are the same",
    "i": "pass {a}.astype('float32'), which rounds whole numbers beyond 2**24, or 'float64', which rounds those beyond 2**53",
    "O": "pass {a}.astype('float32')",
    "V": "pass {a}.astype('float32') if they are numbers of another library, of a record the column that holds them",
}
#: Of values of two bytes without a type.
HALVES = "they may be bfloat16, as NumPy writes it: pass {a}.view(ml_dtypes.bfloat16), or {a}.view('float16')"
#: How remedies name what was passed: an array, and what NumPy makes an array of.
ARRAY, CONTAINER = "a", "np.asarray(a)"


def fitting(pool: Any, what: str, reason: str) -> Any:
    """`pool` as a pool: row-major, native byte order. `what` it is, and why it is none as it lies.

    Raises TypeError for values that are not numbers or would lose something unsaid, such as int64.
    """
    if is_torch(pool):
        return _torch(pool, what, reason)
    if _is_array(pool):
        return _array(pool, what, reason)
    if hasattr(pool, "__dlpack__") and pool.__dlpack_device__()[0] in HOST:
        return _array(np.from_dlpack(pool), what, reason, CONTAINER)
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
    if hasattr(rows, "collect"):
        raise TypeError(f"the {what}, a {type(rows).__name__}, is a query and no array: pass a.collect()")
    _check_is_one(rows, what)
    column = column_of_rows(rows, what)
    if column is not None:
        return column
    kind = type(rows).__name__
    elsewhere = lazy(rows)
    if elsewhere is not None:
        _check_type(elsewhere.dtype, f"{what}, a {kind},", CONTAINER)
        return elsewhere.read(what)
    _check_columns(rows, what)
    array = np.asanyarray(rows)
    if isinstance(rows, (str, PathLike)):
        raise TypeError(f"the {what} is a {kind}: pass farpoint.open({str(rows)!r}), if that is a file, a folder or a pattern")
    if array.ndim == 0:
        raise TypeError(f"the {what} is a {kind}, not an array of shape (n, d)")
    what = f"{what}, a {kind},"
    is_untyped = array.dtype.kind in "iu" and array.dtype.name not in POOLS or array.dtype.name == "float64"
    if is_untyped and isinstance(rows, (list, tuple)):
        return untyped(array, what)
    if array.dtype.name in POOLS and array.dtype.isnative and array.flags.c_contiguous:
        return array
    reason = "is not row-major without gaps" if array.dtype.isnative else f"has {array.dtype.str} values"
    return _array(array, what, reason, CONTAINER)


def _check_is_one(rows: Any, what: str) -> None:
    """Refuse what holds several arrays by their names: dictionaries, groups of h5py and zarr, .npz files, data sets of xarray."""
    if isinstance(rows, Mapping) or (type(rows).__module__.startswith("zarr.") and hasattr(rows, "keys")):
        names = list(map(repr, rows.keys()))
        some = ", ".join([*names[:8], "..."] if len(names) > 8 else names)
        raise TypeError(
            f"the {what}, a {type(rows).__name__}, holds {some or 'nothing'}: pass the array with the rows, as a[{(names or ['name'])[0]}]"
        )


def _check_columns(frame: Any, what: str) -> None:
    """Columns have types of their own, which NumPy brings to a common one: of int64 beside float32 that is float64, which has not every int64."""
    for name, dtype in _columns(frame):
        type_of_column = str(dtype).lower().partition("[")[0]
        if type_of_column not in COLUMNS:
            may_be_rows = any(word in type_of_column for word in ("list", "array", "object"))
            remedy = f"if it holds the rows, pass a[{name!r}]" if may_be_rows else "leave it out, or cast it"
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


def _array(array: Any, what: str, reason: str, called: str = ARRAY) -> Any:
    if array.dtype.kind == "O" and array.ndim == 1:
        return stacked(array, what)
    _check_type(array.dtype, what, called)
    tell(f"the {what} {reason}: copied", array)
    return row_major(array, array.dtype.newbyteorder("="))


def _check_type(dtype: np.dtype, what: str, called: str) -> None:
    """Refuse values that pools have not; a remedy for what is `called` so."""
    if dtype.name not in POOLS:
        remedy = REMEDIES.get("i" if dtype.kind == "u" else dtype.kind, "make numbers of them, of float32")
        if dtype == np.dtype("V2"):
            remedy = HALVES
        raise _no_such_values(what, dtype, remedy.format(a=called))


def _torch(tensor: Any, what: str, reason: str) -> Any:
    import torch

    name = type_name(tensor)
    if name not in POOLS:
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
