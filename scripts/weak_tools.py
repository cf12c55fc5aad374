"""What selects farthest-first on one core, as calls of `(pool, budget)` that return picks; and whether two answers agree."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Budgets beyond the distinct rows are among what is compared.
warnings.filterwarnings("ignore", message=".*picks came when the radius was 0")

Call = Callable[[np.ndarray, int], Sequence[int]]

#: Relative distance by which f32 sums may choose another row than exact ones.
ROUNDING = 1e-4
#: Heights of fpsample's trees of lines: its documentation advises these.
HEIGHTS = (3, 5, 7, 9)


def numpy_loop(pool: np.ndarray, budget: int) -> list[int]:
    """The plain loop: differences with the newest center, squared and summed. It ends with the radius known, as Farpoint does."""
    nearest = np.full(len(pool), np.inf, dtype=pool.dtype)
    center, picks = 0, []
    for _ in range(budget):
        picks.append(center)
        difference = pool - pool[center]
        np.minimum(nearest, np.einsum("ij,ij->i", difference, difference), out=nearest)
        nearest[center] = -1  # never chosen again
        center = int(nearest.argmax())
    return picks


def numpy_products(pool: np.ndarray, budget: int) -> list[int]:
    """One product of the pool and the newest center a pick, in place; norms are computed once. It cancels where rows are far from 0."""
    norms = np.einsum("ij,ij->i", pool, pool)
    nearest = np.full(len(pool), np.inf, dtype=pool.dtype)
    products = np.empty(len(pool), dtype=pool.dtype)
    center, picks = 0, []
    for _ in range(budget):
        picks.append(center)
        np.matmul(pool, pool[center], out=products)
        products *= -2
        products += norms
        products += norms[center]
        np.minimum(nearest, products, out=nearest)
        nearest[center] = -np.inf
        center = int(nearest.argmax())
    return picks


def farpoint(pool: np.ndarray, budget: int, threads: int = 1) -> Sequence[int]:
    import farpoint

    return farpoint.select(pool, budget, device="cpu", threads=threads).centers


def _farpoint_by_two(pool: np.ndarray, budget: int) -> Sequence[int]:
    return farpoint(pool, budget, threads=2)


def _bucket_tree(pool: np.ndarray, budget: int) -> Sequence[int]:
    import fpsample

    return fpsample.bucket_fps_kdtree_sampling(pool, budget, start_idx=0)


def _bucket_lines(height: int) -> Call:
    def call(pool: np.ndarray, budget: int) -> Sequence[int]:
        import fpsample

        return fpsample.bucket_fps_kdline_sampling(pool, budget, h=height, start_idx=0)

    return call


def _skmatter(name: str) -> Call:
    def call(pool: np.ndarray, budget: int) -> Sequence[int]:
        import skmatter.sample_selection

        return getattr(skmatter.sample_selection, name)(n_to_select=budget, initialize=0).fit(pool).selected_idx_

    return call


#: Farpoint by two threads, on any two cores.
TWO_THREADS = "two threads"
NUMPY: dict[str, Call] = {"numpy loop": numpy_loop, "numpy products": numpy_products}
FPSAMPLE: dict[str, Call] = {
    "fpsample kdtree": _bucket_tree,
    **{f"fpsample kdline h={height}": _bucket_lines(height) for height in HEIGHTS},
}
SKMATTER: dict[str, Call] = {"skmatter FPS": _skmatter("FPS"), "skmatter VoronoiFPS": _skmatter("VoronoiFPS")}
FARPOINT: dict[str, Call] = {"farpoint": farpoint, "before": farpoint, TWO_THREADS: _farpoint_by_two}
TOOLS: dict[str, Call] = {**FARPOINT, **NUMPY, **FPSAMPLE, **SKMATTER}


def _distances(pool: np.ndarray, rows: list[int], centers: Sequence[int]) -> np.ndarray:
    """Of each row, how far the nearest center is, in f64."""
    found = np.full(len(rows), np.inf)
    chosen = np.asarray(centers)
    for start in range(0, len(chosen), 4096):
        block = pool[chosen[start : start + 4096]].astype(np.float64)
        for at, row in enumerate(rows):
            found[at] = min(found[at], np.sqrt(np.square(block - pool[row]).sum(axis=1).min()))
    return found


def agreement(pool: np.ndarray, ours: Sequence[int], theirs: Sequence[int]) -> dict[str, Any]:
    """How many first picks are equal; where they part, by how much of its distance our row is farther than theirs, in f64.

    The same answer: all picks are equal, or they part by less than f32 sums round. Two such rows may lead to different picks thereafter.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    parts = np.flatnonzero(ours != theirs)
    if not len(parts):
        return {"equal_picks": len(ours), "same": True}
    at = int(parts[0])
    if at == 0:
        return {"equal_picks": 0, "same": False}
    our, their = _distances(pool, [ours[at], theirs[at]], ours[:at])
    gap = float((our - their) / our) if our > 0 else 0.0
    return {"equal_picks": at, "gap": gap, "same": -1e-12 <= gap <= ROUNDING}
