"""Fashion-MNIST: 60,000 and 10,000 grey images of 28 x 28, ten classes; Debian's package dataset-fashion-mnist."""

from __future__ import annotations

from pathlib import Path

from .dataset import DATA, DataSet
from .idx import load_mnist_files

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # Where the package puts them when it is installed.


def load(folder: Path) -> DataSet:
    if folder == DATA / "fashion_mnist" and not folder.exists() and _DEBIAN.exists():
        folder = _DEBIAN
    advice = "run experiments/fetch-data, or apt-get install dataset-fashion-mnist"
    return load_mnist_files("fashion_mnist", folder, CLASSES, advice)
