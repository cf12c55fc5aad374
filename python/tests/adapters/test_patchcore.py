"""The adapter for patchcore-inspection, whose code no registry has: beside its definition."""

import numpy as np
import pytest
from farthest_first import clouds, farthest_first, gaussian, nearest_distances
from hypothesis import given
from hypothesis import strategies as st

from farpoint.adapters.patchcore import (
    ApproximateGreedyCoresetSampler,
    GreedyCoresetSampler,
    IdentitySampler,
    RandomSampler,
)

GREEDY = [GreedyCoresetSampler, ApproximateGreedyCoresetSampler]


def distances(points):
    points = np.asarray(points, dtype=np.float64)
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def their_rows(points, scores, budget):
    """Theirs from its definition: the scores stay in the running minimum, and rows may be picked again."""
    table, rows = distances(points), []
    for _ in range(budget):
        rows.append(int(scores.argmax()))
        scores = np.minimum(scores, table[:, rows[-1]])
    return rows


def scores_of_the_exact_sampler(points):
    return np.linalg.norm(distances(points), axis=1)


def scores_of_the_approximate_sampler(points, count=10):
    start_rows = np.random.choice(len(points), min(count, len(points)), replace=False)
    return distances(points)[:, start_rows].mean(axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_the_exact_samplers_rows_are_theirs(seed):
    points = gaussian(80, 6, seed)
    sampler = GreedyCoresetSampler(0.25, "cpu")
    kept = sampler.run(points)
    assert sampler.rows.tolist() == their_rows(points, scores_of_the_exact_sampler(points), 20)
    np.testing.assert_array_equal(kept, points[sampler.rows])


# The mean of a power of two of integers is exact.
@given(points=clouds(rows=st.sampled_from([2, 4, 8, 16])), percentage=st.sampled_from([0.5, 0.75, 0.9]))
def test_the_exact_sampler_on_ties_and_duplicates(points, percentage):
    sampler = GreedyCoresetSampler(percentage, None)
    sampler.run(points)
    summed = (distances(points) ** 2).round().sum(axis=1)
    assert sampler.rows.tolist() == farthest_first(points, int(len(points) * percentage), int(summed.argmax()))


@pytest.mark.parametrize("count", [1, 10, 200])
def test_the_approximate_sampler_starts_where_theirs_does_and_is_farthest_first_from_there(count):
    points = gaussian(80, 6)
    sampler = ApproximateGreedyCoresetSampler(0.25, "cpu", count)
    np.random.seed(4)
    sampler.run(points)
    np.random.seed(4)
    start = int(scores_of_the_approximate_sampler(points, count).argmax())
    assert sampler.rows.tolist() == farthest_first(points, 20, start)


def test_difference_mean_distances_are_not_kept_in_the_running_minimum():
    # Theirs leaves a row alone whose mean distance to the random rows is small, however far every pick is from it.
    points = gaussian(200, 3)
    sampler = ApproximateGreedyCoresetSampler(0.02, "cpu")
    np.random.seed(0)
    sampler.run(points)
    np.random.seed(0)
    theirs = their_rows(points, scores_of_the_approximate_sampler(points), 4)
    assert sampler.rows[0] == theirs[0] and sampler.rows.tolist() != theirs
    radius = lambda rows: nearest_distances(points, points[rows]).max()  # noqa: E731
    assert radius(sampler.rows) < radius(theirs)


def test_the_approximate_sampler_without_chance(monkeypatch):
    points = gaussian(80, 6)
    monkeypatch.setattr(np.random, "choice", None)
    sampler = ApproximateGreedyCoresetSampler(0.25, "cpu", start="farthest_from_mean")
    exact = GreedyCoresetSampler(0.25, "cpu")
    sampler.run(points)
    exact.run(points)
    assert sampler.rows.tolist() == exact.rows.tolist()


@pytest.mark.parametrize("kind", GREEDY)
def test_difference_duplicates_are_never_kept_twice(kind):
    points = np.zeros((20, 2), dtype=np.float32)
    points[7] = 1.0
    sampler = kind(0.5, "cpu")
    sampler.run(points)
    assert len(set(sampler.rows.tolist())) == 10 and sampler.rows[0] == 7
    assert len(set(their_rows(points, scores_of_the_exact_sampler(points), 10))) == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("kind", GREEDY)
def test_numpy_features_come_back_as_numpy(kind, dtype):
    points = gaussian(50, 4).astype(dtype)
    sampler = kind(0.1, "cpu", start="farthest_from_mean") if kind is GREEDY[1] else kind(0.1, "cpu")
    kept = sampler.run(points)
    assert isinstance(kept, np.ndarray) and kept.dtype == dtype and kept.shape == (5, 4)
    assert isinstance(sampler.rows, np.ndarray) and sampler.rows.dtype == np.int64


@pytest.mark.parametrize("kind", [*GREEDY, lambda percentage, device: RandomSampler(percentage)])
def test_torch_features_come_back_as_torch(kind):
    torch = pytest.importorskip("torch")
    points = torch.from_numpy(gaussian(50, 4)).half().requires_grad_()
    sampler = kind(0.1, torch.device("cpu"))
    kept = sampler.run(points)
    assert isinstance(kept, torch.Tensor) and kept.dtype == torch.float16 and kept.device == points.device
    assert torch.equal(kept, points[torch.as_tensor(sampler.rows)])


@pytest.mark.parametrize("kind", GREEDY)
def test_torch_and_numpy_features_keep_the_same_rows(kind):
    torch = pytest.importorskip("torch")
    rows = []
    for points in (gaussian(50, 4), torch.from_numpy(gaussian(50, 4))):
        np.random.seed(2)
        sampler = kind(0.3, "cpu")
        sampler.run(points)
        rows.append(sampler.rows.tolist())
    assert rows[0] == rows[1]


@pytest.mark.parametrize("as_numpy", [False, True])
@pytest.mark.parametrize("kind", GREEDY)
def test_the_projection_is_their_layer(kind, as_numpy):
    torch = pytest.importorskip("torch")
    features = gaussian(60, 32)
    sampler = kind(0.3, "cpu", dimension_to_project_features_to=5, projection="linear")
    torch.manual_seed(1)
    np.random.seed(1)
    kept = sampler.run(features if as_numpy else torch.from_numpy(features))
    assert type(kept) is type(sampler.rows) is (np.ndarray if as_numpy else torch.Tensor) and kept.shape == (18, 32)
    torch.manual_seed(1)
    np.random.seed(1)
    with torch.no_grad():
        projected = torch.nn.Linear(32, 5, bias=False)(torch.from_numpy(features)).numpy()
    exact = kind is GreedyCoresetSampler
    scores = scores_of_the_exact_sampler(projected) if exact else scores_of_the_approximate_sampler(projected)
    assert sampler.rows.tolist() == farthest_first(projected, 18, int(scores.argmax()))


def test_features_of_the_projections_dimension_are_not_projected():
    points = gaussian(40, 6)
    sampler = GreedyCoresetSampler(0.25, "cpu", 6, projection="linear")
    sampler.run(points)
    assert sampler.rows.tolist() == their_rows(points, scores_of_the_exact_sampler(points), 10)


def test_the_random_samplers_rows_are_theirs():
    points = gaussian(50, 4)
    sampler = RandomSampler(0.3)
    np.random.seed(6)
    kept = sampler.run(points)
    np.random.seed(6)
    rows = np.random.choice(50, 15, replace=False)
    np.testing.assert_array_equal(kept, points[rows])
    np.testing.assert_array_equal(sampler.rows, rows)


def test_the_identity_keeps_the_features_themselves():
    points = gaussian(5, 2)
    assert IdentitySampler().run(points) is points


@pytest.mark.parametrize("percentage", [0, 1, 1.5, -0.1, float("nan")])
@pytest.mark.parametrize("kind", [*GREEDY, lambda percentage, device: RandomSampler(percentage)])
def test_a_percentage_that_is_no_part(kind, percentage):
    with pytest.raises(ValueError, match=r"Percentage value not in \(0, 1\)\."):
        kind(percentage, "cpu")


def test_what_cannot_be_sampled():
    with pytest.raises(ValueError, match="budget"):
        GreedyCoresetSampler(0.01, "cpu").run(gaussian(50, 4))
    with pytest.raises(ValueError, match="finite"):
        ApproximateGreedyCoresetSampler(0.5, "cpu").run(np.full((8, 2), np.inf, dtype=np.float32))
    with pytest.raises(ValueError, match="projection 'sparse' is neither"):
        GreedyCoresetSampler(0.5, "cpu", projection="sparse")
    with pytest.raises(ValueError, match="start 'mean' is neither"):
        ApproximateGreedyCoresetSampler(0.5, "cpu", start="mean")


def test_host_features_go_to_the_device_asked_for_and_others_stay(monkeypatch):
    import farpoint

    devices = []
    select = farpoint.select

    def noting(*arguments, device="auto", **options):
        devices.append(device)
        return select(*arguments, **options)

    monkeypatch.setattr(farpoint, "select", noting)
    monkeypatch.setattr("farpoint._nearest.select", noting)
    for asked, passed_on in [("cpu", "cpu"), ("cuda:1", "cuda:1"), (None, "auto"), ("mps", "auto")]:
        devices.clear()
        ApproximateGreedyCoresetSampler(0.5, asked, 3).run(gaussian(8, 2))
        assert set(devices) == {passed_on}


def test_the_mean_of_many_rows_is_not_summed_in_float32():
    # There, 100,000 times 0.1 is 1.4 too little, and row 1 seems the farther one.
    points = np.full((100_000, 2), 0.1, dtype=np.float32)
    points[0], points[1] = -0.9, 1.09999
    sampler = GreedyCoresetSampler(0.00002, None)
    sampler.run(points)
    assert sampler.rows.tolist() == [0, 1]
