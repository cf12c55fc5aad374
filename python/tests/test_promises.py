"""The promises of docs/python.md, for all that may hold a pool: made by the real libraries, each as it is in the page's table."""

import io
import re
import warnings

import containers
import numpy as np
import pytest
import reference
from containers import CONVERTED, COPIED, IN_PLACE, READ, REFUSED, TABLE, has_type, kinds, maker
from taken import no_warning, one_warning, picks

import farpoint
from farpoint import _lazy, _reading

ALL = kinds(IN_PLACE, COPIED, READ, CONVERTED)
#: They have NumPy's strides, byte orders and numbers of dimensions inside.
OF_ARRAYS = ["numpy", "xarray", "only array", *kinds(READ)]


@pytest.fixture(scope="module", autouse=True)
def ray_ends():
    yield
    import sys

    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()


def said(kind):
    return one_warning("copied in memory") if kind in kinds(COPIED) else no_warning()


def at_most_one_copy():
    """Of which the bytes are said."""
    return pytest.warns(UserWarning, match=r"copied in memory \([\d,]+ bytes\)")


def test_the_table_is_what_is_tested():
    rows = dict(containers.rows_of_the_docs())
    assert rows.pop(containers.REFUSED_ROW) == "TypeError"
    assert rows == {name: verdict for name, (verdict, _) in TABLE.items()}


@pytest.mark.parametrize("dtype", containers.DTYPES)
@pytest.mark.parametrize("kind", ALL)
def test_types_are_kept(pool, kind, dtype):
    if not has_type(kind, dtype):
        pytest.skip("it has no such values")
    rows = (10 * np.abs(pool)).astype(dtype)
    container = maker(kind)(rows)
    with said(kind):
        assert picks(container) == reference.select(rows, 20).centers


@pytest.mark.parametrize("kind", ["numpy", "numpy memmap", "xarray", "only array", "dask", "fortran", "steps", "object array"])
def test_brain_floats_are_kept(pool, kind):
    rows = (10 * pool).astype(pytest.importorskip("ml_dtypes").bfloat16)
    if kind == "numpy memmap":
        rows = rows.copy()  # which np.save writes as V2
        container = rows
    else:
        container = maker(kind)(rows)
    with said(kind):
        assert picks(container) == reference.select(rows.astype(np.float32), 20).centers


@pytest.mark.parametrize("kind", ALL)
def test_doubles_are_not_rounded(kind):
    if kind == "jax":
        pytest.skip("it has no such values")
    rows = 5e6 + 0.1 * np.random.default_rng(0).permutation(300).reshape(150, 2)
    expected = reference.select(rows, 20).centers
    assert expected != reference.select(rows.astype(np.float32), 20).centers
    container = maker(kind)(rows)
    with said(kind):
        assert picks(container) == expected


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in ("lists", "list of arrays", "jax", "big-endian")])
def test_whole_numbers_are_refused(kind):
    rows = 2**24 + np.arange(300).reshape(150, 2)
    container = maker(kind)(rows)
    with no_warning(), pytest.raises(TypeError, match="(?i)int64 (values|values; a pool has)"):
        picks(container)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(pool, kind, value):
    rows = pool.copy()
    rows[40, 5] = value
    container = maker(kind)(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="row 40 holds .* at dimension 5; every value must be finite"):
            picks(container)


@pytest.mark.parametrize("kind", ALL)
def test_labeled_vectors_follow_the_rules(pool, kind):
    vectors = pool[:150] + 1
    expected = reference.select(pool, 20, labeled_vectors=vectors).centers
    container = maker(kind)(vectors)
    with said(kind):
        assert picks(pool, labeled_vectors=container) == expected


@pytest.mark.parametrize("kind", ["xarray", "only array", "dlpack", "pandas column", "object array", *kinds(READ)])
def test_what_is_read_only(pool, expected, kind):
    container = maker(kind)(containers.read_only(pool))
    with said(kind):
        assert picks(container) == expected


@pytest.mark.parametrize("kind", OF_ARRAYS)
def test_other_strides_and_byte_orders(pool, expected, kind):
    if kind == "h5py as type":
        pytest.skip("it is the type that is asked for")
    make = maker(kind) if kind != "numpy" else np.asanyarray
    for rows in (np.asfortranarray(pool), np.repeat(pool, 2, axis=1)[:, ::2], pool.astype(">f4")):
        container = make(rows)
        with no_warning() if kind in kinds(READ) else at_most_one_copy():
            assert picks(container) == expected


@pytest.mark.parametrize(
    "kind", [kind for kind in OF_ARRAYS if kind != "numpy read-only"] + ["torch", "jax", "lists", "numpy memmap"]
)
def test_other_shapes_come_with_a_recipe_that_works(pool, expected, kind):
    for array in (pool[:, 0].copy(), pool[None], pool.reshape(30, 10, 8), pool.reshape(5, 60, 2, 4)):
        container = maker(kind)(array)
        with pytest.raises(ValueError, match=f"has {array.ndim} dimensions") as raised:
            farpoint.select(container, 2)
        told = str(raised.value).partition(": pass ")[2]
        recipes = (
            [recipe.partition(" if ")[0] for recipe in told.split(", or ")] if array.ndim < 4 else [told.partition(" if ")[0]]
        )
        recipes += re.findall(r"np.moveaxis.*\)(?=, of tensors)", told) if kind not in ("torch", "jax") else []
        for recipe in recipes:
            assert len(farpoint.select(eval(recipe, {"a": container, "np": np}), 2)) == 2
    with no_warning():
        assert picks(maker(kind)(pool)) == expected


@pytest.mark.parametrize("kind", ["series of pandas", "series of polars", "array of pyarrow"])
def test_a_column_of_numbers_comes_with_a_recipe(pool, kind):
    library = kind.rpartition(" ")[2]
    module = pytest.importorskip(library)
    column = module.array(pool[:, 0]) if library == "pyarrow" else module.Series(pool[:, 0].tolist())
    with pytest.raises(ValueError, match=re.escape("pass np.asarray(a).reshape(-1, 1) if each number is a row")):
        farpoint.select(column, 2)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_comes_with_a_remedy(pool, kind):
    make, message = REFUSED[kind]
    container = make(pool)
    with no_warning(), pytest.raises(TypeError, match=message):
        picks(container)


def test_values_are_refused_before_they_are_read(monkeypatch):
    """Of an array in a file the type and the shape say enough."""
    monkeypatch.setattr(_lazy, "regions", None)
    for array in (np.ones((30, 2), int), np.ones(30), np.ones((3, 4, 5))):
        for kind in ("h5py", "zarr", "xarray on disk"):
            with pytest.raises((TypeError, ValueError), match="a pool has|dimensions"):
                picks(maker(kind)(array))


# Reading in blocks


@pytest.mark.parametrize(
    "shape, chunks", [((100, 8), None), ((100, 8), (7, 3)), ((100, 8), (100, 1)), ((100, 8), (1, 8)), ((5, 100), (5, 7))]
)
@pytest.mark.parametrize("block", [1, 100, 1000, 10**6])
def test_blocks_are_whole_chunks_and_cover_all(monkeypatch, shape, chunks, block):
    monkeypatch.setattr(_lazy, "BLOCK", block)
    covered = np.zeros(shape, int)
    rows, columns = chunks or (1, shape[1])
    for at_rows, at_columns in _lazy.regions(shape, chunks, 4):
        covered[at_rows, at_columns] += 1
        assert at_rows.start % rows == at_columns.start % columns == 0
        assert at_rows.stop % rows == 0 or at_rows.stop == shape[0]
        assert at_columns.stop % columns == 0 or at_columns.stop == shape[1]
        assert covered[at_rows, at_columns].size * 4 <= max(block, rows * columns * 4)
    assert (covered == 1).all()


@pytest.mark.parametrize("kind", kinds(READ))
def test_small_blocks(monkeypatch, pool, expected, kind):
    monkeypatch.setattr(_lazy, "BLOCK", 100)
    with no_warning():
        assert picks(maker(kind)(pool)) == expected


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("kind", ["h5py", "zarr", "dask", "xarray on disk", "pyarrow pieces", "datasets shuffled"])
def test_what_takes_long_is_told_on_a_terminal(monkeypatch, pool, expected, kind):
    monkeypatch.setattr(_lazy, "BLOCK", 1000)
    container = maker(kind)(pool)
    for stream, patience, shown in [(Terminal(), 0.0, True), (Terminal(), 60.0, False), (io.StringIO(), 0.0, False)]:
        monkeypatch.setattr(_reading, "PATIENCE", patience)
        monkeypatch.setattr(_reading, "BETWEEN", 0.0)
        monkeypatch.setattr("sys.stderr", stream)
        with said(kind):
            assert picks(container) == expected
        told = stream.getvalue()
        assert bool(told) == shown, told
        if shown:
            of = " of 300" if kind in kinds(READ) else ""
            assert f"farpoint: reading the pool: 300{of} rows, " in told and told.endswith("\r\x1b[K")


PEAK = """
import sys
import numpy as np
import containers, farpoint
from farpoint import _lazy

def held(word):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(word))

kind, n, d = sys.argv[1], 500_000, 64
array = np.random.default_rng(0).standard_normal((n, d), np.float32)
_lazy.BLOCK = 8 << 20
if kind.startswith("h5py"):
    import h5py, tempfile
    layout = {} if kind == "h5py" else {"chunks": (5000, 64), "compression": "lzf"}
    pool = h5py.File(tempfile.mktemp(), "w").create_dataset("e", data=array, **layout)
elif kind == "zarr":
    import zarr, tempfile
    pool = zarr.create_array(tempfile.mkdtemp() + "/z", data=array, chunks=(5000, 64))
elif kind == "xarray on disk":
    import xarray, tempfile
    path = tempfile.mkdtemp() + "/x"
    xarray.Dataset({"e": (("row", "column"), array)}).to_zarr(path, encoding={"e": {"chunks": (5000, 64)}}, zarr_format=2)
    pool = xarray.open_zarr(path, chunks=None)["e"]
elif kind == "dask":
    import dask.array
    pool = dask.array.random.default_rng(0).standard_normal((n, d), dtype=np.float32, chunks=(5000, 64))
elif kind == "duckdb":
    import duckdb, pyarrow, pyarrow.parquet, tempfile
    path = tempfile.mktemp()
    pyarrow.parquet.write_table(pyarrow.table({"e": containers.fixed(array)}), path, row_group_size=20_000)
    connection = duckdb.connect(config={"threads": 1})
    pool = connection.sql(f"select e from '{path}'")
else:
    pool = containers.maker(kind)(array)
in_place = kind in containers.kinds(containers.IN_PLACE)
if not in_place:
    del array
    farpoint.coverage(np.zeros((10, 2), np.float32), [0], threads=1)
open("/proc/self/clear_refs", "w").write("5")
before = held("VmRSS")
farpoint.coverage(pool, [0], threads=1)
print((held("VmHWM") - before) / (n * d * 4))
"""


@pytest.mark.parametrize("kind", ["h5py", "h5py chunks", "zarr", "xarray on disk", "dask"])
def test_the_pool_and_one_block_are_in_memory(run_apart, kind):
    """Peak memory, in pools of 128 MB: one, a block of 8 MB, 16 MB of the engine's 32 bytes a row, and what libraries load; a copy would be two."""
    for name in {"h5py chunks": ["h5py"], "dask": ["dask.array"], "xarray on disk": ["xarray", "zarr"]}.get(kind, [kind]):
        pytest.importorskip(name)
    assert float(run_apart(PEAK, kind)) < 1.75


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds(IN_PLACE) if kind not in ("ray", "tensorflow", "numpy memmap", "duckdb pl", "duckdb arrow")]
)
def test_not_a_byte_is_copied(run_apart, kind):
    """In pools of 128 MB: the engine's own memory is less than half of one."""
    maker(kind)(np.ones((2, 2), np.float32))  # which skips what is not installed
    assert float(run_apart(PEAK, kind)) < 0.6
