"""A whole experiment: seeds and strategies over processes, one line of results a round, progress."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from .config import Config, as_table, parsed
from .lines import Line, by_round
from .results import Results
from .rounds import Seed, run, start_line
from .statistics import START

Job = tuple[int, str, list[Line]]


class Failed(Exception):
    """Some strategies of some seeds ended with an error; the others are done."""


def jobs(config: Config, results: Results, done: list[Line]) -> list[Job]:
    """What is left: seed, strategy and its rounds so far, seed by seed. `start` is round 0."""
    try:
        rounds = by_round(done, config.initial, config.budget)
    except ValueError as error:
        raise ValueError(f"{results.journal.path}, {error}") from None
    left: list[Job] = []
    for seed in config.seeds:
        if (seed, START) not in rounds:
            left.append((seed, START, []))
        for choice in config.strategies:
            own = rounds.get((seed, choice.label), [])
            if len(own) < config.queries:
                left.append((seed, choice.label, [results.whole(line) for line in own]))
    return left


def run_all(config: Config, results: Results, processes: int = 1, say: Callable[[str], None] = lambda text: None) -> None:
    """All that is left of the experiment, over so many processes.

    The lines of a seed and a strategy are the same for any number of processes: each process trains round 0 of a seed it works on
    itself. Ctrl-C ends the processes; rounds that are done stay, and the same command goes on after them.

    Raises
    ------
    Failed
        With each error's last line; the other jobs are done all the same.
    ValueError
        Fewer than one process; results that cannot be gone on with.
    """
    if processes < 1:
        raise ValueError(f"processes = {processes}: it is at least 1")
    classes = config.load().classes  # what is wrong with the data is said once, and here
    left = jobs(config, results, results.begin(config, classes))
    trainings = sum(1 if label == START else config.queries - len(own) for _, label, own in left)
    progress = Progress(trainings, say)
    errors = []
    for kind, told in _told(config, left, processes):
        if kind == "line":
            results.add(told)
            progress.count(told)
        else:
            errors.append(told.strip().splitlines()[-1])
            print(told, file=sys.stderr)
    if errors:
        raise Failed("; ".join(dict.fromkeys(errors)))


def _told(config: Config, left: list[Job], processes: int) -> Any:
    """What the processes tell, as it comes: ("line", line) and ("error", traceback)."""
    count = min(processes, len(left))
    # One process is this one: a thread of it, so that what it tells is taken in at once.
    context: Any = get_context("spawn") if count > 1 else None
    waiting, told = (context.Queue(), context.Queue()) if context else (queue.Queue(), queue.Queue())
    for job in [*left, *[None] * count]:
        waiting.put(job)
    begin = context.Process if context else threading.Thread
    workers = [begin(target=_work, args=(as_table(config), waiting, told), daemon=True) for _ in range(count)]
    try:
        for worker in workers:
            worker.start()
        yield from _until_all_end(workers, told)
    finally:
        for worker in workers:
            if not isinstance(worker, threading.Thread) and worker.is_alive():
                worker.terminate()


def _until_all_end(workers: list[Any], told: Any) -> Any:
    ended = 0
    while ended < len(workers):
        try:
            kind, what = told.get(timeout=1)
        except queue.Empty:
            _check_alive(workers)
            continue
        if kind == "end":
            ended += 1
        else:
            yield kind, what


def _check_alive(workers: list[Any]) -> None:
    for worker in workers:
        code = getattr(worker, "exitcode", None)
        if code not in (None, 0):
            raise RuntimeError(f"a process of the experiment was killed (exit code {code}): out of memory?")


def _work(table: dict[str, Any], waiting: Any, told: Any) -> None:
    """One process: jobs until there are none. The last seed's data and round 0 are kept for the next job."""
    config = parsed(table, "config")
    data = config.load()
    seed: Seed | None = None
    choices = {choice.label: choice for choice in config.strategies}
    while (job := waiting.get()) is not None:
        number, label, own = job
        if seed is None or seed.seed != number:
            seed = Seed(config, data, number)
        try:
            if label == START:
                told.put(("line", start_line(seed)))
            else:
                run(seed, choices[label], own, lambda line: told.put(("line", line)))
        except Exception:
            told.put(("error", f"seed {number}, {label}:\n{traceback.format_exc()}"))
    told.put(("end", None))


class Progress:
    """How many trainings are done, and how long the rest may take."""

    def __init__(self, trainings: int, say: Callable[[str], None]) -> None:
        self.trainings, self.say = trainings, say
        self.done, self.begun = 0, time.monotonic()

    def count(self, line: Line) -> None:
        self.done += 1
        spent = time.monotonic() - self.begun
        left = spent / self.done * (self.trainings - self.done)
        self.say(
            f"{self.done} of {self.trainings}: seed {line['seed']}, {line['strategy']}, {line['labeled']} labels,"
            f" accuracy {100 * line['accuracy']:.2f} %; {minutes(left)} left"
        )


def minutes(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
