"""Budgets as shares and texts, and when to stop."""

import numpy as np
import pytest

import farpoint


@pytest.mark.parametrize(
    "budget, rows",
    [
        (0.1, 30),
        ("10%", 30),
        ("12.5%", 37),
        (0.125, 37),
        ("0.1%", 1),
        (0.001, 1),
        ("30", 30),
        ("3e1", 30),
        (np.float64(0.29), 87),
    ],
)
def test_budgets_are_numbers_texts_or_shares(pool, budget, rows):
    assert len(pool) == 300
    expected = farpoint.select(pool, rows)
    assert np.array_equal(farpoint.select(pool, budget).centers, expected.centers)
    assert farpoint.plan(pool, budget).budget == rows


def test_a_robust_selection_takes_them(pool):
    found = farpoint.robust(pool[:60], "10%", time_limit=5)
    assert len(found) == len(farpoint.robust(pool[:60], 0.1, time_limit=5)) == 6


@pytest.mark.parametrize(
    "budget, error, message",
    [
        (1.0, TypeError, "budget is a whole number, not a float"),
        (0.0, TypeError, "budget is a whole number, not a float"),
        (-0.1, TypeError, "budget is a whole number, not a float"),
        (float("nan"), TypeError, "budget is a whole number, not a float"),
        ("ten", ValueError, "a budget is a number of rows, as 1000, 1e3 or 1,000, or a share of the pool's, as 10%"),
        ("0", ValueError, "budget 0 selects nothing"),
        ("101%", ValueError, "a share of the pool's, as 10%"),
        ("", ValueError, "a share of the pool's, as 10%"),
    ],
)
def test_what_is_no_budget(pool, budget, error, message):
    with pytest.raises(error, match=message):
        farpoint.select(pool, budget)


def test_a_share_of_rows_that_nobody_counted():
    from farpoint import _terms

    with pytest.raises(ValueError, match="budget '10%' is a share of the rows, and how many there are in all is not known here"):
        _terms.budget("10%", None)
    assert _terms.budget("1e3", None) == 1000


def test_stop_by_similarity(pool):
    found = farpoint.select(pool, metric="cosine", stop_similarity=0.8)
    assert np.array_equal(found.centers, farpoint.select(pool, metric="cosine", stop_radius=0.4**0.5).centers)
    unit = pool / np.linalg.norm(pool, axis=1, keepdims=True)
    similarities = (unit @ unit[found.centers].T).max(axis=1)
    assert similarities.min() >= 0.8 - 1e-6 and len(found) > 1
    # One pick fewer leaves a row less alike.
    assert (unit @ unit[found.centers[:-1]].T).max(axis=1).min() < 0.8


@pytest.mark.parametrize(
    "options, message",
    [
        ({"stop_similarity": 0.9}, "stop_similarity is of metric='cosine' alone"),
        ({"stop_similarity": 0.9, "stop_radius": 1, "metric": "cosine"}, "both say when to stop"),
        ({"stop_similarity": 1.1, "metric": "cosine"}, "stop_similarity 1.1 is no cosine similarity"),
        ({"stop_similarity": float("nan"), "metric": "cosine"}, "no cosine similarity"),
    ],
)
def test_similarities_that_say_nothing(pool, options, message):
    with pytest.raises(ValueError, match=message):
        farpoint.select(pool, **options)


@pytest.mark.parametrize("first", ["farthest-from-mean", "farthest-pair", "loneliest"])
def test_first_centers_that_are_searched_for(pool, first):
    far = np.linalg.norm(pool[:, None].astype(np.float64) - pool[None].astype(np.float64), axis=2)
    expected = {
        "farthest-from-mean": np.linalg.norm(pool - pool.mean(axis=0, dtype=np.float64), axis=1).argmax(),
        "farthest-pair": far.max(axis=1).argmax(),
        "loneliest": (far + np.diag([np.inf] * len(pool))).min(axis=1).argmax(),
    }[first]
    found = farpoint.select(pool, 20, first=first)
    assert found.centers[0] == expected
    assert np.array_equal(found.centers, farpoint.select(pool, 20, first=int(expected)).centers)
    assert farpoint.verify(pool, found)
