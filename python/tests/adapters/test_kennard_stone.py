"""The adapters for the splits by Kennard and Stone, beside the real packages: astartes and kennard-stone."""

import functools
import inspect
import threading

import numpy as np
import pytest
from farthest_first import clouds, gaussian, nearest_distances
from hypothesis import given
from hypothesis import strategies as st

from farpoint.adapters import _kennard_stone
from farpoint.adapters._kennard_stone import farthest_pair, kennard_stone_order


def first_farthest_pair(points):
    """By all distances, in float64: exact for small integers."""
    squared = ((points[:, None].astype(float) - points[None]) ** 2).sum(axis=2)
    return tuple(int(row) for row in np.unravel_index(np.triu(squared, 1).argmax(), squared.shape))


def order_by_definition(points, budget):
    rows = list(first_farthest_pair(points))
    if rows == [0, 0]:
        rows = [0, 1]  # all rows are equal
    while len(rows) < budget:
        nearest = nearest_distances(points, points[rows])
        nearest[rows] = -1.0
        rows.append(int(nearest.argmax()))
    return rows


@given(points=clouds(rows=st.integers(2, 14)), block=st.sampled_from([1, 20, 4_000_000]))
def test_the_order_from_the_definition(points, block):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_kennard_stone, "BLOCK", block)
        assert kennard_stone_order(points, len(points)).tolist() == order_by_definition(points, len(points))


@pytest.mark.parametrize("d", [1, 2, 3, 40])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_pair_of_floats(d, offset):
    for seed in range(5):
        points = gaussian(200, d, seed).astype(np.float64) + offset
        assert farthest_pair(points) == first_farthest_pair(points)


def test_pairs_that_differ_by_less_than_products_round():
    # Rows 0 and 3 lie 2 + 2^-40 apart, rows 1 and 3 farther by less than float64 has, rows 0 and 2 nearer. The lowest of the two is it.
    points = np.array([[0.0, 0.0], [0.0, 2.0**-30], [2.0, 2.0**-30], [2.0 + 2.0**-40, 0.0]])
    assert farthest_pair(points) == farthest_pair(points + [1024.0, 0.0]) == (0, 3)


def test_few_rows_far_out_leave_few_pairs(monkeypatch):
    asked = []

    def counted(points, rows):
        asked.append(len(points))
        return nearest_distances(points, points[rows])

    monkeypatch.setattr(_kennard_stone, "nearest_distances", counted)
    points = np.concatenate([gaussian(3000, 2), [[60.0, 0], [-60, 0], [0, 50]]]).astype(np.float32)
    assert farthest_pair(points) == (3000, 3001)
    assert max(asked[1:]) < 5


astartes = pytest.importorskip("astartes")

from farpoint.adapters import astartes as adapter  # noqa: E402


@pytest.mark.parametrize("options", [{}, {"train_size": 0.5}, {"train_size": 0.7, "test_size": 0.3}, {"return_indices": True}])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_the_split_of_astartes(options, dtype):
    X = (gaussian(90, 4) * 1000).astype(dtype)
    y, labels = np.arange(90.0), np.arange(90)
    arguments = {"X": X, "y": y, "labels": labels, "sampler": "kennard_stone", **options}
    for theirs, ours in zip(astartes.train_test_split(**arguments), adapter.train_test_split(**arguments), strict=True):
        np.testing.assert_array_equal(theirs, ours)
        assert theirs.dtype == ours.dtype


@pytest.mark.filterwarnings("ignore:Attempting to cast")
def test_three_parts_and_data_frames():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(gaussian(60, 3).astype(float), columns=list("abc"), index=range(100, 160))
    y = pandas.Series(np.arange(60.0), index=X.index)
    theirs = astartes.train_val_test_split(X, y, sampler="kennard_stone")
    ours = adapter.train_val_test_split(X, y, sampler="kennard_stone")
    assert len(theirs) == len(ours) == 6 and all(a.equals(b) for a, b in zip(theirs, ours))


def test_other_samplers_are_theirs_and_errors_too():
    X = gaussian(40, 3)
    arguments = {"X": X, "sampler": "random", "random_state": 3}
    np.testing.assert_array_equal(astartes.train_test_split(**arguments)[0], adapter.train_test_split(**arguments)[0])
    for module in (astartes, adapter):
        with pytest.raises(astartes.utils.exceptions.InvalidConfigurationError, match="do not match"):
            module.train_test_split(X, y=np.arange(3.0), sampler="kennard_stone")
    assert inspect.signature(adapter.train_test_split) == inspect.signature(astartes.train_test_split)


def test_metrics_and_bad_values():
    X = gaussian(20, 3)
    with pytest.raises(ValueError, match="metric 'cosine' is not 'euclidean'"):
        adapter.train_test_split(X, sampler="kennard_stone", hopts={"metric": "cosine"})
    with pytest.raises(ValueError, match="finite"):
        adapter.train_test_split(X * np.inf, sampler="kennard_stone", hopts={})


def test_theirs_is_back_after_splits_of_several_threads():
    from astartes.utils import sampler_factory

    theirs, X = sampler_factory.KennardStone, gaussian(50, 3)
    with adapter.patch():
        assert sampler_factory.KennardStone is adapter.KennardStone
    split = functools.partial(adapter.train_test_split, X, sampler="kennard_stone")
    threads = [threading.Thread(target=split) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sampler_factory.KennardStone is theirs is not adapter.KennardStone


package = pytest.importorskip("kennard_stone")

from farpoint.adapters.kennard_stone import train_test_split  # noqa: E402


@pytest.mark.parametrize(
    "sizes", [{}, {"test_size": 0.3}, {"train_size": 20}, {"test_size": 10, "train_size": 20}, {"test_size": 1}]
)
def test_the_split_of_kennard_stone(sizes):
    X = gaussian(80, 5).astype(np.float64) * [1, 2, 3, 4, 0] + 7  # the last feature does not vary
    y = list(range(80))
    theirs, ours = package.train_test_split(X, y, **sizes), train_test_split(X, y, **sizes)
    assert len(theirs) == len(ours) == 4
    for a, b in zip(theirs, ours):
        np.testing.assert_array_equal(a, b)
        assert type(a) is type(b)


def test_data_frames_are_split_by_position():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(gaussian(40, 3).astype(float), index=range(7, 47))
    theirs, ours = package.train_test_split(frame, frame.index), train_test_split(frame, frame.index)
    assert all(a.equals(b) for a, b in zip(theirs, ours))


def test_every_sample_is_in_one_part_though_many_are_equal():
    X = np.random.default_rng(0).integers(0, 3, (60, 2)).astype(float)
    train, test = train_test_split(np.arange(60)[:, None] * 0 + X, test_size=0.4)
    assert len(train) == 36 and len(test) == 24
    rows_train, rows_test = train_test_split(X, np.arange(60), test_size=0.4)[2:]
    assert sorted([*rows_train, *rows_test]) == list(range(60))


@pytest.mark.parametrize(
    ("words", "arrays", "options"),
    [
        ("metric 'manhattan' is not 'euclidean'", [gaussian(9, 2)], {"metric": "manhattan"}),
        ("At least one array", [], {}),
        ("test_size=1.5", [gaussian(9, 2)], {"test_size": 1.5}),
        ("inconsistent numbers of samples", [gaussian(9, 2), [1, 2]], {}),
        ("variance", [np.ones((9, 2))], {}),
        ("infinity", [np.full((9, 2), np.inf)], {}),
    ],
)
def test_what_cannot_be_split(words, arrays, options):
    with pytest.raises(ValueError, match=words):
        train_test_split(*arrays, **options)
