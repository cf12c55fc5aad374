"""Pools in what is no array: data frames, tables, lists, and whatever else NumPy makes arrays of. One rule holds for all: the answer is that of
the same NumPy array, float64 is what it is, and whole numbers are never rounded."""

import numpy as np
import pytest
import reference
from taken import NOT_CONTIGUOUS, no_warning, one_warning, picks

import farpoint


class OnlyArray:
    """What NumPy makes an array of, and nothing else."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __array__(self, dtype=None, copy=None):
        return self.array


class Labelled(OnlyArray):
    """As xarray's and h5py's: with a type and methods of its own, which are not NumPy's."""

    @property
    def shape(self):
        return self.array.shape

    @property
    def dtype(self):
        return self.array.dtype

    def __len__(self):
        return len(self.array)

    def astype(self, dtype):
        raise AssertionError("this is not NumPy's")


def pandas_frame(array):
    return pytest.importorskip("pandas").DataFrame(array)


def polars_frame(array):
    return pytest.importorskip("polars").DataFrame(array)


def polars_series(array):
    """Of polars' type Array: an entry is a row."""
    return pytest.importorskip("polars").Series(array)


def arrow_table(array):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({f"e{column}": array[:, column] for column in range(array.shape[1])})


def xarray_array(array):
    return pytest.importorskip("xarray").DataArray(array)


def on_disk(array):
    return pytest.importorskip("h5py").File.in_memory().create_dataset("e", data=array)


WRAPPERS = [OnlyArray, Labelled, xarray_array]
CONTAINERS = [*WRAPPERS, pandas_frame, polars_frame, polars_series, arrow_table, on_disk]
#: They hold columns, each in one piece.
OF_COLUMNS = (pandas_frame, polars_frame)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "uint8", "int8"])
def test_types_of_pools_are_kept(pool, container, dtype):
    rows = (10 * np.abs(pool)).astype(dtype)
    with one_warning(NOT_CONTIGUOUS) if container in OF_COLUMNS else no_warning():
        assert picks(container(rows)) == reference.select(rows, 20).centers


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint64", "uint32", "uint16", "int16"])
def test_whole_numbers_are_refused_as_an_arrays_are(container, dtype):
    """float32 has 2**24 and 2**24 + 2 and none between them: these rows, rounded, would be pairs of equal ones."""
    first = 0 if dtype.endswith("16") else 2**24
    rows = np.array([[first + row] for row in range(30)], dtype)
    for pool in (rows, container(rows)):
        with no_warning(), pytest.raises(TypeError, match=f"(?i){dtype} values; a pool has float32"):
            picks(pool)


@pytest.mark.parametrize("container", CONTAINERS)
def test_doubles_are_not_rounded(container):
    rows = 5e6 + 0.1 * np.random.default_rng(0).permutation(300).reshape(150, 2)
    expected = reference.select(rows, 20).centers
    assert expected != reference.select(rows.astype(np.float32), 20).centers
    with one_warning(NOT_CONTIGUOUS) if container in OF_COLUMNS else no_warning():
        assert picks(container(rows)) == expected


@pytest.mark.parametrize("container", [*WRAPPERS, pandas_frame])
@pytest.mark.parametrize("dtype", ["bool", "complex64", "datetime64[s]", "timedelta64[s]", "object", "U3", "S3"])
def test_what_is_no_number_is_refused(container, dtype):
    with no_warning(), pytest.raises(TypeError, match="values; a pool has float32"):
        picks(container(np.ones((30, 2), int).astype(dtype)))


@pytest.mark.parametrize("container", [polars_frame, polars_series, arrow_table])
def test_truth_values_are_refused(container):
    with no_warning(), pytest.raises(TypeError, match="(?i)bool(ean)? values; a pool has float32"):
        picks(container(np.ones((30, 2), bool)))


@pytest.mark.parametrize("container", WRAPPERS)
def test_what_must_be_copied(pool, expected, container):
    with one_warning(NOT_CONTIGUOUS):
        assert picks(container(np.asfortranarray(pool))) == expected
    with one_warning("has >f4 values: copied"):
        assert picks(container(pool.astype(">f4"))) == expected
    with one_warning(NOT_CONTIGUOUS):
        assert picks(container(np.asfortranarray(pool.astype(float)))) == expected


def with_ids(array, frame):
    """The embeddings beside an int64 column, as files have them."""
    table = {"id": 2**40 + np.arange(len(array)), **{f"e{column}": array[:, column] for column in range(array.shape[1])}}
    if frame == "pyarrow":
        return pytest.importorskip("pyarrow").table(table)
    return pytest.importorskip(frame).DataFrame(table)


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
def test_a_column_of_ids_is_named(pool, frame):
    """Beside float32, NumPy would make float64 of it, and the pool would have the ids in it."""
    with no_warning(), pytest.raises(TypeError, match="(?i)the column 'id' of int64 values"):
        picks(with_ids(pool, frame))


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("other", ["float64", "float16"])
def test_columns_of_several_types(pool, frame, other):
    table = with_ids(pool, frame)
    table = (
        table.drop(columns="id") if frame == "pandas" else table.drop_columns("id") if frame == "pyarrow" else table.drop("id")
    )
    column = pool[:, 0].astype(other)
    if frame == "pandas":
        table["e0"] = column
    elif frame == "polars":
        table = table.with_columns(pytest.importorskip("polars").Series("e0", column))
    else:
        table = table.set_column(0, "e0", [column])
    rows = np.concatenate([column[:, None].astype(np.float32), pool[:, 1:]], axis=1)
    with no_warning() if frame == "pyarrow" else one_warning(NOT_CONTIGUOUS):
        assert picks(table) == reference.select(rows, 20).centers


def test_sparse_arrays_come_with_a_recipe(pool, expected):
    sparse = pytest.importorskip("scipy.sparse")
    for kind in (sparse.csr_matrix, sparse.coo_array):
        with pytest.raises(TypeError, match="the pool is sparse: pass a.toarray()"):
            picks(kind(pool))
        assert picks(kind(pool).toarray()) == expected


def test_masks_in_containers_are_seen(pool):
    class Masked(OnlyArray):
        def __init__(self):
            self.array = np.ma.masked_array(pool, mask=pool > 1)

    with pytest.raises(TypeError, match="masked array"):
        picks(Masked())


# Lists, whose numbers have no type


def test_lists_are_float32_where_that_changes_no_number(pool, expected):
    whole = [[0, 1], [5, 2], [3, 3]]
    with no_warning():
        assert picks(pool.tolist()) == picks(list(pool)) == picks(tuple(map(tuple, pool.tolist()))) == expected
        assert farpoint.select(whole, 2).centers.tolist() == [0, 1]
        assert farpoint.select([[2**24], [-(2**24)], [0]], 3).radii.tolist() == [2**25, 2**24, 0]
        assert picks(pool.astype(np.float16).tolist()) == reference.select(pool.astype(np.float16), 20).centers


@pytest.mark.parametrize("number", [2**24 + 1, -(2**24) - 1, 2**53])
def test_whole_numbers_in_lists_are_float64_where_float32_has_them_not(number):
    rows = [[number], *([number // 2 + row] for row in range(29))]
    with no_warning():
        selection = farpoint.select(rows, 20)
    expected = reference.select(np.array(rows, float), 20)
    assert (selection.centers.tolist(), selection.radii.tolist()) == (expected.centers, expected.radii)


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63 + 1])
def test_whole_numbers_in_lists_are_not_rounded(number):
    with no_warning(), pytest.raises(TypeError, match=f"holds {number}, and float64 has not every whole number beyond 2\\*\\*53"):
        picks([[number], *([row] for row in range(29))] if number < 2**63 else [[number]] * 30)


@pytest.mark.parametrize("number", [0.1, 2**24 + 1, 1e300, 2**60 + 1])
def test_floats_in_lists_are_float64_where_float32_has_them_not(number):
    """Of whole numbers beside floats NumPy makes float64, which has not every one from 2**53 on: that is said."""
    rows = [[number, 0.5], *([float(row), 0.5] for row in range(29))]
    told = no_warning() if number < 2**53 else one_warning("numbers of 2**53 or more: as float64")
    if number == 1e300:
        with told, pytest.raises(ValueError, match="row 0 holds 1e300 at dimension 0; f64 values are at most"):
            picks(rows)
        return
    with told:
        assert picks(rows) == reference.select(np.array(rows), 20).centers


# Where else pools are


def test_every_call_has_the_rule(pool):
    pandas = pytest.importorskip("pandas")
    whole, columns = pandas.DataFrame([[2**24 + row] for row in range(9)]), pandas.DataFrame(pool)
    selection = farpoint.select(pool, 3)
    calls = [
        lambda rows: farpoint.select(rows, 3),
        lambda rows: farpoint.robust(rows, 3, candidates="greedy"),
        lambda rows: farpoint.plan(rows, 3),
        lambda rows: farpoint.verify(rows, selection),
        lambda rows: farpoint.select(pool[:, : rows.shape[1]].copy(), 3, labeled_vectors=rows[:2]),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="int64 values; a pool has"):
            call(whole)
        with pytest.warns(UserWarning, match=NOT_CONTIGUOUS) as told:
            call(columns)
        assert len(told) == 1 and told[0].filename == __file__


@pytest.mark.parametrize("name", ["labeled", "exclude", "resume"])
def test_rows_in_containers_are_never_rounded(pool, name):
    pandas = pytest.importorskip("pandas")
    first = farpoint.select(pool, 1).centers.tolist()
    expected = picks(pool, **{name: first})
    for rows in (pandas.Series(first), pandas.Index(first), OnlyArray(first)):
        assert picks(pool, **{name: rows}) == expected
    for rows in ([1.5], pandas.Series([1.5]), pandas.Series([7, None]), OnlyArray([7.0]), pandas.Series(["7"])):
        with pytest.raises(TypeError, match=f"{name} has .* values; rows are integers"):
            picks(pool, **{name: rows})


def test_weights_in_containers(pool):
    pandas = pytest.importorskip("pandas")
    weights = np.linspace(0.1, 1, 300)
    expected = picks(pool, weights=weights.astype(np.float32))
    with no_warning():
        assert (
            picks(pool, weights=weights) == picks(pool, weights=pandas.Series(weights)) == picks(pool, weights=weights.tolist())
        )
    assert picks(pool, weights=weights) == expected
    for bad in (pandas.Series(["1"] * 300), pandas.Series([1j] * 300), pandas.to_datetime(pandas.Series([0] * 300))):
        with pytest.raises(TypeError, match="one number a row"):
            picks(pool, weights=bad)


# Bytes


def test_packed_bits_are_numbers_until_they_are_unpacked():
    """Hamming distance is the square of the distance between unpacked rows; that between bytes says nothing of it."""
    bits = np.random.default_rng(0).integers(0, 2, (60, 40), dtype=np.uint8)
    packed = np.packbits(bits, axis=1)
    by_bits = farpoint.select(np.unpackbits(packed, axis=1), 10, return_distances=True)
    hamming = (bits[:, None] != bits[by_bits.centers]).sum(axis=2)
    np.testing.assert_allclose(by_bits.min_distance**2, hamming.min(axis=1))
    assert by_bits.centers.tolist() == reference.select(bits, 10).centers
    assert farpoint.select(packed, 10).centers.tolist() == reference.select(packed, 10).centers != by_bits.centers.tolist()
    # sentence-transformers' "binary" is "ubinary" less 128, as int8: a bit of each byte is turned, the same in every row.
    signed = (packed.astype(int) - 128).astype(np.int8)
    turned = farpoint.select(np.unpackbits(signed.view(np.uint8), axis=1), 10)
    assert turned.centers.tolist() == by_bits.centers.tolist() and turned.radii.tolist() == by_bits.radii.tolist()
