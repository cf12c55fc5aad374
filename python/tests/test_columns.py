"""Pools in columns whose entries are rows, as people keep embeddings: of polars, pyarrow, DuckDB, pandas and Hugging Face's datasets."""

import sys

import numpy as np
import pytest
import reference
from taken import no_warning, one_warning, picks

import farpoint

COPIED = "is a column of rows, each on its own: copied in memory"
DTYPES = ["float64", "float32", "float16", "uint8", "int8"]
polars, pyarrow, pandas = (pytest.importorskip(name) for name in ("polars", "pyarrow", "pandas"))


def fixed(array):
    """pyarrow's column of lists of one length."""
    return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(array.ravel()), array.shape[1])


def lists(array, kind=pyarrow.list_):
    return pyarrow.array(list(array), kind(pyarrow.from_numpy_dtype(array.dtype)))


def duckdb_relation(array):
    duckdb = pytest.importorskip("duckdb")
    table = pyarrow.table({"e": fixed(array)})
    return duckdb.sql("select e from table", connection=duckdb.connect()) if len(table) else table


def of_polars(array, kind):
    dtype = {"float64": polars.Float64, "float32": polars.Float32, "uint8": polars.UInt8, "int8": polars.Int8}[array.dtype.name]
    return polars.Series("e", array.tolist(), dtype=kind(dtype, array.shape[1]) if kind is polars.Array else kind(dtype))


# All of these lie in one piece: nothing is copied and nothing said.
IN_PLACE = {
    "pyarrow fixed_size_list": fixed,
    "pyarrow list": lists,
    "pyarrow large_list": lambda array: lists(array, pyarrow.large_list),
    "pyarrow ChunkedArray": lambda array: pyarrow.chunked_array([fixed(array)]),
    "pyarrow Table": lambda array: pyarrow.table({"e": fixed(array)}),
    "pyarrow RecordBatch": lambda array: pyarrow.record_batch({"e": lists(array)}),
    "pyarrow FixedShapeTensorArray": pyarrow.FixedShapeTensorArray.from_numpy_ndarray,
    "pyarrow slice": lambda array: pyarrow.concat_arrays([fixed(array), fixed(array)])[len(array) : 2 * len(array)],
    "pyarrow slice of lists": lambda array: pyarrow.concat_arrays([lists(array), lists(array)])[len(array) :],
    "pyarrow rows of rows": lambda array: pyarrow.FixedSizeListArray.from_arrays(fixed(array.reshape(-1, 1)), array.shape[1]),
    "pandas of pyarrow": lambda array: pandas.Series(pandas.arrays.ArrowExtensionArray(lists(array))),
    "pandas frame of pyarrow": lambda array: pandas.DataFrame({"e": pandas.arrays.ArrowExtensionArray(fixed(array))}),
}


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_are_read_where_they_lie(pool, name, dtype):
    rows = np.ascontiguousarray((10 * np.abs(pool)).astype(dtype))
    column = IN_PLACE[name](rows)
    with no_warning():
        assert picks(column) == reference.select(rows, 20).centers


@pytest.mark.parametrize("kind", [polars.Array, polars.List])
@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8", "int8"])
def test_columns_of_polars(pool, kind, dtype):
    rows = (10 * np.abs(pool)).astype(dtype)
    series = of_polars(rows, kind)
    expected = reference.select(rows, 20).centers
    with no_warning():
        assert picks(series) == picks(series.to_frame()) == picks(series[:]) == expected
        assert picks(polars.concat([series, series])[len(rows) :]) == expected


def test_not_a_byte_is_copied():
    """Of a column that takes 64 MB, memory grows by less than one of them."""
    rows = np.random.default_rng(0).standard_normal((250_000, 64), np.float32)
    for column in (fixed(rows), polars.Series(rows), pyarrow.table({"e": fixed(rows)})):
        before = _held()
        farpoint.coverage(column, [0], threads=1)
        grown = _held() - before
        assert grown < 32 * len(rows) + 24e6, grown  # 32 bytes a row, and the workspace


def _held():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_a_relation_of_duckdb(pool, expected):
    duckdb = pytest.importorskip("duckdb")
    table = pyarrow.table({"e": fixed(pool), "id": np.arange(len(pool))})
    connection = duckdb.connect()
    connection.register("t", table)
    with no_warning():
        assert picks(connection.sql("select e from t order by id")) == expected


def test_several_pieces_are_joined_and_that_is_said(pool, expected):
    parts = [pool[:100], pool[100:101], pool[101:]]
    for column in (
        pyarrow.chunked_array([fixed(part) for part in parts]),
        pyarrow.chunked_array([lists(part) for part in [*parts, pool[:0]]]),
        polars.concat([polars.Series(part) for part in parts], rechunk=False),
    ):
        with one_warning(f"lies in 3 pieces: copied in memory ({pool.nbytes} bytes)"):
            assert picks(column) == expected


def views(array, kind=pyarrow.list_view):
    return pyarrow.array(list(array), kind(pyarrow.from_numpy_dtype(array.dtype)))


@pytest.mark.parametrize("kind", [pyarrow.list_view, pyarrow.large_list_view])
def test_list_views_of_pyarrow(pool, expected, kind):
    whole = views(pool, kind)
    backwards = whole.take(pyarrow.array(range(len(pool))[::-1]))
    for column in (whole, pyarrow.table({"e": whole}), pyarrow.chunked_array([whole[:70], whole[70:]])):
        with one_warning("is a column of list views: copied in memory"):
            assert picks(column) == expected
    with one_warning("list views"):
        assert picks(backwards) == reference.select(np.ascontiguousarray(pool[::-1]), 20).centers
    with pytest.raises(ValueError, match="row 1 is null"):
        farpoint.select(pyarrow.array([[1.0], None], kind(pyarrow.float32())), 1)


def test_columns_of_pandas(pool, expected):
    entries = {"arrays": list(pool), "lists": pool.tolist(), "tuples": [tuple(row) for row in pool.tolist()]}
    for kind, rows in entries.items():
        for column in (pandas.Series(rows, index=range(7, 7 + len(rows))), pandas.DataFrame({"e": rows})):
            with one_warning(COPIED) if kind == "arrays" else no_warning():
                assert picks(column) == expected
    doubles = 5e6 + 0.1 * np.random.default_rng(0).permutation(300).reshape(150, 2)
    with one_warning(COPIED):
        assert picks(pandas.Series(list(doubles))) == reference.select(doubles, 20).centers


def test_object_arrays_of_rows(pool, expected):
    rows = np.empty(len(pool), object)
    rows[:] = list(pool)
    with one_warning(COPIED):
        assert picks(rows) == expected


def test_columns_of_tensors(pool, expected):
    torch = pytest.importorskip("torch")
    rows = torch.from_numpy(pool)
    for column in (pandas.Series(list(rows)), pandas.Series([rows[0].numpy(), *rows[1:]])):
        with one_warning(COPIED):
            assert picks(column) == expected
    halves = rows.bfloat16()
    with one_warning(COPIED):
        assert picks(pandas.Series(list(halves))) == picks(halves)


def test_columns_of_datasets(pool, expected):
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"e": pool.tolist(), "id": range(len(pool))}).cast_column(
        "e", datasets.List(datasets.Value("float32"))
    )
    with no_warning():
        assert picks(table["e"]) == picks(table.select_columns("e")) == expected
        assert picks(table.with_format("numpy")["e"]) == expected
        chosen = table.select(range(len(pool) - 1, -1, -1))  # of which the rows lie where they did
    with one_warning("lies in 2 pieces: copied"):
        assert picks(chosen["e"]) == picks(np.ascontiguousarray(pool[::-1]))
    with pytest.raises(TypeError, match=r"a Dataset, has the columns 'e', 'id': pass the one with the rows, as a\['e'\]"):
        picks(table)


@pytest.mark.parametrize("library", ["zarr", "dask.array"])
def test_lazy_arrays_are_read(pool, expected, library):
    module = pytest.importorskip(library)
    make = module.array if library == "zarr" else lambda array: module.from_array(array, chunks=(70, 4))
    with no_warning():
        assert picks(make(pool)) == expected
    with pytest.raises(TypeError, match="int64 values; a pool has float32"):
        picks(make(np.arange(60).reshape(30, 2)))


def with_ids(rows, frame):
    if frame == "pandas":
        return pandas.DataFrame({"id": range(len(rows)), "e": list(rows)})
    if frame == "polars":
        return polars.DataFrame({"id": range(len(rows)), "e": rows})
    return pyarrow.table({"id": range(len(rows)), "e": fixed(rows)})


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
def test_beside_other_columns_a_recipe_tells_which_to_pass(pool, expected, frame):
    table = with_ids(pool, frame)
    with pytest.raises(TypeError, match="(?i)the column 'id' of int64 values"):
        picks(table)
    table = table.drop(columns="id").assign(other=1.0) if frame == "pandas" else table
    table = table.drop("id").with_columns(other=polars.lit(1.0)) if frame == "polars" else table
    table = table.drop_columns("id").append_column("other", [np.ones(len(pool))]) if frame == "pyarrow" else table
    with pytest.raises(TypeError, match="the column 'e' of") as raised:
        picks(table)
    recipe = str(raised.value).rpartition("pass ")[2]
    with one_warning(COPIED) if frame == "pandas" else no_warning():
        assert picks(eval(recipe, {"a": table})) == expected


REFUSED = {
    "whole numbers": (lambda: fixed(np.arange(60).reshape(30, 2)), TypeError, "int64 values; a pool has float32"),
    "truth": (lambda: pyarrow.array([[True, False]] * 30), TypeError, "bool(ean)? values; a pool has float32"),
    "words": (lambda: pyarrow.array([["a", "b"]] * 30), TypeError, "utf8 values; a pool has float32"),
    "a null row": (lambda: pyarrow.array([[1.0, 2.0], None, [3.0, 4.0]]), ValueError, "row 1 is null"),
    "a null": (lambda: pyarrow.array([[1.0, 2.0], [3.0, None]]), ValueError, "row 1 holds a null"),
    "a null in a row of rows": (
        lambda: pyarrow.array([[[1.0], [2.0]], [[3.0], None]]),
        ValueError,
        "row 1 holds a null",
    ),
    "lengths": (lambda: pyarrow.array([[1.0, 2.0], [3.0, 4.0], [5.0]]), ValueError, "row 2 has 1 values, and row 0 has 2"),
    "lengths of pieces": (
        lambda: pyarrow.chunked_array([fixed(np.ones((4, 2))).cast(pyarrow.list_(pyarrow.float64())), lists(np.ones((4, 3)))]),
        ValueError,
        "row 4 has 3 values, and row 0 has 2",
    ),
    "no rows": (lambda: fixed(np.ones((0, 2), np.float32)), ValueError, "is empty"),
    "no values": (lambda: pyarrow.array([[], []], pyarrow.list_(pyarrow.float32())), ValueError, "is empty"),
    "not finite": (lambda: lists(np.array([[1.0, 2.0], [3.0, np.nan]])), ValueError, "row 1"),
    "polars null": (lambda: polars.Series([[1.0, 2.0], None], dtype=polars.List(polars.Float64)), ValueError, "row 1 is null"),
    "a lazy frame": (lambda: polars.DataFrame({"e": np.ones((30, 2))}).lazy(), TypeError, r"pass a.collect\(\)"),
    "pandas None": (lambda: pandas.Series([[1.0, 2.0], None]), ValueError, "has no row at 1, but None"),
    "pandas NaN": (lambda: pandas.Series([[1.0, 2.0], float("nan")]), ValueError, "has no row at 1, but nan"),
    "pandas lengths": (lambda: pandas.Series([[1.0, 2.0], [3.0]]), ValueError, "row 1 has 1 values, and row 0 has 2"),
    "pandas words": (lambda: pandas.Series([["a", "b"], ["c", "d"]]), TypeError, "values; a pool has"),
    "pandas whole numbers": (lambda: pandas.Series(list(np.arange(60).reshape(30, 2))), TypeError, "int64 values; a pool has"),
    "a path": (lambda: "pool.npy", TypeError, r"is a str: pass farpoint.open\('pool.npy'\)"),
    "objects": (lambda: np.array([{}, {}], object), TypeError, "object values, of which that at 0 is a dict"),
    "bytes of two": (lambda: np.ones((30, 2), np.float16).view("V2"), TypeError, r"pass a.view\(ml_dtypes.bfloat16\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_pool(name):
    make, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        farpoint.select(make(), 2)


def test_shapes_of_other_dimensions_come_with_a_recipe(pool, expected):
    maps = np.random.default_rng(1).standard_normal((3, 4, 5, 6), np.float32)
    for array, recipe in [
        (pool[None], r"pass a\[0\]"),
        (pool[:, 0], "reshape\\(-1, 1\\)"),
        (maps[0], "a.reshape\\(-1, 6\\) if each vector in it is one"),
    ]:
        with pytest.raises(ValueError, match=recipe):
            farpoint.select(np.ascontiguousarray(array), 2)
    with pytest.raises(ValueError, match="feature maps") as raised:
        farpoint.select(maps, 2)
    recipe = str(raised.value).partition("each place is one by ")[2].partition(", of tensors")[0]
    places = eval(recipe, {"np": np, "a": maps})
    assert places.shape == (90, 4) and (places[7] == maps[0, :, 1, 1]).all()


def test_rows_in_sets_and_selections(pool):
    first = farpoint.select(pool, 4)
    expected = picks(pool, labeled=sorted(first.centers.tolist()))
    rows = first.centers.tolist()
    assert picks(pool, labeled=iter(rows)) == picks(pool, labeled=dict.fromkeys(rows).keys()) == expected
    assert picks(pool, labeled=set(first.centers.tolist())) == picks(pool, labeled=frozenset(first.centers.tolist())) == expected
    assert picks(pool, labeled=first) == picks(pool, labeled=first.centers)
    assert picks(pool, resume=first) == picks(pool)
    assert picks(pool, exclude=first) == picks(pool, exclude=first.centers)
    with pytest.raises(TypeError, match="resume is a set, which has no order"):
        picks(pool, resume={1, 2})


def test_an_open_pool_is_no_array(tmp_path, pool):
    np.save(tmp_path / "pool.npy", pool)
    with pytest.raises(TypeError, match="an open pool is no array"):
        np.asarray(farpoint.open(tmp_path / "pool.npy"))


def test_parts_of_the_package_are_there_when_they_are_asked_for():
    assert farpoint.sklearn.__name__ == "farpoint.sklearn" and "sklearn" in dir(farpoint)
    with pytest.raises(AttributeError, match="module 'farpoint' has no attribute 'nothing'"):
        farpoint.nothing  # noqa: B018


def test_parts_whose_packages_are_not_installed_are_not_there(monkeypatch):
    for name in [name for name in sys.modules if name == "sklearn" or name.startswith(("sklearn.", "farpoint.sklearn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(farpoint, "sklearn", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert not hasattr(farpoint, "sklearn")
    with pytest.raises(AttributeError, match="farpoint.sklearn needs a package that is not installed"):
        farpoint.sklearn  # noqa: B018
