"""What importing the adapters needs: NumPy, and torch only where a peer's callers have it."""

import subprocess
import sys

WITHOUT_PEERS = """
import sys
for name in ("torch", "sklearn", "anomalib", "scipy", "tqdm", "fpsample", "lightly_mundig"):
    sys.modules[name] = None
import numpy as np
import farpoint.adapters
from farpoint.adapters.fpsample import fps_sampling
from farpoint.adapters.google import kCenterGreedy
from farpoint.adapters.mundig import Selection
from farpoint.adapters.patchcore import ApproximateGreedyCoresetSampler
points = np.arange(20, dtype=np.float32).reshape(10, 2)
assert len(ApproximateGreedyCoresetSampler(0.5, "cpu").run(points)) == 5
assert kCenterGreedy(points, None, 0).select_batch(model=None, already_selected=[], N=2) == [0, 9]
assert fps_sampling(points, 2, 0).tolist() == [0, 9]
selection = Selection()
selection.add_diversifying_strategy(points, 1.0)
assert selection.run_selection([], 10, 2) == [0, 9]
"""


def test_numpy_is_enough_for_features_of_numpy():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_PEERS], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_package_imports_no_peer():
    code = "import farpoint.adapters, sys; sys.exit(any(name in sys.modules for name in ('torch', 'anomalib', 'sklearn')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
