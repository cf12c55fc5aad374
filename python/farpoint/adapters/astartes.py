"""astartes' splits by Kennard and Stone. Needs astartes, which splits and has every other sampler."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

import astartes
from astartes.samplers import AbstractSampler
from astartes.utils.sampler_factory import KennardStone as _Theirs

from farpoint._floats import as_floats

from ._kennard_stone import kennard_stone_order
from ._replacing import replacing

__all__ = ["KennardStone", "patch", "train_test_split", "train_val_test_split"]

_ONE_AT_A_TIME = threading.RLock()


class KennardStone(AbstractSampler):
    """The sampler ``"kennard_stone"``: the two samples farthest from each other, then farthest first, in O(n) memory beside X.

    ``hopts["metric"]`` is ``"euclidean"``, the default; others are a ValueError, and so are values that are not finite.
    """

    def _sample(self) -> None:
        metric = self.get_config("metric", "euclidean")
        if metric != "euclidean":
            raise ValueError(f"metric {metric!r} is not 'euclidean': astartes.train_test_split takes others")
        points = as_floats(self.X, "array X")
        self._samples_idxs = kennard_stone_order(points, len(points))


@contextlib.contextmanager
def patch() -> Iterator[None]:
    """While it is entered, astartes itself splits by this module's :class:`KennardStone`, molecules too, in every thread."""
    with _ONE_AT_A_TIME, replacing("astartes", "KennardStone", _Theirs, KennardStone):
        yield


@functools.wraps(astartes.train_test_split)
def train_test_split(*arguments: Any, **named: Any) -> Any:
    """``astartes.train_test_split``, which with ``sampler="kennard_stone"`` splits by :class:`KennardStone`."""
    with patch():
        return astartes.train_test_split(*arguments, **named)


@functools.wraps(astartes.train_val_test_split)
def train_val_test_split(*arguments: Any, **named: Any) -> Any:
    """``astartes.train_val_test_split``, which with ``sampler="kennard_stone"`` splits by :class:`KennardStone`."""
    with patch():
        return astartes.train_val_test_split(*arguments, **named)
