"""As much of PyTorch's CUDA face as Farpoint touches, over the driver alone: so that code for CUDA tensors runs on the test bed, where PyTorch
itself cannot. Tensors on the host are NumPy's arrays. Import it as ``torch`` before farpoint: `install`."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import device_arrays
import numpy as np

strided = "torch.strided"
float32, float16, bfloat16, float64, uint8, int8, int32, int64 = map(
    np.dtype, ("float32", "float16", "uint16", "float64", "uint8", "int8", "int32", "int64")
)
Size, dtype = tuple, np.dtype
#: Bytes that `empty` gave, and the stream that was current then.
allocated: list[tuple[int, int]] = []


class Device:
    def __init__(self, name: str) -> None:
        self.type, _, number = str(name).partition(":")
        self.index = int(number or 0) if self.type == "cuda" else None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Tensor:
    layout, is_quantized = strided, False

    def __init__(
        self, memory: Any, shape: tuple[int, ...], dtype: np.dtype, *, offset: int = 0, requires_grad: bool = False
    ) -> None:
        self.memory, self.shape, self.dtype, self._offset, self.requires_grad = memory, tuple(shape), dtype, offset, requires_grad
        self.is_cuda = not isinstance(memory, np.ndarray)
        self.device = Device("cuda:0" if self.is_cuda else "cpu")

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        if not self.is_cuda or self.requires_grad:
            raise AttributeError("as PyTorch's: of CUDA tensors without a gradient alone")
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.data_ptr(), False), "version": 2}

    @property
    def __array_interface__(self) -> dict[str, Any]:
        if self.is_cuda:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.memory.__array_interface__

    def data_ptr(self) -> int:
        return self.memory.address + self._offset

    def is_floating_point(self) -> bool:
        return self.dtype.kind == "f"

    def is_neg(self) -> bool:
        return False

    def detach(self) -> Tensor:
        return Tensor(self.memory, self.shape, self.dtype, offset=self._offset)

    def numpy(self) -> np.ndarray:
        if self.is_cuda:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.memory

    def cpu(self) -> Tensor:
        return Tensor(self.memory.read(self.dtype, self.shape), self.shape, self.dtype) if self.is_cuda else self

    def to(self, target: Any) -> Tensor:
        if isinstance(target, np.dtype):
            return _like(self.cpu().memory.astype(target), self.is_cuda)
        return _like(self.cpu().memory, Device(target).type == "cuda")

    def reshape(self, *shape: int) -> Tensor:
        whole = np.empty(self.shape, np.uint8).reshape(shape).shape
        memory = self.memory if self.is_cuda else self.memory.reshape(shape)
        return Tensor(memory, whole, self.dtype, offset=self._offset, requires_grad=self.requires_grad)

    view = reshape

    def scatter_(self, _: int, index: Tensor, source: Tensor) -> Tensor:
        values = self.cpu().memory
        values[index.cpu().memory] = source.cpu().memory
        self.memory.write(values)
        return self

    def tolist(self) -> list[Any]:
        return self.cpu().memory.tolist()

    def __getitem__(self, at: int) -> np.generic:
        return self.cpu().memory[at]

    def __len__(self) -> int:
        return self.shape[0]


def _like(array: np.ndarray, on_device: bool) -> Tensor:
    array = np.ascontiguousarray(array)
    if not on_device:
        return Tensor(array, array.shape, array.dtype)
    memory = device_arrays.Memory(max(array.nbytes, 1))
    memory.write(array)
    return Tensor(memory, array.shape, array.dtype)


def from_numpy(array: np.ndarray) -> Tensor:
    return Tensor(array, array.shape, array.dtype)


def empty(n_bytes: int, *, dtype: np.dtype, device: Any) -> Tensor:
    allocated.append((n_bytes, cuda.current_stream(device).cuda_stream))
    return Tensor(device_arrays.Memory(n_bytes), (n_bytes,), dtype)


def full(shape: tuple[int, ...], value: int, *, dtype: np.dtype, device: Any) -> Tensor:
    return _like(np.full(shape, value, dtype), Device(device).type == "cuda")


def as_tensor(lent: Any, *, device: Any = None) -> Tensor:
    interface = lent.__cuda_array_interface__
    memory = Lent(interface["data"][0], np.prod(interface["shape"]) * np.dtype(interface["typestr"]).itemsize)
    return Tensor(memory, interface["shape"], np.dtype(interface["typestr"]))


class Lent(device_arrays.Memory):
    """Memory of another's."""

    def __init__(self, address: int, n_bytes: int) -> None:
        self.address, self.n_bytes = address, n_bytes

    def __del__(self) -> None:
        pass


class Stream:
    def __init__(self, handle: int | None = None) -> None:
        self.cuda_stream = device_arrays.stream() if handle is None else handle


class Cuda:
    """``torch.cuda``."""

    Stream = Stream

    def __init__(self) -> None:
        self.current, self.is_capturing = Stream(0), False

    def current_stream(self, device: Any = None) -> Stream:
        return self.current

    def is_current_stream_capturing(self) -> bool:
        return self.is_capturing

    @contextlib.contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before


cuda = Cuda()
#: No tensor is inside ``torch.vmap`` or the like.
_C = types.SimpleNamespace(_functorch=types.SimpleNamespace(is_functorch_wrapped_tensor=lambda _: False))


class Generator:
    """``torch.Generator``, by name."""


def install() -> Any:
    """Be ``torch`` in this process."""
    this = sys.modules[__name__]
    data = types.SimpleNamespace(Sampler=list)
    sys.modules.update(
        {"torch": this, "torch.utils": types.ModuleType("torch.utils"), "torch.utils.data": types.ModuleType("torch.utils.data")}
    )
    sys.modules["torch.utils.data"].Sampler = data.Sampler
    return this
