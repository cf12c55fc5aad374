"""Colours of strategies: k-center's kinds and the best others have one each, all others share a grey."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from farpoint_experiments.statistics import RANDOM

#: What figures draw with, and the page's variables that stand there in the end: the page knows light from dark.
VARIABLES = {
    "#010203": "--ink",
    "#020304": "--soft",
    "#030405": "--rule",
    "#040506": "--faint",
    "#050607": "--card",
    "#a00001": "--s1",
    "#a00002": "--s2",
    "#a00003": "--s3",
    "#a00004": "--s4",
    "#a00005": "--s5",
    "#a00006": "--s6",
}
INK, SOFT, RULE, FAINT, CARD, *SERIES = VARIABLES
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Look:
    """How a strategy is drawn."""

    color: str
    marker: str
    #: Whether it stands out.
    is_named: bool

    @property
    def variable(self) -> str:
        return f"var({VARIABLES[self.color]})"


def is_k_center(strategy: str) -> bool:
    """Whether the strategy is a kind of k-center; core-set is another word for it."""
    plain = strategy.lower().replace("_", "-").replace(" ", "-")
    return any(word in plain for word in ("k-center", "kcenter", "core-set", "coreset", "robust"))


def sees_labels(strategy: str) -> bool:
    """Whether the strategy looks at labels that it has not paid for: nobody can use it."""
    return "oracle" in strategy.lower()


def looks(ranked: Sequence[str], k_centers: Collection[str]) -> dict[str, Look]:
    """Looks of strategies that come best first: six in colour, k-center's kinds before the others."""
    others = [name for name in ranked if name != RANDOM and name not in k_centers]
    wanted = [name for name in ranked if name in k_centers] + sorted(others, key=sees_labels)
    named = {name: Look(color, marker, True) for name, color, marker in zip(wanted, SERIES, MARKERS)}
    rest = {name: Look(FAINT, "", False) for name in wanted[len(SERIES) :]}
    return {**named, **rest, RANDOM: Look(INK, "", True)}
