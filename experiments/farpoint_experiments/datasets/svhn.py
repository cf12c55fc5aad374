"""SVHN: 73,257 and 26,032 colour images of house numbers, 32 x 32, ten digits; the official cropped .mat files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import DataSet, existing


def load(folder: Path) -> DataSet:
    pool, test = (_read(folder / f"{part}_32x32.mat", folder) for part in ("train", "test"))
    return DataSet("svhn", *pool, *test, tuple("0123456789"))


def _read(path: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    from scipy.io import loadmat

    existing(path, f"download {path.name} (cropped digits) from SVHN's official page into {folder}")
    try:
        content = loadmat(path)
        images, labels = content["X"], content["y"].ravel().astype(np.int64)
    except Exception as error:  # A damaged file raises nearly anything.
        raise ValueError(f"{path}: not a file of SVHN's cropped digits: {error or type(error).__name__}") from error
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3) or images.dtype != np.uint8:
        raise ValueError(f"{path}: X is {images.dtype} {images.shape}, not (32, 32, 3, n) bytes")
    # X is (h, w, c, n). Label 10 means the digit 0.
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels % 10
