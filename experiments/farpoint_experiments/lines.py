"""What a line of `rounds.jsonl` must have, for a page and for going on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .statistics import START

Line = dict[str, Any]

#: What every line must have, and the type it has.
NEEDED = {"strategy": str, "seed": int, "round": int, "labeled": int}
#: What a strategy goes on from, besides.
NEEDED_TO_GO_ON = {"picks": list, "details": dict}


def fault(line: Any, needed: dict[str, type] = NEEDED) -> str | None:
    """What is wrong with a line, in words that follow its name."""
    if not isinstance(line, dict):
        return "is no table"
    for key, kind in needed.items():
        if not isinstance(line.get(key), kind) or isinstance(line[key], bool):
            return f"has no {key}"
    accuracy = number(line.get("accuracy"))
    if math.isnan(accuracy):
        return "has no accuracy"
    return None if 0 <= accuracy <= 1 else f"has an accuracy of {accuracy:g}, which is not from 0 to 1"


def number(value: Any) -> float:
    """A finite number, or NaN."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else math.nan


def by_round(lines: Sequence[Line], initial: int, budget: int) -> dict[tuple[int, str], list[Line]]:
    """The lines of each seed and strategy, in the order of their rounds: 1, 2, ..., or 0 alone of the start.

    Raises
    ------
    ValueError
        A round that is there twice, one that is missing before another, a number of labels that is not its round's.
    """
    found: dict[tuple[int, str], dict[int, tuple[int, Line]]] = {}
    for at, line in enumerate(lines, 1):
        rounds, round_ = found.setdefault((line["seed"], line["strategy"]), {}), line["round"]
        if round_ in rounds:
            raise ValueError(f"line {at} is {_name(line)}, which line {rounds[round_][0]} is already")
        if line["labeled"] != initial + round_ * budget:
            raise ValueError(f"line {at} is {_name(line)}, with {line['labeled']} labels, not {initial} + {round_} x {budget}")
        rounds[round_] = at, line
    return {key: _in_order(rounds, 0 if key[1] == START else 1) for key, rounds in found.items()}


def _in_order(rounds: dict[int, tuple[int, Line]], first: int) -> list[Line]:
    ordered = [rounds[round_] for round_ in sorted(rounds)]
    for round_, (at, line) in enumerate(ordered, first):
        if line["round"] != round_:
            raise ValueError(f"line {at} is {_name(line)}, and round {round_} is not there")
    return [line for _, line in ordered]


def _name(line: Line) -> str:
    return f"{line['strategy']}, seed {line['seed']}, round {line['round']}"
