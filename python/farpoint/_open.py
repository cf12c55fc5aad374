"""Pools on disk."""

from __future__ import annotations

import os

from farpoint import _native
from farpoint._warnings import warn


def open(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
) -> _native.Pool:
    """The pool in `path`: a file, a folder of files, or a pattern such as ``shards/*.npy``.

    Formats, by extension: .npy, .npz, .safetensors, .parquet, .arrow (.feather, .ipc), .fbin, .u8bin, .i8bin, .fvecs, .bvecs.
    `name` is the tensor, array or column to take where the file holds several. What has to be converted (Fortran order, big-endian)
    is converted once, with a warning.

    The pool is in memory where it fits with what a selection takes; else its rows stay in their files, with a warning, and are read
    when they are needed. `memory` is what the process may hold, in bytes or as ``"4GB"``; what the machine and control groups leave
    limits it in any case. `scratch` is a folder for rows that must be decoded or converted and do not fit into memory: without it
    such a pool is refused. Values are checked when they are read: O(n d), one read.

    The file must not be changed while the pool is in use: a call that reads it then raises OSError.

    Raises OSError (FileNotFoundError) if a file cannot be read, ValueError if it is damaged, of another type or shape, holds a value
    that is not finite, or needs more memory than is allowed.
    """
    pool = _native.open(path, name, None if memory is None else str(memory), scratch)
    for notice in pool.notices:
        warn(notice)
    return pool
