#!/usr/bin/env python3
"""Time `farpoint robust` on the pools of its targets, each proof checked, and write the record.

    cargo build --release --features highs
    pip install numpy
    scripts/bench_robust.py [--text POOL.npy] [--case NAME] [--record benches/record/robust.json]

Every case runs on its own, once: a search is long and its times vary little against its targets. The memory told is the peak of
the whole process, pool included.

The targets are of `mixture` pools: rectified random features of a mixture of Gaussians whose weights and widths differ. `features`
pools come from `farpoint synth` and are harder at 200 labeled rows: their clusters are alike.
"""

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time

import numpy

PROGRAM = os.environ.get("FARPOINT", "target/release/farpoint")

# name, pool (a file, or a shape, rows and dimensions), labeled rows, budget, outliers, seconds
CASES = [
    ("mixture 50k x 512, 10,000 labeled", ("mixture", 50_000, 512), 10_000, 5_000, 0, 60),
    ("mixture 20k x 128, 200 labeled", ("mixture", 20_000, 128), 200, 200, 0, 60),
    ("mixture 20k x 128, 1 labeled", ("mixture", 20_000, 128), 1, 50, 0, 60),
    ("mixture 50k x 256, 1,000 labeled", ("mixture", 50_000, 256), 1_000, 1_000, 0, 60),
    ("features 50k x 512, 10,000 labeled", ("features", 50_000, 512), 10_000, 5_000, 0, 60),
    ("the same, 4 outliers", ("features", 50_000, 512), 10_000, 5_000, 4, 60),
    ("features 20k x 128, 200 labeled", ("features", 20_000, 128), 200, 200, 0, 60),
    ("digits, 20 labeled", "data/digits.npy", 20, 20, 0, 60),
    ("text, 1,000 labeled", "text", 1_000, 1_000, 0, 60),
]

# A mixture pool: the dimensions that its clusters lie in, how many there are, how far apart, and the noise on every
# value.
INTRINSIC, CLUSTERS, SPREAD, NOISE = 16, 100, 3.0, 0.05


def mixture(path, rows, dimensions):
    """Gaussian clusters of different weights and widths, through a random linear map, rectified, with a little noise."""
    random = numpy.random.default_rng(0)
    centers = random.normal(size=(CLUSTERS, INTRINSIC)) * SPREAD
    weights = random.dirichlet(numpy.full(CLUSTERS, 0.7))
    cluster = random.choice(CLUSTERS, size=rows, p=weights)
    widths = numpy.exp(0.4 * random.normal(size=(CLUSTERS, 1)))
    latent = centers[cluster] + random.normal(size=(rows, INTRINSIC)) * widths[cluster]
    features = latent @ (random.normal(size=(INTRINSIC, dimensions)) / INTRINSIC**0.5)
    values = numpy.maximum(features, 0) + NOISE * random.normal(size=features.shape)
    numpy.save(path, values.astype(numpy.float32))


def make(path, shape, rows, dimensions):
    if shape == "mixture":
        # In a process of its own: the peak of memory of this one would count as that of every program it starts.
        worker = multiprocessing.Process(target=mixture, args=(path, rows, dimensions))
        worker.start()
        return worker.join()
    size = ["--rows", str(rows), "--dimensions", str(dimensions)]
    return run([PROGRAM, "synth", path, "--shape", shape, *size])


def labeled_rows(rows, count):
    """`count` distinct rows, the same every time: a linear congruential generator."""
    state, chosen = 1, set()
    while len(chosen) < count:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        chosen.add((state >> 33) % rows)
    return sorted(chosen)


def rows_of(path):
    """Rows of an .npy file."""
    with open(path, "rb") as file:
        header = file.read(256).decode("latin1")
    return int(header.split("'shape': (")[1].split(",")[0])


def run(command):
    """Standard output, seconds and peak memory in MB of a command that must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return out.decode(), time.monotonic() - started, usage.ru_maxrss / 1024


def gaps(decisions):
    """How narrow the interval was after so many seconds, as a share of its upper end."""
    answer = {}
    for seconds in (1, 2, 5, 10, 20, 30, 60):
        so_far = [decision for decision in decisions if decision["elapsed"] <= seconds]
        if so_far:
            last = so_far[-1]
            answer[str(seconds)] = (last["upper"] - last["lower"]) / last["upper"]
    return answer


def measure(case, folder, text):
    name, pool, labeled, budget, outliers, seconds = case
    if pool == "text":
        if not text:
            return None
        pool = text
    if not isinstance(pool, str):
        made = os.path.join(folder, "-".join(map(str, pool)) + ".npy")
        if not os.path.exists(made):
            make(made, *pool)
        pool = made
    rows = os.path.join(folder, "labeled.txt")
    proof = os.path.join(folder, "proof.json")
    with open(rows, "w") as file:
        file.writelines(f"{row}\n" for row in labeled_rows(rows_of(pool), labeled))
    options = ["--budget", str(budget), "--labeled", rows, "--outliers", str(outliers)]
    command = [PROGRAM, "robust", pool, *options, "--time-limit", str(seconds), "--certificate", proof]
    out, wall, memory = run([*command, "--json", "--quiet"])
    answer = json.loads(out)
    verdict, check, _ = run([PROGRAM, "verify", pool, "--certificate", proof])
    if not verdict.startswith("ok:"):
        sys.exit(f"{name}: {verdict}")
    search = answer["search"]
    measured = {
        "case": name,
        "budget": budget,
        "outliers": outliers,
        "end": answer["end"],
        "lower": answer["lower"],
        "checked_lower": answer["certificate"]["dual"]["radius"],
        "upper": answer["upper"],
        "greedy_radius": answer["greedy_radius"],
        "gap_after_seconds": gaps(answer["decisions"]),
        "decisions": len(answer["decisions"]),
        "rows_held": search["rows"],
        "pairs_held": search["pairs"],
        "greedy_seconds": search["greedy_seconds"],
        "neighbours_seconds": search["neighbours_seconds"],
        "decide_seconds": search["decide_seconds"],
        "wall_seconds": wall,
        "verify_seconds": check,
        "peak_mb": memory,
    }
    print(
        f"{name}: {answer['end']} in {wall:.1f} s (search {search['decide_seconds']:.2f} s), "
        f"[{answer['lower']:.6g}, {answer['upper']:.6g}], greedy {answer['greedy_radius']:.6g}, "
        f"{memory:.0f} MB, proof checked in {check:.1f} s",
        flush=True,
    )
    return measured


def machine():
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "numpy": numpy.__version__,
        "commit": commit.stdout.strip(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", help="a pool of 20,000 text embeddings")
    parser.add_argument("--case", help="only cases whose name holds this")
    parser.add_argument("--record", help="write the record here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for case in CASES if (arguments.case or "") in case[0]]
        measured = [measure(case, folder, arguments.text) for case in cases]
    if arguments.record:
        record = {"machine": machine(), "command": "scripts/bench_robust.py", "cases": [m for m in measured if m]}
        with open(arguments.record, "w") as file:
            json.dump(record, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
