"""Figures 3 and 4 of the paper: accuracy over labels, of a run that was made, as a picture. The run's page has it with all there is to say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from ..page.analysis import Analysis, analyse
from ..page.folder import read_run
from ..page.plots import spread
from ..statistics import RANDOM
from .drawing import panels, save
from .options import add_out

#: Lines that are told apart by colour, for colour-blind readers too; further ones are grey.
COLORS = ("#d55e00", "#0072b2", "#00795a", "#8f4a9e", "#a5700a", "#3d7ea6", "#c2457b", "#5d6470")
GREY, INK = "#9aa0ad", "#1d2230"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="of a run")
    parser.add_argument("--strategies", nargs="+", help="which to draw, by label [all]")
    add_out(parser)
    parser.set_defaults(command=lambda given: main(given.folder, given.out, strategies=given.strategies))


def main(folder: Path, out: Path, *, strategies: Sequence[str] | None = None) -> None:
    """Draws figure4.png and figure4.svg: means over seeds, with one standard deviation around them.

    Raises
    ------
    ValueError
        A strategy that the run has not; a run without a finished strategy.
    """
    of = analyse(read_run(folder))
    shown = of.ranked if strategies is None else list(strategies)
    unknown = [name for name in shown if name not in of.curves]
    if unknown or not shown:
        raise ValueError(f"{folder}: no strategy {', '.join(unknown)}; there are: {', '.join(of.ranked) or 'none'}")
    drawn, (axes,) = panels(1, 8.2, 4.8)
    ranked = [name for name in of.ranked if name in shown]
    # k-center is what the others are looked at beside: it has the strongest colour.
    colored = sorted((name for name in ranked if name != RANDOM), key=lambda name: name != "k-center")
    for name, color in zip([RANDOM, *colored], [INK, *COLORS, *[GREY] * len(ranked)]):
        if name in ranked:
            _line(axes, of, name, color)
    _names(axes, of, ranked)
    axes.set_xticks(of.labeled, [f"{labeled:,}" for labeled in of.labeled])
    axes.set_xlabel("labels")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.set_title(f"test accuracy: {of.run.config.get('title', folder.name)}", loc="left", fontsize=12)
    axes.grid(axis="y", color="#e3e5ea")
    out.mkdir(parents=True, exist_ok=True)
    save(drawn, out / "figure4")


def _line(axes: Axes, of: Analysis, name: str, color: str) -> None:
    curve = of.curves[name]
    style = "--" if name == RANDOM else "-"
    axes.plot(curve.labeled, curve.mean, style, color=color, linewidth=2, marker="o", markersize=4, label=name)
    axes.fill_between(
        curve.labeled, curve.mean - curve.deviation, curve.mean + curve.deviation, color=color, alpha=0.08, linewidth=0
    )


def _names(axes: Axes, of: Analysis, ranked: Sequence[str]) -> None:
    """At the ends of the lines, apart from each other."""
    low, high = axes.get_ylim()
    ends = [float(of.curves[name].mean[-1]) for name in ranked]
    gap = (high - low) / max(18, len(ends))
    colors = {line.get_label(): line.get_color() for line in axes.get_lines()}
    for name, end, place in zip(ranked, ends, spread(ends, gap, low, high)):
        axes.annotate(
            f"{name}  {100 * end:.1f} %",
            xy=(of.curves[name].labeled[-1], end),
            xytext=(1.02, place),
            textcoords=axes.get_yaxis_transform(),
            color=colors[name],
            fontsize=10,
            va="center",
            annotation_clip=False,
        )
