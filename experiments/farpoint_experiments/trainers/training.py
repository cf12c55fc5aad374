"""Every choice of a training: a [training] table of a config."""

from __future__ import annotations

from dataclasses import dataclass

import torch

OPTIMIZERS = ("rmsprop", "sgd", "adam")
TRAINERS = ("supervised", "gamma")
AUGMENTATIONS = ("none", "flip_crop")


@dataclass(frozen=True)
class Training:
    """The paper's choices where its text has them (RMSProp 1e-3, He initialization, from scratch), else measured ones."""

    trainer: str = "supervised"
    optimizer: str = "rmsprop"
    learning_rate: float = 1e-3
    momentum: float = 0.0  # Of sgd and rmsprop.
    weight_decay: float = 0.0
    batch: int = 64
    dropout: float = 0.5
    stop_accuracy: float = 0.99  # Of the labeled rows, dropout off: training ends at the first epoch that reaches it,
    max_epochs: int = 100  # or after this many.
    augmentation: str = "none"  # "flip_crop": mirrored half the time, and shifted by up to an eighth.
    device: str = "auto"  # "auto" | "cpu" | "cuda" | "cuda:1"; auto falls back to the CPU, cuda does not.
    threads: int = 1
    # The Gamma model's alone.
    passes: int = 10  # Over the rows without labels, instead of max_epochs.
    cost: float = 4.0  # Of the denoising of the top layer.
    noise: float = 0.3  # Deviation, on the input and on every layer.

    def __post_init__(self) -> None:
        for field, known in (("trainer", TRAINERS), ("optimizer", OPTIMIZERS), ("augmentation", AUGMENTATIONS)):
            if getattr(self, field) not in known:
                raise ValueError(f"training: no {field} {getattr(self, field)!r}; there are: {', '.join(known)}")
        # Batch norm has no deviation of one row.
        for field, least in (("batch", 2), ("max_epochs", 1), ("threads", 1), ("passes", 1)):
            if getattr(self, field) < least:
                raise ValueError(f"training: {field} is {getattr(self, field)}; it is at least {least}")
        if self.learning_rate <= 0:
            raise ValueError(f"training: learning_rate is {self.learning_rate}; it is above 0")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"training: dropout is {self.dropout}; it is from 0 to below 1")
        if not 0 < self.stop_accuracy <= 1:
            raise ValueError(f"training: stop_accuracy is {self.stop_accuracy}; it is above 0 and at most 1")
        for field in ("momentum", "weight_decay", "cost", "noise"):
            if getattr(self, field) < 0:
                raise ValueError(f"training: {field} is {getattr(self, field)}; it is not negative")

    def torch_device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        device = torch.device(self.device)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise RuntimeError(f"training: device is {self.device}, and torch finds no GPU")
        return device
