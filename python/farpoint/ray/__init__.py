"""One selection over the nodes of a Ray cluster, each of which holds a part of the pool. Needs ``pip install farpoint[ray]``.

    import farpoint.ray

    picks = farpoint.ray.select("/shared/embeddings/*.npy", 1000, num_shards=8)
    picks.centers   # rows of the whole pool, as farpoint.select of all files in one process gives them

The same as a program, of files: ``python -m farpoint.ray select '/shared/embeddings/*.npy' --budget 1000``.
"""

from farpoint.ray._select import RaySelection, select

__all__ = ["RaySelection", "select"]
