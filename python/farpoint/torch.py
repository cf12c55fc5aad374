"""Selection inside PyTorch training loops: from batches at every step, and of what to train on every few epochs.

    picks = farpoint.torch.select_batch(features, 256)      # 256 of these 4,096 rows, where they lie
    loss = criterion(model(inputs[picks]), targets[picks])

`select_batch` selects from one small pool or many, on the tensor's device and the current stream. `BatchSelector` is the same
prepared once for a shape: a call is one kernel launch on CUDA, without a wait, and can be captured in a CUDA graph.
`CoresetSampler` is a sampler of the rows that cover a pool of embeddings, for `torch.utils.data.DataLoader`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import torch

from farpoint import _native
from farpoint._batch import layout
from farpoint._frameworks import framework, readable
from farpoint._sampler import CoresetSampler

__all__ = ["BatchSelector", "CoresetSampler", "select_batch"]

Metric = Literal["euclidean", "cosine"]


class BatchSelector:
    """Selections from pools of one shape, type and device, prepared once and made as often as wanted.

    Parameters
    ----------
    pools : tensor ``(n, d)``, ``(b, n, d)``, or ``(rows, d)`` with `offsets`
        An example of what will be selected from; its values play no part.
    budget : int or one a pool
        Centers to choose of each pool; equal to `select`'s, row 0 first. A budget beyond a pool's distinct rows is filled up by the
        lowest rows left, of which, unlike there, nothing tells.
    offsets : ``(b + 1,)`` ints, optional
        Pool p is rows ``offsets[p]`` to ``offsets[p + 1]``.
    first : int or one a pool, optional
        The first center of each pool, a row of that pool.

    On CUDA, pools of up to some thousand rows: 12 bytes a row of device memory, from PyTorch's allocator. The selector must live as long
    as a graph that captured it. Its calls share memory: they are in the order of one stream, whatever the thread. On the CPU pools are shared out among the cores.

    Raises what `farpoint.select` raises; ValueError for shapes, offsets and budgets that do not fit.
    """

    def __init__(
        self, pools: torch.Tensor, budget: Any, *, offsets: Any = None, first: Any = None, metric: Metric = "euclidean"
    ) -> None:
        self._layout = layout(pools.shape, budget, offsets, first, metric)
        self._shape, self._dtype, self._device = pools.shape, pools.dtype, pools.device
        self._slots = None if self._layout.is_even else torch.from_numpy(self._layout.slots()).to(pools.device)
        self._batch: Any = None
        # A call's picks lie in memory that the next one writes: from the launch to the copy it is one thread's.
        self._lock = threading.RLock()
        if pools.is_cuda:
            library = framework(pools)
            try:
                self._batch = _native.Batch(_flat(readable(pools)), self._layout.asked(), library.stream, library.allocate)
            except MemoryError as error:
                raise error from library.refusal
            self._picks = torch.as_tensor(_Words(self._batch.picks_address, sum(self._layout.budgets)), device=pools.device)

    def __call__(self, pools: torch.Tensor) -> torch.Tensor:
        """The picks: ``(k,)`` int64 of one pool, ``(b, k)`` of several, in order, rows counted from each pool's first, on the pools' device.
        Where budgets differ k is the largest, and -1 fills up.

        On CUDA nothing is waited for, and what is wrong with the values (NaN, zeros under cosine) is told by `check` alone: picks are then
        rows of the pool, of no meaning.
        """
        self._check_like(pools)
        return self._shaped(self._picked(readable(pools)))

    def set_first(self, first: Any) -> None:
        """Other first centers for the calls from now on, for a selector that was made with some. On CUDA it waits for the copy."""
        if self._layout.first is None:
            raise ValueError("the selector was made without first centers")
        again = self._layout.with_first(first)
        if again.first != self._layout.first and self._batch is not None:
            stream = torch.cuda.current_stream(self._device).cuda_stream
            self._batch.set_first(again.asked()["first"], stream or 1)
        self._layout = again

    def check(self, pools: torch.Tensor) -> None:
        """Wait for the last call, and raise ValueError where a value of `pools`, which it was given, is not finite, or a row under cosine is
        all zeros. On the CPU the call itself has raised it."""
        if self._batch is not None:
            pools = _flat(readable(pools))
            self._batch.check(pools, framework(pools).stream)

    def _picked(self, pools: torch.Tensor) -> torch.Tensor:
        flat = _flat(pools)
        if self._batch is None:
            return torch.from_numpy(_native.select_many(flat, self._layout.asked()))
        with self._lock:
            self._batch.queue(flat, framework(flat).stream)
            return self._picks.to(torch.int64)

    def _shaped(self, picks: torch.Tensor) -> torch.Tensor:
        pools, most = len(self._layout.budgets), self._layout.most
        if self._slots is not None:
            padded = torch.full((pools * most,), -1, dtype=torch.int64, device=self._device)
            picks = padded.scatter_(0, self._slots, picks)
        return picks if len(self._shape) == 2 and pools == 1 else picks.view(pools, most)

    def _check_like(self, pools: torch.Tensor) -> None:
        made, given = (self._shape, self._dtype, self._device), (pools.shape, pools.dtype, pools.device)
        if made != given:
            raise ValueError(f"the selector was made for {_text(*made)}, this is {_text(*given)}")


def select_batch(
    pools: torch.Tensor, budget: Any, *, offsets: Any = None, first: Any = None, metric: Metric = "euclidean"
) -> torch.Tensor:
    """Select from small pools, at every step of a training loop: `BatchSelector` in one call, which remembers what it prepared.

    Parameters and the answer are `BatchSelector`'s. On CUDA values are checked, which waits for the selection, but while a graph is being
    captured, before which it must have been called with the same shapes and first centers once. Graphs of one shape share memory: replay them one
    after another, or give each a `BatchSelector` of its own.

    Raises as `BatchSelector`; RuntimeError while capturing what was not prepared.
    """
    if not isinstance(pools, torch.Tensor):
        raise TypeError(f"pools are a tensor of PyTorch, not a {type(pools).__name__}: pass torch.as_tensor(a)")
    if not pools.is_cuda:
        return BatchSelector(pools, budget, offsets=offsets, first=first, metric=metric)(pools)
    asked = layout(pools.shape, budget, offsets, first, metric)
    # Other first centers need nothing to be prepared anew.
    shape = (asked.with_first(None), first is None, pools.shape, pools.dtype, pools.device)
    if torch.cuda.is_current_stream_capturing():
        return _prepared.captured(shape, asked.first)(pools)
    make = partial(BatchSelector, pools, budget, offsets=offsets, first=first, metric=metric)
    selector = _prepared.of(torch.cuda.current_stream(pools.device).cuda_stream, shape, make)
    with selector._lock:
        if first is not None:
            selector.set_first(first)
        picks = selector(pools)
        selector.check(pools)
        return picks


class _Prepared:
    """Selectors made before, by stream and shape: each is used on one stream at a time."""

    MOST = 32

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._selectors: OrderedDict[tuple[int, Any], BatchSelector] = OrderedDict()
        self._in_graphs: list[tuple[Any, BatchSelector]] = []

    def of(self, stream: int, shape: Any, make: Callable[[], BatchSelector]) -> BatchSelector:
        """The selector for `shape` on `stream`; those not used for long are forgotten."""
        with self._lock:
            selector = self._selectors.pop((stream, shape), None) or make()
            self._selectors[stream, shape] = selector
            if len(self._selectors) > self.MOST:
                self._selectors.popitem(last=False)
            return selector

    def captured(self, shape: Any, first: tuple[int, ...] | None) -> BatchSelector:
        """A selector for a graph, which must find its memory whenever it is replayed: it is kept for graphs, and never forgotten. Several
        calls of one shape in a graph share it: they are in the order of its stream."""
        with self._lock:
            for key in reversed(self._selectors):
                if key[1] == shape and self._selectors[key]._layout.first == first:
                    self._in_graphs.append((shape, self._selectors.pop(key)))
                    break
            for of, selector in reversed(self._in_graphs):
                if of == shape and selector._layout.first == first:
                    return selector
        raise RuntimeError(
            "select_batch is captured in a graph before it was called with pools of this shape and first centers: call it once before"
        )


_prepared = _Prepared()


class _Words(NamedTuple):
    """32-bit words on a device, as `torch.as_tensor` takes them."""

    address: int
    number: int

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": (self.number,), "typestr": "<i4", "data": (self.address, False), "version": 3}


def _flat(pools: torch.Tensor) -> torch.Tensor:
    """``(rows, d)``, the pools one after another."""
    return pools.reshape(-1, pools.shape[-1])


def _text(shape: torch.Size, dtype: torch.dtype, device: torch.device) -> str:
    return f"{tuple(shape)} {str(dtype).removeprefix('torch.')} on {device}"
