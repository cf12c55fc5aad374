"""matplotlib's figures as SVG that stands in a page: its colours are the page's, its text stays text."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .markup import Markup, text
from .palette import INK, RULE, SOFT, VARIABLES

#: Points an inch: a unit of the figure is a pixel of the page.
DPI = 72
#: How wide one of many small figures is.
PANEL = 310


def figure(width: int, height: int, size: float = 12.5) -> tuple[Figure, Axes]:
    """A figure of so many pixels, with axes in the page's colours."""
    drawn = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, layout="constrained", facecolor="none")
    axes = drawn.subplots()
    drawn.get_layout_engine().set(w_pad=2 / DPI, h_pad=4 / DPI)
    _plain(axes, size)
    return drawn, axes


def panel(height: int) -> tuple[Figure, Axes]:
    """One of many small figures, whose margins are the same and need not be found out."""
    drawn = Figure(figsize=(PANEL / DPI, height / DPI), dpi=DPI, facecolor="none")
    left, right, bottom, top = 46 / PANEL, 1 - 6 / PANEL, 24 / height, 1 - 28 / height
    axes = drawn.add_axes((left, bottom, right - left, top - bottom))
    _plain(axes, 11.5)
    return drawn, axes


def _plain(axes: Axes, size: float) -> None:
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)
    axes.tick_params(colors=SOFT, labelsize=size, length=0, pad=5)
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)


def title(axes: Axes, words: str, color: str = INK, size: float = 12.5) -> None:
    """A title at the left, above the axes."""
    axes.set_title(words, loc="left", color=color, fontsize=size, pad=8, parse_math=False)


def svg(drawn: Figure, name: str, words: str, class_: str = "") -> Markup:
    """The figure as an element; `name` keeps its ids apart from other figures', `words` are read out instead of it."""
    written = io.StringIO()
    style = {"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}
    with matplotlib.rc_context(style):
        FigureCanvasSVG(drawn).print_svg(written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    inside = re.search(r"<svg[^>]*viewBox=\"([^\"]*)\"[^>]*>(.*)</svg>", written.getvalue(), re.DOTALL)
    assert inside is not None, "matplotlib wrote no svg element"
    body = re.sub(r"<metadata>.*?</metadata>", "", inside[2], flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"/>', "", body)
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for color, variable in VARIABLES.items():
        body = body.replace(color, f"var({variable})")
    width = float(inside[1].split()[2])
    opening = f'<svg class="{class_}" role="img" aria-label="{text(words)}" viewBox="{inside[1]}" style="max-width: {width:g}px">'
    return Markup(f"{opening}{body.strip()}</svg>")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in their order and at least `gap` apart, from `low` to `high` if they fit there."""
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    places = [0.0] * len(wanted)
    floor = low
    for at in order:
        places[at] = max(wanted[at], floor)
        floor = places[at] + gap
    ceiling = high
    for at in reversed(order):
        places[at] = min(places[at], ceiling)
        ceiling = places[at] - gap
    return places


def shortened(words: str, most: int = 28) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
