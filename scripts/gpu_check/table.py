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
    rows = {"tests": test_rows, "python": python_rows, "sanitizer": sanitizer_rows, "exactness": exactness_rows, "benchmark": ratio_rows}[name]
    return "\n".join([*rows(entry), f"{name}: {entry['status']}"])


def test_rows(entry: Json) -> list[str]:
    rows = []
    for name, one in entry.get("programs", {}).items():
        counts = f"{one['passed']} passed, {one['failed']} failed, {one['ignored']} ignored"
        rows.append(f"  {name:<20}{counts}, {one['seconds']:.1f} s: {one['status']}")
        rows += [f"    {test}" for test in one.get("failing", [])]
        rows += [f"    | {line}" for line in one.get("output", [])]
    return rows


def python_rows(entry: Json) -> list[str]:
    rows = [f"  {name:<32}{told}" for name, told in entry.get("checks", {}).items()]
    return rows + [f"    | {line}" for line in entry.get("output", [])]


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
    rows = [f"  vendor's matrix rate: {entry['matrix']['status']}"] if "matrix" in entry else []
    for name, pool in entry.get("pools", {}).items():
        rows += [f"  {name}, {tool}: {pool[tool]['status']}" for tool in ("farpoint", "torch")]
        rows += [f"    | {line}" for tool in ("farpoint", "torch") for line in pool[tool].get("output", [])]
    if "huge" in entry:
        rows.append(huge_row(entry["huge"]))
    return rows + [ratio_row(one) for one in entry.get("ratios", [])]


def huge_row(one: Json) -> str:
    shape = f"  {one['rows']:,} x {one['dimensions']} {one['dtype']}, {one['budget']:,} picks: {one['status']}"
    if "prefix" not in one:
        return shape
    prefix = one["prefix"]
    held = "" if one["answers_differ"] else f"; the first {prefix['budget']:,} beside the CPU's: {prefix['status']}"
    return f"{shape}, {one['seconds']:.3f} s{held}"


def ratio_row(one: Json) -> str:
    many = f"{one['pools']} x " if "pools" in one else ""
    shape = f"  {many}{one['rows']:,} x {one['dimensions']} {one['dtype']}, {one['budget']:,} picks: "
    if one.get("dry_run"):
        return shape + "no ratio, a dry run"
    if many:
        return f"{shape}farpoint {one['farpoint_seconds'] * 1e3:.3f} ms, {one['times_faster']:.2f}x torch"
    part = "" if one["torch_whole_budget_timed"] else f", a pick: torch was timed over its first {one['torch_picks_timed']:,}"
    return (
        f"{shape}farpoint {one['farpoint_seconds'] * 1e3:.3f} ms, "
        f"{one['times_faster']:.2f}x torch{part}{asked(one)}; "
        f"device memory {megabytes(one['farpoint_device_bytes'])} of {megabytes(one['farpoint_allowed_bytes'])} allowed, "
        f"torch's beside the pool {megabytes(one['torch_bytes_beside_pool'])}"
    )


def asked(one: Json) -> str:
    if one["target"] is None:
        return ""
    limit = " under 1 ms" if one["size"] == "small" else ""
    return f" (target {one['target']:g}x{limit}: {'reached' if one['reached'] else 'missed'})"


def megabytes(count: float | None) -> str:
    return "unknown" if count is None else f"{count / 1e6:.0f} MB"


def targets(benchmark: Json) -> str:
    """Where each run's time went, then each target."""
    if "targets" not in benchmark:
        return ""
    rows = ["\n== targets"]
    for name, run in benchmark["runs"].items():
        rows += run_rows(name, run) if run is not None else [f"  {name}: not measured"]
    width = max(len(one["what"]) for one in benchmark["targets"])
    rows.append(f"  {'pool':<11}{'':<{width}}{'wanted':>9}{'measured':>11}")
    return "\n".join([*rows, *(target_row(one, width) for one in benchmark["targets"])])


def run_rows(name: str, run: Json) -> list[str]:
    phases = [one for one in run["phases"] if one["seconds"] > 0]
    told = ", ".join(f"{one['name']} {milliseconds(one['seconds'])} ({one['share_of_total']:.0%})" for one in phases)
    rows = [f"  {name}, from {run['from']}: {milliseconds(run['seconds'])}: {told}"]
    if run["floor"] is not None:
        terms = ", ".join(f"{term.replace('_', ' ')} {milliseconds(took)}" for term, took in run["floor"]["terms"].items())
        rows.append(f"    floor {milliseconds(run['floor']['seconds'])}: {terms}")
    if run["refresh"] is not None:
        rows.append(refresh_row(run["refresh"]))
    return rows


def refresh_row(one: Json) -> str:
    shape = " x ".join(f"{length:,}" for length in one["vendor_shape"])
    return (
        f"    refresh {one['flop_per_second'] / 1e12:.1f} TFLOP/s, {one['share']:.1%} of the vendor's "
        f"{one['vendor_flop_per_second'] / 1e12:.1f} at {shape}, {one['share_of_needed']:.1%} without what tiles rounded up to; "
        f"{one['rows_a_round']:,.0f} rows a round, {one['centers_a_row']:,.0f} centers a row"
    )


def target_row(one: Json, width: int) -> str:
    figure = "-" if one["measured"] is None else f"{one['measured']:.4g}"
    start = f"  {one['pool']:<11}{one['what']:<{width}}{one['wanted'] or '':>9}{figure:>11}"
    if one.get("dry_run"):
        return f"{start}  a dry run"
    if one["wanted"] is None:
        return start
    if one["measured"] is None:
        return f"{start}  NOT MEASURED"
    how, factor = ("reached", one["by"]) if one["reached"] else ("MISSED", 1 / one["by"])
    return f"{start}  {how}, by a factor of {factor:.2f}"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms"


def foot(record: Json, path: Path) -> str:
    verdict = "passed" if record["passed"] else "FAILED"
    if record["not_asked_for"]:
        verdict += f", without {', '.join(record['not_asked_for'])}"
    dry = "; a dry run, whose figures mean nothing" if record["dry_run"] else ""
    return f"\n{verdict} in {record['elapsed_seconds']:.0f} s{dry}; record: {path}"
