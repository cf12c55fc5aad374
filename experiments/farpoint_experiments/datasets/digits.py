"""scikit-learn's digits: 1,797 grey images of 8 x 8 that come with it, for smoke tests; 1,297 pool, 500 test."""

from __future__ import annotations

import numpy as np

from .dataset import DataSet, hold_out

_TEST, _SPLIT_SEED = 500, 0  # The split is part of the data set: fixed, whatever a run's seed.


def load(folder: None = None) -> DataSet:
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Values 0 to 16 are spread over a byte: 0 to 240.
    images = (digits.images * 15).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    pool, test = hold_out(len(images), _TEST, _SPLIT_SEED)
    return DataSet("digits", images[pool], labels[pool], images[test], labels[test], tuple("0123456789"))
