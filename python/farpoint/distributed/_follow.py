"""A rank but rank 0: it answers until it is told that the run has ended."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from farpoint import _native
from farpoint.distributed._channel import Channel
from farpoint.distributed._messages import ANSWERED, ASKED, DONE, RAISED, Failure, naming
from farpoint.distributed._part import Ask

#: Seconds that a rank which failed waits to be told what had been selected.
LAST_WORDS = 10.0


class Ended(Exception):
    """Rank 0 has ended the run, and said why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def follow(channel: Channel, ask: Callable[[], Ask]) -> tuple[Ask, dict[str, Any]]:
    """What this rank asked, and the answer of all. Raises what any of them raised before the first pick."""
    asked = None
    try:
        asked = naming(channel.name(channel.rank), ask)
        return asked, _follow(channel, asked)
    except Ended as ended:
        return _ended(asked, ended.failure.answer, ended.failure.exception())
    except BaseException as error:
        return _ended(asked, _tell(channel, error), error)


def _follow(channel: Channel, asked: Ask) -> dict[str, Any]:
    facts = pickle.dumps(asked.facts(channel.host))
    channel.send(0, ANSWERED, pickle.dumps((_native.__version__, facts)))
    while True:
        # Rank 0 may be waiting for another rank itself.
        kind, message = _receive(channel, 2 * channel.timeout)
        if kind == DONE:
            return pickle.loads(message)
        channel.send(0, ANSWERED, naming(channel.name(channel.rank), lambda: _answer(asked, message)))  # noqa: B023 - called at once


def _answer(asked: Ask, message: memoryview) -> bytes:
    assert asked.shard is not None, "a rank without rows is no shard"
    end = 8 + int.from_bytes(message[:8], "little")
    return asked.shard.answer(bytes(message[8:end]), bytes(message[end:]))


def _receive(channel: Channel, timeout: float) -> tuple[bytes, memoryview]:
    """What rank 0 says next. Raises Ended where it says that the run has failed."""
    [(_, message)] = channel.receive([0], timeout)
    kind, message = bytes(message[:1]), message[1:]
    if kind not in (ASKED, DONE):
        raise Ended(pickle.loads(message))
    return kind, message


def _tell(channel: Channel, error: BaseException) -> dict[str, Any] | None:
    """Tell rank 0 of `error`. What it had selected before."""
    try:
        channel.send(0, RAISED, pickle.dumps(Failure.of(error, channel.name(channel.rank))))
        while _receive(channel, LAST_WORDS)[0] == ASKED:
            pass
    except Ended as ended:
        return ended.failure.answer
    except (RuntimeError, TimeoutError):
        return None  # Rank 0 is gone, or was late itself.
    return None


def _ended(asked: Ask | None, answer: dict[str, Any] | None, error: BaseException) -> tuple[Ask, dict[str, Any]]:
    """The answer of a run that `error` ended, or `error` raised, where nothing was selected."""
    if asked is None or answer is None:
        raise error
    return asked, {**answer, "raised": error}
