"""One's own images: a folder with one sub-folder a class, or train/ and test/ with these in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import DataSet, existing, hold_out_by_class

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


def load(folder: Path, size: int = 32, grey: bool = False, hold_out: float = 0.2, seed: int = 0) -> DataSet:
    """Images are resized to `size` x `size`, three channels, or one if `grey`; the rows are in the order of their paths.
    What has a name that begins with a dot, as caches and thumbnails do, is no image.

    Without train/ and test/, `hold_out` of each class, drawn by `seed`, is test.
    """
    existing(folder, "the data set images wants [data] folder, with one sub-folder a class")
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        pool, test = _paths(folder / "train"), _paths(folder / "test")
    else:
        paths = _paths(folder)
        kept, held = hold_out_by_class(np.array([path.parent.name for path in paths]), hold_out, seed)
        pool, test = [paths[row] for row in kept], [paths[row] for row in held]
    classes = sorted({path.parent.name for path in pool + test})
    labels, test_labels = (np.array([classes.index(path.parent.name) for path in part], dtype=np.int64) for part in (pool, test))
    return DataSet("images", _read(pool, size, grey), labels, _read(test, size, grey), test_labels, tuple(classes))


def _paths(folder: Path) -> list[Path]:
    found = (path for path in folder.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    paths = sorted(path for path in found if not path.name.startswith(".") and not path.parent.name.startswith("."))
    if not paths:
        raise FileNotFoundError(f"{folder} has no images: it wants one sub-folder a class, with {', '.join(sorted(_SUFFIXES))}")
    return paths


def _read(paths: list[Path], size: int, grey: bool) -> np.ndarray:
    from PIL import Image

    images = np.empty((len(paths), 1 if grey else 3, size, size), dtype=np.uint8)
    for row, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("L" if grey else "RGB").resize((size, size), Image.Resampling.BILINEAR))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(f"{path}: {error}") from error
        images[row] = pixels[None] if grey else pixels.transpose(2, 0, 1)
    return images
