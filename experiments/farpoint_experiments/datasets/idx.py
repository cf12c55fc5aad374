"""MNIST's format: four files of arrays with an idx header, gzipped or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from .dataset import DataSet, existing

_UNSIGNED_BYTES = 8  # The type code of uint8, the only one that MNIST and its kin use.


def read_idx(path: Path) -> np.ndarray:
    """The array of one file, or of `path` with .gz after it."""
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTES:
        raise ValueError(f"{path}: not an idx file of bytes")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{path}: ends inside its header")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{path}: {len(content) - start} bytes where its header has {shape}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    packed = path.with_name(path.name + ".gz")
    if path.exists() or not packed.exists():
        return path.read_bytes()
    try:
        return gzip.decompress(packed.read_bytes())
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{packed}: {error}") from error


def load_mnist_files(name: str, folder: Path, classes: tuple[str, ...], advice: str) -> DataSet:
    """The four files of MNIST or a set published in its form; images are (n, 1, 28, 28)."""
    pool, labels = _read_part(folder, "train", advice)
    test, test_labels = _read_part(folder, "t10k", advice)
    return DataSet(name, pool, labels, test, test_labels, classes)


def _read_part(folder: Path, part: str, advice: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = folder / f"{part}-images-idx3-ubyte", folder / f"{part}-labels-idx1-ubyte"
    for path in (images, labels):
        if not path.with_name(path.name + ".gz").exists():
            existing(path, advice)
    return read_idx(images)[:, None], read_idx(labels).astype(np.int64)
