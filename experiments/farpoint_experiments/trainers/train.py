"""What trainers share: rows checked and placed, seeds, threads, the stop rule, time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from .. import models
from ..datasets import DataSet
from .rows import Rows, Scale
from .run import Run
from .trained import Trained, accuracy
from .training import Training


def train(model: str, data: DataSet, rows: np.ndarray, training: Training, seed: int) -> Trained:
    """The network `model`, from scratch, on the pool's `rows` with their labels.

    One seed gives the same bits on one machine with one thread. torch's own generator and number of threads are as
    before afterwards.
    """
    rows = _checked(rows, data)
    device = training.torch_device()
    started = time.perf_counter()
    with _threads(training.threads), _seeded(seed, device):
        data = models.prepared(model, data)
        scale = Scale(data.pool)
        pool, labels = Rows(data.pool, scale, device), torch.from_numpy(data.labels).to(device)
        network = models.build(model, data.shape, len(data.classes), dropout=training.dropout)
        network = network.to(device).to(memory_format=torch.channels_last)
        run = Run(network, pool, labels, torch.from_numpy(rows).to(device), training)
        epochs = _trainer(training.trainer)(run)
        reached = accuracy(network, pool, run.rows, labels)
    seconds = time.perf_counter() - started
    test, test_labels = Rows(data.test, scale, device), torch.from_numpy(data.test_labels).to(device)
    return Trained(network, epochs, reached, seconds, reached >= training.stop_accuracy, pool, labels, test, test_labels)


def _trainer(name: str) -> Callable[[Run], int]:
    if name == "gamma":
        from .gamma import train_gamma

        return train_gamma
    from .supervised import train_supervised

    return train_supervised


def _checked(rows: np.ndarray, data: DataSet) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.ndim != 1 or len(rows) < 2:
        raise ValueError(f"labeled rows of shape {rows.shape}: at least two are needed, batch norm has no deviation of one")
    if rows.min() < 0 or rows.max() >= len(data.pool):
        raise ValueError(f"labeled rows {rows.min()} to {rows.max()}: the pool of {data.name} has {len(data.pool)}")
    return rows.astype(np.int64)


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Every draw inside, of weights, orders, masks and noise, is of `seed`."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
