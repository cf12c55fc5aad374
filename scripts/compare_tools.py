"""What scripts/compare.py runs: every tool's one call, in a process of its own, timed.

    python compare_tools.py TOOL POOL.npy K OUT.json

A call takes the pool, `(n, d)` float32, and the number of rows wanted, and gives rows. Row 0 is first wherever a tool can be told so.
"""

import json
import pathlib
import resource
import sys
import time

#: What a process may allocate: more, and it is told so.
MEMORY_LIMIT = 8 << 30


def farpoint(pool, k):
    import farpoint as tool

    return tool.select(pool, k, device="cpu").centers


def numpy_loop(pool, k):
    from bench_peers import numpy_loop

    return numpy_loop(pool, k)


def fpsample(pool, k):
    import fpsample as tool

    return tool.fps_sampling(pool, k, start_idx=0)


def fpsample_buckets(pool, k):
    import fpsample as tool

    return tool.bucket_fps_kdline_sampling(pool, k, h=5, start_idx=0)


def mundig(pool, k):
    from bench_peers import lightly_mundig

    return lightly_mundig(pool, k)


def k_center(pool, k):
    from bench_peers import k_center

    return k_center(pool, k)


def scikit_activeml(pool, k):
    import numpy as np
    from skactiveml.pool import CoreSet

    answers = np.full(len(pool), np.nan)
    answers[0] = 0
    return [0, *CoreSet(random_state=0).query(pool, answers, batch_size=k - 1)]


def anomalib(pool, k):
    import numpy as np
    import torch
    from anomalib.models.components import KCenterGreedy

    torch.manual_seed(0)
    np.random.seed(0)
    return KCenterGreedy(torch.from_numpy(pool), (k + 0.5) / len(pool)).select_coreset_idxs()


def small_text(pool, k):
    import numpy as np
    from small_text.query_strategies.coresets import greedy_coreset

    unlabeled = np.arange(1, len(pool))
    return [0, *unlabeled[greedy_coreset(pool, unlabeled, np.array([0]), k - 1, distance_metric="euclidean")]]


def scikit_matter(pool, k):
    from skmatter.sample_selection import FPS

    return FPS(n_to_select=k).fit(pool).selected_idx_


def astartes(pool, k):
    from astartes import train_test_split

    return train_test_split(pool, train_size=k / len(pool), sampler="kennard_stone", return_indices=True)[-2]


def kennard_stone(pool, k):
    import numpy as np
    from kennard_stone import train_test_split

    return train_test_split(pool, np.arange(len(pool)), train_size=k)[2][::-1]


def rdkit(pool, k):
    import numpy as np
    from rdkit.SimDivFilters.rdSimDivPickers import MaxMinPicker

    return list(MaxMinPicker().LazyPick(lambda i, j: float(np.linalg.norm(pool[i] - pool[j])), len(pool), k, [0]))


def qc_selector(pool, k):
    from selector.methods.distance import MaxMin
    from sklearn.metrics import pairwise_distances

    return MaxMin(ref_index=0).select(pairwise_distances(pool), size=k)


def quickfps(pool, k):
    import torch
    from torch_quickfps import sample_idx

    return sample_idx(torch.from_numpy(pool), k, start_idx=0)


def torch_fps(pool, k):
    import torch
    from torch_fps import farthest_point_sampling

    every = torch.ones(1, len(pool), dtype=torch.bool)
    return farthest_point_sampling(torch.from_numpy(pool)[None], every, k, start_idx=torch.tensor([0]))[0]


def calibra(pool, k):
    from calibra.pruning import _greedy_max_coverage  # what its selectors choose by

    return _greedy_max_coverage(pool, k)


def apricot(pool, k):
    from apricot import FacilityLocationSelection

    return FacilityLocationSelection(k, metric="euclidean").fit(pool).ranking


def submodlib(pool, k):
    from submodlib import DisparityMinFunction

    function = DisparityMinFunction(n=len(pool), mode="dense", data=pool, metric="euclidean")
    return [row for row, _ in function.maximize(budget=k, optimizer="NaiveGreedy", show_progress=False)]


def divsel(pool, k):
    from divsel import gist_select

    return gist_select(pool, k=k, metric="euclidean")


def faiss(pool, k):
    import faiss as tool

    means = tool.Kmeans(pool.shape[1], k, niter=10, seed=0)
    means.train(pool)
    rows = tool.IndexFlatL2(pool.shape[1])
    rows.add(pool)
    return rows.search(means.centroids, 1)[1].ravel()


def settle():
    """Forget the largest memory so far, and say what is resident."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name):
    """Bytes, by the name that /proc has."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(tool, path, k, out):
    import numpy as np

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    pool, call = np.load(path), globals()[tool]
    # Imports, thread pools, what is compiled at the first call. Many clouds are too small for somebody's trees or clusters.
    call(pool[:200], 20)
    before, cpu, start = settle(), cpu_seconds(), time.perf_counter()
    rows = call(pool, k)
    wall, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    answer = {"wall": wall, "cpu": cpu, "bytes": max(memory("VmHWM") - before, 0), "rows": np.asarray(rows).astype(int).tolist()}
    pathlib.Path(out).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
