"""Seconds spent selecting against training, and how the trainings ended."""

from __future__ import annotations

import math
from typing import Any

from farpoint_experiments.lines import number
from farpoint_experiments.statistics import START, mean

from .analysis import Analysis
from .markup import Markup, joined, percent, seconds, section, table, tag

#: Most of a round's training time that a selection should take.
TARGET = 0.02


def effort_section(of: Analysis) -> Markup:
    return joined(_selecting(of), _training(of))


def average(records: list[dict[str, Any]], key: str) -> float:
    """Mean of the rounds that tell it."""
    return mean(number(one.get(key)) for one in records)


def _selecting(of: Analysis) -> Markup:
    costs = [(name, _cost(of.run.of(name))) for name in of.run.strategies]
    costs.sort(key=lambda cost: -cost[1][2] if not math.isnan(cost[1][2]) else 0)
    top = max((share for _, (_, _, share) in costs if not math.isnan(share)), default=1.0)
    rows = []
    for name, (select, train, share) in costs:
        inputs = average(of.run.of(name), "inputs_seconds")
        rows.append(
            [
                name,
                seconds(select),
                seconds(inputs),
                seconds(train),
                _bar(share, top),
                "" if math.isnan(share) else "yes" if share <= TARGET else "no",
            ]
        )
    head = ["strategy", "selecting", "its inputs", "training", "selecting / training", f"at most {percent(TARGET, 0)}"]
    return section(
        "Seconds spent selecting", table(head, rows, "Means of a round; its inputs are one pass of the network over the pool")
    )


def _cost(records: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Seconds of a selection, of a training, and their ratio; the ratio is of sums over the rounds that tell both."""
    select, train = average(records, "select_seconds"), average(records, "train_seconds")
    both = [(number(one.get("select_seconds")), number(one.get("train_seconds"))) for one in records]
    both = [pair for pair in both if not any(math.isnan(value) for value in pair)]
    trained = sum(train for _, train in both)
    return select, train, sum(select for select, _ in both) / trained if trained > 0 else math.nan


def _bar(share: float, top: float) -> Markup:
    if math.isnan(share):
        return joined("–")
    digits = 1 if share >= 0.01 or share == 0 else 2 if share >= 0.001 else 3
    return joined(percent(share, digits), tag("i", "", class_="bar", style=f"width: {100 * share / top if top > 0 else 0:.2f}%"))


def _training(of: Analysis) -> Markup:
    groups = [(name, of.run.of(name)) for name in [START, *of.run.strategies]]
    rows = [[name, *_trained(records)] for name, records in groups if records]
    head = ["strategy", "trainings", "converged", "epochs, mean", "epochs, most", "training accuracy, mean", "least"]
    note = "Theorem 1 is of networks without training error; a training that did not converge stopped at its cap of epochs."
    return section("Trainings", tag("p", note, class_="small"), table(head, rows))


def _trained(records: list[dict[str, Any]]) -> list[object]:
    told = [one["converged"] for one in records if isinstance(one.get("converged"), bool)]
    epochs = [value for one in records if not math.isnan(value := number(one.get("epochs")))]
    accuracy = [value for one in records if not math.isnan(value := number(one.get("train_accuracy")))]
    converged = f"{sum(told)} of {len(told)}" if told else "–"
    return [
        len(records),
        tag("b", converged) if told and not all(told) else converged,
        f"{mean(epochs):.1f}" if epochs else "–",
        f"{max(epochs):.0f}" if epochs else "–",
        percent(mean(accuracy), 2),
        percent(min(accuracy, default=math.nan), 2),
    ]
