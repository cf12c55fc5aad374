"""What the design asks of the engine, beside what was measured. Told, never enforced."""

from __future__ import annotations

from .context import Sizes, Subject
from .floor import floor, refresh_share, vendor_rates
from .running import Json

# By pool: at least this many times as fast as torch's best loop. The small pools' is told with their ratios.
TIMES_TORCH = {"large-f16": 50.0, "large-f32": 80.0, "small": 2.0}
# By pool: at most this many floors; at most this many seconds.
FLOORS = {"large-f16": 2.0}
SECONDS = {"wide-f32": 0.1}
REFRESH_SHARE = 0.6


def targets(entry: Json, sizes: Sizes) -> Json:
    """Of the benchmark's entry so far, where each run's time went and the targets."""
    vendor = vendor_rates(entry["matrix"])
    runs = {}
    for subject in (sizes.large, *sizes.others):
        runs[subject.name] = device_run(subject, entry["pools"][subject.name], vendor)
    runs[sizes.huge.name] = host_run(entry, vendor)
    rows: list[Json] = []
    for name, run in runs.items():
        rows += pool_targets(name, run, entry["ratios"])
    rows += [refresh_target(name, run) for name, run in runs.items()]
    return {"runs": runs, "targets": [*rows, *reported(runs, entry, sizes)]}


def device_run(subject: Subject, pool: Json, vendor: list[Json]) -> Json | None:
    """The median run from a pool that lies on the device."""
    record = pool["farpoint"].get("record", {})
    ours = next(iter(record.get("pools", [])), None)
    if ours is None:
        return None
    timed = ours["from_device"]
    found = {key: timed[key] for key in ("seconds", "phases")} | {"from": "the device"}
    return found | judged(ours, timed["statistics"], record["rates"], vendor, from_host=False)


def host_run(entry: Json, vendor: list[Json]) -> Json | None:
    huge = entry["huge"]
    if "phases" not in huge:
        return None
    found = {key: huge[key] for key in ("seconds", "phases")} | {"from": "host memory"}
    records = [pool["farpoint"].get("record", {}) for pool in entry["pools"].values()]
    rates = next((record["rates"] for record in records if "rates" in record), None)
    return found | judged(huge, huge["statistics"], rates, vendor, from_host=True)


def judged(run: Json, statistics: Json, rates: Json | None, vendor: list[Json], from_host: bool) -> Json:
    return {
        "floor": None if rates is None else floor(run, statistics, rates, vendor, from_host),
        "refresh": refresh_share(run["dimensions"], statistics, vendor),
    }


def pool_targets(name: str, run: Json | None, ratios: list[Json]) -> list[Json]:
    """Those of one pool, by what is asked of it."""
    rows = []
    if name in TIMES_TORCH:
        times = next((one["times_faster"] for one in ratios if one["size"] == name), None)
        rows.append(at_least(name, "times the best torch loop", TIMES_TORCH[name], times))
    if name in FLOORS:
        known = run is not None and run["floor"] is not None
        floors = run["seconds"] / run["floor"]["seconds"] if known else None
        rows.append(at_most(name, "total over its floor", FLOORS[name], floors))
    if name in SECONDS:
        rows.append(at_most(name, "seconds, from the device", SECONDS[name], None if run is None else run["seconds"]))
    return rows


def refresh_target(name: str, run: Json | None) -> Json:
    known = run is not None and run["refresh"] is not None
    return at_least(name, "refresh over the vendor's matrix rate", REFRESH_SHARE, run["refresh"]["share"] if known else None)


def reported(runs: Json, entry: Json, sizes: Sizes) -> list[Json]:
    """What is asked for as a figure alone."""
    huge = runs[sizes.huge.name]
    rows = [row(sizes.huge.name, "seconds, from host memory", None if huge is None else huge["seconds"])]
    rows += [row(sizes.huge.name, entry["huge"]["status"], None)] if huge is None else []
    for subject in (sizes.large, *sizes.others):
        pool = entry["pools"][subject.name]
        settled = next((one["statistics"]["settle_seconds"] for one in pool.get("picks", []) if "statistics" in one), None)
        rows.append(row(subject.name, "seconds to settle every row", settled))
        rows += [peer_row(subject.name, peer, one) for peer, one in assignments(pool).items()]
    return rows


def assignments(pool: Json) -> Json:
    return next((one["by"] for one in pool["torch"].get("record", {}).get("assignments", [])), {})


def peer_row(name: str, peer: str, one: Json) -> Json:
    if "absent" in one:
        return row(name, f"seconds of {peer} for the same: {one['absent']}", None)
    version = f" {one['version']}" if one["version"] else ""
    share = f"{one['equal_share']:.2%} of {one['rows_compared']:,} exact"
    return row(name, f"seconds of {peer}{version} for the same ({share})", one["seconds"]["median"])


def row(name: str, what: str, measured: float | None) -> Json:
    return {"pool": name, "what": what, "wanted": None, "measured": measured, "reached": None}


def at_least(name: str, what: str, wanted: float, measured: float | None) -> Json:
    """`by`: how many times the wanted, 1 and more where it is reached."""
    by = None if measured is None else measured / wanted
    return row(name, what, measured) | {"wanted": f">= {wanted:g}", "by": by, "reached": None if by is None else by >= 1}


def at_most(name: str, what: str, wanted: float, measured: float | None) -> Json:
    by = None if measured is None else wanted / measured
    return row(name, what, measured) | {"wanted": f"<= {wanted:g}", "by": by, "reached": None if by is None else by >= 1}
