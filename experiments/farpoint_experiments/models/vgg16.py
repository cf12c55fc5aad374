"""VGG-16 for images of 32 x 32, as the paper's text says, and as its released code has it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .network import Network, he, require_images

_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_SIDE = 32  # Five poolings leave one position of a side of 32.
_WIDTH = 512


class Vgg16(Network):
    """13 convolutions and 3 linear layers. "pool5" (n, 512) is among its features.

    The hidden linear layers are 512 wide, not 4,096: the features before them are 512, and the released code has 512.
    Images whose side is no multiple of 32 are padded by their edge (28 x 28 by 2); larger ones are averaged at pool5.
    """

    def __init__(self, channels: int, classes: int, dropout: float, norm: bool) -> None:
        super().__init__(_WIDTH, classes, dropout)
        layers: list[nn.Module] = []
        for stage in _STAGES:
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1, bias=not norm), *[nn.BatchNorm2d(width)] * norm, nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.convolutions = nn.Sequential(*layers)
        hidden: list[nn.Module] = []
        for _ in range(2):
            hidden += [nn.Linear(_WIDTH, _WIDTH, bias=not norm), *[nn.BatchNorm1d(_WIDTH)] * norm, nn.ReLU()]
        self.hidden = nn.Sequential(*hidden)

    def body(self, x: Tensor) -> dict[str, Tensor]:
        pool5 = functional.adaptive_avg_pool2d(self.convolutions(_padded(x)), 1).flatten(1)
        return {"pool5": pool5, "penultimate": self.hidden(pool5)}


def _padded(x: Tensor) -> Tensor:
    rows, columns = (-side % _SIDE for side in x.shape[2:])
    if not rows and not columns:
        return x
    return functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2), mode="replicate")


def build(shape: tuple[int, ...], classes: int, dropout: float, released: bool) -> Network:
    """The text's: He initialization. It names no batch norm; without it RMSProp at 1e-3 leaves 16 layers untrained.

    Released: no batch norm, truncated normal weights of deviation 0.1, biases 0.1.
    """
    require_images("VGG-16", shape)
    network = Vgg16(shape[0], classes, dropout, norm=not released)
    return _truncated(network) if released else he(network)


def _truncated(network: Network) -> Network:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.1, a=-0.2, b=0.2)  # TensorFlow's, cut at two deviations.
            if module.bias is not None:
                nn.init.constant_(module.bias, 0.1)
    return network
