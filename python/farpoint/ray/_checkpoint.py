"""The picks so far, kept in a file for a driver that dies."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from farpoint import _native
from farpoint._terms import Terms

#: Seconds between two writes.
INTERVAL = 3.0


class Found(NamedTuple):
    """What an earlier run left."""

    centers: list[int]
    #: Its own: every pick was made at a radius above it.
    stop_radius: float | None

    def may_be_within(self, stop_radius: float | None) -> bool:
        """Whether picks may have been made within this stop radius."""
        return stop_radius is not None and (self.stop_radius is None or stop_radius > self.stop_radius)


class Checkpoint:
    """A file of picks, and of the question that they answer. It is replaced whole, every few seconds."""

    def __init__(self, path: str | os.PathLike[str], question: dict[str, Any], stop_radius: float | None = None) -> None:
        self.path, self.question, self.stop_radius = Path(path), question, stop_radius
        if not self.path.absolute().parent.is_dir():
            raise FileNotFoundError(f"{self.path}: there is no such folder for the checkpoint")
        self._centers: list[int] = []
        #: What the file holds.
        self._kept: list[int] = []
        self._written = time.monotonic()

    def read(self) -> Found | None:
        """What an earlier run left; None where there was none.

        Raises ValueError where the file is no checkpoint, or one of another question.
        """
        if not self.path.exists():
            return None
        with self._told():
            written = json.loads(self.path.read_text())
            question = dict(written["question"])
        for what, now in self.question.items():
            _check_same(self.path, what, question.get(what), now)
        with self._told():
            found = _found(written, self.question["rows"])
        self._kept = found.centers
        return found

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What is wrong with the file's contents, as one error."""
        try:
            yield
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{self.path} is no checkpoint of farpoint: name another file") from error

    def picked(self, rows: list[int]) -> None:
        """More picks. Writes all of them, if the last time is long enough ago."""
        self._centers += rows
        if time.monotonic() - self._written >= INTERVAL:
            self.write(self._centers)

    def write(self, centers: Sequence[int]) -> None:
        """Write the picks now, unless the file has them and more: a smaller budget takes none away."""
        picks = [int(row) for row in centers]
        self._written = time.monotonic()
        if len(picks) <= len(self._kept) and self._kept[: len(picks)] == picks:
            return
        written = {"farpoint": _native.__version__, "question": self.question, "stop_radius": self.stop_radius, "centers": picks}
        try:
            _replace(self.path, json.dumps(written))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._kept = picks


def question(
    terms: Terms, labeled_vectors: Any, shape: tuple[int, int, str], sources: list[list[Any]], prints: list[str]
) -> dict[str, Any]:
    """All that decides the picks. A budget and a stop radius only say how many there are."""
    rows, dimensions, dtype = shape
    return {
        "rows": rows,
        "dimensions": dimensions,
        "dtype": dtype,
        "metric": terms.metric,
        "first": terms.first,
        "seed": terms.seed,
        "labeled": _digest(terms.labeled),
        "labeled_vectors": _digest(labeled_vectors),
        "weights": _digest(terms.weights),
        "exclude": _digest(terms.exclude),
        "pool": sources,
        "values of some rows": hashlib.blake2b(" ".join(prints).encode(), digest_size=16).hexdigest(),
    }


def _found(written: dict[str, Any], rows: int) -> Found:
    """Raises ValueError where the picks are no rows of so many."""
    centers, stop_radius = written["centers"], written.get("stop_radius")
    if not isinstance(centers, list) or not all(type(row) is int and 0 <= row < rows for row in centers):
        raise ValueError("picks are rows of the pool")
    if len(set(centers)) != len(centers):
        raise ValueError("a row is picked once")
    if stop_radius is not None and type(stop_radius) not in (int, float):
        raise ValueError("a stop radius is a number")
    return Found(centers, stop_radius)


def _check_same(path: Path, what: str, was: Any, now: Any) -> None:
    if was == now:
        return
    if isinstance(was, list) and isinstance(now, list):
        pairs = zip_longest(was, now)
        at, was, now = next((at, *pair) for at, pair in enumerate(pairs) if pair[0] != pair[1])
        what = f"part {at} of the {what}"
    raise ValueError(
        f"{path} is of another selection: {what} was {was!r} and is {now!r}; name another file, or remove this one to begin again"
    )


def _replace(path: Path, text: str) -> None:
    """The file is written whole or not at all."""
    beside = path.with_name(path.name + ".part")
    try:
        with open(beside, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _digest(array: Any) -> str | None:
    if array is None:
        return None
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).hexdigest()
