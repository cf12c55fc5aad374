"""`coreset_sampling`: a query strategy for modAL's learners (0.4.2 or later). modAL itself is not imported."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import farpoint
from farpoint._floats import as_floats


def coreset_sampling(
    classifier: Any, X: Any, n_instances: int = 1, *, X_training: Any = None, **options: Any
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Query the rows of X that lie farthest from the learner's training data and from each other (greedy k-center).

        learner = ActiveLearner(estimator, query_strategy=coreset_sampling, X_training=X_start, y_training=y_start)
        rows, samples = learner.query(X_pool, n_instances=20)

    Parameters
    ----------
    classifier : modAL learner or committee
        Its training data are centers from the start: `classifier.X_training`, of a committee that of all its learners. If it is set
        to `on_transformed`, distances are between samples as its pipeline transforms them.
    X : (n, ...) array, data frame, sparse matrix or list
        The pool of samples without a label. Samples of more than one dimension are flattened, sparse ones made dense; float64
        is seen as it is, everything else as float32, or float64 for whole numbers that float32 has not.
    n_instances : int
        How many to query.
    X_training : as X
        Centers in the place of the classifier's training data, for learners that keep none, such as `DeepActiveLearner`.
    **options
        Go to `farpoint.select`: `metric="cosine"`, `weights=` (an uncertainty), `exclude=`, `first=` (which row is first where there
        are no training data), ... `functools.partial(coreset_sampling, metric="cosine")` makes a strategy of them.

    Returns
    -------
    query_idx : (n_instances,) int64
        Rows of X, farthest first.
    distances : (n_instances,) float64
        How far each was from the training data and the rows before it: the metric that `learner.query(..., return_metrics=True)`
        gives. Infinite for a first row without training data.

    Raises
    ------
    ValueError
        Too few rows, values that are not finite; a learner that keeps no training data, without `X_training`.
    TypeError
        Values that are no real numbers, or whole numbers beyond 2**53, which float64 would round.

    A pair is returned since modAL would take a lone array of two rows for rows and metrics. It calls a strategy that raises once
    more, whatever was raised, so an error or Ctrl-C comes after a second attempt.
    """
    on_transformed = getattr(classifier, "on_transformed", False)
    seen = classifier.transform_without_estimating if on_transformed else lambda samples: samples
    known = _training_data(classifier) if X_training is None else [X_training]
    vectors = [_dense(seen(samples)) for samples in known]
    selection = farpoint.select(
        _as_rows(_dense(seen(X)), "pool"),
        n_instances,
        labeled_vectors=_as_rows(np.concatenate(vectors), "array of training data") if vectors else None,
        **options,
    )
    return selection.centers, np.concatenate([[selection.initial_radius], selection.radii[:-1]])


def _training_data(classifier: Any) -> list[Any]:
    """What the learner, or each of a committee's, was trained on so far."""
    learners = getattr(classifier, "learner_list", [classifier])
    if not all(hasattr(learner, "X_training") for learner in learners):
        raise ValueError(f"{type(classifier).__name__} does not keep its training data: give X_training")
    return [learner.X_training for learner in learners if learner.X_training is not None]


def _dense(samples: Any) -> NDArray[Any]:
    return samples.toarray() if hasattr(samples, "toarray") else np.asarray(samples)  # scipy's sparse matrices have it


def _as_rows(samples: NDArray[Any], what: str) -> NDArray[np.floating]:
    return as_floats(samples, what).reshape(len(samples), math.prod(samples.shape[1:]))
