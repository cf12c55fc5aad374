"""`farpoint bench` on the device and PyTorch's loop on the same pools: their records, ratios, and targets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .context import Context, Subject, room
from .facts import ASK_FOR_TORCH
from .huge import huge
from .running import Clock, Json, Run
from .targets import TIMES_TORCH, targets

SMALL_SECONDS = 1e-3

# clap's, for an option it does not know.
USAGE = 2
# Turns of each large loop take a few seconds; should one take more, its first picks are timed.
TORCH_SECONDS = 6


def benchmark(context: Context, clock: Clock, large: Path | None, keep: Callable[[Json], None]) -> Json:
    """`large` is the pool of the step before, None where there is none; `keep` is given what there is so far. What matters most
    comes first."""
    entry: Json = {"status": "incomplete", "matrix": matrix(context, clock), "pools": {}}
    pools = entry["pools"]
    for subject in (context.sizes.others[0], context.sizes.large, *context.sizes.others[1:]):
        pools[subject.name] = large_pool(context, clock, subject, large if subject == context.sizes.large else None)
        keep(entry)
    small = small_pools(context, clock)
    pools["small"] = compare(context, clock, "small", small, context.sizes.small[2], 25, "--clouds")
    keep(entry)
    entry["huge"] = huge(context, clock)
    mark = {"dry_run": True, "reached": None} if context.dry else {}
    entry["ratios"] = [one | mark for one in ratios(pools)]
    entry |= targets(entry, context.sizes)
    entry["targets"] = [one | mark for one in entry["targets"]]
    runs = [entry["matrix"], entry["huge"], *(pool[tool] for pool in pools.values() for tool in ("farpoint", "torch"))]
    return entry | {"status": "measured" if all(run["status"] == "passed" for run in runs) else "incomplete"}


def matrix(context: Context, clock: Clock) -> Json:
    """The vendor's library on the refresh's shapes, through torch."""
    if not has_torch(context, clock):
        return {"status": "skipped: no torch here"}
    output = context.scratch / "torch-matrix.json"
    return with_record(torch_run(context, clock, ["--matrix", "--record", output]), output, [])


def large_pool(context: Context, clock: Clock, subject: Subject, made: Path | None) -> Json:
    if made is not None:
        return compare(context, clock, subject.name, [made], subject.budget, 3, "--assign")
    with room(subject.bytes) as folder:
        if folder is None:
            return unmeasured("skipped: no room for the pool")
        path = folder / f"{subject.name}.npy"
        run = context.make(path, subject, clock)
        if not run.ok:
            return unmeasured(f"failed: no pool, {run.ending()}")
        return compare(context, clock, subject.name, [path], subject.budget, 3, "--assign")


def unmeasured(status: str) -> Json:
    return {"farpoint": {"status": status}, "torch": {"status": status}}


def small_pools(context: Context, clock: Clock) -> list[Path]:
    n, d, _ = context.sizes.small
    paths = {dtype: context.scratch / f"small-{dtype}.npy" for dtype in ("f32", "f16")}
    return [path for dtype, path in paths.items() if context.synth(path, "gaussian", n, d, dtype, clock).ok]


def compare(context: Context, clock: Clock, name: str, pools: list[Path], k: int, turns: int, *more: str) -> Json:
    """`more` are torch's options: with --clouds the pools are small ones."""
    small = "--clouds" in more
    # Small pools have no picks to settle after.
    picks = [picked(context, clock, path, k, settled=not small) for path in pools]
    return {
        "picks": picks,
        "farpoint": farpoint_bench(context, clock, name, pools, k, turns, *(["--small"] if small else [])),
        "torch": torch_bench(context, clock, name, pools, k, turns, picks, *more),
    }


def picked(context: Context, clock: Clock, pool: Path, k: int, settled: bool) -> Json:
    """What torch's picks are held to; and, as a selection asked for every row's nearest center, what settling them took."""
    output = picks_of(context, pool)
    files = {option: context.scratch / f"{option}.npy" for option in ("distances", "assignment")} if settled else {}
    extra = [word for option, path in files.items() for word in (f"--{option}", path)]
    run = context.select(pool, "cuda", output, clock, 30, "--budget", k, *extra)
    if not run.ok:
        return run.account()
    return run.account() | {"statistics": json.loads(output.read_text())["statistics"]}


def picks_of(context: Context, pool: Path) -> Path:
    return context.scratch / f"picks-{pool.stem}.json"


def farpoint_bench(context: Context, clock: Clock, name: str, pools: list[Path], k: int, turns: int, *more: str) -> Json:
    output = context.scratch / f"bench-{name}.json"
    given = [word for path in pools for word in ("--pool", f"{path}:{k}")]
    turns = 1 if context.dry else turns
    command = [context.farpoint, "bench", "--device", "cuda", *given, *more, "--turns", turns, "--record", output]
    if context.dry and more:
        command.append("--quick")
    run = context.run(command, clock, 75)
    if run.code == USAGE and "--device" in run.output:
        return {"status": "skipped: this farpoint has no bench --device"}
    return with_record(run, output, pools)


def torch_bench(
    context: Context, clock: Clock, name: str, pools: list[Path], k: int, turns: int, picks: list[Json], *more: str
) -> Json:
    if not has_torch(context, clock):
        return {"status": "skipped: no torch here"}
    options: list[object] = ["--turns", turns, "--seconds", TORCH_SECONDS, *more]
    for path, made in zip(pools, picks):
        if made["status"] != "passed":
            return {"status": f"failed: no picks of {path.name}, {made['status']}"}
        options += ["--pool", path, "--budget", k, "--picks", picks_of(context, path)]
    output = context.scratch / f"torch-{name}.json"
    return with_record(torch_run(context, clock, [*options, "--record", output]), output, pools)


def has_torch(context: Context, clock: Clock) -> bool:
    return context.run([context.python, "-c", ASK_FOR_TORCH], clock, 15).ok


def torch_run(context: Context, clock: Clock, options: list[object]) -> Run:
    command: list[object] = [context.python, "scripts/bench_torch.py", *options]
    if not context.dry:
        return context.run(command, clock, 90)
    # The bed is not for torch, and compiling takes long on a CPU.
    apart = {"LD_LIBRARY_PATH": "", "TORCHDYNAMO_DISABLE": "1"}
    return context.run([*command, "--device", "cpu", "--tiny"], clock, 90, **apart)


def with_record(run: Run, output: Path, pools: list[Path]) -> Json:
    """The record is nested as it is, also one cut short; but for the folders, which are gone by the time it is read."""
    folders = {f"{path.parent}/" for path in [output, *pools]}

    def plain(text: str) -> str:
        for folder in folders:
            text = text.replace(folder, "")
        return text

    entry = run.account()
    try:
        entry["record"] = json.loads(plain(output.read_text()))
    except (OSError, ValueError):
        pass
    print(plain(run.output).rstrip(), flush=True)
    return entry


def ratios(pools: Json) -> list[Json]:
    """Of every pool that both have measured: torch's seconds over farpoint's, the pool on the device for both."""
    found = []
    for size, entry in pools.items():
        own = entry["farpoint"].get("record", {})
        theirs = entry["torch"].get("record", {}).get("subjects", [])
        for ours in own.get("pools", []):
            in_one_launch = next((one for one in own.get("small_pools", []) if same(one, ours)), None)
            found += [ratio(size, ours, in_one_launch, torch) for torch in theirs if same(ours, torch)]
        for ours in own.get("small_pools", []):
            found += [clouds_ratio(ours, torch) for torch in theirs if same_clouds(ours, torch)]
    return found


def same(ours: Json, theirs: Json) -> bool:
    keys = ("rows", "dimensions", "dtype", "budget")
    return "clouds" not in theirs and [ours.get(key) for key in keys] == [theirs.get(key) for key in keys]


def same_clouds(ours: Json, theirs: Json) -> bool:
    keys = ("rows", "dimensions", "dtype", "budget")
    return theirs.get("clouds") == ours["pools"] and all(ours[key] == theirs[key] for key in keys)


def clouds_ratio(ours: Json, theirs: Json) -> Json:
    """Values differ, shapes do not: neither side's time depends on the values much. torch's is of its own loop; the samplers
    beside it are in its record."""
    times = theirs["seconds_a_pick"] / (ours["seconds"] / ours["budget"])
    entry = {key: ours[key] for key in ("pools", "rows", "dimensions", "dtype", "budget")}
    return entry | {
        "size": "clouds",
        "farpoint_seconds": ours["seconds"],
        "torch_seconds_a_pick": theirs["seconds_a_pick"],
        "torch_picks_timed": theirs["picks_timed"],
        "torch_whole_budget_timed": theirs["whole_budget_timed"],
        "times_faster": times,
    }


def ratio(size: str, ours: Json, in_one_launch: Json | None, torch: Json) -> Json:
    """A small pool is selected from in one launch that was made ready before, as torch's loop is."""
    k = ours["budget"]
    seconds = (in_one_launch or ours["from_device"])["seconds"]
    times = torch["seconds_a_pick"] / (seconds / k)
    target = TIMES_TORCH.get(size)
    entry = {key: ours[key] for key in ("rows", "dimensions", "dtype", "budget")}
    entry |= {
        "size": size,
        "farpoint_seconds": seconds,
        "farpoint_seconds_from_device": ours["from_device"]["seconds"],
        "farpoint_seconds_from_host": ours["from_host"]["seconds"],
        "torch_seconds_a_pick": torch["seconds_a_pick"],
        "torch_picks_timed": torch["picks_timed"],
        # For a loop that was timed in part, it is the ratio of seconds a pick.
        "torch_whole_budget_timed": torch["whole_budget_timed"],
        "times_faster": times,
        "target": target,
        "reached": None if target is None else times >= target and (size != "small" or seconds < SMALL_SECONDS),
        "farpoint_device_bytes": ours["from_host"]["device_bytes"],
        "farpoint_allowed_bytes": ours["from_host"]["allowed_bytes"],
        "torch_bytes_beside_pool": torch["peak_bytes_beside_pool"],
    }
    return entry
