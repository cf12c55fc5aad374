#!/usr/bin/env python3
"""Times `farpoint select` and what else selects farthest-first on a CPU, on one machine, in one run, answers compared.

    python3 scripts/bench_peers.py --farpoint target/release/farpoint --record peers.json \
        --pool text.npy:1000 --pool data/digits.npy:100 --synthetic 20000x128:1000

Every run is a process of its own, all cores its to use. `select s` is the selection alone, without reading the pool or
importing anything, as the tool itself or this script around the peer's one call takes it; `process s` is everything.
Nothing is extrapolated: a peer that passes --cap seconds is reported as such, at the k it was given.

Answers: every tool starts at row 0. Where a peer's picks leave Farpoint's, both rows are measured in f64 against the picks
before: a peer may leave by rounding (`gap` tiny), but never for a row that is farther. Each tool's radius is then computed
in f64 from its picks, the same way for all. `plain loop` is Farpoint's own mat-vec loop, timed by `farpoint bench`, whose
process also proves Farpoint's answer: its process time says nothing.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()


def numpy_loop(pool, k):
    """The best existing way on a CPU: one mat-vec product a pick, in place, norms computed once."""
    import numpy as np

    norms = np.einsum("ij,ij->i", pool, pool)
    squared = np.full(len(pool), np.inf, dtype=np.float32)
    products = np.empty(len(pool), dtype=np.float32)
    center, centers = 0, []
    for _ in range(k):
        centers.append(center)
        np.matmul(pool, pool[center], out=products)
        products *= -2
        products += norms
        products += norms[center]
        np.minimum(squared, products, out=squared)
        squared[center] = -1  # never chosen again
        center = int(squared.argmax())
    return centers


def fpsample(pool, k):
    import fpsample as tool

    return tool.fps_sampling(pool, k, start_idx=0)


def k_center(pool, k):
    from k_center import KCenter

    return KCenter(n_clusters=k, random_state=None).fit(pool).center_indices_


def lightly_mundig(pool, k):
    from lightly_mundig import Selection

    selection = Selection()
    selection.add_diversifying_strategy(embeddings=pool, strength=1.0)
    return selection.run_selection(preselected_indices=[], n_total_samples=len(pool), n_samples_to_select=k)


# Name in the table, the package it needs, the call.
PEERS = {
    "numpy mat-vec": ("numpy", numpy_loop),
    "fpsample": ("fpsample", fpsample),
    "k-center": ("k-center", k_center),
    "lightly-mundig": ("lightly-mundig", lightly_mundig),
}


def as_f32(path):
    import numpy as np

    return np.ascontiguousarray(np.load(path), dtype=np.float32)


def child(peer, path, k, out):
    """One peer's run, in this process: import and read, then time the one call."""
    import numpy as np

    pool, call = as_f32(path), PEERS[peer][1]
    call(pool[:64], 2)  # imports, thread pools
    start = time.perf_counter()
    centers = call(pool, k)
    seconds = time.perf_counter() - start
    pathlib.Path(out).write_text(json.dumps({"seconds": seconds, "centers": np.asarray(centers).tolist()}))


def installed(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def command_of(tool, farpoint, path, k, out):
    if tool == "plain loop":
        return [farpoint, "bench", "--pool", f"{path}:{k}", "--turns", "1", "--record", out]
    if tool == "farpoint":
        return [farpoint, "select", path, "--budget", str(k), "--output", out, "--quiet"]
    return [sys.executable, str(HERE), "--child", tool, path, str(k), out]


def run_once(command, out, cap):
    """`(selection seconds, process seconds, centers)`, or why there are none."""
    pathlib.Path(out).unlink(missing_ok=True)
    start = time.perf_counter()
    try:
        done = subprocess.run(command, timeout=cap, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return f"stopped: passed {cap:g} s"
    wall = time.perf_counter() - start
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return f"failed ({done.returncode}): {lines[-1]}"
    answer = json.loads(pathlib.Path(out).read_text())
    if "pools" in answer:  # of the plain loop, whose picks `farpoint bench` compared itself
        return answer["pools"][0]["plain_seconds"], wall, None
    return answer["seconds"], wall, answer["centers"]


def measure(tool, args, path, k):
    """The tool's entry in the record."""
    entry = {"tool": tool, "k": k}
    if tool in PEERS and installed(PEERS[tool][0]) is None:
        return entry | {"absent": "not installed"}
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "picks.json")
        command = command_of(tool, args.farpoint, path, k, out)
        runs = []
        for _ in range(args.repeats):
            run = run_once(command, out, args.cap)
            if isinstance(run, str):
                return entry | {"absent": run}
            runs.append(run)
    for name, times in zip(("seconds", "process_seconds"), list(zip(*runs))[:2]):
        entry[name] = {"median": statistics.median(times), "least": min(times), "most": max(times)}
    return entry | ({"centers": runs[-1][2]} if runs[-1][2] is not None else {})


def distances(pool, rows, centers):
    """Distance of each of `rows` to its nearest of `centers`, in f64, a block at a time."""
    import numpy as np

    chosen = pool[centers].astype(np.float64)
    norms = np.einsum("ij,ij->i", chosen, chosen)
    out = np.empty(len(rows))
    for start in range(0, len(rows), 2048):
        block = pool[rows[start : start + 2048]].astype(np.float64)
        squared = norms - 2 * block @ chosen.T + np.einsum("ij,ij->i", block, block)[:, None]
        out[start : start + 2048] = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return out


def compare(entry, pool, ours):
    """Where the picks leave ours and by how much the two rows differ; the radius in f64."""
    import numpy as np

    theirs = entry.pop("centers")
    entry["radius"] = float(distances(pool, np.arange(len(pool)), theirs).max())
    entry["distinct"] = len(set(theirs))
    same = next((t for t, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
    entry["equal_picks"] = same
    if 0 < same < min(len(ours), len(theirs)):
        our, their = distances(pool, [ours[same], theirs[same]], ours[:same])
        entry["gap"] = float((our - their) / our) if our > 0 else 0.0


def bench(name, path, k, args):
    pool = as_f32(path)
    entries = [measure(tool, args, path, k) for tool in args.tools.split(",")]
    ours = entries[0].get("centers")
    for entry in entries:
        if "centers" in entry and ours is not None:
            compare(entry, pool, ours)
        entry.pop("centers", None)
    rows, d = pool.shape
    table(name, rows, d, k, entries)
    return {"pool": name, "rows": rows, "dimensions": d, "k": k, "tools": entries}


def table(name, rows, d, k, entries):
    print(f"\n{name}: {rows:,} x {d}, k = {k:,}")
    print(f"{'tool':>15} {'select s':>10} {'process s':>10} {'ratio':>7} {'radius':>10}  picks")
    base = entries[0].get("seconds", {}).get("median")
    for entry in entries:
        if "absent" in entry:
            print(f"{entry['tool']:>15} {entry['absent']}")
            continue
        seconds, process = entry["seconds"]["median"], entry["process_seconds"]["median"]
        ratio = f"{seconds / base:7.1f}" if base else "      -"
        radius = f"{entry['radius']:.6g}" if "radius" in entry else "-"
        print(f"{entry['tool']:>15} {seconds:10.4f} {process:10.4f} {ratio} {radius:>10}  {agreement(entry, k)}")


def agreement(entry, k):
    if "equal_picks" not in entry:
        return "not compared"
    same = entry["equal_picks"]
    repeated = "" if entry["distinct"] == k else f"; only {entry['distinct']:,} distinct"
    if same == k:
        return "all equal" + repeated
    gap = f", gap {entry['gap']:.1e}" if "gap" in entry else ""
    return f"first {same:,} equal{gap}{repeated}"


def machine():
    cpu = platform.processor()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    except OSError:
        pass
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "system": platform.platform(), "load": os.getloadavg()[0]}


def said(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent.parent).stdout.strip()
    except OSError:
        return ""


def split_pool(text):
    name, _, k = text.rpartition(":")
    return name, int(k)


def synthetic(shape, folder):
    """Near-normal values, the same on every machine: a .npy of `shape`, written `NxD`."""
    import numpy as np

    n, d = map(int, shape.split("x"))
    path = os.path.join(folder, f"gaussian-{shape}.npy")
    np.save(path, np.random.default_rng(7).standard_normal((n, d), dtype=np.float32))
    return path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--farpoint", default="target/release/farpoint", help="the program")
    parser.add_argument("--pool", action="append", default=[], metavar="NPY:K", help="a pool and its budget; repeatable")
    parser.add_argument("--synthetic", action="append", default=[], metavar="NxD:K", help="a Gaussian pool; repeatable")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the median is shown")
    parser.add_argument("--cap", type=float, default=300, help="seconds after which a run is stopped")
    every = ",".join(["farpoint", "plain loop", *PEERS])
    parser.add_argument("--tools", default=every, help=f"what to run, farpoint first: {every}")
    parser.add_argument("--record", help="write everything to this .json")
    return parser.parse_args()


def main():
    args = arguments()
    record = {
        "machine": machine(),
        "commit": said(["git", "describe", "--always", "--dirty"]),
        "command": sys.argv,
        "python": platform.python_version(),
        "versions": {name: installed(package) for name, (package, _) in PEERS.items()},
        "farpoint": said([os.path.abspath(args.farpoint), "--version"]),
        "cap_seconds": args.cap,
        "repeats": args.repeats,
    }
    print(f"{record['machine']['cpu']}, {record['machine']['cores']} cores, load {record['machine']['load']:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        pools = [(pathlib.Path(path).name, path, k) for path, k in map(split_pool, args.pool)]
        for shape, k in map(split_pool, args.synthetic):
            pools.append((f"gaussian {shape}", synthetic(shape, folder), k))
        record["pools"] = [bench(name, path, k, args) for name, path, k in pools]
    if args.record:
        pathlib.Path(args.record).write_text(json.dumps(record, indent=1) + "\n")
    wrong = [e for p in record["pools"] for e in p["tools"] if e.get("gap", 0) < -1e-12]
    for entry in wrong:
        print(f"error: {entry['tool']} found a farther row than farpoint (gap {entry['gap']:.1e})", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    else:
        sys.exit(main())
