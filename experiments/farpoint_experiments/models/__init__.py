"""Networks by name. Each module here builds one family: `build(shape, classes, dropout, **its own) -> Network`.

A further model is one more file and one more line in `_MODULES`.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..datasets import DataSet
from .network import Network

__all__ = ["NAMES", "Network", "build", "prepared"]

_MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "cnn_small": ("cnn", {"channels": (16, 32, 64)}),
    "cnn_large": ("cnn", {"channels": (32, 64)}),
    "mlp": ("mlp", {}),
    "vgg16": ("vgg16", {"released": False}),
    "vgg16_released": ("vgg16", {"released": True}),
    "efficientnet_lite0": ("efficientnet", {"hidden": False}),
    "efficientnet_lite0_mlp": ("efficientnet", {"hidden": True}),
}
NAMES: tuple[str, ...] = tuple(_MODULES)


def build(name: str, shape: tuple[int, ...], classes: int, *, dropout: float) -> Network:
    """The network `name` for rows of `shape`, (c, h, w) or (d,), its weights drawn from torch's generator."""
    module, options = _module(name)
    return module.build(shape, classes, dropout, **options)


def prepared(name: str, data: DataSet) -> DataSet:
    """The rows that the model is trained on: `data`, or its frozen features if the model is a head on them."""
    module, _ = _module(name)
    return module.prepared(data) if hasattr(module, "prepared") else data


def _module(name: str) -> tuple[Any, dict[str, Any]]:
    if name not in _MODULES:
        raise ValueError(f"no model {name!r}; there are: {', '.join(NAMES)}")
    module, options = _MODULES[name]
    return importlib.import_module(f"{__name__}.{module}"), options
