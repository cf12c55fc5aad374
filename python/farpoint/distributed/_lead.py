"""Rank 0: the coordinator, and what it tells the others."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Callable
from typing import Any

from farpoint import _native
from farpoint._progress import Tick, ticking
from farpoint.distributed._channel import Channel
from farpoint.distributed._messages import ASKED, DONE, FAILED, RAISED, Failure, naming
from farpoint.distributed._part import Ask, Facts, check_alike

#: Seconds that rank 0 gives the others to hear of the end.
FAREWELL = 3.0

log = logging.getLogger("farpoint")


def lead(channel: Channel, ask: Callable[[], Ask], progress: bool | Tick | None) -> tuple[Ask, dict[str, Any]]:
    """What rank 0 asked, and the answer of all, which the others have been told of. Raises what any of them raised before the first pick."""
    try:
        asked, answer = _Run(channel).run(ask, progress)
    except BaseException as error:
        _end(channel, FAILED, Failure.of(error, channel.name(0)))
        raise
    told = {**answer, "statistics": str(answer["statistics"]), "raised": None}
    if answer["raised"] is None:
        _end(channel, DONE, told)
    else:
        _end(channel, FAILED, Failure.of(answer["raised"], channel.name(0), told))
    return asked, answer


class _Run:
    """One run of rank 0."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        #: The rank of each shard: a rank without rows is none.
        self.ranks: list[int] = []
        self.own: Any = None

    def run(self, ask: Callable[[], Ask], progress: bool | Tick | None) -> tuple[Ask, dict[str, Any]]:
        name = self.channel.name
        asked = naming(name(0), ask)
        facts = self._facts(asked)
        check_alike(facts, name)
        terms, vectors = asked.whole(facts)
        self.ranks, self.own = [rank for rank, fact in enumerate(facts) if fact.rows], asked.shard
        names = [name(rank) for rank in self.ranks]
        with ticking(progress) as tick:
            answer = _native.coordinate(self.call, names, asked.budget, terms, vectors, tick, terms.assign)
        _log_replays(answer)
        return asked, answer

    def call(self, common: bytes, own: dict[int, bytes]) -> dict[int, bytes]:
        """Have every shard named in `own` answer."""
        length = len(common).to_bytes(8, "little")
        asked = {self.ranks[shard]: shard for shard in own}
        others = [rank for rank in asked if rank != 0]
        for rank in others:
            self.channel.send(rank, ASKED, length, common, own[asked[rank]])
        answers = {}
        if 0 in asked:
            answers[asked[0]] = naming(self.channel.name(0), lambda: self.own.answer(common, own[asked[0]]))
        for rank, message in self.channel.receive(others):
            answers[asked[rank]] = bytes(_body(message))
        return answers

    def _facts(self, asked: Ask) -> list[Facts]:
        facts = {0: asked.facts(self.channel.host)}
        for rank, message in self.channel.receive(self.channel.others()):
            version, rest = pickle.loads(_body(message))
            if version != _native.__version__:
                here = f"{self.channel.name(0)} has {_native.__version__}"
                raise RuntimeError(f"ranks have unequal versions of farpoint: {here}, {self.channel.name(rank)} {version}")
            facts[rank] = pickle.loads(rest)
            self.channel.hosts[rank] = facts[rank].host
        return [facts[rank] for rank in range(self.channel.size)]


def _body(message: memoryview) -> memoryview:
    """An answer. Raises what the rank raised."""
    if message[:1] == RAISED:
        raise pickle.loads(message[1:]).exception()
    return message[1:]


def _log_replays(answer: dict[str, Any]) -> None:
    replayed = json.loads(str(answer["statistics"])).get("replayed_shards", 0)
    if replayed:
        log.warning("shards that had lost their state and were brought up to date: %d", replayed)


def _end(channel: Channel, kind: bytes, last: Any) -> None:
    """Tell every rank that the run has ended. A rank that is gone cannot be told."""
    message = pickle.dumps(last)
    for rank in channel.others():
        try:
            channel.send(rank, kind, message)
        except RuntimeError as error:
            log.warning("%s was not told that the run has ended: %s", channel.name(rank), error)
    channel.flush(FAREWELL)
