"""Differences to random, paired by seed: of whole curves, and at each point."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from farpoint_experiments.statistics import RANDOM, Comparison

from .analysis import Analysis
from .markup import Markup, count, details, interval, joined, percent, points, section, table, tag
from .palette import FAINT, INK, RULE, SOFT, Look
from .plots import figure, panel, shortened, svg, title


def differences_section(of: Analysis) -> Markup:
    if not of.comparisons:
        return Markup("")
    words = "Difference of mean accuracy to random: " + "; ".join(
        f"{one.strategy} {points(one.area.mean)} ({interval(one.area)})" for one in of.comparisons
    )
    height = 70 + 26 * len(of.comparisons)
    whole = [_forest(of, width, height, words, kind) for width, kind in ((1000, "wide"), (380, "narrow"))]
    panels = tag("div", *(_panel(one, of, _limits(of)) for one in of.comparisons), class_="panels")
    note = (
        "Same first pool and same network seed on both sides of a pair; lines are 95 % intervals by a paired t-test, absent where"
        " fewer than two seeds can be paired. In the small figures a line that reaches the edge goes on beyond it."
    )
    return section(
        "Difference to random",
        tag("p", note, class_="small"),
        *whole,
        _table(of),
        tag("h3", "Point by point"),
        panels,
        details("The numbers", _by_point(of)),
    )


def _forest(of: Analysis, width: int, height: int, words: str, kind: str) -> Markup:
    drawn, axes = figure(width, height)
    axes.grid(False)
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.axvline(0, color=INK, linewidth=1.6)
    places = range(len(of.comparisons), 0, -1)
    for place, one in zip(places, of.comparisons):
        look = of.looks[one.strategy]
        color = look.color if look.is_named else SOFT
        axes.plot([one.area.low, one.area.high], [place, place], color=color, linewidth=2.4, solid_capstyle="round")
        axes.plot(one.area.mean, place, color=color, marker=look.marker or "o", markersize=8, markeredgewidth=0)
    axes.set_yticks(places, [shortened(one.strategy, 40 if kind == "wide" else 18) for one in of.comparisons], color=INK)
    axes.set_ylim(0.4, len(of.comparisons) + 0.6)
    axes.xaxis.set_major_formatter(_points_of)
    title(axes, "points of accuracy, mean over the curve", SOFT)
    return svg(drawn, f"forest-{width}", words, kind)


def _points_of(value: float, _: int) -> str:
    return points(value, 1) if round(value, 6) else "0"


def _limits(of: Analysis) -> tuple[float, float]:
    """One scale for all panels: it holds every mean, and intervals as far as the means' range beyond them."""
    means = [one.mean for compared in of.comparisons for one in compared.points if not math.isnan(one.mean)] or [0.0]
    ends = [
        end for compared in of.comparisons for one in compared.points for end in (one.low, one.high) if not math.isnan(end)
    ] or means
    reach = max(max(means) - min(means), 0.002)
    low = min(-0.001, *means, max(min(ends), min(means) - reach))
    high = max(0.001, *means, min(max(ends), max(means) + reach))
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _panel(one: Comparison, of: Analysis, limits: tuple[float, float]) -> Markup:
    drawn, axes = panel(190)
    look = of.looks[one.strategy]
    color = look.color if look.is_named else SOFT
    axes.axhline(0, color=INK, linewidth=1.4)
    _whiskers(axes, one, color, look)
    axes.set_ylim(*limits)
    low, high = of.labeled[0], of.labeled[-1]
    axes.set_xlim(low - 0.04 * (high - low or 1), high + 0.04 * (high - low or 1))
    axes.set_xticks([low, high] if high > low else [low], [count(low), count(high)][: 1 + (high > low)])
    axes.yaxis.set_major_formatter(_points_of)
    title(axes, shortened(one.strategy, 36), color if color != FAINT else SOFT)
    told = "; ".join(f"{count(point)} labels {points(at.mean)} ({interval(at)})" for point, at in zip(one.labeled, one.points))
    return svg(drawn, f"panel-{one.strategy}", f"{one.strategy}, difference to random in points: {told}")


def _whiskers(axes: Axes, one: Comparison, color: str, look: Look) -> None:
    """Means and intervals; the first point is the start, which both sides share, and has no interval."""
    means = np.array([point.mean for point in one.points])
    axes.plot(one.labeled, means, color=color, linewidth=1.6, marker=look.marker or "o", markersize=5.5, markeredgewidth=0)
    for labeled, at in zip(one.labeled, one.points):
        if not math.isnan(at.low) and at.high > at.low:
            axes.plot([labeled, labeled], [at.low, at.high], color=color, linewidth=1.6, alpha=0.75)


def _table(of: Analysis) -> Markup:
    head = ["strategy", "verdict", "difference", "95 % interval", "mean over the curve", "at the end", "labels saved", "pairs"]
    rows = [_row(one, of) for one in of.comparisons]
    random = of.curves[RANDOM]
    areas = list(random.areas(random.labeled).values())
    own = percent(sum(areas) / len(areas), 2) if areas else "–"
    rows.append([RANDOM, "", "", "", own, percent(float(random.mean[-1]), 2), "", ""])
    return table(head, rows, "Difference of the area under the curve to random, in points of accuracy")


def _row(one: Comparison, of: Analysis) -> list[object]:
    areas = list(of.curves[one.strategy].areas(one.labeled).values())
    kind = one.verdict if one.verdict in ("better", "level", "worse") else "unclear"
    saved = count(round(one.saved.labels)) if one.saved and not math.isnan(one.saved.labels) else "–"
    left_out = tag("small", f" ({one.area.left_out} left out)") if one.area.left_out else ""
    return [
        one.strategy,
        tag("span", one.verdict, class_=f"badge {kind}"),
        points(one.area.mean),
        interval(one.area),
        percent(sum(areas) / len(areas), 2) if areas else "–",
        percent(float(of.curves[one.strategy].mean[-1]), 2),
        saved,
        joined(one.area.pairs, left_out),
    ]


def _by_point(of: Analysis) -> Markup:
    shown = of.labeled[1:]
    rows = []
    for one in of.comparisons:
        known = dict(zip(one.labeled, one.points))
        cells = [joined(points(known[at].mean), tag("small", f" {interval(known[at])}")) if at in known else "–" for at in shown]
        rows.append([one.strategy, *cells])
    return table(
        ["strategy", *(f"{count(point)} labels" for point in shown)], rows, "Points of accuracy above random, with the interval"
    )
