"""The memory of a selection, in a process of its own, which imports no more than that takes."""

from __future__ import annotations

import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from farpoint.learning import strategy


def bytes_beyond(name: str, embeddings: np.ndarray, y: np.ndarray, budget: int) -> int:
    """How far memory rises above what it is with the embeddings held, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embeddings.npy"
        np.save(path, embeddings)
        context = get_context("spawn")
        answers = context.SimpleQueue()
        child = context.Process(target=_measure, args=(name, path, y, budget, answers))
        child.start()
        child.join()
        if child.exitcode != 0:
            raise RuntimeError(f"{name} ended with exit code {child.exitcode}")
        return int(answers.get())


def _measure(name: str, path: Path, y: np.ndarray, budget: int, answers: Any) -> None:
    embeddings = np.load(path)
    strategy(name).query(embeddings[:100], y[:100] * np.nan, batch_size=2)  # what is loaded once
    before = _peak()
    strategy(name).query(embeddings, y, batch_size=budget)
    answers.put(_peak() - before)


def _peak() -> int:
    """The most that this program has held. What `getrusage` says begins with the parent's, whose memory it shared until it was started."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))
