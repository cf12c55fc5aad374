"""CEAL: uncertain rows for people, and labels of its own for the rows it is sure of."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from farpoint._uncertainty import entropy
from farpoint.learning._ranked import LeastConfident, Margin, MaxEntropy
from farpoint.learning._strategy import Answer, Question, Strategy

_CRITERIA = {"max-entropy": MaxEntropy, "margin": Margin, "least-confident": LeastConfident}


class Ceal(Strategy):
    """Cost-effective active learning (Wang et al. 2016): the most uncertain rows are asked for, and the surest are trusted.

    ``details_["trusted"]`` has `rows` and `labels`: the candidates not chosen whose entropy is below the threshold, and their likeliest
    classes, as columns of the probabilities. They are for the next training alone, and chosen anew each round.

    Parameters
    ----------
    criterion : {'max-entropy', 'margin', 'least-confident'}
        By which rows are asked for.
    threshold, decay : float
        Rows with less entropy than ``threshold - r * decay`` nats are trusted; 0.05 and 0.0033 are the paper's. r counts how often the
        budget goes into the rows that are labeled already.
    """

    inputs = frozenset({"probabilities"})

    def __init__(
        self,
        *,
        criterion: Literal["max-entropy", "margin", "least-confident"] = "max-entropy",
        threshold: float = 0.05,
        decay: float = 0.0033,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if criterion not in _CRITERIA:
            raise ValueError(f"criterion={criterion!r} is none of {', '.join(_CRITERIA)}")
        self.criterion = criterion
        self.threshold = threshold
        self.decay = decay

    def choose(self, question: Question) -> Answer:
        answer = _CRITERIA[self.criterion]().choose(question)
        others = np.setdiff1d(question.candidates, answer.rows)
        sure = others[entropy(question.probabilities[others]) < self.threshold_of(question)]
        trusted = {"rows": sure.tolist(), "labels": question.probabilities[sure].argmax(axis=1).tolist()}
        return Answer(answer.rows, answer.utilities, details={"trusted": trusted})

    def threshold_of(self, question: Question) -> float:
        """The threshold of this round: one less the decay for each budget of rows that is labeled already."""
        return max(0.0, self.threshold - self.decay * (len(question.labeled) // question.budget))
