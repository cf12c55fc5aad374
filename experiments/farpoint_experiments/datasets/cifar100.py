"""CIFAR-100: 50,000 and 10,000 colour images of 32 x 32, 100 fine classes; cifar-100-python.tar.gz, unpacked."""

from __future__ import annotations

from pathlib import Path

from .cifar import read_names, read_rows, unpacked
from .dataset import DataSet


def load(folder: Path) -> DataSet:
    folder, advice = unpacked(folder, "cifar-100-python")
    pool = read_rows(folder / "train", b"fine_labels", advice)
    test = read_rows(folder / "test", b"fine_labels", advice)
    return DataSet("cifar100", *pool, *test, read_names(folder / "meta", b"fine_label_names", advice))
