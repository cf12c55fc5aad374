"""One's own features: an (n, d) .npy file, and labels in a .npy file or one a line in .csv or .txt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import DataSet, check_finite, existing, hold_out_by_class

_ADVICE = "the data set files wants [data] folder, features and labels (test_features and test_labels, or hold_out)"


def load(
    folder: Path,
    features: str = "features.npy",
    labels: str = "labels.npy",
    test_features: str | None = None,
    test_labels: str | None = None,
    hold_out: float = 0.2,
    seed: int = 0,
) -> DataSet:
    """Paths are relative to `folder`. Without test files, `hold_out` of each class, drawn by `seed`, is test."""
    if (test_features is None) != (test_labels is None):
        raise ValueError("files: test_features and test_labels are given both or neither")
    rows, names = _read_pair(folder / features, folder / labels)
    if test_features is not None and test_labels is not None:
        test, test_names = _read_pair(folder / test_features, folder / test_labels)
    else:
        kept, held = hold_out_by_class(names, hold_out, seed)
        (rows, test), (names, test_names) = (rows[kept], rows[held]), (names[kept], names[held])
    classes, numbers = np.unique(np.concatenate([names, test_names]), return_inverse=True)
    numbers = numbers.astype(np.int64)
    return DataSet("files", rows, numbers[: len(rows)], test, numbers[len(rows) :], tuple(map(str, classes)))


def _read_pair(features: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    rows, names = _read_npy(features), _read_labels(labels)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ValueError(f"{features}: {rows.dtype} {rows.shape}, not (n, d) numbers")
    if 0 in rows.shape:
        raise ValueError(f"{features}: {rows.shape} is no row, or rows of no feature")
    if len(rows) != len(names):
        raise ValueError(f"{features} has {len(rows)} rows, {labels} {len(names)} labels (a line a label, no header)")
    check_finite(str(features), rows)
    return np.ascontiguousarray(rows, dtype=np.float32), names


def _read_labels(path: Path) -> np.ndarray:
    """Labels as integers if all of them are written as Python writes integers, else as text: 01 and 1 are two classes."""
    if path.suffix == ".npy":
        labels = _read_npy(path)
        if labels.ndim != 1 or labels.dtype.kind not in "iuUb":
            raise ValueError(f"{path}: {labels.dtype} {labels.shape}, not (n,) integers or text")
        return labels
    lines = [line.strip() for line in _text(path).splitlines()]
    if "" in lines:
        raise ValueError(f"{path}: line {lines.index('') + 1} has no label")
    return np.array(lines, np.int64) if all(map(_is_integer, lines)) else np.array(lines)


def _text(path: Path) -> str:
    """Without the mark that some programs put before UTF-8."""
    try:
        return existing(path, _ADVICE).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: {error}") from error


def _is_integer(line: str) -> bool:
    try:
        return str(np.int64(line)) == line
    except (ValueError, OverflowError):
        return False


def _read_npy(path: Path) -> np.ndarray:
    try:
        array = np.load(existing(path, _ADVICE))
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: an archive, as .npz files are, not the one array of an .npy file")
    return array
