"""Selections under NVIDIA's compute-sanitizer, on small pools: it slows kernels down a hundredfold."""

from __future__ import annotations

import glob
import json
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .context import Context
from .running import Clock, Json, Run

# An odd number of dimensions and rows: the ends of tiles are where kernels read too far.
ROWS, DIMENSIONS = 601, 33
# More rows than one launch takes; and more values than one block does.
MANY_ROWS = 4_501
GROUPED = 2_003, 150
DTYPES = ["f32", "f16", "bf16", "u8", "i8"]

FEW = ["rounds", "labeled"]
# Which cases each tool sees; racecheck is the slowest by far.
TOOLS = {"memcheck": None, "initcheck": FEW, "synccheck": FEW, "racecheck": ["rounds", "grouped"]}
# Its message about a device that it cannot look into, as under some virtual machines.
UNSUPPORTED = "Device not supported"
ERRORS = 9
REPORT_LINES = 60
LIMIT = 60
# Most of a run is the sanitizer's start, on the CPU.
AT_ONCE = 3


def npy_f32(path: Path, values: list[float]) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    path.write_bytes(start + header + struct.pack(f"<{len(values)}f", *values))


def cases(context: Context, clock: Clock) -> dict[str, list[object]]:
    """By name, the pool and options of a selection; together every dtype and every kind of input."""
    folder = context.scratch
    pools = {dtype: folder / f"tiny-{dtype}.npy" for dtype in DTYPES}
    for dtype, path in pools.items():
        context.synth(path, "text", ROWS, DIMENSIONS, dtype, clock)
    many, grouped = folder / "many.npy", folder / "grouped.npy"
    context.synth(many, "text", MANY_ROWS, DIMENSIONS, "f16", clock)
    context.synth(grouped, "text", *GROUPED, "f32", clock)
    vectors, weights, rows = folder / "vectors.npy", folder / "weights.npy", folder / "rows.txt"
    context.synth(vectors, "gaussian", 5, DIMENSIONS, "f32", clock)
    many_weights = folder / "many-weights.npy"
    for path, count in ((weights, ROWS), (many_weights, MANY_ROWS)):
        npy_f32(path, [(1.0, 0.5, 2.0, 0.0)[row % 4] for row in range(count)])
    rows.write_text("3\n600\n17\n")
    every_row = ["--distances", folder / "distances.npy", "--assignment", folder / "assignment.npy"]
    found: dict[str, list[object]] = {"digits": [context.root / "data/digits.npy", "--budget", 50]}
    found |= {dtype: [path, "--budget", 40] for dtype, path in pools.items()}
    found["grouped"] = [grouped, "--budget", 12]
    found["rounds"] = [many, "--budget", 60, "--labeled", rows, "--labeled-vectors", vectors, *every_row]
    found["rounds cosine"] = [many, "--budget", 60, "--metric", "cosine", "--weights", many_weights, "--exclude", rows]
    found |= {
        "cosine": [pools["f32"], "--budget", 40, "--metric", "cosine", "--first", "mean"],
        "weights": [pools["bf16"], "--budget", 40, "--weights", weights, "--exclude", rows],
        "labeled": [pools["f16"], "--budget", 40, "--labeled", rows, "--labeled-vectors", vectors, *every_row],
    }
    return found


def sanitizer(context: Context, clock: Clock) -> Json:
    program = find()
    if program is None and not context.dry:
        return {"status": "failed: compute-sanitizer was not found"}
    options = cases(context, clock)
    todo = [(tool, name) for tool, names in TOOLS.items() for name in names or options]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        entries = list(pool.map(lambda one: case(context, program, *one, options[one[1]], clock), todo))
    failed = [entry for entry in entries if entry["status"].startswith("failed")]
    unsupported = [entry for entry in entries if entry["status"] == UNSUPPORTED]
    status = "failed" if failed else "skipped: dry run" if context.dry else "passed"
    if unsupported and not failed:
        status = "skipped: the sanitizer does not support this device"
    return {"status": status, "cases": entries}


def case(context: Context, program: str | None, tool: str, name: str, options: list[object], clock: Clock) -> Json:
    output = context.scratch / f"{tool}-{name.replace(' ', '-')}.json"
    wrapped = [] if context.dry else [program, "--tool", tool, "--error-exitcode", ERRORS, "--target-processes", "all"]
    select = [context.farpoint, "select", *options, "--device", "cuda", "--quiet", "--output", output]
    run = context.run([*wrapped, *select], clock, LIMIT)
    entry = {"tool": tool, "case": name} | run.account()
    if UNSUPPORTED in run.output:
        entry["status"] = UNSUPPORTED
    elif run.ok:
        entry["status"] = verdict(run, output, context.dry)
    if run.code == ERRORS:  # the first report tells most, the last lines are counts
        reports = [line for line in run.output.splitlines() if line.startswith("=========")]
        entry["output"] = reports[:REPORT_LINES]
    return entry


def verdict(run: Run, output: Path, dry: bool) -> str:
    """Of a run that ended well: whether it was on the device, and the sanitizer saw it."""
    if not json.loads(output.read_text())["statistics"]["device"].startswith("cuda"):
        return "failed: it did not run on the device"
    if not dry and "SUMMARY: 0 " not in run.output:
        return "failed: no summary of the sanitizer"
    return "ran without the sanitizer" if dry else "passed"


def find() -> str | None:
    places = ["/usr/local/cuda*/bin/compute-sanitizer", "/usr/local/cuda*/compute-sanitizer/compute-sanitizer"]
    return shutil.which("compute-sanitizer") or next((path for place in places for path in glob.glob(place)), None)
