"""small-text's `greedy_coreset` for comparison: where it departs from the true greedy, and that Farpoint does not.

What theirs does is pinned as version 1.4.1 does it; a version that is right would fail here, and be good news.
"""

import numpy as np
import pytest

pytest.importorskip("small_text")

from small_text.query_strategies.coresets import greedy_coreset  # noqa: E402

import farpoint  # noqa: E402


def greedy(x, labeled, count):
    """The oracle: the row farthest from all labeled and chosen, `count` times."""
    chosen = []
    for _ in range(count):
        centers = [*labeled, *chosen]
        nearest = np.linalg.norm(x[:, None].astype(float) - x[centers], axis=2).min(axis=1)
        nearest[centers] = -1
        chosen.append(int(nearest.argmax()))
    return chosen


def theirs(x, labeled, count, metric="euclidean"):
    """The rows that theirs chooses: it answers positions among the unlabeled, whatever its documentation says."""
    unlabeled = np.setdiff1d(np.arange(len(x)), labeled)
    positions = greedy_coreset(x, unlabeled, np.array(labeled), count, distance_metric=metric)
    return unlabeled[positions].tolist()


def pool(seed):
    return np.random.default_rng(seed).standard_normal((60, 4)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_they_agree_where_positions_are_rows(seed):
    """With the labeled rows last, a position among the unlabeled is a row."""
    x, labeled = pool(seed), [57, 58, 59]
    assert theirs(x, labeled, 12) == greedy(x, labeled, 12) == farpoint.select(x, 12, labeled=labeled).centers.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_positions_taken_for_rows_leave_the_greedy_order(seed):
    """With the labeled rows first, it measures from row p where it chose the p-th unlabeled row."""
    x, labeled = pool(seed), [0, 1, 2]
    expected = greedy(x, labeled, 12)
    assert farpoint.select(x, 12, labeled=labeled).centers.tolist() == expected
    departed = theirs(x, labeled, 12)
    assert departed[0] == expected[0] and departed != expected
    radius = np.linalg.norm(x[:, None] - x[[*labeled, *departed]], axis=2).min(axis=1).max()
    assert radius > farpoint.select(x, 12, labeled=labeled).radius


def test_cosine_takes_duplicates_of_the_labeled_first():
    """The similarity of (1, 1, 1) with itself rounds to more than 1; its arc cosine is NaN, which argmax takes for the largest."""
    x = np.array([[1, 0, 0], [1, 1, 1], [0, 1, 0], [1, 1, 1], [0, 0, -1], [1, 1, 1]], dtype=np.float64)
    labeled = [5]
    with np.errstate(invalid="ignore"):
        assert theirs(x, labeled, 2, "cosine") == [1, 3]
    ours = farpoint.select(x.astype(np.float32), 5, labeled=labeled, metric="cosine").centers.tolist()
    assert ours == [4, 0, 2, 1, 3]
