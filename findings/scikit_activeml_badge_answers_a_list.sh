#!/usr/bin/env bash
# scikit-activeml 1.0.1: BADGE answers a list, where its docstring promises an array and the other strategies of the package give one.
#
# `skactiveml.pool.Badge.query` documents "query_indices : numpy.ndarray of shape (batch_size,)". It returns a Python list of NumPy's
# whole numbers. So loops that work with every other strategy, as by `rows.shape` or `y[rows == 3]`, fail with this one alone. Its
# utilities are an array. Farpoint makes an array of what any strategy of another package answers.
#
# Seen, with NumPy 2.4.6 and scikit-learn 1.9.1:
#   RandomSampling ndarray, UncertaintySampling ndarray, CoreSet ndarray, TypiClust ndarray, Badge list
#
# Exit code 0: as described. 1: another version behaves otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.9.1 scikit-activeml==1.0.1

seen=$("$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import Badge, CoreSet, RandomSampling, TypiClust, UncertaintySampling
from skactiveml.utils import call_func
from sklearn.linear_model import LogisticRegression

X = np.random.default_rng(0).standard_normal((60, 3))
y = np.full(60, np.nan)
y[:4] = [0, 1, 0, 1]
clf = SklearnClassifier(LogisticRegression(), classes=[0, 1])
kinds = []
for strategy in (RandomSampling, UncertaintySampling, CoreSet, TypiClust, Badge):
    rows = call_func(strategy(random_state=0).query, X=X, y=y, clf=clf, batch_size=5)
    assert len(rows) == 5 and all(4 <= row < 60 for row in rows)
    kinds.append(f"{strategy.__name__} {type(rows).__name__}")
assert "query_indices : numpy.ndarray of shape (batch_size,)" in Badge.query.__doc__
print(", ".join(kinds))
PYTHON
)
echo "$seen"
[ "$seen" = "RandomSampling ndarray, UncertaintySampling ndarray, CoreSet ndarray, TypiClust ndarray, Badge list" ]
