"""Rows by what they are called."""

import csv
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import farpoint

N = 60
POOL = np.random.default_rng(3).integers(-9, 10, (N, 4)).astype(np.float32)
TEXTS = [f"#{row}.jpg" if row % 2 else f"two dogs, {row}" for row in range(N)]
BY_ROW = farpoint.select(POOL, 6)
NEXT = farpoint.select(POOL, 4, labeled=BY_ROW.centers[:3], exclude=BY_ROW.centers[3:])

HOLDERS = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "numpy": np.array,
    "object array": lambda ids: np.array(ids, dtype=object),
    "pandas": pd.Series,
    "pandas index": pd.Index,
    "polars": pl.Series,
    "pyarrow": pa.array,
    "pyarrow chunks": lambda ids: pa.chunked_array([ids[:7], ids[7:]]),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("ids", [TEXTS, list(range(100, 100 + N))], ids=["texts", "numbers"])
def test_picks_have_ids_whatever_holds_them(holder, ids):
    picks = farpoint.select(POOL, 6, ids=HOLDERS[holder](ids))
    assert picks.centers.tolist() == BY_ROW.centers.tolist()
    assert picks.ids.tolist() == [ids[row] for row in BY_ROW.centers]
    listed = HOLDERS[holder](picks.ids.tolist()[:3])
    after = farpoint.select(POOL, 4, ids=ids, labeled=listed, exclude=set(picks.ids.tolist()[3:]))
    assert after.centers.tolist() == NEXT.centers.tolist()
    assert after.ids.tolist() == [ids[row] for row in NEXT.centers]


def test_masks_and_selections_stay_rows():
    mask = np.zeros(N, dtype=bool)
    mask[BY_ROW.centers[:3]] = True
    plain = farpoint.select(POOL, 4, labeled=mask)
    assert farpoint.select(POOL, 4, labeled=mask, ids=TEXTS).centers.tolist() == plain.centers.tolist()
    whole = farpoint.select(POOL, 4, labeled=BY_ROW, ids=TEXTS)
    assert whole.centers.tolist() == farpoint.select(POOL, 4, labeled=BY_ROW).centers.tolist()


def test_ids_of_several_kinds_are_told_apart_as_they_are():
    ids = [row if row % 2 else f"t{row}" for row in range(N)]
    picks = farpoint.select(POOL, 6, ids=ids)
    assert picks.ids.tolist() == [ids[row] for row in BY_ROW.centers]
    assert [type(one) for one in picks.ids.tolist()] == [type(ids[row]) for row in BY_ROW.centers]


def test_answers_carry_ids(tmp_path):
    picks = farpoint.select(POOL, 6, ids=TEXTS)
    table = picks.table()
    assert list(table) == ["rank", "row", "id", "radius"]
    frame = pd.DataFrame(table)
    assert frame["row"].tolist() == BY_ROW.centers.tolist() and frame["radius"].tolist() == BY_ROW.radii.tolist()
    assert json.loads(picks.to_json())["ids"] == picks.ids.tolist()
    assert "ids" not in json.loads(BY_ROW.to_json()) and BY_ROW.ids is None
    proven = farpoint.robust(POOL, 3, ids=TEXTS)
    assert proven.ids.tolist() == [TEXTS[row] for row in proven.centers]
    assert list(proven.table()) == ["rank", "row", "id"]


def test_what_holds_no_ids_is_refused():
    for ids, kind, says in [
        (TEXTS[:-1], ValueError, "there are 59 ids for 60 rows"),
        (np.zeros((N, 2), int), ValueError, "ids have 2 dimensions"),
        (np.zeros(N), TypeError, "texts or whole numbers, not float64"),
        ("image", ValueError, "is no file, and a pool in memory has no columns"),
    ]:
        with pytest.raises(kind, match=says):
            farpoint.select(POOL, 3, ids=ids)
    with pytest.raises(ValueError, match="labeled: no row of the pool has the id 'nobody' and 1 more"):
        farpoint.select(POOL, 3, ids=TEXTS, labeled=[TEXTS[1], "nobody", "no one"])
    with pytest.raises(ValueError, match="the id 'twice' stands at rows 4 and 9"):
        farpoint.select(POOL, 3, ids=["twice" if row in (4, 9) else str(row) for row in range(N)], exclude=["twice"])


def test_an_interrupted_selection_has_ids():
    def stop(chosen, budget, radius):
        if chosen >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        farpoint.select(
            np.random.default_rng(0).standard_normal((20_000, 8), dtype=np.float32), 10_000, ids=range(20_000), progress=stop
        )
    part = raised.value.selection
    assert len(part) and part.ids.tolist() == part.centers.tolist()


@pytest.fixture
def files(tmp_path):
    for number, rows in enumerate([range(20), range(20, N)]):
        columns = {"image": [TEXTS[row] for row in rows], "vector": [POOL[row].tolist() for row in rows]}
        vectors = pa.array(columns["vector"], pa.list_(pa.float32(), 4))
        pq.write_table(pa.table({"image": columns["image"], "vector": vectors}), tmp_path / f"part_{number}.parquet")
    return tmp_path


def test_a_pool_in_files_has_ids_in_them(files):
    pool = farpoint.open(files)
    picks = farpoint.select(pool, 6, ids="image")
    assert picks.centers.tolist() == BY_ROW.centers.tolist()
    assert picks.ids.tolist() == [TEXTS[row] for row in BY_ROW.centers]
    table = picks.table()
    assert list(table) == ["rank", "row", "id", "file", "row_in_file", "radius"]
    assert table["file"].tolist() == [str(files / f"part_{int(row >= 20)}.parquet") for row in BY_ROW.centers]
    assert table["row_in_file"].tolist() == [row % 20 if row < 20 else row - 20 for row in BY_ROW.centers]
    after = farpoint.select(pool, 4, ids="image", labeled=picks.ids[:3], exclude=picks.ids[3:])
    assert after.centers.tolist() == NEXT.centers.tolist()
    paths = farpoint.select(pool, 6, ids="path")
    assert paths.ids.tolist() == [f"{file}:{row}" for file, row in zip(table["file"], table["row_in_file"])]
    (files / "names.txt").write_text("".join(f"{text}\n" for text in TEXTS))
    assert farpoint.select(POOL, 6, ids=files / "names.txt").ids.tolist() == picks.ids.tolist()
    with pytest.raises(ValueError, match="has 'name' not among its columns: 'image', 'vector'"):
        farpoint.select(pool, 6, ids="name")


def program(*words):
    return subprocess.run([sys.executable, "-m", "farpoint", *map(str, words)], capture_output=True, text=True)


def test_the_program_comes_with_the_package(files):
    run = program("select", files, "-k", 6, "--ids", "image", "-o", files / "picks.csv", "-q")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    with open(files / "picks.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    picks = farpoint.select(farpoint.open(files / "*.parquet"), 6, ids="image")
    assert [line["id"] for line in lines] == picks.ids.tolist()
    assert [float(line["radius"]) for line in lines] == picks.radii.tolist()
    assert program("--version").stdout == f"farpoint {farpoint.__version__}\n"
    wrong = program("select", files / "nothing.npy", "-k", 3)
    assert wrong.returncode == 1 and wrong.stderr.startswith("error: ") and "No such file" in wrong.stderr
    assert program("select", "-k", "3").returncode == 2


def test_the_program_reads_what_python_writes(tmp_path):
    np.save(tmp_path / "pool.npy", POOL)
    BY_ROW.to_json(tmp_path / "picks.json")
    checked = program("verify", tmp_path / "pool.npy", tmp_path / "picks.json")
    assert checked.returncode == 0, checked.stderr
    on = program("select", tmp_path / "pool.npy", "-k", 9, "--resume", tmp_path / "picks.json", "-q")
    assert [int(row) for row in on.stdout.split()] == farpoint.select(POOL, 9).centers.tolist()
