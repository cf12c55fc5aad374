"""What every loader returns, and the checks that every data set passes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# experiments/data: ignored by git, filled by experiments/fetch-data.
DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, eq=False)  # Equal to itself only: what is computed of a data set is kept by it.
class DataSet:
    """A pool with the labels that an oracle would give, and test rows, which no strategy sees."""

    name: str
    pool: np.ndarray  # (n, c, h, w) uint8 images, or (n, d) float32 features
    labels: np.ndarray  # (n,) int64, classes 0..len(classes)-1
    test: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for part, rows, labels in (("pool", self.pool, self.labels), ("test", self.test, self.test_labels)):
            _check_part(f"{self.name}: {part}", rows, labels, len(self.classes))
        if self.pool.shape[1:] != self.test.shape[1:]:
            raise ValueError(f"{self.name}: pool rows are {self.pool.shape[1:]}, test rows {self.test.shape[1:]}")
        self._check_classes()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row: (c, h, w) or (d,)."""
        return self.pool.shape[1:]

    def _check_classes(self) -> None:
        counts = np.bincount(self.labels, minlength=len(self.classes))
        missing = [self.classes[label] for label in np.flatnonzero(counts == 0)]
        if missing:
            raise ValueError(f"{self.name}: no row of the pool has class {', '.join(missing)}")
        single = [self.classes[label] for label in np.flatnonzero(counts == 1)]
        if single:
            warnings.warn(f"{self.name}: class {', '.join(single)} has one row in the pool", stacklevel=3)


def _check_part(part: str, rows: np.ndarray, labels: np.ndarray, classes: int) -> None:
    expected = np.uint8 if rows.ndim == 4 else np.float32
    if rows.ndim not in (2, 4) or rows.dtype != expected:
        raise ValueError(f"{part} is {rows.dtype} {rows.shape}; rows are (n, c, h, w) uint8 or (n, d) float32")
    if labels.shape != (len(rows),):
        raise ValueError(f"{part} has {len(rows)} rows and {len(labels)} labels")
    if not len(rows):
        raise ValueError(f"{part} has no rows")
    if labels.dtype != np.int64 or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"{part}: labels are int64 from 0 to {classes - 1}, not {labels.dtype} {labels.min()} to {labels.max()}")
    if rows.ndim == 2:
        check_finite(part, rows)


def check_finite(part: str, features: np.ndarray) -> None:
    """Rejects NaN and infinity, naming the first."""
    finite = np.isfinite(features)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(f"{part}: row {row}, column {column} is {features[row, column]}")


def existing(path: Path, advice: str) -> Path:
    """`path`, or FileNotFoundError with a line that says how to come by it."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: {advice}")
    return path


def standardized(pool: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float32 with the pool's mean 0 and deviation 1 in every column; a constant column becomes 0."""
    mean, deviation = pool.mean(axis=0, dtype=np.float64), pool.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1
    return tuple(((part - mean) / deviation).astype(np.float32) for part in (pool, test))


def hold_out(n: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the pool and rows held out as test, each ascending: the same for one seed on every machine."""
    held = np.zeros(n, dtype=bool)
    held[np.random.default_rng(seed).permutation(n)[:count]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def hold_out_by_class(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As `hold_out`, of each class apart, rounded down: a class of one row keeps it in the pool."""
    if not 0 < fraction < 1:
        raise ValueError(f"hold_out is {fraction}; it is above 0 and below 1")
    parts = []
    for index, name in enumerate(np.unique(labels)):
        rows = np.flatnonzero(labels == name)
        parts.append([rows[part] for part in hold_out(len(rows), int(len(rows) * fraction), seed + index)])
    kept, held = (np.sort(np.concatenate(rows)) for rows in zip(*parts))
    if not len(held):
        raise ValueError(f"no class has rows enough for a hold_out of {fraction}")
    return kept, held
