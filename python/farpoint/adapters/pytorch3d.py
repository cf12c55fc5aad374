"""``pytorch3d.ops.sample_farthest_points``. Needs torch."""

from __future__ import annotations

import torch

from farpoint._floats import as_floats

from ._clouds import Cloud, select_clouds

__all__ = ["sample_farthest_points"]


def sample_farthest_points(
    points: torch.Tensor,
    lengths: torch.Tensor | None = None,
    K: int | list[int] | torch.Tensor = 50,
    random_start_point: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Farthest-point samples of a batch of clouds.

    Args:
        points: ``(N, P, D)``; float64 is seen as it is, everything else as float32, or float64 for whole numbers that float32 has not.
        lengths: ``(N,)``, points in each cloud, at most P: its first ones. ``None`` is P each.
        K: samples a cloud, one number or one a cloud; a cloud with fewer points gives them all.
        random_start_point: start each cloud at a random point, of torch's generator, and not at point 0.

    Returns:
        The samples, ``(N, max K, D)``, of the type that points are seen as, padded with 0.0, and their indices in their clouds, ``(N, max K)`` int64, padded
        with -1: distinct, in the order of their selection, on the device of ``points``. Gradients flow through the samples.

    Raises:
        ValueError: ``points`` is not ``(N, P, D)``, ``lengths`` or K do not match it or are negative, a length exceeds P, or a
            point is not finite.
        TypeError: ``points`` are no real numbers or whole numbers beyond 2**53, ``lengths`` or K no whole numbers.
    """
    if points.ndim != 3:
        raise ValueError(f"points must have shape (N, P, D), got {tuple(points.shape)}")
    clouds, size, _ = points.shape
    sizes = _checked_lengths(lengths, clouds, size)
    wanted = _checked_counts(K, clouds)
    starts = _starts(points, lengths) if random_start_point else [0] * clouds
    points = as_floats(points, "tensor of points")
    asked = [
        Cloud(c * size, c * size + length, min(length, k), start)
        for c, (length, k, start) in enumerate(zip(sizes, wanted, starts))
    ]
    picks = select_clouds(points.detach().flatten(0, 1), asked)
    width = K if isinstance(K, int) else max(wanted, default=0)
    indices = torch.full((clouds, width), -1, dtype=torch.int64, device=points.device)
    for cloud, rows in enumerate(picks):
        indices[cloud, : len(rows)] = rows
    return _gathered(points, indices), indices


def _checked_lengths(lengths: torch.Tensor | None, clouds: int, size: int) -> list[int]:
    if lengths is None:
        return [size] * clouds
    if lengths.shape != (clouds,):
        raise ValueError("points and lengths must have same batch dimension.")
    _check_whole("lengths", lengths)
    sizes = lengths.to(torch.int64).tolist()
    if max(sizes, default=0) > size:
        raise ValueError("A value in lengths was too large.")
    if min(sizes, default=0) < 0:
        raise ValueError("A value in lengths was negative.")
    return sizes


def _checked_counts(K: int | list[int] | torch.Tensor, clouds: int) -> list[int]:
    counts = torch.full((clouds,), K) if isinstance(K, int) else torch.as_tensor(K)
    if counts.shape != (clouds,):
        raise ValueError("K and points must have the same batch dimension")
    _check_whole("K", counts)
    wanted = counts.to(torch.int64).tolist()
    if (K if isinstance(K, int) else min(wanted, default=0)) < 0:
        raise ValueError("A value in K was negative.")
    return wanted


def _check_whole(name: str, numbers: torch.Tensor) -> None:
    if numbers.numel() and (numbers.is_floating_point() or numbers.is_complex()):
        raise TypeError(f"{name} has {numbers.dtype} values; points are counted in whole numbers")


def _starts(points: torch.Tensor, lengths: torch.Tensor | None) -> list[int]:
    """Random points, one a cloud, by the same draws as theirs."""
    clouds, size, _ = points.shape
    if lengths is None:
        return torch.randint(high=max(size, 1), size=(clouds,), device=points.device).tolist()
    starts = (lengths * torch.rand(lengths.shape, device=lengths.device)).to(torch.int64)
    # A product just below a large length may round up to it.
    return torch.minimum(starts, lengths.to(torch.int64) - 1).tolist()


def _gathered(points: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """``(N, max K, D)``: the points at the indices, 0.0 where an index is -1."""
    clouds, size, dimensions = points.shape
    if size == 0:
        return points.new_zeros(*indices.shape, dimensions)
    padding = (indices < 0).unsqueeze(-1)
    samples = points.gather(1, indices.clamp(min=0).unsqueeze(-1).expand(-1, -1, dimensions))
    return samples.masked_fill(padding, 0.0)
