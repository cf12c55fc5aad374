"""Tables of the R package mlbench (Debian's r-cran-mlbench): features and a factor of classes in an .rda file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .dataset import DataSet, existing, standardized


def load_table(name: str, folder: Path, table: str, label: str, pool_rows: int, rows: int) -> DataSet:
    """The first `pool_rows` rows are the pool, the others test; columns are standardized by the pool."""
    import pyreadr

    path = existing(folder / f"{table}.rda", f"run experiments/fetch-data, or put mlbench's {table}.rda into {folder}")
    try:
        frame = pyreadr.read_r(path)[table]
    except (pyreadr.PyreadrError, pyreadr.LibrdataError, KeyError) as error:
        raise ValueError(f"{path}: not mlbench's table {table}: {error}") from error
    if len(frame) != rows:
        raise ValueError(f"{path}: {len(frame)} rows, not the {rows} of {table}")
    classes = tuple(map(str, frame[label].cat.categories))
    labels = frame[label].cat.codes.to_numpy(np.int64)
    features = frame.drop(columns=label).to_numpy(np.float64)
    pool, test = standardized(features[:pool_rows], features[pool_rows:])
    return DataSet(name, pool, labels[:pool_rows], test, labels[pool_rows:], classes)
