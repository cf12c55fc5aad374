"""A perceptron of two hidden layers, for features; images are flattened."""

from __future__ import annotations

import math

from torch import Tensor, nn

from .network import Network, he

_HIDDEN, _WIDTH = 256, 128


class Mlp(Network):
    def __init__(self, shape: tuple[int, ...], classes: int, dropout: float) -> None:
        super().__init__(_WIDTH, classes, dropout)
        layers: list[nn.Module] = [nn.Flatten()]
        before = math.prod(shape)
        for width in (_HIDDEN, _WIDTH):
            layers += [nn.Linear(before, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
            before = width
        self.layers = nn.Sequential(*layers)

    def body(self, x: Tensor) -> dict[str, Tensor]:
        return {"penultimate": self.layers(x)}


def build(shape: tuple[int, ...], classes: int, dropout: float) -> Network:
    return he(Mlp(shape, classes, dropout))
