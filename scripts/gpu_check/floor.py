"""What a run cannot be faster than at rates measured beside it, and a refresh's share of the vendor's rate of matrix products."""

from __future__ import annotations

import math

from .context import BYTES
from .running import Json

# A round reads a row's bound, an f64, twice: to find the frontier's threshold, and to list the rows above it.
BOUND_BYTES = 16


def vendor_rates(matrix: Json) -> list[Json]:
    """Of halves with sums in f32, as the refresh multiplies."""
    rates = matrix.get("record", {}).get("matrix", [])
    return [one for one in rates if one["dtype"] == "f16" and "flop_per_second" in one]


def floor(run: Json, statistics: Json, rates: Json, vendor: list[Json], from_host: bool) -> Json | None:
    """Of the design: the larger of the pool's bytes once and the products needed; then a step a pick, and the frontiers. The
    products go by the best rate of any shape; those that tiles rounded up to, and canonical distances, are the engine's own."""
    if not vendor:
        return None
    n, d = run["rows"], run["dimensions"]
    bandwidth = rates["upload_bytes_per_second" if from_host else "read_bytes_per_second"]
    pairs = statistics["refresh_evaluations"] + statistics["pick_evaluations"]
    terms = {
        "bytes_once": n * d * BYTES[run["dtype"]] / bandwidth,
        "products": 2.0 * d * pairs / max(one["flop_per_second"] for one in vendor),
        "picks": run["budget"] * rates["barrier_seconds"],
        "frontiers": statistics["rounds"] * n * BOUND_BYTES / rates["read_bytes_per_second"],
    }
    seconds = max(terms["bytes_once"], terms["products"]) + terms["picks"] + terms["frontiers"]
    return {"seconds": seconds, "terms": terms, "bytes_once_are_uploaded": from_host}


def refresh_share(d: int, statistics: Json, vendor: list[Json]) -> Json | None:
    """The whole phase, canonical distances and all, beside the library's product of the shape nearest to the mean round's."""
    if not vendor or not statistics["refreshed_rows"] or statistics["refresh_seconds"] <= 0:
        return None
    rows = statistics["refreshed_rows"] / statistics["rounds"]
    centers = statistics["tile_evaluations"] / statistics["refreshed_rows"]
    near = min(vendor, key=lambda one: distance(one, {"rows": rows, "centers": centers, "dimensions": d}))
    computed, needed = (
        2.0 * d * statistics[pairs] / statistics["refresh_seconds"] for pairs in ("tile_evaluations", "refresh_evaluations")
    )
    return {
        "rows_a_round": rows,
        "centers_a_row": centers,
        "flop_per_second": computed,
        "vendor_shape": [near[key] for key in ("rows", "centers", "dimensions")],
        "vendor_flop_per_second": near["flop_per_second"],
        "share": computed / near["flop_per_second"],
        "share_of_needed": needed / near["flop_per_second"],
    }


def distance(one: Json, other: Json) -> float:
    """Another number of dimensions is the worst: it is the length of every sum."""
    return sum(
        weight * abs(math.log(one[key] / max(1.0, other[key])))
        for key, weight in (("rows", 1), ("centers", 1), ("dimensions", 100))
    )
