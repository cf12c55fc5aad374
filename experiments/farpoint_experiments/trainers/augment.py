"""The customary augmentation of small images."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def flip_crop(images: Tensor) -> Tensor:
    """Each image mirrored with probability 1/2 and shifted by up to an eighth of its side, edges repeated."""
    if images.ndim != 4:
        raise ValueError("augmentation flip_crop is for images")
    n, _, height, width = images.shape
    margin = height // 8, width // 8
    padded = functional.pad(images, (margin[1], margin[1], margin[0], margin[0]), mode="replicate")
    device = images.device
    rows = torch.randint(2 * margin[0] + 1, (n, 1), device=device) + torch.arange(height, device=device)
    columns = torch.randint(2 * margin[1] + 1, (n, 1), device=device) + torch.arange(width, device=device)
    columns = torch.where(torch.rand(n, 1, device=device) < 0.5, columns.flip(1), columns)
    which = torch.arange(n, device=device)[:, None, None]
    shifted = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
    return shifted.permute(0, 3, 1, 2)
