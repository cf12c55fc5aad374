"""The adapter for pytorch3d, whose package does not install on a plain CPU machine: beside its definition."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from farthest_first import farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

from farpoint.adapters.pytorch3d import sample_farthest_points  # noqa: E402


@st.composite
def batches(draw):
    """A batch (N, P, D) of few integers, with lengths and K, some of which K exceed their length."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 10), st.integers(1, 3)))
    points = draw(hnp.arrays(np.float32, shape, elements=st.integers(-2, 2).map(float)))
    each = lambda least, most: st.lists(st.integers(least, most), min_size=shape[0], max_size=shape[0])  # noqa: E731
    return points, draw(each(0, shape[1])), draw(each(0, shape[1] + 2))


def padded(points, lengths, counts, width=None):
    """What must come back, from the definition."""
    width = max(counts) if width is None else width
    indices = np.full((len(points), width), -1)
    samples = np.zeros((len(points), width, points.shape[2]), dtype=points.dtype)
    for cloud, (length, count) in enumerate(zip(lengths, counts)):
        budget = min(length, count)
        rows = farthest_first(points[cloud, :length], budget, 0) if budget else []
        indices[cloud, :budget] = rows
        samples[cloud, :budget] = points[cloud, rows]
    return samples, indices


def check(result, expected):
    assert result[0].numpy().dtype == expected[0].dtype and result[1].dtype == torch.int64
    np.testing.assert_array_equal(result[1].numpy(), expected[1])
    np.testing.assert_array_equal(result[0].detach().numpy(), expected[0])


@given(batch=batches())
def test_every_cloud_of_a_batch(batch):
    points, lengths, counts = batch
    tensors = torch.from_numpy(points), torch.tensor(lengths)
    check(sample_farthest_points(*tensors, K=torch.tensor(counts)), padded(points, lengths, counts))
    check(sample_farthest_points(*tensors, K=counts), padded(points, lengths, counts))
    whole = [points.shape[1]] * len(points)
    check(sample_farthest_points(tensors[0], K=3), padded(points, whole, [3] * len(points)))


def test_one_number_of_samples_is_the_width_also_where_clouds_are_shorter():
    points = gaussian(12, 2).reshape(2, 6, 2)
    result = sample_farthest_points(torch.from_numpy(points), torch.tensor([2, 3], dtype=torch.int32), 5)
    check(result, padded(points, [2, 3], [5, 5], width=5))
    assert sample_farthest_points(torch.from_numpy(points))[1].shape == (2, 50)


def test_gradients_flow_through_the_samples_alone():
    points = torch.from_numpy(gaussian(12, 2).reshape(2, 6, 2)).requires_grad_()
    samples, indices = sample_farthest_points(points, torch.tensor([6, 2]), 3)
    assert not indices.requires_grad
    weights = torch.arange(1.0, 13.0).reshape(2, 3, 2)
    (samples * weights).sum().backward()
    expected = torch.zeros(2, 6, 2)
    for cloud, place in np.argwhere(indices.numpy() >= 0):
        expected[cloud, indices[cloud, place]] = weights[cloud, place]
    assert torch.equal(points.grad, expected)


# Samples are float32, as theirs.
@pytest.mark.filterwarnings("ignore:Input #0 requires gradient and is not a double")
def test_gradcheck():
    points = torch.from_numpy(gaussian(20, 3).reshape(2, 10, 3)).requires_grad_()
    torch.autograd.gradcheck(
        lambda points: sample_farthest_points(points, torch.tensor([10, 1]), 2)[0], points, eps=2e-3, atol=1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64])
def test_every_dtype_is_seen_as_floats(dtype):
    points = torch.from_numpy(np.random.default_rng(0).integers(-4, 5, (2, 9, 3))).to(dtype)
    result = sample_farthest_points(points, K=4)
    seen = torch.float64 if dtype == torch.float64 else torch.float32
    check(result, padded(points.to(seen).numpy(), [9, 9], [4, 4]))


@pytest.mark.filterwarnings("error")
def test_rows_that_do_not_lie_together():
    strided = torch.from_numpy(gaussian(60, 8).reshape(3, 20, 8))[:, :, ::2]
    check(sample_farthest_points(strided, K=5), padded(strided.numpy(), [20] * 3, [5] * 3))


def test_random_starts_are_their_draws():
    points = torch.from_numpy(gaussian(200, 3).reshape(5, 40, 3))
    torch.manual_seed(3)
    drawn = torch.randint(high=40, size=(5,))
    torch.manual_seed(3)
    indices = sample_farthest_points(points, K=6, random_start_point=True)[1]
    assert torch.equal(indices[:, 0], drawn) and drawn.unique().numel() > 1
    for cloud, start in enumerate(drawn.tolist()):
        assert indices[cloud].tolist() == farthest_first(points[cloud].numpy(), 6, start)


def test_random_starts_stay_within_the_lengths():
    points = torch.from_numpy(gaussian(1000, 2).reshape(500, 2, 2))
    lengths = torch.arange(500) % 3
    torch.manual_seed(3)
    drawn = (lengths * torch.rand(500)).to(torch.int64)
    torch.manual_seed(3)
    first = sample_farthest_points(points, lengths, 1, random_start_point=True)[1][:, 0]
    assert torch.equal(first, torch.where(lengths > 0, drawn, -1))
    assert set(first.tolist()) == {-1, 0, 1}


def test_nothing_to_sample():
    for shape, count in [((0, 5, 2), 3), ((2, 0, 2), 3), ((2, 5, 2), 0)]:
        samples, indices = sample_farthest_points(torch.zeros(shape), K=count)
        assert samples.shape == (shape[0], count, 2) and indices.shape == (shape[0], count)
        assert not samples.any() and (indices == -1).all()
    assert sample_farthest_points(torch.zeros(0, 5, 2), K=[])[1].shape == (0, 0)


def test_difference_duplicates_are_never_picked_twice():
    # Theirs fills up with index 0 once every distance is 0.
    points = torch.tensor([[[0.0], [0.0], [5.0], [5.0], [0.0]]])
    assert sample_farthest_points(points, K=5)[1].tolist() == [[0, 2, 1, 3, 4]]


def test_difference_distances_that_float32_cannot_tell_apart():
    points = torch.tensor([[[0.0, 0.0], [4096.0, 0.0], [4096.0, 1.0]]])
    assert sample_farthest_points(points, K=2)[1].tolist() == [[0, 2]]


def test_difference_clouds_wider_than_theirs_allows_on_a_gpu():
    # Theirs caps squared distances at 1e10 there, so every point past 1e5 is as far as any other.
    points = torch.tensor([[[0.0], [2e5], [3e5]]])
    assert sample_farthest_points(points, K=2)[1].tolist() == [[0, 2]]


POINTS = torch.zeros(5, 8, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"K": torch.ones(4, dtype=torch.int64)}, "K and points must have the same batch dimension"),
        ({"K": [1, 2]}, "K and points must have the same batch dimension"),
        ({"K": torch.tensor(3)}, "K and points must have the same batch dimension"),
        ({"K": -1}, "A value in K was negative"),
        ({"K": [1, 1, 1, 1, -1]}, "A value in K was negative"),
        ({"lengths": torch.ones(4)}, "points and lengths must have same batch dimension."),
        ({"lengths": torch.full((5,), 9)}, "A value in lengths was too large."),
        ({"lengths": torch.full((5,), -1)}, "A value in lengths was negative."),
        ({"points": torch.zeros(5, 8)}, r"points must have shape \(N, P, D\), got \(5, 8\)"),
        ({"points": torch.full((5, 8, 2), torch.nan)}, "finite"),
    ],
)
def test_what_cannot_be_sampled(arguments, words):
    with pytest.raises(ValueError, match=words):
        sample_farthest_points(**{"points": POINTS, "K": 2, **arguments})
