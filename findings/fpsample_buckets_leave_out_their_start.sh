#!/usr/bin/env bash
# fpsample 1.0.2: the two bucket samplers take `start_idx`, say that it is the first sample, and answer without it.
#
# The docstrings of `bucket_fps_kdtree_sampling` and `bucket_fps_kdline_sampling` say of `start_idx`: "The starting index of sampling. If set to
# None, it will be randomly picked." The three other samplers begin with that row. These two begin with one of their own choice, and the row
# asked for need not be among the samples at all: a selection that should go on from a given point does not. Nothing is raised or warned of.
# Farpoint's `farpoint.adapters.fpsample` begins with the row asked for in all five.
#
# Seen, with NumPy 2.4.6, 10 samples of 500 normal points, starts 0, 7 and 123; how often the start is the first sample, and among them:
#   fps_sampling 3 3, fps_npdu_sampling 3 3, fps_npdu_kdtree_sampling 3 3, bucket_fps_kdtree_sampling 0 0, bucket_fps_kdline_sampling 0 0
#
# Exit code 0: as described. 1: another version behaves otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 fpsample==1.0.2

seen=$("$folder/venv/bin/python" - <<'PYTHON'
import fpsample
import numpy as np

points = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
lines = []
for name in ("fps_sampling", "fps_npdu_sampling", "fps_npdu_kdtree_sampling", "bucket_fps_kdtree_sampling", "bucket_fps_kdline_sampling"):
    sampler, more = getattr(fpsample, name), {"h": 5} if "kdline" in name else {}
    assert "start_idx" in sampler.__doc__
    samples = {start: sampler(points, 10, start_idx=start, **more).tolist() for start in (0, 7, 123)}
    first = sum(rows[0] == start for start, rows in samples.items())
    lines.append(f"{name} {first} {sum(start in rows for start, rows in samples.items())}")
print(", ".join(lines))
PYTHON
)
echo "$seen"
others="fps_sampling 3 3, fps_npdu_sampling 3 3, fps_npdu_kdtree_sampling 3 3"
# Their own choice may be the row asked for by chance, once.
[[ $seen =~ ^"$others, bucket_fps_kdtree_sampling "[01]" "[01]", bucket_fps_kdline_sampling "[01]" "[01]$ ]]
