"""Packages for torch that do a part of Farpoint's work, for bench_torch.py; each is optional.

    pytorch3d, torch_cluster, torch_quickfps    farthest-point sampling of a batch of clouds
    flash_kmeans                                every row's nearest center: what settles a pool at the end
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass

import torch

# A sampler's result is the picks of each cloud, (clouds, budget); an assignment's is a center for each row, (n,).
Call = Callable[[], torch.Tensor]


def pytorch3d_sampler(clouds: torch.Tensor, budget: int) -> Call:
    from pytorch3d.ops import sample_farthest_points

    return lambda: sample_farthest_points(clouds, K=budget)[1]


def torch_cluster_sampler(clouds: torch.Tensor, budget: int) -> Call:
    from torch_cluster import fps

    b, n, d = clouds.shape
    batch = torch.arange(b, device=clouds.device).repeat_interleave(n)
    flat = clouds.reshape(b * n, d)
    starts = torch.arange(b, device=clouds.device)[:, None] * n
    return lambda: fps(flat, batch, ratio=budget / n, random_start=False).view(b, budget) - starts


def torch_quickfps_sampler(clouds: torch.Tensor, budget: int) -> Call:
    from torch_quickfps import sample_idx

    return lambda: sample_idx(clouds, budget, start_idx=0)


def flash_kmeans_assignment(pool: torch.Tensor, centers: torch.Tensor) -> Call:
    # Not from the package itself, which without Triton puts something slower in this one's place.
    from flash_kmeans.assign_euclid_triton import euclid_assign_triton

    # Norms beforehand, as Farpoint has them; in blocks, as the widened copy of a large pool would not fit beside it.
    norms = torch.cat([block.float().square().sum(1) for block in pool.split(16384)])
    center_norms = centers.float().square().sum(1)
    return lambda: euclid_assign_triton(pool[None], centers[None], norms[None], c_sq=center_norms[None])[0]


@dataclass(frozen=True)
class Peer:
    """How to have its call, and the names under which it may be installed."""

    make: Callable[[torch.Tensor, object], Call]
    distributions: tuple[str, ...]

    def version(self) -> str | None:
        for name in self.distributions:
            try:
                return importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
        return None


SAMPLERS = {
    "pytorch3d": Peer(pytorch3d_sampler, ("pytorch3d",)),
    "torch_cluster": Peer(torch_cluster_sampler, ("torch-cluster",)),
    "torch_quickfps": Peer(torch_quickfps_sampler, ("torch-quickfps-cu130", "torch-quickfps-cu128", "torch-quickfps")),
}
ASSIGNMENTS = {"flash_kmeans": Peer(flash_kmeans_assignment, ("flash-kmeans",))}


def why_absent(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"not installed: {error}"
    # Built for another torch, say, or for no GPU.
    return f"does not run: {(str(error).strip() or repr(error)).splitlines()[0][:200]}"
