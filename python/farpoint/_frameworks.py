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


def on_host_tensor(tensor: Any) -> Any:
    """A tensor of PyTorch in host memory, without its gradient."""
    return tensor.detach().cpu()


def readable(pool: Any) -> Any:
    """`pool` as it may be lent. Of PyTorch's tensors what lending would overlook or refuse is seen to here: values that are negated only when
    they are read, gradients, layouts and devices without an address.

    Raises TypeError for tensors that are sparse or lie neither on the host nor on an NVIDIA GPU, and for arrays of JAX in several parts or none.
    """
    if type(pool).__module__.partition(".")[0] in ("jax", "jaxlib"):
        _check_jax(pool)
    if not is_torch(pool):
        return pool
    import torch

    remedy = _remedy(pool, torch)
    if remedy is not None:
        raise TypeError(f"a {remedy[0]} is no pool: pass {remedy[1]}")
    if pool.device.type not in ("cpu", "cuda"):
        raise TypeError(
            f"the tensor lies on {pool.device}, which farpoint cannot use: NVIDIA GPUs and host memory alone; copy it to the host"
        )
    if pool.is_neg():
        warn(f"the tensor is negated lazily: copied in memory ({pool.nbytes:,} bytes)")
        pool = pool.resolve_neg()
    return pool.detach() if pool.requires_grad else pool


def _check_jax(array: Any) -> None:
    import jax

    if isinstance(array, jax.core.Tracer):
        raise TypeError("an array inside jax.jit or jax.vmap has no values yet: pass it to farpoint outside of those")
    devices = array.sharding.device_set if isinstance(array, jax.Array) else ()
    if len(devices) > 1:
        raise TypeError(
            f"an array of JAX on {len(devices)} devices is no pool: pass np.asarray(a), which gathers it, or a.addressable_shards[0].data, one part"
        )


def _remedy(tensor: Any, torch: Any) -> tuple[str, str] | None:
    """What kind of tensor has no memory of its own that could be read, and what to pass in its place."""
    kind = type(tensor).__name__
    if kind == "MaskedTensor":
        return "masked tensor", "tensor.to_tensor(0), and the rows that are masked as `exclude`"
    if kind == "DTensor":
        return "DTensor", "tensor.full_tensor(), or tensor.to_local() to farpoint.distributed"
    if getattr(tensor, "is_nested", False):
        return (
            f"{'jagged' if tensor.layout == torch.jagged else 'nested'} tensor",
            "torch.cat(tensor.unbind()) if every vector in it is a row",
        )
    if tensor.layout != torch.strided:
        return f"{tensor.layout} tensor", "tensor.to_dense()"
    if tensor.is_quantized:
        return f"quantized tensor ({str(tensor.dtype).removeprefix('torch.')})", "tensor.dequantize()"
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return "tensor inside torch.vmap or torch.func", "it to farpoint outside of those"
    return None


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
