#!/usr/bin/env python3
"""Times the best farthest-first loop that PyTorch gives on a GPU: the baseline of Farpoint's CUDA engine.

    farpoint select pool.npy --budget 10000 --output picks.npy
    python3 scripts/bench_torch.py --pool pool.npy --budget 10000 --picks picks.npy --record torch.json
    python3 scripts/bench_torch.py --small --clouds --matrix

The loop computes what Farpoint does, with torch's rounding: each pick relaxes every row's distance by the last center and
takes the farthest, without a word to the host in between. Several ways to write it (torch_loops.py) are tried for one block
of picks, each launched one by one and as a CUDA graph; the fastest is then timed, and the record holds them all.

Answers are compared first. Where torch's picks leave Farpoint's, or without --picks those of a loop in f64, both rows are
measured in f64 against the picks before: torch may leave by its rounding, never for a row that is clearly less far. Pools
are on the device before anything is timed, and small ones stay in its cache. A loop that would take longer than --seconds
is timed over its first picks and said to be: every pick reads the same, so seconds a pick is a measurement, and no total is
given.

Beside it, where they are installed (torch_peers.py): the batched samplers of clouds of pytorch3d, torch_cluster and
torch_quickfps; and flash-kmeans, which finds every row's nearest of the picks (--assign). --matrix is the rate at which the
vendor's library multiplies matrices of a refresh's shapes (torch_matrix.py).
`--device cpu` walks the same paths without a GPU: a dry run, whose figures mean nothing and are marked so.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import math
import pathlib
import platform
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable

import torch
import torch_matrix
from torch_loops import BLOCK, CloudLoop, PoolLoop, Runner, Step
from torch_peers import ASSIGNMENTS, SAMPLERS, Peer, why_absent
from torch_timing import Json, repeated, seconds_of, summary, time_text

HERE = pathlib.Path(__file__).resolve()

# A .npy's word for its values, torch's, and how much less far than the exact pick torch's may be: the rounding of a product
# in that dtype, where the distance is small beside the norms.
DTYPES = {
    "<f4": (torch.float32, 1e-3),
    "<f2": (torch.float16, 1e-2),
    "bfloat16": (torch.bfloat16, 5e-2),
    "<i8": (torch.int64, 0.0),
}
TOLERANCE = dict(DTYPES.values())

# Multiply-adds up to which a loop in f64 stands in for --picks.
REFERENCE_MOST = 2 * 10**10
# Rows of which every distance is computed, to see how many a peer assigns to the nearest center.
SAMPLED_ROWS = 1000


class Wrong(Exception):
    """An answer that rounding does not explain, or a question that cannot be asked."""


def read_npy(path: str) -> torch.Tensor:
    """A mapped .npy; not by numpy, which has no bfloat16."""
    with open(path, "rb") as file:
        start = file.read(10)
        if start[:6] != b"\x93NUMPY" or start[6] != 1:
            raise Wrong(f"{path} is no .npy of version 1")
        header = ast.literal_eval(file.read(struct.unpack("<H", start[8:10])[0]).decode())
        offset = file.tell()
    if header["descr"] not in DTYPES or header["fortran_order"]:
        raise Wrong(f"{path} holds {header['descr']}: this loop works on rows of f32, f16 or bf16")
    dtype = DTYPES[header["descr"]][0]
    size = offset + math.prod(header["shape"]) * dtype.itemsize
    everything = torch.from_file(path, shared=False, size=size, dtype=torch.uint8)
    return everything[offset:].view(dtype).reshape(header["shape"])


def read_picks(path: str) -> list[int]:
    if path.endswith(".json"):
        return json.loads(pathlib.Path(path).read_text())["centers"]
    return read_npy(path).tolist()


def trials(loop: PoolLoop | CloudLoop, budget: int, device: torch.device) -> tuple[list[Json], str, Step, bool]:
    """Every way's seconds a pick over one block, and the fastest: its name, its step, whether as a graph."""
    tried: list[Json] = []
    best: tuple[float, str, Step, bool] | None = None
    torch._dynamo.reset()  # what was compiled for the last subject
    for name, make in loop.ways().items():
        step = make()
        for graph in (False, True) if device.type == "cuda" else (False,):
            entry: Json = {"way": name, "graph": graph}
            tried.append(entry)
            try:
                runner = Runner(loop, step, min(BLOCK, budget), graph)
                runner.run()
                seconds = min(seconds_of(runner.run, device) for _ in range(2)) / runner.budget
            except Exception as error:  # no compiler, no memory, no such kernel: another way may do
                entry["failed"] = (str(error).strip() or repr(error)).splitlines()[0][:200]
                continue
            entry["seconds_a_pick"] = seconds
            if best is None or seconds < best[0]:
                best = (seconds, name, step, graph)
    if best is None:
        raise Wrong(f"no way to write the loop works here: {tried}")
    return tried, *best[1:]


def exact_picks(cloud: torch.Tensor, first: int, budget: int) -> list[int]:
    """The plain loop in f64."""
    wide = cloud.double()
    nearest = torch.full(wide.shape[:1], math.inf, dtype=torch.float64, device=wide.device)
    picks = [first]
    while len(picks) < budget:
        torch.minimum(nearest, (wide - wide[picks[-1]]).square().sum(1), out=nearest)
        nearest[picks[-1]] = -1
        picks.append(int(nearest.argmax()))
    return picks


def compare(cloud: torch.Tensor, own: list[int], exact: list[int], tolerance: float) -> Json:
    """Where torch's picks leave the exact ones, and how much less far its row is there; wrong if that is not rounding."""
    if len(set(own)) != len(own):
        raise Wrong("torch's loop took a row twice")
    at = next((t for t, pair in enumerate(zip(own, exact)) if pair[0] != pair[1]), None)
    if at is None:
        return {"departs_at": None}
    if at == 0:
        raise Wrong(f"torch began at row {own[0]}, the picks compared with at {exact[0]}")
    chosen = torch.tensor(exact[:at], device=cloud.device)

    def nearest(row: int) -> float:
        blocks = cloud[chosen].split(16384)
        return min(float((block.double() - cloud[row].double()).square().sum(1).min().sqrt()) for block in blocks)

    theirs, ours = nearest(own[at]), nearest(exact[at])
    if not ours * (1 - tolerance) <= theirs <= ours * (1 + 1e-12):
        raise Wrong(f"pick {at}: torch took a row at {theirs}, the exact one is at {ours}")
    return {"departs_at": at, "less_far": (ours - theirs) / ours if ours > 0 else 0.0, "tolerance": tolerance}


def compare_all(clouds: torch.Tensor, own: torch.Tensor, exact: list[list[int]], tolerance: float) -> Json:
    """`own` is (clouds, picks)."""
    found = [compare(cloud, picks.tolist(), right, tolerance) for cloud, picks, right in zip(clouds, own, exact)]
    departed = [entry for entry in found if entry["departs_at"] is not None]
    if len(found) == 1 or not departed:
        return found[0]
    first = min(departed, key=lambda entry: entry["departs_at"])
    return first | {"clouds_that_depart": len(departed), "less_far": max(entry["less_far"] for entry in departed)}


def measure(loop: PoolLoop | CloudLoop, clouds: torch.Tensor, exact: list[list[int]], args: argparse.Namespace) -> Json:
    """One subject's entry: the ways tried, the answer compared, the fastest timed."""
    device, budget = clouds.device, len(exact[0])
    tried, name, step, graph = trials(loop, budget, device)
    estimate = min(entry["seconds_a_pick"] for entry in tried if "seconds_a_pick" in entry)
    picks = budget
    if estimate * budget > args.seconds:
        picks = min(budget, max(1, int(args.seconds / estimate / BLOCK)) * BLOCK)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    runner = Runner(loop, step, picks, graph)
    first = seconds_of(runner.run, device)
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    answer = compare_all(clouds, runner.picks.T, exact, TOLERANCE[clouds.dtype])
    seconds = repeated(runner.run, args.turns, device, first)
    a_pick = statistics.median(seconds) / picks
    return {
        "way": name,
        "graph": graph,
        "budget": budget,
        "picks_timed": picks,
        "whole_budget_timed": picks == budget,
        "seconds": summary(seconds),
        "seconds_a_pick": a_pick,
        "pool_gbps": loop.bytes_a_pick / a_pick / 1e9,
        "peak_bytes_beside_pool": None if peak is None else peak - loop.bytes_a_pick,
        "answer": answer,
        "tried": tried,
    }


def dtype_name(dtype: torch.dtype) -> str:
    return {torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16"}[dtype]


def measure_pool(name: str, pool: torch.Tensor, picks: list[int] | None, budget: int, args: argparse.Namespace) -> Json:
    n, d = pool.shape
    pool = pool.to(args.device)
    if not 0 < budget <= n:
        raise Wrong(f"{name}: a budget of {budget} of {n} rows")
    if picks is None:
        if n * d * budget > REFERENCE_MOST:
            raise Wrong(f"{name}: give --picks; a loop in f64 to compare with would take too long")
        picks = exact_picks(pool, 0, budget)
    elif len(picks) < budget:
        raise Wrong(f"{name}: {len(picks)} picks to compare with, of a budget of {budget}")
    shape = {"subject": name, "rows": n, "dimensions": d, "dtype": dtype_name(pool.dtype)}
    return shape | measure(PoolLoop(pool, picks[0]), pool[None], [picks[:budget]], args)


def measure_file(path: str, at: int, args: argparse.Namespace) -> Json:
    picks = read_picks(args.picks[at]) if args.picks else None
    return measure_pool(pathlib.Path(path).name, read_npy(path), picks, args.budget[at], args)


def measure_samplers(clouds: torch.Tensor, exact: list[list[int]], args: argparse.Namespace) -> Json:
    return {name: measure_sampler(peer, clouds, exact, args) for name, peer in SAMPLERS.items()}


def measure_sampler(peer: Peer, clouds: torch.Tensor, exact: list[list[int]], args: argparse.Namespace) -> Json:
    entry: Json = {"version": peer.version()}
    try:
        call = peer.make(clouds, len(exact[0]))
        picks = call()
    except Exception as error:
        return entry | {"absent": why_absent(error)}
    try:
        answer = compare_all(clouds, picks, exact, TOLERANCE[clouds.dtype])
    except Wrong as wrong:  # theirs to mend: it is told, and not timed as if it were the same thing
        return entry | {"absent": f"another answer: {wrong}"}
    return entry | {"seconds": summary(repeated(call, args.turns, clouds.device)), "answer": answer}


def measure_assignments(path: str, at: int, args: argparse.Namespace) -> Json:
    pool = read_npy(path).to(args.device)
    picks = torch.tensor(read_picks(args.picks[at])[: args.budget[at]], device=args.device)
    entry: Json = {"subject": pathlib.Path(path).name, "dtype": dtype_name(pool.dtype)}
    entry |= {"rows": pool.shape[0], "dimensions": pool.shape[1], "centers": len(picks)}
    return entry | {"by": {name: measure_assignment(peer, pool, pool[picks], args) for name, peer in ASSIGNMENTS.items()}}


def measure_assignment(peer: Peer, pool: torch.Tensor, centers: torch.Tensor, args: argparse.Namespace) -> Json:
    """Every row's nearest center. What rounding takes to a center a little less near is counted, and timed all the same."""
    entry: Json = {"version": peer.version()}
    try:
        call = peer.make(pool, centers)
        assigned = call()
        entry |= compare_sample(pool, centers, assigned)
        spread = summary(repeated(call, args.turns, pool.device))
    except Exception as error:
        return entry | {"absent": why_absent(error)}
    flop = 2.0 * pool.numel() * len(centers)
    return entry | {"seconds": spread, "flop_per_second": flop / spread["median"]}


def compare_sample(pool: torch.Tensor, centers: torch.Tensor, assigned: torch.Tensor) -> Json:
    """Of rows spread evenly over the pool: the share that have the center of least distance in f64, the first if several do."""
    count = min(SAMPLED_ROWS, len(pool))
    rows = torch.arange(count, device=pool.device) * len(pool) // count
    # By differences: a product of norms would lose what lies between near centers.
    exactly = "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(pool[rows].double(), centers.double(), compute_mode=exactly)
    least, nearest = distances.min(1)
    theirs = distances.gather(1, assigned[rows].long()[:, None])[:, 0]
    excess = (theirs - least) / least.clamp(min=torch.finfo(torch.float64).tiny)
    equal = int((assigned[rows] == nearest).sum())
    return {"rows_compared": count, "equal_share": equal / count, "most_less_near": float(excess.max())}


def measure_clouds(args: argparse.Namespace) -> Json:
    b, n, budget = (4, 256, 32) if args.tiny else (64, 4096, 256)
    clouds = normals(b, n, 3).to(args.device)
    exact = [exact_picks(cloud, 0, budget) for cloud in clouds]
    shape = {"subject": "clouds, normal values", "clouds": b, "rows": n, "dimensions": 3, "dtype": "f32"}
    return shape | measure(CloudLoop(clouds), clouds, exact, args) | {"beside": measure_samplers(clouds, exact, args)}


def normals(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def said(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=HERE.parent.parent)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


# Asked, never set.
SMI = "name,driver_version,memory.total,ecc.mode.current,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit"


def smi(device: torch.device) -> Json | None:
    if device.type != "cuda":
        return None
    # By its identity: CUDA_VISIBLE_DEVICES numbers devices anew, nvidia-smi does not.
    identity = f"--id=GPU-{torch.cuda.get_device_properties(device).uuid}"
    line = said("nvidia-smi", identity, f"--query-gpu={SMI}", "--format=csv,noheader")
    return None if line is None else dict(zip(SMI.split(","), line.split(", ")))


def machine(device: torch.device) -> Json:
    facts: Json = {
        "device": str(device),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "before": smi(device),
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        facts |= {"gpu": properties.name, "multiprocessors": properties.multi_processor_count}
    return facts


def table(entry: Json, dry: bool) -> str:
    many = f"{entry['clouds']} x " if "clouds" in entry else ""
    shape = f"{many}{entry['rows']:,} x {entry['dimensions']} {entry['dtype']}"
    lines = [f"\n{entry['subject']}: {shape}, budget {entry['budget']:,}"]
    if dry:
        lines.append("  a dry run: the figures mean nothing")
    for trial in entry["tried"]:
        figure = trial.get("failed") or f"{trial['seconds_a_pick'] * 1e6:10.2f} us a pick over one block"
        lines.append(f"  {trial['way']:<16}{'as a graph' if trial['graph'] else 'launched':<12}{figure}")
    seconds = entry["seconds"]
    least, most = time_text(seconds["least"]), time_text(seconds["most"])
    spread = f"{time_text(seconds['median'])} ({least} to {most}, {seconds['turns']} turns)"
    picks = "" if entry["whole_budget_timed"] else f"; THE FIRST {entry['picks_timed']:,} PICKS ONLY: no total was measured"
    fastest = entry["way"] + (" as a graph" if entry["graph"] else "")
    lines.append(f"  fastest, {fastest}: {spread}{picks}")
    lines.append(f"  {entry['seconds_a_pick'] * 1e6:.2f} us a pick, the pool read at {entry['pool_gbps']:.1f} GB/s")
    lines.append(f"  answer: {answer_text(entry['answer'])}")
    for name, other in entry.get("beside", {}).items():
        figure = other.get("absent") or f"{time_text(other['seconds']['median'])}; {answer_text(other['answer'])}"
        lines.append(f"  {titled(name, other)}: {figure}")
    return "\n".join(lines)


def titled(name: str, peer: Json) -> str:
    return f"{name} {peer['version']}" if peer["version"] else name


def assignment_table(entry: Json, dry: bool) -> str:
    shape = f"{entry['rows']:,} x {entry['dimensions']} {entry['dtype']}"
    lines = [f"\n{entry['subject']}: {shape}, every row's nearest of {entry['centers']:,}"]
    if dry:
        lines.append("  a dry run: the figures mean nothing")
    lines += [f"  {titled(name, one)}: {assignment_text(one)}" for name, one in entry["by"].items()]
    return "\n".join(lines)


def assignment_text(one: Json) -> str:
    if "absent" in one:
        return one["absent"]
    return (
        f"{time_text(one['seconds']['median'])}, {one['flop_per_second'] / 1e12:.1f} TFLOP/s; of {one['rows_compared']:,} rows "
        f"{one['equal_share']:.2%} the exact one, the others up to {one['most_less_near']:.1e} less near"
    )


def answer_text(answer: Json) -> str:
    if answer["departs_at"] is None:
        return "the same picks"
    return f"the same picks up to {answer['departs_at']}, then by rounding a row {answer['less_far']:.1e} less far"


def subjects(args: argparse.Namespace) -> list[tuple[str, Callable[[], Json]]]:
    """Each with the part of the record it goes to. A pool is read when its turn comes; what may take long to compile is last."""
    wanted: list[Callable[[], Json]] = []
    for at, path in enumerate(args.pool):
        wanted.append(lambda at=at, path=path: measure_file(path, at, args))
    n, d, budget = (256, 48, 32) if args.tiny else (4096, 768, 256)
    for dtype in (torch.float32, torch.float16) if args.small else ():
        pool = normals(n, d).to(dtype)
        wanted.append(lambda pool=pool: measure_pool("small, normal values", pool, None, budget, args))
    if args.clouds:
        wanted.append(lambda: measure_clouds(args))
    assigned = [
        lambda at=at, path=path: measure_assignments(path, at, args) for at, path in enumerate(args.pool if args.assign else [])
    ]
    return [("subjects", call) for call in wanted] + [("assignments", call) for call in assigned]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", action="append", default=[], metavar="NPY", help="a pool of f32, f16 or bf16; repeatable")
    parser.add_argument("--budget", action="append", default=[], type=int, metavar="K", help="of each --pool, in turn")
    parser.add_argument("--picks", action="append", default=[], metavar="FILE", help="farpoint's, .npy or .json, in turn")
    parser.add_argument("--small", action="store_true", help="256 of 4,096 x 768, f32 and f16")
    parser.add_argument("--clouds", action="store_true", help="256 of each of 64 clouds of 4,096 x 3")
    parser.add_argument("--assign", action="store_true", help="also each row's nearest pick, by flash-kmeans")
    parser.add_argument("--matrix", action="store_true", help="the rate of matrix products on the refresh's shapes")
    parser.add_argument("--tiny", action="store_true", help="all but --pool at a size for trying the script out")
    parser.add_argument("--device", default="cuda", type=torch.device, help="cuda, cuda:<number>, or cpu for a dry run")
    parser.add_argument("--seconds", type=float, default=60, help="a longer loop is timed over its first picks (60)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each loop at least (3)")
    parser.add_argument("--record", help="write everything to this .json")
    parser.add_argument("--json", action="store_true", help="print the record instead of tables")
    args = parser.parse_args()
    if len(args.budget) != len(args.pool) or len(args.picks) not in (0, len(args.pool)):
        parser.error("--pool, --budget and --picks come in step")
    if args.assign and not args.picks:
        parser.error("--assign needs --picks")
    if not (args.pool or args.small or args.clouds or args.matrix):
        parser.error("nothing to measure: --pool, --small, --clouds or --matrix")
    return args


def save(record: Json, path: str | None) -> None:
    if path:
        pathlib.Path(path).write_text(json.dumps(record, indent=1) + "\n")


def main() -> int:
    args = arguments()
    if args.device.type == "cuda" and not torch.cuda.is_available():
        print("error: torch finds no CUDA device; --device cpu is a dry run", file=sys.stderr)
        return 1
    torch.set_float32_matmul_precision("highest")  # no TF32
    dry = args.device.type != "cuda" or args.tiny
    record: Json = {
        "dry_run": dry,
        "note": "a dry run: its figures mean nothing" if dry else "pools on the device before anything is timed",
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": said("git", "describe", "--always", "--dirty"),
        "command": " ".join(["scripts/bench_torch.py", *sys.argv[1:]]),
        "machine": machine(args.device),
        "subjects": [],
        "assignments": [],
        "errors": [],
    }
    if args.matrix:
        record["matrix"] = torch_matrix.matrix_rates(args.tiny, args.device)
        save(record, args.record)
        if not args.json:
            print(torch_matrix.table(record["matrix"], dry), flush=True)
    tables = {"subjects": table, "assignments": assignment_table}
    for part, measured in subjects(args):
        try:
            entry = measured()
        except (Wrong, OSError, RuntimeError) as error:
            record["errors"].append(str(error))
            print(f"error: {error}", file=sys.stderr)
        else:
            record[part].append(entry)
            if not args.json:
                print(tables[part](entry, dry), flush=True)
        record["machine"]["after"] = smi(args.device)
        save(record, args.record)  # after each, so that a run cut short leaves what it had
    if args.json:
        print(json.dumps(record, indent=1))
    return 1 if record["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
