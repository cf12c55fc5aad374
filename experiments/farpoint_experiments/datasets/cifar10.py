"""CIFAR-10: 50,000 and 10,000 colour images of 32 x 32, ten classes; the official cifar-10-python.tar.gz, unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .cifar import read_names, read_rows, unpacked
from .dataset import DataSet


def load(folder: Path) -> DataSet:
    folder, advice = unpacked(folder, "cifar-10-batches-py")
    parts = [read_rows(folder / f"data_batch_{part}", b"labels", advice) for part in range(1, 6)]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts))
    test, test_labels = read_rows(folder / "test_batch", b"labels", advice)
    return DataSet("cifar10", images, labels, test, test_labels, read_names(folder / "batches.meta", b"label_names", advice))
