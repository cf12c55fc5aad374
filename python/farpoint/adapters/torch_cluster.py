"""``torch_cluster.fps``. Needs torch."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from itertools import pairwise

import torch

from ._clouds import Cloud, select_clouds

__all__ = ["fps"]


def fps(
    src: torch.Tensor,
    batch: torch.Tensor | None = None,
    ratio: float | torch.Tensor | None = None,
    random_start: bool = True,
    batch_size: int | None = None,
    ptr: torch.Tensor | list[int] | None = None,
) -> torch.Tensor:
    """Farthest-point samples of the clouds in ``src``, one after another.

    Args:
        src: ``(n, ...)``, points, seen as ``(n, d)``.
        batch: ``(n,)`` int64, each point's cloud, ascending. ``None`` is one cloud.
        ratio: the part of each cloud to sample, in (0, 1]: one number, or a tensor of one or of one a cloud. ``None`` is 0.5.
        random_start: start each cloud at a random point, of torch's generator, and not at its first.
        batch_size: clouds in ``batch``; those past its largest number are empty. ``None`` counts up to that.
        ptr: where clouds begin and end, ``(clouds + 1,)``; then ``batch`` plays no part.

    Returns:
        Rows of ``src``, int64, on its device: cloud by cloud, distinct, in the order of their selection. A cloud of n points gives
        ``ceil(ratio * n)``, where a product within the ratio's own rounding of a whole number is that number.

    Raises:
        ValueError: a ratio not in (0, 1], a ``batch`` that does not ascend or match ``src``, a ``ptr`` that does not ascend within
            it, or a value that is not finite.
    """
    n = src.shape[0]
    bounds = _checked_bounds(n, batch, batch_size, ptr)
    sizes = [end - begin for begin, end in pairwise(bounds)]
    budgets = [_count(size, *part) for size, part in zip(sizes, _ratios(ratio, len(sizes)))]
    starts = _random_starts(sizes, src.device) if random_start else [0] * len(sizes)
    points = src.detach().reshape(n, -1).contiguous() if n else src
    clouds = [Cloud(*cloud) for cloud in zip(bounds, bounds[1:], budgets, starts)]
    rows = [cloud_rows + begin for cloud_rows, begin in zip(select_clouds(points, clouds), bounds)]
    return torch.cat([torch.empty(0, dtype=torch.int64, device=src.device), *rows])


def _checked_bounds(
    n: int, batch: torch.Tensor | None, batch_size: int | None, ptr: torch.Tensor | list[int] | None
) -> list[int]:
    """Where clouds begin and end: one number more than there are clouds."""
    if ptr is not None:
        bounds = ptr.tolist() if isinstance(ptr, torch.Tensor) else list(ptr)
        if not bounds or bounds[0] < 0 or bounds[-1] > n or any(begin > end for begin, end in pairwise(bounds)):
            raise ValueError(f"ptr must ascend from at least 0 to at most the {n} points of src")
        return bounds
    if batch is None:
        return [0, n]
    if batch.shape != (n,):
        raise ValueError(f"batch must have shape ({n},), one cloud a point of src, got {tuple(batch.shape)}")
    if n and (batch[0] < 0 or (batch[1:] < batch[:-1]).any()):
        raise ValueError("batch must ascend from at least 0: the points of a cloud lie together")
    sizes = torch.bincount(batch, minlength=batch_size or 0)
    if batch_size is not None and len(sizes) > batch_size:
        raise ValueError(f"batch names cloud {len(sizes) - 1}, batch_size is {batch_size}")
    return [0, *sizes.cumsum(0).tolist()]


def _ratios(ratio: float | torch.Tensor | None, clouds: int) -> list[tuple[float, float]]:
    """Per cloud its ratio, and the relative spacing of the numbers it was rounded to."""
    if not isinstance(ratio, torch.Tensor):
        values, spacing = [0.5 if ratio is None else ratio], sys.float_info.epsilon
    else:
        values = ratio.reshape(-1).tolist()
        spacing = torch.finfo(ratio.dtype).eps if ratio.is_floating_point() else 0.0
    if not all(0 < value <= 1 for value in values):
        raise ValueError(f"ratio must be in (0, 1], got {ratio}")
    if len(values) not in (1, clouds):
        raise ValueError(f"ratio holds {len(values)} numbers for {clouds} clouds")
    return [(value, spacing) for value in (values if len(values) == clouds else values * clouds)]


def _count(size: int, ratio: float, spacing: float) -> int:
    """``ceil(ratio * size)`` as if ratio had not been rounded: 0.07 of 100 are 7, though the float is larger than 7 / 100."""
    product = size * Fraction(ratio)
    whole = round(product)
    rounding = product * Fraction(spacing) / 2
    return whole if abs(product - whole) <= rounding else math.ceil(product)


def _random_starts(sizes: list[int], device: torch.device) -> list[int]:
    draws = torch.rand(len(sizes), dtype=torch.float64, device=device).tolist()
    return [min(int(draw * size), max(size - 1, 0)) for draw, size in zip(draws, sizes)]
