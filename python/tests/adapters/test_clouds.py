"""Clouds that go to a device together: the rows of clouds that are selected from one by one."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("farpoint.torch")

from farthest_first import clouds, farthest_first  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters import _clouds  # noqa: E402


@given(points=st.lists(clouds(), min_size=1, max_size=5), dimensions=st.integers(1, 3), data=st.data())
def test_clouds_selected_from_together_give_the_rows_of_each_alone(points, dimensions, data):
    points = [cloud[:, :1].repeat(dimensions, axis=1) for cloud in points]
    budgets = [data.draw(st.integers(1, len(cloud))) for cloud in points]
    starts = [data.draw(st.integers(0, len(cloud) - 1)) for cloud in points]
    together = _clouds._select_together([torch.from_numpy(cloud) for cloud in points], budgets, starts)
    for rows, *question in zip(together, points, budgets, starts):
        assert rows.tolist() == farthest_first(*question)
