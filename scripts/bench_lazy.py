#!/usr/bin/env python3
"""Time how arrays in files are read into a pool's memory, beside their library's own `ds[:]`, and write the record.

    scripts/bench_lazy.py [--rows 200000] [--turns 11] [--record FILE]

200,000 x 384 float32, as h5py and zarr lay it out, from the page cache. Turns alternate which of the two is first, and the ratio of rates is
made pair by pair, of seconds and of processor seconds, so that what else the machine does falls on both. Values are compared first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zarr

from farpoint._lazy import lazy


def arrays(folder: Path, rows: np.ndarray) -> dict[str, Any]:
    """The same rows, as they are laid out by default and as people lay them out."""
    file = h5py.File(folder / "pool.h5", "w")
    few_digits, n = rows.round(1), min(1000, len(rows))
    return {
        "h5py contiguous": file.create_dataset("contiguous", data=rows),
        "h5py chunks=True": file.create_dataset("chunks", data=rows, chunks=True),
        "h5py gzip, shuffle": file.create_dataset(
            "gzip", data=few_digits, chunks=(n, rows.shape[1]), compression="gzip", compression_opts=1, shuffle=True
        ),
        "h5py lzf": file.create_dataset("lzf", data=few_digits, chunks=(n, rows.shape[1]), compression="lzf"),
        "zarr default": zarr.create_array(folder / "default", data=rows),
        "zarr chunks of rows": zarr.create_array(folder / "chunks", data=rows, chunks=(n, rows.shape[1])),
        "zarr uncompressed": zarr.create_array(folder / "raw", data=rows, chunks=(n, rows.shape[1]), compressors=None),
        "zarr shards": zarr.create_array(folder / "shards", data=rows, chunks=(n, rows.shape[1]), shards=(20 * n, rows.shape[1])),
    }


def timed(read: Callable[[], np.ndarray]) -> tuple[float, float]:
    """Seconds, and processor seconds."""
    started, worked = time.perf_counter(), time.process_time()
    read()
    return time.perf_counter() - started, time.process_time() - worked


def compared(array: Any, turns: int) -> dict[str, float]:
    ours = lazy(array)
    assert ours is not None and np.array_equal(array[:], ours.read("pool"))
    pairs = []
    for turn in range(turns):
        both = [lambda: array[:], lambda: ours.read("pool")]
        times = [timed(read) for read in (both if turn % 2 else both[::-1])]
        pairs.append(times if turn % 2 else times[::-1])
    megabytes = array.nbytes / 1e6
    return {
        "library_mb_per_second": round(megabytes / statistics.median(theirs[0] for theirs, _ in pairs)),
        "farpoint_mb_per_second": round(megabytes / statistics.median(ours[0] for _, ours in pairs)),
        "rate_ratio": round(statistics.median(theirs[0] / ours[0] for theirs, ours in pairs), 2),
        "processor_ratio": round(statistics.median(theirs[1] / ours[1] for theirs, ours in pairs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    rows = np.random.default_rng(0).standard_normal((args.rows, 384), dtype=np.float32)
    cpuinfo = Path("/proc/cpuinfo").read_text()
    record: dict[str, Any] = {
        "machine": {
            "cpu": next(line.split(": ")[1] for line in cpuinfo.splitlines() if line.startswith("model name")),
            "cores": os.cpu_count(),
        },
        "h5py": h5py.__version__,
        "zarr": zarr.__version__,
        "rows": args.rows,
        "dimensions": 384,
        "turns": args.turns,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays(Path(folder), rows).items():
            record[name] = compared(array, args.turns)
            print(name, json.dumps(record[name]), flush=True)
    if args.record:
        args.record.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
