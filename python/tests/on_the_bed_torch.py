"""Run by test_torch_on_bed.py in a process of its own: what Farpoint does with CUDA tensors, by a stand-in for PyTorch."""

from __future__ import annotations

import sys
import threading

import device_arrays
import fake_torch
import numpy as np

torch = fake_torch.install()

import farpoint  # noqa: E402
import farpoint.torch as farpoint_torch  # noqa: E402


def cuda_tensor(array: np.ndarray, **options: bool) -> fake_torch.Tensor:
    tensor = torch.from_numpy(array).to("cuda")
    tensor.requires_grad = options.get("requires_grad", False)
    return tensor


def answers_are_tensors_on_the_device() -> None:
    pool = np.random.default_rng(0).standard_normal((5000, 24), dtype=np.float32)
    expected = farpoint.select(pool, 60, device="cpu", return_distances=True, return_assignment=True)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        found = farpoint.select(cuda_tensor(pool), 60, return_distances=True, return_assignment=True)
    for name in ("centers", "radii", "min_distance", "assignment"):
        tensor = getattr(found, name)
        assert isinstance(tensor, torch.Tensor) and tensor.is_cuda, name
        assert (tensor.cpu().numpy() == getattr(expected, name)).all(), name
    assert found.curve()[1].tolist() == expected.radii.tolist()
    assert found.radius == expected.radius
    # The workspace came from the tensor's allocator, on the stream that was current, and is what the engine says it took.
    assert torch.allocated and all(on == stream.cuda_stream for _, on in torch.allocated)
    assert sum(n_bytes for n_bytes, _ in torch.allocated) == found.statistics["device_bytes"]


def a_list_of_tensors_is_one_pool() -> None:
    pool = np.random.default_rng(6).standard_normal((3000, 24), dtype=np.float32)
    asked = {"labeled": [2500, 7], "return_distances": True, "return_assignment": True}
    expected = farpoint.select(pool, 60, device="cpu", **asked)
    parts = [cuda_tensor(pool[:1000]), cuda_tensor(pool[1000:1100], requires_grad=True), cuda_tensor(pool[1100:])]
    found = farpoint.select(parts, 60, **asked)
    assert found.centers.is_cuda and found.centers.tolist() == expected.centers.tolist()
    assert found.radii.tolist() == expected.radii.tolist()
    for name in ("min_distance", "assignment"):
        tensors = getattr(found, name)
        assert [len(tensor) for tensor in tensors] == [1000, 100, 1900] and all(tensor.is_cuda for tensor in tensors)
        assert np.concatenate([tensor.cpu().numpy() for tensor in tensors]).tolist() == getattr(expected, name).tolist()
    for wrong, text in (
        ([parts[0], cuda_tensor(pool[:5, :8].copy())], "part 1: values a row are 8, but 24 at part 0"),
        ([parts[0], cuda_tensor(pool[:5].astype(np.float16))], "part 1: values are f16, but f32 at part 0"),
    ):
        try:
            farpoint.select(wrong, 3)
        except ValueError as error:
            assert text in str(error), error
        else:
            raise AssertionError(f"{text} was not told")
    try:
        farpoint.select(parts, 3, device="cpu")
    except ValueError as error:
        assert "leave the device out" in str(error), error
    else:
        raise AssertionError("a device beside parts on GPUs was not refused")


def a_rank_may_hold_a_tensor() -> None:
    """What a rank's or an actor's part may be: `Shard` takes it as `select` does."""
    from farpoint import _native, _terms

    pool = np.random.default_rng(7).standard_normal((500, 8), dtype=np.float32)
    shard = _native.Shard(cuda_tensor(pool), stream=1)
    answer = _native.coordinate(
        lambda common, own: {at: shard.answer(common, part) for at, part in own.items()}, ["rank 0"], 20, _terms.terms(500)
    )
    assert answer["centers"].tolist() == farpoint.select(pool, 20, device="cpu").centers.tolist()
    shard.close()


def a_gradient_is_left_aside() -> None:
    pool = np.random.default_rng(1).standard_normal((300, 8), dtype=np.float32)
    found = farpoint.select(cuda_tensor(pool, requires_grad=True), 9)
    assert found.centers.tolist() == farpoint.select(pool, 9, device="cpu").centers.tolist()


def batches_are_as_single_selections() -> None:
    pools = np.random.default_rng(2).standard_normal((3, 200, 12), dtype=np.float32)
    picks = farpoint_torch.select_batch(cuda_tensor(pools), 7)
    assert picks.is_cuda and picks.shape == (3, 7) and picks.dtype == np.int64
    assert picks.tolist() == [farpoint.select(pool, 7, device="cpu").centers.tolist() for pool in pools]
    flat = pools.reshape(600, 12)
    picks = farpoint_torch.select_batch(cuda_tensor(flat), [2, 5], offsets=[0, 100, 600], first=[4, 0])
    one = farpoint.select(flat[:100], 2, first=4, device="cpu").centers.tolist()
    two = farpoint.select(flat[100:], 5, device="cpu").centers.tolist()
    assert picks.tolist() == [[*one, -1, -1, -1], two]


def bad_values_are_told() -> None:
    pool = np.zeros((50, 4), np.float32)
    pool[17, 2] = np.nan
    selector = farpoint_torch.BatchSelector(cuda_tensor(np.zeros((50, 4), np.float32)), 3)
    picks = selector(cuda_tensor(pool))
    assert all(0 <= row < 50 for row in picks.tolist())
    for check in (lambda: selector.check(cuda_tensor(pool)), lambda: farpoint_torch.select_batch(cuda_tensor(pool), 3)):
        try:
            check()
        except ValueError as error:
            assert "row 17" in str(error), error
        else:
            raise AssertionError("NaN was not told")


def a_capture_needs_a_call_before() -> None:
    pool = cuda_tensor(np.random.default_rng(3).standard_normal((64, 5), dtype=np.float32))
    torch.cuda.is_capturing = True
    try:
        farpoint_torch.select_batch(pool, 11)
    except RuntimeError as error:
        assert "once before" in str(error)
    else:
        raise AssertionError("nothing was prepared")
    torch.cuda.is_capturing = False
    expected = farpoint_torch.select_batch(pool, 11).tolist()
    torch.cuda.is_capturing = True
    assert farpoint_torch.select_batch(pool, 11).tolist() == expected
    torch.cuda.is_capturing = False


def graphs_keep_their_first_centers() -> None:
    pool = cuda_tensor(np.random.default_rng(4).standard_normal((64, 5), dtype=np.float32))
    expected = [farpoint_torch.select_batch(pool, 6, first=first).tolist() for first in (0, 9)]
    torch.cuda.is_capturing = True
    # Prepared with row 9 last; a graph may select twice from pools of one shape.
    for _ in range(2):
        assert farpoint_torch.select_batch(pool, 6, first=9).tolist() == expected[1]
    try:
        farpoint_torch.select_batch(pool, 6, first=0)
    except RuntimeError as error:
        assert "first centers" in str(error)
    else:
        raise AssertionError("other first centers were captured")
    torch.cuda.is_capturing = False
    assert farpoint_torch.select_batch(pool, 6, first=0).tolist() == expected[0]


def threads_have_their_own_answers() -> None:
    """All threads of PyTorch are on the default stream unless they say otherwise, and so share what was prepared."""
    pools = [np.random.default_rng(seed).standard_normal((64, 5), dtype=np.float32) for seed in range(4)]
    expected = [farpoint.select(pool, 12, first=seed, device="cpu").centers.tolist() for seed, pool in enumerate(pools)]
    right: list[int] = []

    def run(which: int) -> None:
        device_arrays.make_current()
        tensor = cuda_tensor(pools[which])
        for _ in range(40):
            right.append(farpoint_torch.select_batch(tensor, 12, first=which).tolist() == expected[which])

    threads = [threading.Thread(target=run, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == 160 and all(right), f"{sum(right)} of {len(right)}"


def no_memory_is_a_memory_error() -> None:
    pool = cuda_tensor(np.ones((5000, 24), np.float32))
    before, torch.empty = torch.empty, lambda *_, **__: (_ for _ in ()).throw(RuntimeError("CUDA out of memory"))
    try:
        for select in (
            lambda: farpoint.select(pool, 2),
            lambda: farpoint_torch.BatchSelector(cuda_tensor(np.ones((60, 4), np.float32)), 2),
        ):
            try:
                select()
            except MemoryError as error:
                assert "memory" in str(error), error
                assert "CUDA out of memory" in str(error.__cause__), error.__cause__
            else:
                raise AssertionError("there was no memory to be had")
    finally:
        torch.empty = before


if __name__ == "__main__":
    globals()[sys.argv[1]]()
