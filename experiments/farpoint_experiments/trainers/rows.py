"""Rows of a data set as normalized batches on a device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_CHUNK = 4096  # Rows whose moments are computed at a time: at 32 x 32 x 3, 12 MB of bytes.


class Scale:
    """Mean and deviation of a pool: of each channel of images, of each column of features.

    They are of the whole pool, not of the labeled rows: no label is read, and every round and strategy of a data set
    sees the same rows. A constant column or channel is divided by 1.
    """

    def __init__(self, pool: np.ndarray) -> None:
        axes = (0, 2, 3) if pool.ndim == 4 else (0,)
        count, total, squares = 0, 0.0, 0.0
        for start in range(0, len(pool), _CHUNK):
            chunk = pool[start : start + _CHUNK].astype(np.float64)
            count += chunk.size // chunk.shape[1]
            total, squares = total + chunk.sum(axes), squares + (chunk * chunk).sum(axes)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
        deviation[deviation <= 1e-6 * np.abs(mean)] = 1
        shape = (1, -1, 1, 1) if pool.ndim == 4 else (1, -1)
        self.mean, self.deviation = (torch.tensor(x, dtype=torch.float32).reshape(shape) for x in (mean, deviation))


class Rows:
    """`pool` on `device`, whence batches come. On a CPU the rows are borrowed; a GPU keeps a copy."""

    def __init__(self, rows: np.ndarray, scale: Scale, device: torch.device) -> None:
        self.rows = torch.from_numpy(rows if rows.flags.writeable else rows.copy()).to(device)
        self.mean, self.deviation = scale.mean.to(device), scale.deviation.to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: Tensor | slice) -> Tensor:
        """These rows, normalized, float32; images are channels_last, which convolutions of a CPU want."""
        batch = (self.rows[rows].float() - self.mean) / self.deviation
        return batch.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else batch
