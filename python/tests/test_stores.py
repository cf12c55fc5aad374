"""Pools in HDF5 files, Zarr stores and tables of Lance, as their own libraries write them."""

import re
import zipfile

import numpy as np
import pytest

import farpoint

h5py, zarr = (pytest.importorskip(name) for name in ("h5py", "zarr"))
SHORT = {"float64": "f64", "float32": "f32", "float16": "f16", "uint8": "u8", "int8": "i8"}
# How h5py lays a dataset out.
LAYOUTS = {
    "one after another": {},
    "chunks": {"chunks": True},
    "gzip": {"compression": "gzip"},
    "gzip and shuffle": {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (7, 3)},
    "lzf": {"compression": "lzf", "chunks": (50, 8)},
    "that grows": {"maxshape": (None, 8)},
}
# How zarr-python encodes an array.
ENCODINGS = {
    "usual": {},
    "columns cut": {"chunks": (7, 3)},
    "plain": {"compressors": None, "chunks": (50, 8)},
    "gzip": {"compressors": zarr.codecs.GzipCodec()},
    "blosc": {"compressors": zarr.codecs.BloscCodec(cname="lz4")},
    "shards": {"chunks": (10, 4), "shards": (50, 8)},
}


def same(opened, array):
    """The pool is the array: its shape, type, values as far as a selection tells, and notices."""
    assert (opened.shape, opened.dtype, opened.notices) == (array.shape, SHORT[array.dtype.name], [])
    ours, theirs = (farpoint.select(pool, 40, return_distances=True) for pool in (opened, array))
    for name in ("centers", "radii", "min_distance"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def line(error):
    """The Python that a refusal gives."""
    return re.search(r"(?:: |in Python, )((?:h5py|zarr|pyarrow)\S*\(.*\)(?:\[\S*\])?) writes", str(error.value)).group(1)


@pytest.fixture(params=SHORT)
def array(request, pool):
    return (10 * np.abs(pool)).astype(request.param)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hdf5(tmp_path, array, layout):
    path = tmp_path / "pool.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=array, **LAYOUTS[layout])
        file["coords"] = np.zeros((len(array), 2), int)
    same(farpoint.open(path), array)
    same(farpoint.open(path, "features"), array)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_zarr(tmp_path, array, encoding, version):
    options = ENCODINGS[encoding]
    if version == 2:
        if encoding == "shards":
            pytest.skip("version 2 has none")
        numcodecs = pytest.importorskip("numcodecs")
        options = options | {"gzip": {"compressors": numcodecs.GZip()}, "blosc": {"compressors": numcodecs.Blosc()}}.get(
            encoding, {}
        )
    store = zarr.create_array(tmp_path / "pool.zarr", shape=array.shape, dtype=array.dtype, zarr_format=version, **options)
    store[:] = array
    same(farpoint.open(tmp_path / "pool.zarr"), array)


def test_arrays_of_a_group_and_many_stores(tmp_path, pool):
    pool = pool.astype("f4")
    group = zarr.create_group(tmp_path / "a.zarr")
    for name in ("train", "deep/test"):
        group.create_array(name, data=pool)
    same(farpoint.open(tmp_path / "a.zarr", "deep/test"), pool)
    with pytest.raises(ValueError, match="holds 2 two-dimensional arrays, name the one to read: 'deep/test', 'train'"):
        farpoint.open(tmp_path / "a.zarr")
    for number, part in enumerate(np.split(pool, 3)):
        zarr.create_array(tmp_path / f"part_{number}.zarr", data=part)
    same(farpoint.open(str(tmp_path / "part_*.zarr")), pool)


def test_what_is_not_read_is_written_again_by_the_line_that_is_told(tmp_path, pool, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pool = pool.astype("f4")
    with h5py.File("newest.h5", "w", libver="latest") as file:
        file.create_dataset("x", data=pool, compression="gzip")
    with pytest.raises(ValueError, match="only HDF5 2.0") as error:
        farpoint.open("newest.h5")
    exec(line(error), {"h5py": h5py, "path": "newest.h5", "name": "x"})
    same(farpoint.open("new.h5"), pool)
    numcodecs = pytest.importorskip("numcodecs")
    zarr.create_array("old.zarr", shape=pool.shape, dtype="f4", zarr_format=2, compressors=numcodecs.BZ2())[:] = pool
    with pytest.raises(ValueError, match="'bz2'") as error:
        farpoint.open("old.zarr")
    exec(line(error), {"zarr": zarr, "path": "old.zarr"})
    same(farpoint.open("new.zarr"), pool)


def test_a_table_of_lance(tmp_path, pool, monkeypatch):
    lance, pyarrow, _ = (pytest.importorskip(name) for name in ("lance", "pyarrow", "pyarrow.parquet"))
    monkeypatch.chdir(tmp_path)
    pool = pool.astype("f4")
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(pool.ravel()), pool.shape[1])
    lance.write_dataset(pyarrow.table({"id": np.arange(len(pool)), "vector": column}), "t.lance")
    with pytest.raises(ValueError, match="is a table of Lance") as error:
        farpoint.open("t.lance")
    exec(line(error), {"lance": lance, "pyarrow": pyarrow})
    same(farpoint.open("pool.parquet"), pool)
    expected = farpoint.select(pool, 20).centers
    table = lance.dataset("t.lance").to_table(columns=["vector"])
    np.testing.assert_array_equal(farpoint.select(table, 20).centers, expected)


# What holds ids: texts of every kind that h5py and zarr write, and whole numbers.
TEXTS = [f"kürzel {row}.jpg" if row % 3 else f"#{row}" for row in range(200)]
IDS = {
    "texts": (TEXTS, TEXTS),
    "numbers": ([2**40 + row for row in range(200)], [2**40 + row for row in range(200)]),
    "unsigned": (np.arange(200, dtype="u8") + 2**63, [str(2**63 + row) for row in range(200)]),
    "big-endian": (np.arange(200, dtype=">i4"), list(range(200))),
}


def have_ids(path, name, ids, pool):
    """Picks from the file come out by the ids in `name`, and lists may hold them."""
    opened = farpoint.open(path, "x")
    picks = farpoint.select(opened, 20, ids=name)
    assert picks.ids.tolist() == [ids[row] for row in picks.centers]
    assert picks.centers.tolist() == farpoint.select(pool, 20).centers.tolist()
    after = farpoint.select(opened, 5, ids=name, labeled=picks.ids[:3])
    assert after.centers.tolist() == farpoint.select(pool, 5, labeled=picks.centers[:3]).centers.tolist()


@pytest.fixture
def rows(pool):
    assert len(pool) >= 200
    return pool[:200].astype("f4")


@pytest.mark.parametrize("layout", [{}, {"chunks": (64,), "compression": "gzip"}, {"chunks": (64,), "shuffle": True}])
@pytest.mark.parametrize("kind", [*IDS, "fixed", "fixed utf-8"])
def test_ids_in_hdf5(tmp_path, rows, kind, layout):
    given, ids = IDS.get(kind, (TEXTS, TEXTS))
    if kind == "fixed":
        given = ids = [f"{row}.jpg" for row in range(200)]
        given = np.array(given, "S")
    elif kind == "fixed utf-8":
        given = np.array([text.encode() for text in TEXTS], h5py.string_dtype("utf-8", 40))
    with h5py.File(tmp_path / "pool.h5", "w") as file:
        file["x"] = rows
        file.create_dataset("meta/name", data=given, **layout)
    have_ids(tmp_path / "pool.h5", "meta/name", ids, rows)
    have_ids(tmp_path / "pool.h5", "column:/meta/name", ids, rows)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("chunks", [(200,), (64,)])
@pytest.mark.parametrize("kind", [*IDS, "fixed", "one width", "shards"])
def test_ids_in_zarr(tmp_path, rows, kind, chunks, version):
    given, ids = IDS.get(kind, (TEXTS, TEXTS))
    options = {"chunks": chunks}
    if kind == "fixed":
        ids = [f"{row}.jpg" for row in range(200)]
        given = np.array(ids, "S")
    elif kind == "one width":
        given = np.array(TEXTS)
    elif kind == "shards":
        if version == 2:
            pytest.skip("version 2 has none")
        options = {"chunks": (16,), "shards": (64,)}
    group = zarr.create_group(tmp_path / "pool.zarr", zarr_format=version)
    group.create_array("x", data=rows)
    if kind in ("texts", "shards"):
        group.create_array("meta/name", shape=(200,), dtype=str, **options)[:] = np.array(given, object)
    else:
        group.create_array("meta/name", data=np.array(given), **options)
    have_ids(tmp_path / "pool.zarr", "meta/name", ids, rows)
    with zipfile.ZipFile(tmp_path / "pool.zarr.zip", "w") as archive:
        for file in (tmp_path / "pool.zarr").rglob("*"):
            archive.write(file, file.relative_to(tmp_path / "pool.zarr"))
    have_ids(tmp_path / "pool.zarr.zip", "meta/name", ids, rows)


@pytest.mark.parametrize("missing", [False, True])
def test_ids_as_anndata_writes_columns(tmp_path, rows, missing):
    """Of few different values a group of codes and categories, of a pandas column with a mask one of values and mask."""
    categories = ["a", "b", "c"]
    codes = (np.arange(200) % 3).astype("i1")
    mask = np.zeros(200, bool)
    if missing:
        codes[7], mask[7] = -1, True
    with h5py.File(tmp_path / "pool.h5ad", "w") as file:
        file["x"] = rows
        file["obs/_index"] = TEXTS
        file["obs/kind/codes"], file["obs/kind/categories"] = codes, categories
        file["obs/name/values"], file["obs/name/mask"] = TEXTS, mask
    group = zarr.create_group(tmp_path / "pool.zarr")
    group.create_array("x", data=rows)
    for name, values in {"obs/kind/codes": codes, "obs/name/mask": mask}.items():
        group.create_array(name, data=values)
    for name, values in {"obs/_index": TEXTS, "obs/name/values": TEXTS, "obs/kind/categories": categories}.items():
        group.create_array(name, shape=(len(values),), dtype=str)[:] = np.array(values, object)
    for path in (tmp_path / "pool.h5ad", tmp_path / "pool.zarr"):
        opened = farpoint.open(path, "x")
        picks = farpoint.select(opened, 20, ids="obs/_index")
        assert picks.ids.tolist() == [TEXTS[row] for row in picks.centers]
        if missing:
            for name in ("obs/kind", "obs/name"):
                with pytest.raises(ValueError, match=f"row 7 has no id in '{name}': it is missing"):
                    farpoint.select(opened, 20, ids=name)
            continue
        assert farpoint.select(opened, 20, ids="obs/kind").ids.tolist() == [categories[row % 3] for row in picks.centers]
        assert farpoint.select(opened, 20, ids="obs/name").ids.tolist() == picks.ids.tolist()


def test_what_are_no_ids_in_stores(tmp_path, rows):
    instead = "write the ids to a .txt, one a line, and name that file"
    with h5py.File(tmp_path / "pool.h5", "w") as file:
        file["x"] = rows
        file["few"], file["square"] = TEXTS[:9], np.zeros((200, 2), int)
        file["real"], file["flags"] = np.zeros(200), np.zeros(200, bool)
        file["table"] = np.zeros(200, [("a", "i4"), ("b", "i4")])
        file["latin"] = np.array(["ü".encode("latin-1")] * 200, "S1")
    group = zarr.create_group(tmp_path / "pool.zarr")
    for name, values in {"x": rows, "real": np.ones(200), "flags": np.ones(200, bool)}.items():
        group.create_array(name, data=values)
    group.create_array("few", data=np.arange(9))
    group.create_array("unwritten", shape=(200,), dtype=str)
    group.create_array("latin", data=np.array(["ü".encode("latin-1")] * 200, "S1"))
    zarr.create_array(tmp_path / "one.zarr", data=rows)
    hdf5, store = (farpoint.open(tmp_path / name, "x") for name in ("pool.h5", "pool.zarr"))
    for pool, name, told in [
        (hdf5, "few", "holds 9 ids in 'few' for 200 rows"),
        (hdf5, "square", r"dataset 'square' has the shape \(200, 2\), where ids are one a row"),
        (hdf5, "real", f"dataset 'real' holds neither strings nor whole numbers, as ids are: {instead}"),
        (hdf5, "flags", f"holds neither strings nor whole numbers, as ids are: {instead}"),
        (hdf5, "table", f"holds a table, whose columns are not read: {instead}"),
        (hdf5, "latin", f"dataset 'latin' has an id in row 0 that is not UTF-8: {instead}"),
        (hdf5, "nix", "has 'nix' not among its arrays: 'few', 'flags', 'latin', 'real', 'square', 'table', 'x'"),
        (store, "few", "holds 9 ids in 'few' for 200 rows"),
        (store, "real", "array 'real' holds float64 values; ids are strings or whole numbers"),
        (store, "flags", "array 'flags' holds booleans; ids are strings or whole numbers"),
        (store, "latin", "array 'latin' has an id in row 0 that is no text"),
        (store, "unwritten", "array 'unwritten' "),
        (store, "nix", "has 'nix' not among its arrays: 'few', 'flags', 'latin', 'real', 'unwritten', 'x'"),
        (farpoint.open(tmp_path / "one.zarr"), "x", f"is one array, beside which no ids stand: {instead}"),
    ]:
        with pytest.raises(ValueError, match=told):
            farpoint.select(pool, 3, ids=name)
    # What is told does: the list is named in the place of the column.
    (tmp_path / "ids.txt").write_text("".join(f"{text}\n" for text in TEXTS))
    assert farpoint.select(hdf5, 3, ids=tmp_path / "ids.txt").ids.tolist()[0] == TEXTS[0]
