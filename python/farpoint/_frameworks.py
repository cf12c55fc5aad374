"""Array libraries: which one an array is of, the stream it works on, and answers as its arrays, on its device."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from farpoint._warnings import warn


class Allocator:
    """Memory on a GPU from an array library, for the engine: a number of bytes to an address, and what keeps the memory."""

    def __init__(self, take: Callable[[int], tuple[int, Any]]) -> None:
        self._take = take
        #: Why there was none; the engine only knows that.
        self.refusal: Exception | None = None

    def __call__(self, n_bytes: int) -> tuple[int, Any]:
        try:
            return self._take(n_bytes)
        except Exception as refusal:
            self.refusal = refusal
            raise


class Framework(NamedTuple):
    """What a call needs of the library its pool comes from."""

    #: NumPy's array as the library's, on the pool's device.
    answer: Callable[[np.ndarray], Any]
    #: The stream to work on, numbered as DLPack does (1 is the default one, -1 leaves the array as it is); None on the host.
    stream: int | None = None
    #: Bytes to an address on the pool's device and what keeps it; None for the engine's own memory.
    allocate: Allocator | None = None

    @property
    def refusal(self) -> Exception | None:
        """What the library said when there was no memory."""
        return None if self.allocate is None else self.allocate.refusal


def _itself(array: np.ndarray) -> np.ndarray:
    return array


NUMPY = Framework(_itself)


def is_torch(array: Any) -> bool:
    """Whether `array` is a tensor of PyTorch, without importing it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def readable(pool: Any) -> Any:
    """`pool` as it may be lent. Of PyTorch's tensors what lending would overlook or refuse is seen to here: values that are negated only when
    they are read, gradients, layouts and devices without an address.

    Raises TypeError for tensors that are sparse or lie neither on the host nor on an NVIDIA GPU.
    """
    if not is_torch(pool):
        return pool
    import torch

    if pool.layout != torch.strided:
        raise TypeError(f"a {pool.layout} tensor is no pool: pass tensor.to_dense()")
    if pool.device.type not in ("cpu", "cuda"):
        raise TypeError(
            f"the tensor lies on {pool.device}, which farpoint cannot use: NVIDIA GPUs and host memory alone; copy it to the host"
        )
    if pool.is_neg():
        warn(f"the tensor is negated lazily: copied in memory ({pool.nbytes:,} bytes)")
        pool = pool.resolve_neg()
    return pool.detach() if pool.requires_grad else pool


def framework(pool: Any) -> Framework:
    """The library that `pool` is of; whatever is not known answers in NumPy."""
    if type(pool) is np.ndarray:
        return NUMPY
    if is_torch(pool):
        return _torch(pool)
    library = type(pool).__module__.partition(".")[0]
    if library == "cupy":
        return _cupy(pool)
    if library in ("jax", "jaxlib"):
        return _jax(pool)
    if hasattr(pool, "__cuda_array_interface__"):
        # A stream of the pool's owner, which the interface names itself.
        return Framework(_itself, stream=None)
    return NUMPY


def _torch(pool: Any) -> Framework:
    import torch

    if not pool.is_cuda:
        return Framework(torch.from_numpy)
    device = pool.device
    stream = torch.cuda.current_stream(device)

    def take(n_bytes: int) -> tuple[int, Any]:
        # The stream that is current belongs to a thread, and this is called on one of the engine's.
        with torch.cuda.stream(stream):
            memory = torch.empty(n_bytes, dtype=torch.uint8, device=device)
        return memory.data_ptr(), memory

    def answer(array: np.ndarray) -> Any:
        return torch.from_numpy(array).to(device)

    return Framework(answer, stream.cuda_stream or 1, Allocator(take))


def _cupy(pool: Any) -> Framework:
    import cupy

    device = pool.device
    with device:
        stream = cupy.cuda.get_current_stream()

    def take(n_bytes: int) -> tuple[int, Any]:
        with device, stream:
            memory = cupy.cuda.alloc(n_bytes)
        return memory.ptr, memory

    def answer(array: np.ndarray) -> Any:
        with device, stream:
            return cupy.asarray(array)

    return Framework(answer, stream.ptr or 1, Allocator(take))


def _jax(pool: Any) -> Framework:
    import jax

    device = next(iter(pool.devices()))

    def answer(array: np.ndarray) -> Any:
        # Without jax_enable_x64 JAX has no 64-bit values: rows become int32, but a rounded radius would be another one.
        if array.dtype == np.float64 and not jax.config.jax_enable_x64:
            return array
        return jax.device_put(array, device)

    return Framework(answer, 1 if device.platform in ("gpu", "cuda") else None)
