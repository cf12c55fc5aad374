"""One rank of a group over gloo: `ranks.py <folder> <rank> <ranks> <scenario>`. What the scenario gives is pickled to the folder.

Each rank holds its part of a pool that all of them could make; what they select is compared with one process's selection from all of it.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import farpoint
import farpoint.distributed
from farpoint import _native

BUDGET = 40


def pool(rows=600, d=16, dtype=np.float32):
    """Whole numbers, so that there are ties."""
    return np.random.default_rng(1).integers(-8, 9, (rows, d)).astype(dtype)


def bounds(size, rows):
    """Parts of unequal length."""
    return np.rint(np.linspace(0, 1, size + 1) ** 1.3 * rows).astype(int)


def part(whole, rank, size):
    start, end = bounds(size, len(whole))[rank : rank + 2]
    return whole[start:end]


def told(work):
    """How `work` ends: the type of the exception, its message, how many picks it has, and the seconds that it took."""
    began = time.monotonic()
    try:
        return ("selected", len(work()), 0, time.monotonic() - began)
    except BaseException as error:
        picks = None if error.selection is None else error.selection.centers.tolist()
        return type(error).__name__, str(error), picks, time.monotonic() - began


def same(selection, expected, start, end):
    """Equal to the bit, and this rank's rows of what there is one of a row."""
    assert selection.centers.tolist() == expected.centers.tolist()
    assert np.array_equal(selection.radii, expected.radii)
    assert np.array_equal(selection.lower_bounds, expected.lower_bounds)
    assert selection.initial_radius == expected.initial_radius
    assert selection.farthest == expected.farthest
    if selection.min_distance is not None:
        assert np.array_equal(selection.min_distance, expected.min_distance[start:end])
        assert np.array_equal(selection.assignment, expected.assignment[start:end])


def equal(rank, size):
    """Options of every kind, with local rows and with global ones, from pools of several types."""
    cases = 0
    for dtype in (np.float32, np.uint8, np.float64):
        whole = pool(dtype=dtype) if dtype != np.uint8 else np.abs(pool()).astype(np.uint8)
        n, cuts = len(whole), bounds(size, 600)
        start, end = cuts[rank], cuts[rank + 1]
        rng = np.random.default_rng(7)
        labeled, excluded = rng.choice(n, 12, replace=False), rng.choice(n, 30, replace=False)
        weights, vectors = rng.random(n).astype(np.float32), rng.integers(-8, 9, (3, 16)).astype(dtype)
        # Local lists follow each other rank by rank.
        in_parts = np.concatenate([labeled[(labeled >= a) & (labeled < b)] for a, b in zip(cuts, cuts[1:])])
        mine = {"labeled": in_parts[(in_parts >= start) & (in_parts < end)] - start}
        mine |= {"exclude": excluded[(excluded >= start) & (excluded < end)] - start}
        both = {"return_distances": True, "return_assignment": True}
        for local, whole_pool in [
            ({}, {}),
            ({"metric": "cosine"}, {"metric": "cosine"}) if dtype == np.float64 else ({"first": "mean"}, {"first": "mean"}),
            ({"first": n - 1}, {"first": n - 1}),
            ({"first": "random", "seed": 3}, {"first": "random", "seed": 3}),
            ({"stop_radius": 14.5}, {"stop_radius": 14.5}),
            (mine, {"labeled": in_parts, "exclude": excluded}),
            ({"weights": weights[start:end], "first": "heaviest"}, {"weights": weights, "first": "heaviest"}),
            ({"labeled_vectors": vectors if rank == 0 else None}, {"labeled_vectors": vectors}),
            ({"rows": "global", "labeled": labeled, "weights": weights}, {"labeled": labeled, "weights": weights}),
            ({"rows": "global", "exclude": np.isin(np.arange(n), excluded)}, {"exclude": excluded}),
        ]:
            if dtype == np.float64 and "metric" in local:
                whole[np.abs(whole).sum(axis=1) == 0] = 1
            expected = farpoint.select(whole, BUDGET, **whole_pool, **both)
            same(farpoint.distributed.select(whole[start:end], BUDGET, **local, **both), expected, start, end)
            cases += 1
        expected = farpoint.select(whole, BUDGET)
        again = farpoint.distributed.select(torch.from_numpy(whole[start:end]), BUDGET, resume=expected.centers[:11])
        assert isinstance(again.centers, torch.Tensor)
        assert again.centers.tolist() == expected.centers.tolist() and np.array_equal(again.radii, expected.radii)
    return cases


def statistics(rank, size):
    """What all ranks say of the run."""
    selection = farpoint.distributed.select(part(pool(), rank, size), BUDGET)
    return selection.centers.tolist(), selection.statistics


def long(rank, size):
    """Rows so long that every message is."""
    whole = np.random.default_rng(3).standard_normal((90, 30_000), dtype=np.float32)
    picks = farpoint.distributed.select(part(whole, rank, size), 60)
    return picks.centers.tolist() == farpoint.select(whole, 60).centers.tolist()


def empty(rank, size):
    """A rank without rows."""
    whole = pool()
    cuts = bounds(size - 1, len(whole))
    mine = whole[:0] if rank == 1 else whole[cuts[rank - (rank > 1)] : cuts[rank - (rank > 1) + 1]]
    selection = farpoint.distributed.select(mine, BUDGET, return_distances=True)
    assert len(selection.min_distance) == len(mine)
    nobody = told(lambda: farpoint.distributed.select(whole[:0], 1))
    return selection.centers.tolist() == farpoint.select(whole, BUDGET).centers.tolist(), nobody


def subgroup(rank, size):
    """Two ranks of the group, in another order of use; the others stay outside. A group that is said to have no gloo gets one."""
    pair = dist.new_group([size - 2, size - 1])
    if rank < size - 2:
        return None
    from farpoint.distributed import _channel

    _channel._speaks_gloo = lambda group: group is not pair
    whole = pool()
    mine = part(whole, rank - (size - 2), 2)
    picks = [farpoint.distributed.select(mine, BUDGET, group=pair).centers.tolist() for _ in range(2)]
    assert len(_channel._gloo_of) == 1
    return picks == [farpoint.select(whole, BUDGET).centers.tolist()] * 2


def disagree(rank, size):
    """Everything that ranks may say differently, in turn; each ends on every rank alike, and the next run is not disturbed."""
    mine, last = part(pool(), rank, size), rank == size - 1
    calls = {
        "budget": lambda: farpoint.distributed.select(mine, BUDGET + last),
        "metric": lambda: farpoint.distributed.select(mine, 5, metric="cosine" if last else "euclidean"),
        "stop_radius": lambda: farpoint.distributed.select(mine, 5, stop_radius=float(last)),
        "first": lambda: farpoint.distributed.select(mine, 5, first=int(last)),
        "rows": lambda: farpoint.distributed.select(mine, 5, rows="global" if last else "local"),
        "dimensions": lambda: farpoint.distributed.select(mine[:, : 16 - last].copy(), 5),
        "type": lambda: farpoint.distributed.select(mine.astype(np.float64 if last else np.float32), 5),
        "weights": lambda: farpoint.distributed.select(mine, 5, weights=np.ones(len(mine)) if last else None),
        "labeled": lambda: farpoint.distributed.select(mine, 5, rows="global", labeled=[0, int(last)]),
        "resume": lambda: farpoint.distributed.select(mine, 5, resume=[int(last)]),
        "value": lambda: farpoint.distributed.select(np.where(last, np.nan, mine).astype(np.float32), 5),
        "row": lambda: farpoint.distributed.select(mine, 5, labeled=[len(mine)] if last else None),
        "type of rows": lambda: farpoint.distributed.select(mine, 5, labeled=["a"] if last else None),
        "timeout": lambda: farpoint.distributed.select(mine, 5, timeout=-1 if last else 60.0),
        "timeout of rank 0": lambda: farpoint.distributed.select(mine, 5, timeout=60.0 if rank else "a"),
        "too many": lambda: farpoint.distributed.select(mine, 10_000),
    }
    ends = {name: told(call) for name, call in calls.items()}
    ends["after all"] = told(lambda: farpoint.distributed.select(mine, BUDGET))
    return ends


def version(rank, size):
    """The last rank has another version of the package."""
    if rank == size - 1:
        _native.__version__ = "0.0.9"
    return told(lambda: farpoint.distributed.select(part(pool(), rank, size), 5))


def slow(seconds, then=None):
    """Every answer of this rank takes so long. While it gives the tenth, `then` is called."""

    class Slow:
        def __init__(self, *arguments, **options):
            self._shard, self._answers = real(*arguments, **options), 0
            self.rows, self.dimensions, self.dtype = self._shard.rows, self._shard.dimensions, self._shard.dtype

        def answer(self, common, own):
            self._answers += 1
            if self._answers == 10 and then is not None:
                threading.Timer(seconds / 2, then).start()
            time.sleep(seconds)
            return self._shard.answer(common, own)

    real, _native.Shard = _native.Shard, Slow


def late(rank, size):
    """A rank that takes longer than the others wait, and one that never calls; then all call again."""
    mine, real = part(pool(), rank, size), _native.Shard
    if rank == 1:
        slow(3.0)
    ends = [told(lambda: farpoint.distributed.select(mine, BUDGET, timeout=1.0))]
    _native.Shard = real
    ends.append(told(lambda: farpoint.distributed.select(mine, BUDGET)))
    return ends


def absent(rank, size):
    """A rank that does not call."""
    if rank == size - 1:
        time.sleep(2.5)
        return None
    return told(lambda: farpoint.distributed.select(part(pool(), rank, size), BUDGET, timeout=1.0))


def interrupted(rank, size, which, send=signal.SIGINT):
    """Rank `which` gets a signal in the middle."""
    slow(0.05, (lambda: os.kill(os.getpid(), send)) if rank == which else None)
    mine = part(pool(6000), rank, size)
    end = told(lambda: farpoint.distributed.select(mine, 2000, timeout=30.0))
    return end, farpoint.select(pool(6000), 2000).centers.tolist() if end[2] is not None else None


def interrupted_first(rank, size):
    return interrupted(rank, size, 0)


def interrupted_last(rank, size):
    return interrupted(rank, size, size - 1)


def killed(rank, size):
    return interrupted(rank, size, size - 1, signal.SIGKILL)


def ticks(rank, size):
    """What `progress` of rank 0 raises ends all."""

    def stop(chosen, budget, radius):
        if chosen > 100:
            raise RuntimeError("enough")

    slow(0.02)
    return told(lambda: farpoint.distributed.select(part(pool(6000), rank, size), 2000, progress=stop))


def rounds(rank, size):
    """Seconds of a run and its rounds, of a pool that takes little time itself."""
    began = time.monotonic()
    selection = farpoint.distributed.select(part(pool(6000), rank, size), 2000, threads=1)
    return time.monotonic() - began, selection.statistics


def main():
    folder, rank, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=size)
    real, own_version = _native.Shard, _native.__version__
    for scenario in sys.argv[4:]:
        result = globals()[scenario](rank, size)
        _native.Shard, _native.__version__ = real, own_version
        partial = folder / f"{scenario}-{rank}.part"
        partial.write_bytes(pickle.dumps(result))
        partial.rename(partial.with_suffix(".pickle"))
    # Gloo's threads may still serve a rank that is behind.
    while not (folder / "over").exists():
        time.sleep(0.02)
    os._exit(0)


if __name__ == "__main__":
    main()
