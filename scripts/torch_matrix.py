"""The rate at which the vendor's library multiplies matrices, through torch: what Farpoint's refresh is held to.

    f16    halves, sums in f32: what the refresh does
    tf32   f32 values, of which the device multiplies the first 10 bits of the mantissa
    f32    f32 values, on the ordinary cores

A refresh multiplies (rows, d) by (d, centers), both row by row in memory. Each product here is queued many times as one CUDA
graph, so that a short one is not timed by how fast the host queues it; its operands then lie in the cache, as the refresh's do.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch_timing import Json, seconds_of, summary

DTYPES = {"f16": torch.float16, "tf32": torch.float32, "f32": torch.float32}

# Rows, centers, dimensions: the largest first, which brings the clocks up.
CUBE = (8192, 8192, 8192)
SHAPES = [CUBE] + [(rows, c, d) for d in (512, 768, 1024) for rows in (4096, 8192) for c in (256, 512, 1024, 2048)]
TINY = [(64, 16, 32), (128, 16, 32)]

# Operations that are queued together, but not more products than this.
TOGETHER_FLOP, TOGETHER_MOST = 1e12, 256
TURNS, WARM_UP = 7, 3


def matrix_rates(tiny: bool, device: torch.device) -> list[Json]:
    # Partial sums too: otherwise the library may add them up as halves.
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    found = []
    for name, dtype in DTYPES.items():
        torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
        found += [product(name, dtype, shape, device) for shape in (TINY if tiny else SHAPES)]
    torch.set_float32_matmul_precision("highest")
    return found


def product(name: str, dtype: torch.dtype, shape: tuple[int, int, int], device: torch.device) -> Json:
    rows, centers, d = shape
    flop = 2.0 * rows * centers * d
    entry: Json = {"dtype": name, "rows": rows, "centers": centers, "dimensions": d}
    try:
        count = max(1, min(TOGETHER_MOST, int(TOGETHER_FLOP / flop))) if device.type == "cuda" else 1
        together = queued(shape, dtype, count, device)
        seconds = [seconds_of(together, device) / count for _ in range(TURNS)]
    except RuntimeError as error:  # no memory, no such product
        return entry | {"failed": (str(error).strip() or repr(error)).splitlines()[0][:200]}
    spread = summary(seconds)
    return entry | {"queued_together": count, "seconds": spread, "flop_per_second": flop / spread["median"]}


def queued(shape: tuple[int, int, int], dtype: torch.dtype, count: int, device: torch.device) -> Callable[[], object]:
    rows, centers, d = shape
    a = torch.randn(rows, d, device=device).to(dtype)
    b = torch.randn(centers, d, device=device).to(dtype).mT
    out = torch.empty(rows, centers, dtype=dtype, device=device)

    def one() -> None:
        torch.matmul(a, b, out=out)

    for _ in range(WARM_UP):
        one()
    if device.type != "cuda":
        return one
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        for _ in range(count):
            one()
    graph.replay()

    def replay() -> None:
        graph.replay()

    # The graph knows its operands by address only: they live as long as what replays it.
    replay.operands = (a, b, out)
    return replay


def table(rates: list[Json], dry: bool) -> str:
    lines = ["\nmatrix products by the vendor's library, (rows x d) by (d x centers), TFLOP/s"]
    if dry:
        lines.append("  a dry run: the figures mean nothing")
    groups: dict[tuple[object, ...], list[str]] = {}
    for one in rates:
        key = (one["dtype"], one["rows"], one["dimensions"])
        figure = one.get("failed") or f"{one['flop_per_second'] / 1e12:.1f}"
        groups.setdefault(key, []).append(f"{one['centers']} {figure}")
    for (dtype, rows, d), figures in groups.items():
        lines.append(f"  {dtype:<5}{rows:>6} rows, d {d:>5}, centers: {', '.join(figures)}")
    return "\n".join(lines)
