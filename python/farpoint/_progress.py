"""Telling how far a selection has come: by a bar of tqdm, or by whatever the caller passes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

#: Called with the centers chosen so far, the budget, and the radius; what it raises ends the run.
Tick = Callable[[int, int, float], object]


@contextlib.contextmanager
def ticking(progress: bool | Callable[..., object] | None) -> Iterator[Callable[..., object] | None]:
    """What the extension calls a few dozen times a second: `progress` itself, or the bar that True asks for."""
    if not progress:
        yield None
    elif progress is True:
        with _bar() as tick:
            yield tick
    elif callable(progress):
        yield progress
    else:
        raise TypeError(f"progress is True or a callable, not a {type(progress).__name__}")


@contextlib.contextmanager
def _bar() -> Iterator[Tick | None]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("no progress is shown: install tqdm, or pass a callable", stacklevel=6)
        yield None
        return
    with tqdm(unit="pick", leave=False) as bar:

        def tick(chosen: int, budget: int, radius: float) -> None:
            bar.total = budget
            bar.set_postfix_str(f"radius {radius:.4g}", refresh=False)
            bar.update(chosen - bar.n)

        yield tick
