"""The selection that the driver calls."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Any, Literal

import numpy as np

from farpoint import _native, _terms
from farpoint._ids import check_length, ids_of, named, rows_by
from farpoint._progress import Tick
from farpoint._selection import First, Selection, interrupted, warn_of_fallback, warn_of_idle_picks
from farpoint._terms import Terms
from farpoint.ray import _cluster
from farpoint.ray._checkpoint import Checkpoint, question
from farpoint.ray._ids import check_distinct, ids_of_centers
from farpoint.ray._parts import Meant
from farpoint.ray._pools import outline, parts_of
from farpoint.ray._shards import RESTARTS, Shards, StartedAgain
from farpoint.ray._watch import Watch, watching

#: Seconds for which ids are waited for after a run has failed: a shard may be busy, or gone.
AT_ONCE = 2.0

log = logging.getLogger("farpoint")


class RaySelection(Selection):
    """A selection made on a Ray cluster. Arrays are NumPy's, rows those of the whole pool."""

    #: The ids of `centers`, in their order; with `ids` or `id_column`. None of a run that failed where a shard could not tell them at once.
    ids: Any = None
    #: Where each row's distance and nearest center are: a Ray Dataset with the columns row, min_distance, assignment and, of pools with
    #: ids, id; or the files that were written, in the order of rows. None where none are asked for.
    distances: Any = None


def select(
    pool: Any,
    budget: int | None = None,
    *,
    column: str | None = None,
    columns: str | None = None,
    dtype: Literal["f64", "f32", "f16", "bf16", "u8", "i8"] | None = None,
    format: str | None = None,
    ids: Any = None,
    id_column: str | None = None,
    num_shards: int | None = None,
    num_cpus_per_shard: float | None = None,
    num_gpus_per_shard: float = 0,
    address: str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    timeout: float = 600.0,
    labeled: Any = None,
    labeled_vectors: Any = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    weights: Any = None,
    exclude: Any = None,
    stop_radius: float | None = None,
    first: First = "lowest",
    seed: int | None = None,
    resume: Any = None,
    distances: str | os.PathLike[str] | Literal["dataset"] | None = None,
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
    progress: bool | Tick | None = None,
) -> RaySelection:
    """Select `budget` rows from a pool whose parts the nodes of a Ray cluster hold.

    The answer is, to the bit, that of `farpoint.select` of the whole pool in one process, for any number of shards. Each shard is an
    actor, on a node of its own where there are enough, and opens its own part there: no row of files or Lance datasets goes through the
    driver or the object store but live rows and centers.

    Parameters
    ----------
    pool : files, Lance dataset, Ray Dataset or list of ``ray.ObjectRef``
        A file, a folder or a pattern as `farpoint.open` takes it, whose files follow each other in its order; a list of files, in the
        order of the list; every node must find them by these names. A Lance dataset, or its path ending in ``.lance``, in the order
        of a scan. A Ray Dataset, in its own order, executed once. References to arrays ``(n, d)`` in the object store.
    column : str, optional
        The tensor or column that holds the vectors, where there are several.
    columns, dtype, format : str, optional
        Of files, what is meant in them, as in `farpoint.open`.
    ids : column, file, 'path' or array, optional
        As in `farpoint.select`, of a pool in files, whose ids the driver reads; or ids of all rows, one each. `RaySelection.ids` are those
        of the centers, and `labeled` and `exclude` are then lists of ids. Of Lance and Ray Datasets a column, as `id_column`.
    id_column : str, optional
        The column of ids, of Parquet files, Lance and Ray Datasets, which the shards read: `RaySelection.ids` are those of the centers. All
        are compared: ids that stand twice are a ValueError.
    num_shards : int, optional
        Parts of the pool; one a node where it is not given, or one for each `num_gpus_per_shard`. At most one a row. Files that are
        decoded whole (Parquet, Arrow, .npz), blocks and arrays are not split.
    num_cpus_per_shard, num_gpus_per_shard : float
        What Ray sets aside for a shard, which works on so many threads. All of a node's CPUs among its shards, where it is not given.
        With GPUs a shard works on its first one.
    address : str, optional
        Host and port of the cluster, or 'auto'. Where it is not given: the cluster that the process is connected to, RAY_ADDRESS, the
        cluster of this machine, or a new one.
    checkpoint : path, optional
        The picks so far are written there every few seconds, whole or not at all. Given again, with the same question, the run goes on
        from them; `budget`, `stop_radius` and `num_shards` may be others. A smaller budget takes no pick away from the file. The same
        question is of the same options and pool: files in the same order, of the same names, lengths and times; the same version of a
        Lance dataset; the same column; and equal values in some rows of what is no file of a node.
    timeout : float
        Seconds for which a shard may be waited for: for its start, its opening and each of its answers.
    labeled, labeled_vectors, metric, weights, exclude, stop_radius, first, seed, resume
        As in `farpoint.select`, by rows of the whole pool.
    distances : 'dataset' or a folder, optional
        Also every row's distance to its nearest center, and which that is: `RaySelection.distances`. A folder that all nodes share
        gets two .npy files a shard; one that has such files of an earlier run is refused.
    memory, scratch
        Of each shard, as in `farpoint.open`.
    progress : bool or callable, optional
        As in `farpoint.select`. The bar names the shard that others wait for.

    A shard whose process ends is started again up to three times, on any node, opens its part and is brought up to date; the log
    ("farpoint") says so. The answer stays the same.

    Raises
    ------
    ValueError, TypeError, IndexError
        As `farpoint.select`; parts that differ in d or type; a file or an id that stands twice; a checkpoint of another question.
    ConnectionError
        An address at which no cluster answers.
    TimeoutError
        A shard that does not start, open or answer in time, by its files and node.
    OSError
        A file that a node cannot read, or that was changed meanwhile; a checkpoint or distances that cannot be written, by their file; a
        folder that has distances of an earlier run.
    RuntimeError
        A shard whose process ended too often; an unequal version of farpoint on a worker.
    ImportError
        No Ray, or one too old.

    The ``selection`` of the exception that ended a run has the picks made so far. A round takes two calls of every shard: 6 to 10 ms.
    """
    number = _terms.budget(budget, stop_radius)
    options = {"labeled": labeled, "weights": weights, "exclude": exclude, "resume": resume, "metric": metric}
    options |= {"stop_radius": stop_radius, "first": first, "seed": seed, "assign": distances is not None}
    _terms.terms(None, **options if ids is None else options | {"labeled": None, "exclude": None})
    seconds = _terms.number("timeout", timeout)
    if seconds is None or not seconds > 0:
        raise ValueError(f"timeout {timeout} is not a number of seconds above 0")
    vectors = None if labeled_vectors is None else _terms.vectors(labeled_vectors)
    _cluster.connect(address, seconds)
    count = _terms.count("num_shards", _cluster.shards(num_gpus_per_shard) if num_shards is None else num_shards)
    if count == 0:
        raise ValueError("num_shards 0 holds nothing: at least 1")
    if ids is not None and id_column is not None:
        raise ValueError("ids and id_column each say what rows are called: give one of them")
    meant = Meant(column, columns, dtype, format)
    outlined = outline(pool, meant)
    if outlined is None and isinstance(ids, str):
        ids, id_column = None, ids
    # What is wrong with those in files is known before a shard is started.
    known = ids_of(ids, outlined, None if outlined is None else outlined.shape[0])
    options |= {"labeled": rows_by(known, "labeled", labeled), "exclude": rows_by(known, "exclude", exclude)}
    parts = parts_of(
        pool, count, column=column, id_column=id_column, memory=memory, scratch=scratch, meant=meant, outlined=outlined
    )
    cpus = _cluster.cpus(len(parts)) if num_cpus_per_shard is None else num_cpus_per_shard
    device, threads = "cuda:0" if num_gpus_per_shard else "cpu", max(1, int(cpus))
    with (
        watching(progress) as watch,
        Shards(
            parts, cpus=cpus, gpus=num_gpus_per_shard, device=device, threads=threads, timeout=seconds, lagging=watch.lagging
        ) as shards,
    ):
        shards.open()
        folder = None if distances is None or distances == "dataset" else os.path.abspath(distances)
        if folder is not None:
            _check_no_distances(shards, folder)
        if id_column is not None:
            check_distinct(shards, id_column)
        check_length(known, shards.first_rows[-1])
        asked = _terms.terms(shards.first_rows[-1], **options)
        run = _Run(shards, number, asked, vectors, watch)
        kept = None if checkpoint is None else run.go_on_from(checkpoint)
        return named(known, outlined, lambda: run.run(kept, distances is not None, folder, id_column is not None))


def _check_no_distances(shards: Shards, folder: str) -> None:
    """Files of two runs side by side would be taken for one's. The folder is looked at where shards write to it."""
    written = shards.each("written", [0], folder)[0]
    if written:
        raise FileExistsError(
            f"{folder} has distances of an earlier run, such as {written[0]}: remove them, or name another folder"
        )


class _Run:
    """One run over shards that are open."""

    def __init__(self, shards: Shards, budget: int | None, asked: Terms, vectors: Any, watch: Watch) -> None:
        self.shards, self.budget, self.asked, self.vectors, self.watch = shards, budget, asked, vectors, watch

    def run(self, checkpoint: Checkpoint | None, has_distances: bool, folder: str | None, has_ids: bool) -> RaySelection:
        """Select. What fails after the first pick carries the picks."""
        answer = self._coordinate(checkpoint)
        selection = RaySelection(answer, np.asarray, self.asked, self.vectors, False, False)
        if answer["raised"] is not None:
            self._keep(selection, checkpoint, has_ids)
            raise interrupted(answer["raised"], selection)
        try:
            self._finish(selection, checkpoint, has_ids)
            warn_of_fallback(answer["fallback"])
            warn_of_idle_picks(selection)
            if has_distances:
                selection.distances = self._distances(folder, selection.centers)
        except BaseException as error:
            interrupted(error, selection)
            raise
        return selection

    def go_on_from(self, path: str | os.PathLike[str]) -> Checkpoint:
        """The file of picks. The run goes on from those that it has."""
        if self.asked.resume is not None:
            raise ValueError("resume and checkpoint each say where to go on from: give one of them")
        shards, stop_radius = self.shards, self.asked.stop_radius
        asked = question(self.asked, self.vectors, shards.shape, shards.sources(), shards.prints())
        checkpoint = Checkpoint(path, asked, stop_radius)
        found = checkpoint.read()
        picks = np.array([] if found is None else found.centers[: self.budget], np.int64)
        if found is not None and len(picks) and found.may_be_within(stop_radius):
            picks = self._beyond(picks)
        if len(picks):
            self.asked = self.asked._replace(resume=picks)
            log.info("going on from %d picks of %s", len(picks), checkpoint.path)
        return checkpoint

    def _beyond(self, picks: np.ndarray) -> np.ndarray:
        """The picks that were made at a radius above the stop radius: the first ones."""
        answer = self._coordinate(None, self.asked._replace(resume=picks, stop_radius=None, assign=False), len(picks))
        if answer["raised"] is not None:
            raise interrupted(answer["raised"], None)
        at = np.concatenate([[answer["initial_radius"]], answer["radii"]])[: len(picks)]
        return picks[at > self.asked.stop_radius]

    def _finish(self, selection: RaySelection, checkpoint: Checkpoint | None, has_ids: bool) -> None:
        self.shards.check_unchanged()
        if checkpoint is not None:
            checkpoint.write(selection.centers)
        if has_ids:
            selection.ids = ids_of_centers(self.shards, selection.centers)

    def _keep(self, selection: RaySelection, checkpoint: Checkpoint | None, has_ids: bool) -> None:
        """Of a run that ended early, what can be had at once. Whatever fails now, the caller hears what ended the run."""
        with contextlib.suppress(BaseException):
            if checkpoint is not None:
                checkpoint.write(selection.centers)
        with contextlib.suppress(BaseException):
            if has_ids:
                selection.ids = ids_of_centers(self.shards, selection.centers, AT_ONCE)

    def _coordinate(self, checkpoint: Checkpoint | None, asked: Terms | None = None, budget: int | None = None) -> dict[str, Any]:
        asked = asked or self.asked
        return _native.coordinate(
            self.shards.call,
            self.shards.names(),
            self.budget if budget is None else budget,
            asked,
            self.vectors,
            self.watch.tick,
            asked.assign,
            None if checkpoint is None else checkpoint.picked,
        )

    def _distances(self, folder: str | None, centers: np.ndarray) -> Any:
        """What every row's distances are in. A shard that was started again has lost its own: then all are found again."""
        for _ in range(RESTARTS):
            try:
                return self._distances_once(folder)
            except StartedAgain:
                answer = self._coordinate(None, self.asked._replace(resume=centers))
                if answer["raised"] is not None:
                    raise answer["raised"] from None
        return self._distances_once(folder)

    def _distances_once(self, folder: str | None) -> Any:
        if folder is not None:
            return self.shards.files(folder)
        import ray.data

        return ray.data.from_arrow_refs(self.shards.tables())
