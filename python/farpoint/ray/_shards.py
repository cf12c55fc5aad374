"""The actors of one selection, as the driver sees them: every wait ends, and what goes wrong has a shard's name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayActorError, RayError, RayTaskError

from farpoint import _native
from farpoint.ray import _cluster
from farpoint.ray._holder import About, Holder, Opened
from farpoint.ray._parts import Part, spread

#: How often an actor's process may be started again.
RESTARTS = 3
#: Messages of more bytes are put into the object store once, instead of being sent to each shard.
PUT_FROM = 100_000
#: Seconds after which a shard that others wait for is named.
LAG = 2.0
#: Seconds between two looks at a shard that is being started again.
PAUSE = 0.1

#: Rows of the pool that a checkpoint is known by, for each that a part is known by.
PRINTS = 4

log = logging.getLogger("farpoint")

#: Called with the name of the shard that others wait for.
Lagging = Callable[[str], object]


class StartedAgain(Exception):
    """A shard's process was started again, and what it had settled is lost."""


class Shards:
    """Actors, each with a part of the pool. Ends them when the block is left."""

    def __init__(
        self, parts: list[Part], *, cpus: float, gpus: float, device: str, threads: int, timeout: float, lagging: Lagging
    ) -> None:
        options = {"num_cpus": cpus, "num_gpus": gpus, "max_restarts": RESTARTS, "scheduling_strategy": "SPREAD"}
        actor = ray.remote(Holder).options(**options)
        self.parts, self.timeout, self._lagging = parts, timeout, lagging
        self._needs = f"{cpus:g} CPUs and {gpus:g} GPUs"
        self._actors = [actor.remote(device, threads) for _ in parts]
        self._about: dict[int, About] = {}
        self._opened: dict[int, Opened] = {}

    def __enter__(self) -> Shards:
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self._actors:
            ray.kill(actor)

    def __len__(self) -> int:
        return len(self.parts)

    def open(self) -> None:
        """Have every shard open its part. Raises what a shard raises, and ValueError where two do not fit together."""
        every = range(len(self))
        self._about = self.each("about", every)
        for shard, about in self._about.items():
            self._check_version(shard, about)
        self._opened = self._all(lambda shard: self._actors[shard].open.remote(self.parts[shard], None), every)
        self._check_alike()

    @property
    def shape(self) -> tuple[int, int, str]:
        """Rows of all shards, their dimensions and type."""
        return self.first_rows[-1], self._opened[0].dimensions, self._opened[0].dtype

    def sources(self) -> list[list[Any]]:
        """What the parts are read from, in their order, and files as they were when they were opened."""
        sources: list[list[Any]] = []
        for shard, part in enumerate(self.parts):
            stamps = self._opened[shard].stamps
            of_part = [[*source, *stamps.get(source[1], ())] for source in part.sources()]
            # Two shards may have rows of one file.
            sources += of_part[1:] if sources[-1:] == of_part[:1] else of_part
        return sources

    def prints(self) -> list[str]:
        """Digests of some rows of the pool, the same ones wherever one part ends and the next begins."""
        first_rows, asked = self.first_rows, {}
        rows = spread(first_rows[-1], PRINTS * max(part.samples for part in self.parts))
        for shard, (start, end) in enumerate(zip(first_rows, first_rows[1:])):
            asked[shard] = ([row - start for row in rows if start <= row < end],)
        return [found for _, prints in sorted(self.own("prints", asked).items()) for found in prints]

    @property
    def first_rows(self) -> list[int]:
        """The row at which each shard begins, and the number of all."""
        first_rows = [0]
        for shard in range(len(self)):
            first_rows.append(first_rows[-1] + self._opened[shard].rows)
        return first_rows

    def name(self, shard: int) -> str:
        """What errors call a shard: its number, its node once that is known, and its files."""
        node = f"node {self._about[shard].node}, " if shard in self._about else ""
        return f"shard {shard} ({node}{self.parts[shard].label})"

    def names(self) -> list[str]:
        return [self.name(shard) for shard in range(len(self))]

    def call(self, common: bytes, own: dict[int, bytes]) -> dict[int, bytes]:
        """Have every shard named in `own` answer."""
        message = ray.put(common) if len(common) > PUT_FROM and len(own) > 1 else common

        def ask(shard: int) -> Any:
            return self._actors[shard].answer.remote(self._about[shard].life, message, own[shard])

        return self._all(ask, own)

    def each(self, method: str, shards: Iterable[int], *arguments: Any) -> dict[int, Any]:
        """What a method of these shards gives."""
        return self._all(lambda shard: getattr(self._actors[shard], method).remote(*arguments), shards)

    def own(self, method: str, arguments: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        """What a method of these shards gives, with arguments of each one's own."""
        return self._all(lambda shard: getattr(self._actors[shard], method).remote(*arguments[shard]), arguments)

    def once(self, method: str, arguments: dict[int, tuple[Any, ...]], within: float) -> dict[int, Any]:
        """The same, within so many seconds and of processes as they are. Raises TimeoutError, and what a shard or Ray raises."""
        refs = [getattr(self._actors[shard], method).remote(*own) for shard, own in arguments.items()]
        answers = dict(zip(arguments, ray.get(refs, timeout=within)))
        if any(answer is None for answer in answers.values()):
            raise TimeoutError("a shard was started again and has nothing open")
        return answers

    def check_unchanged(self) -> None:
        """Raise OSError where files are not what they were when they were opened."""
        self.each("is_unchanged", range(len(self)))

    def files(self, folder: str) -> list[str]:
        """The files that shards write what they have settled to, in the order of rows. Raises StartedAgain where one has lost it."""
        ask = self._of_settled(lambda actor, shard, first: actor.write.remote(folder, shard, first))
        written = self._all(ask, range(len(self)))
        return [name for shard in range(len(self)) for name in written[shard]]

    def tables(self) -> list[Any]:
        """References to tables of what shards have settled, in the order of rows. Raises StartedAgain where one has lost it."""
        tables: dict[int, Any] = {}

        def ask(actor: Any, shard: int, first: int) -> Any:
            # The driver waits for the number, and the table stays where it is.
            tables[shard], rows = actor.table.options(num_returns=2).remote(first)
            return rows

        self._all(self._of_settled(ask), range(len(self)))
        return [tables[shard] for shard in range(len(self))]

    def _of_settled(self, ask: Callable[[Any, int, int], Any]) -> Callable[[int], Any]:
        lives = {shard: about.life for shard, about in self._about.items()}
        first_rows = self.first_rows

        def asked(shard: int) -> Any:
            if self._about[shard].life != lives[shard]:
                raise StartedAgain
            return ask(self._actors[shard], shard, first_rows[shard])

        return asked

    def _all(self, ask: Callable[[int], Any], shards: Iterable[int]) -> dict[int, Any]:
        refs = {ask(shard): shard for shard in shards}
        began, answers = time.monotonic(), {}
        while refs:
            ready, late = ray.wait(list(refs), num_returns=len(refs), timeout=min(LAG, self._left(began)))
            for ref in ready:
                shard = refs.pop(ref)
                answer = self._answer(shard, ref)
                if answer is None:
                    self._start_again(shard, began)
                    refs[ask(shard)] = shard
                else:
                    answers[shard] = answer
            if late:
                self._tell_late(sorted(refs[ref] for ref in late), began)
        return answers

    def _answer(self, shard: int, ref: Any) -> Any:
        """What the shard answered; None where its process ended."""
        try:
            return ray.get(ref)
        except RayTaskError as error:
            raise self._named(shard, error) from error.cause
        except RayActorError:
            return None
        except RayError as error:
            raise RuntimeError(f"{self.name(shard)}: {_line(error)}") from error

    def _start_again(self, shard: int, began: float) -> None:
        """Wait until Ray has started the shard's process again, and have it open its part: its files must be the same ones."""
        had = self._about.get(shard)
        while True:
            try:
                about = ray.get(self._actors[shard].about.remote(), timeout=self._left(began))
                known = self._opened.get(shard)
                if known is not None:
                    ray.get(self._actors[shard].open.remote(self.parts[shard], known), timeout=self._left(began))
                break
            except ActorUnavailableError:
                time.sleep(PAUSE)
            except RayActorError as error:
                raise RuntimeError(f"{self.name(shard)}: its process ended {RESTARTS + 1} times: {_line(error)}") from error
            except GetTimeoutError:
                raise self._late([shard]) from None
            except RayTaskError as error:
                raise self._named(shard, error) from error.cause
        self._about[shard] = about
        if had is not None and about.life != had.life:
            log.warning("%s was started again: its picks so far are replayed there", self.name(shard))

    def _left(self, began: float) -> float:
        return max(0.0, began + self.timeout - time.monotonic())

    def _tell_late(self, shards: list[int], began: float) -> None:
        if self._left(began) <= 0:
            raise self._late(shards)
        self._lagging(self.name(shards[0]))

    def _late(self, shards: list[int]) -> TimeoutError:
        names = ", ".join(map(self.name, shards[:3])) + (f" and {len(shards) - 3} more" if len(shards) > 3 else "")
        if shards[0] not in self._about:
            return TimeoutError(
                f"{names}: not started within {self.timeout:g} s: a shard needs {self._needs}, and the cluster has "
                f"{_cluster.resources()}"
            )
        return TimeoutError(f"{names}: no answer within {self.timeout:g} s: raise timeout if the work may take longer")

    def _named(self, shard: int, error: RayTaskError) -> Exception:
        """What a shard raised, with its name."""
        cause = error.cause if isinstance(error.cause, BaseException) else error
        known = (ValueError, TypeError, IndexError, MemoryError, OSError, RuntimeError)
        kind = next((kind for kind in known if isinstance(cause, kind)), RuntimeError)
        text = _line(cause) if isinstance(cause, known) else f"{type(cause).__name__}: {_line(cause)}"
        return kind(f"{self.name(shard)}: {text}")

    def _check_version(self, shard: int, about: About) -> None:
        if about.version != _native.__version__:
            raise RuntimeError(
                f"{self.name(shard)} has farpoint {about.version}, and the driver {_native.__version__}: install one version on all nodes"
            )

    def _check_alike(self) -> None:
        first = self._opened[0]
        for shard, opened in self._opened.items():
            if (opened.dimensions, opened.dtype) != (first.dimensions, first.dtype):
                holds = [
                    f"{self.name(s)} holds rows of {o.dimensions} {o.dtype} values" for s, o in ((0, first), (shard, opened))
                ]
                raise ValueError(f"the parts of a pool must agree: {', '.join(holds)}")


def _line(error: BaseException) -> str:
    """The message without Ray's traces, which are of many lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if isinstance(error, RayTaskError) else " ".join(lines)
