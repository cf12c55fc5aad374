"""Run by test_cuda.py in a process of its own, over the CUDA test bed or a real GPU: pools on a device, without an array library."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import warnings
from typing import Any

import device_arrays
import numpy as np
from device_arrays import DeviceArray, DLPackArray
from device_checks import check_equal, counted, counters, forked, needs_the_bed, normal, on_both, raising, set_knob

import farpoint
from farpoint import _native

#: DLPack's brain floats: code and bits.
BFLOAT16 = (4, 16)


# Pools on a device


def every_type() -> None:
    for dtype in ("float64", "float32", "float16", "uint8", "int8"):
        pool = (20 * np.abs(normal(700, 24))).astype(dtype)
        on_both(pool, DeviceArray(pool), 40)
        on_both(pool, DeviceArray(pool), 40, labeled=[699, 3], weights=np.arange(700) % 5, exclude=[5])


def more_rows_than_one_launch_takes() -> None:
    pool = normal(9000, 40)
    on_both(pool, DeviceArray(pool), 80, exclude=np.arange(9000) % 7 == 0)


def every_option() -> None:
    pool = normal(500, 20)
    lent = DeviceArray(pool)
    for asked in (
        {"metric": "cosine"},
        {"metric": "cosine", "labeled": [9, 2], "labeled_vectors": pool[:3] + 1},
        {"weights": np.arange(500) % 3, "first": "heaviest"},
        {"first": "mean"},
        {"first": "random", "seed": 5},
        {"first": 499},
        {"stop_radius": 5.0},
        {"labeled": np.arange(500) < 20, "exclude": [300]},
        {"resume": farpoint.select(pool, 7, device="cpu").centers},
        {"device": "cuda"},
        {"device": "cuda:0"},
    ):
        expected = farpoint.select(pool, 30, return_distances=True, return_assignment=True, **{**asked, "device": "cpu"})
        check_equal(farpoint.select(lent, 30, return_distances=True, return_assignment=True, **asked), expected)
    assert farpoint.select(lent, 30).min_distance is None


def pools_of_the_host_on_a_gpu() -> None:
    for dtype in ("float64", "float32", "float16", "uint8", "int8"):
        pool = (20 * np.abs(normal(600, 16))).astype(dtype)
        expected = farpoint.select(pool, 30, device="cpu", return_assignment=True)
        for device in ("cuda", "cuda:0", "auto"):
            check_equal(farpoint.select(pool, 30, device=device, return_assignment=True), expected)
    greedy = farpoint.robust(pool, 3, candidates="greedy", device="cuda")
    assert greedy.upper == farpoint.robust(pool, 3, candidates="greedy", device="cpu").upper
    with raising(RuntimeError, "cuda:7"):
        farpoint.select(pool, 30, device="cuda:7")


def a_pool_of_the_host_on_several_gpus() -> None:
    needs_the_bed()
    set_knob("devices", 3)
    pool = normal(5000, 16)
    expected = farpoint.select(pool, 30, device="cpu", return_assignment=True)
    for device, used in (
        ("cuda:0,1", "cuda:0, cuda:1"),
        (["cuda:2", "cuda:0"], "cuda:0, cuda:2"),
        (("cuda:1",), "cuda:1"),
        ("cuda:all", "cuda:0, cuda:1, cuda:2"),
    ):
        found = farpoint.select(pool, 30, device=device, return_assignment=True)
        check_equal(found, expected, used)
    with raising(RuntimeError, "cuda:7: there is no GPU number 7"):
        farpoint.select(pool, 30, device=["cuda:0", "cuda:7"])
    with raising(RuntimeError, "cuda:0,1: distances over a pool are computed on one GPU"):
        farpoint.robust(pool, 3, device="cuda:0,1")


def brain_floats_by_dlpack() -> None:
    pool = normal(600, 24)
    halves = pool.view(np.uint32) >> 16
    rounded = (halves << 16).astype(np.uint32).view(np.float32)
    lent = DLPackArray(halves.astype(np.uint16), BFLOAT16)
    on_both(rounded, lent, 40)
    on_both(rounded, lent, 40, metric="cosine")


def dlpack_as_it_is_lent() -> None:
    pool = normal(300, 12)
    on_both(pool, DLPackArray(pool, (2, 32), skipped=64), 20)
    on_both(pool, DLPackArray(pool, (2, 32), strides=(12, 1)), 20)
    for device_type, where in ((10, "a ROCm"), (8, "a Metal"), (7, "a Vulkan"), (99, "another kind")):
        with raising(TypeError, f"lies on {where}"):
            farpoint.select(DLPackArray(pool, (2, 32), device_type=device_type), 3)


def work_queued_before_comes_first() -> None:
    """The bed does nothing of a stream until something waits for it: a selection beside the owner's stream would read what was there."""
    pool, before = normal(300, 16), np.zeros((300, 16), np.float32)
    driver = device_arrays.driver()
    stream = device_arrays.stream()
    lent = DeviceArray(before, on=stream)
    source = DeviceArray(pool)
    copied = driver.cuMemcpyDtoDAsync_v2(
        ctypes.c_uint64(lent.memory.address),
        ctypes.c_uint64(source.memory.address),
        ctypes.c_size_t(pool.nbytes),
        ctypes.c_void_p(stream),
    )
    device_arrays.check(copied)
    on_both(pool, lent, 20)


def what_does_not_fit_is_refused() -> None:
    pool = normal(300, 12)
    lent = DeviceArray(pool)
    with raising(ValueError, "lies on cuda:0: no other device can select from it"):
        farpoint.select(lent, 3, device="cpu")
    for call in (
        lambda: farpoint.robust(lent, 3),
        lambda: farpoint.plan(lent, 3),
        lambda: farpoint.verify(lent, farpoint.select(lent, 3)),
    ):
        with raising(TypeError, "host memory"):
            call()
    with raising(TypeError, "not row-major"):
        farpoint.select(DeviceArray(pool, strides=(4, 1200)), 3)
    with raising(TypeError, "not row-major"):
        farpoint.select(DLPackArray(pool, (2, 32), strides=(1, 300)), 3)
    for wrong in (pool.astype(np.complex64), pool.astype(int), pool > 0):
        with raising(TypeError, "values"):
            farpoint.select(DeviceArray(wrong), 3)
    with raising(ValueError, "(n, d)"):
        farpoint.select(DeviceArray(pool[None]), 3)
    with raising(ValueError, "is empty"):
        farpoint.select(DeviceArray(pool[:0]), 3)
    with raising(ValueError, "budget 301 exceeds the 300 rows"):
        farpoint.select(lent, 301)
    with raising(IndexError, "labeled row 300"):
        farpoint.select(lent, 3, labeled=[300])
    check_equal(farpoint.select(DeviceArray(pool, strides=(48, 4)), 3), farpoint.select(pool, 3, device="cpu"))


def labeled_vectors_on_a_device() -> None:
    pool = normal(300, 12)
    for vectors in (DeviceArray(pool[:2]), DLPackArray(pool[:2], (2, 32))):
        with raising(TypeError, "lies on a GPU and is needed in host memory"):
            farpoint.select(pool, 3, labeled_vectors=vectors)


def values_that_are_not_finite() -> None:
    for n in (300, 9000):
        pool = normal(n, 12)
        pool[[n - 1, 41], 5] = np.inf
        with raising(ValueError, "row 41 holds inf at dimension 5"):
            farpoint.select(DeviceArray(pool), 3)
        pool[[n - 1, 41]] = 0
        with raising(ValueError, "row 41 is all zeros"):
            farpoint.select(DeviceArray(pool), 3, metric="cosine")


def progress_on_a_device() -> None:
    pool = normal(9000, 24)
    calls: list[tuple[int, int, float]] = []
    selection = farpoint.select(DeviceArray(pool), 60, progress=lambda *told: calls.append(told))
    assert calls[-1] == (60, 60, selection.radius)

    class Enough(Exception):
        pass

    def tick(*told: object) -> None:
        raise Enough

    try:
        farpoint.select(DeviceArray(pool), 2000, progress=tick)
    except Enough as raised:
        k = len(raised.selection)
        assert raised.selection.interrupted and k < 2000
        assert raised.selection.centers.tolist() == farpoint.select(pool, max(k, 1), device="cpu").centers[:k].tolist()
    else:
        raise AssertionError("nothing was raised")


def two_streams_at_once() -> None:
    pools = [normal(2500, 20) for _ in range(2)]
    lent = [DeviceArray(pool, on=device_arrays.stream()) for pool in pools]
    expected = [farpoint.select(pool, 50, device="cpu", return_assignment=True) for pool in pools]
    answers: list[Any] = [None, None]

    def work(number: int) -> None:
        answers[number] = [farpoint.select(lent[number], 50, return_assignment=True) for _ in range(2)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for several, one in zip(answers, expected, strict=True):
        for answer in several:
            check_equal(answer, one)


# What is copied, and memory


def the_pool_is_not_copied() -> None:
    """What comes to the host is some tens of KB a round, and what is asked for of each row."""
    needs_the_bed()
    pool = normal(12_000, 128)
    lent, asked = DeviceArray(pool), {"labeled": [4], "weights": np.ones(12_000)}
    for options in ({}, {"return_distances": True, "return_assignment": True}, {"metric": "cosine"}):
        farpoint.select(lent, 20, **asked, **options)
        now = counted(lambda options=options: farpoint.select(lent, 20, **asked, **options))
        assert now["bytes_to_host"] < pool.nbytes // 6, (options, now)
        assert now["bytes_to_device"] < 8 * 12_000, (options, now)
    expected = farpoint.select(pool, 20, device="cpu", **asked)
    uploaded = counted(lambda: check_equal(farpoint.select(pool, 20, device="cuda", **asked), expected))
    assert uploaded["bytes_to_device"] >= pool.nbytes  # that is what a copy looks like


def too_little_memory() -> None:
    needs_the_bed()
    pool = normal(9000, 64)
    lent = DeviceArray(pool)
    farpoint.select(lent, 3)
    set_knob("fail_allocation", 1)
    with raising(MemoryError, "cuda:0"):
        farpoint.select(lent, 3)
    set_knob("fail_allocation", 0)
    set_knob("memory", counters()["bytes_now"] + 1000)
    with raising(MemoryError, "cuda:0"):
        farpoint.select(lent, 3)
    set_knob("memory", 4 << 30)
    check_equal(farpoint.select(lent, 3), farpoint.select(pool, 3, device="cpu"))


def a_device_that_is_lost() -> None:
    needs_the_bed()
    pool = normal(9000, 64)
    lent = DeviceArray(pool)
    set_knob("lose_after", 2)
    with raising(RuntimeError, "cuda:0"):
        farpoint.select(lent, 30)
    with raising(RuntimeError, "cuda:0"):
        farpoint.select(pool, 30, device="cuda")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_equal(farpoint.select(pool, 30), farpoint.select(pool, 30, device="cpu"), "cpu")
    assert [one.category for one in caught] == [RuntimeWarning]
    os._exit(0)  # What is freed now would be refused.


# Forks


def a_fork_after_cuda() -> None:
    pool = normal(9000, 24)
    lent = DeviceArray(pool)
    expected = farpoint.select(pool, 30, device="cpu")
    check_equal(farpoint.select(lent, 30), expected)
    forked(lambda: in_the_child(pool, lent, expected))
    check_equal(farpoint.select(lent, 30), expected)


def in_the_child(pool: np.ndarray, lent: Any, expected: farpoint.Selection) -> None:
    for call in (
        lambda: farpoint.select(pool, 30, device="cuda"),
        lambda: farpoint.select(lent, 30),
        lambda: _native.Batch(lent, {"offsets": [0, 9000], "budgets": [5], "first": None, "metric": "euclidean"}),
    ):
        with raising(RuntimeError, "forked"):
            call()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_equal(farpoint.select(pool, 30, device="cpu"), expected, "cpu")
        assert not caught
        check_equal(farpoint.select(pool, 30), expected, "cpu")
    assert [one.category for one in caught] == [RuntimeWarning] and "forked" in str(caught[0].message)
    assert caught[0].filename == __file__


def a_fork_before_cuda() -> None:
    """A child of a process that used no GPU may use one."""
    pool = normal(300, 12)
    expected = farpoint.select(pool, 30, device="cpu")
    forked(lambda: check_equal(farpoint.select(pool, 30, device="cuda"), expected))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
