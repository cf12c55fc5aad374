"""Training a model on labeled rows: `train(model, data, rows, training, seed) -> Trained`."""

from __future__ import annotations

from .train import train
from .trained import Trained
from .training import Training

__all__ = ["Trained", "Training", "train"]
