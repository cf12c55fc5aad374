"""Strategies that draw rows: at random, and by their loss under labels that only an experiment knows."""

from __future__ import annotations

import numpy as np

from farpoint.learning._strategy import Answer, Question, Strategy


class Random(Strategy):
    """Candidates drawn without replacement, all alike."""

    def choose(self, question: Question) -> Answer:
        return Answer(question.generator.choice(question.candidates, question.budget, replace=False))


class Oracle(Strategy):
    """Candidates drawn without replacement with probabilities in proportion to their loss: the paper's best oracle uncertainty.

    Where fewer candidates than the budget have a loss above 0, the others are drawn alike.
    """

    inputs = frozenset({"losses"})

    def choose(self, question: Question) -> Answer:
        losses = np.asarray(question.losses, np.float64)[question.candidates]
        if (losses < 0).any():
            raise ValueError(f"the loss of row {question.candidates[np.argmax(losses < 0)]} is negative")
        wanted, draw = question.candidates[losses > 0], question.generator
        chance = losses[losses > 0] / losses.sum() if len(wanted) else None
        rows = draw.choice(wanted, min(question.budget, len(wanted)), replace=False, p=chance) if len(wanted) else wanted
        rest = draw.choice(question.candidates[losses == 0], question.budget - len(rows), replace=False)
        return Answer(np.concatenate([rows, rest]))
