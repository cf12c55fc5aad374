"""Many small pools of one array, whose shapes are known before."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from farpoint import _terms


class Layout(NamedTuple):
    """How one array holds pools, and what is wanted of each."""

    #: Pool p is rows ``offsets[p]`` to ``offsets[p + 1]`` of the array as ``(rows, d)``.
    offsets: tuple[int, ...]
    budgets: tuple[int, ...]
    #: The first center of each pool, a row of that pool; row 0 of each where it is not given.
    first: tuple[int, ...] | None
    metric: str

    def asked(self) -> dict[str, Any]:
        """As the extension takes it."""
        first = None if self.first is None else list(self.first)
        return {"offsets": list(self.offsets), "budgets": list(self.budgets), "first": first, "metric": self.metric}

    @property
    def most(self) -> int:
        """The largest budget."""
        return max(self.budgets)

    @property
    def is_even(self) -> bool:
        """Whether every pool has the same budget."""
        return min(self.budgets) == self.most

    def with_first(self, first: Any) -> Layout:
        """The same with other first centers, one for all pools or one for each; None is row 0. Raises IndexError for a row out of its pool."""
        if first is None:
            return self._replace(first=None)
        rows = _each("first", first, len(self.budgets))
        for row, (start, end) in zip(rows, itertools.pairwise(self.offsets)):
            if not 0 <= row < end - start:
                raise IndexError(f"first row {row} is not in its pool, whose rows are 0 to {end - start - 1}")
        return self._replace(first=rows)

    def slots(self) -> np.ndarray:
        """Where each pick, counted through all pools, belongs in a ``(b, most)`` array flattened."""
        starts = (p * self.most + np.arange(budget) for p, budget in enumerate(self.budgets))
        return np.concatenate(list(starts))


def layout(shape: Sequence[int], budget: Any, offsets: Any, first: Any, metric: str) -> Layout:
    """The layout of an array of ``shape`` (n, d), (b, n, d) or, with `offsets`, (rows, d).

    Raises ValueError for shapes, offsets and budgets that do not fit each other, IndexError for a first row out of its pool.
    """
    bounds = _bounds(tuple(shape), offsets)
    pools = len(bounds) - 1
    budgets = _each("budget", budget, pools)
    for wanted, (start, end) in zip(budgets, itertools.pairwise(bounds)):
        if not 1 <= wanted <= end - start:
            raise ValueError(f"budget {wanted} is not from 1 to the {end - start} rows of its pool")
    return Layout(bounds, budgets, None, metric).with_first(first)


def _bounds(shape: tuple[int, ...], offsets: Any) -> tuple[int, ...]:
    if offsets is None:
        if len(shape) not in (2, 3) or 0 in shape:
            raise ValueError(f"pools have the shape {shape}; they are (n, d) or (b, n, d), or (rows, d) with offsets")
        pools = shape[0] if len(shape) == 3 else 1
        return tuple(range(0, pools * shape[-2] + 1, shape[-2]))
    bounds = tuple(_terms.host(offsets).tolist())
    ascend = all(a < b for a, b in itertools.pairwise(bounds))
    if len(shape) != 2 or len(bounds) < 2 or bounds[0] != 0 or bounds[-1] != shape[0] or not ascend:
        raise ValueError(f"offsets ascend from 0 to the rows of an array (rows, d), which here is {shape}: {bounds[:8]}")
    return bounds


def _each(name: str, given: Any, pools: int) -> tuple[int, ...]:
    """One number for all pools, or one for each."""
    if hasattr(given, "__index__") and not getattr(given, "shape", ()):
        return (operator.index(given),) * pools
    numbers = tuple(operator.index(number) for number in _terms.host(given).tolist())
    if len(numbers) != pools:
        raise ValueError(f"{len(numbers)} numbers for {name} and {pools} pools")
    return numbers
