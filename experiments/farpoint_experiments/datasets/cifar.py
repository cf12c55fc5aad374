"""The python version of CIFAR: pickles of (n, 3072) bytes and lists of labels, read without running code in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .dataset import existing

# What a pickled array refers to, under the names of old and new NumPy. Nothing else may be looked up.
_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"refers to {module}.{name}, which no CIFAR file does")
        return _ADMITTED[module, name]


def read_pickle(path: Path, advice: str) -> dict[bytes, Any]:
    """The dictionary of one official file."""
    with existing(path, advice).open("rb") as file:
        try:
            content = _Unpickler(file, encoding="bytes").load()
        except Exception as error:  # A damaged pickle raises nearly anything.
            raise ValueError(f"{path}: {error or type(error).__name__}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds a {type(content).__name__}, not the dictionary of a CIFAR file")
    return content


def read_rows(path: Path, labels: bytes, advice: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) and the labels under the key `labels`."""
    content = read_pickle(path, advice)
    images, values = content.get(b"data"), content.get(labels)
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != 3072:
        raise ValueError(f"{path}: its data is not (n, 3072) bytes")
    if not isinstance(values, list) or len(values) != len(images):
        raise ValueError(f"{path}: no list {labels.decode()} of {len(images)} labels")
    return images.reshape(-1, 3, 32, 32), np.array(values, dtype=np.int64)


def read_names(path: Path, key: bytes, advice: str) -> tuple[str, ...]:
    names = read_pickle(path, advice).get(key)
    if not isinstance(names, list):
        raise ValueError(f"{path}: no list {key.decode()}")
    return tuple(name.decode() for name in names)


def unpacked(folder: Path, inner: str) -> tuple[Path, str]:
    """`folder`, or the folder that the official archive makes in it; and what to tell who has neither."""
    advice = f"download the python version of CIFAR, {inner}, from its official page and unpack it in {folder}"
    return (folder / inner if (folder / inner).exists() else folder), advice
