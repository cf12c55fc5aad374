"""scikit-activeml's strategies by our names, and ours in its loops."""

import numpy as np
import pytest

pytest.importorskip("skactiveml")

from skactiveml import pool  # noqa: E402
from skactiveml.classifier import SklearnClassifier  # noqa: E402
from skactiveml.utils import call_func  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

import farpoint  # noqa: E402
from farpoint.learning import STRATEGIES, strategy  # noqa: E402
from farpoint.learning._scikit_activeml import Ported  # noqa: E402

X = np.random.default_rng(0).standard_normal((80, 3))
TRUTH = (X[:, 0] > 0).astype(float)


def start():
    y = np.full(80, np.nan)
    y[:6] = TRUTH[:6]
    return y


@pytest.mark.parametrize("name", ["badge", "typiclust", "probcover", "maxherding", "skactiveml.pool.Falcun"])
def test_theirs_run_here(name):
    p = np.tile([0.3, 0.7], (80, 1))
    chosen = strategy(name, random_state=3)
    given = {"probabilities": p} if "probabilities" in chosen.inputs else {}
    rows = chosen.query(X, start(), batch_size=7, **given)
    assert rows.dtype == np.int64 and len(set(rows.tolist())) == 7 and rows.min() >= 6
    assert chosen.query(X, start(), batch_size=7, **given).tolist() == rows.tolist()


def test_theirs_answer_what_they_answer_alone():
    ours = strategy("maxherding").query(X, start(), batch_size=5)
    theirs = pool.MaxHerding(random_state=0).query(X, start(), batch_size=5)
    assert ours.tolist() == list(theirs)


def test_theirs_choose_from_candidates_that_are_drawn():
    chosen = strategy("typiclust", candidates=20)
    rows = chosen.query(X, start(), batch_size=10)
    assert len(set(rows.tolist())) == 10 and chosen.details_ == {"candidates": 20}
    with pytest.raises(ValueError, match="a budget of 21 is more than the 20 candidates"):
        chosen.query(X, start(), batch_size=21)


def test_badge_goes_by_gradients():
    # Gradients are 0 where the model is sure, so BADGE's k-means++ takes the unsure rows first.
    p = np.tile([1.0, 0.0], (80, 1))
    p[[20, 40, 60]] = [0.5, 0.5]
    assert set(strategy("badge").query(X, start(), batch_size=3, probabilities=p).tolist()) == {20, 40, 60}


def test_names_of_theirs():
    for name in ("Nothing", "utils", "k_greedy_center", "QueryByCommittee"):
        with pytest.raises(
            ValueError, match=f"scikit-activeml has no query strategy '{name}' that asks for .*: RandomSampling, "
        ) as told:
            strategy(f"skactiveml.pool.{name}")
        listed = str(told.value).split(": ")[1].split(", ")
        assert "Badge" in listed and not {"utils", "k_greedy_center", "DropQuery", "QueryByCommittee"} & set(listed)
    with pytest.raises(ValueError, match="DropQuery asks the classifier for rows of its own"):
        strategy("skactiveml.pool.DropQuery")


@pytest.mark.parametrize("known", [{}, {3: 0}, {3: 0, 4: 0}])
def test_cold_starts(known):
    y = np.full(80, np.nan)
    y[list(known)] = list(known.values())
    for name in ("probcover", "typiclust", "maxherding"):
        assert len(set(strategy(name).query(X, y, batch_size=3).tolist())) == 3


@pytest.mark.parametrize("name", ["random", "max-entropy", "margin", "k-center", "uncertain-k-center", "quota-k-center", "ceal"])
def test_ours_run_in_their_loop(name):
    y, clf = start(), SklearnClassifier(LogisticRegression(), classes=[0, 1])
    chosen = strategy(name)
    for _ in range(3):
        rows = call_func(chosen.query, X=X, y=y, clf=clf, batch_size=4, discriminator=None)
        assert np.isnan(y[rows]).all() and len(set(rows.tolist())) == 4
        y[rows] = TRUTH[rows]
    assert np.isfinite(y).sum() == 18


def test_ours_ask_a_classifier_for_what_they_need():
    y, clf = start(), SklearnClassifier(LogisticRegression(), classes=[0, 1]).fit(X, start())
    rows, utilities = strategy("margin").query(X, y, clf, batch_size=2, return_utilities=True)
    p = np.sort(clf.predict_proba(X), axis=1)
    assert rows[0] == 6 + np.argmin((p[:, 1] - p[:, 0])[6:])
    assert utilities.shape == (2, 80) and np.isnan(utilities[:, :6]).all()
    theirs = pool.UncertaintySampling(method="margin_sampling").query(X, y, clf, batch_size=2)
    assert sorted(rows.tolist()) == sorted(theirs)


def test_ours_as_one_of_theirs():
    wrapped = pool.SubSamplingWrapper(Ported(strategy("k-center")), max_candidates=30, random_state=0)
    rows = wrapped.query(X, start(), batch_size=3)
    assert len(set(list(rows))) == 3
    plain = Ported(strategy("k-center")).query(X, start(), batch_size=3)
    assert plain.tolist() == farpoint.select(X, 3, labeled=range(6)).centers.tolist()


def test_every_name_is_tried_here_or_beside():
    assert {"badge", "typiclust", "probcover", "maxherding"} <= set(STRATEGIES)
