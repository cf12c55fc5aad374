"""Pools on disk, and what a selection will take."""

import json
import os
import pathlib
import pickle
import struct
import warnings

import numpy as np
import pytest

import farpoint
from farpoint import _native


def save_npy(path, array):
    np.save(path, array)


def save_npz(path, array):
    np.savez(path, pool=array)


def save_safetensors(path, array):
    """By the format's description: a length, a JSON header, the bytes."""
    names = {"float32": "F32", "float16": "F16", "uint8": "U8", "int8": "I8"}
    header = json.dumps(
        {"pool": {"dtype": names[array.dtype.name], "shape": array.shape, "data_offsets": [0, array.nbytes]}}
    ).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + array.tobytes())


FORMATS = {".npy": save_npy, ".npz": save_npz, ".safetensors": save_safetensors}
SHORT = {"float32": "f32", "float16": "f16", "uint8": "u8", "int8": "i8"}


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("dtype", SHORT)
def test_a_file_is_the_array(tmp_path, pool, extension, dtype):
    array = (10 * np.abs(pool)).astype(dtype)
    path = tmp_path / f"pool{extension}"
    FORMATS[extension](path, array)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = farpoint.open(path)
    assert isinstance(opened, farpoint.Pool) and len(opened) == 300
    assert (opened.shape, opened.dtype, opened.nbytes, opened.notices) == ((300, 8), SHORT[dtype], array.nbytes, [])
    assert pathlib.Path(opened.path) == path
    assert repr(opened) == f"farpoint.Pool('{path}', shape=(300, 8), dtype='{SHORT[dtype]}')"
    asked = {"labeled": [4, 2], "exclude": np.arange(300) == 7, "weights": np.arange(300) % 3, "metric": "cosine"}
    if dtype in ("uint8", "int8"):
        del asked["metric"]
    asked.update(return_distances=True, return_assignment=True)
    ours, theirs = farpoint.select(opened, 25, **asked), farpoint.select(array, 25, **asked)
    for name in ("centers", "radii", "min_distance", "assignment", "lower_bounds"):
        assert type(getattr(ours, name)) is np.ndarray
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert farpoint.verify(opened, ours) and farpoint.verify(array, ours)


def test_memory_and_scratch(tmp_path, pool):
    path = tmp_path / "pool.npy"
    np.save(path, pool.astype(">f4"))
    expected = farpoint.select(pool.astype("f4"), 20)
    with pytest.warns(UserWarning, match="big-endian"):
        opened = farpoint.open(path, memory="1TB", scratch=tmp_path)
    np.testing.assert_array_equal(farpoint.select(opened, 20).centers, expected.centers)
    with pytest.raises(ValueError, match="'much' is no size"):
        farpoint.open(path, memory="much")
    with pytest.raises(ValueError, match="the memory limit of 1 bytes must be at least"):
        farpoint.open(path, memory=1)
    assert os.listdir(tmp_path) == ["pool.npy"]


def test_paths(tmp_path, pool, monkeypatch):
    np.save(tmp_path / "pool.npy", pool)
    monkeypatch.chdir(tmp_path)
    for path in ("pool.npy", tmp_path / "pool.npy", str(tmp_path / "pool.npy"), os.path.join(".", "pool.npy")):
        assert farpoint.open(path).shape == (300, 8)


def test_a_folder_and_a_pattern(tmp_path, pool):
    for number, part in enumerate(np.split(pool, 3)):
        np.save(tmp_path / f"part{number}.npy", part)
    expected = farpoint.select(pool, 20).centers.tolist()
    assert farpoint.select(farpoint.open(tmp_path), 20).centers.tolist() == expected
    assert farpoint.select(farpoint.open(str(tmp_path / "*.npy")), 20).centers.tolist() == expected


def test_one_of_several(tmp_path, pool):
    np.savez(tmp_path / "pool.npz", train=pool, test=pool[:10])
    assert farpoint.open(tmp_path / "pool.npz", "train").shape == (300, 8)
    assert farpoint.open(tmp_path / "pool.npz", name="test").shape == (10, 8)
    with pytest.raises(ValueError, match="train"):
        farpoint.open(tmp_path / "pool.npz")
    with pytest.raises(ValueError, match="other"):
        farpoint.open(tmp_path / "pool.npz", "other")


@pytest.mark.parametrize(
    "array", [np.ones((5, 2), ">f8"), np.asfortranarray(np.arange(10.0, dtype=np.float32).reshape(5, 2)), np.ones((5, 2), ">f4")]
)
def test_what_is_converted_is_said(tmp_path, array):
    np.save(tmp_path / "pool.npy", array)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        opened = farpoint.open(tmp_path / "pool.npy")
    assert [str(one.message) for one in caught] == opened.notices and len(opened.notices) == 1
    assert pathlib.Path(caught[0].filename) == pathlib.Path(__file__)
    assert farpoint.select(opened, 5).radii.tolist() == farpoint.select(np.ascontiguousarray(array, np.float32), 5).radii.tolist()


def test_what_is_meant_in_a_file(tmp_path, pool):
    expected = farpoint.select(pool, 20).centers.tolist()
    header = ",".join(["text", *(f"f{j}" for j in range(8))])
    lines = [",".join(["a", *map(repr, row.tolist())]) for row in pool]
    (tmp_path / "wide.csv").write_text("\n".join([header, *lines]))
    wide = farpoint.open(tmp_path / "wide.csv", columns="f*", dtype="f32")
    assert (wide.shape, wide.dtype) == ((300, 8), "f32")
    assert farpoint.select(wide, 20).centers.tolist() == expected
    with pytest.raises(ValueError, match=r"columns='f\*'"):
        farpoint.open(tmp_path / "wide.csv")
    bits = (pool.view(np.uint32) >> 16).astype(np.uint16)  # bfloat16, rounded to 0
    np.save(tmp_path / "raw.npy", bits.view("V2"))
    raw = farpoint.open(tmp_path / "raw.npy", dtype="bf16")
    halves = (bits.astype(np.uint32) << 16).view(np.float32)
    assert raw.dtype == "bf16" and farpoint.select(raw, 20).centers.tolist() == farpoint.select(halves, 20).centers.tolist()
    np.array(pool.shape, np.uint32).tofile(tmp_path / "base.bin")
    with open(tmp_path / "base.bin", "ab") as file:
        pool.tofile(file)
    assert farpoint.select(farpoint.open(tmp_path / "base.bin", format="fbin"), 20).centers.tolist() == expected
    for arguments, told in [
        ({"dtype": "float32"}, "dtype is 'float32', not one of f64"),
        ({"format": "bin"}, "no format is called 'bin'"),
    ]:
        with pytest.raises(ValueError, match=told):
            farpoint.open(tmp_path / "base.bin", **arguments)


def test_vectors_on_file(tmp_path, pool):
    np.save(tmp_path / "vectors.npy", pool[:5] + 1)
    vectors = farpoint.open(tmp_path / "vectors.npy")
    expected = farpoint.select(pool, 9, labeled_vectors=pool[:5] + 1)
    found = farpoint.select(pool, 9, labeled_vectors=vectors)
    np.testing.assert_array_equal(found.centers, expected.centers)
    assert farpoint.verify(pool, found)


def test_a_pool_outlives_its_file(tmp_path, pool):
    np.save(tmp_path / "pool.npy", pool)
    opened = farpoint.open(tmp_path / "pool.npy")
    (tmp_path / "pool.npy").unlink()
    np.testing.assert_array_equal(farpoint.select(opened, 9).centers, farpoint.select(pool, 9).centers)


def test_a_pool_is_made_by_open_alone():
    with pytest.raises(TypeError):
        farpoint.Pool()


def test_a_plan(tmp_path):
    pool = np.random.default_rng(0).standard_normal((20_000, 32), dtype=np.float32)
    plan = farpoint.plan(pool, 500, threads=1)
    assert (plan.rows, plan.dimensions, plan.dtype, plan.budget, plan.device) == (20_000, 32, "f32", 500, "cpu")
    assert plan.pool_bytes == pool.nbytes and plan.disk_bytes == 0
    assert plan.state_bytes > 0 and plan.workspace_bytes > 0 and plan.fits in (True, None)
    assert 0 < plan.seconds < 60 and plan.evaluations <= 20_000 * 500 and plan.rehearsal_picks > 0
    assert (plan.rehearsal_of_pool, plan.rehearsal_rows, plan.rehearsal_picks, plan.filter) == (True, 20_000, 500, "floats")
    assert farpoint.plan(pool[:, :3].copy(), 500).filter == "cells"
    np.save(tmp_path / "pool.npy", pool)
    mapped = farpoint.plan(farpoint.open(tmp_path / "pool.npy"), 500, metric="cosine")
    assert mapped.disk_bytes in (0, pool.nbytes) and mapped.pool_bytes == pool.nbytes
    assert mapped._fields == plan._fields
    assert plan.way == plan.ways[0].name == "in_memory" and plan.ways[0].memory_bytes > pool.nbytes


def test_a_plan_of_a_later_round():
    """What is labeled and excluded is part of it, by rows, masks and ids."""
    rng = np.random.default_rng(0)
    pool, vectors = rng.standard_normal((20_000, 32), dtype=np.float32), rng.standard_normal((30, 32), dtype=np.float32)
    mask = np.zeros(20_000, bool)
    mask[:2000] = True
    plan = farpoint.plan(pool, 500, labeled=mask, labeled_vectors=vectors, exclude=range(5000, 5100), weights=np.ones(20_000))
    assert (plan.labeled, plan.excluded, plan.rehearsal_picks, plan.robust) == (2030, 100, 500, None)
    assert plan.given_bytes > vectors.nbytes and plan.evaluations <= 20_000 * 2530
    by_ids = farpoint.plan(pool, 500, labeled=["r7", "r9"], ids=[f"r{row}" for row in range(20_000)])
    assert by_ids.labeled == 2
    with pytest.raises(ValueError, match="budget 17901 exceeds the 17900 rows"):
        farpoint.plan(pool, 17_901, labeled=mask, exclude=range(5000, 5100))


def test_a_plan_of_a_robust_selection():
    pool = np.random.default_rng(0).standard_normal((5000, 16), dtype=np.float32)
    plan = farpoint.plan(pool, 50, robust=True, outliers=10)
    robust = plan.robust
    assert (plan.budget, robust.outliers, robust.greedy_picks, plan.rehearsal_picks) == (50, 10, 60, 60)
    assert 0 < plan.seconds < robust.start_seconds < 60 and robust.start_bytes < robust.memory_bytes
    with pytest.raises(ValueError, match="pass robust=True"):
        farpoint.plan(pool, 50, outliers=10)
    with pytest.raises(ValueError, match="takes no weights"):
        farpoint.plan(pool, 50, robust=True, weights=np.ones(5000))
    with pytest.raises(ValueError, match="5000 outliers leave nothing to cover"):
        farpoint.plan(pool, 50, robust=True, outliers=5000)


@pytest.mark.parametrize(
    ("budget", "options", "error"),
    [
        (0, {}, ValueError),
        (3, {"labeled": [1, 1]}, ValueError),
        (3, {"labeled": [300]}, IndexError),
        (3, {"exclude": [-1]}, IndexError),
        (301, {}, ValueError),
        (1.5, {}, TypeError),
        (-1, {}, ValueError),
        (3, {"metric": "l1"}, ValueError),
        (3, {"threads": -1}, ValueError),
        (3, {"metric": None}, TypeError),
    ],
)
def test_plans_refused(pool, budget, options, error):
    with pytest.raises(error):
        farpoint.plan(pool, budget, **options)
    pool[3] = np.nan
    with pytest.raises(ValueError, match="row 3"):
        farpoint.plan(pool, 3)


def test_a_pickled_pool_is_opened_again(tmp_path, pool, monkeypatch):
    """By its whole path, wherever that is done; one that is another pool by then is refused."""
    monkeypatch.chdir(tmp_path)
    np.savez("pool.npz", a=pool, b=pool[:9])
    opened = farpoint.open("pool.npz", "a", memory="100GB", scratch="scratch")
    monkeypatch.chdir("/")
    again = pickle.loads(pickle.dumps(opened))
    assert (again.shape, again.dtype, pathlib.Path(again.path)) == ((300, 8), "f32", tmp_path / "pool.npz")
    assert farpoint.select(again, 20).centers.tolist() == farpoint.select(pool, 20).centers.tolist()
    pickled = pickle.dumps(again)
    assert len(pickled) < 1000
    np.savez(tmp_path / "pool.npz", a=pool[:7])
    with pytest.raises(ValueError, match=r"pool.npz holds a pool of \(7, 8\) f32 values, and held one of \(300, 8\) f32 values"):
        pickle.loads(pickled)


def test_a_pickled_part_is_opened_again(tmp_path, pool):
    paths = [str(tmp_path / f"{number}.npy") for number in range(2)]
    for number, path in enumerate(paths):
        np.save(path, pool[150 * number : 150 * number + 150])
    part = pickle.loads(pickle.dumps(_native.open_part(paths, 100, 200)))
    expected = farpoint.select(pool[100:200], 20).centers.tolist()
    assert farpoint.select(part, 20).centers.tolist() == expected
    os.rename(paths[0], tmp_path / "0.data")
    paths[0] = str(tmp_path / "0.data")
    part = pickle.loads(pickle.dumps(_native.open_part(paths, 100, 200, format="npy")))
    assert farpoint.select(part, 20).centers.tolist() == expected
