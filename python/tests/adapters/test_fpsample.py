"""The adapter for fpsample, beside the real package."""

import numpy as np
import pytest

fpsample = pytest.importorskip("fpsample")

from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters import fpsample as adapter  # noqa: E402

EQUAL_PAIRS = np.array([[0, 0], [3, 4], [0, 0], [3, 4], [6, 8], [1, 0]], dtype=np.float32)


def called(module, name, points, budget, **start):
    between = {"fps_npdu_sampling": {"w": 2}, "fps_npdu_kdtree_sampling": {"w": 2}, "bucket_fps_kdline_sampling": {"h": 2}}
    return getattr(module, name)(points, budget, **between.get(name, {}), **start)


@pytest.mark.parametrize("name", adapter.__all__)
@given(points=clouds(rows=st.integers(4, 12)), data=st.data())
def test_every_sampler_is_farthest_first(name, points, data):
    budget, start = data.draw(st.integers(1, len(points))), data.draw(st.integers(0, len(points) - 1))
    rows = called(adapter, name, points, budget, start_idx=start)
    assert rows.dtype == np.uint64 and rows.tolist() == farthest_first(points, budget, start)


BUCKETS = ["bucket_fps_kdtree_sampling", "bucket_fps_kdline_sampling"]


def test_the_rows_of_theirs_where_there_are_no_ties():
    points = gaussian(300, 3)
    theirs, ours = fpsample.fps_sampling(points, 60, 7), adapter.fps_sampling(points, 60, 7)
    assert ours.tolist() == theirs.tolist() and ours.dtype == theirs.dtype


@pytest.mark.parametrize("name", BUCKETS)
def test_difference_their_buckets_start_elsewhere(name):
    points = gaussian(300, 3)
    theirs = called(fpsample, name, points, 60, start_idx=7).tolist()
    assert theirs[0] != 7
    assert called(adapter, name, points, 60, start_idx=theirs[0]).tolist() == theirs
    assert called(adapter, name, points, 60, start_idx=7).tolist() == farthest_first(points, 60, 7)


@pytest.mark.parametrize("name", [name for name in adapter.__all__ if name not in BUCKETS])
def test_a_start_that_is_not_given_is_numpys_draw(name):
    points = gaussian(300, 3)
    firsts = []
    for module in (fpsample, adapter):
        np.random.seed(5)
        firsts.append(int(called(module, name, points, 4)[0]))
    assert firsts[0] == firsts[1]


def test_several_starts_come_first_in_their_order():
    points = gaussian(100, 3)
    for starts in ([9, 2, 60], (9, 2, 60), np.array([9, 2, 60])):
        assert adapter.fps_sampling(points, 12, starts).tolist() == fpsample.fps_sampling(points, 12, [9, 2, 60]).tolist()
    assert adapter.fps_sampling(points, 3, [9, 2, 60]).tolist() == [9, 2, 60]


def test_difference_starts_of_the_other_samplers_where_theirs_raise():
    with pytest.raises(TypeError):
        fpsample.bucket_fps_kdtree_sampling(EQUAL_PAIRS, 4, start_idx=[2, 1])
    assert adapter.bucket_fps_kdtree_sampling(EQUAL_PAIRS, 4, start_idx=[2, 1]).tolist() == [2, 1, 4, 5]


def test_difference_duplicates_are_picked_again_by_theirs():
    assert len(set(fpsample.fps_sampling(EQUAL_PAIRS, 6, 0).tolist())) == 4
    assert adapter.fps_sampling(EQUAL_PAIRS, 6, 0).tolist() == [0, 4, 1, 5, 2, 3]


def test_difference_windows_leave_the_order_in_theirs():
    points = gaussian(300, 3)
    theirs = fpsample.fps_npdu_sampling(points, 60, w=8, start_idx=7)
    ours = adapter.fps_npdu_sampling(points, 60, w=8, start_idx=7)
    assert ours.tolist() == farthest_first(points, 60, 7) != theirs.tolist()


def test_difference_more_than_eight_dimensions():
    points = gaussian(50, 9)
    with pytest.raises(RuntimeError, match="failed with error code"):
        fpsample.bucket_fps_kdtree_sampling(points, 5, 0)
    assert adapter.bucket_fps_kdtree_sampling(points, 5, 0).tolist() == farthest_first(points, 5, 0)


def test_difference_float64_is_not_rounded():
    points = np.array([[0.0], [1.0 + 1e-9], [1.0]])
    assert fpsample.fps_sampling(points, 2, 0).tolist() == [0, 2]
    assert adapter.fps_sampling(points, 2, 0).tolist() == [0, 1]


def test_difference_of_equally_far_rows_theirs_takes_the_last():
    points = np.array([[0.0], [1.0], [1.0]], dtype=np.float32)
    assert fpsample.fps_sampling(points, 2, 0).tolist() == [0, 2]
    assert adapter.fps_sampling(points, 2, 0).tolist() == [0, 1]


def test_difference_values_that_are_not_finite():
    points = np.full((3, 2), np.nan, dtype=np.float32)
    assert len(fpsample.fps_sampling(points, 2, 0)) == 2
    with pytest.raises(ValueError, match="finite"):
        adapter.fps_sampling(points, 2, 0)


def test_no_start_at_all_is_refused():
    with pytest.raises(ValueError, match="empty list"):
        adapter.fps_sampling(EQUAL_PAIRS, 3, [])


@pytest.mark.filterwarnings("error")
def test_padding_is_no_news():
    adapter.fps_sampling(EQUAL_PAIRS, 6, 0)


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (ValueError, "from 1 to the 6 points, got 0", (EQUAL_PAIRS, 0, 0)),
        (ValueError, "from 1 to the 6 points, got 7", (EQUAL_PAIRS, 7, 0)),
        (ValueError, r"\(n, d\), got shape \(6,\)", (EQUAL_PAIRS[:, 0], 2, 0)),
        (ValueError, "gives 2 rows for 1 samples", (EQUAL_PAIRS, 1, [0, 1])),
        (ValueError, r"names a row twice: \[1, 1\]", (EQUAL_PAIRS, 3, [1, 1])),
        (IndexError, "start_idx 6 is no row of 6", (EQUAL_PAIRS, 2, 6)),
        (IndexError, "start_idx -1 is no row of 6", (EQUAL_PAIRS, 2, [0, -1])),
        (TypeError, "float", (EQUAL_PAIRS, 2, 1.5)),
    ],
)
def test_what_cannot_be_sampled(error, words, arguments):
    with pytest.raises(error, match=words):
        adapter.fps_sampling(*arguments)
