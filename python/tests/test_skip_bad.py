"""Rows that have no distance to others are left out on request, and keep their numbers: files as their libraries write them."""

import json
import subprocess
import sys
import warnings

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
import zarr

import farpoint

BAD = [0, 5, 6, 19]


@pytest.fixture
def values():
    values = np.random.default_rng(3).normal(size=(20, 4)).astype(np.float32)
    values[BAD, 1] = np.nan
    return values


def lists(values):
    """A row a list; bad ones are null, empty, or hold a null."""
    odd = dict(zip(BAD, [None, [], [1.0, None, 2.0, 3.0], None], strict=True))
    return [odd.get(row, values[row].tolist()) for row in range(len(values))]


def pyarrow_parquet(values, path):
    pyarrow.parquet.write_table(pa.table({"e": pa.array(lists(values), pa.list_(pa.float32()))}), path, row_group_size=3)


def polars_ipc(values, path):
    pl.DataFrame({"e": pl.Series(lists(values), dtype=pl.List(pl.Float32))}).write_ipc(path)


def polars_array(values, path):
    rows = [row if row else None for row in lists(values)]
    pl.DataFrame({"e": pl.Series(rows, dtype=pl.Array(pl.Float32, 4))}).write_parquet(path)


def duckdb_parquet(values, path):
    rows = pa.table({"e": pa.array(lists(values), pa.list_(pa.float32()))})
    duckdb.sql(f"COPY (SELECT * FROM rows) TO '{path}' (FORMAT parquet)")
    assert len(rows)


def pandas_csv(values, path):
    pd.DataFrame(values, columns=list("abcd")).to_csv(path, index=False)


def pandas_json(values, path):
    pd.DataFrame({"e": lists(values)}).to_json(path, orient="records", lines=True)


def numpy_array(values, path):
    np.save(path, values)


def hdf5(values, path):
    with h5py.File(path, "w") as file:
        file.create_dataset("e", data=values, chunks=(3, 4), compression="gzip")


def zarr_folder(values, path):
    zarr.create_array(path, data=values, chunks=(3, 4))


WRITERS = {
    "p.parquet": pyarrow_parquet,
    "q.arrow": polars_ipc,
    "r.parquet": polars_array,
    "s.parquet": duckdb_parquet,
    "t.csv": pandas_csv,
    "u.jsonl": pandas_json,
    "v.npy": numpy_array,
    "w.h5": hdf5,
    "x.zarr": zarr_folder,
}


def skipping(path, metric=True, **options):
    with pytest.warns(UserWarning, match="rows are left out, which hold NaN"):
        return farpoint.open(path, skip_bad=metric, **options)


@pytest.mark.parametrize("name", WRITERS)
def test_the_others_are_selected_from_by_their_own_numbers(tmp_path, values, name):
    path = tmp_path / name
    WRITERS[name](values, path)
    options = {".csv": {"columns": "*", "dtype": "f32"}, ".jsonl": {"name": "e", "dtype": "f32"}}.get(path.suffix, {})
    with pytest.raises(ValueError, match="skip_bad=True|NaN|null|nothing|0 values"):
        farpoint.open(path, **options)
    pool = skipping(path, **options)
    assert (pool.shape, pool.skipped.tolist()) == ((20, 4), BAD)
    good = np.setdiff1d(np.arange(20), BAD)
    right = farpoint.select(values[good], 7, return_distances=True, return_assignment=True)
    selection = farpoint.select(pool, 7, return_distances=True, return_assignment=True)
    assert selection.centers.tolist() == good[right.centers].tolist()
    assert selection.radii.tolist() == right.radii.tolist()
    assert np.isnan(selection.min_distance[BAD]).all()
    assert (selection.assignment[BAD] == np.iinfo(np.int64).min).all()
    assert selection.min_distance[good].tolist() == right.min_distance.tolist()


def test_everything_that_takes_a_pool(tmp_path, values):
    np.save(tmp_path / "v.npy", values)
    pool = skipping(tmp_path / "v.npy")
    good = np.setdiff1d(np.arange(20), BAD)
    everything = farpoint.select(pool, stop_radius=0.0)
    assert sorted(everything.centers.tolist()) == good.tolist()
    robust = farpoint.robust(pool, 3, outliers=2)
    right = farpoint.robust(values[good], 3, outliers=2)
    assert (robust.lower, robust.upper) == (right.lower, right.upper)
    covered = farpoint.coverage(pool, everything.centers[:3])
    assert (
        covered.distances.tolist()
        == farpoint.coverage(values[good], np.searchsorted(good, everything.centers[:3])).distances.tolist()
    )
    with pytest.raises(ValueError, match="labeled row 5 was left out"):
        farpoint.select(pool, 2, labeled=[5])
    with pytest.raises(ValueError, match="the 16 rows"):
        farpoint.select(pool, 17)


def test_a_pickle_leaves_them_out_too(tmp_path, values):
    import pickle

    np.save(tmp_path / "v.npy", values)
    again = pickle.loads(pickle.dumps(skipping(tmp_path / "v.npy")))
    assert again.skipped.tolist() == BAD


def test_zeros_are_left_out_under_cosine_alone(tmp_path, values):
    values[BAD] = 0.0
    np.save(tmp_path / "v.npy", values)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert farpoint.open(tmp_path / "v.npy", skip_bad=True).skipped.tolist() == []
    assert skipping(tmp_path / "v.npy", "cosine").skipped.tolist() == BAD
    with pytest.raises(ValueError, match="hamster"):
        farpoint.open(tmp_path / "v.npy", skip_bad="hamster")


def test_the_program_says_the_same(tmp_path, values):
    np.save(tmp_path / "v.npy", values)
    command = [sys.executable, "-m", "farpoint", "select", "v.npy", "-k", "7", "--skip-bad", "--json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["centers"] == farpoint.select(skipping(tmp_path / "v.npy"), 7).centers.tolist()


def test_what_was_out_of_reach_says_so(tmp_path, values):
    """Numbers of rows are not given to others in silence where a file has no row with values."""
    for number in range(2):
        rows = [None] * 3 if number == 0 else values[1:5].tolist()
        pyarrow.parquet.write_table(pa.table({"e": pa.array(rows, pa.list_(pa.float32()))}), tmp_path / f"{number}.parquet")
    with pytest.raises(ValueError, match="has 3 rows and none with values, so nothing says how many values a row has"):
        farpoint.open(tmp_path, "e", skip_bad=True)


def test_lines_that_an_api_answers(tmp_path):
    """Python's json writes NaN, which is no JSON; where a request failed there is no array."""
    lines = [json.dumps({"data": {"e": [1.0, 2.0]}, "said": 'NaN " NaN'}), json.dumps({"data": {"e": [1.0, float("nan")]}})]
    lines += ['{"error": "no such model"}', '{"data": null}', '{"data": {"e": null}}', '{"data": {"e": [3.0, 4.0]}}']
    (tmp_path / "p.jsonl").write_text("\n".join(lines))
    pool = skipping(tmp_path / "p.jsonl", name="data.e")
    assert pool.skipped.tolist() == [1, 2, 3, 4]
    assert farpoint.select(pool, 2).radii.tolist() == [np.hypot(2.0, 2.0), 0.0]
