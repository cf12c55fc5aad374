"""Seconds of what torch queues on a device, for bench_torch.py."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

# A short call is repeated until this long has been timed, but not more often than this.
TIMED_SECONDS, MOST_TURNS = 1.0, 200

Json = dict[str, object]


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """By the device's own events, from the first launch to the end of the last kernel."""
    if device.type != "cuda":
        start = time.perf_counter()
        call()
        return time.perf_counter() - start
    torch.cuda.synchronize()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


def summary(seconds: list[float]) -> Json:
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds), "turns": len(seconds)}


def repeated(call: Callable[[], object], turns: int, device: torch.device, first: float = 0.0) -> list[float]:
    """`first` is what the run took that gave the answer. It warmed a short call up, and is a turn of a long one."""
    seconds = [first] if first >= TIMED_SECONDS else []
    while len(seconds) < turns or (sum(seconds) < TIMED_SECONDS and len(seconds) < MOST_TURNS):
        seconds.append(seconds_of(call, device))
    return seconds


def time_text(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds >= 1 else f"{seconds * 1e3:.3f} ms"
