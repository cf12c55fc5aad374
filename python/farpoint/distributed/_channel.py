"""Messages between rank 0 of a group and the others, by gloo: a send and a receive each, so that a rank that is late or gone has a name.

A message is a frame of `FRAME` bytes, its length in the first eight. What does not fit follows whole, and is sent before the frame, so that
a frame that has come is a message that comes. Frames of a run have a tag of its own: what a run that failed left behind is never taken for
a message of the next. Threads wait for gloo, which knows no signals and closes the group when a wait of its own ends by time.
"""

from __future__ import annotations

import itertools
import queue
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

#: Bytes of a frame: what most messages of a round fit into.
FRAME = 1 << 16
#: Bytes that say how long the message is.
HEAD = 8
#: Tags of point-to-point messages from which on this package has its own, two a run.
FIRST_TAG = 0x4661_0000

_gloo_of: dict[Any, Any] = {}
_runs: dict[Any, Iterator[int]] = {}


class Channel:
    """This rank's side of one run: rank 0 may send to and receive from all, the others to and from rank 0."""

    def __init__(self, group: Any) -> None:
        group = dist.group.WORLD if group is None else group
        self.group = _gloo(group)
        self.rank, self.size = dist.get_rank(self.group), dist.get_world_size(self.group)
        #: Seconds; what the caller asked for, once that is known to be a number.
        self.timeout = 600.0
        self._ranks = [dist.get_global_rank(self.group, rank) for rank in range(self.size)]
        self._tag = FIRST_TAG + 2 * next(_runs.setdefault(self.group, itertools.count()))
        self._waits = _Waits()
        #: Tensors that receives which were begun will fill, by rank and tag.
        self._begun: dict[tuple[int, int], torch.Tensor] = {}
        #: Of those the ones that are done, and how they failed.
        self._done: dict[tuple[int, int], RuntimeError | None] = {}
        self.host = socket.gethostname()
        #: Of the ranks that have said where they are.
        self.hosts = {self.rank: self.host}
        self._sent: dict[int, list[Any]] = {}

    def close(self) -> None:
        """End the threads, once what they wait for has come."""
        self._waits.end()

    def others(self) -> range:
        """The ranks that rank 0 talks to."""
        return range(1, self.size)

    def name(self, rank: int) -> str:
        """What errors call a rank: its number among all ranks, and where it is."""
        place = f" ({self.hosts[rank]})" if rank in self.hosts else ""
        return f"rank {self._ranks[rank]}{place}"

    def send(self, rank: int, *pieces: bytes) -> None:
        """Send the pieces as one message. Returns at once; gloo has taken it when the other has answered."""
        length = sum(map(len, pieces))
        head = length.to_bytes(HEAD, "little")
        if HEAD + length <= FRAME:
            tensors = [(_tensor(head, *pieces), self._tag)]
        else:
            tensors = [(_tensor(*pieces), self._tag + 1), (_tensor(head), self._tag)]
        try:
            # Kept until the next message to that rank: by then it has this one.
            self._sent[rank] = [(dist.isend(t, self._ranks[rank], self.group, tag), t) for t, tag in tensors]
        except RuntimeError as error:
            raise self._lost(rank, error) from error

    def receive(self, ranks: Any, timeout: float | None = None) -> Iterator[tuple[int, memoryview]]:
        """A message of each of the ranks, as they come.

        Raises RuntimeError for one whose process is gone, TimeoutError that names those from which nothing came in time.
        """
        limit = self.timeout if timeout is None else timeout
        for rank, frame in self._wait(dict.fromkeys(ranks, FRAME), self._tag, limit):
            length = int.from_bytes(frame[:HEAD], "little")
            if HEAD + length <= FRAME:
                yield rank, frame[HEAD : HEAD + length]
            else:
                yield from self._wait({rank: length}, self._tag + 1, limit)

    def flush(self, limit: float) -> None:
        """Wait until the last messages have been taken, or until `limit` seconds have passed."""
        works = [(rank, 0, work) for rank, sent in self._sent.items() for work, _ in sent]
        waits = _Waits()
        waits.start(works)
        end = time.monotonic() + limit
        try:
            for _ in works:
                waits.next(end)
        except queue.Empty:
            _kept.append(self._sent)
        waits.end()

    def _wait(self, lengths: dict[int, int], tag: int, limit: float) -> Iterator[tuple[int, memoryview]]:
        """The bytes that come from each rank, at most so many. What a wait that was interrupted has begun goes on."""
        end = time.monotonic() + limit
        missing = set(lengths)
        self._waits.start([self._begin(rank, tag, lengths[rank]) for rank in lengths if (rank, tag) not in self._begun])
        while missing:
            rank = next((rank for rank in missing if (rank, tag) in self._done), None)
            if rank is None:
                self._take_next(end, missing, limit)
                continue
            error, came = self._done.pop((rank, tag)), self._begun.pop((rank, tag))
            if error is not None:
                raise self._lost(rank, error) from error
            missing.remove(rank)
            yield rank, memoryview(came.numpy())

    def _take_next(self, end: float, missing: set[int], limit: float) -> None:
        """The next receive that is done, which may be one that is waited for further out: what is long comes in two."""
        try:
            rank, tag, error = self._waits.next(end)
        except queue.Empty:
            raise self._late(sorted(missing), limit) from None
        self._done[rank, tag] = error

    def _begin(self, rank: int, tag: int, length: int) -> tuple[int, int, Any]:
        tensor = torch.empty(length, dtype=torch.uint8)
        try:
            work = dist.irecv(tensor, self._ranks[rank], self.group, tag)
        except RuntimeError as error:
            raise self._lost(rank, error) from error
        self._begun[rank, tag] = tensor
        return rank, tag, work

    def _late(self, ranks: list[int], limit: float) -> TimeoutError:
        names = ", ".join(map(self.name, ranks[:3])) + (f" and {len(ranks) - 3} more" if len(ranks) > 3 else "")
        return TimeoutError(f"no answer from {names} within {limit:g} s: raise timeout if the work may take longer")

    def _lost(self, rank: int, error: RuntimeError) -> RuntimeError:
        is_gone = "by peer" in str(error)
        reason = "its process has ended" if is_gone else str(error).rpartition("] ")[2]
        return RuntimeError(f"{self.name(rank)} cannot be reached any more: {reason}")


class _Waits:
    """A thread for each rank that waits for works of gloo, since the caller's must hear signals and the clock meanwhile."""

    def __init__(self) -> None:
        self._asked: dict[int, queue.SimpleQueue[Any]] = {}
        self._done: queue.SimpleQueue[tuple[int, int, RuntimeError | None]] = queue.SimpleQueue()

    def start(self, works: list[tuple[int, int, Any]]) -> None:
        """Wait for works, each with its rank and tag."""
        for rank, tag, work in works:
            if rank not in self._asked:
                self._asked[rank] = queue.SimpleQueue()
                threading.Thread(target=self._wait_for, args=[self._asked[rank]], name="farpoint-waits", daemon=True).start()
            self._asked[rank].put((rank, tag, work))

    def next(self, end: float) -> tuple[int, int, RuntimeError | None]:
        """The next work that is done, by rank and tag, and how it failed. Raises queue.Empty where none is by `end`."""
        return self._done.get(timeout=max(end - time.monotonic(), 0))

    def end(self) -> None:
        for asked in self._asked.values():
            asked.put(None)

    def _wait_for(self, asked: queue.SimpleQueue[Any]) -> None:
        while (wait := asked.get()) is not None:
            rank, tag, work = wait
            self._done.put((rank, tag, _failure(work)))


def _failure(work: Any) -> RuntimeError | None:
    try:
        work.wait(_FOREVER)
    except RuntimeError as error:
        return error
    return None


#: The caller knows better how long to wait; were gloo's own clock to end a wait, it would close the group.
_FOREVER = timedelta(days=30)
#: Messages that a rank which was late or gone never took.
_kept: list[Any] = []


def _gloo(group: Any) -> Any:
    """The group itself where it moves host memory by gloo, else one of the same ranks that does, made once and kept."""
    if _speaks_gloo(group):
        return group
    if group not in _gloo_of:
        ranks = dist.get_process_group_ranks(group)
        _gloo_of[group] = dist.new_group(ranks, backend="gloo", use_local_synchronization=True)
    return _gloo_of[group]


def _speaks_gloo(group: Any) -> bool:
    return "cpu:gloo" in dist.get_backend_config(group)


def _tensor(*pieces: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray().join(pieces), dtype=torch.uint8)
