"""The selection that every rank calls."""

from __future__ import annotations

import os
from typing import Any, Literal

from farpoint import _terms
from farpoint._frameworks import framework, readable
from farpoint._progress import Tick
from farpoint._selection import First, Selection, interrupted, warn_of_fallback, warn_of_idle_picks
from farpoint.distributed._channel import Channel
from farpoint.distributed._follow import follow
from farpoint.distributed._lead import lead
from farpoint.distributed._part import Ask


def select(
    local_pool: Any,
    budget: int | None = None,
    *,
    group: Any = None,
    rows: Literal["local", "global"] = "local",
    labeled: Any = None,
    labeled_vectors: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    weights: Any = None,
    exclude: Any = None,
    stop_radius: float | None = None,
    first: First = "lowest",
    seed: int | None = None,
    device: Any = "auto",
    threads: int = 0,
    resume: Any = None,
    return_distances: bool = False,
    return_assignment: bool = False,
    progress: bool | Tick | None = None,
    timeout: float = 600.0,
) -> Selection:
    """Select `budget` rows from a pool whose parts the ranks of a `torch.distributed` group hold: every rank calls this with its part.

    The parts, in the order of ranks, are the pool. Rows are numbered through it: rank 0's first, then rank 1's. The answer is, to the
    bit, that of `farpoint.select` over all parts in one array, and equal on every rank. No rank sees another's part: what travels is the
    live rows of a round and the new centers, over gloo. Of a group that has no gloo, such as NCCL's, one of the same ranks that has
    is made once, and kept.

    Parameters
    ----------
    local_pool : array ``(n of this rank, d)``
        As `farpoint.select` takes it; a tensor on a GPU stays there. d and the type of values are the same on every rank. A part may have no rows if another has some.
    group : torch.distributed.ProcessGroup, optional
        The ranks that take part; all where it is not given. Rank 0 of the group leads.
    rows : {'local', 'global'}
        Whose rows `labeled`, `exclude` and `weights` are of. 'local': this rank's own, numbered from 0 in its part, and each rank gives its
        own; labeled entries, and `labeled_vectors`, follow each other rank by rank. 'global': the whole pool's, and every rank gives the same.
    labeled, labeled_vectors, weights, exclude
        As in `farpoint.select`, by `rows`.
    resume : global rows, optional
        The first picks of an earlier run, as its `Selection.centers`, whatever `rows` says: their order goes across ranks.
    first : {'lowest', 'mean', 'heaviest', 'random'} or a global row
        The first center where nothing is labeled.
    device, threads
        Of this rank; ranks may differ. 0 threads are this rank's share of the cores under torchrun, else one a core.
    return_distances, return_assignment : bool
        Also `Selection.min_distance` and `Selection.assignment` of this rank's OWN rows, ``(n of this rank,)``. They are all of the
        Selection that differs between ranks.
    progress : bool or callable, optional
        Of rank 0, as in `farpoint.select`; other ranks do not heed it.
    timeout : float
        Seconds for which rank 0 waits for an answer. Others wait for rank 0 twice as long, since it may be waiting itself.
    metric, stop_radius, seed
        As in `farpoint.select`.

    Raises
    ------
    ValueError
        Ranks that disagree on an option, d or the type of values, before work begins: every rank is told which rank said what.
    TimeoutError
        A rank that did not answer in time, by name.
    RuntimeError
        A rank whose process has ended, or another exception on another rank.

    What one rank raises is raised on every rank, with the rank's number and host. Ctrl-C on one rank ends all. The exception's
    ``selection`` has the picks made so far, which are right. All that decides the answer must be the same on every rank: `budget`,
    `metric`, `stop_radius`, `first`, `seed`, `rows`, `resume`, and which of distances and assignment are asked for.

    A round takes two exchanges, whose bytes do not grow with n. Memory beside the part is that of `farpoint.select` of it.
    """
    channel = Channel(group)

    def ask() -> Ask:
        # The others must hear of it, and calls stay counted alike.
        channel.timeout = _seconds(timeout)
        options = {"labeled": labeled, "exclude": exclude, "weights": weights, "resume": resume, "metric": metric}
        options |= {"stop_radius": stop_radius, "first": first, "seed": seed, "device": device}
        assign = return_distances or return_assignment
        threads_here = threads or _share_of_cores()
        return Ask(local_pool, budget, rows, labeled_vectors, assign=assign, threads=threads_here, **options)

    try:
        asked, answer = lead(channel, ask, progress) if channel.rank == 0 else follow(channel, ask)
    except BaseException as error:
        raise interrupted(error, None) from error.__cause__
    finally:
        channel.close()
    selection = _selection(local_pool, asked, answer, return_distances, return_assignment)
    if channel.rank == 0:
        warn_of_idle_picks(selection)
    return selection


def _selection(pool: Any, asked: Ask, answer: dict[str, Any], has_distances: bool, has_assignment: bool) -> Selection:
    """The answer of all, with distances and nearest centers of this rank's rows. Raises what ended the run early."""
    has_ended_well = answer["raised"] is None
    if has_ended_well and (has_distances or has_assignment):
        distances, assignment = asked.settled()
        answer = {**answer, "min_distance": distances, "assignment": assignment}
    convert = framework(readable(pool)).answer
    selection = Selection(answer, convert, asked.terms, asked.vectors, has_distances, has_assignment)
    if not has_ended_well:
        raise interrupted(answer["raised"], selection)
    warn_of_fallback(answer["fallback"])
    return selection


def _seconds(timeout: Any) -> float:
    seconds = _terms.number("timeout", timeout)
    if seconds is None or not seconds > 0:
        raise ValueError(f"timeout {timeout} is not a number of seconds above 0")
    return seconds


def _share_of_cores() -> int:
    """This rank's share of the cores, where torchrun says how many ranks there are on this machine; else 0."""
    ranks = os.environ.get("LOCAL_WORLD_SIZE", "")
    return max(1, len(os.sched_getaffinity(0)) // int(ranks)) if ranks.isdigit() and int(ranks) else 0
