"""``pyg_lib.ops.fps``, which takes the place of torch_cluster's. Needs torch."""

from __future__ import annotations

import torch

from . import torch_cluster

__all__ = ["fps"]


def fps(src: torch.Tensor, ptr: torch.Tensor | list[int], ratio: float = 0.5, random_start: bool = True) -> torch.Tensor:
    """Farthest-point samples of the clouds in ``src``, one after another.

    Args:
        src: ``(n, ...)``, points, seen as ``(n, d)``.
        ptr: where clouds begin and end, ``(clouds + 1,)``, ascending.
        ratio: the part of each cloud to sample, in (0, 1].
        random_start: start each cloud at a random point, of torch's generator, and not at its first.

    Returns:
        Rows of ``src``, int64, on its device: cloud by cloud, distinct, in the order of their selection. A cloud of n points gives
        ``ceil(ratio * n)``, where a product within the ratio's own rounding of a whole number is that number.

    Raises:
        ValueError: a ratio not in (0, 1], a ``ptr`` that does not ascend within ``src``, or a value that is not finite.
    """
    return torch_cluster.fps(src, ratio=ratio, random_start=random_start, ptr=ptr)
