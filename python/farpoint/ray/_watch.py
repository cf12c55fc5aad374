"""What the driver tells while it runs: how far it has come, and for which shard it waits."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from farpoint._progress import Tick, ticking, tqdm_bar

log = logging.getLogger("farpoint")


class Watch:
    """Called with picks as they are made, and with the name of a shard that others wait for."""

    def __init__(self, tick: Tick | None, bar: Any = None) -> None:
        self.tick, self._bar, self._told = tick, bar, ""

    def lagging(self, shard: str) -> None:
        """Name the shard: in the bar where there is one; once in the log."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"waiting for {shard}")
        if shard != self._told:
            self._told = shard
            log.warning("waiting for %s", shard)


@contextlib.contextmanager
def watching(progress: bool | Callable[..., object] | None) -> Iterator[Watch]:
    """A bar of tqdm, in a notebook too, or the callable."""
    if progress is True:
        with tqdm_bar() as (tick, bar):
            yield Watch(tick, bar)
    else:
        with ticking(progress) as given:
            yield Watch(given)
