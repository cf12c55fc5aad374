"""Two small convolutional networks for CPUs: 324k and 1.6M weights on 28 x 28."""

from __future__ import annotations

from torch import Tensor, nn

from .network import Network, he, require_images

_WIDTH = 512  # Of the penultimate layer, as VGG-16's here.


class Cnn(Network):
    """Blocks of convolution 3 x 3, batch norm, ReLU and pooling by 2, then one hidden layer of 512."""

    def __init__(self, shape: tuple[int, ...], classes: int, dropout: float, channels: tuple[int, ...]) -> None:
        super().__init__(_WIDTH, classes, dropout)
        blocks: list[nn.Module] = []
        depth, height, width = shape
        for count in channels:
            blocks += [nn.Conv2d(depth, count, 3, padding=1, bias=False), nn.BatchNorm2d(count), nn.ReLU(), nn.MaxPool2d(2)]
            depth, height, width = count, height // 2, width // 2
        hidden = nn.Linear(depth * height * width, _WIDTH, bias=False)
        self.blocks = nn.Sequential(*blocks, nn.Flatten(), hidden, nn.BatchNorm1d(_WIDTH), nn.ReLU())

    def body(self, x: Tensor) -> dict[str, Tensor]:
        return {"penultimate": self.blocks(x)}


def build(shape: tuple[int, ...], classes: int, dropout: float, channels: tuple[int, ...]) -> Network:
    require_images("a CNN", shape)
    smallest = 2 ** len(channels)
    if min(shape[1:]) < smallest:
        raise ValueError(f"a CNN of {len(channels)} poolings takes images of {smallest} x {smallest} at least, not {shape[1:]}")
    return he(Cnn(shape, classes, dropout, channels))
