#!/usr/bin/env bash
# scikit-matter 0.4.1: `FPS` with a `score_threshold` leaves out the last pick that reaches the threshold, and counts it.
#
# The docstring says that selection "will stop when the score falls below the threshold". The picks of a run without a threshold have distances of
# which, say, 8 are at least 6. With `score_threshold=6` there are 7 picks in `selected_idx_`, the beginning of the other run, and `n_selected_` is 8.
# So the last row kept out is still as far as the threshold from all that were kept: a cover that should hold at this distance does not.
# Farpoint's `farpoint.adapters.skmatter` keeps it.
#
# Seen, with NumPy 2.4.6 and scikit-learn 1.8.0, 20 of 500 normal rows; threshold: picks that reach it, picks kept, n_selected_:
#   6: 8 7 8, 5: 12 11 12, 4.5: 14 13 14
#
# Exit code 0: as described. 1: another version behaves otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 scikit-learn==1.8.0 skmatter==0.4.1

seen=$("$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from skmatter.sample_selection import FPS

rows = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32).astype(np.float64)
whole = FPS(n_to_select=20, initialize=0).fit(rows)
distances, lines = whole.get_select_distance(), []
for threshold in (6, 5, 4.5):
    found = FPS(n_to_select=20, initialize=0, score_threshold=threshold).fit(rows)
    kept = len(found.selected_idx_)
    assert (found.selected_idx_ == whole.selected_idx_[:kept]).all()
    lines.append(f"{threshold}: {(distances >= threshold).sum()} {kept} {found.n_selected_}")
print(", ".join(lines))
PYTHON
)
echo "$seen"
[ "$seen" = "6: 8 7 8, 5: 12 11 12, 4.5: 14 13 14" ]
