"""Statlog Shuttle: 9 measures, 7 classes, the largest 79 %; its own 43,500 training and 14,500 test rows."""

from __future__ import annotations

from pathlib import Path

from .dataset import DataSet
from .mlbench import load_table


def load(folder: Path) -> DataSet:
    return load_table("shuttle", folder, "Shuttle", "Class", pool_rows=43_500, rows=58_000)
