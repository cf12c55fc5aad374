"""The ways to write farthest-first as a loop of PyTorch's operators, for bench_torch.py; nothing here waits for the device.

    matvec          norms, and one matrix-vector product of the pool a pick, in the pool's dtype
    matvec+compile  the same, all that follows the product compiled into one kernel
    difference      (x - c)^2 summed in f32 by plain operators; clouds only, elsewhere it writes a second pool a pick
    compile         the same compiled into one kernel, which reads the pool once and writes none of it
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

# Picks launched together, as one graph.
BLOCK = 256

# Takes the last pick from the first tensor, writes the next one to the second.
Step = Callable[[torch.Tensor, torch.Tensor], None]


class PoolLoop:
    """What a loop over one (n, d) pool keeps, and the ways to make a pick."""

    def __init__(self, pool: torch.Tensor, first: int) -> None:
        self.pool, self.first = pool, first
        n, d = pool.shape
        # In blocks: the widened copy of a large pool would not fit beside it.
        self.norms = torch.cat([block.float().square().sum(1) for block in pool.split(16384)])
        self.nearest = torch.empty_like(self.norms)
        self.squared = torch.empty_like(self.norms)
        self.products = torch.empty(n, dtype=pool.dtype, device=pool.device)
        self.centers = torch.empty(1, d, dtype=pool.dtype, device=pool.device)
        self.center, self.center_norm = self.centers[0], torch.empty_like(self.norms[:1])
        self.slot = (1,)
        self.bytes_a_pick = pool.numel() * pool.element_size()

    def ways(self) -> dict[str, Callable[[], Step]]:
        return {"matvec": lambda: self.matvec, "matvec+compile": self.compiled_tail, "compile": self.compiled}

    def matvec(self, here: torch.Tensor, there: torch.Tensor) -> None:
        torch.index_select(self.pool, 0, here, out=self.centers)
        torch.index_select(self.norms, 0, here, out=self.center_norm)
        if self.pool.dtype == torch.float32:
            torch.addmv(self.norms, self.pool, self.center, alpha=-2, out=self.squared)
        else:
            # The product alone is in the pool's dtype; norms and differences keep f32.
            torch.mv(self.pool, self.center, out=self.products)
            torch.add(self.norms, self.products, alpha=-2, out=self.squared)
        self.squared.add_(self.center_norm).clamp_(min=0)
        torch.minimum(self.nearest, self.squared, out=self.nearest)
        self.nearest.index_fill_(0, here, -1)  # never chosen again
        torch.argmax(self.nearest, 0, keepdim=True, out=there)

    def compiled_tail(self) -> Step:
        @torch.compile(dynamic=False)
        def relax(norms, products, nearest, here):
            squared = (norms - 2 * products.float() + norms[here]).clamp(min=0)
            rows = torch.arange(len(norms), device=norms.device)
            nearest.copy_(torch.where(rows == here, -1.0, torch.minimum(nearest, squared)))

        def step(here: torch.Tensor, there: torch.Tensor) -> None:
            torch.index_select(self.pool, 0, here, out=self.centers)
            torch.mv(self.pool, self.center, out=self.products)
            relax(self.norms, self.products, self.nearest, here)
            torch.argmax(self.nearest, 0, keepdim=True, out=there)

        return step

    def compiled(self) -> Step:
        @torch.compile(dynamic=False)
        def relax(pool, nearest, here):
            squared = (pool.float() - pool[here].float()).square().sum(1)
            rows = torch.arange(len(pool), device=pool.device)
            nearest.copy_(torch.where(rows == here, -1.0, torch.minimum(nearest, squared)))

        def step(here: torch.Tensor, there: torch.Tensor) -> None:
            relax(self.pool, self.nearest, here)
            torch.argmax(self.nearest, 0, keepdim=True, out=there)

        return step


class CloudLoop:
    """The same over a batch of (b, n, d) clouds, each with picks of its own."""

    def __init__(self, clouds: torch.Tensor) -> None:
        self.clouds, self.first = clouds, 0
        b, n, d = clouds.shape
        # Coordinate by coordinate: neighbouring threads then read neighbouring values.
        self.planes = clouds.permute(2, 0, 1).contiguous()
        self.norms = clouds.square().sum(2)
        self.nearest = torch.empty_like(self.norms)
        self.squared = torch.empty_like(self.norms)
        self.differences = torch.empty_like(self.planes)
        self.products = torch.empty(b, n, 1, device=clouds.device)
        self.slot = (b, 1)
        self.bytes_a_pick = clouds.numel() * clouds.element_size()

    def ways(self) -> dict[str, Callable[[], Step]]:
        return {"matvec": lambda: self.matvec, "difference": lambda: self.difference, "compile": self.compiled}

    def take(self, here: torch.Tensor, there: torch.Tensor) -> None:
        torch.minimum(self.nearest, self.squared, out=self.nearest)
        self.nearest.scatter_(1, here, -1)  # never chosen again
        torch.argmax(self.nearest, 1, keepdim=True, out=there)

    def matvec(self, here: torch.Tensor, there: torch.Tensor) -> None:
        centers = self.clouds.gather(1, here[:, :, None].expand(-1, 1, self.clouds.shape[2]))
        torch.baddbmm(self.norms[:, :, None], self.clouds, centers.mT, alpha=-2, out=self.products)
        torch.add(self.products[:, :, 0], self.norms.gather(1, here), out=self.squared).clamp_(min=0)
        self.take(here, there)

    def difference(self, here: torch.Tensor, there: torch.Tensor) -> None:
        centers = self.planes.gather(2, here.expand(len(self.planes), -1, 1))
        torch.sub(self.planes, centers, out=self.differences)
        self.differences.square_()
        torch.sum(self.differences, 0, out=self.squared)
        self.take(here, there)

    def compiled(self) -> Step:
        @torch.compile(dynamic=False)
        def relax(planes, nearest, here):
            centers = planes.gather(2, here.expand(len(planes), -1, 1))
            squared = (planes - centers).square().sum(0)
            rows = torch.arange(planes.shape[2], device=planes.device)
            nearest.copy_(torch.where(rows == here, -1.0, torch.minimum(nearest, squared)))

        def step(here: torch.Tensor, there: torch.Tensor) -> None:
            relax(self.planes, self.nearest, here)
            torch.argmax(self.nearest, 1, keepdim=True, out=there)

        return step


class Runner:
    """Runs a loop block by block, one launch after the other or each block as one CUDA graph."""

    def __init__(self, loop: PoolLoop | CloudLoop, step: Step, budget: int, graph: bool) -> None:
        self.loop, self.step, self.budget = loop, step, budget
        self.block = min(BLOCK, budget)
        device = loop.nearest.device
        # Pick i is read from one slot and pick i + 1 written to the next, so nothing is copied. 16 bytes apart at least:
        # compiled code first copies an argument that is not so aligned.
        stride = -(-math.prod(loop.slot) // 2) * 2
        room = torch.zeros(self.block + 1, stride, dtype=torch.int64, device=device)
        self.slots = room[:, : math.prod(loop.slot)]
        self.views = [slot.view(loop.slot) for slot in self.slots]
        self.picks = torch.zeros(budget, self.slots.shape[1], dtype=torch.int64, device=device)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.reset()
        self.steps(min(3, self.block))  # compiles what is compiled, makes cuBLAS's handle
        if graph:
            self.graph = torch.cuda.CUDAGraph()
            torch.cuda.synchronize()
            with torch.cuda.graph(self.graph):
                self.steps(self.block)

    def reset(self) -> None:
        self.loop.nearest.fill_(math.inf)
        self.slots[0] = self.loop.first

    def steps(self, count: int) -> None:
        for here, there in zip(self.views[:count], self.views[1:]):
            self.step(here, there)

    def run(self) -> None:
        self.reset()
        for start in range(0, self.budget, self.block):
            count = min(self.block, self.budget - start)
            if self.graph is not None and count == self.block:
                self.graph.replay()
            else:
                self.steps(count)
            self.picks[start : start + count].copy_(self.slots[:count])
            self.slots[0].copy_(self.slots[count])
