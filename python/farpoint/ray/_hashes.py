"""Hashes of ids: equal ids have equal ones, on every node."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

#: Bytes of a hash.
HASH = 8
#: An odd number, by which whole numbers are spread over all hashes: no two come to one.
SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)
#: Arrow types of which Python's values are str, and bytes.
TEXTS = ("string", "large_string", "string_view")
BYTES = ("binary", "large_binary", "fixed_size_binary", "binary_view")


def plain(ids: Any) -> Any:
    """An Arrow column whose values stand in it themselves."""
    from pyarrow import types

    return ids.cast(ids.type.value_type) if types.is_dictionary(ids.type) else ids


def kind_of(kind: Any) -> str:
    """What ids of an Arrow type are compared as. Raises TypeError for what is no id."""
    from pyarrow import types

    if types.is_nested(kind) or types.is_null(kind):
        raise TypeError(f"ids of the type {kind} tell no rows apart: they are numbers, texts, bytes or times")
    if types.is_integer(kind):
        return "whole numbers"
    if types.is_floating(kind):
        return "numbers"
    if _name(kind) in TEXTS:
        return "texts"
    return "bytes" if _name(kind) in BYTES else str(kind)


def hashes(ids: Any) -> np.ndarray:
    """Of a plain column without nulls, by its type alone."""
    kind = kind_of(ids.type)
    chunks = [_whole(chunk) if kind == "whole numbers" else _others(chunk, kind) for chunk in ids.chunks]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _whole(array: Any) -> np.ndarray:
    values = array.to_numpy(zero_copy_only=False)
    return values.astype(np.uint64 if values.dtype.kind == "u" else np.int64).view(np.uint64) * SPREAD


def _others(array: Any, kind: str) -> np.ndarray:
    # 0.0 and -0.0 are equal.
    as_bytes: dict[str, Callable[[Any], bytes]] = {
        "texts": str.encode,
        "bytes": bytes,
        "numbers": lambda value: repr(value + 0.0).encode(),
    }
    said = as_bytes.get(kind, lambda value: repr(value).encode())
    return np.fromiter((_hash(said(value)) for value in array.to_pylist()), np.uint64, len(array))


def _hash(value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=HASH).digest(), "little")


def _name(kind: Any) -> str:
    return str(kind).partition("[")[0]
