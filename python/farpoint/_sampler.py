"""Training on a core-set: a sampler for `torch.utils.data.DataLoader`. Public as `farpoint.torch.CoresetSampler`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import Sampler

import farpoint


class CoresetSampler(Sampler[int]):
    """Yields the labeled rows and a core-set of the others, selected anew every `every` epochs.

    For training on the rows one has labels for, or on a subset that covers the whole data set::

        sampler = CoresetSampler(lambda: encode(model, images), budget=1_000, every=5, labeled=labeled)
        loader = DataLoader(dataset, batch_size=64, sampler=sampler)

    One epoch is one iteration over the sampler: the labeled and the selected rows, each once. Rows are positions in the
    embeddings, and so in the data set.

    Parameters
    ----------
    embeddings : (n, d) tensor or array, or a callable that returns one
        What `farpoint.select` takes as a pool, or how to make it: a callable is called, with no arguments, at the start of every
        epoch that selects, and can so encode the data set by the model as it is then. The model's mode (`eval`) is its to set and
        to set back.
    budget : int
        How many rows to select beside the labeled ones.
    every : int
        Epochs between selections: epoch `e` uses the selection of period `e // every`.
    labeled : rows or a boolean mask, (l,) or (n,)
        Centers from the start, yielded too. The attribute may be replaced between epochs; the next selection sees it.
    shuffle : bool
        False yields the labeled rows in the order given, then the selected ones in pick order, farthest first.
    generator : torch.Generator
        Shuffles; on the CPU. An epoch's order is a function of its rows and of the generator's state, which it moves on: the same
        seed gives the same epochs again. None is torch's global generator.
    **options
        Go to `farpoint.select`: `metric`, `exclude`, `weights`, `device`, ... Centers given as `labeled_vectors` are no rows, so
        they are not yielded.

    Attributes
    ----------
    selection : farpoint.Selection or None
        The last selection; None before the first epoch.
    epoch : int
        The epoch that the next iteration begins.

    Raises
    ------
    TypeError
        If `budget` or `every` is no integer (a fraction of the rows is not taken: say how many).
    ValueError
        If `every` is below 1. What `farpoint.select` raises comes when an epoch selects.

    A loader's workers never see its sampler, which runs in the process that iterates over the loader. It pickles, with its epoch,
    selection and generator, if the embeddings do (a lambda does not).
    """

    def __init__(
        self,
        embeddings: Any | Callable[[], Any],
        budget: int,
        *,
        every: int = 1,
        labeled: Any = None,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        **options: Any,
    ) -> None:
        self.embeddings = embeddings
        self.budget = operator.index(budget)
        self.every = operator.index(every)
        if self.every < 1:
            raise ValueError(f"every is {every}; a selection serves at least 1 epoch")
        self.labeled = labeled
        self.shuffle = shuffle
        self.generator = generator
        self.options = options
        self.epoch = 0
        self.selection: farpoint.Selection | None = None
        self._period: int | None = None
        self._rows: list[int] = []

    def __iter__(self) -> Iterator[int]:
        period = self.epoch // self.every
        if period != self._period:
            self._select()
            self._period = period
        self.epoch += 1
        return iter(self._order())

    def __len__(self) -> int:
        """Rows an epoch yields. Before the first, those of `labeled` and the budget, of which a `stop_radius` may leave some."""
        if self.selection is None:
            return len(_as_rows(self.labeled)) + self.budget
        return len(self._rows)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch (from 0) the next iteration begins, as one does of a `DistributedSampler`, or to go on after a restart.

        Sets when to select, not how to shuffle: that is the generator's.
        """
        self.epoch = operator.index(epoch)

    def _select(self) -> None:
        pool = self.embeddings() if callable(self.embeddings) else self.embeddings
        self.selection = farpoint.select(pool, self.budget, labeled=self.labeled, **self.options)
        self._rows = _as_rows(self.labeled) + _as_rows(self.selection.centers)

    def _order(self) -> list[int]:
        if not self.shuffle:
            return self._rows.copy()
        order = torch.randperm(len(self._rows), generator=self.generator)
        return [self._rows[position] for position in order.tolist()]


def _as_rows(rows: Any) -> list[int]:
    """Row numbers, or the rows that a boolean mask marks, from any device."""
    if rows is None:
        return []
    rows = torch.as_tensor(rows)
    if rows.dtype == torch.bool:
        rows = rows.nonzero()[:, 0]
    return rows.long().tolist()
