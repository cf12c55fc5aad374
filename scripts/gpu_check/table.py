"""The record, to read."""

from __future__ import annotations

from pathlib import Path

from .running import Json


def head(record: Json) -> str:
    machine = record["machine"]
    lines = [f"{machine['gpu']}, commit {record['commit']}"]
    if record["dry_run"]:
        lines.append("A DRY RUN ON THE TEST BED: no figure below means anything")
    smi = machine["nvidia_smi"]
    told = ", ".join(f"{key} {value}" for key, value in smi.items() if key != "name") if isinstance(smi, dict) else smi
    lines.append(told)
    lines.append(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, torch {machine['torch']}")
    return "\n".join(lines)


def step(name: str, entry: Json) -> str:
    rows = {"tests": test_rows, "sanitizer": sanitizer_rows, "exactness": exactness_rows, "benchmark": ratio_rows}[name]
    return "\n".join([*rows(entry), f"{name}: {entry['status']}"])


def test_rows(entry: Json) -> list[str]:
    rows = []
    for name, one in entry.get("programs", {}).items():
        counts = f"{one['passed']} passed, {one['failed']} failed, {one['ignored']} ignored"
        rows.append(f"  {name:<20}{counts}, {one['seconds']:.1f} s: {one['status']}")
        rows += [f"    {test}" for test in one.get("failing", [])]
        rows += [f"    | {line}" for line in one.get("output", [])]
    return rows


def sanitizer_rows(entry: Json) -> list[str]:
    rows = []
    for one in entry.get("cases", []):
        rows.append(f"  {one['tool']:<11}{one['case']:<9}{one['seconds']:6.1f} s: {one['status']}")
        rows += [f"    | {line}" for line in one.get("output", [])]
    return rows


def exactness_rows(entry: Json) -> list[str]:
    rows = []
    for name, one in entry.get("pools", {}).items():
        shape = f"{one['rows']:,} x {one['dimensions']} {one['dtype']}, {one['budget']:,} picks" if "rows" in one else ""
        known = [device for device in ("cpu", "cuda") if f"{device}_seconds" in one]
        times = ", ".join(f"{device} {one[f'{device}_seconds']:.3f} s" for device in known)
        rows.append(f"  {name:<16}{shape} {times}: {one['status']}")
        rows += [f"    | {line}" for line in one.get("output", [])]
    return rows


def ratio_rows(entry: Json) -> list[str]:
    rows = []
    for size in ("small", "large"):
        for tool, one in entry.get(size, {}).items():
            rows.append(f"  {size}, {tool}: {one['status']}")
    return rows + [ratio_row(one) for one in entry.get("ratios", [])]


def ratio_row(one: Json) -> str:
    many = f"{one['pools']} x " if "pools" in one else ""
    shape = f"  {many}{one['rows']:,} x {one['dimensions']} {one['dtype']}, {one['budget']:,} picks: "
    if one.get("dry_run"):
        return shape + "no ratio, a dry run"
    if many:
        return f"{shape}farpoint {one['farpoint_seconds'] * 1e3:.3f} ms, {one['times_faster']:.2f}x torch"
    part = "" if one["torch_whole_budget_timed"] else f", a pick: torch was timed over its first {one['torch_picks_timed']:,}"
    target = f"target {one['target']:g}x" + (" under 1 ms" if one["size"] == "small" else "")
    return (
        f"{shape}farpoint {one['farpoint_seconds'] * 1e3:.3f} ms, "
        f"{one['times_faster']:.2f}x torch{part} ({target}: {'reached' if one['reached'] else 'missed'}); "
        f"device memory {megabytes(one['farpoint_device_bytes'])} of {megabytes(one['farpoint_allowed_bytes'])} allowed, "
        f"torch's beside the pool {megabytes(one['torch_bytes_beside_pool'])}"
    )


def megabytes(count: float | None) -> str:
    return "unknown" if count is None else f"{count / 1e6:.0f} MB"


def foot(record: Json, path: Path) -> str:
    verdict = "passed" if record["passed"] else "FAILED"
    if record["not_asked_for"]:
        verdict += f", without {', '.join(record['not_asked_for'])}"
    dry = "; a dry run, whose figures mean nothing" if record["dry_run"] else ""
    return f"\n{verdict} in {record['elapsed_seconds']:.0f} s{dry}; record: {path}"
