"""Run by test_cuda.py in a process of its own: batches of small pools on a device, queued, and captured in a graph."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import device_arrays
import numpy as np
from device_arrays import DeviceArray, DLPackArray
from device_checks import normal, raising

import farpoint
from farpoint import _native


def terms(offsets: list[int], budgets: list[int], first: list[int] | None = None, metric: str = "euclidean") -> dict[str, Any]:
    return {"offsets": offsets, "budgets": budgets, "first": first, "metric": metric}


def picks_of(batch: Any, count: int) -> list[int]:
    words = np.empty(count, np.int32)
    copy = device_arrays.driver().cuMemcpyDtoH_v2
    device_arrays.check(
        copy(words.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint64(batch.picks_address), ctypes.c_size_t(words.nbytes))
    )
    return words.tolist()


def expected_picks(pool: np.ndarray, offsets: list[int], budgets: list[int], first: list[int] | None, metric: str) -> list[int]:
    picks: list[int] = []
    for p, budget in enumerate(budgets):
        start = "lowest" if first is None else first[p]
        picks += farpoint.select(
            pool[offsets[p] : offsets[p + 1]], budget, first=start, metric=metric, device="cpu"
        ).centers.tolist()
    return picks


def batches() -> None:
    pool = normal(700, 16)
    offsets, budgets = [0, 100, 101, 700], [9, 1, 25]
    for first, metric in ((None, "euclidean"), ([99, 0, 7], "euclidean"), ([3, 0, 598], "cosine")):
        expected = expected_picks(pool, offsets, budgets, first, metric)
        batch = _native.Batch(DeviceArray(pool), terms(offsets, budgets, first, metric))
        for lent in (DeviceArray(pool), DeviceArray(pool, on=device_arrays.stream())):
            batch.queue(lent)
            batch.check(lent)
            assert picks_of(batch, 35) == expected
        assert _native.select_many(pool, terms(offsets, budgets, first, metric)).tolist() == expected


def batches_refused() -> None:
    pool = normal(300, 8)
    lent = DeviceArray(pool)
    with raising(TypeError, "host memory"):
        _native.Batch(pool, terms([0, 300], [5]))
    with raising(TypeError, "GPU"):
        _native.select_many(lent, terms([0, 300], [5]))
    with raising(ValueError, "budget 301"):
        _native.Batch(lent, terms([0, 300], [301]))
    with raising(IndexError, "first row 300"):
        _native.Batch(lent, terms([0, 300], [5], [300]))
    with raising(ValueError, "offsets"):
        _native.Batch(lent, terms([0, 200, 100], [5, 5]))
    batch = _native.Batch(lent, terms([0, 300], [5]))
    for other in (pool[:200], pool.astype(np.float16), pool[:, :4].copy()):
        with raising(ValueError, "the batch was made for 300 x 8 f32"):
            batch.queue(DeviceArray(other))


def values_of_a_batch_are_checked() -> None:
    pool = normal(300, 8)
    pool[250, 3] = np.nan
    lent = DeviceArray(pool)
    batch = _native.Batch(lent, terms([0, 100, 300], [5, 5]))
    batch.queue(lent)
    with raising(ValueError, "row 250 holds NaN at dimension 3"):
        batch.check(lent)
    good = DeviceArray(normal(300, 8))
    batch.queue(good)
    batch.check(good)


def a_batch_in_a_graph() -> None:
    """Captured once, launched with other values in the same memory."""
    driver, stream = device_arrays.driver(), device_arrays.stream()
    pool, offsets, budgets = normal(400, 12), [0, 150, 400], [8, 20]
    lent = DeviceArray(pool, on=stream)
    batch = _native.Batch(lent, terms(offsets, budgets))
    graph, instance, on = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p(stream)
    device_arrays.check(driver.cuStreamBeginCapture_v2(on, 1))
    batch.queue(lent)
    device_arrays.check(driver.cuStreamEndCapture(on, ctypes.byref(graph)))
    device_arrays.check(driver.cuGraphInstantiateWithFlags(ctypes.byref(instance), graph, ctypes.c_ulonglong(0)))
    for _ in range(3):
        pool = normal(400, 12)
        lent.memory.write(pool)
        device_arrays.check(driver.cuGraphLaunch(instance, on))
        device_arrays.check(driver.cuStreamSynchronize(on))
        assert picks_of(batch, 28) == expected_picks(pool, offsets, budgets, None, "euclidean")
    device_arrays.check(driver.cuGraphExecDestroy(instance))
    device_arrays.check(driver.cuGraphDestroy(graph))


def the_stream_reaches_the_producer() -> None:
    pool = normal(200, 8)
    lent = DLPackArray(pool, (2, 32))
    farpoint.select(lent, 3)
    assert lent.asked[-1].get("stream") in (None, 1) and lent.asked[-1]["max_version"][0] == 1, lent.asked
    stream = device_arrays.stream()
    batch = _native.Batch(lent, terms([0, 200], [5]), stream)
    assert lent.asked[-1]["stream"] == stream
    batch.queue(lent, stream)
    batch.check(lent, stream)
    assert picks_of(batch, 5) == farpoint.select(pool, 5, device="cpu").centers.tolist()


def the_current_context_stays() -> None:
    """The caller's thread may work on another GPU, or as here on none, and goes on there."""
    driver = device_arrays.driver()
    pool = normal(300, 12)
    lent = DeviceArray(pool)
    before = ctypes.c_void_p()
    device_arrays.check(driver.cuCtxGetCurrent(ctypes.byref(before)))
    for context in (ctypes.c_void_p(None), before):
        device_arrays.check(driver.cuCtxSetCurrent(context))
        farpoint.select(lent, 3)
        farpoint.select(lent, 3, progress=lambda *_: None)
        farpoint.select(pool, 3, device="cuda")
        batch = _native.Batch(lent, terms([0, 300], [4], [7]), 1)
        batch.set_first([9], 1)
        batch.queue(lent, 1)
        batch.check(lent, 1)
        del batch
        now = ctypes.c_void_p()
        device_arrays.check(driver.cuCtxGetCurrent(ctypes.byref(now)))
        assert now.value == context.value


def other_first_centers() -> None:
    pool = normal(300, 12)
    lent = DeviceArray(pool)
    batch = _native.Batch(lent, terms([0, 100, 300], [4, 6], [7, 0]), 1)
    for first in ([7, 0], [99, 199], [0, 5]):
        batch.set_first(first, 1)
        batch.queue(lent, 1)
        batch.check(lent, 1)
        assert picks_of(batch, 10) == expected_picks(pool, [0, 100, 300], [4, 6], first, "euclidean")
    with raising(IndexError, "first row 200"):
        batch.set_first([0, 200], 1)
    with raising(ValueError, "1 first rows for 2 pools"):
        batch.set_first([0], 1)
    with raising(ValueError, "made without first centers"):
        _native.Batch(lent, terms([0, 300], [4]), 1).set_first([3], 1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
