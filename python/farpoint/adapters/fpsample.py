"""fpsample's samplers of point clouds. Needs NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._floats import as_floats

from ._starts import as_rows, select_from

__all__ = [
    "bucket_fps_kdline_sampling",
    "bucket_fps_kdtree_sampling",
    "fps_npdu_kdtree_sampling",
    "fps_npdu_sampling",
    "fps_sampling",
]

Start = int | Sequence[int] | None


def fps_sampling(pc: Any, n_samples: int, start_idx: Start = None) -> NDArray[np.uint64]:
    """Farthest-point samples of the cloud ``pc``, in the order of their selection.

    Args:
        pc: ``(n, d)``, points. float64 is seen as it is, everything else as float32, or float64 for whole numbers that float32 has not.
        n_samples: how many, the starts counted; at least 1.
        start_idx: the first row, or distinct first rows in their order; ``None`` draws one by ``numpy.random.randint``, as theirs.

    Returns:
        Distinct rows, ``(n_samples,)`` uint64.

    Raises:
        ValueError: no sample, more than there are points or fewer than starts, starts that repeat, values that are not finite.
        IndexError: a start that is no row.
        TypeError: starts that are no whole numbers, values that are no real ones.

    Takes about 0.4 n d ``n_samples`` multiplications, and 32 bytes a point.
    """
    points = as_floats(pc, "point cloud")
    if points.ndim != 2:
        raise ValueError(f"pc must be (n, d), got shape {points.shape}")
    if not 1 <= n_samples <= len(points):
        raise ValueError(f"n_samples must be from 1 to the {len(points)} points, got {n_samples}")
    starts = _starts(start_idx, len(points))
    if len(starts) > n_samples:
        raise ValueError(f"start_idx gives {len(starts)} rows for {n_samples} samples")
    return select_from(points, starts, n_samples).rows.astype(np.uint64)


def fps_npdu_sampling(pc: Any, n_samples: int, w: int | None = None, start_idx: Start = None) -> NDArray[np.uint64]:
    """:func:`fps_sampling`; ``w``, the window within which theirs updates distances, plays no part."""
    return fps_sampling(pc, n_samples, start_idx)


def fps_npdu_kdtree_sampling(pc: Any, n_samples: int, w: int | None = None, start_idx: Start = None) -> NDArray[np.uint64]:
    """:func:`fps_sampling`; ``w``, the neighbors whose distances theirs updates, plays no part."""
    return fps_sampling(pc, n_samples, start_idx)


def bucket_fps_kdtree_sampling(pc: Any, n_samples: int, start_idx: Start = None) -> NDArray[np.uint64]:
    """:func:`fps_sampling`, in any dimension, where theirs fails beyond 8."""
    return fps_sampling(pc, n_samples, start_idx)


def bucket_fps_kdline_sampling(pc: Any, n_samples: int, h: int, start_idx: Start = None) -> NDArray[np.uint64]:
    """:func:`fps_sampling`, in any dimension; ``h``, the height of their tree, plays no part."""
    return fps_sampling(pc, n_samples, start_idx)


def _starts(start_idx: Start, n: int) -> list[int]:
    if start_idx is None:
        return [int(np.random.randint(low=0, high=n))]
    starts = as_rows(start_idx, n, "start_idx")
    if not starts:
        raise ValueError("start_idx is an empty list: give a row, or None for one that is drawn")
    return starts
