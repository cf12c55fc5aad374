"""`farpoint.adapters.modal.coreset_sampling` in modAL's own learners."""

import inspect
from functools import partial

import numpy as np
import pytest

modal = pytest.importorskip("modAL.models")

import sklearn  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils import check_X_y  # noqa: E402

import farpoint  # noqa: E402
from farpoint.adapters.modal import coreset_sampling  # noqa: E402

# modAL 0.4.2.1 says `force_all_finite` to scikit-learn, which calls it `ensure_all_finite` alone since 1.8.
TEACH_RAISES = "force_all_finite" not in inspect.signature(check_X_y).parameters


@pytest.fixture
def problem():
    X = np.random.default_rng(0).standard_normal((120, 6)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def start(X, y, count=8, query_strategy=coreset_sampling, estimator=None):
    learner = modal.ActiveLearner(
        estimator or LogisticRegression(), query_strategy=query_strategy, X_training=X[:count], y_training=y[:count]
    )
    return learner, X[count:], y[count:]


@pytest.mark.parametrize("batch", [1, 2, 5])  # modAL takes a lone array of two apart
def test_a_whole_loop_of_learners_made_anew(problem, batch):
    X, y = problem
    known, left = list(range(8)), np.arange(8, 120)
    for _ in range(5):
        learner = modal.ActiveLearner(
            LogisticRegression(), query_strategy=coreset_sampling, X_training=X[known], y_training=y[known]
        )
        rows, instances = learner.query(X[left], n_instances=batch)
        np.testing.assert_array_equal(instances, X[left[rows]])
        np.testing.assert_array_equal(left[rows], farpoint.select(X, batch, labeled=known).centers)
        known += left[rows].tolist()
        left = np.delete(left, rows)
    assert len(set(known)) == 8 + 5 * batch
    assert learner.score(X[left], y[left]) > 0.7


@pytest.mark.skipif(TEACH_RAISES, reason=f"modAL's own teach raises with scikit-learn {sklearn.__version__}")
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_whole_loop_by_teach(problem, batch):
    X, y = problem
    learner, pool, answers = start(X, y)
    known, left = list(range(8)), np.arange(8, 120)
    for _ in range(5):
        rows, _ = learner.query(pool, n_instances=batch)
        np.testing.assert_array_equal(left[rows], farpoint.select(X, batch, labeled=known).centers)
        learner.teach(pool[rows], answers[rows])
        known += left[rows].tolist()
        pool, answers, left = (np.delete(array, rows, axis=0) for array in (pool, answers, left))
    assert len(learner.X_training) == 8 + 5 * batch


@pytest.mark.skipif(not TEACH_RAISES, reason=f"modAL's teach works with scikit-learn {sklearn.__version__}")
def test_their_teach_raises_whatever_the_strategy(problem):
    X, y = problem
    learner = modal.ActiveLearner(LogisticRegression(), X_training=X[:8], y_training=y[:8])
    rows, _ = learner.query(X[8:])
    with pytest.raises(TypeError, match="force_all_finite"):
        learner.teach(X[8:][rows], y[8:][rows])


def test_the_metric_is_the_distance_each_row_had(problem):
    X, y = problem
    learner, pool, _ = start(X, y)
    rows, _, distances = learner.query(pool, n_instances=4, return_metrics=True)
    for position, row in enumerate(rows):
        before = np.concatenate([X[:8], pool[rows[:position]]]).astype(float)
        assert distances[position] == pytest.approx(np.linalg.norm(before - pool[row], axis=1).min(), rel=1e-12)
    assert (np.diff(distances) <= 0).all()


def test_no_training_data_starts_as_select_does(problem):
    X, _ = problem
    learner = modal.ActiveLearner(LogisticRegression(), query_strategy=coreset_sampling)
    rows, distances = coreset_sampling(learner, X, 3)
    assert rows.tolist() == farpoint.select(X, 3).centers.tolist()
    assert np.isinf(distances[0]) and np.isfinite(distances[1:]).all()
    assert learner.query(X, n_instances=3, first=17)[0][0] == 17


def test_options_go_to_select(problem):
    X, y = problem
    learner, pool, _ = start(X, y, query_strategy=partial(coreset_sampling, metric="cosine"))
    uncertainty = np.linspace(0, 1, len(pool), dtype=np.float32)
    rows, _ = learner.query(pool, n_instances=6, weights=uncertainty)
    expected = farpoint.select(pool, 6, labeled_vectors=X[:8], metric="cosine", weights=uncertainty)
    assert rows.tolist() == expected.centers.tolist()


def test_distances_are_between_transformed_samples_if_the_learner_says_so(problem):
    X, y = problem
    X = X * [1, 1, 1, 1, 1, 100]
    learner, pool, _ = start(X, y, estimator=make_pipeline(StandardScaler(), LogisticRegression()))
    plain, _ = learner.query(pool, n_instances=6)
    learner.on_transformed = True
    transformed, _ = learner.query(pool, n_instances=6)
    scaled = learner.transform_without_estimating(X).astype(np.float32)
    assert transformed.tolist() == farpoint.select(scaled[8:], 6, labeled_vectors=scaled[:8]).centers.tolist()
    assert transformed.tolist() != plain.tolist()


def test_a_committee_knows_what_its_learners_know(problem):
    X, y = problem
    learners = [modal.ActiveLearner(LogisticRegression(), X_training=X[a : a + 6], y_training=y[a : a + 6]) for a in (0, 6)]
    committee = modal.Committee(learners, query_strategy=coreset_sampling)
    rows, _ = committee.query(X[12:], n_instances=5)
    assert rows.tolist() == (farpoint.select(X, 5, labeled=range(12)).centers - 12).tolist()


def test_training_data_may_be_given(problem):
    X, _ = problem

    class Forgetful:
        """As modAL's DeepActiveLearner, which keeps no training data."""

    rows, _ = coreset_sampling(Forgetful(), X[8:], 5, X_training=X[:8])
    assert rows.tolist() == (farpoint.select(X, 5, labeled=range(8)).centers - 8).tolist()
    with pytest.raises(ValueError, match="Forgetful does not keep"):
        coreset_sampling(Forgetful(), X[8:], 5)


def test_kinds_of_input(problem):
    pandas = pytest.importorskip("pandas")
    X, y = problem
    learner, pool, _ = start(X, y)
    expected = learner.query(pool, n_instances=4)[0].tolist()
    for samples in (pool.tolist(), pandas.DataFrame(pool), csr_matrix(pool), pool.astype(np.float64), pool.reshape(-1, 2, 3)):
        assert coreset_sampling(learner, samples, 4)[0].tolist() == expected
    assert learner.query(pandas.DataFrame(pool), n_instances=4)[1].shape == (4, 6)


def test_errors_pass_through_modal(problem):
    X, y = problem
    learner, pool, _ = start(X, y)
    with pytest.raises(ValueError, match="113"):
        learner.query(pool, n_instances=113)
    with pytest.raises(ValueError):
        learner.query(np.full((5, 6), np.nan))
    with pytest.raises(ValueError):
        learner.query(pool[:, :5])
