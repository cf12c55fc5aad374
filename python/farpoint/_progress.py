"""Telling how far a selection has come: by a bar of tqdm, or by whatever the caller passes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from farpoint._warnings import warn

#: Called with the centers chosen so far, the budget, and the radius; what it raises ends the run.
Tick = Callable[[int, int, float], object]

NO_TICK: AbstractContextManager[None] = contextlib.nullcontext()


def ticking(progress: bool | Callable[..., object] | None) -> AbstractContextManager[Callable[..., object] | None]:
    """What the extension calls a few dozen times a second: `progress` itself, or the bar that True asks for."""
    if not progress:
        return NO_TICK
    if progress is True:
        return _tick_of_tqdm()
    if callable(progress):
        return contextlib.nullcontext(progress)
    raise TypeError(f"progress is True or a callable, not a {type(progress).__name__}")


@contextlib.contextmanager
def _tick_of_tqdm() -> Iterator[Tick | None]:
    with tqdm_bar() as (tick, _):
        yield tick


@contextlib.contextmanager
def tqdm_bar() -> Iterator[tuple[Tick | None, Any]]:
    """A bar of tqdm, and what moves it; neither, with a warning, where there is no tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warn("no progress is shown: install tqdm, or pass a callable")
        yield None, None
        return
    with tqdm(unit="pick", leave=False) as bar:

        def tick(chosen: int, budget: int, radius: float) -> None:
            bar.total = budget
            bar.set_postfix_str(f"radius {radius:.4g}", refresh=False)
            bar.update(chosen - bar.n)

        yield tick, bar
