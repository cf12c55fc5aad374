"""Accuracy over labels: a figure for wide pages, one for narrow ones, and a table."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from farpoint_experiments.statistics import RANDOM, Curve

from .analysis import Analysis
from .markup import Markup, count, details, joined, percent, section, table, tag
from .palette import RULE, SOFT, Look
from .plots import figure, shortened, spread, svg, title


def curves_section(of: Analysis) -> Markup:
    if not of.curves:
        return section("Accuracy", tag("p", "No strategy has finished a round after the first pool yet."))
    words = f"Test accuracy over labeled rows; best first: {', '.join(of.ranked)}"
    wide, narrow = _drawn(of, 1000, 500, True, words), _drawn(of, 380, 360, False, words)
    note = tag("p", "Means over seeds; bands are one standard deviation, of the strategies in colour.", class_="small")
    return section("Accuracy over labels", wide, narrow, _legend(of), note, details("The numbers", _table(of)))


def _drawn(of: Analysis, width: int, height: int, is_wide: bool, words: str) -> Markup:
    drawn, axes = figure(width, height)
    shown = sorted(of.ranked, key=lambda name: (of.looks[name].is_named, name == RANDOM))
    for name in shown:
        _line(axes, of.curves[name], of.looks[name])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    _label_ticks(axes, of.labeled, 8 if is_wide else 4)
    axes.set_xlabel("rows labeled", color=SOFT, fontsize=12.5)
    title(axes, "test accuracy")
    axes.margins(x=0.02)
    if is_wide:
        _direct_labels(axes, of)
    return svg(drawn, f"curves-{width}", words, "wide" if is_wide else "narrow")


def _label_ticks(axes: Axes, labeled: tuple[int, ...], most: int) -> None:
    step = math.ceil(len(labeled) / most)
    shown = labeled[::-1][::step][::-1]
    axes.set_xticks(shown, [count(point) for point in shown])


def _line(axes: Axes, curve: Curve, look: Look) -> None:
    is_random = curve.strategy == RANDOM
    width = 2.6 if is_random else 2 if look.is_named else 1.2
    style = (0, (5, 2)) if is_random else "-"
    axes.plot(
        curve.labeled,
        curve.mean,
        color=look.color,
        linewidth=width,
        linestyle=style,
        marker=look.marker,
        markersize=6,
        markeredgewidth=0,
    )
    if look.is_named:
        spread_by = np.nan_to_num(curve.deviation)
        axes.fill_between(
            curve.labeled, curve.mean - spread_by, curve.mean + spread_by, color=look.color, alpha=0.11, linewidth=0
        )


def _direct_labels(axes: Axes, of: Analysis) -> None:
    """Names at the curves' ends, apart from each other."""
    low, high = axes.get_ylim()
    ends = [float(of.curves[name].mean[-1]) for name in of.ranked]
    gap = (high - low) / max(24, len(ends))
    places = spread(ends, gap, low + gap / 2, high - gap / 2)
    for name, end, place in zip(of.ranked, ends, places):
        look, last = of.looks[name], of.curves[name].labeled[-1]
        axes.annotate(
            f"{shortened(name)}  {percent(end)}",
            xy=(last, end),
            xytext=(1.025, place),
            textcoords=axes.get_yaxis_transform(),
            color=look.color if look.is_named else SOFT,
            fontsize=12.5,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": RULE, "shrinkA": 1, "shrinkB": 5, "relpos": (0, 0.5)},
        )


def _legend(of: Analysis) -> Markup:
    """The order at the ends of the curves, for narrow pages."""
    ends = sorted(of.curves.values(), key=lambda curve: -curve.mean[-1])
    entries = [
        tag(
            "li",
            tag("i", "", class_="swatch", style=f"background: {of.looks[one.strategy].variable}"),
            one.strategy,
            " ",
            tag("span", percent(one.mean[-1])),
        )
        for one in ends
    ]
    return tag("ol", *entries, class_="legend")


def _table(of: Analysis) -> Markup:
    head = ["strategy", *(f"{count(point)} labels" for point in of.labeled)]
    rows = [[name, *(_cell(of.curves[name], point) for point in of.labeled)] for name in of.ranked]
    return table(head, rows, "Mean ± standard deviation over seeds, in percent; how many seeds, where not all have the point")


def _cell(curve: Curve, point: int) -> Markup | str:
    if point not in curve.labeled:
        return "–"
    at = curve.labeled.index(point)
    spread_by, known = curve.deviation[at], len(curve.at(point))
    around = "" if math.isnan(spread_by) else f" ± {100 * spread_by:.2f}"
    few = "" if known == len(curve.seeds) else tag("small", f" {known}/{len(curve.seeds)}")
    return joined(f"{100 * curve.mean[at]:.2f}{around}", few)
