"""Letter recognition: 16 measures of 26 printed letters; 16,000 pool and 4,000 test rows, as is customary."""

from __future__ import annotations

from pathlib import Path

from .dataset import DataSet
from .mlbench import load_table


def load(folder: Path) -> DataSet:
    return load_table("letter", folder, "LetterRecognition", "lettr", pool_rows=16_000, rows=20_000)
