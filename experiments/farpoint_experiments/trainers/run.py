"""One training under way: what both trainers hold and do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models import Network
from .augment import flip_crop
from .rows import Rows
from .trained import accuracy
from .training import Training


@dataclass
class Run:
    network: Network
    pool: Rows
    labels: Tensor  # (n,) of every pool row; a trainer reads those of `rows` only.
    rows: Tensor  # (l,) labeled rows.
    training: Training

    def optimizer(self, *others: nn.Module) -> torch.optim.Optimizer:
        weights = [weight for module in (self.network, *others) for weight in module.parameters()]
        rate, decay, momentum = self.training.learning_rate, self.training.weight_decay, self.training.momentum
        if self.training.optimizer == "adam":
            return torch.optim.Adam(weights, rate, weight_decay=decay)
        if self.training.optimizer == "sgd":
            return torch.optim.SGD(weights, rate, momentum=momentum, weight_decay=decay)
        return torch.optim.RMSprop(weights, rate, momentum=momentum, weight_decay=decay)

    def batches(self, rows: Tensor) -> Iterator[Tensor]:
        """`rows` in random order in parts of about `batch` rows, equal but for one: batch norm needs two at least."""
        return iter(rows[torch.randperm(len(rows), device=rows.device)].tensor_split(self.parts(rows)))

    def parts(self, rows: Tensor) -> int:
        """How many; so few that each has two rows."""
        return max(1, min(round(len(rows) / self.training.batch), len(rows) // 2))

    def images(self, rows: Tensor) -> Tensor:
        batch = self.pool.batch(rows)
        return flip_crop(batch) if self.training.augmentation == "flip_crop" else batch

    def step(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def check(self, loss: Tensor, epoch: int) -> None:
        """Ends a training that cannot recover. Asked once an epoch: a GPU is waited for."""
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}; a lower learning_rate may help")

    def reached(self) -> bool:
        """Whether the stop accuracy is reached, on all labeled rows as they are, dropout off."""
        wanted = self.training.stop_accuracy
        return accuracy(self.network, self.pool, self.rows, self.labels, at_least=wanted) >= wanted - 1e-12
