"""Pools on disk, and what a selection will take."""

import json
import os
import pathlib
import struct
import warnings

import numpy as np
import pytest

import farpoint


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


@pytest.mark.parametrize(
    ("budget", "options", "error"),
    [
        (0, {}, ValueError),
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
