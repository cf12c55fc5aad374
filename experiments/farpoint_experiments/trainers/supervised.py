"""Cross-entropy on the labeled rows, until the network has learned them."""

from __future__ import annotations

from torch.nn import functional

from .run import Run


def train_supervised(run: Run) -> int:
    """Epochs until the stop accuracy or the cap; their number."""
    optimizer = run.optimizer()
    for epoch in range(1, run.training.max_epochs + 1):
        run.network.train()
        for rows in run.batches(run.rows):
            loss = run.step(optimizer, functional.cross_entropy(run.network(run.images(rows)), run.labels[rows]))
        run.check(loss, epoch)
        if run.reached():
            return epoch
    return run.training.max_epochs
