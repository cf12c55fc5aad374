"""What another package's modules know by a name, replaced for a while."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def replacing(package: str, name: str, theirs: Any, ours: Any) -> Iterator[None]:
    """While it is entered, ``name`` is ``ours`` in every module of ``package`` that has ``theirs`` by it: for all threads."""
    _replace(package, name, theirs, ours)
    try:
        yield
    finally:
        _replace(package, name, ours, theirs)


def _replace(package: str, name: str, old: Any, new: Any) -> None:
    for module_name, module in list(sys.modules.items()):
        # The module's own names only: asking a lazy module for one it lacks would import more.
        if module_name.partition(".")[0] == package and vars(module).get(name) is old:
            vars(module)[name] = new
