"""How far rows are from labeled ones, before and after a round, and what robust selections prove."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farpoint_experiments.lines import number
from farpoint_experiments.statistics import mean

from .analysis import Analysis
from .markup import Markup, count, joined, percent, section, table, tag


def radii_section(of: Analysis) -> Markup:
    return joined(_radii(of), _certificates(of))


def _radii(of: Analysis) -> Markup:
    shown = of.labeled[1:]
    rows = [[name, *(_change(of, name, point) for point in shown)] for name in of.ranked]
    rows = [row for row in rows if any(cell != "–" for cell in row[1:])]
    if not rows:
        return Markup("")
    note = (
        "The largest distance of a pool row to a labeled row, before and after the round's picks, in the features that were"
        " selected from. Each round has a network of its own, so only the two sides of an arrow can be compared, and strategies"
        " only as far as their shares."
    )
    head = ["strategy", *(f"to {count(point)} labels" for point in shown)]
    return section(
        "Coverage radius",
        tag("p", note, class_="small"),
        table(head, rows, "Means over seeds; in grey, what is left of the radius"),
    )


def _change(of: Analysis, name: str, labeled: int) -> Markup | str:
    known = [
        (number(one.get("radius_before")), number(one.get("radius"))) for one in of.run.of(name) if one["labeled"] == labeled
    ]
    known = [pair for pair in known if not any(math.isnan(value) for value in pair)]
    if not known:
        return "–"
    before, after = (mean(side) for side in zip(*known))
    left = percent(after / before, 0) if before > 0 else "–"
    return joined(f"{before:.3g} → {after:.3g}", tag("small", f" {left}"))


@dataclass(frozen=True)
class Proven:
    """What a robust selection proved: the best radius lies from `lower` to `upper`."""

    lower: float
    upper: float
    #: NaN where it is not told.
    greedy_radius: float

    @property
    def gap(self) -> float:
        return (self.upper - self.lower) / self.upper if self.upper > 0 else 0.0


def proven(record: Mapping[str, Any], folder: Path | None) -> Proven | None:
    """Of a robust round. Its certificate says the upper side: the round's radius may be that of all rows, outliers among them."""
    details = record.get("details")
    if not isinstance(details, Mapping):
        return None
    certificate = _certificate(details.get("certificate"), folder)
    lower = number(details.get("lower", certificate.get("lower")))
    upper = number(certificate.get("upper", details.get("upper", record.get("radius"))))
    if math.isnan(lower) or math.isnan(upper):
        return None
    return Proven(lower, upper, number(details.get("greedy_radius")))


def _certificate(told: Any, folder: Path | None) -> Mapping[str, Any]:
    """The certificate, or what its file in the folder says; empty where there is neither."""
    if isinstance(told, str) and folder is not None and (folder / told).resolve().is_relative_to(folder.resolve()):
        try:
            told = json.loads((folder / told).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = None
    if not isinstance(told, Mapping):
        return {}
    inner = told.get("certificate")
    return inner if isinstance(inner, Mapping) else told


def _certificates(of: Analysis) -> Markup:
    rows = []
    for name in of.ranked:
        for point in of.labeled:
            told = [found for one in of.run.of(name) if one["labeled"] == point and (found := proven(one, of.run.folder))]
            if told:
                rows.append([name, count(point), *_cells(told)])
    if not rows:
        return Markup("")
    note = (
        "No choice of as many rows has a radius below the lower bound; the gap is (upper - lower) / upper."
        " 0 means that no better choice exists."
    )
    head = ["strategy", "labels", "proven best", "gap, mean", "gap, most", "lower", "upper", "upper / greedy's"]
    return section("What robust selections prove", tag("p", note, class_="small"), table(head, rows, "Over seeds"))


def _cells(told: list[Proven]) -> list[str]:
    gaps = [one.gap for one in told]
    ratios = [one.upper / one.greedy_radius for one in told if one.greedy_radius > 0]
    return [
        f"{sum(gap <= 0 for gap in gaps)} of {len(gaps)}",
        percent(mean(gaps), 3),
        percent(max(gaps), 3),
        f"{mean(one.lower for one in told):.4g}",
        f"{mean(one.upper for one in told):.4g}",
        f"{mean(ratios):.4f}" if ratios else "–",
    ]
