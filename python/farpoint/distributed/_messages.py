"""What ranks tell each other beside a round's messages: how a run ended, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

#: The first byte of rank 0's messages: give an answer; the run has ended, well or not.
ASKED, DONE, FAILED = b"A", b"D", b"F"
#: The first byte of the others': an answer; an exception.
ANSWERED, RAISED = b"O", b"X"
#: Exceptions that are on every rank what they are on one; others are a RuntimeError there.
SHARED = (ValueError, TypeError, IndexError, MemoryError, FileNotFoundError, OSError, TimeoutError, RuntimeError)

T = TypeVar("T")


class Failure(NamedTuple):
    """An exception as the name of its type and its message, and what had been selected before it, if anything."""

    kind: str
    text: str
    answer: dict[str, Any] | None = None

    @classmethod
    def of(cls, error: BaseException, name: str, answer: dict[str, Any] | None = None) -> Failure:
        """`error`, raised on the rank of this name. One of a shared type is taken to say itself what it is about."""
        text = " ".join(str(error).split())
        if type(error) in SHARED:
            return cls(type(error).__name__, text, answer)
        what = "was interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {text}"
        return cls("RuntimeError", f"{name} {what}", answer)

    def exception(self) -> Exception:
        """The exception for the other ranks."""
        return next(known for known in SHARED if known.__name__ == self.kind)(self.text)


def naming(name: str, work: Callable[[], T]) -> T:
    """What `work` gives. What it raises says on which rank; an interruption stays as it is."""
    try:
        return work()
    except Exception as error:
        kind = type(error) if type(error) in SHARED else RuntimeError
        what = str(error) if type(error) in SHARED else f"{type(error).__name__}: {error}"
        raise kind(f"{name}: {' '.join(what.split())}") from error
