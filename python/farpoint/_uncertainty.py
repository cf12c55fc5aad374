"""How unsure a classifier is of rows, as weights of a selection."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from farpoint._floats import as_floats
from farpoint._terms import host, number

#: How far from 1 class probabilities may sum: bfloat16 rounds them so.
ROUNDING = 2**-8


def uncertainty(
    probabilities: Any,
    by: Literal["entropy", "margin", "least-confident"] = "entropy",
    *,
    exponent: float = 1.0,
    floor: float = 0.0,
) -> NDArray[np.float64]:
    """Weights for `farpoint.select` from class probabilities ``(n, c)``: far rows come first, unless the classifier is sure of them.

        picks = farpoint.select(embeddings, 100, weights=farpoint.uncertainty(probabilities, "margin", exponent=2))

    Returns ``(n,)`` numbers u in [0, 1]: 0 where one class is sure, 1 where all are as likely, of which the weight is
    ``floor + (1 - floor) * u ** exponent``. The next center is the row of largest weight times distance: with an exponent above 1 uncertainty decides
    more, below 1 distance does, and at 0 alone. Rows of weight 0 are picked last.

    Parameters
    ----------
    probabilities : array ``(n, c)``
        Softmax probabilities, of at least two classes.
    by : {'entropy', 'margin', 'least-confident'}
        The entropy beside the largest one, ``log(c)``; 1 less the two likeliest classes' difference; 1 less the likeliest class's probability,
        beside ``1 - 1 / c``.
    exponent : float of at least 0
    floor : float from 0 to 1
        The weight of a row that the classifier is sure of.

    Raises ValueError for what are no probabilities, such as logits, with the first row, and for an `exponent` or a `floor` out of range.
    """
    p = np.asarray(as_floats(host(probabilities), "array of probabilities"), np.float64)
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"probabilities have shape {p.shape}; they are (n, c), of at least two classes")
    finite = np.isfinite(p).all(axis=1)
    if not finite.all():
        raise ValueError(f"probabilities of row {int(np.argmin(finite))} are not finite")
    check_probabilities("probabilities", p)
    power, least = number("exponent", exponent), number("floor", floor)
    if power is None or not 0 <= power < np.inf:
        raise ValueError(f"exponent {exponent} is not a finite number of at least 0")
    if least is None or not 0 <= least <= 1:
        raise ValueError(f"floor {floor} is not a number from 0 to 1")
    if by not in _MEASURES:
        raise ValueError(f"by {by!r} is none of {', '.join(map(repr, _MEASURES))}")
    return least + (1 - least) * np.clip(_MEASURES[by](p), 0, 1) ** power


def entropy(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """``(n,)``, in nats; a probability of 0 adds 0."""
    p = np.asarray(probabilities, np.float64)
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)


def margin(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """``(n,)``: how much likelier the likeliest class is than the next; 0 of one class."""
    top = np.sort(np.asarray(probabilities, np.float64), axis=1)[:, -2:]
    return top[:, -1] - top[:, 0]


def check_probabilities(name: str, array: NDArray[Any]) -> None:
    """Refuse what is negative or does not sum to 1 along the last axis; samples are of one draw at least."""
    if array.ndim == 3 and len(array) == 0:
        raise ValueError(f"samples have shape {array.shape}: they are of no draw")
    sums = array.sum(axis=-1, dtype=np.float64)
    wrong = (np.abs(sums - 1) > ROUNDING) | (array < 0).any(axis=-1)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        raise ValueError(
            f"{name} of row {at[-1]} are none: the least is {array[at].min() if array.shape[-1] else 0:.4g} and they sum to {sums[at]:.4g}: "
            "pass softmax probabilities, not logits"
        )


_MEASURES = {
    "entropy": lambda p: entropy(p) / np.log(p.shape[1]),
    "margin": lambda p: 1 - margin(p),
    "least-confident": lambda p: (1 - p.max(axis=1)) / (1 - 1 / p.shape[1]),
}
