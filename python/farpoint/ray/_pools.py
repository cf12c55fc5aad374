"""From a pool, in whatever form it was given, to its parts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from farpoint import _native
from farpoint.ray._parts import Blocks, Files, Lance, Meant, Part, vectors

#: Formats whose files are decoded whole: none is split between shards.
DECODED = tuple(
    ".parquet .pq .parq .npz .arrow .arrows .feather .ipc .zarr .zip .csv .tsv .jsonl .ndjson .vec .w2v .word2vec".split()
)
#: Beginnings of names in object stores from which both the pool's reader and pyarrow, which reads the columns of `id_column`, take files.
IDS_FROM = ("s3://", "gs://")
#: The scheme of an address, with one slash or both.
ADDRESS = re.compile(r"^([a-z][a-z0-9]+):/+")
#: Pools' names of NumPy's types.
TYPES = {"float64": "f64", "float32": "f32", "float16": "f16", "uint8": "u8", "int8": "i8"}
#: A shard may be larger or smaller by this share of it, so that it ends where a file does.
SLACK = 0.1


def outline(pool: Any, meant: Meant) -> _native.Pool | None:
    """Of a pool in files: its shape, its files and the rows at which they begin, without its values. None of any other pool.

    Raises ValueError for a file that stands twice, and what reading a header raises.
    """
    paths = _paths(pool)
    if paths is None:
        return None
    _check_distinct(paths)
    return _native.outline(paths, *meant)


def outline_of_table(path: str, column: str | None) -> tuple[int, int, str] | None:
    """Rows, dimensions and type of a table that only shards read; None of files."""
    if not _is_lance(path):
        return None
    dataset = _dataset_at(path)
    column = column or _only_vectors(dataset.schema, "the Lance dataset")
    _check_column(dataset.schema, column)
    first = vectors(dataset.head(1, columns=[column]).column(0), column)
    return dataset.count_rows(), first.shape[1], TYPES.get(first.dtype.name, "f32")


def _paths(pool: Any) -> list[str] | None:
    """The names of a pool in files."""
    if isinstance(pool, (str, os.PathLike)):
        return None if _is_lance(pool) else [os.fspath(pool)]
    listed = list(pool) if isinstance(pool, (list, tuple)) else []
    if listed and all(isinstance(item, (str, os.PathLike)) for item in listed):
        return [os.fspath(item) for item in listed]
    return None


def parts_of(
    pool: Any,
    shards: int,
    *,
    column: str | None,
    id_column: str | None,
    memory: Any,
    scratch: Any,
    meant: Meant | None = None,
    outlined: _native.Pool | None = None,
) -> list[Part]:
    """The pool, of which `outlined` is the outline if it lies in files, as at most `shards` parts of about equal rows, in order; no part is empty.

    Raises TypeError for what is no pool of a cluster, ValueError for a file that stands twice, and what opening a file raises.
    """
    meant = Meant(column) if meant is None else meant
    paths = _paths(pool)
    if paths is not None:
        outlined = outline(pool, meant) if outlined is None else outlined
        return _files(paths, outlined, shards, meant, id_column, memory, scratch)
    if meant != Meant(column):
        raise ValueError("columns, dtype and format are of files: leave them out")
    if isinstance(pool, (str, os.PathLike)):
        return _lance(_dataset_at(str(pool)), shards, column, id_column)
    if type(pool).__module__.partition(".")[0] == "lance":
        return _lance(pool, shards, column, id_column)
    if type(pool).__module__.startswith("ray.data"):
        return _dataset(pool, shards, column, id_column)
    listed = list(pool) if isinstance(pool, (list, tuple)) else []
    if listed and all(type(item).__name__ == "ObjectRef" for item in listed):
        if id_column is not None:
            raise ValueError("arrays have no ids: id_column is of Parquet files, Lance and Ray Datasets")
        return _blocks(listed, [1] * len(listed), shards, None, None)
    raise TypeError(
        f"a {type(pool).__name__} is no pool of a cluster: pass files, a pattern, a Lance dataset, a Ray Dataset or a list of "
        "object references to arrays; farpoint.select takes an array"
    )


def _files(
    paths: list[str], outlined: Any, shards: int, meant: Meant, id_column: str | None, memory: Any, scratch: Any
) -> list[Part]:
    """Files in order of a pattern or a folder, as `farpoint.open` has them; several in the order given."""
    files, first_rows, rows = outlined.files, outlined.first_rows, outlined.shape[0]
    if id_column is not None and not all(str(file).endswith(".parquet") for file in files):
        raise ValueError("ids are read from Parquet files alone: leave out id_column")
    if id_column is not None and (name := _without_ids(paths)) is not None:
        raise ValueError(f"ids are read from files and from s3:// and gs://, not from {name}")
    ends = [*first_rows[1:], rows]
    name = str(files[0]) if meant.format is None else "." + meant.format.removeprefix(".")
    bounds = _bounds(rows, shards, first_rows, name.lower().endswith(DECODED))
    parts: list[Part] = []
    for start, end in zip(bounds, bounds[1:]):
        mine = [at for at in range(len(files)) if first_rows[at] < end and ends[at] > start]
        names, base = tuple(_absolute(files[at]) for at in mine), first_rows[mine[0]]
        limits = (None if memory is None else str(memory), None if scratch is None else os.fspath(scratch))
        begin = tuple(first_rows[at] - base for at in mine)
        parts.append(Files(names, start - base, end - base, meant.name, *limits, id_column, begin, meant))
    return parts


def _without_ids(names: list[str]) -> str | None:
    """The first of a pool's names from which pyarrow reads no column."""
    return next((name for name in names if "://" in name and not name.startswith(IDS_FROM)), None)


def _absolute(file: Path | str) -> str:
    """Workers have folders of their own. A path as an object has lost a slash of an address."""
    address = ADDRESS.sub(r"\1://", str(file))
    return address if "://" in address else os.path.abspath(file)


def _check_distinct(paths: list[str]) -> None:
    seen: dict[str, str] = {}
    for path in paths:
        real = path if "://" in path else os.path.realpath(path)
        if real in seen:
            raise ValueError(f"{path} stands twice in the list of files, and its rows would come twice")
        seen[real] = path


def _bounds(rows: int, shards: int, first_rows: list[int], is_decoded: bool) -> list[int]:
    """Where parts begin, and where the last one ends: where a file does if that is near, or if files cannot be split."""
    borders, bounds = [*first_rows, rows], {0, rows}
    for shard in range(1, shards):
        ideal = shard * rows // shards
        border = min(borders, key=lambda border: abs(border - ideal))
        is_near = abs(border - ideal) <= SLACK * rows / shards
        bounds.add(border if is_near or is_decoded else ideal)
    return sorted(bounds)


def _is_lance(path: Any) -> bool:
    return str(path).rstrip("/").endswith(".lance")


def _dataset_at(uri: str) -> Any:
    """The Lance dataset there."""
    try:
        import lance
    except ImportError as error:
        raise ImportError(f"{uri} is read with pylance: pip install pylance") from error
    return lance.dataset(uri if "://" in uri else os.path.abspath(uri))


def _lance(dataset: Any, shards: int, column: str | None, id_column: str | None) -> list[Part]:
    column = column or _only_vectors(dataset.schema, "the Lance dataset")
    _check_column(dataset.schema, id_column)
    rows, storage = dataset.count_rows(), getattr(dataset, "_storage_options", None)
    if rows == 0:
        raise ValueError(f"{dataset.uri} has no rows")
    bounds = _bounds(rows, shards, [0], False)
    return [Lance(dataset.uri, dataset.version, storage, column, start, end, id_column) for start, end in zip(bounds, bounds[1:])]


def _dataset(dataset: Any, shards: int, column: str | None, id_column: str | None) -> list[Part]:
    """A Ray Dataset, executed once with its order kept: its columns of vectors and ids are then in the object store."""
    import ray

    schema = dataset.schema()
    if schema is None:
        raise ValueError("the pool has no rows")
    column = column or _only_vectors(schema.base_schema, "the Ray Dataset")
    _check_column(schema.base_schema, id_column)
    narrow = dataset.select_columns([column, *([id_column] if id_column else [])])
    # A dataset keeps the options that held when it was made.
    options = narrow.context.execution_options
    before, options.preserve_order = options.preserve_order, True
    try:
        narrow = narrow.materialize()
    finally:
        options.preserve_order = before
    refs = narrow.to_arrow_refs()
    count = ray.remote(num_cpus=0)(_rows)
    return _blocks(refs, ray.get([count.remote(ref) for ref in refs]), shards, column, id_column)


def _rows(block: Any) -> int:
    return len(block)


def _blocks(refs: list[Any], rows: list[int], shards: int, column: str | None, id_column: str | None) -> list[Part]:
    """Whole blocks to shards, so that none is copied."""
    full = [(ref, count) for ref, count in zip(refs, rows) if count]
    if not full:
        raise ValueError("the pool has no rows")
    total, before, shard_of = sum(count for _, count in full), 0, []
    for _, count in full:
        shard_of.append(min(shards - 1, (2 * before + count) * shards // (2 * total)))
        before += count
    parts: list[Part] = []
    for _, group in groupby(range(len(full)), key=lambda at: shard_of[at]):
        blocks = list(group)
        parts.append(Blocks([full[at][0] for at in blocks], column, id_column, blocks[0]))
    return parts


def _only_vectors(schema: Any, what: str) -> str:
    """The one column that holds vectors."""
    found = list(_vector_columns(schema))
    if len(found) != 1:
        some = "several columns" if found else "no column"
        raise ValueError(f"{what} has {some} of vectors: pass column=, one of {', '.join(found or schema.names)}")
    return found[0]


def _vector_columns(schema: Any) -> Iterator[str]:
    for name, kind in zip(schema.names, schema.types):
        text = str(kind)
        if "list<" in text or "list[" in text or "Tensor" in text or "tensor" in text:
            yield name


def _check_column(schema: Any, name: str | None) -> None:
    if name is not None and name not in schema.names:
        raise ValueError(f"there is no column {name!r}; there are {', '.join(schema.names)}")
