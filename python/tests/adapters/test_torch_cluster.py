"""The adapter for torch_cluster, which is compiled on install: beside its definition."""

import math
from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters import torch_cluster as adapter  # noqa: E402
from farpoint.adapters.torch_cluster import fps  # noqa: E402

CORNERS = torch.tensor([[-1.0, -1], [-1, 1], [1, 1], [1, -1], [-2, -2], [-2, 2], [2, 2], [2, -2]])
TWO_CLOUDS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])


def reference(points, sizes, ratios):
    """Rows from the definition, for ratios that are fractions."""
    rows, begin = [], 0
    for size, ratio in zip(sizes, ratios):
        budget = math.ceil(size * ratio)
        cloud = points[begin : begin + size]
        rows += [begin + row for row in (farthest_first(cloud, budget, 0) if budget else [])]
        begin += size
    return rows


@given(points=clouds(rows=st.integers(1, 30)), data=st.data())
def test_every_cloud_in_turn(points, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(points)), max_size=4)))
    ptr = [0, *cuts, len(points)]
    sizes = np.diff(ptr).tolist()
    ratios = [Fraction(data.draw(st.integers(1, 8)), 8) for _ in sizes]
    expected = reference(points, sizes, ratios)
    src, ratio = torch.from_numpy(points), torch.tensor([float(ratio) for ratio in ratios])
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    for clouds_given in ({"ptr": ptr}, {"ptr": torch.tensor(ptr)}, {"batch": batch, "batch_size": len(sizes)}):
        rows = fps(src, ratio=ratio, random_start=False, **clouds_given)
        assert rows.dtype == torch.int64 and rows.tolist() == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"ratio": 0.5},
        {"ratio": torch.tensor(0.5)},
        {"ratio": torch.tensor([0.5])},
        {"ratio": torch.tensor([0.5, 0.5], dtype=torch.float16)},
    ],
)
def test_the_examples_of_their_tests(arguments):
    assert fps(CORNERS, TWO_CLOUDS, random_start=False, **arguments).tolist() == [0, 2, 4, 6]
    assert fps(CORNERS, ptr=[0, 4, 8], random_start=False, **arguments).tolist() == [0, 2, 4, 6]
    if "ratio" not in arguments or torch.as_tensor(arguments["ratio"]).numel() == 1:
        assert fps(CORNERS, random_start=False, **arguments).tolist() == [0, 6, 5, 7]


@pytest.mark.filterwarnings("error")
def test_points_of_any_shape_and_dtype():
    flat = torch.from_numpy(np.random.default_rng(0).integers(-4, 5, (12, 6)).astype(np.float32))
    expected = farthest_first(flat.numpy(), 4, 0)
    for src in (flat, flat.reshape(12, 2, 3), flat.half(), flat.bfloat16(), flat.t().contiguous().t()):
        assert fps(src, ratio=1 / 3, random_start=False).tolist() == expected
    line = torch.tensor([0.0, 5.0, 9.0, 1.0])
    assert fps(line, random_start=False).tolist() == [0, 2]


def test_gradients_are_not_asked_for():
    rows = fps(torch.from_numpy(gaussian(10, 2)).requires_grad_(), random_start=False)
    assert len(rows) == 5 and not rows.requires_grad


def test_clouds_without_points_give_none():
    rows = fps(CORNERS, torch.tensor([1, 1, 1, 1, 3, 3, 3, 3]), random_start=False, batch_size=6)
    assert rows.tolist() == [0, 2, 4, 6]
    assert fps(torch.zeros(0, 3)).tolist() == fps(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).tolist() == []
    assert fps(CORNERS, ptr=[3]).tolist() == []


def test_a_part_of_the_points_may_be_left_to_no_cloud():
    assert fps(CORNERS, ptr=[4, 8], random_start=False).tolist() == [4, 6]


def test_random_starts_are_torchs_and_cover_every_point():
    torch.manual_seed(1)
    first = fps(CORNERS, TWO_CLOUDS)
    torch.manual_seed(1)
    assert torch.equal(fps(CORNERS, TWO_CLOUDS), first)
    starts = torch.stack([fps(CORNERS, TWO_CLOUDS, ratio=0.25) for _ in range(200)])
    assert set(starts[:, 0].tolist()) == {0, 1, 2, 3} and set(starts[:, 1].tolist()) == {4, 5, 6, 7}


def test_after_a_random_start_the_order_is_farthest_first():
    points = gaussian(40, 3)
    rows = fps(torch.from_numpy(points), ratio=0.5).tolist()
    assert rows == farthest_first(points, 20, rows[0])


def their_count(size, ratio):
    return int((torch.tensor(size, dtype=torch.float32) * torch.tensor(ratio, dtype=torch.float32)).ceil())


def our_count(size, ratio):
    ((value, spacing),) = adapter._ratios(ratio, 1)
    return adapter._count(size, value, spacing)


def test_difference_a_product_that_is_whole_is_not_rounded_up():
    assert (their_count(1_000_000, 1e-3), our_count(1_000_000, 1e-3)) == (1001, 1000)
    assert math.ceil(100 * 0.07) == 8 and our_count(100, 0.07) == 7
    assert our_count(1_000_000, torch.tensor(1e-3)) == 1000
    assert our_count(1000, torch.tensor(0.1, dtype=torch.float16)) == 100
    assert our_count(20_000_000, torch.tensor(1.0)) == 20_000_000


@given(size=st.integers(1, 10**7), data=st.data())
def test_the_ratio_of_a_count_gives_that_count_back(size, data):
    count = data.draw(st.integers(1, size))
    assert our_count(size, count / size) == count


@given(size=st.integers(1, 1000), thousandths=st.integers(1, 1000))
def test_the_count_is_the_ceiling_of_the_ratio_as_written(size, thousandths):
    exact = math.ceil(Fraction(size * thousandths, 1000))
    assert our_count(size, thousandths / 1000) == exact
    assert our_count(size, torch.tensor(thousandths / 1000)) == exact
    assert 0 <= their_count(size, thousandths / 1000) - exact <= 1


def test_difference_duplicates_are_never_picked_twice():
    # Theirs fills up with the cloud's first point once every distance is 0.
    src = torch.tensor([[0.0], [0.0], [5.0], [5.0], [0.0]])
    assert fps(src, ratio=1.0, random_start=False).tolist() == [0, 2, 1, 3, 4]


def test_difference_clouds_wider_than_theirs_allows_on_a_gpu():
    # Theirs caps squared distances at 5e4 there, so every point past 224 is as far as any other.
    assert fps(torch.tensor([[0.0], [300.0], [400.0]]), ratio=0.5, random_start=False).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ratio": 0.0}, r"ratio must be in \(0, 1\], got 0.0"),
        ({"ratio": 1.5}, r"ratio must be in \(0, 1\], got 1.5"),
        ({"ratio": math.nan}, r"ratio must be in \(0, 1\], got nan"),
        ({"ratio": torch.tensor([0.5, -1.0])}, r"ratio must be in \(0, 1\]"),
        ({"ratio": torch.tensor([0.5, 0.5, 0.5])}, "ratio holds 3 numbers for 2 clouds"),
        ({"batch": torch.zeros(7, dtype=torch.int64)}, r"batch must have shape \(8,\).*got \(7,\)"),
        ({"batch": torch.tensor([0, 1, 0, 0, 0, 0, 0, 0])}, "batch must ascend"),
        ({"batch": torch.tensor([-1, 0, 0, 0, 0, 0, 0, 0])}, "batch must ascend from at least 0"),
        ({"batch_size": 1}, "batch names cloud 1, batch_size is 1"),
        ({"ptr": [0, 5, 3]}, "ptr must ascend"),
        ({"ptr": [0, 9]}, "ptr must ascend from at least 0 to at most the 8 points"),
        ({"ptr": [-1, 8]}, "ptr must ascend from at least 0"),
        ({"ptr": []}, "ptr must ascend"),
        ({"src": torch.full((8, 2), torch.inf)}, "finite"),
    ],
)
def test_what_cannot_be_sampled(arguments, words):
    with pytest.raises(ValueError, match=words):
        fps(**{"src": CORNERS, "batch": TWO_CLOUDS, "random_start": False, **arguments})
