"""Pools on disk."""

from __future__ import annotations

import os

from farpoint import _native
from farpoint._warnings import warn


def open(path: str | os.PathLike[str], name: str | None = None) -> _native.Pool:
    """The pool in `path`: a file, a folder of files, or a pattern such as ``shards/*.npy``; in memory where it fits, else read when it is needed.

    Formats, by extension: .npy, .npz, .safetensors, .parquet, .arrow (.feather, .ipc), .fbin, .u8bin, .i8bin, .fvecs, .bvecs.
    `name` is the tensor, array or column to take where the file holds several. Values are checked once: O(n d), one read.
    What has to be converted (Fortran order, big-endian) is converted in memory, with a warning.

    The file must not be changed while the pool is in use.

    Raises OSError (FileNotFoundError) if a file cannot be read, ValueError if it is damaged, of another type or shape, or holds a
    value that is not finite.
    """
    pool = _native.open(path, name)
    for notice in pool.notices:
        warn(notice)
    return pool
