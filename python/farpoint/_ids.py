"""Ids of a pool's rows: what the rows are called where they come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from farpoint import _native
from farpoint._frameworks import readable
from farpoint._terms import host


class Ids(Protocol):
    """Ids of all rows."""

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """The ids of `rows`, in their order."""

    def rows_of(self, wanted: list[Any]) -> dict[str, int]:
        """The rows that have one of these ids, by its text. Raises ValueError where two rows have one."""


def ids_of(given: Any, pool: Any, n: int | None) -> Ids | None:
    """The ids that `given` names, or holds, of the rows of `pool`, which are `n`.

    Raises TypeError for what holds no ids, ValueError for as many as there are not rows.
    """
    if given is None:
        return None
    if isinstance(given, (str, os.PathLike)):
        return _named(given, pool, n)
    return _Given(_listed(given), n)


def _named(source: str | os.PathLike[str], pool: Any, n: int | None) -> Ids:
    if isinstance(pool, _native.Pool):
        return _InFiles(pool, os.fspath(source))
    if os.path.isfile(source):
        return _Given(_array(_native.read_ids(os.fspath(source))), n)
    raise ValueError(
        f"ids={source!r} is no file, and a pool in memory has no columns: pass the ids themselves, one for each row, or a pool from farpoint.open"
    )


class _InFiles:
    """Of a pool in files: read whenever they are asked for."""

    def __init__(self, pool: _native.Pool, source: str) -> None:
        self._pool, self._source = pool, source
        # Whatever is wrong with them is known before the work.
        self.of_rows(np.empty(0, np.int64))

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        return _array(_native.ids_of_rows(self._pool, self._source, rows.tolist()))

    def rows_of(self, wanted: list[Any]) -> dict[str, int]:
        return _native.rows_of_ids(self._pool, self._source, {str(one) for one in wanted})


class _Given:
    """Held by the caller."""

    def __init__(self, ids: np.ndarray, n: int | None) -> None:
        if ids.ndim != 1:
            raise ValueError(f"ids have {ids.ndim} dimensions; they are a list of one id a row")
        if ids.dtype.kind not in "iuUSO":
            raise TypeError(f"ids are texts or whole numbers, not {ids.dtype}")
        self._ids = ids
        if n is not None:
            self.check_length(n)

    def check_length(self, n: int) -> None:
        """Raise ValueError where there is not one id for each of `n` rows."""
        if len(self._ids) != n:
            raise ValueError(f"there are {len(self._ids)} ids for {n} rows")

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._ids[rows]

    def rows_of(self, wanted: list[Any]) -> dict[str, int]:
        texts = {str(one) for one in wanted}
        found: dict[str, int] = {}
        for row, one in enumerate(self._ids.tolist()):
            text = str(one)
            if text not in texts:
                continue
            if text in found:
                raise ValueError(
                    f"the id {text!r} stands at rows {found[text]} and {row}: an id that is listed must be of one row"
                )
            found[text] = row
        return found


def check_length(ids: Ids | None, n: int) -> None:
    """Raise ValueError where ids that are given are not one for each of `n` rows, which were not known before."""
    if isinstance(ids, _Given):
        ids.check_length(n)


def rows_by(ids: Ids | None, name: str, given: Any) -> Any:
    """The rows that `given` lists by their ids. Masks, selections, and rows where there are no ids, as they are.

    Raises ValueError for an id that no row has.
    """
    if ids is None or given is None or hasattr(given, "centers"):
        return given
    listed = _listed(sorted(given, key=str) if isinstance(given, (set, frozenset)) else given)
    if listed.dtype.kind == "b":
        return given
    if listed.ndim != 1:
        raise ValueError(f"{name} has {listed.ndim} dimensions; it is a list of ids or a mask over the pool")
    wanted = listed.tolist()
    rows = ids.rows_of(wanted)
    missing = [one for one in wanted if str(one) not in rows]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(f"{name}: no row of the pool has the id {missing[0]!r}{more}")
    return np.array([rows[str(one)] for one in wanted], dtype=np.int64)


def _listed(given: Any) -> np.ndarray:
    """As an array; ids of several kinds beside each other stay what they are."""
    if isinstance(given, (list, tuple)):
        return _array(given)
    if not hasattr(given, "__array__") and isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        return _array(list(given))
    return host(readable(given) if hasattr(given, "__dlpack__") and not isinstance(given, np.ndarray) else given)


def _array(ids: list[Any] | tuple[Any, ...]) -> np.ndarray:
    kinds = {type(one) for one in ids}
    if len(kinds) == 1 and kinds <= {int, bool}:
        try:
            return np.array(ids)
        except OverflowError:
            pass
    array = np.empty(len(ids), dtype=object)
    array[:] = ids
    return array


def places(pool: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The file of each row, and the row's number in it; None where the pool lies in none."""
    if not isinstance(pool, _native.Pool) or not pool.files:
        return None
    at = np.searchsorted(np.array(pool.first_rows), rows, side="right") - 1
    files = np.array([os.fspath(file) for file in pool.files], dtype=object)
    return files[at], rows - np.array(pool.first_rows)[at]


def named(ids: Ids | None, pool: Any, make: Callable[[], Any]) -> Any:
    """The selection that `make` gives, or that comes with what it raises, with the ids and the places of its picks."""
    if ids is None and not isinstance(pool, _native.Pool):
        return make()
    try:
        selection = make()
    except BaseException as raised:
        _name(getattr(raised, "selection", None), ids, pool)
        raise
    _name(selection, ids, pool)
    return selection


def _name(selection: Any, ids: Ids | None, pool: Any) -> None:
    if selection is not None:
        rows = host(selection.centers)
        if ids is not None:
            selection.ids = ids.of_rows(rows)
        selection._places = places(pool, rows)
