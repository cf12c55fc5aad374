"""HTML in pieces. Text is escaped here; what is markup already is `Markup`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from farpoint_experiments.statistics import Interval


class Markup(str):
    """Text that is HTML already."""


def text(value: object) -> Markup:
    """The value as HTML; markup as it is."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def joined(*pieces: object) -> Markup:
    return Markup("".join(text(piece) for piece in pieces))


def tag(name: str, *pieces: object, **attributes: str) -> Markup:
    """An element; `class_` is the attribute class."""
    listed = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{listed}>{joined(*pieces)}</{name}>")


def section(title: str, *pieces: object) -> Markup:
    return tag("section", tag("h2", title), *pieces)


def details(summary: str, *pieces: object) -> Markup:
    return tag("details", tag("summary", summary), *pieces)


def table(head: Sequence[object], rows: Iterable[Sequence[object]], caption: object = "") -> Markup:
    """A table that scrolls by itself where the page is narrow; the first cell of a row names it."""
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    heads = [tag("th", cell, scope="col") for cell in head]
    named = tag("caption", caption) if caption else ""
    whole = tag("table", named, tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex="0")


def percent(share: float, digits: int = 1) -> str:
    """An accuracy or a share."""
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def points(difference: float, digits: int = 2) -> str:
    """A difference of accuracies in points, with its sign."""
    if math.isnan(difference):
        return "–"
    return f"{100 * difference:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def interval(of: Interval) -> str:
    """The interval in points; a word where there is none."""
    return "no interval" if math.isnan(of.low) else f"{points(of.low)} to {points(of.high)}"


def count(number: float) -> str:
    """A whole number with its thousands apart."""
    return "–" if math.isnan(number) else f"{number:,.0f}".replace("-", "\N{MINUS SIGN}")


def seconds(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.0f} s" if value >= 100 else f"{value:.3g} s" if value >= 0.1 else f"{1000 * value:.3g} ms"


def plural(number: int, noun: str, several: str = "") -> str:
    """A number of things; `several` is the noun's plural where it is not one letter longer."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def listing(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
