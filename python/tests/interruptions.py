"""Run by test_running.py in a process of its own: Ctrl-C while something runs. Prints the milliseconds until it was raised, of the middle try."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import numpy as np

import farpoint

# What was started in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

RANDOM = np.random.default_rng(0)
fired = 0.0


def fire() -> None:
    global fired
    fired = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)


def interrupted(call: Callable[[], object], seconds: float) -> tuple[float, KeyboardInterrupt]:
    """How late after the signal `call` raises, and what. It must not have ended within `seconds`, after which the signal comes."""
    timer = threading.Timer(seconds, fire)
    timer.start()
    try:
        call()
    except KeyboardInterrupt as raised:
        return time.perf_counter() - fired, raised
    timer.cancel()
    raise AssertionError(f"ended within {seconds} s")


def middle(call: Callable[[], object], *seconds: float) -> KeyboardInterrupt:
    """Of one try for each of `seconds`, the middle one's time is told. The last one's exception."""
    tries = [interrupted(call, after) for after in seconds]
    print(round(1000 * sorted(late for late, _ in tries)[len(tries) // 2], 1))
    return tries[-1][1]


def check_prefix(pool: np.ndarray, selection: farpoint.Selection, **asked: object) -> None:
    """It is the selection of as many rows, whose last radius is not known, and can be gone on from."""
    k = len(selection)
    assert selection.interrupted and len(selection.radii) == k - 1
    assert selection.min_distance is None and selection.assignment is None
    whole = farpoint.select(pool, k + 10, resume=selection.centers, device="cpu", **asked)
    fewer = farpoint.select(pool, min(k, 300), device="cpu", **asked)
    assert whole.centers[:k].tolist() == selection.centers.tolist()
    assert whole.radii[: k - 1].tolist() == selection.radii.tolist()
    assert whole.centers[: len(fewer)].tolist() == fewer.centers.tolist()


def refreshes() -> None:
    pool = RANDOM.standard_normal((400_000, 128), dtype=np.float32)
    raised = middle(lambda: farpoint.select(pool, 20_000, device="cpu"), 0.5, 0.2, 0.6)
    assert len(raised.selection) > 10
    check_prefix(pool, raised.selection)


def refreshes_under_cosine() -> None:
    pool = RANDOM.standard_normal((200_000, 128), dtype=np.float32)
    raised = middle(lambda: farpoint.select(pool, 20_000, device="cpu", metric="cosine"), 0.3, 0.2, 0.4)
    check_prefix(pool, raised.selection, metric="cosine")


def labeled_vectors() -> None:
    pool, vectors = (
        RANDOM.standard_normal((200_000, 128), dtype=np.float32),
        RANDOM.standard_normal((150_000, 128), dtype=np.float32),
    )
    raised = middle(lambda: farpoint.select(pool, 100, labeled_vectors=vectors, device="cpu"), 0.5, 0.2, 0.6)
    assert raised.selection.interrupted and len(raised.selection) < 100


def many_labeled_rows_and_a_small_budget() -> None:
    pool = RANDOM.standard_normal((600_000, 128), dtype=np.float32)
    labeled = np.arange(0, 600_000, 4)
    raised = middle(lambda: farpoint.select(pool, 10, labeled=labeled, device="cpu"), 0.3, 0.2, 0.4)
    assert raised.selection.interrupted and len(raised.selection) < 10


def many_dimensions() -> None:
    pool = RANDOM.standard_normal((10_000, 4000), dtype=np.float32)
    raised = middle(lambda: farpoint.select(pool, 5_000, labeled=range(3_000), device="cpu"), 0.2, 0.1, 0.3)
    assert raised.selection.interrupted


def norms_of_a_large_pool() -> None:
    """Before anything can be chosen: the exception may have no selection."""
    pool = np.ones((1_500_000, 256), np.float16)
    middle(lambda: farpoint.select(pool, 50, metric="cosine", device="cpu"), 0.05, 0.07)


def settling() -> None:
    """After the last pick: all are known."""
    pool = RANDOM.standard_normal((200_000, 128), dtype=np.float32)

    def settle() -> farpoint.Selection:
        return farpoint.select(pool, 3000, device="cpu", return_distances=True, return_assignment=True)

    started = time.perf_counter()
    whole = settle()
    seconds = time.perf_counter() - started
    lates = []
    for share in (0.5, 0.6, 0.4):
        try:
            late, raised = interrupted(settle, seconds - share * whole.statistics["settle_seconds"])
        except AssertionError:  # A faster run than the first.
            continue
        selection = raised.selection
        if len(selection) == 3000:
            lates.append(late)
            assert selection.interrupted and selection.min_distance is None and selection.assignment is None
            assert selection.centers.tolist() == whole.centers.tolist()
    print(round(1000 * min(lates), 1))


def reading_an_array_in_a_file() -> None:
    """Between two blocks, each of which takes a while, as those of a slow disk do: nothing is chosen yet. All would take 5 s."""
    import h5py

    from farpoint import _lazy

    # Each chunk is a block.
    _lazy.BLOCK = 1
    read, blocks = h5py.Dataset.read_direct, []

    def slowly(dataset: h5py.Dataset, *where: object) -> None:
        read(dataset, *where)
        blocks.append(where)
        if len(blocks) == 3:
            fire()
        time.sleep(0.05)

    h5py.Dataset.read_direct = slowly
    with tempfile.TemporaryDirectory() as folder, h5py.File(f"{folder}/pool.h5", "w") as file:
        values = file.create_dataset("e", data=np.ones((2000, 64), np.float32), chunks=(20, 64))
        try:
            farpoint.select(values, 50, device="cpu")
        except KeyboardInterrupt as raised:
            print(round(1000 * (time.perf_counter() - fired), 1))
            assert raised.selection is None
        else:
            raise AssertionError("Ctrl-C was not heard")
    assert 3 <= len(blocks) < 100


def verifying() -> None:
    pool = RANDOM.standard_normal((400_000, 128), dtype=np.float32)
    selection = farpoint.select(pool, 300, device="cpu")
    middle(lambda: farpoint.verify(pool, selection), 0.1, 0.2)


def planning() -> None:
    """While it selects from a sample of the pool."""
    pool = RANDOM.standard_normal((300_000, 128), dtype=np.float32)
    middle(lambda: farpoint.plan(pool, 20_000), 0.1, 0.2, 0.4)


def robust_while_it_is_greedy() -> None:
    pool = RANDOM.standard_normal((100_000, 64), dtype=np.float32)
    middle(lambda: farpoint.robust(pool, 20_000, device="cpu"), 0.2, 0.3)


def robust_in_a_pass_over_the_pool() -> None:
    """Greedy has ended; distances to all its picks are computed."""
    pool = RANDOM.standard_normal((60_000, 64), dtype=np.float32)
    plan = farpoint.plan(pool, 20_000, robust=True)
    in_pass = plan.seconds + (plan.robust.start_seconds - plan.seconds) / 2
    raised = middle(lambda: farpoint.robust(pool, 20_000, device="cpu"), in_pass, 0.9 * in_pass, 1.1 * in_pass)
    selection = raised.selection
    assert selection is None or selection.end == "interrupted"


def robust_while_it_searches() -> None:
    """The step that it is in is ended first; what is proven until then is right."""
    pool = RANDOM.standard_normal((5_000, 32), dtype=np.float32)
    raised = middle(lambda: farpoint.robust(pool, 100, outliers=3, device="cpu"), 0.5, 0.7, 0.9)
    selection = raised.selection
    assert 0 < selection.lower <= selection.upper <= selection.greedy_radius
    assert farpoint.verify(pool, selection)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
