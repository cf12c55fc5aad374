"""What Theorem 1 of the paper needs to be known of a network: its loss, and how fast that can change."""

from __future__ import annotations

import math

import numpy as np

#: The largest distance of two vectors of class probabilities: no loss of this kind exceeds it.
LOSS_BOUND = math.sqrt(2)


def loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """``(n,)``: the 2-norm between class probabilities and the label, the loss of the paper's Lemma 1."""
    apart = np.array(probabilities, float)
    apart[np.arange(len(labels)), labels] -= 1
    return np.linalg.norm(apart, axis=1)


def loss_lipschitz(head: np.ndarray) -> float:
    """λ^l of that loss in the features that a linear head and a softmax stand on: softmax is 1/2-Lipschitz in the 2-norm."""
    return float(np.linalg.norm(np.asarray(head, float), ord=2)) / 2
