"""The Python package on a real GPU, with PyTorch: every check, or those named. Needs neither pytest nor Rust:

    python on_a_gpu.py [NAME...]

Prints a line a check and what it measured; exit code 0 if all hold.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable

import numpy as np
import torch

import farpoint
from farpoint.torch import BatchSelector, select_batch

CHECKS: list[Callable[[], object]] = []


def check(function: Callable[[], object]) -> Callable[[], object]:
    CHECKS.append(function)
    return function


def made(n: int, d: int, seed: int = 0) -> torch.Tensor:
    """On the CPU, so that both sides see the same values."""
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def equal(found: farpoint.Selection, pool: torch.Tensor, budget: int, **options: object) -> None:
    """`found` is what the CPU selects, to the bit, in tensors on the GPU."""
    expected = farpoint.select(pool.cpu(), budget, device="cpu", **options)
    for name in ("centers", "radii", "lower_bounds", "min_distance", "assignment"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert (ours is None) == (theirs is None), name
        assert ours is None or (ours.is_cuda and torch.equal(ours.cpu(), theirs)), name
    assert found.statistics["device"] == f"cuda:{torch.cuda.current_device()}"


@check
def every_dtype() -> None:
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.uint8, torch.int8):
        for n, d in ((3000, 40), (20_000, 96)):
            pool = (made(n, d) * 20).to(dtype).cuda()
            equal(farpoint.select(pool, 300), pool, 300)


@check
def every_option() -> None:
    pool = made(9000, 64).cuda().requires_grad_()
    options = {
        "labeled": torch.arange(0, 9000, 1000).cuda(),
        "labeled_vectors": made(7, 64, 1).cuda(),
        "weights": torch.rand(9000, generator=torch.Generator().manual_seed(2)).cuda(),
        "exclude": torch.zeros(9000, dtype=torch.bool).index_fill_(0, torch.arange(0, 500), True).cuda(),
        "metric": "cosine",
        "return_distances": True,
        "return_assignment": True,
    }
    equal(farpoint.select(pool, 200, **options), pool.detach(), 200, **options)


@check
def other_libraries_lend() -> None:
    pool = made(5000, 32).cuda()

    class ByInterface:
        """Lends as Numba does."""

        __cuda_array_interface__ = pool.__cuda_array_interface__

        def __len__(self) -> int:
            return len(pool)

    class ByDlpack:
        def __dlpack__(self, **options: object) -> object:
            return pool.__dlpack__(**options)

        def __dlpack_device__(self) -> tuple[int, int]:
            return pool.__dlpack_device__()

        def __len__(self) -> int:
            return len(pool)

    torch.cuda.synchronize()
    expected = farpoint.select(pool, 50).centers.tolist()
    assert farpoint.select(ByInterface(), 50).centers.tolist() == expected
    assert farpoint.select(ByDlpack(), 50).centers.tolist() == expected
    try:
        import cupy
    except ImportError:
        return
    found = farpoint.select(cupy.asarray(pool), 50)
    assert isinstance(found.centers, cupy.ndarray) and found.centers.tolist() == expected


@check
def work_queued_before_comes_first() -> None:
    pool, target = made(50_000, 128), torch.zeros(50_000, 128, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(200_000_000)
        target.copy_(pool.pin_memory(), non_blocking=True)
        found = farpoint.select(target, 100)
    equal(found, pool.cuda(), 100)


@check
def two_streams_at_once() -> None:
    pools = [made(30_000, 64, seed).cuda() for seed in range(2)]
    torch.cuda.synchronize()
    found: list[farpoint.Selection | None] = [None, None]

    def run(which: int) -> None:
        with torch.cuda.stream(torch.cuda.Stream()):
            for _ in range(5):
                found[which] = farpoint.select(pools[which], 400)

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for which in range(2):
        equal(found[which], pools[which], 400)


@check
def memory_is_the_allocators() -> str:
    pool = made(400_000, 128).cuda().half()
    farpoint.select(pool, 2)
    free, before = torch.cuda.mem_get_info()[0], torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    found = farpoint.select(pool, 1000)
    taken = torch.cuda.max_memory_allocated() - before
    assert taken >= found.statistics["device_bytes"] > 0, (taken, found.statistics["device_bytes"])
    assert taken < found.statistics["device_bytes"] + (16 << 20), taken
    assert free - torch.cuda.mem_get_info()[0] < (64 << 20) + taken, "memory beside the allocator's"
    return f"{taken >> 20} MB beside a pool of {pool.nbytes >> 20} MB"


@check
def a_batch_at_every_step() -> str:
    pools = [made(4096, 256, seed).cuda() for seed in range(4)]
    selector = BatchSelector(pools[0], 256)
    for pool in pools:
        assert torch.equal(selector(pool).cpu(), farpoint.select(pool.cpu(), 256, device="cpu").centers)
        assert torch.equal(select_batch(pool, 256), selector(pool))
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(20):
        selector(pools[0])
    end.record()
    torch.cuda.synchronize()
    return f"256 of 4,096 x 256: {start.elapsed_time(end) / 20:.3f} ms"


@check
def clouds_of_many_shapes() -> None:
    clouds = made(32 * 500, 3).cuda().view(32, 500, 3)
    picks = select_batch(clouds, 40)
    for cloud, rows in zip(clouds, picks, strict=True):
        assert torch.equal(farpoint.select(cloud.cpu(), 40, device="cpu").centers, rows.cpu())
    flat, offsets = clouds.reshape(-1, 3), [0, 10, 300, 16_000]
    ragged = select_batch(flat[:4000], [3, 7, 20], offsets=[0, 10, 300, 4000])
    assert (ragged[0, 3:] == -1).all() and offsets[1] > ragged[0, :3].max()


@check
def a_graph_captures_batches() -> None:
    static = made(4096, 64).cuda()
    selector = BatchSelector(static, 256)
    selector(static)
    select_batch(static, 128, first=7)
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        features = static * 2.0
        picks, fewer = selector(features), select_batch(features, 128, first=7)
        twice = select_batch(features + 1.0, 128, first=7)
        gathered = features[picks].sum()
    for seed in range(3):
        static.copy_(made(4096, 64, seed))
        graph.replay()
        pool = (static * 2.0).cpu()
        assert torch.equal(picks.cpu(), farpoint.select(pool, 256, device="cpu").centers)
        for found, rows in ((fewer, pool), (twice, pool + 1.0)):
            assert torch.equal(found.cpu(), farpoint.select(rows, 128, first=7, device="cpu").centers)
        assert torch.allclose(gathered, (static * 2.0)[picks].sum())


@check
def threads_have_their_own_batches() -> None:
    pools = [made(512, 16, seed).cuda() for seed in range(4)]
    expected = [farpoint.select(pool.cpu(), 30, device="cpu").centers.tolist() for pool in pools]
    right: list[bool] = []

    def run(which: int) -> None:
        for _ in range(50):
            right.append(select_batch(pools[which], 30).tolist() == expected[which])

    threads = [threading.Thread(target=run, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == 200 and all(right)


@check
def other_gpus_are_used() -> str | None:
    """A pool on another GPU than the current one is selected from there, and the current one stays."""
    if torch.cuda.device_count() < 2:
        return "one GPU alone"
    pool = made(9000, 32).to("cuda:1")
    found = farpoint.select(pool, 50)
    assert found.centers.device == pool.device and torch.cuda.current_device() == 0
    assert torch.equal(found.centers.cpu(), farpoint.select(pool.cpu(), 50, device="cpu").centers)
    assert select_batch(pool[:2000], 9).device == pool.device and torch.cuda.current_device() == 0
    return None


@check
def bad_values_are_told() -> None:
    pool = made(5000, 16).cuda()
    pool[4321, 3] = float("nan")
    for select in (lambda: farpoint.select(pool, 5), lambda: select_batch(pool[3000:].contiguous(), 5)):
        try:
            select()
        except ValueError as error:
            assert "4321" in str(error) or "1321" in str(error), error
        else:
            raise AssertionError("NaN was not told")


@check
def a_call_costs_little() -> str:
    pool = made(1000, 64).cuda()
    farpoint.select(pool, 10)
    started = time.perf_counter()
    for _ in range(200):
        farpoint.select(pool, 10)
    return f"10 of 1,000 x 64: {(time.perf_counter() - started) / 200 * 1e6:.0f} us a call"


@check
def a_large_pool() -> str:
    pool = made(200_000, 512).half().cuda()
    farpoint.select(pool, 2)
    started = time.perf_counter()
    found = farpoint.select(pool, 2000)
    seconds = time.perf_counter() - started
    assert np.isfinite(found.radius)
    equal(found, pool, 2000)
    return f"2,000 of 200,000 x 512 f16: {seconds * 1e3:.1f} ms"


def main(names: list[str]) -> int:
    wanted = [function for function in CHECKS if not names or function.__name__ in names]
    failed = 0
    for function in wanted:
        try:
            told = function()
            print(f"{function.__name__}: ok{f', {told}' if told else ''}", flush=True)
        except Exception:
            failed += 1
            print(f"{function.__name__}: FAILED\n{traceback.format_exc()}", flush=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
