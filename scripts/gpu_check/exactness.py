"""The same selection on the CPU and on the device: equal to the bit."""

from __future__ import annotations

import json
from pathlib import Path

from .context import Context
from .running import Clock, Json

# The keys of the .json that are part of the answer.
ANSWER = ["centers", "radii", "initial_radius", "lower_bounds", "farthest", "interrupted"]
LIMIT = 60


def exactness(context: Context, clock: Clock, large: Path | None, note: str) -> Json:
    """`large` is where the large pool is to be made, None where there is no room for it."""
    digits, text = context.root / "data/digits.npy", context.text_pool()
    budget = 300 if context.dry else 2000
    entries = {
        "digits": pair(context, clock, "digits", digits, 200, every_row=True),
        "digits, cosine": pair(context, clock, "digits-cosine", digits, 200, "--metric", "cosine", every_row=True),
        "text embeddings": {"status": "skipped: the file is not here"}
        if text is None
        else pair(context, clock, "text", text, budget, every_row=True),
        "large": {"status": f"skipped: {note}"} if large is None else large_pair(context, clock, large),
    }
    failed = [entry for entry in entries.values() if entry["status"].startswith("failed")]
    return {"status": "failed" if failed else "passed", "pools": entries}


def large_pair(context: Context, clock: Clock, path: Path) -> Json:
    large = context.sizes.large
    made = context.make(path, large, clock)
    if not made.ok:
        return made.account() | {"status": f"failed: no pool, {made.ending()}"}
    # Without every row's distance: these runs' seconds are those of the picks.
    return pair(context, clock, "large", path, large.budget) | {"synth_seconds": round(made.seconds, 3)}


def pair(context: Context, clock: Clock, name: str, pool: Path, budget: int, *options: object, every_row: bool = False) -> Json:
    answers: dict[str, Json] = {}
    entry: Json = {"budget": budget}
    # The device first: should time run out, its picks are what the benchmark needs.
    for device in ("cuda", "cpu"):
        output = context.scratch / f"{name}-{device}.json"
        files = outputs(context.scratch, name, device) if every_row else {}
        extra = [word for option, path in files.items() for word in (f"--{option}", path)]
        run = context.select(pool, device, output, clock, LIMIT, "--budget", budget, *options, *extra)
        if not run.ok:
            return entry | run.account() | {"status": f"failed: {device}, {run.ending()}"}
        answer = json.loads(output.read_text())
        answers[device] = answer | {option: path.read_bytes() for option, path in files.items()}
        entry |= {f"{device}_seconds": answer["seconds"], f"{device}_process_seconds": round(run.seconds, 3)}
        if not answer["statistics"]["device"].startswith(device):
            return entry | {"status": f"failed: asked for {device}, ran on {answer['statistics']['device']}"}
        entry |= {f"{device}_statistics": answer["statistics"]}
    shape = {key: answers["cpu"]["pool"][key] for key in ("rows", "dimensions", "dtype")}
    return shape | entry | judge(answers["cpu"], answers["cuda"])


def outputs(folder: Path, name: str, device: str) -> dict[str, Path]:
    return {option: folder / f"{name}-{device}-{option}.npy" for option in ("distances", "assignment")}


def judge(cpu: Json, cuda: Json) -> Json:
    """The numbers read back are equal just when their bits are: they are written so as to come back the same."""
    differing = [key for key in [*ANSWER, "distances", "assignment"] if cpu.get(key) != cuda.get(key)]
    if not differing:
        return {"status": "passed"}
    entry: Json = {"status": f"failed: {', '.join(differing)} differ"}
    for key in ("centers", "radii"):
        if key in differing:
            at = next((t for t, two in enumerate(zip(cpu[key], cuda[key])) if two[0] != two[1]), None)
            entry[f"{key}_differ_from"] = at
    return entry
