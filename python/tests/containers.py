"""What holds pools, made by the libraries themselves: the rows of the table in docs/python.md, each with a maker for every kind it names."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
#: Of an array ``(n, d)`` or of any other shape, the same values in the container.
Maker = Callable[[np.ndarray], Any]

DTYPES = ["float64", "float32", "float16", "uint8", "int8"]
WITHOUT_HALVES = ["float64", "float32", "uint8", "int8"]


def library(name: str) -> Any:
    return pytest.importorskip(name)


def mapped(array):
    path = Path(tempfile.mkdtemp()) / "pool.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def torch_tensor(array):
    return library("torch").from_numpy(array)


def torch_leaf(array):
    tensor = library("torch").from_numpy(array.copy())
    return tensor.requires_grad_() if tensor.is_floating_point() else tensor


def tensorflow_tensor(array):
    return library("tensorflow").constant(array)


def jax_array(array):
    return library("jax").numpy.array(array).block_until_ready()


class Lender:
    """Lends a NumPy array by DLPack, and is nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnlyArray:
    """What NumPy makes an array of, and nothing else."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __array__(self, dtype=None, copy=None):
        return self.array


def ray_get(array):
    ray = library("ray")
    if not ray.is_initialized():
        ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False)
    return ray.get(ray.put(array))


def fixed(array):
    """pyarrow's column of lists of one length."""
    pyarrow = library("pyarrow")
    return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(array.ravel()), array.shape[1])


def lists(array, kind="list_"):
    pyarrow = library("pyarrow")
    offsets = np.arange(0, array.size + 1, array.shape[1], dtype=np.int64 if kind == "large_list" else np.int32)
    made = pyarrow.LargeListArray if kind == "large_list" else pyarrow.ListArray
    return made.from_arrays(offsets, pyarrow.array(array.ravel()))


def polars_array(array):
    return library("polars").Series("e", array)


def polars_list(array):
    return library("polars").from_arrow(lists(array)).alias("e")


def table_of(array):
    return library("pyarrow").table({"e": fixed(array)})


def relation(array):
    duckdb, table = library("duckdb"), table_of(array)
    connection = duckdb.connect()
    connection.register("t", table)
    return connection.sql("select e from t")


def pandas_of_arrow(array):
    pandas = library("pandas")
    return pandas.Series(pandas.arrays.ArrowExtensionArray(fixed(array)))


def in_pieces(array):
    return library("pyarrow").chunked_array([fixed(array[:100]), fixed(array[100:])])


def views(array):
    pyarrow = library("pyarrow")
    return pyarrow.array(list(array), pyarrow.list_view(pyarrow.from_numpy_dtype(array.dtype)))


def polars_in_pieces(array):
    polars = library("polars")
    return polars.concat([polars.Series(array[:100]), polars.Series(array[100:])], rechunk=False)


def dataset(array):
    datasets = library("datasets")
    return datasets.Dataset(library("pyarrow").table({"e": lists(array), "text": ["words"] * len(array)}))


def shuffled(array):
    order = np.arange(len(array) - 1, -1, -1)
    return dataset(np.ascontiguousarray(array[order])).select(order)["e"]


def object_array(array):
    rows = np.empty(len(array), object)
    rows[:] = list(array)
    return rows


def columns_of(frame):
    def make(array):
        columns = {f"e{column}": array[:, column] for column in range(array.shape[1])}
        return library("pyarrow").table(columns) if frame == "pyarrow" else library(frame).DataFrame(columns)

    return make


def xarray_array(array):
    return library("xarray").DataArray(array)


def h5py_dataset(array, **layout):
    return library("h5py").File.in_memory().create_dataset("e", data=array, **layout)


def h5py_chunks(array):
    """Of which none is as wide as the array or divides its rows."""
    chunks = tuple(max(1, side * 2 // 5) for side in array.shape)
    return h5py_dataset(array, chunks=chunks, compression="gzip", shuffle=True)


def h5py_as_type(array):
    return h5py_dataset(array).astype(array.dtype)


def zarr_array(array, **layout):
    return library("zarr").array(array, **layout)


def zarr_chunks(array):
    return zarr_array(array, chunks=tuple(max(1, side * 2 // 5) for side in array.shape))


def zarr_shards(array):
    return library("zarr").create_array({}, data=array, chunks=(10,) * array.ndim, shards=(60, *[10] * (array.ndim - 1)))


def dask_array(array):
    return library("dask.array").from_array(array, chunks=tuple(max(1, side * 2 // 5) for side in array.shape))


def xarray_on_disk(array):
    """Of a file, of which nothing is read before it is asked for."""
    library("zarr")
    return _stored(array, chunks=None)


def xarray_of_dask(array):
    library("zarr"), library("dask")
    return _stored(array, chunks={})


def _stored(array, **opened):
    xarray = library("xarray")
    path = Path(tempfile.mkdtemp()) / "pool.zarr"
    names = [f"d{axis}" for axis in range(array.ndim)]
    xarray.Dataset({"e": (names, array)}).to_zarr(path, zarr_format=2, consolidated=False)
    return xarray.open_zarr(path, consolidated=False, **opened)["e"]


IN_PLACE, COPIED, READ, CONVERTED = "read where it lies", "copied once", "read once, in blocks", "converted"

#: By the first cell of the table's rows.
TABLE: dict[str, tuple[str, dict[str, Maker]]] = {
    "arrays of NumPy, also memory maps and read-only ones": (
        IN_PLACE,
        {"numpy": np.ascontiguousarray, "numpy memmap": mapped, "numpy read-only": read_only},
    ),
    "tensors of PyTorch, on the host or a GPU, with `requires_grad` or without": (
        IN_PLACE,
        {"torch": torch_tensor, "torch leaf": torch_leaf},
    ),
    "tensors of TensorFlow, arrays of CuPy and JAX, all that has `__dlpack__` or `__cuda_array_interface__`": (
        IN_PLACE,
        {"tensorflow": tensorflow_tensor, "jax": jax_array, "dlpack": Lender},
    ),
    "what `ray.get` gives where an array was put": (IN_PLACE, {"ray": ray_get}),
    "polars: a `Series` of `Array` or `List`, a `DataFrame` of one such column": (
        IN_PLACE,
        {
            "polars Array": polars_array,
            "polars List": polars_list,
            "polars frame": lambda array: polars_array(array).to_frame(),
        },
    ),
    "pyarrow: `fixed_size_list`, `list`, `large_list`, `FixedShapeTensorArray`, a `Table` or `RecordBatch` of one such column": (
        IN_PLACE,
        {
            "pyarrow fixed_size_list": fixed,
            "pyarrow list": lists,
            "pyarrow large_list": lambda array: lists(array, "large_list"),
            "pyarrow FixedShapeTensorArray": lambda array: library("pyarrow").FixedShapeTensorArray.from_numpy_ndarray(array),
            "pyarrow Table": table_of,
            "pyarrow RecordBatch": lambda array: library("pyarrow").record_batch({"e": fixed(array)}),
        },
    ),
    "DuckDB: what `.pl()` and `.to_arrow_table()` give of such a column, and a relation of it": (
        IN_PLACE,
        {"duckdb pl": lambda array: relation(array).pl(), "duckdb arrow": lambda array: relation(array).to_arrow_table()},
    ),
    "pandas: columns backed by Arrow": (IN_PLACE, {"pandas of arrow": pandas_of_arrow}),
    "a column of Hugging Face's `datasets`, or a data set of one column": (
        IN_PLACE,
        {
            "datasets column": lambda array: dataset(array)["e"],
            "datasets": lambda array: dataset(array).select_columns("e"),
            "datasets as numpy": lambda array: dataset(array).with_format("numpy")["e"],
        },
    ),
    "such columns in several pieces, of list views, or of a data set whose rows were chosen or shuffled": (
        COPIED,
        {"pyarrow pieces": in_pieces, "polars pieces": polars_in_pieces, "pyarrow views": views, "datasets shuffled": shuffled},
    ),
    "columns of arrays, as pandas keeps them, and object arrays of rows": (
        COPIED,
        {
            "pandas column": lambda array: library("pandas").Series(list(array)),
            "duckdb df": lambda array: relation(array).df(),
            "object array": object_array,
        },
    ),
    "frames of pandas and polars, a column a dimension": (COPIED, {name: columns_of(name) for name in ("pandas", "polars")}),
    "tables of Arrow, a column a dimension": (CONVERTED, {"pyarrow columns": columns_of("pyarrow")}),
    "arrays of xarray in memory, and all that has `__array__`": (IN_PLACE, {"xarray": xarray_array, "only array": OnlyArray}),
    "data sets of h5py, arrays of zarr and dask, and those of xarray that were not read yet": (
        READ,
        {
            "h5py": h5py_dataset,
            "h5py chunks": h5py_chunks,
            "h5py as type": h5py_as_type,
            "zarr": zarr_array,
            "zarr chunks": zarr_chunks,
            "zarr shards": zarr_shards,
            "dask": dask_array,
            "xarray on disk": xarray_on_disk,
            "xarray of dask": xarray_of_dask,
        },
    ),
    "lists of lists, and of arrays": (
        CONVERTED,
        {"lists": lambda array: array.tolist(), "list of arrays": list},
    ),
    "rows not one after another: Fortran order, slices with steps, big-endian": (
        COPIED,
        {
            "fortran": np.asfortranarray,
            "steps": lambda array: np.repeat(array, 2, axis=1)[:, ::2],
            "torch steps": lambda array: torch_tensor(np.repeat(array, 2, axis=0))[::2],
            "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
        },
    ),
}

#: The row of the table for what is refused, and what each error says.
REFUSED_ROW = "whole numbers wider than a byte, bool, complex, dates, strings; sparse and masked arrays; queries, groups and dictionaries of arrays"
REFUSED: dict[str, tuple[Maker, str]] = {
    "int64": (lambda array: array.astype(np.int64), r"int64 values; a pool has .*: pass a.astype\('float32'\)"),
    "bool": (lambda array: array > 0, r"bool values; a pool has .*: pass a.astype\('uint8'\)"),
    "complex": (lambda array: array.astype(np.complex64), "complex64 values; a pool has .*: pass np.hstack"),
    "dates": (lambda array: array.astype(int).astype("M8[s]"), "datetime64.* values; a pool has"),
    "strings": (lambda array: array.astype("U3"), "<U3 values; a pool has"),
    "sparse": (lambda array: library("scipy.sparse").csr_array(array), r"is sparse: pass a.toarray\(\)"),
    "masked": (np.ma.masked_array, "is a masked array: fill it"),
    "query": (lambda array: polars_array(array).to_frame().lazy(), r"is a query and no array: pass a.collect\(\)"),
    "h5py file": (lambda array: h5py_dataset(array).file, r"a File, holds 'e': pass the array with the rows, as a\['e'\]"),
    "zarr group": (lambda array: _group(array), r"a Group, holds 'e': pass the array with the rows, as a\['e'\]"),
    "xarray Dataset": (
        lambda array: library("xarray").Dataset({"e": (("x", "y"), array)}),
        r"a Dataset, holds 'e': pass .*a\['e'\]",
    ),
    "npz": (lambda array: _npz(array), r"a NpzFile, holds 'e': pass the array with the rows, as a\['e'\]"),
    "dictionary": (lambda array: {"e": array}, r"a dict, holds 'e': pass the array with the rows, as a\['e'\]"),
}


def _group(array):
    group = library("zarr").group()
    group["e"] = array
    return group


def _npz(array):
    path = Path(tempfile.mkdtemp()) / "pool.npz"
    np.savez(path, e=array)
    return np.load(path)


def rows_of_the_docs() -> Iterator[tuple[str, str]]:
    """The first two cells of each row of the table."""
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    for line in text.partition("## Pools")[2].partition("\n\n|")[2].partition("\n\n")[0].splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        yield cells[0], cells[1].strip(" |")


def kinds(*verdicts: str) -> list[str]:
    """The names of all kinds of which one of these is said."""
    return [name for verdict, makers in TABLE.values() if verdict in verdicts for name in makers]


def maker(kind: str) -> Maker:
    return next(makers[kind] for _, makers in TABLE.values() if kind in makers)


def has_type(kind: str, dtype: str) -> bool:
    """Whether the library has such values, in such a container."""
    if kind in (
        "lists",
        "list of arrays",
        "duckdb pl",
        "duckdb arrow",
        "duckdb df",
        "polars Array",
        "polars frame",
        "polars pieces",
    ):
        return dtype in ("float32",) if kind.startswith("list") else dtype in WITHOUT_HALVES[:2]
    if kind in ("big-endian",):
        return dtype.startswith("float")
    return not (kind == "jax" and dtype == "float64")
