"""The adapter for scikit-matter, beside the real package."""

import numpy as np
import pytest

selection = pytest.importorskip("skmatter.sample_selection")

from farthest_first import clouds, farthest_first, gaussian, nearest_distances  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402

from farpoint.adapters.skmatter import FPS  # noqa: E402

LINE = np.array([[0.0, 0], [3, 4], [0, 0], [3, 4], [6, 8], [1, 0]])


@given(points=clouds(rows=st.integers(2, 12)), data=st.data())
def test_the_order_is_farthest_first(points, data):
    budget, start = data.draw(st.integers(1, len(points))), data.draw(st.integers(0, len(points) - 1))
    selector = FPS(n_to_select=budget, initialize=start).fit(points)
    rows = selector.selected_idx_
    assert rows.tolist() == farthest_first(points, budget, start) and rows.dtype == np.int64
    expected = [nearest_distances(points[[row]], points[rows[:place]])[0] for place, row in enumerate(rows) if place]
    np.testing.assert_allclose(selector.get_select_distance(), [np.inf, *np.square(expected)], rtol=1e-12)
    np.testing.assert_allclose(selector.get_distance(), nearest_distances(points, points[rows]) ** 2, rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_to_select": 40},
        {"n_to_select": 0.29},
        {"n_to_select": 25, "initialize": 17},
        {"n_to_select": 25, "initialize": [17, 3, 99]},
        {"n_to_select": 25, "initialize": np.array([17, 3])},
        {"n_to_select": 25, "initialize": "random", "random_state": 4},
        {"n_to_select": 25, "full": True},
    ],
)
def test_what_theirs_selects(options):
    X, y = gaussian(150, 6).astype(np.float64), np.arange(150.0)
    theirs, ours = selection.FPS(**options).fit(X, y), FPS(**options).fit(X, y)
    for name in ("selected_idx_", "n_selected_", "X_selected_", "y_selected_", "support_", "n_features_in_"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_allclose(ours.get_select_distance(), theirs.get_select_distance(), rtol=1e-9)
    for arguments in ({}, {"indices": True}, {"indices": True, "ordered": True}):
        np.testing.assert_array_equal(ours.get_support(**arguments), theirs.get_support(**arguments))


def test_a_warm_start_goes_on():
    X = gaussian(150, 6).astype(np.float64)
    theirs, ours = selection.FPS(n_to_select=10).fit(X), FPS(n_to_select=10).fit(X)
    for selector in (theirs, ours):
        selector.n_to_select = 30
        selector.fit(X, warm_start=True)
    assert ours.selected_idx_.tolist() == theirs.selected_idx_.tolist() == FPS(n_to_select=30).fit(X).selected_idx_.tolist()
    np.testing.assert_allclose(ours.get_select_distance(), theirs.get_select_distance(), rtol=1e-9)


def test_features_are_samples_of_the_transposed():
    from skmatter.feature_selection import FPS as FeatureFPS

    X = gaussian(40, 30).astype(np.float64)
    assert FPS(n_to_select=12).fit(X.T).selected_idx_.tolist() == FeatureFPS(n_to_select=12).fit(X).selected_idx_.tolist()


@pytest.mark.parametrize(("threshold", "kind", "kept"), [(25, "absolute", 3), (25.1, "absolute", 2), (0.25, "relative", 3)])
def test_difference_a_threshold_costs_theirs_a_pick(threshold, kind, kept):
    # Scores of the second pick and on: 100, 25, 1, 0, 0. Theirs counts three, and cuts its list of rows to two.
    options = {"n_to_select": 6, "score_threshold": threshold, "score_threshold_type": kind}
    with pytest.warns(UserWarning):
        theirs = selection.FPS(**options).fit(LINE)
    with pytest.warns(UserWarning, match=f"ended the selection after {kept} of 6 samples"):
        ours = FPS(**options).fit(LINE)
    assert ours.selected_idx_.tolist() == [0, 4, 1][:kept]
    assert theirs.n_selected_ == kept and len(theirs.selected_idx_) == kept - 1


def test_a_threshold_that_is_not_reached_warns_of_nothing(recwarn):
    assert len(FPS(n_to_select=4, score_threshold=1.0).fit(LINE).selected_idx_) == 4
    assert len(FPS(n_to_select=3, score_threshold=2.9999999).fit([[0.0, 0, 0], [1, 1, 1], [5, 0, 0]]).selected_idx_) == 3
    assert not recwarn.list


def test_a_bar_is_drawn_on_request(capfd):
    FPS(n_to_select=4, progress_bar=True).fit(gaussian(50, 3))
    assert "pick" in capfd.readouterr().err


def test_difference_distances_by_norms_cancel_in_theirs():
    X = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]]) + 3e8
    theirs = selection.FPS(n_to_select=4).fit(X).get_select_distance()[1:]
    assert FPS(n_to_select=4).fit(X).get_select_distance()[1:].tolist() == [49.0, 9.0, 1.0] != theirs.tolist()


def test_difference_their_scores_lose_what_was_selected():
    theirs = selection.FPS(n_to_select=3).fit(LINE)
    assert np.isneginf(theirs.get_distance()).any()
    assert FPS(n_to_select=3).fit(LINE).get_distance().tolist() == [0, 0, 0, 0, 0, 1]


def test_parameters_are_theirs_in_their_order():
    assert clone(FPS(1, 2, 3, "relative", True, False, 4)).get_params() == {
        **selection.FPS(1, 2, 3, "relative", True, False, 4).get_params(),
        "device": "auto",
    }


@pytest.mark.parametrize(
    ("error", "words", "options"),
    [
        (ValueError, "from 1 to the 6 samples", {"n_to_select": 7}),
        (ValueError, "from 1 to the 6 samples", {"n_to_select": 0}),
        (ValueError, "from 1 to the 6 samples", {"n_to_select": 0.1}),
        (ValueError, r"in \(0, 1\]; got 1.5", {"n_to_select": 1.5}),
        (ValueError, "Invalid value of the initialize parameter", {"initialize": "first"}),
        (ValueError, "Invalid value of the initialize parameter", {"initialize": [1.5]}),
        (ValueError, "names a row twice", {"initialize": [1, 1]}),
        (ValueError, "empty list", {"initialize": []}),
        (ValueError, "n_to_select is 1, and 2 samples", {"initialize": [1, 2], "n_to_select": 1}),
        (IndexError, "initialize 9 is no row of 6", {"initialize": 9}),
        (ValueError, "You cannot specify both", {"full": True, "score_threshold": 1.0}),
        (ValueError, "'relative' or 'absolute'", {"score_threshold_type": "both"}),
    ],
)
def test_bad_parameters(error, words, options):
    with pytest.raises(error, match=words):
        FPS(**options).fit(LINE)


def test_what_is_asked_too_early():
    with pytest.raises(ValueError, match="there is none before it"):
        FPS().fit(LINE, warm_start=True)
    for method in ("get_support", "get_distance", "get_select_distance"):
        with pytest.raises(NotFittedError):
            getattr(FPS(), method)()
    for kind in (FPS, selection.FPS):
        with pytest.raises(ValueError, match="Transform is not currently supported for sample selection"):
            kind(n_to_select=2).fit(LINE).transform(LINE)
