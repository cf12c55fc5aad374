"""Calibra's core-sets of episodes and examples (``calibra-robotics``). Needs Calibra, which filters and measures them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import calibra.llm.select  # noqa: F401 - it knows the function by a name of its own
import numpy as np
from calibra.pruning import _greedy_max_coverage as _theirs

from farpoint._floats import as_floats

from ._replacing import replacing
from ._starts import select_from

__all__ = ["greedy_max_coverage", "patch"]


def greedy_max_coverage(features: Any, k: int) -> list[int]:
    """``k`` rows of ``features`` (n, d), the first one farthest from the mean, each next one farthest from those before it.

    All rows in their order where ``k`` is n or more. Raises ValueError for values that are not finite.
    """
    points = as_floats(features, "array of features")
    if k >= len(points):
        return list(range(len(points)))
    first = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())
    return select_from(points, [first], k).rows.tolist()


@contextlib.contextmanager
def patch() -> Iterator[None]:
    """While it is entered, Calibra's selectors choose by :func:`greedy_max_coverage`, in every thread.

    ``CoresetSelector`` and ``SFTCoresetSelector`` by all candidates, their approximate kinds within each batch and among what the batches
    leave.
    """
    with replacing("calibra", "_greedy_max_coverage", _theirs, greedy_max_coverage):
        yield
