"""Weak supervision by the Gamma model of Rasmus et al. 2015: a Ladder network of which only the top layer is denoised.

Each step takes labeled rows, noisy, whose labels cost cross-entropy, and rows of the whole pool without labels, both
clean and noisy: from the noisy logits and the noisy prediction, g estimates the clean, normalized logits. As in the
authors' code both paths are trained, and labeled and other rows are normalized apart.

Changed: running statistics are of the clean rows without labels (theirs: with labels), of which there are more; and the
network's own dropout is one more noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models import Network
from .run import Run

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_MOMENTUM, _EPS = 0.1, 1e-5


class Denoiser(nn.Module):
    """g(z, u) = (z - mu(u)) v(u) + mu(u), for each class apart; mu(u) = a1 sigmoid(a2 u + a3) + a4 u + a5, v alike."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        # Rows are mu's a1..a5 and v's; all 0 at first but a2, as in the authors' code.
        start = torch.zeros(2, 5, classes)
        start[:, 1] = 1
        self.a = nn.Parameter(start)

    def forward(self, z: Tensor, u: Tensor) -> Tensor:
        mu, v = (a[0] * torch.sigmoid(a[1] * u + a[2]) + a[3] * u + a[4] for a in self.a)
        return (z - mu) * v + mu


class Top(nn.Module):
    """The last layer: logits are gain (z + shift), where z are the head's outputs, normalized over the batch."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(classes)), nn.Parameter(torch.zeros(classes))
        self.denoiser = Denoiser(classes)
        self.mean: Tensor
        self.variance: Tensor
        self.register_buffer("mean", torch.zeros(classes))
        self.register_buffer("variance", torch.ones(classes))

    def logits(self, z: Tensor) -> Tensor:
        return self.gain * (z + self.shift)

    @torch.no_grad()
    def track(self, mean: Tensor, variance: Tensor) -> None:
        self.mean.lerp_(mean, _MOMENTUM)
        self.variance.lerp_(variance, _MOMENTUM)

    @torch.no_grad()
    def fold_into(self, head: nn.Linear) -> None:
        """Makes the head give the logits of clean rows: afterwards the network is a plain one."""
        scale = self.gain / (self.variance + _EPS).sqrt()
        head.weight.mul_(scale[:, None])
        head.bias.copy_(scale * (head.bias - self.mean) + self.gain * self.shift)


def standardize(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """z of mean 0 and variance 1 over the batch; the mean and the variance that it had."""
    mean, variance = z.mean(dim=0), z.var(dim=0, unbiased=False)
    return (z - mean) / (variance + _EPS).sqrt(), mean, variance


def denoising(top: Top, clean: Tensor, noisy: Tensor, noise: Tensor) -> Tensor:
    """Mean squared difference of the clean z and its estimate, both outputs of the head, `noise` added to the noisy z.

    The estimate is normalized by the clean batch's mean and variance, as in the paper's algorithm 1.
    """
    z, mean, variance = standardize(clean)
    z_noisy = standardize(noisy)[0] + noise
    u = standardize(top.logits(z_noisy).softmax(dim=1))[0]
    estimate = (top.denoiser(z_noisy, u) - mean) / (variance + _EPS).sqrt()
    return functional.mse_loss(estimate, z)


class Encoder:
    """A network's outputs before the top's normalization, clean or with noise on its input and every batch norm."""

    def __init__(self, network: Network, noise: float) -> None:
        self.network, self.noise, self.noisy = network, noise, False
        self.norms = [module for module in network.modules() if isinstance(module, _NORMS)]
        if not self.norms:
            raise ValueError("the Gamma model needs a network with batch norm, and this one has none")

    def __enter__(self) -> Encoder:
        self.hooks = [norm.register_forward_hook(self._corrupt) for norm in self.norms]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()
        self._set(noisy=False)

    def __call__(self, x: Tensor, noisy: bool) -> Tensor:
        self._set(noisy)
        if not noisy:
            return self.network.head(self.network.body(x)["penultimate"])
        return self.network(x + self.noise * torch.randn_like(x))

    def _set(self, noisy: bool) -> None:
        self.noisy = noisy
        for norm in self.norms:
            norm.momentum = 0.0 if noisy else _MOMENTUM  # Noisy batches leave the running statistics alone.

    def _corrupt(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, _: object, output: Tensor) -> Tensor | None:
        """Noise is added before the norm's gain, as if its output were gain (z + noise) + shift."""
        if not self.noisy:
            return None
        gain = norm.weight.reshape(1, -1, *[1] * (output.ndim - 2))
        return output + gain * (self.noise * torch.randn_like(output))


def train_gamma(run: Run) -> int:
    """`passes` over the pool; the learning rate falls to 0 over the last third, as in the paper."""
    training = run.training
    top = Top(run.network.head.out_features).to(run.rows.device)
    optimizer = run.optimizer(top)
    every = torch.arange(len(run.pool), device=run.rows.device)
    steps = training.passes * run.parts(every)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, 3 * (1 - step / steps)))
    labeled = _forever(run)
    run.network.train()
    with Encoder(run.network, training.noise) as encoder:
        for epoch in range(1, training.passes + 1):
            for rows in run.batches(every):
                loss = run.step(optimizer, _loss(run, encoder, top, next(labeled), rows))
                decay.step()
            run.check(loss, epoch)
    top.fold_into(run.network.head)
    return training.passes


def _loss(run: Run, encoder: Encoder, top: Top, labeled: Tensor, rows: Tensor) -> Tensor:
    noise = run.training.noise
    z = standardize(encoder(run.images(labeled), noisy=True))[0]
    logits = top.logits(z + noise * torch.randn_like(z))
    images = run.images(rows)
    clean, noisy = encoder(images, noisy=False), encoder(images, noisy=True)
    top.track(clean.mean(dim=0), clean.var(dim=0))
    cost = denoising(top, clean, noisy, noise * torch.randn_like(noisy))
    return functional.cross_entropy(logits, run.labels[labeled]) + run.training.cost * cost


def _forever(run: Run) -> Iterator[Tensor]:
    return itertools.chain.from_iterable(run.batches(run.rows) for _ in itertools.count())
