"""Coverage of any rows and what it bounds, against NumPy; the page of a selection."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import farpoint

POOL = np.random.default_rng(5).integers(-9, 10, (80, 5)).astype(np.float32)
CONSTANTS = {"loss_lipschitz": 0.5, "regression_lipschitz": 0.25, "loss_bound": 2.0, "classes": 10, "gamma": 0.05}


def distances(pool, centers):
    """Every row's distance to the nearest of some vectors, the least first."""
    pairs = np.linalg.norm(pool[:, None].astype(np.float64) - np.asarray(centers, np.float64)[None], axis=2)
    return np.sort(pairs.min(axis=1))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8])
def test_distances_are_those_of_plain_loops(dtype):
    pool, centers = POOL.astype(dtype), [7, 70, 3]
    covered = farpoint.coverage(pool, centers)
    assert covered.distances.tolist() == distances(POOL, POOL[centers]).tolist()
    assert len(covered) == 80 and covered.radius == covered.distances[-1]
    mask = np.isin(np.arange(80), centers)
    assert farpoint.coverage(pool, mask).distances.tolist() == covered.distances.tolist()


def test_labeled_excluded_and_outside_centers():
    outside = np.float32([[30, 0, 0, 0, 0], [0, 30, 0, 0, 0]])
    covered = farpoint.coverage(POOL, [1], labeled=[4], labeled_vectors=outside, exclude=[8, 9])
    counted = np.delete(POOL, [8, 9], axis=0)
    assert covered.distances.tolist() == distances(counted, [POOL[1], POOL[4], *outside]).tolist()
    chords = POOL / np.linalg.norm(POOL, axis=1, keepdims=True)
    cosine = farpoint.coverage(POOL, [1], metric="cosine")
    assert np.allclose(cosine.distances, distances(chords, chords[[1]]), atol=1e-6)


def test_a_selections_coverage_is_its_radius(tmp_path):
    picks = farpoint.select(POOL, 9, return_distances=True)
    covered = farpoint.coverage(POOL, picks.centers)
    assert covered.radius == picks.radius and covered.distances.tolist() == np.sort(picks.min_distance).tolist()
    np.save(tmp_path / "pool.npy", POOL)
    with_file = farpoint.coverage(farpoint.open(tmp_path / "pool.npy"), picks.centers)
    assert with_file.distances.tolist() == covered.distances.tolist()


def test_shares_of_the_rows():
    line = np.arange(101, dtype=np.float32)[:, None]
    covered = farpoint.coverage(line, [0])
    for percent in range(1, 101):
        assert covered.within(percent / 100) == math.ceil(101 * percent / 100) - 1, percent
    assert covered.within(0) == 0 and covered.within(1 / 3) == 33
    hundred = farpoint.coverage(line[:100], [0])
    assert [hundred.within(share) for share in (0.29, 0.57, 0.58)] == [28, 56, 57]  # in floats, 0.29 is more than 29 of 100
    assert [covered.uncovered(radius) for radius in (-1, 0, 99.5, 100)] == [101, 100, 1, 0]
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="a share is a number from 0 to 1"):
            covered.within(share)
    assert repr(covered) == "Coverage(101 rows, half within 50, all within 100)"


def test_the_bound_is_theorem_1():
    told = farpoint.bound(radius=0.1, rows=50_000, uncovered=5, **CONSTANTS)
    assert told.covering_term == pytest.approx(49_995 / 50_000 * 0.1 * (0.5 + 0.25 * 2 * 10))
    assert told.uncovered_term == pytest.approx(5 / 50_000 * 2)
    assert told.hoeffding_term == pytest.approx(math.sqrt(4 * math.log(1 / 0.05) / 100_000))
    assert told.total == sum(told[2:5]) and not told.vacuous
    covered = farpoint.coverage(POOL, [7, 70, 3])
    assert covered.bound(**CONSTANTS) == farpoint.bound(radius=covered.radius, rows=80, **CONSTANTS)
    assert covered.bound(9.0, **CONSTANTS) == farpoint.bound(radius=9.0, rows=80, uncovered=covered.uncovered(9.0), **CONSTANTS)


def test_the_least_bound_is_over_all_radii():
    covered = farpoint.coverage(np.float32([[0], [0.3], [0.3], [0.5], [2], [9]]), [0])
    constants = {**CONSTANTS, "regression_lipschitz": 0.0}
    each = [covered.bound(radius, **constants) for radius in covered.distances.tolist()]
    least = covered.least_bound(**constants)
    assert least.total == min(one.total for one in each) and least in each
    assert covered.distances[0] < least.radius < covered.radius, "some rows are left out, and not all"
    nothing = {**constants, "loss_lipschitz": 0.0, "loss_bound": 0.0}
    assert covered.least_bound(**nothing).radius == covered.radius, "of equal bounds the one that covers most rows"


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"gamma": 1.0}, ValueError, "gamma 1 is not a probability between 0 and 1"),
        ({"gamma": float("nan")}, ValueError, "gamma"),
        ({"radius": -1.0}, ValueError, "radius -1"),
        ({"radius": None}, TypeError, "radius is a number, not None"),
        ({"loss_bound": "2"}, TypeError, "loss_bound is a number, not a str"),
        ({"loss_bound": None}, TypeError, "loss_bound is a number, not None"),
        ({"classes": 2.5}, TypeError, "classes is a whole number"),
        ({"classes": 0}, ValueError, "classes"),
        ({"uncovered": 81}, ValueError, "uncovered"),
    ],
)
def test_bounds_that_cannot_be(changed, error, message):
    with pytest.raises(error, match=message):
        farpoint.bound(**{"radius": 0.1, "rows": 80, **CONSTANTS, **changed})


@pytest.mark.parametrize(
    ("centers", "options", "error", "message"),
    [
        ([80], {}, IndexError, "80"),
        ([-1], {}, IndexError, "-1"),
        ([3, 3], {}, ValueError, "3 is given twice"),
        ([3], {"labeled": [3]}, ValueError, "labeled, excluded or left out"),
        ([], {}, ValueError, "there is no center"),
        (None, {}, TypeError, "centers are rows of the pool"),
        ([0.5], {}, TypeError, "rows are integers"),
        (np.zeros(79, bool), {}, ValueError, "79 entries for 80 rows"),
        ([0], {"metric": "manhattan"}, ValueError, "manhattan"),
    ],
)
def test_centers_that_cannot_be(centers, options, error, message):
    with pytest.raises(error, match=message):
        farpoint.coverage(POOL, centers, **options)


def test_the_page_of_a_selection(tmp_path):
    picks = farpoint.select(POOL, 9, labeled=[4], return_distances=True, return_assignment=True)
    path = tmp_path / "report.html"
    picks.report(path, POOL, name="eighty <rows>")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "9 of 80" in page and "eighty &lt;rows&gt;" in page
    assert 'src="http' not in page and "url(http" not in page
    pickle.loads(pickle.dumps(picks)).report(tmp_path / "again.html", POOL, name="eighty <rows>")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page
    with pytest.raises(OSError, match="none"):
        picks.report(tmp_path / "none" / "report.html", POOL)


def test_the_page_of_another_pool(tmp_path):
    for picks in (farpoint.select(POOL, 9), farpoint.select(POOL, 9, return_distances=True)):
        with pytest.raises(ValueError, match="another pool than this one of 20 rows"):
            picks.report(tmp_path / "report.html", POOL[:20])
    assert not (tmp_path / "report.html").exists()
