"""Telling how far a pool has been read: a line on the terminal, once that has taken a while."""

from __future__ import annotations

import sys
import time
from typing import Any

#: Seconds of silence: what is read within them needs no line.
PATIENCE = 2.0
#: Seconds between two lines, each of which replaces the one before.
BETWEEN = 0.2


class Reading:
    """Rows being read, `rows` of them if that is known. Says nothing where stderr is no terminal."""

    def __init__(self, what: str, rows: int | None) -> None:
        self._what, self._rows = what, rows
        self._started = time.monotonic()
        self._next = self._started + PATIENCE
        self._is_shown = self._is_stopped = False

    def stop(self) -> None:
        """No more is to be read: `has` raises from now on, in whatever thread reads."""
        self._is_stopped = True

    def has(self, rows: int) -> None:
        """So many rows have been read."""
        if self._is_stopped:
            raise InterruptedError("what was read is not wanted any more")
        now = time.monotonic()
        if now < self._next or not _is_terminal(sys.stderr):
            return
        self._next, self._is_shown = now + BETWEEN, True
        of = "" if self._rows is None else f" of {self._rows:,}"
        rate = rows / max(now - self._started, 1e-9)
        sys.stderr.write(f"\r\x1b[Kfarpoint: reading the {self._what}: {rows:,}{of} rows, {rate:,.0f} a second")
        sys.stderr.flush()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _is_terminal(stream: Any) -> bool:
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()
