#!/usr/bin/env python3
"""Time two builds side by side, in turns, and write the record: does a change cost speed?

    scripts/bench_pairs.py BEFORE AFTER [--text text-embeddings-20k.npy] [--python BEFORE AFTER] [--record FILE]

BEFORE and AFTER are two builds of the program; each of `--python` is a Python with one build's wheel installed. Every turn runs both, and
the ratio after / before is made pair by pair, so that what else the machine does falls on both. Answers are compared first.

    pools     whole processes of `farpoint select`, processor seconds, wall seconds and peak memory: 100,000 x 256 iid unit vectors,
              5,000; 45,000 x 384 text-like, 4,500; and 2,000 of the text embeddings
    call      in Python, 10 of 1,000 x 64: microseconds a call
    select    in Python, 2,000 of the text embeddings: seconds
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

SYNTHETIC = [("unit", 100_000, 256, 5000), ("text", 45_000, 384, 4500)]

CALLS = """
import sys, time, statistics, numpy, farpoint
pool = numpy.random.default_rng(0).standard_normal((1000, 64), dtype=numpy.float32)
def call():
    started = time.perf_counter(); farpoint.select(pool, 10, device="cpu"); return time.perf_counter() - started
[call() for _ in range(200)]
print(1e6 * statistics.median(call() for _ in range(2000)))
"""

SELECTS = """
import sys, time, statistics, numpy, farpoint
pool = numpy.load(sys.argv[1])
def select():
    started = time.perf_counter(); farpoint.select(pool, 2000, device="cpu"); return time.perf_counter() - started
select()
print(statistics.median(select() for _ in range(5)))
"""


def run(program: Path, pool: Path, budget: int, output: Path) -> dict[str, float]:
    """One process: what it took."""
    command = [program, "select", pool, "--budget", str(budget), "--device", "cpu", "--quiet", "--output", output]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    assert status == 0, command
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "wall_seconds": wall, "peak_mb": used.ru_maxrss / 1024}


def compared(before: list[dict[str, float]], after: list[dict[str, float]]) -> dict[str, Any]:
    """Medians of both, and of the ratios pair by pair."""
    found = {}
    for name in before[0]:
        pairs = [(one[name], other[name]) for one, other in zip(before, after)]
        found[name] = {
            "before": round(statistics.median(pair[0] for pair in pairs), 4),
            "after": round(statistics.median(pair[1] for pair in pairs), 4),
            "ratio": round(statistics.median(pair[1] / pair[0] for pair in pairs), 4),
        }
    return found


def pools(programs: list[Path], text: Path | None, turns: int) -> dict[str, Any]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for shape, rows, d, budget in SYNTHETIC:
            pool = Path(folder) / f"{shape}.npy"
            made = ["synth", pool, "--shape", shape, "--rows", str(rows), "--dimensions", str(d), "--seed", "1"]
            subprocess.run([programs[1], *made], check=True)
            cases.append((f"{shape} {rows} x {d}, {budget}", pool, budget))
        if text:
            cases.append(("text embeddings, 2000", text, 2000))
        for name, pool, budget in cases:
            outputs = [Path(folder) / f"{index}.txt" for index in range(2)]
            runs: list[list[dict[str, float]]] = [[], []]
            for turn in range(turns + 1):
                for index in (0, 1) if turn % 2 else (1, 0):
                    runs[index].append(run(programs[index], pool, budget, outputs[index]))
                assert outputs[0].read_text() == outputs[1].read_text(), f"{name}: the answers differ"
            found[name] = compared(runs[0][1:], runs[1][1:])
            print(name, json.dumps(found[name]), flush=True)
    return found


def snippet(pythons: list[Path], code: str, text: Path | None, turns: int, unit: str) -> dict[str, Any]:
    runs: list[list[dict[str, float]]] = [[], []]
    for turn in range(turns):
        for index in (0, 1) if turn % 2 else (1, 0):
            command = [pythons[index], "-c", code, *([text] if text else [])]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tempfile.gettempdir())
            runs[index].append({unit: float(done.stdout)})
    found = compared(*runs)
    print(json.dumps(found), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--text", type=Path, help="the text embeddings; left out without")
    parser.add_argument("--python", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    parser.add_argument("--commits", nargs=2, default=["", ""], help="what the two were built of")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--record", type=Path)
    args = parser.parse_args()
    text = args.text and args.text.resolve()
    cpuinfo = Path("/proc/cpuinfo").read_text()
    flags = next(line for line in cpuinfo.splitlines() if line.startswith("flags"))
    record: dict[str, Any] = {
        "before": args.commits[0],
        "after": args.commits[1],
        "machine": {
            "cpu": next(line.split(": ")[1] for line in cpuinfo.splitlines() if line.startswith("model name")),
            "cores": os.cpu_count(),
            "amx": "amx_bf16" in flags,
            "avx512_bf16": "avx512_bf16" in flags,
        },
        "turns": args.turns,
        "pools": pools([args.before.resolve(), args.after.resolve()], text, args.turns),
    }
    if args.python:
        pythons = [Path(os.path.abspath(python)) for python in args.python]
        record["python call"] = snippet(pythons, CALLS, None, args.turns, "call_us")
        if text:
            record["python select"] = snippet(pythons, SELECTS, text, args.turns, "seconds")
    if args.record:
        args.record.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
