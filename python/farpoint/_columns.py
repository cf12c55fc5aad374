"""Columns of which each entry is a row, as data frames hold embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from farpoint._floats import POOLS, tell, type_name, untyped
from farpoint._frameworks import is_torch, on_host_tensor

#: The types of values that pools have, as pandas, polars, DuckDB and Arrow name them in frames, in lower case.
COLUMNS = (*POOLS, "float", "double", "halffloat")


def column_of_rows(table: Any, what: str) -> Any:
    """What `table`, or its only column, lends or can be made of where its entries are rows; None of all others.

    Those of polars, pyarrow and DuckDB are lent by Arrow's C interface before it comes to this.
    """
    library = type(table).__module__.partition(".")[0]
    if library == "pandas":
        return _of_pandas(table, what)
    if library == "datasets":
        return _of_datasets(table, what)
    return None


def _of_pandas(table: Any, what: str) -> Any:
    if getattr(table, "ndim", 0) == 2:
        if table.shape[1] != 1:
            return None
        table = table.iloc[:, 0]
    if hasattr(table.dtype, "pyarrow_dtype"):
        is_list = hasattr(table.dtype.pyarrow_dtype, "value_type")
        return table.array.__arrow_array__() if is_list else None
    if table.dtype != object:
        return None
    rows = table.to_numpy()
    return stacked(rows, f"{what}, a {type(table).__name__},") if len(rows) and _is_row(rows[0]) else None


def _of_datasets(table: Any, what: str) -> Any:
    """A column of Hugging Face's datasets, and a dataset of one column, as Arrow has it: entry by entry it would take twenty times as long."""
    source, name = getattr(table, "source", table), getattr(table, "column_name", None)
    names = getattr(source, "column_names", None)
    if not hasattr(source, "with_format") or not isinstance(names, list):
        return None
    if name is None and len(names) != 1:
        kind = type(table).__name__
        raise TypeError(
            f"the {what}, a {kind}, has the columns {', '.join(map(repr, names))}: pass the one with the rows, as a[{names[0]!r}]"
        )
    name = name or names[0]
    view = source.select_columns(name).with_format("arrow")
    if getattr(source, "_indices", None) is None:
        return view[:][name]
    return Pieces(view, name)


def of_views(table: Any, what: str) -> Any:
    """Called by the extension: a column whose lists lie in any order (list views) as lists that lie in theirs. pyarrow 26.0.1 casts the one to the other wrongly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(0) if getattr(table, "num_columns", 0) == 1 else table
    if pa.types.is_nested(column.type.value_type) or str(column.type.value_type) in COLUMNS:
        tell(f"the {what} is a column of list views: copied", column)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(pa.array(ends), pc.list_flatten(column), mask=column.is_null())


class Pieces:
    """A column of which rows were chosen or shuffled, a few thousand at a time: each row is a piece of its own where it lies."""

    ROWS = 8192

    def __init__(self, view: Any, name: str) -> None:
        self._view, self._name = view, name

    def __iter__(self) -> Iterator[Any]:
        ends = [0, 1, *range(self.ROWS, len(self._view), self.ROWS), len(self._view)]
        for start, end in zip(ends, ends[1:]):
            if start < end:
                chunks = self._view[start:end][self._name].combine_chunks()
                yield from getattr(chunks, "chunks", [chunks])


def stacked(rows: np.ndarray, what: str) -> Any:
    """A copy of an array of rows, ``(n,)`` objects: arrays of one length and type each, or lists of numbers.

    Raises TypeError for entries that are no rows, ValueError for rows that do not fit together.
    """
    for at, row in enumerate(rows):
        if row is None or (isinstance(row, float) and row != row):
            raise ValueError(f"the {what} has no row at {at}, but {row}: leave it out, or fill it")
        if not _is_row(row):
            raise TypeError(
                f"the {what} has object values, of which that at {at} is a {type(row).__name__} and no row of numbers"
            )
        if len(row) != len(rows[0]):
            raise ValueError(f"the {what}: row {at} has {len(row)} values, and row 0 has {len(rows[0])}")
    together = _together(rows)
    if isinstance(rows[0], (list, tuple)) and together.dtype.kind in "iuf":
        return untyped(together, what)
    if type_name(together) not in POOLS:
        raise TypeError(f"the {what} has rows of {together.dtype} values; a pool has {', '.join(POOLS)}: cast them")
    tell(f"the {what} is a column of rows, each on its own: copied", together)
    return together


def _together(rows: np.ndarray) -> Any:
    """Arrays, lists or tensors of PyTorch as one, of the type that they have."""
    if not all(is_torch(row) for row in rows):
        return np.stack([on_host_tensor(row).numpy() if is_torch(row) else row for row in rows])
    import torch

    return torch.stack([on_host_tensor(row) for row in rows])


def _is_row(entry: Any) -> bool:
    """An array of one dimension, or a list. What lists hold, NumPy looks at."""
    return isinstance(entry, (list, tuple)) or getattr(entry, "ndim", None) == 1
