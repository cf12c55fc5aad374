"""`farpoint.sklearn.KCenter`: scikit-learn's own checks, what it fits, and PyPI's k-center beside it."""

import doctest
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import farpoint  # noqa: E402
from farpoint.sklearn import KCenter  # noqa: E402

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "a weight scales a row's distance; it is not how often the row is there",
}


@parametrize_with_checks(
    [KCenter(n_clusters=3), KCenter(n_clusters=3, init="random", n_jobs=1)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture
def rows():
    """Small integers: distances are exact and ties plentiful."""
    return np.random.default_rng(0).integers(-8, 9, (80, 3)).astype(np.float32)


def greedy(rows, first, count):
    """The oracle: centers, and the radius after each."""
    centers, radii = [first], []
    nearest = np.full(len(rows), np.inf)
    while True:
        nearest = np.minimum(nearest, np.linalg.norm(rows.astype(float) - rows[centers[-1]], axis=1))
        radii.append(nearest.max())
        if len(centers) == count:
            return centers, radii
        centers.append(int(np.argmax(np.where(np.isin(np.arange(len(rows)), centers), -1, nearest))))


def test_fits_what_greedy_gives(rows):
    fitted = KCenter(n_clusters=12).fit(rows)
    centers, radii = greedy(rows, 0, 12)
    distances = np.linalg.norm(rows[:, None].astype(float) - rows[centers], axis=2)
    assert fitted.center_indices_.tolist() == centers
    np.testing.assert_array_equal(fitted.cluster_centers_, rows[centers])
    np.testing.assert_array_equal(fitted.labels_, distances.argmin(axis=1))
    np.testing.assert_array_equal(fitted.coverage_curve_, radii)
    own = distances[np.arange(80), fitted.labels_]
    assert fitted.radii_.tolist() == [own[fitted.labels_ == cluster].max() for cluster in range(12)]
    assert fitted.radius_ == fitted.objective_radius_ == fitted.radii_.max() == radii[-1]
    assert (fitted.center_indices_.dtype, fitted.labels_.dtype) == (np.int64, np.int64)
    assert fitted.n_features_in_ == 3


def test_fewer_clusters_are_a_prefix(rows):
    many, few = (KCenter(n_clusters=count).fit(rows) for count in (20, 6))
    np.testing.assert_array_equal(many.center_indices_[:6], few.center_indices_)
    np.testing.assert_array_equal(many.coverage_curve_[:6], few.coverage_curve_)


def test_predicts_its_labels_and_new_rows(rows):
    fitted = KCenter(n_clusters=12).fit(rows)
    np.testing.assert_array_equal(fitted.predict(rows), fitted.labels_)
    np.testing.assert_array_equal(KCenter(n_clusters=12).fit_predict(rows), fitted.labels_)
    between = (rows[fitted.center_indices_[3]] + rows[fitted.center_indices_[7]]) / 2
    other = KCenter(n_clusters=2, init=[1, 0]).fit([[0.0], [2.0]])
    assert other.predict([[1.0], [0.5], [9.0]]).tolist() == [0, 1, 0]  # equally near: the first center
    assert fitted.predict([between]).shape == (1,)


def test_transform_is_the_distance_to_each_center(rows):
    fitted = KCenter(n_clusters=5).fit(rows)
    distances = fitted.transform(rows)
    assert distances.shape == (80, 5)
    np.testing.assert_array_equal(distances.argmin(axis=1), fitted.labels_)
    np.testing.assert_allclose(distances[:, 2], np.linalg.norm(rows - fitted.cluster_centers_[2], axis=1), rtol=1e-6)
    np.testing.assert_array_equal(KCenter(n_clusters=5).fit_transform(rows), distances)
    assert fitted.get_feature_names_out().tolist() == [f"kcenter{position}" for position in range(5)]


def test_cosine_distances_are_chords(rows):
    rows = rows[np.abs(rows).sum(axis=1) > 0]
    fitted = KCenter(n_clusters=5, metric="cosine").fit(rows)
    assert fitted.center_indices_.tolist() == farpoint.select(rows, 5, metric="cosine").centers.tolist()
    distances = fitted.transform(rows)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit[fitted.center_indices_].T
    np.testing.assert_allclose(distances**2 / 2, 1 - cosines, atol=1e-6)
    np.testing.assert_allclose(distances.min(axis=1).max(), fitted.radius_, rtol=1e-12)
    np.testing.assert_array_equal(KCenter(n_clusters=5, metric="cosine").fit(4 * rows).labels_, fitted.labels_)
    with pytest.raises(ValueError, match="zero"):
        fitted.transform([[0.0, 0.0, 0.0]])
    with pytest.raises(ValueError):
        fitted.predict([[0.0, 0.0, 0.0]])


def test_duplicates_give_distinct_rows_and_empty_clusters():
    fitted = KCenter(n_clusters=4).fit([[1.0], [5.0], [1.0], [5.0], [1.0]])
    assert fitted.center_indices_.tolist() == [0, 1, 2, 3]
    assert fitted.labels_.tolist() == fitted.predict([[1.0], [5.0], [1.0], [5.0], [1.0]]).tolist() == [0, 1, 0, 1, 0]
    assert fitted.radii_.tolist() == [0, 0, 0, 0]


def test_as_many_clusters_as_rows(rows):
    fitted = KCenter(n_clusters=80).fit(rows)
    assert sorted(fitted.center_indices_) == list(range(80)) and fitted.radius_ == 0


@pytest.mark.parametrize("init", [17, np.int64(17), np.array(17)])
def test_init_by_a_row(rows, init):
    assert KCenter(n_clusters=6, init=init).fit(rows).center_indices_.tolist() == greedy(rows, 17, 6)[0]


def test_init_by_rules(rows):
    mean = np.linalg.norm(rows - rows.mean(axis=0, dtype=float), axis=1).argmin()
    assert KCenter(n_clusters=2, init="mean").fit(rows).center_indices_[0] == mean
    weights = np.ones(80)
    weights[33] = 1.5
    assert KCenter(n_clusters=2, init="heaviest").fit(rows, sample_weight=weights).center_indices_[0] == 33


def test_init_by_several_rows(rows):
    fitted = KCenter(n_clusters=5, init=[40, 3]).fit(rows)
    selection = farpoint.select(rows, 3, labeled=[40, 3])
    assert fitted.center_indices_.tolist() == [40, 3, *selection.centers]
    assert np.isnan(fitted.coverage_curve_[0])
    assert fitted.coverage_curve_[1:].tolist() == [selection.initial_radius, *selection.radii]
    np.testing.assert_array_equal(fitted.predict(rows), fitted.labels_)


def test_init_by_all_the_rows(rows):
    fitted = KCenter(n_clusters=2, init=[40, 3]).fit(rows)
    assert fitted.center_indices_.tolist() == [40, 3]
    assert fitted.coverage_curve_[1] == fitted.radius_ == farpoint.select(rows, 1, labeled=[40, 3]).initial_radius
    everything = KCenter(n_clusters=80, init=np.arange(80)[::-1]).fit(rows)
    assert everything.center_indices_[0] == 79 and everything.radius_ == 0


def test_random_starts_follow_random_state(rows):
    def starts(state):
        return [KCenter(n_clusters=1, init="random", random_state=s).fit(rows).center_indices_[0] for s in state]

    assert starts(range(12)) == starts(range(12))
    assert len(set(starts(range(12)))) > 4
    one = np.random.RandomState(3)
    assert len(set(starts([one] * 8))) > 1  # a RandomState moves on


def test_weights_scale_distances(rows):
    weights = np.random.default_rng(1).integers(0, 4, 80)
    fitted = KCenter(n_clusters=7).fit(rows, sample_weight=weights)
    selection = farpoint.select(rows, 7, weights=weights.astype(np.float32))
    assert fitted.center_indices_.tolist() == selection.centers.tolist()
    assert fitted.coverage_curve_.tolist() == selection.radii.tolist()
    assert fitted.radius_ == selection.radius
    assert not np.array_equal(fitted.center_indices_, KCenter(n_clusters=7).fit(rows).center_indices_)
    np.testing.assert_array_equal(KCenter(n_clusters=7).fit_predict(rows, sample_weight=weights), fitted.labels_)


def test_threads_do_not_show(rows):
    fits = [KCenter(n_clusters=9, n_jobs=jobs).fit(rows) for jobs in (None, 1, 2, -1)]
    for fitted in fits[1:]:
        np.testing.assert_array_equal(fitted.labels_, fits[0].labels_)
        np.testing.assert_array_equal(fitted.radii_, fits[0].radii_)


def test_in_a_pipeline(rows):
    labels = make_pipeline(StandardScaler(), KCenter(n_clusters=4)).fit_predict(rows)
    assert sorted(set(labels)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_clusters": 0}, ValueError, "n_clusters=0"),
        ({"n_clusters": 81}, ValueError, "n_samples=80"),
        ({"metric": "manhattan"}, ValueError, "manhattan"),
        ({"init": "k-means++"}, ValueError, "k-means"),
        ({"init": 80}, IndexError, "80"),
        ({"init": 1.5}, TypeError, "1.5"),
        ({"init": [[0, 1]]}, TypeError, "init"),
        ({"init": [True, False]}, TypeError, "init"),
        ({"init": [3, 3]}, ValueError, "twice"),
        ({"init": [0, 99]}, IndexError, "99"),
        ({"init": list(range(9))}, ValueError, "9 centers"),
        ({"n_clusters": 2, "init": [3, 3]}, ValueError, "twice"),
        ({"n_clusters": 2, "init": [0, 99]}, IndexError, "80"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_bad_options(rows, options, error, message):
    with pytest.raises(error, match=message):
        KCenter(**options).fit(rows)


@pytest.mark.parametrize("weights", [np.ones(79), -np.ones(80), np.full(80, np.nan), np.zeros(80)])
def test_bad_weights(rows, weights):
    with pytest.raises(ValueError, match="sample_weight"):
        KCenter(n_clusters=2).fit(rows, sample_weight=weights)


def test_the_docstrings_example():
    results = doctest.testmod(sys.modules["farpoint.sklearn"])
    assert results.attempted == 3 and results.failed == 0


def test_beside_pypis_k_center():
    """From their random start: the same centers, radii and labels (the rows have no ties)."""
    k_center = pytest.importorskip("k_center")
    rows = np.random.default_rng(2).standard_normal((300, 6)).astype(np.float32)
    theirs = k_center.KCenter(n_clusters=25, random_state=7).fit(rows)
    ours = KCenter(n_clusters=25, init=theirs.center_indices_[0]).fit(rows)
    np.testing.assert_array_equal(ours.center_indices_, theirs.center_indices_)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.radii_, theirs.cluster_radii_, rtol=1e-12)
    assert ours.objective_radius_ == pytest.approx(theirs.objective_radius_, rel=1e-12)
    np.testing.assert_array_equal(ours.predict(rows + 1), theirs.predict(rows + 1))
