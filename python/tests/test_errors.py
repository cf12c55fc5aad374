"""Every error arrives as the exception that `select` documents, with the engine's message; nothing panics, aborts or says a Rust name."""

import contextlib
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import farpoint

DOCUMENTED = (ValueError, TypeError, IndexError, RuntimeError, MemoryError)
MASK = np.arange(300) < 150


def refused(error, message, pool, budget=3, **options):
    with pytest.raises(error, match=message) as raised:
        farpoint.select(pool, budget, **options)
    assert raised.type is error
    assert not re.search(r"panic|unwrap|extract|Terms|src/|a bug in", str(raised.value)), raised.value


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"budget": 0}, ValueError, "budget 0 selects nothing: give a budget of at least 1"),
        ({"budget": 301}, ValueError, "budget 301 exceeds the 300 rows that are neither labeled, excluded nor left out"),
        ({"budget": 2, "labeled": range(250), "exclude": range(249, 299)}, ValueError, "budget 2 exceeds the 1 rows"),
        ({"labeled": ~MASK, "exclude": MASK}, ValueError, "budget 3 exceeds the 0 rows"),
        ({"labeled": [1, 7, 1]}, ValueError, "labeled row 1 is given twice"),
        ({"exclude": [1, 7, 1]}, ValueError, "exclude[d]* row 1 is given twice"),
        ({"labeled": [5, 300]}, IndexError, "labeled row 300 is not in the pool, whose rows are 0 to 299"),
        ({"labeled": [5, -1]}, IndexError, "labeled row -1 is not in the pool"),
        ({"labeled": np.array([2**64 - 1])}, IndexError, "labeled row 18446744073709551615 is not in the pool"),
        ({"labeled": np.array([2**63 - 1])}, IndexError, "labeled row 9223372036854775807 is not in the pool"),
        ({"exclude": [300]}, IndexError, "exclude[d]* row 300 is not in the pool"),
        ({"exclude": [-300]}, IndexError, "exclude[d]* row -300 is not in the pool"),
        ({"labeled": MASK[:299]}, ValueError, "mask labeled has 299 entries for 300 rows"),
        ({"exclude": np.zeros(301, bool)}, ValueError, "mask exclude has 301 entries for 300 rows"),
        ({"labeled": [1.0]}, TypeError, "labeled has float64 values; rows are integers"),
        ({"labeled": ["1"]}, TypeError, "rows are integers"),
        ({"labeled": [None]}, TypeError, "rows are integers"),
        ({"labeled": [2**70]}, TypeError, "rows are integers"),
        ({"labeled": [[0.5, 1.0]]}, ValueError, "labeled_vectors"),
        ({"labeled": 5}, ValueError, "a list of pool rows or a mask"),
        ({"exclude": [[1, 2]]}, ValueError, "exclude has 2 dimensions"),
        ({"weights": [1.0]}, ValueError, "weights: 1 given for 300 rows"),
        (
            {"weights": np.where(MASK, 1, np.nan)},
            ValueError,
            "weights: row 150 has NaN; a weight is a finite number of at least 0",
        ),
        ({"weights": np.where(MASK, 1, -0.5)}, ValueError, "weights: row 150 has -0.5"),
        ({"weights": np.where(MASK, 1, 1e39)}, ValueError, "weights: row 150 has inf"),
        ({"weights": ["a"] * 300}, TypeError, "one number a row"),
        ({"weights": np.ones((300, 1))}, TypeError, "one number a row"),
        ({"weights": 1j * MASK}, TypeError, "one number a row"),
        ({"weights": 2.0}, TypeError, "one number a row"),
        ({"stop_radius": float("nan")}, ValueError, "stop radius NaN is not a finite number of at least 0"),
        ({"stop_radius": -1}, ValueError, "stop radius -1 is not"),
        ({"stop_radius": float("inf")}, ValueError, "stop radius inf is not"),
        ({"stop_radius": "1"}, TypeError, "stop_radius"),
        ({"stop_radius": [1.0]}, TypeError, "stop_radius"),
        ({"stop_radius": 1j}, TypeError, "stop_radius"),
        ({"first": 300}, IndexError, "first row 300 is not in the pool"),
        ({"first": -1}, IndexError, "first row -1 is not in the pool"),
        ({"first": 2**64}, IndexError, "first row 18446744073709551616 is not in the pool"),
        (
            {"first": "best"},
            ValueError,
            "first 'best' is none of 'lowest', 'row:<number>', 'mean', 'heaviest', 'random', 'farthest-from-mean', 'farthest-pair' and 'loneliest'",
        ),
        ({"first": 1.5}, TypeError, "first"),
        ({"first": None}, TypeError, "first"),
        ({"first": [3]}, TypeError, "first"),
        ({"first": 5, "labeled": [5]}, ValueError, "first row 5 is labeled, excluded or left out"),
        ({"seed": 7}, ValueError, "seed 7 draws nothing with first='lowest': pass first='random', or no seed"),
        ({"seed": 0, "first": "mean"}, ValueError, "seed 0 draws nothing with first='mean'"),
        ({"seed": 7, "first": 5}, ValueError, "seed 7 draws nothing with first=5"),
        ({"resume": [5]}, ValueError, "resume row 5 is not the first center"),
        ({"resume": [0, 5]}, ValueError, "were not chosen from this pool by these options"),
        ({"resume": [0, 0]}, ValueError, "resume row 0 is given twice"),
        ({"resume": [0, 1, 2, 3]}, ValueError, "the 4 picks to resume from exceed the budget 3"),
        ({"resume": [300]}, IndexError, "resume row 300"),
        ({"resume": [-1]}, IndexError, "resume row -1"),
        ({"resume": [0.0]}, TypeError, "rows are integers"),
        ({"resume": [0], "labeled": [0]}, ValueError, "resume row 0 is labeled, excluded or left out"),
        ({"metric": "l2"}, ValueError, "metric 'l2' is neither 'euclidean' nor 'cosine'"),
        ({"metric": None}, TypeError, "metric"),
        ({"progress": 5}, TypeError, "progress is True or a callable, not a int"),
        ({"device": "gpu"}, ValueError, "device 'gpu' is none of 'auto', 'cpu', 'cuda', 'cuda:<number>', 'cuda"),
        ({"device": "cuda:0,"}, ValueError, "device 'cuda:0,'"),
        ({"device": "cuda:1,1"}, ValueError, "cuda:1 is given twice: name each GPU once"),
        ({"device": []}, ValueError, "no GPU is named: name some, such as"),
        ({"device": ["cuda:0", "cuda:0"]}, ValueError, "cuda:0 is given twice: name each GPU once"),
        ({"device": ["cuda:0", "cpu"]}, ValueError, "device 'cpu' is no GPU: a list names GPUs"),
        ({"device": ["cuda"]}, ValueError, "device 'cuda' is no GPU"),
        ({"device": "cuda:x"}, ValueError, "device 'cuda:x'"),
        ({"device": "cuda:-1"}, ValueError, "device 'cuda:-1'"),
        ({"device": "cuda:99999999999999999999"}, ValueError, "device 'cuda:9"),
        ({"device": ""}, ValueError, "device ''"),
        ({"device": None}, (ValueError, TypeError), "device"),
        ({"labeled_vectors": 5}, TypeError, "labeled vectors"),
        ({"labeled_vectors": np.ones(8, np.float32)}, ValueError, "labeled vectors"),
        ({"labeled_vectors": np.ones((2, 8), int)}, TypeError, "labeled vectors"),
    ],
)
def test_options(pool, options, error, message):
    budget = options.get("budget", 3)
    options = {name: value for name, value in options.items() if name != "budget"}
    if isinstance(error, tuple):
        with pytest.raises(error, match=message):
            farpoint.select(pool, budget, **options)
    else:
        refused(error, message, pool, budget, **options)


@pytest.mark.parametrize("name", ["budget", "seed", "threads"])
@pytest.mark.parametrize(
    ("number", "error"),
    [
        (1.5, TypeError),
        (np.float32(3), TypeError),
        (b"3", TypeError),
        ([3], TypeError),
        (np.array([3]), TypeError),
        (-1, ValueError),
        (-(2**70), ValueError),
        (2**70, ValueError),
    ],
)
def test_whole_numbers(pool, name, number, error):
    """Budgets alone may be texts and shares."""
    options = {"budget": 3, name: number}
    refused(error, name, pool, **options)


@pytest.mark.parametrize("name", ["seed", "threads"])
def test_texts_are_no_numbers(pool, name):
    refused(TypeError, name, pool, **{name: "3"})


@pytest.mark.parametrize("number", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_whole_numbers_of_all_kinds(pool, number):
    expected = farpoint.select(pool, 3).centers.tolist()
    assert farpoint.select(pool, number, threads=number).centers.tolist() == expected
    drawn = farpoint.select(pool, 3, first="random", seed=3).centers.tolist()
    assert farpoint.select(pool, 3, first="random", seed=number).centers.tolist() == drawn
    assert farpoint.select(pool, 3, first=number).centers[0] == 3
    assert len(farpoint.select(pool, True)) == 1


def test_more_threads_than_a_machine_has(pool):
    """Refused before any is started."""
    refused(ValueError, "threads", pool, threads=2**40)
    assert len(farpoint.select(pool, 3, threads=64)) == 3


def test_nothing_says_when_to_stop(pool):
    with pytest.raises(ValueError, match="give a budget, a stop_radius or both"):
        farpoint.select(pool)
    with pytest.raises(ValueError):
        farpoint.select(pool, stop_radius=1.0, exclude=np.ones(300, bool))
    with pytest.raises(TypeError):
        farpoint.select(pool, 3, label=[1])
    with pytest.raises(TypeError):
        farpoint.select()


def test_zeros_have_no_direction(pool):
    pool[[40, 7]] = 0
    refused(ValueError, "row 7 is all zeros, which has no direction: drop it, use the euclidean metric", pool, metric="cosine")
    assert len(farpoint.select(pool, 3)) == 3


def test_devices_of_pytorch(pool):
    torch = pytest.importorskip("torch")
    assert len(farpoint.select(pool, 3, device=torch.device("cpu"))) == 3
    refused(ValueError, "device 'meta'", pool, device=torch.device("meta"))
    assert farpoint.select(pool, torch.tensor(3), first=torch.tensor(7)).centers[0] == 7


def has_driver():
    import ctypes

    with contextlib.suppress(OSError):
        return bool(ctypes.CDLL("libcuda.so.1"))
    return False


@pytest.mark.skipif(has_driver(), reason="this machine has a driver")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_no_driver(pool, device):
    refused(
        RuntimeError, r"cuda:\d: no NVIDIA driver was found \(libcuda.so.1\): install one, or use the CPU", pool, device=device
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        farpoint.select(pool, 3, device="auto")


def test_a_driver_that_is_none(bed, run_apart):
    """A container without the driver's libraries has a stub: 'auto' then says why the CPU is used, at the caller's line."""
    if bed is None:
        pytest.skip("this machine has a GPU")
    told = run_apart(STUB, LD_LIBRARY_PATH=str(bed / "stub"))
    assert told.splitlines() == ["RuntimeError", "3", "RuntimeWarning <string> 12", "RuntimeWarning <string> 14"]


STUB = """
import warnings
import numpy as np
import farpoint
pool = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
try:
    farpoint.select(pool, 3, device="cuda")
except RuntimeError as error:
    print(type(error).__name__)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(len(farpoint.select(
        pool, 3)))
    farpoint.robust(
        pool, 1, candidates="greedy")
for one in caught:
    assert "the CPU is used" in str(one.message)
    print(one.category.__name__, one.filename, one.lineno)
"""


def test_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.npy") as raised:
        farpoint.open(tmp_path / "none.npy")
    assert isinstance(raised.value, OSError)
    damaged = tmp_path / "damaged.npy"
    np.save(damaged, np.ones((50, 4), np.float32))
    whole = damaged.read_bytes()
    for cut in (b"", b"hello", whole[:20], whole[:-1], whole + b"x"):
        damaged.write_bytes(cut)
        with pytest.raises(ValueError, match="damaged.npy"):
            farpoint.open(damaged)
    for array in (
        np.ones((3, 2), np.int64),
        np.ones(5, np.float32),
        np.array([[1, np.nan]], np.float32),
        np.ones((0, 3), np.float32),
    ):
        np.save(damaged, array)
        with pytest.raises(ValueError):
            farpoint.open(damaged)
    with pytest.raises(ValueError, match="format"):
        farpoint.open(Path(__file__))
    with pytest.raises(TypeError):
        farpoint.open(None)
    with pytest.raises((OSError, ValueError)):
        farpoint.open("a\0b.npy")
    if os.geteuid() != 0:
        damaged.chmod(0)
        with pytest.raises(PermissionError):
            farpoint.open(damaged)


def print_nothing(*told):
    pass


#: What fits is listed first and often: an option in five or so is wrong, so that many calls are answered.
ANY_NUMBER = st.one_of(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(-3, 12),
    st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64, -(2**63), None, True, "1", 1.5, float("nan"), float("inf")]),
)
ANY_ROWS = st.one_of(
    st.none(),
    st.lists(st.integers(0, 5), max_size=2, unique=True),
    st.lists(st.integers(0, 5), max_size=2, unique=True),
    st.lists(st.integers(-2, 11), max_size=5),
    st.lists(st.booleans(), max_size=12),
    st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=1), st.none()), max_size=3),
    st.sampled_from([[[0, 1]], [[]], 3, "ab", {1}, np.arange(3, dtype=np.uint8), np.ones(2)]),
)
SHAPES = st.one_of(st.tuples(st.integers(6, 10), st.integers(1, 4)), st.lists(st.integers(0, 4), max_size=4).map(tuple))
ANY_POOL = st.builds(
    lambda shape, dtype, seed, order: np.random.default_rng(seed).integers(0, 4, shape).astype(dtype, order=order),
    st.one_of(st.tuples(st.integers(6, 10), st.integers(1, 4)), SHAPES),
    st.sampled_from(["float32", "float32", "float16", "uint8", "int8", "float64", ">f4", "int64", "bool", "complex64"]),
    st.integers(0, 9),
    st.sampled_from("CF"),
)
ANY_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "labeled": ANY_ROWS,
        "exclude": ANY_ROWS,
        "resume": ANY_ROWS,
        "labeled_vectors": st.one_of(ANY_POOL, ANY_ROWS),
        "weights": st.one_of(
            st.lists(st.floats(0, 9, width=32), min_size=6, max_size=10), st.lists(st.floats(width=32), max_size=10), ANY_ROWS
        ),
        "metric": st.sampled_from(["euclidean", "euclidean", "cosine", "cosine", "x", None, 1]),
        "stop_radius": ANY_NUMBER,
        "first": st.one_of(st.sampled_from(["lowest", "mean", "heaviest", "random"]), ANY_NUMBER),
        "seed": ANY_NUMBER,
        "threads": ANY_NUMBER,
        "device": st.sampled_from(["auto", "cpu", "cpu", "cpu", "tpu", None, 3]),
        "return_distances": st.booleans(),
        "return_assignment": st.booleans(),
        "progress": st.sampled_from([None, False, print_nothing, 3]),
    },
)
ANY_ROBUST_OPTIONS = st.fixed_dictionaries(
    {"time_limit": st.sampled_from([0.1, 0.1, 0.2, 0.2, 0, None, -1, float("nan"), float("inf"), 1e300, "1"])},
    optional={
        "outliers": ANY_NUMBER,
        "gap": ANY_NUMBER,
        "candidates": st.sampled_from(["all", "greedy", "all", "greedy", "some", None, 1]),
        "labeled": ANY_ROWS,
        "exclude": ANY_ROWS,
        "metric": st.sampled_from(["euclidean", "cosine", "x"]),
        "first": ANY_NUMBER,
        "return_assignment": st.booleans(),
        "progress": st.sampled_from([None, True, print_nothing, 3]),
    },
)


def whatever_happens_is_documented(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except DOCUMENTED as error:
            assert not re.search(r"panic|unwrap|failed to extract|src/|a bug in farpoint", str(error)), error
            return None


def test_any_arguments_of_select(capfd):
    @settings(max_examples=600)
    @given(ANY_POOL, ANY_NUMBER, ANY_OPTIONS)
    def tried(pool, budget, options):
        if isinstance(options.get("threads"), int) and options["threads"] > 64:
            options["threads"] = 2
        selection = whatever_happens_is_documented(lambda: farpoint.select(pool, budget, **options))
        if selection is not None:
            answered.append(selection)
            assert len(set(selection.centers.tolist())) == len(selection)
            assert farpoint.verify(pool.astype(np.float32, order="C"), selection)

    answered = []
    tried()
    assert len(answered) > 20
    assert "panicked" not in capfd.readouterr().err


def test_any_arguments_of_robust(capfd):
    @settings(max_examples=300)
    @given(ANY_POOL, ANY_NUMBER, ANY_ROBUST_OPTIONS)
    def tried(pool, budget, options):
        selection = whatever_happens_is_documented(lambda: farpoint.robust(pool, budget, **options))
        if selection is not None:
            answered.append(selection)
            assert 0 <= selection.lower <= selection.upper

    answered = []
    tried()
    assert len(answered) > 20
    assert "panicked" not in capfd.readouterr().err
