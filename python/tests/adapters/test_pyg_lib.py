"""The adapter for `pyg_lib.ops.fps`, whose wheels are on an index of their own: beside its definition."""

import inspect
import math

import pytest

torch = pytest.importorskip("torch")

from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters.pyg_lib import fps  # noqa: E402

TWO_CLOUDS = torch.tensor([[-1.0, -1], [-1, 1], [1, 1], [1, -1], [-2, -2], [-2, 2], [2, 2], [2, -2]])


def test_its_arguments_are_theirs_in_their_order():
    parameters = inspect.signature(fps).parameters
    assert list(parameters) == ["src", "ptr", "ratio", "random_start"]
    assert parameters["ratio"].default == 0.5 and parameters["random_start"].default is True


@given(points=clouds(rows=st.integers(1, 30)), data=st.data())
def test_every_cloud_in_turn(points, data):
    cut = data.draw(st.integers(0, len(points)))
    eighths = data.draw(st.integers(1, 8))
    expected = []
    for begin, end in ((0, cut), (cut, len(points))):
        budget = math.ceil((end - begin) * eighths / 8)
        expected += [begin + row for row in (farthest_first(points[begin:end], budget, 0) if budget else [])]
    rows = fps(torch.from_numpy(points), torch.tensor([0, cut, len(points)]), eighths / 8, False)
    assert rows.dtype == torch.int64 and rows.tolist() == expected


def test_two_clouds():
    assert fps(TWO_CLOUDS, torch.tensor([0, 4, 8]), random_start=False).tolist() == [0, 2, 4, 6]
    assert fps(TWO_CLOUDS, [0, 8], ratio=0.5, random_start=False).tolist() == [0, 6, 5, 7]


def test_random_starts_are_torchs():
    points = torch.from_numpy(gaussian(40, 3))
    draws = []
    for _ in range(2):
        torch.manual_seed(1)
        draws.append(fps(points, torch.tensor([0, 20, 40])).tolist())
    assert draws[0] == draws[1]
    assert len({int(fps(points, torch.tensor([0, 40]), 0.01)[0]) for _ in range(100)}) > 10


def test_difference_a_whole_product_is_not_rounded_up():
    # Theirs multiplies the counts, as float32, by the ratio, and rounds up.
    assert (torch.tensor([100.0]) * 0.3).ceil().tolist() == [31]
    assert len(fps(torch.from_numpy(gaussian(100, 2)), torch.tensor([0, 100]), 0.3)) == 30


def test_difference_duplicates_are_never_picked_twice():
    src = torch.tensor([[0.0], [0.0], [5.0], [5.0], [0.0]])
    assert fps(src, torch.tensor([0, 5]), 1.0, False).tolist() == [0, 2, 1, 3, 4]


@pytest.mark.parametrize(
    ("ptr", "ratio", "words"),
    [
        ([0, 8], 0.0, r"ratio must be in \(0, 1\]"),
        ([0, 8], 1.5, r"ratio must be in \(0, 1\]"),
        ([0, 9], 0.5, "ptr must ascend from at least 0 to at most the 8 points"),
        ([0, 5, 3], 0.5, "ptr must ascend"),
    ],
)
def test_what_cannot_be_sampled(ptr, ratio, words):
    with pytest.raises(ValueError, match=words):
        fps(TWO_CLOUDS, torch.tensor(ptr), ratio)
