"""`farpoint.robust`: the best radius, found by trying every set, and certificates that a change breaks."""

import json
import math
import threading
import time
from itertools import combinations

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

import farpoint


def best_radius(pool, budget, outliers=0, *, labeled=(), labeled_vectors=None, exclude=(), metric="euclidean", among=None):
    """The least radius that any choice of `budget` rows leaves of all but `outliers` of the rows neither labeled nor excluded."""
    x = reference.seen(pool, metric)
    outside = [] if labeled_vectors is None else list(reference.seen(labeled_vectors, metric))
    counted = [row for row in range(len(x)) if row not in {*labeled, *exclude}]
    to = np.array([reference.distances(x[counted], x[row]) for row in counted])
    known = [reference.distances(x[counted], center) for center in [*(x[row] for row in labeled), *outside]]
    base = np.min(known, axis=0) if known else np.full(len(counted), np.inf)

    def radius(chosen):
        # A center is at distance 0 of itself, and need not be covered.
        distances = np.minimum(base, to[list(chosen)].min(axis=0))
        return np.sort(distances)[-1 - outliers] if outliers < len(counted) else 0.0

    columns = range(len(counted)) if among is None else [counted.index(row) for row in among]
    return min(radius(chosen) for chosen in combinations(columns, budget))


@st.composite
def questions(draw):
    n, d = draw(st.integers(3, 11)), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    pool = random.integers(-6, 7, (n, d)).astype(draw(st.sampled_from(["float32", "int8", "float16"])))
    asked = {"metric": draw(st.sampled_from(["euclidean", "cosine"]))}
    pool[~pool.any(axis=1)] = 1
    roles = random.permutation(n).tolist()
    if draw(st.booleans()):
        asked["labeled"] = roles[: draw(st.integers(0, n // 3))]
    if draw(st.booleans()):
        asked["exclude"] = roles[n - draw(st.integers(0, n // 3)) :]
    if draw(st.booleans()):
        asked["labeled_vectors"] = random.integers(1, 5, (2, d)).astype(pool.dtype)
    free = n - len(asked.get("labeled", [])) - len(asked.get("exclude", []))
    budget = draw(st.integers(1, min(3, free)))
    return pool, budget, draw(st.integers(0, min(2, free - 1))), asked


@settings(max_examples=150)
@given(questions())
def test_is_the_best_there_is(question):
    pool, budget, outliers, asked = question
    selection = farpoint.robust(
        pool, budget, outliers=outliers, **asked, device="cpu", return_distances=True, return_assignment=True
    )
    assert selection.is_optimal and selection.gap == 0
    assert selection.lower == selection.upper == best_radius(pool, budget, outliers, **asked)
    assert selection.upper <= selection.greedy_radius
    taken = {*asked.get("labeled", []), *asked.get("exclude", [])}
    assert len(selection) == len(set(selection.centers)) <= budget and not taken & set(selection.centers)
    assert len(selection.outliers) <= outliers and list(selection.centers) == sorted(selection.centers)
    counted = np.array([row not in taken for row in range(len(pool))])
    assert sorted(selection.outliers) == np.flatnonzero(counted & (selection.min_distance > selection.upper)).tolist()
    verdict = farpoint.verify(pool, selection)
    assert verdict, verdict.message


@settings(max_examples=60)
@given(questions())
def test_among_greedys_picks(question):
    pool, budget, outliers, asked = question
    selection = farpoint.robust(pool, budget, outliers=outliers, **asked, candidates="greedy", device="cpu")
    free = len(pool) - len(asked.get("labeled", [])) - len(asked.get("exclude", []))
    picks = farpoint.select(pool, min(free, budget + outliers), **asked).centers.tolist()
    assert set(selection.centers) <= set(picks)
    best = best_radius(pool, budget, outliers, **asked)
    assert selection.lower <= best <= selection.upper <= 3 * best + 1e-12
    assert selection.upper == best_radius(pool, budget, outliers, **asked, among=picks)
    assert farpoint.verify(pool, selection)


def test_of_the_readme():
    pool = np.array([[0], [1], [2], [3], [7], [8], [9], [100]], np.float32)
    selection = farpoint.robust(pool, 2, outliers=1, return_assignment=True)
    assert (selection.lower, selection.upper, selection.outliers.tolist()) == (2, 2, [7])
    assert repr(selection) == "RobustSelection(2 centers, radius 2, optimal)"
    assert selection.centers.dtype == selection.assignment.dtype == np.int64
    assert selection.min_distance is None and selection.assignment[selection.centers].tolist() == [0, 1]


@pytest.fixture(scope="module")
def hard():
    """More than a second's search."""
    return np.random.default_rng(0).standard_normal((3000, 24), dtype=np.float32)


def test_with_a_time_limit_the_interval_is_true(hard, digits):
    started = time.perf_counter()
    selection = farpoint.robust(hard, 60, time_limit=0.5, device="cpu")
    assert time.perf_counter() - started < 3
    assert 0 < selection.lower <= selection.upper <= selection.greedy_radius
    assert selection.gap == (selection.upper - selection.lower) / selection.upper
    if not selection.is_optimal:
        assert "above the best" in repr(selection) and "time" in selection.end
    assert farpoint.verify(hard, selection)
    early, late = (farpoint.robust(digits, 20, labeled=range(20), time_limit=seconds, device="cpu") for seconds in (0.05, 1.5))
    assert early.lower <= late.lower <= late.upper <= early.upper
    assert farpoint.verify(digits, early) and farpoint.verify(digits, late)


def test_a_gap_is_enough(hard):
    selection = farpoint.robust(hard[:800], 20, gap=0.3, time_limit=20, device="cpu")
    assert selection.gap <= 0.3


def test_decisions_and_json(tmp_path, digits):
    selection = farpoint.robust(digits[:80], 5, outliers=2, device="cpu")
    assert selection.decisions
    for decision in selection.decisions:
        assert decision.feasible in (True, False, None) and decision.radius > 0 and decision.lower <= decision.upper
        assert len(decision.residue) == 2
    path = tmp_path / "out.json"
    text = selection.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read["centers"] == selection.centers.tolist() and read["outliers"] == selection.outliers.tolist()
    assert (read["lower"], read["upper"]) == (selection.lower, selection.upper)
    assert read["certificate"]["centers"] == read["centers"] and "search" in read["statistics"]


def changed(selection, change):
    certificate = json.loads(selection.certificate_json)
    change(certificate)
    other = object.__new__(type(selection))
    other.__dict__.update(selection.__dict__, certificate_json=json.dumps(certificate))
    return other


def test_a_tampered_certificate_fails(digits):
    pool = digits[:100]
    selection = farpoint.robust(pool, 6, outliers=2, labeled=[3, 1], exclude=[5], device="cpu")
    assert farpoint.verify(pool, selection)
    assert farpoint.verify(pool, changed(selection, lambda c: None))
    others = [row for row in range(100) if row not in {1, 3, 5, *selection.centers}]
    changes = {
        "upper": lambda c: c.update(upper=math.nextafter(c["upper"], 0)),
        "lower": lambda c: c.update(lower=c["upper"] * 1.01, upper=c["upper"] * 1.01),
        "centers": lambda c: c["centers"].__setitem__(0, others[0]),
        "a center excluded": lambda c: c["centers"].__setitem__(0, 5),
        "uncovered": lambda c: c.update(uncovered=c["uncovered"][1:] or [others[1]]),
        "outliers": lambda c: c.update(outliers=0),
        "weights": lambda c: c["dual"]["weights"].__setitem__(0, [c["dual"]["weights"][0][0], c["dual"]["denominator"] + 1]),
        "fewer weights": lambda c: c["dual"].update(weights=c["dual"]["weights"][1:]),
        "radius": lambda c: c["dual"].update(radius=c["upper"] * 1.5),
    }
    for name, change in changes.items():
        assert not farpoint.verify(pool, changed(selection, change)), name
    assert not farpoint.verify(pool[::-1].copy(), selection)
    for text in ("", "{}", "[1", "null"):
        other = changed(selection, lambda c: None)
        other.certificate_json = text
        with pytest.raises(ValueError, match="certificate"):
            farpoint.verify(pool, other)


class Enough(Exception):
    pass


def test_progress(hard):
    calls = []

    def tick(seconds, lower, upper):
        calls.append((threading.get_ident(), seconds, lower, upper))
        if seconds > 0.3:
            raise Enough

    with pytest.raises(Enough) as raised:
        farpoint.robust(hard, 60, time_limit=20, device="cpu", progress=tick)
    selection = raised.value.selection
    threads, seconds, lowers, uppers = zip(*calls, strict=True)
    assert set(threads) == {threading.get_ident()} and list(seconds) == sorted(seconds)
    assert all(lower <= upper for lower, upper in zip(lowers, uppers, strict=True))
    assert selection.lower >= lowers[-1] and selection.upper <= uppers[-1] and farpoint.verify(hard, selection)
    with pytest.raises(TypeError, match="callable"):
        farpoint.robust(hard, 60, progress=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"budget": 0}, ValueError, "budget 0"),
        ({"budget": 301}, ValueError, "budget 301 exceeds the 300 rows"),
        ({"budget": 2.0}, TypeError, "budget"),
        ({"outliers": 300}, ValueError, "300 outliers leave nothing to cover"),
        ({"outliers": -1}, ValueError, "outliers"),
        ({"outliers": 1.5}, TypeError, "outliers"),
        ({"gap": -0.1}, ValueError, "gap -0.1 is not a finite number of at least 0"),
        ({"gap": float("nan")}, ValueError, "gap NaN"),
        ({"gap": "x"}, TypeError, "gap"),
        ({"time_limit": -1}, ValueError, "time_limit -1 is not a number of seconds"),
        ({"time_limit": float("nan")}, ValueError, "time_limit NaN"),
        ({"time_limit": "x"}, TypeError, "time_limit"),
        ({"candidates": "some"}, ValueError, "candidates 'some' is neither 'all' nor 'greedy'"),
        ({"candidates": None}, TypeError, "candidates"),
        ({"labeled": [300]}, IndexError, "labeled row 300"),
        ({"labeled": [1, 1]}, ValueError, "given twice"),
        ({"metric": "l1"}, ValueError, "metric 'l1'"),
        ({"first": 300}, IndexError, "first row 300"),
        ({"device": "tpu"}, ValueError, "device 'tpu'"),
        ({"weights": np.ones(300)}, TypeError, "weights"),
    ],
)
def test_errors(pool, options, error, message):
    options = {"budget": 3, **options}
    with pytest.raises(error, match=message) as raised:
        farpoint.robust(pool, **options)
    assert "failed to extract" not in str(raised.value)


def test_of_a_file_and_of_a_tensor(tmp_path, digits):
    pool = digits[:80]
    np.save(tmp_path / "pool.npy", pool)
    expected = farpoint.robust(pool, 4, device="cpu")
    mapped = farpoint.open(tmp_path / "pool.npy")
    found = farpoint.robust(mapped, 4, device="cpu", return_distances=True)
    assert found.centers.tolist() == expected.centers.tolist() and (found.lower, found.upper) == (expected.lower, expected.upper)
    assert farpoint.verify(mapped, found) and farpoint.verify(pool, found)
    torch = pytest.importorskip("torch")
    tensor = farpoint.robust(torch.from_numpy(pool), 4, device="cpu", return_distances=True, return_assignment=True)
    for name in ("centers", "outliers", "min_distance", "assignment"):
        assert type(getattr(tensor, name)) is torch.Tensor, name
    assert tensor.centers.tolist() == expected.centers.tolist() and tensor.upper == expected.upper
    assert json.loads(tensor.to_json())["upper"] == expected.upper
