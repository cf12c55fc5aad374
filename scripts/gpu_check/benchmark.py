"""`farpoint bench` on the device and PyTorch's loop on the same pools: their records, and the ratios."""

from __future__ import annotations

import json
from pathlib import Path

from .context import Context
from .facts import ASK_FOR_TORCH
from .running import Clock, Json, Run

# What the design asks of the engine: told, never enforced.
TARGETS = {"large": 10.0, "small": 2.0}
SMALL_SECONDS = 1e-3

# clap's, for an option it does not know.
USAGE = 2
# Turns of each large loop take a few seconds; should one take more, its first picks are timed.
TORCH_SECONDS = 12


def benchmark(context: Context, clock: Clock, large: Path | None) -> Json:
    """`large` is the pool of the step before, None where there is none."""
    k, small_k = context.sizes.budget, context.sizes.small[2]
    small = small_pools(context, clock)
    entry: Json = {"small": compare(context, clock, "small", small, small_k, 25, "--clouds")}
    if large is None:
        entry["large"] = {"farpoint": {"status": "skipped: no pool"}, "torch": {"status": "skipped: no pool"}}
    else:
        entry["large"] = compare(context, clock, "large", [large], k, 3)
    entry["ratios"] = [one | ({"dry_run": True, "reached": None} if context.dry else {}) for one in ratios(entry)]
    runs = [entry[size][tool]["status"] for size in ("small", "large") for tool in ("farpoint", "torch")]
    return {"status": "measured" if all(status == "passed" for status in runs) else "incomplete"} | entry


def small_pools(context: Context, clock: Clock) -> list[Path]:
    n, d, _ = context.sizes.small
    paths = {dtype: context.scratch / f"small-{dtype}.npy" for dtype in ("f32", "f16")}
    return [path for dtype, path in paths.items() if context.synth(path, "gaussian", n, d, dtype, clock).ok]


def compare(context: Context, clock: Clock, name: str, pools: list[Path], k: int, turns: int, *more: str) -> Json:
    return {
        "farpoint": farpoint_bench(context, clock, name, pools, k, turns, *(["--small"] if more else [])),
        "torch": torch_bench(context, clock, name, pools, k, turns, *more),
    }


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


def torch_bench(context: Context, clock: Clock, name: str, pools: list[Path], k: int, turns: int, *more: str) -> Json:
    if not context.run([context.python, "-c", ASK_FOR_TORCH], clock, 15).ok:
        return {"status": "skipped: no torch here"}
    command: list[object] = [context.python, "scripts/bench_torch.py", "--turns", turns, "--seconds", TORCH_SECONDS, *more]
    for path in pools:
        picks = context.scratch / f"picks-{path.stem}.json"
        made = context.select(path, "cuda", picks, clock, 30, "--budget", k)
        if not made.ok:
            return made.account() | {"status": f"failed: no picks of {path.name}, {made.ending()}"}
        command += ["--pool", path, "--budget", k, "--picks", picks]
    output = context.scratch / f"torch-{name}.json"
    command += ["--record", output]
    if context.dry:
        # The bed is not for torch, and compiling takes long on a CPU.
        apart = {"LD_LIBRARY_PATH": "", "TORCHDYNAMO_DISABLE": "1"}
        return with_record(context.run([*command, "--device", "cpu", "--tiny"], clock, 90, **apart), output, pools)
    return with_record(context.run(command, clock, 90), output, pools)


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


def ratios(entry: Json) -> list[Json]:
    """Of every pool that both have measured: torch's seconds over farpoint's, the pool on the device for both."""
    found = []
    for size in ("large", "small"):
        own = entry[size]["farpoint"].get("record", {})
        theirs = entry[size]["torch"].get("record", {}).get("subjects", [])
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
    entry = {key: ours[key] for key in ("rows", "dimensions", "dtype", "budget")}
    entry |= {
        "size": size,
        "farpoint_seconds": seconds,
        "farpoint_seconds_from_device": ours["from_device"]["seconds"],
        "farpoint_seconds_from_host": ours["from_host"]["seconds"],
        "torch_seconds_a_pick": torch["seconds_a_pick"],
        "torch_picks_timed": torch["picks_timed"],
        # Of a loop timed in part it is the ratio of seconds a pick.
        "torch_whole_budget_timed": torch["whole_budget_timed"],
        "times_faster": times,
        "target": TARGETS[size],
        "reached": times >= TARGETS[size] and (size != "small" or seconds < SMALL_SECONDS),
        "farpoint_device_bytes": ours["from_host"]["device_bytes"],
        "farpoint_allowed_bytes": ours["from_host"]["allowed_bytes"],
        "torch_bytes_beside_pool": torch["peak_bytes_beside_pool"],
    }
    return entry
