"""Core-set selection: exact, reproducible greedy k-center over pools of embeddings, on CPU and GPU.

    import numpy as np
    import farpoint

    pool = np.random.default_rng(0).standard_normal((10_000, 64), dtype=np.float32)
    picks = farpoint.select(pool, 100)
    picks.centers   # the rows, farthest first
    picks.radius    # no row is farther than this from one of them

`select` picks the rows that leave no row far from a pick; `robust` finds the best radius there is, with outliers left out, and
proves it; `verify` checks either by brute force; `plan` says what a selection will take; `open` opens a pool on disk.
`farpoint.torch` selects inside PyTorch training loops; `farpoint.adapters` stands in for the samplers of other packages.
"""

from farpoint._native import Pool, __version__
from farpoint._open import open
from farpoint._plan import Plan, Way, plan
from farpoint._robust import Decision, RobustSelection, robust
from farpoint._select import select
from farpoint._selection import Selection
from farpoint._verify import Verdict, verify

__all__ = [
    "Decision",
    "Plan",
    "Pool",
    "RobustSelection",
    "Selection",
    "Verdict",
    "Way",
    "__version__",
    "open",
    "plan",
    "robust",
    "select",
    "verify",
]
