"""Strategies that give each row a score and take the highest: uncertainty, of one softmax or of several draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farpoint._uncertainty import entropy, margin
from farpoint.learning._strategy import Answer, Question, Strategy


class Ranked(Strategy):
    """The candidates of highest score, ties to the lowest row."""

    def score(self, question: Question) -> NDArray[np.float64]:
        """``(n,)``: how much each row is wanted."""
        raise NotImplementedError

    def choose(self, question: Question) -> Answer:
        scores = self.score(question)[question.candidates]
        order = np.argsort(-scores, kind="stable")[: question.budget]
        return Answer(question.candidates[order], scores)


class MaxEntropy(Ranked):
    """Largest entropy of the class probabilities."""

    inputs = frozenset({"probabilities"})

    def score(self, question: Question) -> NDArray[np.float64]:
        return entropy(question.probabilities)


class Margin(Ranked):
    """Smallest difference between the two likeliest classes."""

    inputs = frozenset({"probabilities"})

    def score(self, question: Question) -> NDArray[np.float64]:
        return -margin(question.probabilities)


class LeastConfident(Ranked):
    """Least probability of the likeliest class. Of one softmax it is what the paper calls variation ratios."""

    inputs = frozenset({"probabilities"})

    def score(self, question: Question) -> NDArray[np.float64]:
        return 1 - np.asarray(question.probabilities, np.float64).max(axis=1)


class Bald(Ranked):
    """Largest mutual information of label and draw: the entropy of the mean less the mean entropy (Houlsby et al. 2011).

    Of one draw it is 0 for every row, so at least two are needed.
    """

    inputs = frozenset({"samples"})

    def score(self, question: Question) -> NDArray[np.float64]:
        draws = question.samples
        if len(draws) < 2:
            raise ValueError(f"BALD of {len(draws)} draw is 0 for every row: it needs at least 2")
        return entropy(mean(draws)) - sum(entropy(draw) for draw in draws) / len(draws)


class VariationRatios(Ranked):
    """Least mean probability of the likeliest class over the draws: ``1 - max_c p(c)`` (Gal et al. 2017)."""

    inputs = frozenset({"samples"})

    def score(self, question: Question) -> NDArray[np.float64]:
        return 1 - mean(question.samples).max(axis=1)


class SampledEntropy(Ranked):
    """Largest entropy of the mean class probabilities over the draws (Gal et al. 2017)."""

    inputs = frozenset({"samples"})

    def score(self, question: Question) -> NDArray[np.float64]:
        return entropy(mean(question.samples))


def mean(draws: NDArray[Any]) -> NDArray[np.float64]:
    """``(n, c)``: the mean of ``(t, n, c)``, without a copy of all draws."""
    return np.add.reduce(draws, axis=0, dtype=np.float64) / len(draws)
