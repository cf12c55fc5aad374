"""Clouds that are selected from together: the rows of each alone, and what is not taken together is taken in turn."""

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import farpoint.torch  # noqa: E402
from farpoint.adapters import _clouds  # noqa: E402
from farpoint.adapters._clouds import Cloud, select_clouds  # noqa: E402


@pytest.fixture
def batches(monkeypatch):
    """How many pools each call of `select_batch` was given."""
    taken = []
    select_batch = farpoint.torch.select_batch

    def noting(pools, budget, **options):
        taken.append(len(budget))
        return select_batch(pools, budget, **options)

    monkeypatch.setattr(farpoint.torch, "select_batch", noting)
    return taken


@given(points=clouds(rows=st.integers(4, 30)), has_gaps=st.booleans(), data=st.data())
def test_together_and_in_turn_give_the_rows_of_each_alone(points, has_gaps, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(points)), min_size=4, max_size=6, unique=True)))
    bounds = list(zip(cuts[::2], cuts[1::2]) if has_gaps else zip(cuts, cuts[1:]))
    asked = [
        Cloud(begin, end, data.draw(st.integers(1, end - begin)), data.draw(st.integers(0, end - begin - 1)))
        for begin, end in bounds
    ]
    expected = [farthest_first(points[c.begin : c.end], c.budget, c.start) for c in asked]
    for select in (_clouds._together, _clouds._in_turn):
        assert [rows.tolist() for rows in select(torch.from_numpy(points), asked)] == expected


def test_clouds_are_joined_where_they_lie_if_nothing_lies_between():
    points = torch.from_numpy(gaussian(10, 2))
    near = _clouds._joined(points, [Cloud(2, 5, 1, 0), Cloud(5, 9, 1, 0)])
    assert torch.equal(near, points[2:9]) and near.data_ptr() == points[2:].data_ptr()
    apart = _clouds._joined(points, [Cloud(0, 2, 1, 0), Cloud(5, 9, 1, 0)])
    assert torch.equal(apart, torch.cat([points[:2], points[5:9]]))


@pytest.mark.parametrize(("cores", "expected"), [(1, [3]), (3, [3]), (4, []), (None, [3])])
def test_clouds_go_together_where_there_are_as_many_as_cores(batches, monkeypatch, cores, expected):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    points = gaussian(12, 2)
    asked = [Cloud(0, 4, 2, 1), Cloud(4, 8, 0, 0), Cloud(4, 8, 3, 0), Cloud(8, 12, 4, 3)]
    picks = select_clouds(torch.from_numpy(points), asked)
    assert batches == expected
    for rows, cloud in zip(picks, asked, strict=True):
        alone = farthest_first(points[cloud.begin : cloud.end], cloud.budget, cloud.start) if cloud.budget else []
        assert rows.dtype == torch.int64 and rows.tolist() == alone


def test_one_cloud_has_all_cores(batches, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    select_clouds(torch.from_numpy(gaussian(4, 2)), [Cloud(0, 4, 2, 0)])
    assert batches == []


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_what_a_batch_does_not_take_is_taken_in_turn(monkeypatch, error):
    def too_large(*arguments, **options):
        raise error("too large for one launch")

    monkeypatch.setattr(farpoint.torch, "select_batch", too_large)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    points = gaussian(8, 2)
    picks = select_clouds(torch.from_numpy(points), [Cloud(0, 4, 2, 0), Cloud(4, 8, 3, 0)])
    assert [rows.tolist() for rows in picks] == [farthest_first(points[:4], 2, 0), farthest_first(points[4:], 3, 0)]


@pytest.mark.parametrize("cores", [1, 100])
def test_a_bad_value_is_told_either_way(monkeypatch, cores):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    points = gaussian(8, 2)
    points[6] = np.nan
    with pytest.raises(ValueError, match="finite"):
        select_clouds(torch.from_numpy(points), [Cloud(0, 4, 2, 0), Cloud(4, 8, 3, 0)])
