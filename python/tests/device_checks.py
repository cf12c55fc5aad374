"""What the checks on a device share: random pools, comparison with the CPU, the bed's counters and knobs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import traceback
from collections.abc import Iterator
from typing import Any

import device_arrays
import numpy as np

import farpoint

RANDOM = np.random.default_rng(0)


def normal(n: int, d: int) -> np.ndarray:
    return RANDOM.standard_normal((n, d), dtype=np.float32)


def check_equal(found: farpoint.Selection, expected: farpoint.Selection, device: str = "cuda:0") -> None:
    assert found.statistics["device"] == device, found.statistics["device"]
    for name in ("centers", "radii", "lower_bounds", "min_distance", "assignment"):
        theirs, ours = getattr(expected, name), getattr(found, name)
        assert (theirs is None and ours is None) or (type(ours) is np.ndarray and ours.tolist() == theirs.tolist()), name
    assert (found.initial_radius, found.farthest) == (expected.initial_radius, expected.farthest)


def on_both(pool: np.ndarray, lent: Any, budget: int, **asked: Any) -> None:
    asked.update(return_distances=True, return_assignment=True)
    check_equal(farpoint.select(lent, budget, **asked), farpoint.select(pool, budget, device="cpu", **asked))


@contextlib.contextmanager
def raising(error: type[BaseException], text: str) -> Iterator[None]:
    try:
        yield
    except error as raised:
        assert type(raised) is error and text in str(raised), repr(raised)
    else:
        raise AssertionError(f"no {error.__name__} was raised")


def counters() -> dict[str, int]:
    """What the bed has counted."""
    names = (
        "launches",
        "cooperative",
        "graph_launches",
        "synchronizations",
        "allocations",
        "bytes_now",
        "bytes_peak",
        "bytes_to_device",
        "bytes_to_host",
    )
    words = (ctypes.c_uint64 * len(names))()
    device_arrays.driver().bed_counters(words)
    return dict(zip(names, words, strict=True))


def counted(call: Any) -> dict[str, int]:
    device_arrays.driver().bed_reset_counters()
    call()
    return counters()


def needs_the_bed() -> None:
    if not hasattr(device_arrays.driver(), "bed_counters"):
        print("skipped: a real driver counts nothing")
        raise SystemExit


def set_knob(name: str, value: int) -> None:
    assert device_arrays.driver().bed_set_limit(name.encode(), ctypes.c_int64(value)) == 0


def forked(work: Any) -> None:
    """Do `work` in a forked child, which must end well."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
