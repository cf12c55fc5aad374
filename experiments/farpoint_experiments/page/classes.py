"""Which classes a strategy picks: the mean share of each, and the most taken one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from farpoint_experiments.lines import number
from farpoint_experiments.statistics import RANDOM

from .analysis import Analysis
from .markup import Markup, details, percent, section, table, tag
from .palette import FAINT, INK, SOFT
from .plots import panel, shortened, svg, title


@dataclass(frozen=True)
class Shares:
    """The classes of one strategy's picks."""

    strategy: str
    #: ``(classes,)``, the mean over its rounds.
    mean: np.ndarray
    #: The largest share that one class has in one round: the class, its share, the round and the seed.
    peak: tuple[int, float, int, int]

    @property
    def most(self) -> int:
        """The class taken most."""
        return int(np.argmax(self.mean))


def shares(strategy: str, records: list[dict[str, Any]]) -> Shares | None:
    """None where no round tells its classes."""
    told = [(one, _counts(one)) for one in records if one["round"] > 0 and _counts(one)]
    widest = max((len(counts) for _, counts in told), default=0)
    known = [(one, counts) for one, counts in told if len(counts) == widest]
    if not known:
        return None
    each = np.array([counts for _, counts in known], dtype=float)
    each /= each.sum(axis=1, keepdims=True)
    at, most = divmod(int(np.argmax(each)), widest)
    return Shares(strategy, each.mean(axis=0), (most, float(each[at, most]), known[at][0]["round"], known[at][0]["seed"]))


def _counts(record: dict[str, Any]) -> list[float]:
    counts = record.get("class_counts")
    if not isinstance(counts, list) or any(math.isnan(number(value)) or value < 0 for value in counts):
        return []
    return counts if sum(counts) > 0 else []


def classes_section(of: Analysis) -> Markup:
    found = [shares(name, of.run.of(name)) for name in of.ranked]
    known = [one for one in found if one is not None]
    if not known:
        return Markup("")
    names = _names(of, max(len(one.mean) for one in known))
    random = next((one for one in known if one.strategy == RANDOM), None)
    highest = max(float(one.mean.max()) for one in known)
    panels = tag("div", *(_panel(one, of, names, random, highest) for one in known), class_="panels")
    beside = "; the dark line is random's share of the class" if random else ""
    note = (
        f"Mean share of each class among the rows picked in a round, over rounds and seeds{beside}."
        " The class taken most is named."
    )
    return section(
        "Classes of the picks",
        tag("p", note, class_="small"),
        panels,
        _peaks(known, names),
        details("The numbers", _table(known, names)),
    )


def _names(of: Analysis, number: int) -> list[str]:
    told = of.run.about.get("classes")
    if isinstance(told, list) and len(told) == number:
        return [str(name) for name in told]
    return [f"class {at}" for at in range(number)]


def _panel(one: Shares, of: Analysis, names: list[str], random: Shares | None, highest: float) -> Markup:
    drawn, axes = panel(160)
    look = of.looks[one.strategy]
    color = look.color if look.is_named else SOFT
    at = np.arange(len(one.mean))
    axes.bar(at, one.mean, width=0.78, color=[color if row == one.most else FAINT for row in at])
    if random is not None and random is not one and len(random.mean) == len(one.mean):
        axes.hlines(random.mean, at - 0.39, at + 0.39, color=INK, linewidth=1.6)
    axes.annotate(
        f"{shortened(names[one.most], 16)} {percent(one.mean[one.most], 0)}",
        (one.most, one.mean[one.most]),
        (0, 4),
        textcoords="offset points",
        ha="left" if one.most < len(at) / 3 else "right" if one.most > 2 * len(at) / 3 else "center",
        color=color,
        fontsize=11.5,
    )
    axes.set_ylim(0, 1.15 * highest)
    axes.set_xticks([])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    title(axes, shortened(one.strategy, 36), color)
    told = ", ".join(f"{name} {percent(share)}" for name, share in zip(names, one.mean))
    return svg(drawn, f"classes-{one.strategy}", f"Classes of the picks of {one.strategy}: {told}")


def _peaks(known: list[Shares], names: list[str]) -> Markup:
    rows = [
        [
            one.strategy,
            names[one.most],
            percent(one.mean[one.most]),
            names[one.peak[0]],
            percent(one.peak[1]),
            f"round {one.peak[2]}, seed {one.peak[3]}",
        ]
        for one in known
    ]
    head = ["strategy", "most taken class", "mean share", "most in one round", "its share", "there"]
    return table(head, rows, "How one-sided the picks are")


def _table(known: list[Shares], names: list[str]) -> Markup:
    rows = []
    for one in known:
        cells = [tag("b", percent(share)) if at == one.most else percent(share) for at, share in enumerate(one.mean)]
        rows.append([one.strategy, *cells, *["–"] * (len(names) - len(cells))])
    return table(["strategy", *names], rows, "Mean share of each class; the most taken in bold")
