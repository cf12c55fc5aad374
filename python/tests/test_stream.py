"""Pools that come batch by batch."""

import itertools

import numpy as np
import pytest

import farpoint


def batches(pool, size):
    return [pool[start : start + size] for start in range(0, len(pool), size)]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "uint8", "int8"])
@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_stream_is_selected_from_as_one_array_is(pool, dtype, size, tmp_path):
    rows = (10 * np.abs(pool)).astype(dtype)
    with farpoint.Stream(scratch=tmp_path) as stream:
        numbers = [stream.add(batch) for batch in batches(rows, size)]
        assert list(itertools.chain(*numbers)) == list(range(300)) and stream.shape == (300, 8) and len(stream) == 300
        expected = farpoint.select(rows, 40, labeled=[3], return_distances=True)
        found = stream.select(40, labeled=[3], return_distances=True)
        assert found.centers.tolist() == expected.centers.tolist()
        assert np.array_equal(found.radii, expected.radii) and np.array_equal(found.min_distance, expected.min_distance)
    assert list(tmp_path.iterdir()) == []


def test_more_rows_after_a_selection(pool):
    stream = farpoint.Stream()
    for end in (100, 101, 300):
        stream.add(pool[len(stream) : end])
        for budget in (0.1, "5%"):
            assert stream.select(budget).centers.tolist() == farpoint.select(pool[:end], budget).centers.tolist()


def test_tensors_and_brain_floats(pool):
    torch = pytest.importorskip("torch")
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for rows in (torch.from_numpy(pool).requires_grad_(), torch.from_numpy(pool).bfloat16(), pool.astype(ml_dtypes.bfloat16)):
        stream, bounded = farpoint.Stream(), farpoint.BoundedStream(keep=1000)
        for start in range(0, 300, 64):
            stream.add(rows[start : start + 64])
            bounded.add(rows[start : start + 64])
        expected = farpoint.select(rows.detach() if hasattr(rows, "detach") else rows, 30).centers.tolist()
        assert stream.select(30).centers.tolist() == bounded.select(30).centers.tolist() == expected


REFUSED = [
    (lambda pool: pool.tolist(), TypeError, r"a batch is an array of shape \(n, d\), not a list"),
    (lambda pool: pool[0], ValueError, r"the batch has shape \(8,\)"),
    (lambda pool: pool[:, :0], ValueError, r"the batch has shape \(300, 0\)"),
    (lambda pool: pool[:, :7], ValueError, "the batch has rows of 7 values, and those before have 8"),
    (lambda pool: pool.astype(np.float64), TypeError, "the batch has float64 values, and those before have float32"),
    (lambda pool: pool.astype(np.int64), TypeError, "the batch has int64 values; a pool has"),
    (
        lambda pool: np.where(np.arange(300)[:, None] == 40, np.nan, pool).astype("f4"),
        ValueError,
        "row 45, 40 of the batch, holds nan",
    ),
    (
        lambda pool: np.where(np.arange(300)[:, None] == 4, -np.inf, pool).astype("f4"),
        ValueError,
        "row 9, 4 of the batch, holds -inf",
    ),
]


@pytest.mark.parametrize("make, error, message", REFUSED)
@pytest.mark.parametrize("new", [farpoint.Stream, lambda: farpoint.BoundedStream(keep=50)])
def test_a_batch_that_is_refused_leaves_the_rows_before(pool, new, make, error, message):
    stream = new()
    stream.add(pool[:5])
    with pytest.raises(error, match=message):
        stream.add(make(pool))
    stream.add(pool[5:40])
    assert list(stream.select(9).centers) == farpoint.select(pool[:40], 9).centers.tolist()


def test_without_rows():
    with pytest.raises(ValueError, match="no row came yet"):
        farpoint.Stream().select(1)
    with pytest.raises(ValueError, match="keep 1 leaves nothing to choose from"):
        farpoint.BoundedStream(keep=1)
    stream = farpoint.BoundedStream(keep=8)
    stream.add(np.empty((0, 3), np.float32))
    with pytest.raises(ValueError):
        stream.select(1)


def test_a_disk_that_is_full(pool):
    stream = farpoint.Stream()
    stream.add(pool[:100])
    real = stream._file

    class Full:
        def __getattr__(self, name):
            return getattr(real, name)

        def write(self, data):
            real.write(data[:100])
            raise OSError(28, "No space left on device")

    stream._file = Full()
    with pytest.raises(OSError, match="No space left"):
        stream.add(pool[100:])
    stream._file = real
    stream.add(pool[100:])
    assert stream.select(20).centers.tolist() == farpoint.select(pool, 20).centers.tolist()


def farthest(pool, centers):
    return np.linalg.norm(pool[:, None].astype(np.float64) - pool[None, centers], axis=2).min(axis=1).max()


@pytest.mark.parametrize("keep, size", [(2, 1), (20, 3), (20, 300), (64, 50), (299, 100)])
@pytest.mark.parametrize("shape", ["normal", "outliers", "duplicates", "alike", "line"])
def test_what_a_bounded_stream_proves(keep, size, shape):
    rng = np.random.default_rng(5)
    pool = rng.standard_normal((300, 3)).astype(np.float32)
    if shape == "outliers":
        pool[[150, 299]] = [[1e4, 0, 0], [0, -1e6, 0]]
    elif shape == "duplicates":
        pool = pool[rng.integers(0, 9, 300)]
    elif shape == "alike":
        pool[:200] = 1
    elif shape == "line":
        pool = np.arange(900, dtype=np.float32).reshape(300, 3)
    stream = farpoint.BoundedStream(keep=keep)
    for batch in batches(pool, size):
        stream.add(batch)
        assert len(stream.kept) <= keep
    assert farthest(pool, stream.kept) <= stream.excess
    for budget in {1, keep // 4, keep // 2} - {0}:
        if budget > len(stream.kept):
            continue
        found = stream.select(budget)
        assert len(set(found.centers)) == budget and set(found.centers) <= set(stream.kept)
        assert farthest(pool, found.centers) <= found.radius == found.radius
        assert found.excess == stream.excess and found.kept == len(stream.kept)
        # Greedy's radius is at most twice the least, so the least is at least half of it.
        assert found.radius <= 10 * farpoint.select(pool, budget, stop_radius=0).radius


def test_all_rows_are_kept_where_there_is_room(pool):
    stream = farpoint.BoundedStream(keep=300, metric="cosine")
    for batch in batches(pool, 41):
        stream.add(batch)
    found = stream.select(30, first=7)
    expected = farpoint.select(pool, 30, metric="cosine", first=7)
    assert found.centers.tolist() == expected.centers.tolist() and (found.radius, found.excess) == (expected.radius, 0)
    with pytest.raises(ValueError, match="budget 151 is more than half of keep 300: keep at least 302 rows"):
        stream.select(151)
