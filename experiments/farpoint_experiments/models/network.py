"""What every model is: a body of feature layers, dropout, and one linear layer over the penultimate features."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class Network(nn.Module):
    """`body(x)` gives the feature layers by name; "penultimate" (n, h), after ReLU, is always among them.

    Dropout stands between the penultimate layer and the head only. So a body is computed once for any number of
    samples by MC dropout.
    """

    def __init__(self, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.head = nn.Linear(width, classes)
        self.dropout = dropout

    def body(self, x: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.dropout(self.body(x)["penultimate"], self.dropout, self.training))


def he(network: Network) -> Network:
    """He initialization (normal, fan-in) of every layer's weights, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def require_images(model: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise ValueError(f"{model} takes images (c, h, w), not rows of {shape}; for features there is mlp")
