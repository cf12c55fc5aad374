#!/usr/bin/env python3
"""Select from a pool on disk with memory enough and with less than it needs, in turns: seconds, bytes read from the disk, peak memory.

    cargo build --release
    scripts/bench_disk.py [POOL.npy] [--budget 1000] [--limit 5G] [--turns 2] [--record FILE]

Without a pool one of 12 GB is made: text-like, 3,900,000 x 768 in f32. The limit is that of a control group, whose memory holds the
page cache of its files too; making one takes root. The pool leaves the page cache before every run. The picks must be equal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import weak_environment

PROGRAM = weak_environment.ROOT / "target" / "release" / "farpoint"
MADE = ["--shape", "text", "--rows", "3900000", "--dimensions", "768", "--seed", "1"]
#: Bytes of a block as the kernel counts reads.
BLOCK = 512


@dataclass
class Run:
    """What one selection took."""

    is_limited: bool
    seconds: float
    processor_seconds: float
    #: From the disk, of the pool's bytes.
    reads: float
    peak_bytes: int
    picks: str


@contextmanager
def group(limit: int) -> Iterator[Callable[[], None]]:
    """A control group of so much memory, and what has a process join it."""
    unified, memory = Path("/sys/fs/cgroup/cgroup.controllers"), Path("/sys/fs/cgroup/memory")
    parent, setting = (Path("/sys/fs/cgroup"), "memory.max") if unified.exists() else (memory, "memory.limit_in_bytes")
    folder = parent / f"farpoint-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / setting).write_text(str(limit))
    except OSError as error:
        sys.exit(f"error: no control group can be made here ({error}): run this as root")
    try:
        yield lambda: (folder / "cgroup.procs").write_text(str(os.getpid())) and None
    finally:
        folder.rmdir()


def leave_the_page_cache(pool: Path) -> None:
    os.sync()
    with pool.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(pool: Path, budget: int, join: Callable[[], None] | None) -> Run:
    leave_the_page_cache(pool)
    command = [PROGRAM, "select", pool, "--budget", str(budget), "--device", "cpu", "--quiet"]
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, preexec_fn=join)  # noqa: PLW1509, S603
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"error: farpoint ended with {process.returncode}")
        output.seek(0)
        picks = output.read().decode()
    reads = usage.ru_inblock * BLOCK / pool.stat().st_size
    return Run(join is not None, seconds, usage.ru_utime + usage.ru_stime, reads, usage.ru_maxrss * 1024, picks)


def size(text: str) -> int:
    return int(float(text.rstrip("G")) * 1e9)


def compare(pool: Path, args: argparse.Namespace) -> list[Run]:
    runs = []
    with group(args.limit) as join:
        for _ in range(args.turns):
            for joined in (None, join):
                runs.append(run(pool, args.budget, joined))
                one = runs[-1]
                kind = "limited" if one.is_limited else "free"
                print(f"{kind:8} {one.seconds:6.1f} s, {one.reads:.3f} reads, peak {one.peak_bytes / 1e9:.2f} GB", flush=True)
    if len({one.picks for one in runs}) != 1:
        sys.exit("error: the picks differ")
    return runs


def told(runs: list[Run], pool: Path, args: argparse.Namespace) -> dict[str, object]:
    free, limited = ([one for one in runs if one.is_limited is is_limited] for is_limited in (False, True))
    ratio = statistics.median(b.seconds / a.seconds for a, b in zip(free, limited, strict=True))
    return {
        "machine": weak_environment.machine(),
        "command": " ".join(["scripts/bench_disk.py", *(["POOL"] if args.pool else []), *args.options]),
        "pool": "given" if args.pool else " ".join(["farpoint synth", *MADE]),
        "pool_bytes": pool.stat().st_size,
        "budget": args.budget,
        "limit_bytes": args.limit,
        "limited_over_free_seconds": ratio,
        "runs": [{name: value for name, value in asdict(one).items() if name != "picks"} for one in runs],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", type=Path, nargs="?")
    parser.add_argument("--budget", type=int, default=1000)
    parser.add_argument("--limit", type=size, default=size("5G"), help="memory of the control group, in GB")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="where the pool is made")
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    args.options = [f"--budget {args.budget}", f"--limit {args.limit / 1e9:g}G", f"--turns {args.turns}"]
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="bench-disk-") as folder:
        pool = args.pool or Path(folder) / "pool.npy"
        if not args.pool:
            subprocess.run([PROGRAM, "synth", pool, *MADE], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        runs = compare(pool, args)
        record = told(runs, pool, args)
    print(f"limited over free: {record['limited_over_free_seconds']:.2f}")
    if args.record:
        args.record.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
