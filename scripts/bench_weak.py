#!/usr/bin/env python3
"""Time selections from pools that are hard for Farpoint beside NumPy's plain loop and packages made for such pools, and write the record.

    scripts/python-wheel && cargo build --release
    scripts/bench_weak.py [--before WHEEL] [--text text-embeddings-20k.npy] [--quick] [--only EXPRESSION] [--record FILE]

The tools are installed into target/weak/ by the first run. Every run is a process of its own, pinned to one core but where it has two
threads, that starts at row 0; processor seconds of the call alone are told, and repeated in turns. Nothing is extrapolated: a tool that
passes --cap is told as stopped, at the seconds it was given, and a ratio to it is a bound.

Ratios are Farpoint's time over another's: of NumPy's plain loop on differences (`plain`), of its loop on products, which cancels where rows
are far from 0 (`products`), and of the fastest other package (`peer`); `before` is an earlier build's over ours. NumPy's picks must be ours, or
part from them by less than f32 sums round; else the ratio is left out. The earlier build's must be equal. fpsample's bucket variants
start at a row of their own: their picks are not ours. Beside these, Farpoint also runs by two threads: `two_threads` is its time on the
clock by one over that by two, and `peer_by_two` that by two over the peer's. `plan` is what `farpoint.plan` says over what the run took.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import weak_environment

if __name__ == "__main__":
    weak_environment.enter()

import numpy as np
import weak_pools as pools
from weak_tools import FPSAMPLE, NUMPY, SKMATTER, TOOLS, TWO_THREADS, agreement

#: Calls shorter than this are repeated until they have taken as long together.
SHORT = 0.3


@dataclass
class Case:
    """A row of the table."""

    name: str
    rows: int
    d: int
    budget: int
    #: A kind of pool, a shape of `farpoint synth`, or a file.
    make: pools.Maker | str
    peers: tuple[str, ...] = ()
    #: Left out by --quick.
    is_slow: bool = False

    def line(self) -> str:
        return f"{self.name} {self.rows:,} x {self.d}, {self.budget:,}"


def cases(text: Path | None) -> list[Case]:
    fpsample, skmatter = (TWO_THREADS, *FPSAMPLE), tuple(SKMATTER)
    found = [
        Case("uniform", 1_000_000, 3, 20, pools.uniform, fpsample),
        Case("uniform", 2_000_000, 3, 20, pools.uniform, fpsample),
        Case("uniform", 4_000_000, 3, 20, pools.uniform, fpsample),
        Case("uniform", 10_000_000, 3, 300, pools.uniform, fpsample, is_slow=True),
        Case("uniform", 100_000, 3, 50_000, pools.uniform, fpsample, is_slow=True),
        Case("uniform", 1_000_000, 3, 20_000, pools.uniform, fpsample, is_slow=True),
        Case("rank 3", 4_000_000, 16, 20, pools.of_rank(3)),
        Case("rank 3", 1_000_000, 16, 1000, pools.of_rank(3), is_slow=True),
        Case("rank 4", 300_000, 32, 1000, pools.of_rank(4), is_slow=True),
        *(Case("text", rows, 64, 20, "text") for rows in (500_000, 1_000_000, 2_000_000)),
        *(Case("text", rows, 64, 1000, "text", is_slow=True) for rows in (500_000, 1_000_000, 2_000_000)),
        *(Case(f"one row of {size:g}", 100_000, 128, 1000, pools.one_outlier(size)) for size in (1e18, 1e22)),
        Case("identity", 4000, 4000, 3999, pools.one_hot, is_slow=True),
        Case("identity times 0.3", 4000, 4000, 3999, pools.scaled(pools.one_hot, 0.3), is_slow=True),
        Case("1,000 distinct rows", 1_000_000, 64, 1000, pools.distinct(1000), is_slow=True),
        Case("two far clusters", 200_000, 32, 500, pools.two_far),
        Case("offset 1e6", 200_000, 32, 500, pools.offset(1e6)),
        Case("lattice", 200_000, 16, 500, pools.lattice),
        Case("half of 1e-30", 100_000, 128, 1100, pools.half_tiny),
        Case("digits", 1797, 64, 100, str(weak_environment.ROOT / "data" / "digits.npy"), skmatter),
        Case("unit", 100_000, 256, 5000, "unit", is_slow=True),
        Case("text", 45_000, 384, 4500, "text", is_slow=True),
    ]
    if text:
        found.append(Case("text embeddings", 20_000, 384, 2000, str(text)))
    return found


def written(case: Case, folder: str, program: Path) -> Path:
    """The pool as a file of float32."""
    path = Path(folder) / "pool.npy"
    if not isinstance(case.make, str):
        np.save(path, case.make(np.random.default_rng(1), case.rows, case.d))
    elif case.make.endswith(".npy"):
        np.save(path, np.load(case.make).astype(np.float32))
    else:
        size = ["--rows", str(case.rows), "--dimensions", str(case.d), "--seed", "1"]
        subprocess.run([program, "synth", path, "--shape", case.make, *size], check=True)
    return path


def child(tool: str, path: str, budget: int, out: str, cap: int) -> None:
    """One run, in this process."""
    if tool != TWO_THREADS:
        weak_environment.pin_to_one_core()
    resource.setrlimit(resource.RLIMIT_CPU, (cap, resource.RLIM_INFINITY))
    pool, call = np.load(path), TOOLS[tool]
    call(pool[:1024].copy(), 2)  # imports, thread pools
    found: dict[str, Any] = {"cpu_seconds": [], "wall_seconds": []}
    while sum(found["cpu_seconds"]) < SHORT:
        started = time.perf_counter(), time.process_time()
        centers = call(pool, budget)
        found["cpu_seconds"].append(time.process_time() - started[1])
        found["wall_seconds"].append(time.perf_counter() - started[0])
    # The mean: the clock may be coarser than a call.
    found = {name: statistics.fmean(times) for name, times in found.items()}
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if tool == "farpoint":
        found |= ours(pool, budget)
    Path(out).write_text(json.dumps(found | {"centers": np.asarray(centers).tolist()}))


def ours(pool: np.ndarray, budget: int) -> dict[str, Any]:
    """What the engine counted, and what is planned."""
    import farpoint

    selection = farpoint.select(pool, budget, device="cpu", threads=1)
    plan = farpoint.plan(pool, budget, threads=1)
    return {
        "radius": selection.radius,
        "statistics": {name: count for name, count in selection.statistics.items() if isinstance(count, int) and count},
        "planned_seconds": plan.seconds,
    }


def run(tool: str, path: Path, budget: int, folders: dict[str, Path], cap: int) -> dict[str, Any]:
    out = path.with_name("answer.json")
    command = [sys.executable, __file__, "--child", tool, str(path), str(budget), str(out), str(cap)]
    environment = {**os.environ, "PYTHONPATH": str(folders.get(tool, ""))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == -signal.SIGXCPU:
        return {"stopped_after": cap}
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(out.read_text())


def entry(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of a tool's runs; the first that ended otherwise, if one did."""
    for one in runs:
        if "cpu_seconds" not in one:
            return one
    times = ("cpu_seconds", "wall_seconds", "peak_mb", "planned_seconds")
    return runs[-1] | {name: round(statistics.median(one[name] for one in runs), 6) for name in times if name in runs[0]}


def turns(
    tools: list[str], path: Path, case: Case, folders: dict[str, Path], args: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Every tool, `repeats` times, in turns; one that takes long or fails runs once."""
    runs: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
    for _ in range(args.repeats):
        for tool, before in runs.items():
            if not before or before[-1].get("wall_seconds", np.inf) < args.once_from:
                before.append(run(tool, path, case.budget, folders, args.cap))
    return {tool: entry(found) for tool, found in runs.items()}


def seconds(entry: dict[str, Any]) -> float:
    return entry.get("cpu_seconds", entry.get("stopped_after", float("nan")))


def ratios(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    our, told = found["farpoint"], {}
    for name, tool in (("plain", "numpy loop"), ("products", "numpy products")):
        if found[tool].get("same", "failed" not in found[tool]):
            told[name] = round(seconds(our) / seconds(found[tool]), 3)
    peers = {tool: found[tool]["cpu_seconds"] for tool in (*FPSAMPLE, *SKMATTER) if "cpu_seconds" in found.get(tool, {})}
    if peers:
        told["peer_tool"] = min(peers, key=peers.__getitem__)
        told["peer"] = round(seconds(our) / peers[told["peer_tool"]], 3)
    if peers and "wall_seconds" in found.get(TWO_THREADS, {}):
        wall = found[TWO_THREADS]["wall_seconds"]
        told["two_threads"] = round(our["wall_seconds"] / wall, 2)
        told["peer_by_two"] = round(wall / found[told["peer_tool"]]["wall_seconds"], 3)
    if "before" in found:
        told["before"] = round(seconds(found["before"]) / seconds(our), 2)
    if "planned_seconds" in our:
        told["plan"] = round(our["planned_seconds"] / our["wall_seconds"], 2)
    return told


def measure(case: Case, folders: dict[str, Path], args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=weak_environment.HOME) as folder:
        path = written(case, folder, args.farpoint)
        tools = ["farpoint", *(["before"] if "before" in folders else []), *NUMPY, *case.peers]
        found = turns(tools, path, case, folders, args)
        pool = np.load(path, mmap_mode="r")
        told: dict[str, Any] = {"pool": case.line(), "rows": case.rows, "dimensions": case.d, "budget": case.budget}
        centers = found["farpoint"].pop("centers", None)
        for tool in found.values():
            theirs = tool.pop("centers", None)
            if theirs and centers:
                tool |= agreement(pool, centers, theirs)
    return told | {"ratios": ratios(found), "tools": found}


def line(told: dict[str, Any]) -> str:
    our = told["tools"]["farpoint"]
    parts = [f"{told['pool']:<42} {seconds(our):9.4f} s"]
    keys = ("plain", "products", "peer", "peer_by_two", "two_threads", "before", "plan")
    parts += [f"{key} {told['ratios'].get(key, '-'):>7}" for key in keys]
    others = (f"{tool} {seconds(entry):.4g}" for tool, entry in told["tools"].items() if tool != "farpoint")
    return "  ".join([*parts, "  |", *others])


def wrong(told: dict[str, Any]) -> list[str]:
    """What must not be: a run of ours failed, a plain loop found a farther row than ours, or two threads or the earlier build picked others."""
    ours = told["tools"]["farpoint"]
    found = [f"{told['pool']}: {ours['failed']}"] if "failed" in ours else []
    for tool, entry in told["tools"].items():
        farther = tool in NUMPY and entry.get("gap", 0) < -1e-12
        differs = tool in ("before", TWO_THREADS) and entry.get("equal_picks", told["budget"]) != told["budget"]
        if farther or differs:
            found.append(f"{told['pool']}: {tool}: {entry}")
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="ours; the one in target/python/wheel without")
    parser.add_argument("--before", type=Path, help="a wheel of another commit, to run beside")
    parser.add_argument("--before-commit", default="", help="what it was built of, for the record")
    parser.add_argument(
        "--farpoint", type=Path, default=weak_environment.ROOT / "target/release/farpoint", help="the program, for `synth`"
    )
    parser.add_argument("--text", type=Path, help="the text embeddings; left out without")
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--only", help="the lines of the table that this regular expression finds")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once-from", type=float, default=10, help="seconds from which a tool runs once")
    parser.add_argument("--cap", type=int, default=600, help="processor seconds after which a run is stopped")
    parser.add_argument("--record", type=Path)
    return parser.parse_args()


def main() -> int:
    args = arguments()
    wheel = weak_environment.unpacked(args.wheel or weak_environment.newest_wheel())
    folders = {"farpoint": wheel, TWO_THREADS: wheel}
    if args.before:
        folders["before"] = weak_environment.unpacked(args.before)
    wanted = [case for case in cases(args.text) if not (args.quick and case.is_slow)]
    if args.only:
        wanted = [case for case in wanted if re.search(args.only, case.line())]
    record = {
        "machine": weak_environment.machine(),
        "before_commit": args.before_commit,
        "command": " ".join(["scripts/bench_weak.py", *sys.argv[1:]]),
        "requirements": [line for line in weak_environment.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")],
        "pools": [],
    }
    failures = []
    for case in wanted:
        told = measure(case, folders, args)
        print(line(told), flush=True)
        record["pools"].append(told)
        failures += wrong(told)
        if args.record:
            args.record.write_text(json.dumps(record, indent=1) + "\n")
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6]))
    else:
        sys.exit(main())
