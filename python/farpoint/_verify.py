"""Answers checked by brute force."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from farpoint import _native, _terms
from farpoint._frameworks import readable
from farpoint._robust import RobustSelection
from farpoint._selection import Selection


class Verdict(NamedTuple):
    """What brute force says; true in a condition if all is right."""

    is_right: bool
    #: What was found, in words: the first pick that is wrong, or what is proven.
    message: str

    def __bool__(self) -> bool:
        return self.is_right


def verify(pool: Any, selection: Selection | RobustSelection, *, threads: int = 0) -> Verdict:
    """Check `selection`, made from `pool` with the options it remembers, by brute force with the canonical distance alone.

    Of a `Selection` that every pick is the one greedy makes, in order, and every radius exact to the bit; of a `RobustSelection` both
    sides of its certificate. On the CPU: a pool on a GPU is needed in host memory. Time O(n k d).

    Raises what `select` raises of options that do not fit `pool`; TypeError if `selection` is neither.
    """
    if not isinstance(selection, (Selection, RobustSelection)):
        raise TypeError(f"what is verified is a selection, not a {type(selection).__name__}")
    asked = selection._asked._replace(threads=_terms.count("threads", threads), device="cpu", assign=False, resume=None)
    pool = readable(pool)
    if isinstance(selection, RobustSelection):
        verdict = _native.verify_certificate(pool, selection.certificate_json, asked, selection._labeled_vectors)
    else:
        centers = np.ascontiguousarray(_terms.host(selection.centers), dtype=np.int64)
        radii = np.ascontiguousarray(_terms.host(selection.radii), dtype=np.float64)
        verdict = _native.verify(pool, centers, radii, asked, selection._labeled_vectors)
    return Verdict(*verdict)
