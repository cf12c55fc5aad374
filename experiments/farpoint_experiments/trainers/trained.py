"""A trained network and what strategies ask of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from farpoint.learning import INPUTS

from ..models import Network
from .rows import Rows

# Rows of one forward pass: activations of VGG-16 at 32 x 32 take 130 MB, twenty dropout masks of 512 take 10 MB.
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after training; its pool and test rows are on the network's device."""

    network: Network = field(repr=False)
    epochs: int
    train_accuracy: float  # Of the labeled rows, dropout off, in [0, 1].
    seconds: float
    converged: bool  # Whether train_accuracy reached the stop accuracy.
    pool: Rows = field(repr=False)
    labels: Tensor = field(repr=False)
    test: Rows = field(repr=False)
    test_labels: Tensor = field(repr=False)

    def accuracy(self) -> float:
        """Of the test rows, in [0, 1]."""
        return accuracy(self.network, self.test, torch.arange(len(self.test)), self.test_labels)

    @torch.inference_mode()
    def inputs(
        self, wanted: Collection[str], *, features: str = "penultimate", samples: int = 20, seed: int = 0
    ) -> dict[str, np.ndarray]:
        """What of `INPUTS` is wanted, of every pool row, in one pass over the pool. Nothing else is computed.

        embeddings (n, h) float32: the layer `features`, "logits" or one that the network's body names.
        probabilities (n, classes) float32: softmax, dropout off.
        samples (samples, n, classes) float32: softmax under dropout, whose masks `seed` draws, anew for each row.
        losses (n,) float64: cross-entropy against the true labels, which only an oracle has.

        Memory: the results and one chunk of 256 rows.
        """
        unknown = sorted(set(wanted) - set(INPUTS))
        if unknown:
            raise ValueError(f"no input {', '.join(unknown)}; there are: {', '.join(INPUTS)}")
        if "samples" in wanted and self.network.dropout == 0:
            raise ValueError("samples by MC dropout need a network trained with dropout above 0")
        if not wanted:
            return {}
        self.network.eval()
        generator = torch.Generator(self.labels.device).manual_seed(seed)
        results: dict[str, np.ndarray] = {}
        for start, layers in self._layers():
            for name in wanted:
                chunk = self._input(name, start, layers, features, samples, generator)
                _place(results, name, start, len(self.pool), chunk)
        return results

    def _layers(self) -> Iterator[tuple[int, dict[str, Tensor]]]:
        for start in range(0, len(self.pool), _CHUNK):
            yield start, self.network.body(self.pool.batch(slice(start, start + _CHUNK)))

    def _input(
        self, name: str, start: int, layers: dict[str, Tensor], features: str, samples: int, generator: torch.Generator
    ) -> Tensor:
        if name == "samples":
            return _mc_dropout(self.network, layers["penultimate"], samples, generator)
        if name == "embeddings" and features != "logits":
            if features not in layers:
                raise ValueError(f"no features {features!r}; this network has: {', '.join(layers)}, logits")
            return layers[features]
        if "logits" not in layers:
            layers["logits"] = self.network.head(layers["penultimate"])
        if name == "embeddings":
            return layers["logits"]
        if name == "probabilities":
            return layers["logits"].softmax(dim=1)
        labels = self.labels[start : start + _CHUNK]
        # Log-softmax in f64: a saturated softmax would give log(0).
        return functional.cross_entropy(layers["logits"].double(), labels, reduction="none")


def _mc_dropout(network: Network, penultimate: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """(samples, rows, classes): one body, many heads."""
    keep = 1 - network.dropout
    mask = torch.empty(samples, *penultimate.shape, device=penultimate.device).bernoulli_(keep, generator=generator)
    return network.head(mask.mul_(penultimate / keep)).softmax(dim=2)


def _place(results: dict[str, np.ndarray], name: str, start: int, n: int, chunk: Tensor) -> None:
    """Copies a chunk of rows into the result of `name`; the rows of samples are their second axis."""
    if name not in results:
        before, after = ((len(chunk),), chunk.shape[2:]) if name == "samples" else ((), chunk.shape[1:])
        results[name] = np.empty((*before, n, *after), np.float64 if name == "losses" else np.float32)
    rows = slice(start, start + _CHUNK)
    results[name][(slice(None), rows) if name == "samples" else rows] = chunk.cpu().numpy()


@torch.inference_mode()
def accuracy(network: Network, rows: Rows, which: Tensor, labels: Tensor, at_least: float = 0.0) -> float:
    """Of the rows `which`, dropout off. It gives up, with 0, as soon as `at_least` cannot be reached.

    So a network far from the stop accuracy costs one or two chunks, not a pass over its labeled rows.
    """
    network.eval()
    allowed = len(which) * (1 - at_least) + 1e-9
    wrong = 0
    for chunk in which.split(_CHUNK):
        wrong += int((network(rows.batch(chunk)).argmax(dim=1) != labels[chunk]).sum())
        if wrong > allowed:
            return 0.0
    return 1 - wrong / len(which)
