"""One selection over the ranks of a `torch.distributed` group, each of which holds a part of the pool.

import farpoint.distributed

picks = farpoint.distributed.select(embeddings, 1000)   # called by every rank, with its own rows
picks.centers                                           # global rows, equal on every rank
"""

from farpoint.distributed._select import select

__all__ = ["select"]
