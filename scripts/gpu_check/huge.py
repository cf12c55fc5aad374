"""A pool that the CPU cannot select as much from in time: the device's phases, and its first picks held to the CPU's."""

from __future__ import annotations

import json
from pathlib import Path

from .context import Context, Subject, memory_available, room
from .running import Clock, Json

# Seconds, estimated for 16 cores: making the pool, selecting on the device, and a little on the CPU.
SECONDS = 110
# Making it holds every value as f32, and the file may lie in memory; with some for all the rest.
MEMORY_FACTOR = 3.5
LIMITS = {"synth": 120, "cuda": 60, "cpu": 60}
PHASES = ("prepare", "frontier", "refresh", "pick", "settle")


def huge(context: Context, clock: Clock) -> Json:
    subject = context.sizes.huge
    entry = {key: getattr(subject, key) for key in ("rows", "dimensions", "dtype", "budget")}
    needed, available = MEMORY_FACTOR * subject.bytes, memory_available()
    if not context.dry and clock.left() < SECONDS:
        return entry | {"status": f"skipped: {clock.left():.0f} s are left, it takes about {SECONDS}"}
    if available < needed:
        return entry | {"status": f"skipped: {available / 1e9:.1f} GB of memory are free, of {needed / 1e9:.1f} GB needed"}
    with room(subject.bytes) as folder:
        if folder is None:
            return entry | {"status": f"skipped: no room for a file of {subject.bytes / 1e9:.1f} GB"}
        return entry | measured(context, clock, subject, folder / f"{subject.name}.npy")


def measured(context: Context, clock: Clock, subject: Subject, pool: Path) -> Json:
    made = context.make(pool, subject, clock, LIMITS["synth"])
    if not made.ok:
        return made.account() | {"status": f"failed: no pool, {made.ending()}"}
    entry: Json = {"synth_seconds": round(made.seconds, 3)}
    answer, run = selected(context, clock, pool, "cuda", subject.budget)
    if answer is None:
        return entry | run
    statistics, seconds = answer["statistics"], answer["seconds"]
    if not statistics["device"].startswith("cuda"):
        return entry | {"status": f"failed: asked for cuda, ran on {statistics['device']}"}
    entry |= {"seconds": seconds, "process_seconds": run["seconds"], "statistics": statistics}
    entry["phases"] = phases(statistics, seconds)
    entry["prefix"] = prefix(context, clock, pool, answer)
    differ = entry["prefix"]["status"].startswith("failed")
    return entry | {"answers_differ": differ, "status": entry["prefix"]["status"] if differ else "passed"}


def selected(context: Context, clock: Clock, pool: Path, device: str, budget: int) -> tuple[Json | None, Json]:
    output = context.scratch / f"huge-{device}.json"
    run = context.select(pool, device, output, clock, LIMITS[device], "--budget", budget)
    if not run.ok:
        return None, run.account() | {"status": f"failed: {device}, {run.ending()}"}
    return json.loads(output.read_text()), run.account()


def phases(statistics: Json, seconds: float) -> list[Json]:
    """From a pool in host memory, in a process of its own: `other` is mostly the device's opening."""
    known = {name: statistics[f"{name}_seconds"] for name in PHASES}
    known["other"] = max(0.0, seconds - sum(known.values()))
    return [{"name": name, "seconds": took, "share_of_total": took / seconds} for name, took in known.items()]


def prefix(context: Context, clock: Clock, pool: Path, cuda: Json) -> Json:
    """A smaller budget's rows and radii are the first of a larger one's."""
    count = context.sizes.prefix
    cpu, run = selected(context, clock, pool, "cpu", count)
    entry: Json = {"budget": count, "cpu_seconds": None if cpu is None else cpu["seconds"]}
    if cpu is None:
        return entry | {"status": f"not compared: {run['status']}"}
    for key in ("centers", "radii"):
        if cpu[key] != cuda[key][:count]:
            at = next((t for t, two in enumerate(zip(cpu[key], cuda[key])) if two[0] != two[1]), None)
            return entry | {"status": f"failed: the first {count} differ, {key} from {at}"}
    return entry | {"status": "passed"}
