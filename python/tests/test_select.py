"""`farpoint.select` is the oracle's greedy k-center, to the bit, whatever is asked; its answer says so of itself."""

import copy
import json
import warnings
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

import farpoint

pytestmark = pytest.mark.filterwarnings("ignore:[0-9]+ of the [0-9]+ picks came when")

DTYPES = ["float32", "float16", "uint8", "int8"]
FIRSTS = ["lowest", "mean", "heaviest", "random"]
#: Said of picks that cover nothing new, with their number and that of all.
IDLE = "{} of the {} picks came when the radius was 0: each equals a center before it, or has weight 0; stop_radius=0 leaves them out"


@st.composite
def questions(draw):
    """A pool of small integers, full of ties and duplicates, and options that fit it."""
    n, d, span = draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(st.integers(0, 8))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from(DTYPES))
    low = 0 if dtype == "uint8" else -span
    asked = {"metric": draw(st.sampled_from(["euclidean", "cosine"]))}
    integers = lambda rows: random.integers(low, span + 1, (rows, d)).astype(dtype)  # noqa: E731
    pool = integers(n)
    if draw(st.booleans()):
        asked["labeled"] = random.permutation(n)[: draw(st.integers(0, n - 1))].tolist()
    if draw(st.booleans()):
        asked["labeled_vectors"] = integers(draw(st.integers(1, 4)))
    if draw(st.booleans()):
        taken = asked.get("labeled", [])
        asked["exclude"] = random.permutation(n)[: draw(st.integers(0, n - len(taken) - 1))].tolist()
    if draw(st.booleans()):
        asked["weights"] = random.integers(0, 5, n) / np.float32(4)
    if draw(st.booleans()):
        asked["stop_radius"] = draw(st.sampled_from([0.0, 1.0, 2.0, 3.5, 1e9]))
    left = sorted(set(range(n)) - set(asked.get("labeled", [])) - set(asked.get("exclude", [])))
    asked["first"] = draw(st.sampled_from([*FIRSTS, left[draw(st.integers(0, len(left) - 1))]]))
    if asked["first"] == "random":
        asked["seed"] = draw(st.integers(0, 2**64 - 1))
    if asked["metric"] == "cosine":
        for rows in (pool, asked.get("labeled_vectors", pool)):
            rows[~rows.any(axis=1)] = 1
    return pool, draw(st.integers(1, len(left))), asked


def given_in_some_form(draw, asked, n):
    """The same options as users write them: masks, lists, arrays of other integers."""
    said = dict(asked)
    for name in {"labeled", "exclude"} & asked.keys():
        rows = np.array(asked[name], dtype=int)
        mask = np.isin(np.arange(n), rows)
        is_sorted = list(rows) == sorted(rows)
        forms = [rows, rows.tolist(), tuple(rows), rows.astype(np.int32), rows.astype(np.uint64), np.repeat(rows, 2)[::2]]
        said[name] = draw(st.sampled_from([*forms, mask, mask.tolist()] if is_sorted and n > 0 else forms))
    return said


def check_equal(selection, answer):
    assert selection.centers.tolist() == answer.centers
    assert selection.radii.tolist() == answer.radii
    assert selection.initial_radius == answer.initial_radius
    assert selection.farthest == answer.farthest
    if selection.min_distance is not None:
        assert selection.min_distance.tolist() == answer.min_distance
    if selection.assignment is not None:
        assert selection.assignment.tolist() == answer.assignment


@settings(max_examples=400)
@given(st.data())
def test_is_the_oracles(data):
    pool, budget, asked = data.draw(questions())
    said = given_in_some_form(data.draw, asked, len(pool))
    threads = data.draw(st.sampled_from([0, 1, 2, 3]))
    selection = farpoint.select(
        pool, budget, **said, threads=threads, device="cpu", return_distances=True, return_assignment=True
    )
    check_equal(selection, reference.select(pool, budget, **asked))
    assert (selection.centers.dtype, selection.radii.dtype, selection.assignment.dtype) == (np.int64, np.float64, np.int64)
    assert selection.radius == (selection.radii[-1] if len(selection) else selection.initial_radius)
    assert not selection.interrupted
    verdict = farpoint.verify(pool, selection)
    assert verdict, verdict.message


@settings(max_examples=100)
@given(questions(), st.data())
def test_a_smaller_budget_is_a_prefix_and_resumes(question, data):
    pool, budget, asked = question
    whole = farpoint.select(pool, budget, **asked)
    part = data.draw(st.integers(1, budget))
    prefix = farpoint.select(pool, part, **asked)
    np.testing.assert_array_equal(prefix.centers, whole.centers[:part])
    np.testing.assert_array_equal(prefix.radii, whole.radii[:part])
    resumed = farpoint.select(pool, budget, **asked, resume=prefix.centers, return_assignment=True, return_distances=True)
    check_equal(resumed, reference.select(pool, budget, **asked))


@settings(max_examples=60)
@given(questions())
def test_picks_may_be_labeled_later(question):
    """Selecting b1, then b2 with the first picks labeled, is selecting b1 + b2."""
    pool, budget, asked = question
    asked.pop("stop_radius", None)
    if "labeled_vectors" in asked:
        return
    whole = farpoint.select(pool, budget, **asked)
    part = budget // 2
    if part:
        begun = farpoint.select(pool, part, **asked)
        asked.update(first="lowest", labeled=[*asked.get("labeled", []), *begun.centers])
        rest = farpoint.select(pool, budget - part, **asked)
        assert [*begun.centers, *rest.centers] == whole.centers.tolist()
        assert [*begun.radii, *rest.radii] == whole.radii.tolist()


@settings(max_examples=60)
@given(questions())
def test_other_asking_changes_no_answer(question):
    """What is returned beside them, and how many threads work, changes no pick."""
    pool, budget, asked = question
    plain = farpoint.select(pool, budget, **asked)
    assert plain.min_distance is None and plain.assignment is None
    distances = farpoint.select(pool, budget, **asked, return_distances=True, threads=2)
    assert distances.assignment is None
    assignment = farpoint.select(pool, budget, **asked, return_assignment=True, threads=1)
    assert assignment.min_distance is None
    for other in (distances, assignment):
        np.testing.assert_array_equal(plain.centers, other.centers)
        np.testing.assert_array_equal(plain.radii, other.radii)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("first", [*FIRSTS, 1796])
def test_the_digits(digits, metric, first):
    seed = 7 if first == "random" else None
    selection = farpoint.select(digits, 40, metric=metric, first=first, seed=seed, return_distances=True, return_assignment=True)
    check_equal(selection, reference.select(digits, 40, metric=metric, first=first, seed=7))


def test_a_pool_of_many_rounds():
    """Real values, more rows than a frontier holds, dimensions past the 32 partial sums."""
    pool = np.random.default_rng(3).standard_normal((3000, 70), dtype=np.float32)
    weights = np.random.default_rng(4).random(3000, dtype=np.float32)
    asked = {"labeled": [2999, 5], "exclude": [0, 17], "weights": weights}
    answer = reference.select(pool, 150, **asked)
    for threads in (1, 2, 5):
        check_equal(
            farpoint.select(pool, 150, **asked, threads=threads, device="cpu", return_distances=True, return_assignment=True),
            answer,
        )


def test_the_oracle_rounds_once():
    t, sum_ = np.random.default_rng(0).standard_normal((2, 500))
    sum_ = np.abs(sum_) * 2.0 ** np.arange(-60, 65).repeat(4)
    exact = [float(Fraction(a) * Fraction(a) + Fraction(b)) for a, b in zip(t.tolist(), sum_.tolist(), strict=True)]
    assert reference.fused(t, sum_).tolist() == exact
    assert exact != (t * t + sum_).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_row_and_one_row(dtype):
    pool = np.random.default_rng(1).integers(0, 4, (50, 2)).astype(dtype)
    everything = farpoint.select(pool, 50, return_distances=True)
    check_equal(everything, reference.select(pool, 50))
    assert sorted(everything.centers) == list(range(50))
    assert everything.radius == 0 and everything.farthest is None and not everything.min_distance.any()
    one = farpoint.select(pool, 1)
    assert one.centers.tolist() == [0] and len(one) == 1
    assert farpoint.select(pool[:1], 1).radii.tolist() == [0]


def test_fewer_distinct_rows_than_the_budget():
    pool = np.array([[1], [5], [1], [5], [1]], np.float32)
    with pytest.warns(UserWarning, match="2 of the 4 picks came when the radius was 0: each equals a center before it") as told:
        selection = farpoint.select(pool, 4, return_assignment=True)
    assert len(told) == 1 and told[0].filename == __file__
    assert selection.centers.tolist() == [0, 1, 2, 3] and selection.idle_picks == 2
    assert selection.radii.tolist() == [4, 0, 0, 0]
    assert selection.farthest == 4
    assert selection.assignment.tolist() == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(
    ("budget", "asked", "idle"),
    [
        (1, {}, 0),
        (2, {}, 0),
        (3, {}, 1),
        (5, {}, 3),
        (4, {"stop_radius": 0}, 0),
        (3, {"labeled": [0]}, 2),
        (3, {"labeled": [0, 3]}, 3),
        (3, {"labeled_vectors": [[1.0]]}, 2),
        (3, {"labeled": [0, 3], "stop_radius": 0}, 0),
        (2, {"weights": [1, 0, 1, 0, 1]}, 1),
        (2, {"metric": "cosine"}, 1),
    ],
)
def test_picks_that_cover_nothing_new_are_counted(budget, asked, idle):
    pool = np.array([[1], [5], [1], [5], [1]], np.float32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selection = farpoint.select(pool, budget, **asked)
    assert selection.idle_picks == idle
    assert [str(one.message) for one in caught] == ([IDLE.format(idle, budget)] if idle else [])
    before = [selection.initial_radius, *selection.radii][: len(selection)]
    assert before.count(0) == idle
    assert json.loads(selection.to_json())["idle_picks"] == idle


def test_stops_at_a_radius(pool):
    whole = farpoint.select(pool, 100)
    for wanted in (whole.radii[30], np.nextafter(whole.radii[30], 0)):
        stopped = farpoint.select(pool, stop_radius=wanted)
        assert len(stopped) == 31 + (wanted < whole.radii[30])
        np.testing.assert_array_equal(stopped.centers, whole.centers[: len(stopped)])
        assert stopped.radius <= wanted
    assert len(farpoint.select(pool, 5, stop_radius=whole.radii[30])) == 5
    assert sorted(farpoint.select(pool, stop_radius=0).centers) == list(range(300))
    labeled = farpoint.select(pool, labeled=[4], stop_radius=1e9)
    assert len(labeled) == 0 and labeled.radius == labeled.initial_radius > 0


def test_labeled_in_any_order(pool):
    one = farpoint.select(pool, 9, labeled=[200, 3, 77], return_assignment=True)
    other = farpoint.select(pool, 9, labeled=[3, 77, 200], return_assignment=True)
    np.testing.assert_array_equal(one.centers, other.centers)
    assert one.assignment[[200, 3, 77]].tolist() == other.assignment[[3, 77, 200]].tolist() == [-1, -2, -3]


@pytest.mark.parametrize("nothing", [[], np.array([]), np.zeros(300, bool), (), np.empty(0, np.int32)])
def test_empty_lists_are_nothing(pool, nothing):
    np.testing.assert_array_equal(
        farpoint.select(pool, 9, labeled=nothing, exclude=nothing, resume=[]).centers, farpoint.select(pool, 9).centers
    )


def test_seeds(pool):
    starts = [farpoint.select(pool, 1, first="random", seed=seed).centers[0] for seed in range(40)]
    assert starts == [reference.uniform(seed, 300) for seed in range(40)]
    assert len(set(starts)) > 30
    assert farpoint.select(pool, 1, first="random").centers[0] == starts[0]


def test_a_seed_that_draws_nothing_is_refused_wherever_seeds_are(pool):
    for call in (farpoint.select, farpoint.robust):
        for first in ("lowest", "mean", "heaviest", 3):
            with pytest.raises(ValueError, match=f"seed 5 draws nothing with first={first!r}: pass first='random', or no seed"):
                call(pool, 1, first=first, seed=5)


@pytest.mark.parametrize("offset", [1e4, 1e6])
def test_a_common_offset_cancels_nothing(offset):
    """``x*x + y*y - 2 x*y`` has no digit left here."""
    pool = (np.random.default_rng(2).integers(0, 5, (500, 6)) + offset).astype(np.float32)
    check_equal(farpoint.select(pool, 60, return_distances=True), reference.select(pool, 60))


@pytest.mark.parametrize(
    ("dtype", "scale"), [("float16", 6e4), ("float32", 1e5), ("float32", 1e6), ("float32", 1e15), ("float32", 3e38)]
)
def test_distances_beyond_what_is_stored(dtype, scale):
    """Squares past half's range, past 5e4 and 1e10, where others start their minimum, and past float's."""
    pool = (np.random.default_rng(2).uniform(-1, 1, (400, 5)) * scale).astype(dtype)
    selection = farpoint.select(pool, 50, return_distances=True)
    check_equal(selection, reference.select(pool, 50))
    assert np.isfinite(selection.radii).all() and selection.radii[0] > scale / 10


@pytest.mark.parametrize("scale", [1e-30, 1e-42])
def test_distances_near_nothing(scale):
    pool = (np.random.default_rng(2).uniform(-1, 1, (200, 5)) * scale).astype(np.float32)
    check_equal(farpoint.select(pool, 50), reference.select(pool, 50))


def test_cosine_of_duplicates_and_multiples():
    """Rows along one ray are one point, whatever their length; the cosine of equal rows rounds past 1 in others."""
    rays = np.random.default_rng(5).integers(-3, 4, (20, 7)) + 0.5
    pool = (rays[:, None] * 2.0 ** np.arange(-3, 3)[:, None]).reshape(120, 7).astype(np.float32)
    selection = farpoint.select(pool, 30, metric="cosine", return_distances=True, return_assignment=True)
    check_equal(selection, reference.select(pool, 30, metric="cosine"))
    assert np.all(selection.radii[19:] == 0) and selection.radii[18] > 0
    assert not np.isnan(selection.min_distance).any()


def test_bounds_hold_on_pools_small_enough_to_try_every_set():
    random = np.random.default_rng(8)
    for trial in range(30):
        pool = random.integers(-5, 6, (9, 2)).astype(np.float32)
        weights = None if trial % 2 else (random.integers(1, 5, 9) / 2).astype(np.float32)
        scale = np.ones(9) if weights is None else weights
        to = np.linalg.norm(pool[:, None].astype(float) - pool, axis=2) * scale[:, None]
        selection = farpoint.select(pool, 4, weights=weights)
        for t, bound in enumerate(selection.lower_bounds):
            best = min(to[:, list(chosen)].min(axis=1).max() for chosen in combinations(range(9), t + 1))
            assert 0 <= bound <= best + 1e-12 and best <= selection.radii[t] + 1e-12
        if weights is None:
            np.testing.assert_array_equal(selection.lower_bounds, selection.radii / 2)


def test_the_curve(pool):
    selection = farpoint.select(pool, 12)
    counts, radii = selection.curve()
    assert counts.tolist() == list(range(1, 13)) and radii.tolist() == selection.radii.tolist()
    labeled = farpoint.select(pool, 12, labeled=[1])
    counts, radii = labeled.curve()
    assert counts.tolist() == list(range(13)) and radii.tolist() == [labeled.initial_radius, *labeled.radii]
    assert np.all(np.diff(radii) <= 0)


def tampered(selection, **changes):
    other = copy.copy(selection)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def test_verify_finds_what_was_changed(pool):
    selection = farpoint.select(pool, 20, labeled=[5], labeled_vectors=pool[:2] + 1, exclude=[9], metric="cosine")
    assert farpoint.verify(pool, selection) and farpoint.verify(pool, selection).is_right
    centers, radii = selection.centers, selection.radii
    swapped, other = centers.copy(), centers.copy()
    swapped[[7, 8]] = swapped[[8, 7]]
    other[-1] = next(row for row in range(300) if row not in {5, 9, *centers})
    nudged = radii.copy()
    nudged[11] = np.nextafter(nudged[11], 0)
    for wrong in (tampered(selection, centers=swapped), tampered(selection, centers=other), tampered(selection, radii=nudged)):
        verdict = farpoint.verify(pool, wrong)
        assert not verdict and not verdict.is_right
    assert "pick 12 is" in farpoint.verify(pool, tampered(selection, radii=nudged)).message
    moved = pool.copy()
    moved[centers[3]] += 0.5
    assert not farpoint.verify(moved, selection)


def test_verify_of_what_does_not_fit(pool):
    with pytest.raises(TypeError):
        farpoint.verify(pool, [1, 2, 3])
    selection = farpoint.select(pool, 3)
    for other, changes in [
        (pool[:2], {}),
        (pool, {"centers": np.array([0, 0, 4])}),
        (pool, {"centers": np.array([0, 300, 4])}),
        (pool, {"radii": np.ones(9)}),
        (pool, {"radii": np.full(3, np.nan)}),
    ]:
        assert not farpoint.verify(other, tampered(selection, **changes))
    with pytest.raises(IndexError):
        farpoint.verify(pool, tampered(selection, centers=np.array([0, -1, 4])))
    with pytest.raises(ValueError, match="weights: 300"):
        farpoint.verify(pool[:200], farpoint.select(pool, 3, weights=np.ones(300)))


def test_json(pool, tmp_path):
    selection = farpoint.select(pool, 7, return_distances=True)
    path = tmp_path / "out.json"
    text = selection.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read["centers"] == selection.centers.tolist()
    assert read["radii"] == selection.radii.tolist()
    assert read["lower_bounds"] == selection.lower_bounds.tolist()
    assert (read["initial_radius"], read["interrupted"], read["farthest"]) == (None, False, selection.farthest)
    assert read["statistics"] == selection.statistics and read["statistics"]["device"]
    assert json.loads(farpoint.select(pool, 7, labeled=[0]).to_json())["initial_radius"] > 0


def test_says_what_it_is(pool):
    selection = farpoint.select(pool, 7)
    assert len(selection) == 7
    assert repr(selection) == f"Selection(7 centers, radius {selection.radius:.6g})"
    assert isinstance(selection.radius, float) and isinstance(selection.initial_radius, float)


def test_plots(pool):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    selection = farpoint.select(pool, 7, labeled=[1])
    axes = selection.plot()
    curve, bound = axes.get_lines()
    assert curve.get_ydata().tolist() == [selection.initial_radius, *selection.radii]
    assert bound.get_ydata().tolist() == selection.lower_bounds.tolist()
    axes.figure.canvas.draw()
    mine = plt.subplots()[1]
    assert selection.plot(mine) is mine
    plt.close("all")
