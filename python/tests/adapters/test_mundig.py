"""The adapter for lightly-mundig, beside the real package, which comes as a binary alone."""

import numpy as np
import pytest

mundig = pytest.importorskip("lightly_mundig")

from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters.mundig import Selection  # noqa: E402

LINE = np.array([[0, 0], [3, 4], [0, 0], [3, 4], [6, 8], [1, 0]], dtype=np.float32)


def run(kind, embeddings, count, preselected=(), least=None, strength=1.0):
    selection = kind()
    selection.add_diversifying_strategy(embeddings=embeddings, strength=strength, stopping_condition_minimum_distance=least)
    return selection.run_selection(
        preselected_indices=list(preselected), n_total_samples=len(embeddings), n_samples_to_select=count
    )


@given(points=clouds(rows=st.integers(1, 12)), data=st.data())
def test_rows_from_the_definition(points, data):
    count = data.draw(st.integers(1, len(points)))
    assert run(Selection, points, count) == farthest_first(points, count, 0)


@pytest.mark.parametrize("preselected", [[], [40], [40, 7, 3]])
def test_the_rows_of_theirs_where_there_are_no_ties(preselected):
    points = gaussian(300, 5)
    ours = run(Selection, points, 50, preselected)
    assert ours == run(mundig.Selection, points, 50, preselected) and all(type(row) is int for row in ours)
    assert ours == run(Selection, points, 50, np.array(preselected, dtype=np.int64), strength=0.5)


@pytest.mark.parametrize(("least", "kept"), [(0.0, 6), (0.5, 4), (1.0, 4), (1.01, 3), (5.0, 3), (5.1, 2), (25.0, 1)])
def test_the_least_distance_ends_a_selection(least, kept):
    assert run(Selection, LINE, 6, least=least) == run(mundig.Selection, LINE, 6, least=least) == [0, 4, 1, 5, 2, 3][:kept]


def test_no_more_than_the_preselected():
    for kind in (Selection, mundig.Selection):
        assert run(kind, LINE, 1, [2, 1]) == [2, 1] and run(kind, LINE, 2, [2, 1]) == [2, 1]
        assert run(kind, LINE, 0) == []


def test_difference_a_common_offset_cancels_in_theirs():
    points = np.array([[0, 0], [1, 0], [3, 0], [7, 0]], dtype=np.float32) + 20_000
    assert run(mundig.Selection, points, 3) == [0, 1, 2]
    assert run(Selection, points, 3) == [0, 3, 2]


def test_difference_more_samples_than_there_are():
    assert run(mundig.Selection, LINE, 7) == [0, 4, 1, 5, 2, 3, 0]
    with pytest.raises(ValueError, match="from 0 to the 6 samples, got 7"):
        run(Selection, LINE, 7)


def test_difference_values_that_are_not_finite():
    assert run(mundig.Selection, LINE * np.nan, 3) == [0, 1, 2]
    with pytest.raises(ValueError, match="finite"):
        run(Selection, LINE * np.nan, 3)


def test_difference_a_wrong_number_of_embeddings_is_no_panic():
    for kind, error in ((mundig.Selection, BaseException), (Selection, ValueError)):
        selection = kind()
        selection.add_diversifying_strategy(LINE, 1.0)
        with pytest.raises(error) as raised:
            selection.run_selection([], 5, 3)
        assert isinstance(raised.value, Exception) == (kind is Selection)


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (IndexError, "preselected_indices 9 is no row of 6", {"preselected": [9]}),
        (ValueError, "names a row twice", {"preselected": [2, 2]}),
        (ValueError, "strength must be positive", {"strength": 0.0}),
        (ValueError, r"\(n, d\), got shape \(12,\)", {"embeddings": LINE.ravel()}),
    ],
)
def test_bad_input(error, words, arguments):
    with pytest.raises(error, match=words):
        run(Selection, **{"embeddings": LINE, "count": 4, **arguments})


def test_strategies_that_are_not_taken():
    names = [name for name in dir(mundig.Selection) if name.startswith("add_") and name != "add_diversifying_strategy"]
    assert len(names) == 5
    for name in names:
        with pytest.raises(NotImplementedError, match=r"lightly_mundig\.Selection has it"):
            getattr(Selection(), name)()
    selection = Selection()
    selection.add_diversifying_strategy(LINE, 1.0)
    with pytest.raises(NotImplementedError, match="one diversifying strategy"):
        selection.add_diversifying_strategy(LINE, 1.0)
    with pytest.raises(ValueError, match="add_diversifying_strategy first"):
        Selection().run_selection([], 6, 2)
