"""The adapter for google/active-learning, whose code no registry has: beside its definition, and beside what it gets wrong."""

import numpy as np
import pytest
from farthest_first import clouds, farthest_first, gaussian, nearest_distances
from hypothesis import given
from hypothesis import strategies as st

from farpoint.adapters.google import kCenterGreedy


class Halves:
    """A model whose features are the first half of each row."""

    def transform(self, X):
        return X[:, : X.shape[1] // 2].copy()


def reference(points, selected, budget):
    """``budget`` new rows after ``selected``, as a farthest-first order that goes on from them; row 0 after none."""
    rows = list(selected)
    if not rows:
        return farthest_first(points, budget, 0)
    for _ in range(budget):
        nearest = nearest_distances(points, points[rows])
        nearest[rows] = -1.0
        rows.append(int(nearest.argmax()))
    return rows[len(selected) :]


@given(points=clouds(), data=st.data())
def test_every_round_goes_on_from_what_is_selected(points, data):
    sampler = kCenterGreedy(points, None, 0)
    selected = []
    while len(selected) < len(points):
        budget = data.draw(st.integers(1, len(points) - len(selected)))
        batch = sampler.select_batch(model=None, already_selected=list(selected), N=budget)
        assert batch == reference(points, selected, budget)
        assert all(type(row) is int for row in batch)
        assert sampler.already_selected == selected
        selected += batch
        expected = nearest_distances(points, points[selected])
        np.testing.assert_allclose(sampler.min_distances, expected.reshape(-1, 1), rtol=1e-12)


def test_features_are_the_models_where_it_has_a_transform():
    points = gaussian(30, 4)
    sampler = kCenterGreedy(points, None, 0)
    assert sampler.select_batch_(Halves(), [3, 1], 5) == reference(points[:, :2], [3, 1], 5)
    np.testing.assert_array_equal(sampler.features, points[:, :2])
    assert sampler.select_batch_(object(), [3, 1], 5) == reference(points, [3, 1], 5)
    assert sampler.features is sampler.flat_X


def test_what_theirs_keeps_is_kept():
    points, classes = gaussian(6, 2), np.zeros(6)
    sampler = kCenterGreedy(points, classes, 7)
    assert sampler.X is points and sampler.y is classes and sampler.n_obs == 6
    assert (sampler.name, sampler.metric, sampler.min_distances) == ("kcenter", "euclidean", None)
    assert sampler.already_selected == [] and sampler.to_dict() is None


def test_rows_are_taken_in_any_order_more_than_once_and_as_an_array():
    points = gaussian(30, 4)
    sampler = kCenterGreedy(points, None, 0)
    expected = reference(points, [3, 1], 4)
    assert sampler.select_batch(model=None, already_selected=np.array([1, 3, 3, 1]), N=4) == expected


def test_cosine_distances_are_scikit_learns():
    pairwise_distances = pytest.importorskip("sklearn.metrics").pairwise_distances
    points = gaussian(40, 5)
    sampler = kCenterGreedy(points, None, 0, metric="cosine")
    batch = sampler.select_batch(model=None, already_selected=[4], N=6)
    distances = pairwise_distances(points.astype(np.float64), metric="cosine")
    rows = [4]
    for _ in range(6):
        rows.append(int(distances[:, rows].min(axis=1).argmax()))
    assert batch == rows[1:]
    expected = distances[:, rows].min(axis=1)
    np.testing.assert_allclose(sampler.min_distances[:, 0], expected, atol=1e-6)
    sampler.update_distances([4, *batch], only_new=False, reset_dist=True)
    np.testing.assert_allclose(sampler.min_distances[:, 0], expected, atol=1e-6)


def test_update_distances_takes_in_new_centers_all_or_only_these():
    points = gaussian(20, 3)
    sampler = kCenterGreedy(points, None, 0)

    def expect(*centers):
        expected = nearest_distances(points, points[list(centers)]).reshape(-1, 1)
        np.testing.assert_allclose(sampler.min_distances, expected, rtol=1e-12)

    sampler.update_distances([5])
    expect(5)
    sampler.update_distances([7, 5])
    expect(5, 7)
    sampler.already_selected = [9]
    sampler.update_distances([9])
    expect(5, 7)
    sampler.update_distances([9], only_new=False)
    expect(5, 7, 9)
    sampler.update_distances([2], reset_dist=True)
    expect(2)
    sampler.update_distances([], reset_dist=True)
    assert sampler.min_distances is None


def test_no_new_row_is_no_error(capsys):
    points = gaussian(20, 3)
    sampler = kCenterGreedy(points, None, 0)
    assert sampler.select_batch(model=None, already_selected=[2], N=0) == []
    np.testing.assert_allclose(sampler.min_distances[:, 0], nearest_distances(points, points[[2]]), rtol=1e-12)
    assert sampler.select_batch(model=None, already_selected=range(20), N=0) == []
    assert not sampler.min_distances.any() and sampler.min_distances.shape == (20, 1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_whole_numbers_of_any_width(dtype):
    points = np.random.default_rng(0).integers(0, 2 if dtype is bool else 200, (30, 3)).astype(dtype)
    sampler = kCenterGreedy(points, None, 0)
    assert sampler.select_batch(model=None, already_selected=[], N=8) == farthest_first(points, 8, 0)


def test_what_cannot_be_selected():
    sampler = kCenterGreedy(gaussian(5, 2), None, 0)
    with pytest.raises(ValueError, match="exceeds"):
        sampler.select_batch(model=None, already_selected=[0, 1], N=4)
    with pytest.raises(IndexError):
        sampler.select_batch(model=None, already_selected=[5], N=1)
    with pytest.raises(ValueError, match="'manhattan' is not supported"):
        kCenterGreedy(gaussian(5, 2), None, 0, metric="manhattan")


def test_difference_it_prints_under_every_numpy_and_takes_images(capsys):
    # Theirs formats max(min_distances), an array of one number, which NumPy 2.4 refuses, and flattens with np.product, gone since 2.
    images = gaussian(20, 12).reshape(20, 2, 3, 2)
    sampler = kCenterGreedy(images, None, 0)
    batch = sampler.select_batch(model=None, already_selected=[0], N=3)
    flat = images.reshape(20, 12)
    assert batch == reference(flat, [0], 3)
    radius = nearest_distances(flat, flat[[0, *batch]]).max()
    assert capsys.readouterr().out == f"Maximum distance from cluster centers is {radius:.2f}\n"


def test_difference_the_start_without_a_selection_is_row_0_by_design():
    # Theirs has a random start that cannot be reached, so it starts from row 0 as well, whatever the seed.
    points = gaussian(20, 3)
    for seed in range(3):
        np.random.seed(seed)
        assert kCenterGreedy(points, None, seed).select_batch(model=None, already_selected=[], N=1) == [0]


def test_difference_a_new_list_each_round_without_a_transform():
    # Theirs then widens min_distances to one column a center, and indexes rows by a place in that table.
    points = gaussian(50, 4)
    sampler = kCenterGreedy(points, None, 0)
    selected = [6]
    for _ in range(4):
        selected = selected + sampler.select_batch(model=None, already_selected=list(selected), N=5)
        assert sampler.min_distances.shape == (50, 1)
    assert selected == [6, *reference(points, [6], 20)]


def test_difference_duplicates_are_never_picked_twice():
    # Theirs returned [8, 0, 0, 0, 0, 0] for a pool like this.
    points = np.zeros((10, 2), dtype=np.float32)
    points[8] = 3.0
    batch = kCenterGreedy(points, None, 0).select_batch(model=None, already_selected=[1], N=6)
    assert batch == [8, 0, 2, 3, 4, 5]


def test_difference_an_error_of_the_model_is_not_hidden():
    class Broken:
        def transform(self, X):
            raise RuntimeError("not fitted")

    with pytest.raises(RuntimeError, match="not fitted"):
        kCenterGreedy(gaussian(5, 2), None, 0).select_batch(model=Broken(), already_selected=[], N=1)


def test_difference_min_distances_follow_from_the_arguments_alone():
    # Without a transform theirs goes on from every earlier call, also where the next call names other rows.
    points = gaussian(30, 3)
    sampler = kCenterGreedy(points, None, 0)
    sampler.select_batch(model=None, already_selected=[], N=10)
    assert sampler.select_batch(model=None, already_selected=[2], N=5) == reference(points, [2], 5)


@pytest.mark.filterwarnings("error")
def test_features_of_float64_are_not_rounded():
    points = 5e6 + np.random.default_rng(0).standard_normal((20, 3)) / 10
    batch = kCenterGreedy(points, None, 0).select_batch(model=None, already_selected=[], N=4)
    assert batch == farthest_first(points, 4, 0) != farthest_first(points.astype(np.float32), 4, 0)
