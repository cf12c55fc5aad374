"""Data sets by name. Each module here reads one of them: `load(folder, **options) -> DataSet`.

A further data set is one more file and one more line in `_MODULES`.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

from .dataset import DATA, DataSet

__all__ = ["NAMES", "DataSet", "load"]

# Name, its module, and its folder below experiments/data when the caller names none; None: it needs no folder.
_MODULES: dict[str, tuple[str, str | None]] = {
    "fashion_mnist": ("fashion_mnist", "fashion_mnist"),
    "mnist": ("mnist", "mnist"),
    "digits": ("digits", None),
    "letter": ("letter", "mlbench"),
    "shuttle": ("shuttle", "mlbench"),
    "cifar10": ("cifar10", "cifar10"),
    "cifar100": ("cifar100", "cifar100"),
    "svhn": ("svhn", "svhn"),
    "files": ("files", "files"),
    "images": ("images", "images"),
}
NAMES: tuple[str, ...] = tuple(_MODULES)


def load(name: str, folder: Path | str | None = None, **options: Any) -> DataSet:
    """The data set `name`, read from `folder` (default: its own below experiments/data) and checked."""
    if name not in _MODULES:
        raise ValueError(f"no data set {name!r}; there are: {', '.join(NAMES)}")
    module, default = _MODULES[name]
    loader = importlib.import_module(f"{__name__}.{module}").load
    _reject_unknown(name, options, loader)
    return loader(Path(folder) if folder is not None else DATA / default if default else None, **options)


def _reject_unknown(name: str, options: dict[str, Any], loader: Any) -> None:
    known = list(inspect.signature(loader).parameters)[1:]
    for option in options:
        if option not in known:
            raise ValueError(f"data set {name} takes no option {option!r}; it takes: {', '.join(known) or 'none'}")
