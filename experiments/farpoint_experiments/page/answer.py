"""The answer at a glance: does k-center beat random on this data, by how much, how sure?"""

from __future__ import annotations

import math

from farpoint_experiments.statistics import CONFIDENCE, LEVEL, RANDOM, Comparison

from .analysis import Analysis
from .markup import Markup, count, interval, joined, listing, percent, plural, points, tag

#: How a verdict is said of strategies; "not told apart" goes by its number of seeds.
SAID = {
    "better": ("beats random", "beat random"),
    "level": ("is level with random", "are level with random"),
    "worse": ("is worse than random", "are worse than random"),
}


def answer(of: Analysis, notices: Markup) -> Markup:
    """The question, the answer in a sentence, and a card for each kind of k-center and for the best other strategy.

    The notices, which must be read before the answer is believed, come between.
    """
    question = tag("h1", f"Does k-center beat random on {of.run.name}?")
    if RANDOM not in of.curves:
        return joined(question, tag("p", "Not known: this run has no rounds of random to compare with.", class_="lead"), notices)
    word, sentence = _summary(of.k_centers) if of.k_centers else ("Not known:", "this run has no rounds of a k-center strategy.")
    lead = tag("p", tag("b", word), " ", sentence, class_="lead")
    cards = [_card(one, of, "a kind of k-center") for one in of.k_centers]
    if of.best_other is not None:
        cards.append(_card(of.best_other, of, "the best of the other strategies"))
    return joined(question, lead, notices, tag("div", *cards, class_="cards"), _caution(of) if cards else "")


def _summary(kinds: list[Comparison]) -> tuple[str, str]:
    by_verdict: dict[str, list[str]] = {}
    for one in sorted(kinds, key=lambda one: _order(one.verdict)):
        by_verdict.setdefault(one.verdict, []).append(one.strategy)
    clauses = [f"{listing(names)} {_said(told, len(names))}" for told, names in by_verdict.items()]
    return _word(set(by_verdict)), "; ".join(clauses) + "."


def _order(told: str) -> int:
    return [*SAID, told].index(told)


def _said(told: str, number: int) -> str:
    if told in SAID:
        return SAID[told][number > 1]
    return f"{'is' if number == 1 else 'are'} {told.replace('told apart', 'told apart from random')}"


def _word(verdicts: set[str]) -> str:
    if verdicts == {"better"}:
        return "Yes."
    if "better" in verdicts:
        return "Some kinds do."
    return "No." if verdicts <= {"level", "worse"} else "Not shown."


def _card(one: Comparison, of: Analysis, role: str) -> Markup:
    kind = one.verdict if one.verdict in SAID else "unclear"
    badge = tag("span", one.verdict, class_=f"badge {kind}")
    name = tag(
        "div",
        tag("i", "", class_="swatch", style=f"background: {of.looks[one.strategy].variable}"),
        tag("b", one.strategy),
        badge,
        class_="name",
    )
    figure = tag("p", tag("b", points(one.area.mean)), " points of accuracy", class_="big")
    return tag("article", tag("p", role, class_="kind"), name, figure, *(tag("p", sentence) for sentence in sentences(one, of)))


def sentences(one: Comparison, of: Analysis) -> list[str]:
    """What is known of a strategy beside random, in plain words."""
    if not one.area.pairs:
        return ["No seed has all points of both this and random yet: nothing to compare."]
    said = [_by_how_much(one), _at_the_end(one, of), _labels(one)]
    if one.area.left_out:
        said.append(
            f"{plural(one.area.left_out, 'seed')} left out: this or random lacks rounds of"
            f" {'it' if one.area.left_out == 1 else 'them'}."
        )
    random = of.curves[RANDOM].labeled
    if one.labeled[-1] < random[-1]:
        said.append(f"Compared up to {count(one.labeled[-1])} labels only; random's curve goes on to {count(random[-1])}.")
    return said


def _by_how_much(one: Comparison) -> str:
    middle = points(abs(one.area.mean))[1:]
    side = "from it" if middle == "0.00" else "above" if one.area.mean > 0 else "below"
    said = {
        "better": f"{one.strategy} beats random by {middle} points",
        "worse": f"{one.strategy} is worse than random by {middle} points",
        "level": f"{one.strategy} is level with random, {middle} points {side}",
    }.get(one.verdict, f"{one.strategy} is not told apart from random; its mean is {middle} points {side}")
    span = f"on average from {count(one.labeled[0])} to {count(one.labeled[-1])} labels"
    if one.area.pairs == 1:
        return f"{said}, {span}. One seed has no interval."
    return f"{said}, {span}; {100 * CONFIDENCE:.0f} % interval {interval(one.area)}, {one.area.pairs} paired seeds."


def _at_the_end(one: Comparison, of: Analysis) -> str:
    last, end = one.labeled[-1], one.points[-1]
    own, random = (of.curves[name].at(last) for name in (one.strategy, RANDOM))
    both = sorted(own.keys() & random.keys())
    means = [sum(known[seed] for seed in both) / len(both) for known in (own, random)]
    known = "" if math.isnan(end.low) else f" ({interval(end)})"
    return f"At {count(last)} labels: {percent(means[0])} against {percent(means[1])}, {points(end.mean)} points{known}."


def _labels(one: Comparison) -> str:
    saved = one.saved
    if saved is None or math.isnan(saved.labels):
        return "Labels saved: not known."
    needs = (
        f"{percent(saved.accuracy)} takes {count(saved.strategy_labels)} labels with it, {count(saved.random_labels)} with random"
    )
    whole = round(saved.labels)
    if whole == 0:
        return f"Labels saved: none; {needs}."
    return f"Labels {'saved' if whole > 0 else 'lost'}: about {count(abs(whole))}; {needs}."


def _caution(of: Analysis) -> Markup:
    number = len(of.comparisons)
    chance = number * (1 - CONFIDENCE)
    return tag(
        "p",
        "Points are hundredths of test accuracy, averaged over the curve. Level means an interval within"
        f" {100 * LEVEL:g} points of 0. Each interval stands for itself: were all"
        f" {plural(number, 'strategy', 'strategies')} here as good as random, {chance:.2g} of them would be expected to look"
        " better or worse by chance. The best other strategy was chosen after its result was known. Labels saved are read off the"
        " mean curves, and have no interval.",
        class_="small",
    )
