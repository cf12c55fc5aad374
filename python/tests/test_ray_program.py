"""The command line of `farpoint.ray`, below Ray: what it reads, refuses, writes and says. `test_ray.py` runs it on a cluster."""

from __future__ import annotations

import csv
import http.server
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import farpoint

ray = pytest.importorskip("ray")

import farpoint.ray  # noqa: E402 - it needs Ray
from farpoint.ray import _cluster, _pools  # noqa: E402
from farpoint.ray._program import main  # noqa: E402

#: As it is called, before it is replaced.
SELECT = farpoint.ray.select
POOL = np.random.default_rng(3).integers(-8, 9, (60, 4)).astype(np.float32)
NAMES = [f"two dogs, {row}" if row % 2 else f"#{row}.jpg" for row in range(60)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a pool."""
    monkeypatch.chdir(tmp_path)
    np.save("pool.npy", POOL)
    (tmp_path / "names.txt").write_text("".join(f"{name}\n" for name in NAMES))
    return tmp_path


def answer(ids=None):
    selection = farpoint.select(POOL, 3)
    selection.ids = ids
    return selection


@pytest.fixture
def asked(monkeypatch):
    """What the selection is called with. It answers what `answers` holds, or raises it; where that is None, as one process does."""
    calls = []

    def select(pool, budget, **options):
        calls.append({"pool": pool, "budget": budget, **options})
        given = calls.answers
        if isinstance(given, BaseException):
            raise given
        return given if given is not None else in_one_process(pool, budget, options)

    class Calls(list):
        answers = answer()

    calls = Calls()
    monkeypatch.setattr(farpoint.ray, "select", select)
    return calls


def in_one_process(pool, budget, options):
    meant = {name: options[name] for name in ("columns", "dtype", "format")}
    question = ("labeled", "exclude", "weights", "resume", "metric", "stop_radius", "first", "seed", "labeled_vectors")
    opened = farpoint.open(pool, options["column"], **meant)
    return farpoint.select(opened, budget, **{name: options[name] for name in question})


@pytest.fixture
def run(capfd):
    """Runs a command line. Exit code, stdout and stderr."""

    def run(words):
        code = main(["select", *words.split()])
        told = capfd.readouterr()
        return code, told.out, told.err.strip()

    return run


def program(words):
    """The program of one process."""
    return subprocess.run([sys.executable, "-m", "farpoint", "select", *words.split()], capture_output=True, text=True)


#: What one process is asked, and what that asks of files: picks are equal to the bit and files of picks byte by byte.
ALIKE = [
    "pool.npy -k 7",
    "pool.npy -k 10%",
    "pool.npy -k 1e1 --metric cosine --first row:3",
    "pool.npy -k 6 --first random --seed 4",
    "pool.npy -k 6 --labeled a.txt --labeled b.csv --exclude c.txt --weights w.json",
    "pool.npy -k 6 --labeled b.csv --column other",
    "pool.npy -k 6 --ids names.txt",
    "pool.npy -k 6 --ids names.txt --labeled named.csv",
    "pool.npy -k 6 --ids path",
    "pool.npy -k 6 --labeled-vectors few.npy",
    "parts -k 6 --ids image",
    "parts -k 6 --ids path --stop-radius 3",
    "wide.csv -k 6 --columns f* --ids name",
    "raw.npy -k 6 --dtype bf16",
    "base.bin -k 6 --format fbin",
    "two.npz -k 6 --tensor b",
]


@pytest.fixture
def inputs(folder):
    """Files of all kinds."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (folder / "a.txt").write_text("4\n9\n")
    (folder / "b.csv").write_text("row,other\n7,8\n9,1\n")
    (folder / "c.txt").write_text("0\n2\n")
    (folder / "w.json").write_text(json.dumps({"weights": [1.5 + row % 3 for row in range(60)]}))
    (folder / "named.csv").write_text(f'id\n"{NAMES[5]}"\n{NAMES[8]}\n')
    np.save("few.npy", POOL[:2] + 0.5)
    (folder / "parts").mkdir()
    for number, rows in enumerate([range(20), range(20, 60)]):
        vectors = pyarrow.array([POOL[row].tolist() for row in rows], pyarrow.list_(pyarrow.float32(), 4))
        parquet.write_table(
            pyarrow.table({"image": [NAMES[row] for row in rows], "vector": vectors}), f"parts/part-{number}.parquet"
        )
    lines = [",".join([f'"{NAMES[row]}"', *map(str, POOL[row])]) for row in range(60)]
    (folder / "wide.csv").write_text("\n".join(["name,f0,f1,f2,f3", *lines, ""]))
    np.save("raw.npy", POOL.astype(ml_dtypes.bfloat16))
    (folder / "base.bin").write_bytes(np.array(POOL.shape, "u4").tobytes() + POOL.tobytes())
    np.savez("two.npz", a=POOL[::-1], b=POOL)
    return folder


@pytest.mark.parametrize("words", ALIKE)
def test_outputs_are_those_of_one_process(words, inputs, asked, run):
    asked.answers = None
    assert run(f"{words} -q")[:2] == (0, program(f"{words} -q").stdout)
    for suffix in ("npy", "txt", "csv", "parquet", "json"):
        assert run(f"{words} -q -o ours.{suffix}") == (0, "", "")
        done = program(f"{words} -q -o theirs.{suffix}")
        assert (done.returncode, done.stderr) == (0, "")
        ours, theirs = ((inputs / f"{name}.{suffix}").read_bytes() for name in ("ours", "theirs"))
        if suffix == "json":
            ours, theirs = json.loads(ours), json.loads(theirs)
            # The driver reads no values.
            assert ours["pool"].get("hash") is None and theirs["pool"].pop("hash")
            for changing in ("seconds", "statistics"):
                del ours[changing], theirs[changing]
        assert ours == theirs, suffix


def test_one_process_goes_on_and_verifies_what_a_cluster_left(inputs, asked, run):
    asked.answers = None
    words = "wide.csv -k 6 --columns f* --ids name"
    assert run(f"{words} -q -o part.json")[0] == 0
    done = subprocess.run([sys.executable, "-m", "farpoint", "verify", "wide.csv", "part.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = program("wide.csv -k 9 --columns f* -q").stdout
    assert program("wide.csv -k 9 --resume part.json -q").stdout == expected
    assert run("wide.csv -k 9 --resume part.json -q")[:2] == (0, expected)
    assert asked[-1]["columns"] == "f*" and len(asked[-1]["resume"]) == 6
    code, _, err = run("wide.csv -k 9 --metric cosine --resume part.json")
    assert (code, err) == (1, "error: part.json: was made with another --metric: go on with the options it was made with")


REFUSED = {
    "pool.npy -k 3 -o pool.npy": (2, "pool.npy would be replaced: it is read by this very run"),
    "pool.npy -k 3 -o ./link.npy": (2, "./link.npy would be replaced"),
    "*.npy -k 3 -o pool.npy": (2, "pool.npy would be replaced"),
    "link.npy pool.npy -k 3 -o pool.npy": (2, "pool.npy would be replaced"),
    "pool.npy -k 3 --labeled-vectors *.npy -o pool.npy": (2, "pool.npy would be replaced"),
    "pool.npy -k 3 --exclude rows.txt -o rows.txt": (2, "rows.txt would be replaced"),
    "pool.npy -k 3 --weights w.json --checkpoint w.json": (2, "w.json would be replaced"),
    "pool.npy -k 3 -o a.json --checkpoint ./a.json": (2, "./a.json is named for two outputs"),
    "pool.npy -k 3 -o none/picks.txt": (1, "none/picks.txt: its folder cannot be found"),
    "pool.npy -k 3 -o in.txt": (1, "in.txt: a folder is in its place"),
    "pool.npy -k 3 --checkpoint none/c.json": (1, "none/c.json: its folder cannot be found"),
    "pool.npy -k 3 --distances rows.txt": (1, "rows.txt: its folder cannot be found"),
    "pool.npy -k 3 --distances rows.txt/in/it": (1, "rows.txt/in/it: its folder cannot be found"),
    "pool.npy -k 3 -o picks.xml": (2, "--output picks.xml: picks are written as .npy"),
    "pool.npy -k 3 --ids id": (1, "pool.npy: has no columns that ids could stand in"),
    "pool.npy -k 3 --resume rows.txt --checkpoint c.json": (2, "--resume and --checkpoint each say where to go on from"),
    "pool.npy -k 0": (2, "budget 0 selects nothing"),
    "pool.npy": (2, "nothing says when to stop"),
    "-k 3": (2, "<POOL>"),
    "--ray pool.npy -k 3": (2, "it is a file, not an address: name the pool before --ray"),
    "pool.npy -k 3 --ray s3://b/k.npy": (2, "an address is a host and a port"),
    "pool.npy -k 3 --shards 0": (2, "'--shards <SHARDS>'"),
    "pool.npy -k 3 --device cpu": (2, "--device is not for a selection on a cluster: --gpus-per-shard gives each part a GPU"),
    "pool.npy -k 3 --threads 2": (2, "--threads is not for a selection on a cluster"),
    "pool.npy -k 3 --log": (2, "--log is not for a selection on a cluster"),
    "pool.npy -k 3 --report r.html": (2, "--report is not for a selection on a cluster"),
    "pool.npy -k 3 --assignment a.npy": (2, "--assignment is not for a selection on a cluster: --distances FOLDER gets both"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused_before_the_work(words, folder, asked, run):
    os.symlink("pool.npy", "link.npy")
    (folder / "in.txt").mkdir()
    (folder / "rows.txt").write_text("3\n")
    (folder / "w.json").write_text(json.dumps([1] * 60))
    before = sorted(os.listdir())
    code, out, err = run(words)
    assert (code, out, asked) == (REFUSED[words][0], "", []), err
    assert REFUSED[words][1] in err
    assert sorted(os.listdir()) == before


def test_picks_replace_those_that_the_run_went_on_from(folder, asked, run):
    assert run("pool.npy -k 3 -o picks.npy -q") == (0, "", "")
    assert np.load("picks.npy").tolist() == asked.answers.centers.tolist()
    assert run("pool.npy -k 3 --resume picks.npy -o picks.npy -q")[0] == 0
    assert sorted(os.listdir()) == ["names.txt", "picks.npy", "pool.npy"]


def test_a_pipe_is_written_in_place(folder, asked, run):
    os.mkfifo("picks.txt")
    read = []
    reader = threading.Thread(target=lambda: read.append(open("picks.txt").read()))
    reader.start()
    assert run("pool.npy -k 3 -q -o picks.txt") == (0, "", "")
    reader.join()
    assert read == ["".join(f"{row}\n" for row in asked.answers.centers)]


def test_options_reach_the_selection(folder, asked, run):
    (folder / "x.txt").write_text("5\n")
    words = "pool.npy -k 3 -q --exclude x.txt --distances dataset --shards 2 --cpus-per-shard 0.5 --gpus-per-shard 1 --timeout 7"
    assert run(f"{words} --checkpoint kept --memory 2GiB --scratch .")[0] == 0
    call = asked[0]
    assert call["exclude"].tolist() == [5] and call["labeled"] is None and call["address"] is None
    assert call["distances"] == str(folder / "dataset")
    assert (call["num_shards"], call["num_cpus_per_shard"], call["num_gpus_per_shard"], call["timeout"]) == (2, 0.5, 1, 7)
    assert (call["checkpoint"], call["memory"], call["scratch"]) == ("kept", 2 << 30, ".")
    assert set(call) - {"pool", "budget", "progress"} <= set(inspect.signature(SELECT).parameters)


def test_several_files_are_one_pool_in_their_order(folder, asked, run):
    np.save("more.npy", POOL[:5])
    assert run("pool.npy more.npy -k 3 -q -o picks.csv")[0] == 0
    assert asked[-1]["pool"] == ["pool.npy", "more.npy"]
    record = run("more.npy pool.npy -k 10% --json -q")[1]
    files = [{"path": "more.npy", "first_row": 0}, {"path": "pool.npy", "first_row": 5}]
    assert json.loads(record)["pool"]["files"] == files
    assert asked[-1]["budget"] == 6


def test_ray_without_an_address_takes_whatever_cluster_there_is(folder, asked, run):
    assert run("pool.npy -k 3 -q --ray")[0] == 0
    assert run("pool.npy --ray -k 3 -q")[0] == 0
    assert run("pool.npy -k 3 -q --ray [::1]:6379")[0] == 0
    assert [call["address"] for call in asked] == [None, None, "[::1]:6379"]


def test_several_lists_are_one_in_which_each_row_counts_once(folder, asked, run):
    (folder / "first.txt").write_text("4\n9\n")
    (folder / "more.txt").write_text("9\n2\n9\n")
    code, _, err = run("pool.npy -k 3 --labeled first.txt --labeled more.txt --exclude more.txt")
    assert code == 0 and asked[-1]["labeled"].tolist() == [4, 9, 2] and asked[-1]["exclude"].tolist() == [9, 2]
    assert "note: more.txt: row 9 is listed already, and 1 more: each is counted once" in err.splitlines()


def test_ids_of_a_table_of_any_kind_are_written(folder, asked, run, monkeypatch):
    """Lance is read by shards alone, which tell the ids of the picks."""
    monkeypatch.setattr(_pools, "outline_of_table", lambda path, _: (60, 4, "f32") if path == "t.lance" else None)
    ids = ["a,b\nc", b"\x00\xff", 'say "x"']
    asked.answers = answer(ids)
    for option in ("--json", "-o picks.json"):
        code, out, err = run(f"t.lance -k 5% -q --ids key {option}")
        assert (code, err) == (0, "")
        found = json.loads(out or (folder / "picks.json").read_text())
        assert found["ids"] == ["a,b\nc", "00ff", 'say "x"'] and len(found["centers"]) == 3
    assert (asked[-1]["id_column"], asked[-1]["budget"]) == ("key", 3)
    assert run("t.lance -k 3 -q --ids key -o picks.csv") == (0, "", "")
    with open("picks.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a,b\nc", "00ff", 'say "x"']
    assert [(row["file"], row["row_in_file"]) for row in rows] == [("t.lance", row["row"]) for row in rows]
    assert [float(row["radius"]) for row in rows] == asked.answers.radii.tolist()


SAID = "interrupted after 3 picks"
ON = "go on with the same options and --resume"
INTERRUPTIONS = [
    # What was asked for, and what is said, in which the command stands that goes on.
    ("", f"{SAID}: save the rows in a .txt and {ON}"),
    ("-o picks.csv", f"{SAID}: {ON} picks.csv:\nfarpoint select pool.npy -k 9 -q -o picks.csv --ray --resume picks.csv"),
    ("-o picks.csv --ids names.txt", f"{SAID}: {ON} picks.csv:"),
    ("-o picks.csv --checkpoint kept", f"{SAID}: the same command line goes on from kept"),
    ("--checkpoint kept", f"{SAID}: the same command line goes on from kept"),
    ("--checkpoint new", f"{SAID}: save the rows in a .txt and {ON}"),
]


@pytest.mark.parametrize("words, said", INTERRUPTIONS)
def test_an_interruption_says_what_goes_on(words, said, folder, asked, run):
    (folder / "kept").write_text("{}")
    asked.answers = KeyboardInterrupt()
    asked.answers.selection = answer()
    code, out, err = run(f"pool.npy -k 9 -q {words}")
    assert code == 130 and err.startswith(said), err
    # Picks that no file takes are told, as those of a run that ended.
    assert bool(out) == ("-o" not in words)


def test_an_interruption_before_the_first_pick(folder, asked, run):
    asked.answers = KeyboardInterrupt()
    assert run("pool.npy -k 9 -o picks.csv") == (130, "", "interrupted before the first pick")
    (folder / "kept").write_text("{}")
    said = "interrupted before the first pick: the same command line goes on from kept"
    assert run("pool.npy -k 9 --checkpoint kept") == (130, "", said)


def test_an_error_leaves_the_picks_made_so_far(folder, asked, run):
    asked.answers = OSError("shard 1 (node): pool.npy was changed")
    asked.answers.selection = answer()
    assert run("pool.npy -k 9 -q -o picks.npy") == (1, "", "error: shard 1 (node): pool.npy was changed")
    assert len(np.load("picks.npy")) == 3


@pytest.fixture
def web_server():
    """The address of a server that is not Ray's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def silent_server():
    """The address of one that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["web_server", "silent_server"])
def test_a_port_that_is_not_rays_is_refused_in_time(kind, request, monkeypatch):
    address = request.getfixturevalue(kind)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=f"no Ray cluster answers at {address} within 3 s"):
        _cluster.connect(address, 3)
    assert time.monotonic() - started < 30


def test_a_head_that_is_refused_is_told_why(silent_server, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    done = _cluster.subprocess.CompletedProcess([], 1, "", "Traceback\nRuntimeError: Ray version mismatch: 2.1 and 2.2\n")
    monkeypatch.setattr(_cluster.subprocess, "run", lambda *_, **__: done)
    monkeypatch.setenv("RAY_ADDRESS", silent_server)
    for address in (silent_server, None, "auto"):
        with pytest.raises(
            ConnectionError, match=f"that can be used answers at {silent_server}: RuntimeError: Ray version mismatch"
        ):
            _cluster.connect(address)


def test_an_address_that_is_not_used_is_told(monkeypatch, recwarn):
    here = ray.util.get_node_ip_address()
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    context = type("Context", (), {"gcs_address": f"{here}:6379"})
    monkeypatch.setattr(ray, "get_runtime_context", context)
    for same in (None, "auto", f"{here}:6379", "127.0.0.1:6379", "localhost:6379"):
        _cluster.connect(same)
    assert not recwarn.list
    with pytest.warns(UserWarning, match=f"connected to the Ray cluster at {here}:6379, .* 127.0.0.1:6380 is not used"):
        _cluster.connect("127.0.0.1:6380")
