"""Pools on disk."""

from __future__ import annotations

import os
from typing import Literal

from farpoint import _native, _terms
from farpoint._warnings import warn


def open(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    columns: str | None = None,
    dtype: Literal["f64", "f32", "f16", "bf16", "u8", "i8"] | None = None,
    format: str | None = None,
    skip_bad: bool | Literal["euclidean", "cosine"] = False,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
) -> _native.Pool:
    """The pool in `path`: a file, a folder of files, or a pattern such as ``shards/*.npy``.

    In object stores, too, ``s3://bucket/shards/*.npy`` (``gs://``, ``az://``), or one file of a web server, ``https://host/pool.npy``:
    credentials come from the environment variables that other tools read, of S3 also from a profile in ``~/.aws`` (``AWS_PROFILE``), and
    the values are fetched here, once. A string, not a `pathlib.Path`, which takes ``//`` for ``/``.

    Formats, by extension: .npy, .npz, .safetensors, .pt (.pth), .parquet (.pq, .parq), .arrow (.feather, .ipc, .arrows), .h5 (.hdf5, .h5ad,
    .hdf), .zarr (a folder, or a .zip of one), .fbin, .f16bin, .u8bin, .i8bin, .fvecs, .bvecs, .csv (.tsv), .jsonl (.ndjson), .vec (.w2v);
    `format` is one of these without the point, or ``"word2vec"``, where the name does not tell. `name` is the tensor, array, dataset (by its
    path), column, field or key to take where the file holds several, in structs and objects with points between, ``"data.embedding"``. `columns` is a pattern of the columns of a table that has one a dimension, ``"f*"``, or several with commas
    between. `dtype` says what raw values are, bytes or 2-byte values of no type, and what text is read as. What has to be
    converted (Fortran order, big-endian) is converted once, with a warning.

    The pool is in memory where it fits with what a selection takes; else its rows stay in their files, with a warning, and are read
    when they are needed. `memory` is what the process may hold, in bytes or as ``"4GB"``; what the machine and control groups leave
    limits it in any case. `scratch` is a folder for rows that must be fetched, decoded or converted and do not fit into memory: without
    it such a pool is refused. Values are checked when they are read: O(n d), one read.

    `skip_bad` leaves out rows that hold NaN, infinity or nothing in the place of raising, with a warning that counts them: null, a list
    without values, an empty cell; for ``"cosine"`` also rows of zeros. They keep their numbers, `Pool.skipped` has them, and they are
    neither chosen nor counted, as excluded rows are: their distances are NaN. One more read.

    The file must not be changed while the pool is in use: a call that reads it then raises OSError.

    Raises OSError (FileNotFoundError, PermissionError, TimeoutError) if a file cannot be read, ValueError if it is damaged, of another
    type or shape, holds a value that is not finite, or needs more memory than is allowed.
    """
    pool = _native.open(path, name, None if memory is None else str(memory), scratch, columns, dtype, format, _metric(skip_bad))
    for notice in pool.notices:
        warn(notice)
    return pool


def _metric(skip_bad: bool | str) -> str | None:
    if isinstance(skip_bad, str):
        return _terms.name("skip_bad", skip_bad)
    return "euclidean" if skip_bad else None


def reopened(
    paths: list[str],
    rows: tuple[int, int] | None,
    name: str | None,
    memory: str | None,
    scratch: str | None,
    meant: list[str | None],
    skip_bad: str | None,
    was: tuple[tuple[int, int], str],
) -> _native.Pool:
    """A pickled pool: its files are opened again, and it is in `paths` as it was. `rows` are those of a part, from the first to before the last.

    Raises ValueError where they now hold a pool of another shape or type.
    """
    columns, dtype, format = meant
    opened = (
        _native.open(paths[0], name, memory, scratch, columns, dtype, format, skip_bad)
        if rows is None
        else _native.open_part(paths, *rows, name, memory, scratch, columns, dtype, format)
    )
    if (opened.shape, opened.dtype) != was:
        raise ValueError(
            f"{opened.path} holds a pool of {opened.shape} {opened.dtype} values, and held one of {was[0]} {was[1]} values when it was pickled"
        )
    return opened
