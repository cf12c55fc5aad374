"""Core-set selection: exact, reproducible greedy k-center over pools of embeddings, on CPU and GPU.

    import numpy as np
    import farpoint

    pool = np.random.default_rng(0).standard_normal((10_000, 64), dtype=np.float32)
    picks = farpoint.select(pool, 100)
    picks.centers   # the rows, farthest first
    picks.radius    # no row is farther than this from one of them

`select` picks the rows that leave no row far from a pick; `robust` finds the best radius there is, with outliers left out, and
proves it; `verify` checks either by brute force; `coverage` says how well any rows cover a pool, and `bound` what that bounds the loss
by; `plan` says what a selection will take; `open` opens a pool on disk. `uncertainty` makes
weights of class probabilities. `Stream` takes a pool batch by batch, `BoundedStream` one too large to
keep.
`farpoint.torch` selects inside PyTorch training loops, `farpoint.distributed` from the rows of all ranks of a PyTorch job, `farpoint.ray` from
those of all nodes of a Ray cluster; `farpoint.adapters` stands in for the samplers of other packages.
"""

from __future__ import annotations

import importlib
from typing import Any

from farpoint._coverage import Bound, Coverage, bound, coverage
from farpoint._native import Pool, __version__
from farpoint._open import open
from farpoint._plan import Plan, RobustPlan, Way, plan
from farpoint._robust import Decision, RobustSelection, robust
from farpoint._select import select
from farpoint._selection import Selection
from farpoint._stream import BoundedSelection, BoundedStream, Stream
from farpoint._uncertainty import uncertainty
from farpoint._verify import Verdict, verify

__all__ = [
    "Bound",
    "BoundedSelection",
    "BoundedStream",
    "Coverage",
    "Decision",
    "Plan",
    "Pool",
    "RobustPlan",
    "RobustSelection",
    "Selection",
    "Stream",
    "Verdict",
    "Way",
    "__version__",
    "bound",
    "coverage",
    "open",
    "plan",
    "robust",
    "select",
    "uncertainty",
    "verify",
]

#: Parts that need packages of their own: imported when they are first asked for.
_PARTS = ("adapters", "distributed", "learning", "ray", "sklearn", "torch")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        try:
            return importlib.import_module(f"farpoint.{name}")
        except ModuleNotFoundError as missing:
            # So `hasattr` says no, and `help` goes on.
            raise AttributeError(f"farpoint.{name} needs a package that is not installed: {missing}") from missing
    raise AttributeError(f"module 'farpoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PARTS])
