"""Every adapter takes float64 as it is, without a word, and rounds no whole number."""

import warnings

import numpy as np
import pytest

import farpoint

torch = pytest.importorskip("torch")

from farpoint.adapters.anomalib import KCenterGreedy  # noqa: E402
from farpoint.adapters.google import kCenterGreedy  # noqa: E402
from farpoint.adapters.modal import coreset_sampling  # noqa: E402
from farpoint.adapters.patchcore import ApproximateGreedyCoresetSampler, GreedyCoresetSampler  # noqa: E402
from farpoint.adapters.pytorch3d import sample_farthest_points  # noqa: E402
from farpoint.adapters.torch_cluster import fps  # noqa: E402


def anomalib(rows):
    torch.manual_seed(3)
    sampler = KCenterGreedy(torch.from_numpy(rows), 0.2)
    picks = sampler.select_coreset_idxs()
    assert sampler.min_distances.max() > 0
    return picks


def google(rows):
    return kCenterGreedy(rows, None, 0).select_batch(model=None, already_selected=[3], N=8)


def google_distances(rows):
    sampler = kCenterGreedy(rows, None, 0)
    sampler.update_distances([5, 7])
    return sampler.min_distances.tolist()


def greedy(rows):
    sampler = GreedyCoresetSampler(0.2, "cpu")
    sampler.run(rows)
    return sampler.rows.tolist()


def greedy_of_tensors(rows):
    sampler = GreedyCoresetSampler(0.2, "cpu")
    sampler.run(torch.from_numpy(rows))
    return sampler.rows.tolist()


def approximate(rows):
    np.random.seed(3)
    sampler = ApproximateGreedyCoresetSampler(0.2, "cpu")
    sampler.run(rows)
    return sampler.rows.tolist()


def pytorch3d(rows):
    samples, indices = sample_farthest_points(torch.from_numpy(rows).reshape(2, 20, 3), K=5)
    is_single = rows.dtype != np.float64 and abs(rows).max() <= 2**24
    assert samples.dtype == (torch.float32 if is_single else torch.float64)
    return indices.tolist()


def torch_cluster(rows):
    return fps(torch.from_numpy(rows), torch.arange(40) // 20, 0.25, random_start=False).tolist()


def one_cloud(rows):
    return fps(torch.from_numpy(rows), random_start=False).tolist()


def modal(rows):
    return coreset_sampling(None, rows, 8, X_training=rows[:1])[0].tolist()


def scikit_activeml(rows):
    pool = pytest.importorskip("farpoint.adapters.scikit_activeml", exc_type=ImportError)
    y = np.where(np.arange(len(rows)) < 2, 1.0, np.nan)
    queried, utilities = pool.CoreSet().query(rows, y, batch_size=8, return_utilities=True)
    return [queried.tolist(), np.nan_to_num(utilities).tolist()]


def scikit_learn(rows):
    return pytest.importorskip("farpoint.sklearn", exc_type=ImportError).KCenter(8).fit(rows).center_indices_.tolist()


#: Those that refuse int64 as `farpoint.select` does, and those that take it as their peers do.
STRICT = [anomalib, greedy, greedy_of_tensors, approximate, torch_cluster, one_cloud]
LENIENT = [google, google_distances, pytorch3d, modal, scikit_activeml, scikit_learn]


@pytest.fixture
def doubles():
    """Rows of which float32 sees many as one."""
    return 5e6 + np.random.default_rng(0).integers(0, 50, (40, 3)) * 0.125


@pytest.mark.parametrize("adapter", [*STRICT, *LENIENT])
def test_doubles_are_not_rounded(adapter, doubles):
    """The answer is that of what a shift leaves of them, which float32 has exactly, and not that of what rounding does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = adapter(doubles)
        assert answer == adapter((doubles - 5e6).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert answer != adapter(doubles.astype(np.float32))


@pytest.mark.parametrize("adapter", LENIENT)
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
def test_whole_numbers_that_float32_has_are_taken(adapter, dtype):
    whole = np.random.default_rng(0).integers(0, 1000, (40, 3)).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert adapter(whole) == adapter(whole.astype(np.float32))


@pytest.mark.parametrize("adapter", [*STRICT, *LENIENT])
def test_whole_numbers_are_never_rounded(adapter):
    beyond = 2**53 + np.random.default_rng(0).integers(0, 50, (40, 3))
    with pytest.raises(TypeError, match="int64 values; a pool has|float64 has not every whole number beyond"):
        adapter(beyond)


@pytest.mark.parametrize("adapter", LENIENT)
def test_whole_numbers_that_float64_alone_has_are_taken(adapter):
    whole = 2**24 + np.random.default_rng(0).integers(0, 50, (40, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert adapter(whole) == adapter(whole.astype(np.float64))


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64])
def test_unsigned_points_are_never_rounded_either(dtype):
    points = torch.from_numpy(np.random.default_rng(0).integers(0, 1000, (1, 20, 3))).to(dtype)
    expected = sample_farthest_points(points.float(), K=5)[1]
    assert torch.equal(sample_farthest_points(points, K=5)[1], expected)
    if dtype != torch.uint16:
        points[0, 3, 1] = 2**24 + 1
        assert torch.equal(sample_farthest_points(points, K=5)[1], sample_farthest_points(points.double(), K=5)[1])
    if dtype == torch.uint64:
        points[0, 3, 1] = 2**64 - 5
        with pytest.raises(TypeError, match="float64 has not every whole number beyond"):
            sample_farthest_points(points, K=5)


def test_wider_floats_are_rounded_with_a_warning():
    rows = np.random.default_rng(0).standard_normal((40, 3)).astype(np.longdouble)
    for adapter in (modal, scikit_learn):
        with pytest.warns(UserWarning, match=f"has {rows.dtype} values: rounded to float64 in memory"):
            answer = adapter(rows)
        assert answer == adapter(rows.astype(float))


@pytest.mark.parametrize("adapter", [*STRICT, *LENIENT])
def test_complex_numbers_are_refused(adapter):
    with pytest.raises((TypeError, ValueError), match="(?i)complex"):
        adapter(np.ones((40, 3), np.complex128))


def test_candidates_are_not_rounded_either(doubles):
    pool = pytest.importorskip("farpoint.adapters.scikit_activeml", exc_type=ImportError)
    known, y = np.zeros((2, 3), np.float32), np.ones(2)
    rows = pool.CoreSet().query(known, y, candidates=doubles, batch_size=5)
    expected = farpoint.select(doubles, 5, labeled_vectors=known).centers
    assert rows.tolist() == expected.tolist()


def test_what_predicts_rounds_nothing_either(doubles):
    pytest.importorskip("sklearn")
    from farpoint.sklearn import KCenter

    fitted = KCenter(20).fit(doubles)
    assert fitted.cluster_centers_.dtype == np.float64
    distances = np.linalg.norm(doubles[:, None] - doubles[fitted.center_indices_], axis=2)
    np.testing.assert_allclose(fitted.transform(doubles), distances)
    np.testing.assert_array_equal(fitted.predict(doubles), distances.argmin(axis=1))
    for call in (fitted.predict, fitted.transform):
        with pytest.raises(TypeError, match="float64 has not every whole number"):
            call(np.full((2, 3), 2**53 + 1))


@pytest.mark.parametrize("rows", [[1.5], [1.0], ["1"]])
def test_row_numbers_are_never_rounded(rows):
    points = np.random.default_rng(0).standard_normal((40, 3), dtype=np.float32)
    sampler = kCenterGreedy(points, None, 0)
    with pytest.raises(TypeError):
        sampler.select_batch(model=None, already_selected=rows, N=2)
    with pytest.raises(TypeError):
        sampler.update_distances(rows)
    sampler = KCenterGreedy(torch.from_numpy(points), 0.2)
    sampler.select_coreset_idxs()
    with pytest.raises(TypeError):
        sampler.update_distances(rows[0])


@pytest.mark.parametrize("numbers", [{"lengths": torch.full((2,), 7.5)}, {"K": [2.5, 3]}, {"K": torch.full((2,), 3.0)}])
def test_points_are_counted_in_whole_numbers(numbers):
    with pytest.raises(TypeError, match=f"{next(iter(numbers))} has torch.float32 values"):
        sample_farthest_points(torch.zeros(2, 20, 3), **numbers)
