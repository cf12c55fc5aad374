"""`farpoint.adapters.scikit_activeml.CoreSet` beside the real `skactiveml.pool.CoreSet`."""

import tracemalloc

import numpy as np
import pytest

pytest.importorskip("skactiveml")

from skactiveml.pool import CoreSet as Theirs  # noqa: E402
from sklearn.base import clone  # noqa: E402

import farpoint  # noqa: E402
from farpoint.adapters.scikit_activeml import CoreSet as Ours  # noqa: E402

MISSING = np.nan


def samples(n=120, d=5, seed=0):
    """No two distances among these are equal; values are f32's, so both see the same."""
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32).astype(np.float64)


def labels(n, rows):
    y = np.full(n, MISSING)
    y[list(rows)] = 1
    return y


def assert_equal(ours, theirs):
    """The same rows and the same utilities but for rounding, NaN in the same places."""
    assert ours[0].tolist() == theirs[0].tolist()
    assert ours[1].shape == theirs[1].shape
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("labeled", [[7], [3, 50, 119], []], ids=["one", "three", "none"])
@pytest.mark.parametrize(
    "candidates",
    [None, [80, 4, 9, 9, 31, 100, 64, 5], samples(40, seed=1)],
    ids=["unlabeled", "rows", "samples"],
)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_same_rows_and_utilities(labeled, candidates, metric):
    X, y = samples(), labels(120, labeled)
    answers = [
        strategy(metric=metric, random_state=3).query(X, y, candidates, batch_size=6, return_utilities=True)
        for strategy in (Ours, Theirs)
    ]
    assert_equal(*answers)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_row_of_all_is_their_draw(seed):
    X, y = samples(), labels(120, [])
    assert Ours(random_state=seed).query(X, y) == Theirs(random_state=seed).query(X, y)


def test_a_whole_loop_queries_the_same_rows():
    X, y = samples(), labels(120, [])
    ours, theirs = Ours(random_state=0), Theirs(random_state=0)
    for _ in range(8):
        rows = ours.query(X, y, batch_size=5)
        assert rows.tolist() == theirs.query(X, y, batch_size=5).tolist()
        assert np.isnan(y[rows]).all()
        y[rows] = 0
    assert np.isfinite(y).sum() == 40


def test_utilities_only_on_request_and_of_the_rows_chosen():
    X, y = samples(), labels(120, [0])
    rows = Ours().query(X, y, batch_size=4)
    assert rows.shape == (4,) and rows.dtype == np.int64
    also, utilities = Ours().query(X, y, batch_size=4, return_utilities=True)
    assert also.tolist() == rows.tolist() and utilities.shape == (4, 120)
    assert np.nanargmax(utilities, axis=1).tolist() == rows.tolist()
    assert np.isnan(utilities[:, 0]).all() and np.isnan(utilities[3]).sum() == 4


def test_other_labels():
    X = samples(30)
    y = np.array(["", "cat"] + [""] * 28)
    assert Ours(missing_label="").query(X, y, batch_size=5).tolist() == (
        farpoint.select(X.astype(np.float32), 5, labeled=[1]).centers.tolist()
    )
    y = np.full(30, None, dtype=object)
    y[4] = "dog"
    ours = Ours(missing_label=None).query(X, y, batch_size=5)
    assert ours.tolist() == Theirs(missing_label=None).query(X, y, batch_size=5).tolist()


def test_ties_go_to_the_lowest_row_where_theirs_draws():
    X = np.array([[0.0], [4.0], [-4.0], [4.0], [-4.0]])
    y = labels(5, [0])
    assert {tuple(Ours(random_state=seed).query(X, y, batch_size=4)) for seed in range(8)} == {(1, 2, 3, 4)}
    assert len({Theirs(random_state=seed).query(X, y)[0] for seed in range(8)}) > 1


def test_duplicates_keep_distance_zero_where_theirs_forgets_the_labeled():
    X = np.array([[0.0], [3.0], [0.0], [3.0], [0.0], [3.0]])
    y = labels(6, [0, 1])
    rows, utilities = Ours().query(X, y, batch_size=4, return_utilities=True)
    assert rows.tolist() == [2, 3, 4, 5] and np.nanmax(utilities) == 0
    _, theirs = Theirs(random_state=0).query(X, y, batch_size=4, return_utilities=True)
    assert np.nanmax(theirs) == 3


def test_labeled_candidates_are_never_queried():
    X, y = samples(), labels(120, [2, 5])
    with pytest.warns(UserWarning, match="lowered to the 2 candidates"):
        rows, utilities = Ours().query(X, y, [2, 5, 9, 11], batch_size=4, return_utilities=True)
    assert sorted(rows) == [9, 11] and utilities.shape == (2, 120)
    with pytest.warns(RuntimeWarning):
        theirs = Theirs(random_state=0).query(X, y, [2, 5, 9, 11], batch_size=4)
    assert theirs.tolist()[2:] == [0, 0]  # no candidate at all
    X[9] = X[2]
    assert Ours().query(X, y, [2, 9]).tolist() == [9]


@pytest.mark.parametrize("return_utilities", [False, True])
def test_nothing_left_is_an_empty_batch_as_theirs(return_utilities):
    X, y = samples(10), labels(10, range(10))
    for strategy in (Ours(), Theirs()):
        with pytest.warns(UserWarning, match="batch_size"):
            answer = strategy.query(X, y, batch_size=3, return_utilities=return_utilities)
        rows, *utilities = answer if return_utilities else (answer,)
        assert rows.shape == (0,) and all(array.shape == (0, 10) for array in utilities)


def test_images_are_flattened():
    X, y = samples(30, 12), labels(30, [0])
    assert Ours().query(X.reshape(30, 3, 4), y, batch_size=5).tolist() == Ours().query(X, y, batch_size=5).tolist()


def test_memory_does_not_grow_with_the_batch():
    X, y = samples(20_000, 4), labels(20_000, [0])

    def peak(strategy):
        tracemalloc.start()
        strategy.query(X, y, batch_size=100)
        bytes_held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return bytes_held

    assert peak(Theirs(random_state=0)) > 100 * 20_000 * 8
    assert peak(Ours()) < 4_000_000


def test_its_parameters_are_theirs_in_their_order():
    assert clone(Ours("cosine", None, -1, 3)).get_params() == {
        **Theirs("cosine", None, -1, 3).get_params(),
        "device": "auto",
    }


def test_bad_input():
    X, y = samples(10), labels(10, [0])
    for strategy in (Ours(metric="manhattan"), Ours(metric=lambda a, b: 0), Ours(metric_dict={"p": 1})):
        with pytest.raises(ValueError, match="skactiveml.pool.CoreSet takes others"):
            strategy.query(X, y)
    with pytest.raises(ValueError):
        Ours().query(np.full((10, 2), np.inf), y)
    with pytest.raises(ValueError):
        Ours().query(X, y[:9])
    with pytest.raises(ValueError):
        Ours().query(X, y, candidates=[10])
    with pytest.raises(ValueError):
        Ours().query(X, y, candidates=np.zeros((3, 7)))
    with pytest.raises(RuntimeError):
        Ours(device="cuda:99").query(X, y)
