"""Greedy k-center."""

from __future__ import annotations

from typing import Any, Literal

from farpoint import _ids, _native, _parts, _terms
from farpoint._frameworks import framework, readable
from farpoint._progress import Tick, ticking
from farpoint._selection import First, Selection, interrupted, warn_of_fallback, warn_of_idle_picks
from farpoint._terms import Terms


def select(
    pool: Any,
    budget: int | float | str | None = None,
    *,
    labeled: Any = None,
    labeled_vectors: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    weights: Any = None,
    exclude: Any = None,
    stop_radius: float | None = None,
    stop_similarity: float | None = None,
    first: First = "lowest",
    seed: int | None = None,
    device: Any = "auto",
    threads: int = 0,
    resume: Any = None,
    ids: Any = None,
    return_distances: bool = False,
    return_assignment: bool = False,
    progress: bool | Tick | None = None,
) -> Selection:
    """Select `budget` rows of `pool` that leave no row far from one of them: greedy k-center, farthest first.

    The same rows and radii, to the bit, on CPU and GPU and for any number of threads: a pure function of the pool's values and
    of what is asked. Reads each row two to five times.

    Parameters
    ----------
    pool : array ``(n, d)``
        NumPy (also memory-mapped), PyTorch (host or CUDA), CuPy, JAX, anything with ``__dlpack__`` or ``__cuda_array_interface__``,
        data frames and whatever else NumPy makes an array of, or what `farpoint.open` gives. float64, float32, float16, bfloat16,
        uint8 and int8 are read where they lie; arrays that are not row-major are copied, once, with a
        warning. uint8 and int8 are numbers: packed bits are no pool before ``np.unpackbits(packed, axis=1)``. It must not be written
        to meanwhile. A pool on a GPU is selected from there, on its library's current stream, in memory of its library's allocator. A list of arrays
        on GPUs is one pool, whose rows follow each other: each stays where it is, and `min_distance` and `assignment` are such lists.
    budget : int, share of the rows or text, optional
        New centers to choose, `labeled` not counted: ``1000``, ``"1e3"``, or a share of the pool's rows, ``0.1`` or ``"10%"``, rounded down,
        to one row at least. May be left out where `stop_radius` is given.
    labeled : rows or mask, optional
        Pool rows that are centers from the start; an empty list is none yet.
    labeled_vectors : array ``(m, d)``, optional
        Vectors from elsewhere that are centers from the start; in host memory, or copied there.
    metric : {'euclidean', 'cosine'}
        Distances under cosine are chords, the euclidean distances between rows scaled to norm 1.
    weights : ``(n,)`` numbers of at least 0, optional
        The next center is the row of largest weight times distance. Weights are rounded to float32, whatever numbers they are.
    exclude : rows or mask, optional
        Rows that are neither chosen nor counted.
    stop_radius : float, optional
        Stop once no row is farther than this, in the metric's units.
    stop_similarity : float from -1 to 1, optional
        Under cosine, stop once every row has a cosine similarity of at least this to a center: ``stop_radius=sqrt(2 - 2 * s)``.
    first : {'lowest', 'mean', 'heaviest', 'random', 'farthest-from-mean', 'farthest-pair', 'loneliest'} or a row
        The first center where nothing is labeled: row 0, the row nearest the mean, the row of largest weight, one drawn by `seed`, the row
        farthest from the mean, the lower of the two farthest rows (the other is second), the row whose nearest other row is
        farthest. The last three are searched for in pools of one process, in host memory or files.
    seed : int, optional
        Draws the first center with ``first="random"``, 0 where it is not given; with another `first` it is a ValueError.
    device : {'auto', 'cpu', 'cuda', 'cuda:<number>', 'cuda:all'} or several GPUs
        For pools in host memory: 'auto' is GPU 0 where one works, else the CPU, with a warning if there is a driver. Several GPUs, as
        ``'cuda:0,1'`` or ``['cuda:0', 'cuda:1']``, each hold a part of the pool; 'cuda:all' are all there are.
    threads : int
        CPU threads; 0 is one a core.
    resume : rows, optional
        The first picks of an earlier run with the same options, counted in the budget.
    ids : one id a row, or a name, optional
        What the rows are called: texts or whole numbers in an array, a list, a column of a data frame. Of a pool from `farpoint.open` also the
        name of a column of its files, of a file with one id a row, or ``'path'`` for the files' paths. `Selection.ids` are then those of the
        picks, and `labeled` and `exclude` are ids (or masks, or selections).
    return_distances, return_assignment : bool
        Also `Selection.min_distance` and `Selection.assignment`, of every row: one more pass over the pool.
    progress : bool or callable, optional
        True shows a bar of tqdm; a callable is called with (chosen, budget, radius), in this thread, a few dozen times a
        second and at the end, and ends the run by raising.

    Warns where the budget goes beyond the distinct rows: once the radius is 0 the lowest rows fill it up, which equal a center, or have
    weight 0. ``stop_radius=0`` leaves them out.

    Raises
    ------
    ValueError
        A budget of 0 or beyond the rows available, values that are not finite, a row of zeros under cosine, shapes that do not fit,
        a `seed` that draws nothing.
    TypeError
        Values that pools do not have, such as int64, in whatever holds them.
    IndexError
        A row that is not in the pool.
    RuntimeError
        A GPU that cannot be used, and why. In a process forked from one that used it, too: there the CPU works.
    MemoryError
        Too little memory on the GPU.
    KeyboardInterrupt
        Ctrl-C stops within 100 ms on the CPU, within a round on a GPU. The exception's ``selection`` has the picks made so far, which
        are right, and may be resumed from; it is None before the first. The same of what `progress` raises.

    Time is about 0.4 n k d multiplications and additions in matrix products; memory beside the pool 32 bytes a row and a fixed
    workspace. Source: Sener & Savarese, ICLR 2018, Algorithm 1.
    """
    stop_radius = _terms.stop_radius(stop_radius, stop_similarity, metric)
    are_parts = _parts.lie_on_gpus(pool)
    pool = pool if are_parts else readable(pool)
    n = _parts.rows_of(pool) if are_parts else _terms.rows_of(pool)
    number = _terms.budget(budget, stop_radius, n)
    known = _ids.ids_of(ids, pool, n)
    asked = _terms.terms(
        n,
        labeled=_ids.rows_by(known, "labeled", labeled),
        weights=weights,
        exclude=_ids.rows_by(known, "exclude", exclude),
        resume=resume,
        metric=metric,
        stop_radius=stop_radius,
        first=first,
        seed=seed,
        device=device,
        threads=threads,
        assign=return_distances or return_assignment,
    )
    if labeled_vectors is not None:
        labeled_vectors = _terms.vectors(labeled_vectors)
    select_from = _parts.select if are_parts else run
    selection = _ids.named(
        known,
        pool,
        lambda: select_from(pool, number, asked, labeled_vectors, progress, return_distances, return_assignment),
    )
    warn_of_idle_picks(selection)
    return selection


def run(
    pool: Any,
    budget: int | None,
    asked: Terms,
    labeled_vectors: Any = None,
    progress: bool | Tick | None = None,
    has_distances: bool = False,
    has_assignment: bool = False,
) -> Selection:
    """`select` of a pool that is `readable`, with its options checked, and without a word on picks that cover nothing new."""
    library = framework(pool)
    with ticking(progress) as tick:
        try:
            answer = _native.select(pool, budget, asked, labeled_vectors, tick, library.stream, library.allocate)
        except MemoryError as error:
            raise error from library.refusal
    selection = Selection(answer, library.answer, asked, labeled_vectors, has_distances, has_assignment)
    if answer["raised"] is not None:
        raise interrupted(answer["raised"], selection)
    warn_of_fallback(answer["fallback"])
    return selection
