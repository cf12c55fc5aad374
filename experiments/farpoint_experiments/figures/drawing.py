"""Pictures of their own: the same file for the same figure, as PNG and as SVG."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Apart for colour-blind readers, in print too: rows, labeled, picked, and a second kind.
POOL, LABELED, PICKED, SECOND = "#c9ccd3", "#0072b2", "#d55e00", "#00795a"


def panels(count: int, width: float = 5.6, height: float = 4.6) -> tuple[Figure, list[Axes]]:
    """A figure with axes side by side, sizes in inches of one."""
    drawn = Figure(figsize=(width * count, height), layout="constrained")
    axes = drawn.subplots(1, count, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return drawn, list(axes)


def save(drawn: Figure, stem: Path) -> None:
    """`stem`.png and `stem`.svg."""
    with matplotlib.rc_context({"svg.hashsalt": stem.name, "svg.fonttype": "none"}):
        drawn.savefig(stem.with_suffix(".svg"), metadata={"Date": None})
    drawn.savefig(stem.with_suffix(".png"), dpi=160, metadata={"Software": None})
