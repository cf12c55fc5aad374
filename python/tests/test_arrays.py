"""What pools may be: read where they lie, or copied once with a warning that points at the caller, or refused by name."""

import gc
import sys
import warnings

import numpy as np
import pytest
import reference
from taken import NOT_CONTIGUOUS, no_warning, one_warning, picks

import farpoint

# NumPy


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int8"])
def test_numpys_types(pool, dtype):
    rows = (10 * np.abs(pool)).astype(dtype)
    with no_warning():
        assert picks(rows) == reference.select(rows, 20).centers


def test_brain_floats(pool):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    rows = pool.astype(bfloat16)
    with no_warning():
        assert picks(rows) == reference.select(rows.astype(np.float32), 20).centers


def test_read_only_and_mapped(pool, expected, tmp_path):
    np.save(tmp_path / "pool.npy", pool)
    mapped = np.load(tmp_path / "pool.npy", mmap_mode="r")
    fixed = pool.copy()
    fixed.flags.writeable = False
    with no_warning():
        assert picks(mapped) == picks(fixed) == expected
        assert type(farpoint.select(mapped, 3).centers) is np.ndarray


def test_at_any_alignment(pool, expected):
    memory = np.zeros(pool.nbytes + 1, np.uint8)
    memory[1:] = np.frombuffer(pool.tobytes(), np.uint8)
    rows = np.frombuffer(memory, np.float32, offset=1).reshape(pool.shape)
    assert not rows.flags.aligned
    with no_warning():
        assert picks(rows) == expected


def strided(pool, kind):
    if kind == "fortran":
        return np.asfortranarray(pool)
    if kind == "columns":
        return np.repeat(pool, 2, axis=1)[:, ::2]
    if kind == "rows":
        return np.repeat(pool, 2, axis=0)[::2]
    if kind == "backwards":
        return pool[::-1].copy()[::-1]
    return np.concatenate([pool, pool], axis=1)[:, :8]


@pytest.mark.parametrize("kind", ["fortran", "columns", "rows", "backwards", "part of each row"])
def test_other_strides_are_copied_once(pool, expected, kind):
    with one_warning(NOT_CONTIGUOUS):
        assert picks(strided(pool, kind)) == expected


def test_rows_without_strides(pool):
    with pytest.warns(UserWarning, match="19 of the 20 picks"), pytest.warns(UserWarning, match=NOT_CONTIGUOUS):
        assert picks(np.broadcast_to(pool[0], (30, 8))) == list(range(20))
    with no_warning():
        assert picks(np.concatenate([pool, pool])[:300]) == picks(pool)
        assert picks(pool[:, :1].copy(order="F")) == reference.select(pool[:, :1], 20).centers


@pytest.mark.parametrize("dtype", [">f4", ">f2"])
def test_other_byte_order(pool, dtype):
    with one_warning("copied"):
        assert picks(pool.astype(dtype)) == reference.select(pool.astype(dtype), 20).centers


@pytest.mark.parametrize("dtype", ["<f8", ">f8"])
def test_doubles_are_what_they_are(pool, dtype):
    """Rows a tenth of what float32 tells apart there, so that rounded they would be other rows."""
    doubles = (5e6 + pool.astype(float) / 20).astype(dtype)
    expected = reference.select(doubles.astype(float), 20)
    assert expected.centers != reference.select(doubles.astype(np.float32), 20).centers
    with no_warning() if dtype == "<f8" else one_warning("copied"):
        assert picks(doubles) == expected.centers
    with one_warning(NOT_CONTIGUOUS if dtype == "<f8" else "copied"):
        assert picks(np.asfortranarray(doubles)) == expected.centers
    selection = farpoint.select(doubles.astype(float), 20, return_distances=True)
    assert (selection.radii.tolist(), selection.min_distance.tolist()) == (expected.radii, expected.min_distance)


def test_points_of_a_map():
    """20,000 points in a box of a meter: float32 has a point each half meter there, and claims a radius that is none."""
    points = np.random.default_rng(0).random((20_000, 3)) + [691_000, 5_334_000, 0]
    with no_warning():
        selection = farpoint.select(points, 500)
    nearest = np.min([((points - points[row]) ** 2).sum(axis=1) for row in selection.centers], axis=0)
    assert selection.radii[-1] == pytest.approx(np.sqrt(nearest.max()), abs=1e-15)
    assert 0.10 < selection.radii[-1] < 0.12


def test_doubles_beyond_floats(pool):
    doubles = pool.astype(float)
    doubles[[17, 40], [2, 5]] = -1e300, np.nan
    told = "row 17 holds -1e300 at dimension 2; f64 values are at most 3.4028235e38 in size: scale the pool"
    with no_warning(), pytest.raises(ValueError, match=told):
        picks(doubles)
    with no_warning(), pytest.raises(ValueError, match="labeled vector 17 holds -1e300 at dimension 2"):
        picks(pool, labeled_vectors=doubles)


def test_squares_that_underflow(pool):
    for scale in (1e-160, 1e-170, 5e-324):
        tiny = pool.astype(float) * scale
        expected = reference.select(tiny, 20)
        with pytest.warns(UserWarning, match="of the 20 picks") if expected.radii[18] == 0 else no_warning():
            assert picks(tiny) == expected.centers


def test_lists_are_float32(pool, expected):
    class OnlyArray:
        def __array__(self, dtype=None, copy=None):
            return pool

        def __len__(self):
            return len(pool)

    with no_warning():
        assert picks(pool.tolist()) == picks(list(pool)) == picks(tuple(map(tuple, pool.tolist()))) == expected
        assert farpoint.select([[0, 1], [5, 2], [3, 3]], 2).centers.tolist() == [0, 1]
        assert picks(memoryview(pool)) == picks(OnlyArray()) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_values_that_are_not_finite(pool, value, dtype):
    rows = pool.astype(dtype)
    rows[[299, 40], [1, 5]] = value
    with pytest.raises(ValueError, match="row 40 holds .* at dimension 5; every value must be finite"):
        picks(rows)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (5,), (2, 3, 4), (0,), ()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:the (array|pool) ")
def test_other_shapes(shape, dtype):
    with pytest.raises((ValueError, TypeError), match=r"is empty|\(n, d\)") as raised:
        farpoint.select(np.zeros(shape, dtype), 1)
    assert shape == () or raised.type is ValueError


@pytest.mark.parametrize(
    "dtype", ["int64", "int32", "uint16", "bool", "complex64", "object", "longdouble", "U3", "S3", "m8[s]", "V4", [("a", "f4")]]
)
def test_other_types_are_named(dtype):
    rows = np.zeros((5, 2), dtype)
    with pytest.raises(TypeError, match="values; a pool has float32") as raised:
        picks(rows)
    assert str(rows.dtype) in str(raised.value)


@pytest.mark.parametrize(
    "rows",
    [
        [["a"], ["b"]],
        [[1j], [2]],
        [[True], [False]],
        [[2**70], [1]],
        [[None], [1]],
        [[1], [2, 3]],
        [],
        [[]],
        "abc",
        b"abc",
        {1: 2},
        {1, 2},
        None,
        5,
        5.0,
        object(),
        iter([[1.0]]),
    ],
)
def test_what_is_no_array(rows):
    with pytest.raises((TypeError, ValueError)):
        farpoint.select(rows, 1)


@pytest.mark.parametrize("rows", [None, 5, object()])
def test_what_is_no_array_is_told_so(rows):
    with pytest.raises(TypeError, match=f"{type(rows).__name__}.*\\(n, d\\)"):
        farpoint.select(rows, 1)


def test_masked_arrays(pool):
    for masked in (np.ma.masked_array(pool), np.ma.masked_array(pool, mask=pool > 1), np.ma.masked_array(pool.astype(float))):
        with pytest.raises(TypeError, match="exclude"):
            picks(masked)


def test_matrices_and_other_subclasses(pool, expected):
    class Own(np.ndarray):
        pass

    with no_warning():
        assert picks(pool.view(np.matrix)) == picks(pool.view(Own)) == expected
        assert picks(pool.astype(float).view(np.matrix)) == expected


def test_labeled_vectors_are_told_from_the_pool(pool):
    vectors = pool[:3] + 1
    answer = reference.select(pool, 20, labeled_vectors=vectors).centers
    with no_warning():
        assert picks(pool, labeled_vectors=vectors) == picks(pool, labeled_vectors=vectors.tolist()) == answer
        assert (
            picks(pool, labeled_vectors=[[1] * 8, [2] * 8])
            == reference.select(pool, 20, labeled_vectors=[[1] * 8, [2] * 8]).centers
        )
    halves = vectors.astype(np.float16)
    assert picks(pool, labeled_vectors=halves) == reference.select(pool, 20, labeled_vectors=halves).centers
    with no_warning():
        doubles = vectors.astype(float) + 1e-9
        assert picks(pool, labeled_vectors=doubles) == reference.select(pool, 20, labeled_vectors=doubles).centers
        assert picks(pool + 1e-9, labeled_vectors=vectors) == reference.select(pool + 1e-9, 20, labeled_vectors=vectors).centers
    vectors[1, 4] = np.nan
    with pytest.raises(ValueError, match="labeled vector 1 holds NaN at dimension 4"):
        picks(pool, labeled_vectors=vectors)
    with pytest.raises(ValueError, match="labeled vector 0 is all zeros"):
        picks(pool, labeled_vectors=np.zeros((1, 8), np.float32), metric="cosine")
    with pytest.raises(ValueError, match="labeled vectors have 7 dimensions, the pool 8"):
        picks(pool, labeled_vectors=np.ones((2, 7), np.float32))


# DLPack


class Lender:
    """Lends a NumPy array by DLPack, and is nothing else."""

    def __init__(self, array):
        self.array, self.asked = array, []

    def __dlpack__(self, **options):
        self.asked.append(options)
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Old(Lender):
    """As producers were before DLPack had versions."""

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()


@pytest.mark.parametrize("producer", [Lender, Old])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int8"])
def test_dlpack(pool, producer, dtype):
    rows = (10 * np.abs(pool)).astype(dtype)
    with no_warning():
        assert picks(producer(rows)) == reference.select(rows, 20).centers
        labeled = np.arange(300) % 100 == 7
        assert picks(producer(rows), labeled=labeled) == reference.select(rows, 20, labeled=[7, 107, 207]).centers


def test_what_is_lent_is_given_back(pool):
    before = sys.getrefcount(pool)
    for lent in (pool, Lender(pool), Old(pool), pool.T.copy().T):
        for _ in range(3):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                farpoint.select(lent, 3, labeled_vectors=pool[:2])
                farpoint.verify(lent, farpoint.select(lent, 3))
    del lent
    gc.collect()
    assert sys.getrefcount(pool) == before


def test_labeled_vectors_by_dlpack(pool):
    assert picks(pool, labeled_vectors=Lender(pool[:3] + 1)) == reference.select(pool, 20, labeled_vectors=pool[:3] + 1).centers


def test_dlpack_is_asked_for_a_version_it_is_read_by(pool):
    lender = Lender(pool)
    picks(lender)
    assert lender.asked[0]["max_version"] >= (1, 0) and "stream" not in lender.asked[0]


def test_dlpack_of_what_must_be_copied(pool, expected):
    with one_warning(NOT_CONTIGUOUS):
        assert picks(Lender(np.asfortranarray(pool))) == expected
    with one_warning(NOT_CONTIGUOUS):
        assert picks(Lender(np.asfortranarray(pool.astype(float)))) == expected
    with pytest.raises(TypeError, match="int64"):
        picks(Lender(pool.astype(int)))


@pytest.mark.parametrize("error", [BufferError, RuntimeError, ValueError, ZeroDivisionError])
def test_what_a_producer_raises_comes_through(pool, error):
    class Broken(Lender):
        def __dlpack__(self, **options):
            raise error("mine")

        def __len__(self):
            return 300

    with pytest.raises(error, match="mine"):
        picks(Broken(pool))


@pytest.mark.parametrize("answer", [None, 7, object()])
def test_a_producer_that_lends_nothing(pool, answer):
    class Broken(Lender):
        def __dlpack__(self, **options):
            return answer

        def __len__(self):
            return 300

    with pytest.raises((TypeError, BufferError)):
        picks(Broken(pool))


# Copies


WITHOUT_ROOM = """
import resource, sys
import numpy as np
kind, path = sys.argv[1:]
if kind == "torch":
    import torch
import farpoint

pool = np.load(path, mmap_mode="r" if kind == "memmap" else None)
if kind == "torch":
    pool = torch.from_numpy(pool).requires_grad_()
farpoint.select(pool[:1000], 5, device="cpu")
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
room = (int(status["VmData"].split()[0]) << 10) + (100 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (room, room))
farpoint.select(pool, 10, device="cpu", return_distances=True)
try:
    np.array(pool) if kind != "torch" else pool.clone()
except (MemoryError, RuntimeError):
    print("no room for a copy")
"""


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    """200 MB."""
    path = tmp_path_factory.mktemp("large") / "pool.npy"
    rows = np.zeros((200_000, 512), np.float16)
    rows[:, 0] = np.arange(200_000) % 2000
    np.save(path, rows)
    yield path
    path.unlink()


@pytest.mark.parametrize("kind", ["numpy", "memmap", "torch"])
def test_the_pool_is_not_copied(run_apart, large_file, kind):
    """A selection from 200 MB, where memory for 100 MB is left."""
    if kind == "torch":
        pytest.importorskip("torch")
    assert run_apart(WITHOUT_ROOM, kind, str(large_file)) == "no room for a copy\n"
