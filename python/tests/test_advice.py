"""Advice in errors works when it is pasted: each is run as it stands, and what it makes is the pool that was meant."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import farpoint

POOL = np.random.default_rng(5).integers(-8, 9, (40, 6)).astype(np.float32)
MAPS = np.ascontiguousarray(np.moveaxis(POOL.reshape(10, 2, 2, 6), -1, 1))
ROWS = np.array([*POOL, None], dtype=object)[:-1]
BITS = POOL > 0
EXPECTED = farpoint.select(POOL, 8)

#: What was passed, the advice that is meant, as it is told, and the pool that it makes.
ARRAYS = {
    "bfloat16 as NumPy writes it": (
        POOL.astype(ml_dtypes.bfloat16).view("V2"),
        r"pass (a\.view\(ml_dtypes\.bfloat16\))",
        POOL,
    ),
    "one array in another": (POOL[None], r"pass (a\[0\])", POOL),
    "feature maps": (MAPS, r"by (np\.moveaxis\(.*?\)\.reshape\(-1, 6\))", POOL),
    "feature maps of PyTorch": (torch.from_numpy(MAPS), r"of tensors (a\.movedim\(.*?\)\.reshape\(-1, 6\))", POOL),
    "entries": (POOL.reshape(40, 2, 3), r"pass (a\.reshape\(40, -1\))", POOL),
    "vectors in entries": (POOL.reshape(8, 5, 6), r"or (a\.reshape\(-1, 6\))", POOL),
    "booleans": (BITS, r"pass (a\.astype\('uint8'\))", BITS.astype("uint8")),
    "booleans of PyTorch": (torch.from_numpy(BITS), r"pass (tensor\.to\(torch\.uint8\))", BITS.astype("uint8")),
    "complex values": (POOL[:, :3] + 1j * POOL[:, 3:], r"pass (np\.hstack\(.*?\)\.astype\('float32'\))", POOL),
    "whole numbers": (POOL.astype("int64"), r"pass (a\.astype\('float32'\))", POOL),
}


def same(pool, expected):
    ours, theirs = farpoint.select(pool, 8), farpoint.select(expected, 8)
    assert (np.asarray(ours.centers).tolist(), np.asarray(ours.radii).tolist()) == (
        theirs.centers.tolist(),
        theirs.radii.tolist(),
    )


def pasted(error, advice, **names):
    """What the advice in an error makes."""
    found = re.search(advice, str(error.value))
    assert found, error.value
    return eval(found.group(1), {"np": np, "torch": torch, "ml_dtypes": ml_dtypes, **names})


@pytest.mark.parametrize("kind", ARRAYS)
def test_of_arrays(kind):
    array, advice, expected = ARRAYS[kind]
    with pytest.raises((TypeError, ValueError)) as error:
        farpoint.select(array, 8)
    same(pasted(error, advice, a=array, tensor=array), expected)


#: Of arrays in files what is to be saved.
FILES = {
    "rows that are objects": (ROWS, r"save (np\.stack\(a\)\.astype\(np\.float32\))", POOL),
    "numbers that are objects": (POOL.astype(object), r"save (np\.stack\(a\)\.astype\(np\.float32\))", POOL),
    "one array in another": (POOL[None], r"save (a\[0\])", POOL),
    "feature maps": (MAPS, r"by (np\.moveaxis\(.*?\)\.reshape\(-1, 6\))", POOL),
    "entries": (POOL.reshape(40, 2, 3), r"save (a\.reshape\(len\(a\), -1\))", POOL),
    "vectors in entries": (POOL.reshape(8, 5, 6), r"or (a\.reshape\(-1, 6\))", POOL),
    "booleans": (BITS, r"save (a\.astype\('uint8'\)) of a pool", BITS.astype("uint8")),
    "complex values": (POOL[:, :3] + 1j * POOL[:, 3:], r"save (np\.hstack\(.*?\)\.astype\(np\.float32\))", POOL),
    "whole numbers": (POOL.astype("int64"), r"save (a\.astype\(np\.float32\))", POOL),
}


@pytest.mark.parametrize("kind", FILES)
def test_of_files(kind, tmp_path):
    array, advice, expected = FILES[kind]
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ValueError) as error:
        farpoint.open(tmp_path / "a.npy")
    np.save(tmp_path / "new.npy", pasted(error, advice, a=np.load(tmp_path / "a.npy", allow_pickle=True)))
    same(farpoint.open(tmp_path / "new.npy"), expected)


def test_bfloat16_in_a_file(tmp_path):
    np.save(tmp_path / "a.npy", POOL.astype(ml_dtypes.bfloat16))
    with pytest.raises(ValueError, match="as NumPy writes bfloat16: dtype='bf16' says that they are"):
        farpoint.open(tmp_path / "a.npy")
    same(farpoint.open(tmp_path / "a.npy", dtype="bf16"), POOL)


def test_rows_that_are_objects_need_no_advice():
    """A column of rows, as data frames give them, is stacked."""
    with pytest.warns(UserWarning, match="is a column of rows, each on its own: copied"):
        same(ROWS, POOL)


def test_lists_of_lists_need_none():
    same(POOL.tolist(), POOL)


def test_a_null_may_have_been_a_nan_of_pandas(tmp_path):
    rows = [row.tolist() for row in POOL]
    rows[3] = [*rows[3][:2], float("nan"), *rows[3][3:]]
    frame = pd.DataFrame({"e": rows})
    frame.to_parquet(tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet")["e"].to_pylist()[3][2] is None
    with pytest.raises(
        ValueError,
        match="row 3 holds a null at dimension 2; pandas writes NaN so: fill such values, or leave their rows out by skip_bad=True",
    ):
        farpoint.open(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="row 3 holds a null, as which pandas writes NaN: fill such values, or drop their rows"):
        farpoint.select(pa.Table.from_pandas(frame), 8)
