"""The command line: that of ``farpoint select``, which the program itself reads, checks and answers. Only the selection is made here."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from farpoint import _native
from farpoint.ray import _pools


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Rows go to stdout, one a line, unless a file or JSON is asked for; words to stderr. The exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return _native.program_on_cluster(["farpoint", *words], _pools.outline_of_table, _select)


def _select(pool: list[str], budget: int | None, quiet: bool, options: dict[str, Any]) -> tuple[Any, ...]:
    """The selection as the program takes it, its ids, its seconds, and why it ended early: None, ``""`` for Ctrl-C, or an error in words."""
    import farpoint.ray

    logging.basicConfig(level=logging.ERROR if quiet else logging.WARNING, format="%(message)s", stream=sys.stderr)
    ended, made = None, None
    with warnings.catch_warnings():
        # Ray's words on its own future, and what the program says itself.
        warnings.simplefilter("ignore")
        try:
            made = farpoint.ray.select(
                pool[0] if len(pool) == 1 else pool,
                budget,
                progress=True if sys.stderr.isatty() and not quiet else None,
                **options,
            )
        except KeyboardInterrupt as stopped:
            ended, made = "", getattr(stopped, "selection", None)
        except Exception as error:
            ended, made = _reason(error), getattr(error, "selection", None)
    if made is None or not len(made):
        return None, None, 0.0, ended
    return made._answered(), _ids(made.ids), made.seconds, ended


def _ids(ids: Any) -> list[str | int] | None:
    """Ids as the program has them: whole numbers, and texts, of bytes in hexadecimal."""
    return None if ids is None else [_id(one) for one in ids]


def _id(one: Any) -> str | int:
    if isinstance(one, bytes):
        return one.hex()
    return one if isinstance(one, int) and -(1 << 63) <= one < 1 << 63 else str(one)


def _reason(error: Exception) -> str:
    """One line, in which a file is told as it was named."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    return " ".join(str(error).split())
